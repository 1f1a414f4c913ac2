"""How much the trunk bears: notices that it fails or is full, holds it, and tries it again.

A trunk is what carries calls to the network. When it fails, every number fails with it, however
good the list; when it has fewer lines than configured, it refuses the calls that don't fit. At
first both look alike: one refusal follows another. How many are too many depends on how many the
trunk refuses on a usual day. Once they are, the trunk is held: the lines in use are taken for all
it has, and single calls try it, below that number to see whether it carries calls at all, and
beyond it to see whether there are more lines. Each refusal doubles the wait for the next try.

As soon as a try is carried, calls may go out again up to the number of lines that are known to be
there, and beyond it in steps that double while they succeed. (TCP finds the width of a path in the
same way: Jacobson, SIGCOMM 1988.)

On a trunk that usually reports something about a call (it rings, it fails), silence is a refusal,
too.
"""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from math import exp, inf, log

from domain.identity import AttemptId

_LOOK_BACK = 128
"""How many of the latest calls may be looked at to see whether refusals are too many."""
_FEWEST = 3
_UNLIKELY = 1e-3
_USUAL_MEMORY = 200.0
"""About how many calls stand behind the usual share of refusals."""
_USUAL_AT_FIRST, _USUAL_WEIGHT = 0.05, 20.0
_USUAL_AT_MOST = 0.9
"""So that _LOOK_BACK refusals in a row are never taken for chance."""
_YOUNG_S = 0.5
"""A call that is younger, or not twice as old as the one refused now was, may still be refused."""
_NEWS_MEMORY = 200
_NEWS_FEWEST = 20
_SILENT_AFTER = 1.5
"""Silent: without news for this many times the longest that news lately took."""
_SILENT_LEAST_S = 6.0
_FORGET_S = 300.0
_FIRST_WAIT_S, _LONGEST_WAIT_S = 1.0, 20.0
_LONGEST_WAIT_FOR_MORE_S = 60.0
_MOST_STEP = 64
FAILED_FOR_S = 5.0
"""A trunk that carried nothing for this long has failed, and was not only full for a moment."""


class TrunkState(StrEnum):
    """What is known about the trunk."""

    CLEAR = "clear"  # it carries what we send
    HELD = "held"  # it refuses; single calls try it
    BOUNDED = "bounded"  # it carries calls up to a number of lines, and perhaps more


class _Fate(StrEnum):
    UNHEARD = "unheard"
    CARRIED = "carried"
    REFUSED = "refused"


@dataclass(slots=True)
class _Sent:
    """A call sent to the trunk."""

    attempt: AttemptId
    number: int
    at: float
    below: bool
    """Whether there should have been a line for it."""
    fate: _Fate = _Fate.UNHEARD


class Trunk:
    """What one trunk bears. Report each call that goes out with ``sent``, then its fate with
    ``carried``, ``refused`` or ``over``; calls that were not sent are ignored.

    Times are monotonic seconds. ``in_use`` is the number of lines in use after what is reported.
    """

    def __init__(self) -> None:
        self.state = TrunkState.CLEAR
        self.lines: float = inf
        """How many calls at once are known to fit; infinite while nothing contradicts."""
        self.held_since = inf
        """Since when it is held, or was the last time."""
        self.returned = 0
        """How often it has come back after a failure."""
        self._unheard: dict[AttemptId, _Sent] = {}
        """In the order sent."""
        self._latest: deque[_Sent] = deque(maxlen=_LOOK_BACK)
        self._sent = self._held_after = self._refused_after = self._carried_upto = 0
        """Numbers of calls: the last sent in all, before it was held, and before a try was refused;
        the last that was carried."""
        self._usual, self._usual_weight = _USUAL_AT_FIRST, _USUAL_WEIGHT
        """The share of calls that it refuses on a usual day, and how many calls support that."""
        self._news_s: deque[float] = deque(maxlen=_NEWS_MEMORY)
        self._has_failed = False
        """Whether, while held, it has refused a call for which there should have been a line."""
        self._below_at = self._beyond_at = -inf
        """The earliest times for the next try, below ``lines`` and beyond."""
        self._wait_s = _FIRST_WAIT_S
        self._step = 1
        """How many calls beyond ``lines`` may be tried at once."""
        self._tries: dict[AttemptId, _Sent] = {}
        """Those without news whose fate decides how to go on: while HELD any that went out since,
        while BOUNDED those beyond ``lines``."""

    def sent(self, attempt: AttemptId, now: float, *, in_use: int) -> None:
        """A call has gone out."""
        if attempt in self._unheard:
            return
        self._sent += 1
        below = in_use <= self.lines
        sent = self._unheard[attempt] = _Sent(attempt, self._sent, now, below)
        self._latest.append(sent)
        if self.state is TrunkState.HELD or not below:
            self._tries[attempt] = sent

    def carried(self, attempt: AttemptId, now: float, *, in_use: int) -> None:
        """The call rings, was answered, or its number was at fault."""
        sent = self._unheard.pop(attempt, None)
        if sent is None:
            return
        sent.fate = _Fate.CARRIED
        self._carried_upto = max(self._carried_upto, sent.number)
        self._news_s.append(now - sent.at)
        tried = self._tries.pop(attempt, None) is not None
        if sent.below:
            self._learn_usual(refused=False)
        if self.state is TrunkState.HELD:
            if sent.number > self._held_after:
                self._comes_back(now, in_use)
        elif tried:
            self._is_wider(now, in_use)

    def refused(self, attempt: AttemptId, now: float, *, in_use: int) -> None:
        """The trunk has refused the call, or cut it off while it rang."""
        sent = self._unheard.pop(attempt, None)
        if sent is None:
            sent = next((each for each in self._latest if each.attempt == attempt), None)
        if sent is None or sent.fate is _Fate.REFUSED:
            return
        sent.fate = _Fate.REFUSED
        tried = self._tries.pop(attempt, None) is not None
        held = self.state is TrunkState.HELD
        if held:
            self.lines = min(self.lines, in_use)
        if tried:
            self._try_failed(sent, now, in_use)
        elif not held and self._are_too_many(sent, now):
            self._hold(now, in_use)
        if sent.below and (tried or not held):
            self._learn_usual(refused=True)

    def over(self, attempt: AttemptId) -> None:
        """The call is over for a reason that says nothing about the trunk."""
        self._unheard.pop(attempt, None)
        self._tries.pop(attempt, None)

    def free(self, now: float, *, in_use: int) -> float:
        """Return how many calls may go out now; infinite if nothing is known against it."""
        self._listen(now, in_use)
        if self.state is TrunkState.CLEAR:
            return inf
        below = self.lines - in_use
        if self.state is TrunkState.HELD:
            due = self._below_at if below > 0 else self._beyond_at
            return 0 if self._tries or now < due else 1
        beyond = self._step - len(self._tries) if now >= self._beyond_at else 0
        return max(0.0, below) + max(0, beyond)

    # What follows

    def _learn_usual(self, *, refused: bool) -> None:
        """Learn from a call for which there should have been a line. Those refused while HELD in
        the same burst as others count once, with the try that follows."""
        self._usual_weight = min(self._usual_weight + 1.0, _USUAL_MEMORY)
        self._usual += (refused - self._usual) / self._usual_weight
        self._usual = min(self._usual, _USUAL_AT_MOST)

    def _are_too_many(self, refused: _Sent, now: float) -> bool:
        """Return whether the latest refusals are more than chance explains.

        They are looked at in the order in which the calls went out, back to the first call that was
        carried, or would have been refused by now. Those too young to know count as not refused.
        """
        young_s = max(_YOUNG_S, 2.0 * (now - refused.at))
        refusals = 0
        for calls, sent in enumerate(reversed(self._latest), 1):
            if sent.fate is _Fate.CARRIED or (
                sent.fate is _Fate.UNHEARD and now - sent.at > young_s
            ):
                break
            refusals += sent.fate is _Fate.REFUSED
            if refusals >= _FEWEST and _chance(refusals, calls, self._usual) < _UNLIKELY:
                return True
        return False

    def _listen(self, now: float, in_use: int) -> None:
        """Treat calls that are without news for too long as refused."""
        while self._unheard:
            oldest = next(iter(self._unheard.values()))
            if now - oldest.at <= _FORGET_S:
                break
            self.over(oldest.attempt)
        silent_s = self._silent_s
        while self._tries:
            sent = next(iter(self._tries.values()))
            if now - sent.at <= silent_s:
                break
            del self._tries[sent.attempt]
            self._try_failed(sent, now, in_use)
        if self.state is TrunkState.HELD or silent_s == inf:
            return
        silent = 0
        for sent in reversed(self._unheard.values()):
            if sent.number <= self._carried_upto:  # a later one was carried: only its news is lost
                break
            silent += now - sent.at > silent_s
            if silent == _FEWEST:
                self._hold(now, in_use)
                self._has_failed = True  # a trunk that is only full says so
                break

    @property
    def _silent_s(self) -> float:
        """How long a call may be without news, in seconds; infinite while that is unknown."""
        if len(self._news_s) < _NEWS_FEWEST:
            return inf
        return max(_SILENT_AFTER * max(self._news_s), _SILENT_LEAST_S)

    def _hold(self, now: float, in_use: int) -> None:
        self.state, self.held_since = TrunkState.HELD, now
        self.lines, self._has_failed = in_use, False
        self._held_after = self._refused_after = self._sent
        self._tries.clear()
        self._wait_s = _FIRST_WAIT_S
        self._below_at, self._beyond_at = now, now + self._wait_s

    def _try_failed(self, sent: _Sent, now: float, in_use: int) -> None:
        if sent.number <= self._refused_after:
            return  # it went out together with one that was refused before
        self._refused_after = self._sent
        held = self.state is TrunkState.HELD
        longest = _LONGEST_WAIT_S if held else _LONGEST_WAIT_FOR_MORE_S
        # Twice as long, or less where refusals are usual.
        self._wait_s = min((2.0 - self._usual) * self._wait_s, longest)
        self._step = 1
        self._beyond_at = now + self._wait_s
        if held and (sent.below or in_use == 0):
            self._has_failed = True
            self._below_at = now + self._wait_s

    def _comes_back(self, now: float, in_use: int) -> None:
        # On a trunk that was only full, a call that ended would have made room for another.
        drained = in_use <= self.lines / 2.0
        if (self._has_failed or drained) and now - self.held_since >= FAILED_FOR_S:
            self.returned += 1
            self.lines = 0
        self.state = TrunkState.BOUNDED
        self._latest.clear()  # what was refused before is no longer evidence
        self._tries.clear()
        self._step = 1
        self._is_wider(now, in_use)

    def _is_wider(self, now: float, in_use: int) -> None:
        self.lines = max(self.lines, in_use - len(self._tries))
        self._step = min(2 * self._step, _MOST_STEP)
        self._wait_s, self._beyond_at = _FIRST_WAIT_S, now


def _chance(refusals: int, calls: int, usual: float) -> float:
    """Return an upper bound for the chance of so many refusals or more among these calls: that of
    Chernoff, as Hoeffding gives it (J. Am. Stat. Assoc. 58, 1963); exact if all were refused."""
    share = refusals / calls
    if share <= usual:
        return 1.0
    exponent = refusals * log(share / usual)
    if refusals < calls:
        exponent += (calls - refusals) * log((1.0 - share) / (1.0 - usual))
    return exp(-exponent)
