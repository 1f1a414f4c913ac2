"""How many calls may go out now, so that there are never more than so many a second."""

from collections import deque
from math import inf
from sys import maxsize

FEW_A_SECOND = 50.0
"""Above this rate, a fraction of a call per second does not matter, but spacing single calls
would."""


def most_within(per_second: float) -> tuple[int, float]:
    """Return how many calls may go out within how many seconds, which keeps to this rate.

    A whole number a second means at most that many within any second; a fraction up to
    FEW_A_SECOND, one call every 1 / ``per_second`` seconds. A larger fraction is rounded down.
    """
    if per_second == inf:
        return maxsize, 0.0
    if per_second > FEW_A_SECOND or per_second == int(per_second):
        return int(per_second), 1.0
    return 1, 1.0 / per_second


class CallRate:
    """Remembers when calls went out within the last second, or as long as ``most_within`` says."""

    def __init__(self, per_second: float) -> None:
        self._most, self._within_s = most_within(per_second)
        self._gone_out: deque[float] = deque()

    def went_out(self, now: float) -> None:
        """Record that a call went out."""
        if self._within_s:
            self._forget(now)
            self._gone_out.append(now)

    def left(self, now: float) -> int:
        """Return how many may go out now."""
        self._forget(now)
        return self._most - len(self._gone_out)

    def more_at(self, now: float, *, together_s: float) -> float:
        """Return when more may go out: those that may within ``together_s`` of the first, together.
        Those just requested are taken to go out now."""
        if not self._within_s:
            return inf
        first = last = self._gone_out[0] if self._gone_out else now
        for gone_out in self._gone_out:
            if gone_out > first + together_s:
                break
            last = gone_out
        return last + self._within_s

    def _forget(self, now: float) -> None:
        while self._gone_out and self._gone_out[0] + self._within_s <= now:
            self._gone_out.popleft()
