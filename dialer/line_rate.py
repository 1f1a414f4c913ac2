"""How many calls may go out on one line now, whoever places them.

A call takes its turn before it is prepared, and holds it until it has gone out, or won't. So there
are never more within the time that ``most_within`` says, however long it takes to prepare one.
Pure: ``now`` is in monotonic seconds.
"""

from collections import deque
from dataclasses import dataclass
from math import inf
from sys import maxsize

from dialer.call_rate import most_within
from dialer.line_shares import LineShares

TOGETHER_S = 0.1
"""Turns that come so shortly after one another are waited for together."""


@dataclass(frozen=True, slots=True)
class LineRateNow:
    """What a line takes now."""

    per_second: float = inf
    left: int = maxsize
    """How many calls may go out now; those that wait for their turn already have theirs first."""
    more_at: float = inf
    """When more may."""


ANY_NUMBER = LineRateNow()
"""Of a line that takes any number of calls a second."""


class LineRate:
    """The turns of one line: at most ``per_second`` of them a second."""

    def __init__(self, per_second: float = inf) -> None:
        self._held = 0
        """Turns of calls that have not gone out yet."""
        self._gone_out: deque[float] = deque()
        self.change(per_second)

    def change(self, per_second: float) -> None:
        """Keep to another rate from now on; what went out lately counts for it, too."""
        self.per_second = per_second
        self._most, self._within_s = most_within(per_second)

    def take(self, now: float) -> bool:
        """Take a turn, if there is one."""
        if self.left(now) < 1:
            return False
        self._held += 1
        return True

    def goes_out(self, now: float) -> None:
        """The call that holds a turn goes out."""
        self._held -= 1
        if self._within_s:
            self._gone_out.append(now)

    def give_back(self) -> None:
        """The call that holds a turn won't go out."""
        self._held -= 1

    def left(self, now: float) -> int:
        """Return how many turns may be taken now."""
        while self._gone_out and self._gone_out[0] + self._within_s <= now:
            self._gone_out.popleft()
        return self._most - self._held - len(self._gone_out)

    def next_at(self) -> float:
        """Return when the next turn comes, if there is none now; infinite: once a call goes out, or
        gives its turn back."""
        return self._gone_out[0] + self._within_s if self._gone_out else inf

    def now(
        self, now: float, waiting: int = 0, *, who: str = "", shares: LineShares | None = None
    ) -> LineRateNow:
        """What is left for others than those who are ``waiting`` for their turns; with ``shares``,
        for the campaign ``who``."""
        if self.per_second == inf:
            return ANY_NUMBER
        left = free = max(0, self.left(now) - waiting)
        if shares is not None:
            left = shares.left_for(who, free, now, most=self._most, within_s=self._within_s)
        first = self._gone_out[0] if self._gone_out else now
        last = max((at for at in self._gone_out if at <= first + TOGETHER_S), default=now)
        if left < free:  # it is left to others, who may not take it after all
            last = max(last, now + TOGETHER_S - self._within_s)
        return LineRateNow(self.per_second, left, last + self._within_s)
