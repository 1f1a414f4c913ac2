"""The limit on abandoned calls: the share allowed, what counts towards it, and over what period.

The rules differ (``dialer.rules`` names the sources), so each point is a field of ``Limit``, with
presets. A call is *abandoned* when a person answered and got no agent within the grace period,
counted from where the rule's clock starts. The base is all persons: those abandoned and those
passed to an agent.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf

DAY_S = 86_400.0
LEAST_RING_S = 15.0
"""FTC 16 CFR 310.4(b)(4)(ii), FCC 47 CFR 64.1200(a)(6), Ofcom 2010: none allows less."""
_MINUTE_S = 60.0


class Window(StrEnum):
    """The period over which the share is calculated."""

    DAY = "day"  # midnight to midnight
    SLIDING_24H = "sliding_24h"
    DAYS_30 = "days_30"  # today and the 29 days before


class ClockStart(StrEnum):
    """When the grace period starts. If no speech or greeting was heard, it starts at the answer."""

    ANSWER = "answer"
    SPEECH = "speech"
    GREETING_END = "greeting_end"


class QuickHangUp(StrEnum):
    """How to count a customer who hangs up within the grace period."""

    ABANDONED = "abandoned"
    NOT_COUNTED = "not_counted"


@dataclass(frozen=True, slots=True)
class Limit:
    """How many calls one campaign may abandon, and how they are counted."""

    share: float = 0.03
    """The largest share of the base that may be abandoned, 0 to 1."""
    windows: tuple[Window, ...] = (Window.DAY,)
    grace_s: float = 2.0
    clock: ClockStart = ClockStart.ANSWER
    quick_hang_up: QuickHangUp = QuickHangUp.ABANDONED
    min_ring_s: float = LEAST_RING_S
    """How long we let a call ring before we hang up; LEAST_RING_S or more."""
    early_cut_counts: bool = False
    """Whether a call that we hang up before ``min_ring_s`` counts as abandoned."""
    taken_for_machines: float = 0.0
    """With detection: the reasoned estimate of the share of people among those it takes for
    machines; each machine adds this much to the abandoned and to the base."""
    machines_abandoned: float = 0.0
    """Without detection: the reasoned estimate of the share of machines among the abandoned; UK
    only."""
    hard_stop: bool = True
    """When no more calls may be abandoned, dial only while an agent is free: one call per free
    agent, or as many as the policy has judged ``sure`` (``dialer.policy.Wish``)."""

    def __post_init__(self) -> None:
        for name in ("share", "taken_for_machines", "machines_abandoned"):
            value = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"limit.{name} is {value}; expected a share between 0 and 1")
        for name in ("grace_s", "min_ring_s"):
            value = getattr(self, name)
            if not 0.0 <= value < inf:
                raise ValueError(f"limit.{name} is {value}; expected seconds, 0 or more")
        if self.min_ring_s < LEAST_RING_S:
            raise ValueError(f"limit.min_ring_s is {self.min_ring_s:g}; expected {LEAST_RING_S:g}"
                             " or more, which the rules require")  # fmt: skip
        if not self.windows:
            raise ValueError("limit.windows is empty; expected at least one of day, sliding_24h,"
                             " days_30")  # fmt: skip

    def due_at(
        self, answered_at: float, speech_at: float | None, greeted_at: float | None
    ) -> float:
        """Return the time by which the person must have an agent or hear the message."""
        start = answered_at
        if self.clock is ClockStart.SPEECH and speech_at is not None:
            start = speech_at
        elif self.clock is ClockStart.GREETING_END and greeted_at is not None:
            start = greeted_at
        return start + self.grace_s


UK = Limit(clock=ClockStart.SPEECH, quick_hang_up=QuickHangUp.NOT_COUNTED)
"""Ofcom, statement on persistent misuse (2010): a campaign's share from midnight to midnight.
Since March 2017 Ofcom has not regarded 3 % as a safe threshold: a client may ask for less."""

US = Limit(
    windows=(Window.DAYS_30,),
    clock=ClockStart.GREETING_END,
    quick_hang_up=QuickHangUp.NOT_COUNTED,
)
"""FTC 16 CFR 310.4(b)(4), FCC 47 CFR 64.1200(a)(6),(7): the share over each 30 days."""

CAUTIOUS = Limit(windows=(Window.DAY, Window.DAYS_30), early_cut_counts=True)
"""The stricter of the two on every point; use it where no rule says anything."""

PRESETS: Mapping[str, Limit] = {"uk": UK, "us": US, "cautious": CAUTIOUS}


@dataclass(slots=True)
class Tally:
    """What has been counted so far. Estimates make both numbers fractional."""

    abandoned: float = 0.0
    base: float = 0.0

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
    """What one outcome added to the count."""

    abandoned: float
    base: float


_NOTHING = Counted(0.0, 0.0)


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
    minutes: deque[tuple[float, Tally]] = field(default_factory=deque)
    """When each minute began, and its tally. After a restart, minutes can begin at any second,
    because ``now`` comes from another clock."""

    def add(self, now: float, abandoned: float, base: float) -> None:
        if not self.minutes or self.minutes[-1][0] + _MINUTE_S <= now:
            self.minutes.append((now // _MINUTE_S * _MINUTE_S, Tally()))
        for tally in (self.minutes[-1][1], self.tally):
            tally.abandoned += abandoned
            tally.base += base

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

    ``history`` is what was counted earlier, as returned by the method of that name; ``now`` is the
    current time.
    """

    def __init__(
        self,
        limit: Limit,
        *,
        now: float = 0.0,
        day: int = 0,
        history: History = NO_HISTORY,
    ) -> None:
        self.limit = limit
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

    def connected(self, now: float, *, late_s: float) -> Counted:
        """Count a person who got an agent ``late_s`` after the time due (negative: in time)."""
        return self._add(now, 1.0 if late_s > 0 else 0.0, 1.0)

    def abandoned(self, now: float, *, late_s: float, by_customer: bool, heard: bool) -> Counted:
        """Count a person who got no agent. ``heard``: detection found a person; False if detection
        is not used."""
        if by_customer and late_s <= 0 and self.limit.quick_hang_up is QuickHangUp.NOT_COUNTED:
            return _NOTHING
        one = 1.0 if heard else 1.0 - self.limit.machines_abandoned
        return self._add(now, one, one)

    def machine(self, now: float) -> Counted:
        """Count a call that detection took for a machine."""
        people = self.limit.taken_for_machines
        self.unseen += people
        return self._add(now, people, people) if people else _NOTHING

    def cut(self, now: float, rang_s: float) -> Counted:
        """Count a call that we hung up after it had rung for ``rang_s``."""
        if self.limit.early_cut_counts and rang_s < self.limit.min_ring_s:
            return self._add(now, 1.0, 1.0)
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

    def _add(self, now: float, abandoned: float, base: float) -> Counted:
        self._today.abandoned += abandoned
        self._today.base += base
        if self._sliding is not None:
            self._sliding.add(now, abandoned, base)
        return Counted(abandoned, base)

    def _sum_of_earlier(self) -> Tally:
        return _sum_of(t for day, t in self._days.items() if self._day - 30 < day < self._day)


def _copy(tally: Tally) -> Tally:
    return Tally(tally.abandoned, tally.base)


def _sum_of(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        total.abandoned += tally.abandoned
        total.base += tally.base
    return total
