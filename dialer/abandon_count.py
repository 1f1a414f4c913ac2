"""Counts a campaign's persons and outcomes, in each window of its limit (``dialer.limit``).

With detection, people whom it takes for machines are abandoned, too, but nobody sees them. They are
reckoned from the people who are seen: for each person found, ``Limit.unseen_for_each`` are added to
the abandoned and to the base. How many machines answer makes no difference.

Machines that detection takes for people are counted as persons at first. Once an agent has noticed
one (``GivenMachine``), it is taken out again where it was counted. One that was abandoned before
any agent heard it stays counted, because nobody can know; the count is then a little too high.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple, TypeVar

from dialer.limit import Limit, QuickHangUp, Window
from domain.identity import AttemptId

DAY_S = 86_400.0
_MINUTE_S = 60.0
REMEMBERED = 16_384
"""How many of those last passed to an agent are remembered, in case one turns out to be a machine.
300 agents take almost two hours for as many."""


@dataclass(slots=True)
class Tally:
    """What has been counted so far. Estimates make both numbers fractional."""

    abandoned: float = 0.0
    base: float = 0.0

    def add(self, abandoned: float, base: float) -> None:
        """Add to both."""
        self.abandoned += abandoned
        self.base += base

    def take_out(self, abandoned: float, base: float) -> None:
        """Undo an addition. What rounding leaves below 0 is 0."""
        self.abandoned = max(0.0, self.abandoned - abandoned)
        self.base = max(0.0, self.base - base)

    @property
    def share(self) -> float:
        """The abandoned share of the base; 0 while the base is empty."""
        return self.abandoned / self.base if self.base > 0 else 0.0

    def room(self, share: float) -> float:
        """Return how many more persons may be abandoned without exceeding ``share``; may be
        negative.

        Each would also be in the base: (abandoned + x) / (base + x) = share.
        """
        if share >= 1.0:
            return inf
        return (share * self.base - self.abandoned) / (1.0 - share)


@dataclass(frozen=True, slots=True)
class Counted:
    """What one outcome added to the count; negative if it was taken out again."""

    abandoned: float
    base: float
    unseen: float = 0.0
    """How many of both are people whom nobody saw."""


_NOTHING = Counted(0.0, 0.0)
V = TypeVar("V")
_Minute = tuple[float, Tally]
"""When a minute began, and its tally."""


class _Passed(NamedTuple):
    """What was counted for a call that was passed to an agent, and where."""

    day: int
    minute: _Minute | None
    abandoned: float
    base: float
    unseen: float


@dataclass(frozen=True, slots=True)
class History:
    """What was counted earlier, in a form the caller can keep across a restart."""

    days: Mapping[int, Tally] = field(default_factory=dict)
    """Tallies by day number, including today's; for the daily and the 30-day window."""
    last_24h: tuple[tuple[float, Tally], ...] = ()
    """Oldest first: how many seconds ago each minute began, and its tally. The code that keeps it
    must add the time during which nothing ran."""
    unseen: float = 0.0
    """See ``AbandonCount.unseen``; for the last of ``days``."""


@dataclass(slots=True)
class _Sliding:
    """The last 24 hours by the minute, so that a day of calls takes at most 1,440 entries."""

    tally: Tally = field(default_factory=Tally)
    minutes: deque[_Minute] = field(default_factory=deque)
    """Oldest first. After a restart, minutes can begin at any second, because ``now`` comes from
    another clock."""

    def add(self, now: float, abandoned: float, base: float) -> _Minute:
        """Add to the current minute and return that."""
        if not self.minutes or self.minutes[-1][0] + _MINUTE_S <= now:
            self.minutes.append((now // _MINUTE_S * _MINUTE_S, Tally()))
        for tally in (self.minutes[-1][1], self.tally):
            tally.add(abandoned, base)
        return self.minutes[-1]

    def take_out(self, minute: _Minute, abandoned: float, base: float) -> None:
        """Undo what was added to this minute; nothing if it is no longer among the 24 hours."""
        if self.minutes and self.minutes[0][0] <= minute[0]:
            for tally in (minute[1], self.tally):
                tally.take_out(abandoned, base)

    def at(self, now: float) -> Tally:
        before = len(self.minutes)
        while self.minutes and self.minutes[0][0] + _MINUTE_S <= now - DAY_S:
            self.minutes.popleft()
        if len(self.minutes) != before:
            # Summed afresh: subtracting estimates would leave rounding errors, below 0 in the end.
            self.tally = _sum_of(tally for _, tally in self.minutes)
        return self.tally


NO_HISTORY = History()


class AbandonCount:
    """Counts a campaign's persons and outcomes in each window of its limit.

    ``detection``: whether detection listens to whoever answers. ``history`` is what was counted
    earlier, as returned by the method of that name; ``now`` is the current time.
    """

    def __init__(
        self,
        limit: Limit,
        *,
        detection: bool = False,
        now: float = 0.0,
        day: int = 0,
        history: History = NO_HISTORY,
    ) -> None:
        self.limit = limit
        self._for_each = limit.unseen_for_each if detection else 0.0
        self.share_of_found = max(0.0, limit.share * (1.0 + self._for_each) - self._for_each)
        """The largest share of the people found who may be abandoned, so that these and those
        unseen are within the limit together. It is the limit's share if nobody is unseen."""
        self._passed: dict[AttemptId, _Passed] = {}
        self._machines: dict[AttemptId, None] = {}
        """Attempts reported as machines before they were reported as passed to an agent."""
        self._day = day
        self.unseen = history.unseen if day in history.days else 0.0
        """The estimated number of people that detection has taken for machines today. Nobody has
        counted them: there may be more, by about the root of their number (Poisson)."""
        self._days = {known: _copy(tally) for known, tally in history.days.items()}
        self._today = self._days.setdefault(day, Tally())
        self._earlier = self._sum_of_earlier()
        self._sliding: _Sliding | None = None
        if Window.SLIDING_24H in limit.windows:
            minutes = deque((now - ago, _copy(tally)) for ago, tally in history.last_24h)
            self._sliding = _Sliding(_sum_of(tally for _, tally in minutes), minutes)

    def history(self, now: float) -> History:
        """Return what to keep so that counting can continue after a restart."""
        minutes: tuple[tuple[float, Tally], ...] = ()
        if self._sliding is not None:
            self._sliding.at(now)  # drops what is older
            minutes = tuple((now - began, _copy(tally)) for began, tally in self._sliding.minutes)
        days = {day: _copy(tally) for day, tally in self._days.items()}
        return History(days, minutes, self.unseen)

    def day_began(self, day: int) -> None:
        """Start a new day; a day that is already over changes nothing."""
        if day <= self._day:
            return
        self._day = day
        self.unseen = 0.0
        self._today = self._days.setdefault(day, Tally())
        self._days = {known: tally for known, tally in self._days.items() if known > day - 30}
        self._earlier = self._sum_of_earlier()

    def connected(self, now: float, *, late_s: float, attempt: AttemptId | None = None) -> Counted:
        """Count a person who got an agent ``late_s`` after the time due (negative: in time).
        ``attempt``: None if it needn't be found again by ``given_machine``."""
        if attempt is not None and attempt in self._machines:
            del self._machines[attempt]
            return _NOTHING
        lost = (1.0 if late_s > 0 else 0.0) + self._for_each
        base = 1.0 + self._for_each
        self.unseen += self._for_each
        minute = self._add(now, lost, base)
        if attempt is not None:
            passed = _Passed(self._day, minute, lost, base, self._for_each)
            _remember(self._passed, attempt, passed)
        return Counted(lost, base, self._for_each)

    def given_machine(self, attempt: AttemptId) -> Counted:
        """Take out a call that was counted as a person and turned out to be a machine, in the day
        and minute where it was counted. If it has not been counted yet, it won't be. Nothing
        changes if it was taken out before, or is no longer remembered."""
        found = self._passed.pop(attempt, None)
        if found is None:
            _remember(self._machines, attempt, None)
            return _NOTHING
        day = self._days.get(found.day)
        if day is not None:
            day.take_out(found.abandoned, found.base)
        if found.day == self._day:
            self.unseen = max(0.0, self.unseen - found.unseen)
        else:
            self._earlier = self._sum_of_earlier()
        if self._sliding is not None and found.minute is not None:
            self._sliding.take_out(found.minute, found.abandoned, found.base)
        return Counted(-found.abandoned, -found.base, -found.unseen)

    def abandoned(self, now: float, *, late_s: float, by_customer: bool, heard: bool) -> Counted:
        """Count a person who got no agent. ``heard``: detection found a person; False if detection
        is not used or was still listening."""
        lost = unseen = self._for_each if heard else 0.0
        quick = by_customer and late_s <= 0
        if not (quick and self.limit.quick_hang_up is QuickHangUp.NOT_COUNTED):
            lost += 1.0 if heard else 1.0 - self.limit.machines_abandoned
        if not lost:
            return _NOTHING
        self.unseen += unseen
        self._add(now, lost, lost)
        return Counted(lost, lost, unseen)

    def cut(self, now: float, rang_s: float) -> Counted:
        """Count a call that we hung up after it had rung for ``rang_s``."""
        if self.limit.early_cut_counts and rang_s < self.limit.min_ring_s:
            self._add(now, 1.0, 1.0)
            return Counted(1.0, 1.0)
        return _NOTHING

    def tally(self, window: Window, now: float) -> Tally:
        """Return the tally of a window. Raises ValueError for SLIDING_24H if the limit lacks it."""
        if window is Window.DAY:
            return self._today
        if window is Window.SLIDING_24H:
            if self._sliding is None:
                raise ValueError("sliding_24h is not among the limit's windows and is not counted")
            return self._sliding.at(now)
        earlier = self._earlier
        return Tally(earlier.abandoned + self._today.abandoned, earlier.base + self._today.base)

    def room(self, now: float) -> float:
        """Return how many more may be abandoned now, in the window that allows the fewest."""
        share = self.limit.share
        return min(self.tally(window, now).room(share) for window in self.limit.windows)

    def worst(self, now: float) -> Tally:
        """Return the tally of the window that allows the fewest."""
        share = self.limit.share
        tallies = (self.tally(window, now) for window in self.limit.windows)
        return min(tallies, key=lambda tally: tally.room(share))

    def _add(self, now: float, abandoned: float, base: float) -> _Minute | None:
        self._today.add(abandoned, base)
        return None if self._sliding is None else self._sliding.add(now, abandoned, base)

    def _sum_of_earlier(self) -> Tally:
        return _sum_of(t for day, t in self._days.items() if self._day - 30 < day < self._day)


def _copy(tally: Tally) -> Tally:
    return Tally(tally.abandoned, tally.base)


def _sum_of(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        total.add(tally.abandoned, tally.base)
    return total


def _remember(them: dict[AttemptId, V], attempt: AttemptId, value: V) -> None:
    them[attempt] = value
    if len(them) > REMEMBERED:
        del them[next(iter(them))]
