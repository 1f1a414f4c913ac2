"""Shares what a line takes each second among the campaigns that want more of it than they get.

Whoever looks first would else take all, and be the first again a second later. Pure: ``now`` is in
monotonic seconds.
"""

from collections import deque
from math import ceil, exp

WANTS_FOR_S = 1.5
"""A campaign that wanted more wants it for so long; each looks again about once a second."""
_MEMORY_S = 10.0
"""About how long it matters who had more."""


class LineShares:
    """Who has lately taken turns on one line, and who wanted more than there were."""

    def __init__(self) -> None:
        self._wants: dict[str, float] = {}
        """Until when each that wants more is taken to want it."""
        self._taken: dict[str, deque[float]] = {}
        """When each took its latest turns."""
        self._had: dict[str, tuple[float, float]] = {}
        """About how many each has had lately, and when that was worked out."""

    def wants_more(self, who: str, now: float) -> None:
        """It would have dialled more, had the line taken it."""
        self._wants[who] = now + WANTS_FOR_S

    def took(self, who: str, now: float) -> None:
        """It has taken a turn."""
        self._taken.setdefault(who, deque()).append(now)
        self._had[who] = self._had_lately(who, now) + 1.0, now

    def left_for(self, who: str, left: int, now: float, *, most: int, within_s: float) -> int:
        """Return how many of the turns that are ``left`` are for this one. ``most`` is what the
        line takes ``within_s``.

        Among those that want more, nobody takes more than an equal share of it, and leaves those
        that have had less lately what they lack of theirs.
        """
        since, taken = now - within_s, self._taken_since(who, now - within_s)
        others = [other for other, until in self._wants.items() if until > now and other != who]
        if not others:
            return left
        equal, had = most / (len(others) + 1), self._had_lately(who, now)
        for_others = sum(
            max(1, ceil(equal) - self._taken_since(other, since))
            for other in others
            if self._had_lately(other, now) < had
        )
        return max(0, min(left - for_others, ceil(equal) - taken))

    def _taken_since(self, who: str, since: float) -> int:
        taken = self._taken.get(who) or deque()
        while taken and taken[0] <= since:
            taken.popleft()
        return len(taken)

    def _had_lately(self, who: str, now: float) -> float:
        had, at = self._had.get(who, (0.0, now))
        return had * exp((at - now) / _MEMORY_S)
