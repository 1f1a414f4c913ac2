"""Decides whose turn it is to be served, so that hundreds who want something never crowd in.

Pure: the time is an argument, in seconds of any clock that only goes forward.
"""

import heapq
import math
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT")

_GOLDEN = (math.sqrt(5) - 1) / 2


def moment(now: float, pace_s: float, share: float) -> float:
    """The next of the moments that are ``pace_s`` apart; it is always later than ``now``.

    ``share`` (0 to 1) says where in each ``pace_s`` they are.
    """
    offset = share * pace_s
    at = offset + (math.floor((now - offset) / pace_s) + 1) * pace_s
    return at if at > now else at + pace_s  # where floats are too coarse


class Turns(Generic[KeyT]):
    """Everybody asks for a turn at a time of their own; whose time was the earliest goes first.

    Moments of those who came one after the other lie far apart, and those of any number are
    spread evenly over their pace (by the golden ratio).
    """

    def __init__(self) -> None:
        self._came = 0
        self._moments: dict[KeyT, tuple[float, float]] = {}
        """The pace and share of each."""
        self._asked: dict[KeyT, float] = {}
        self._order: list[tuple[float, int, KeyT]] = []
        self._asks = 0

    def join(self, key: KeyT, pace_s: float) -> None:
        """From now on ``key`` may ask; its moments are ``pace_s`` apart."""
        self._came += 1
        self._moments[key] = (pace_s, self._came * _GOLDEN % 1.0)

    def leave(self, key: KeyT) -> None:
        """Forget ``key`` and what it asked for."""
        self._moments.pop(key, None)
        self._asked.pop(key, None)
        if len(self._order) > 2 * len(self._moments) + 16:
            self._order = [one for one in self._order if self._asked.get(one[2]) == one[0]]
            heapq.heapify(self._order)

    def ask(self, key: KeyT, at: float) -> None:
        """``key`` wants its turn at this time, unless it already has an earlier one."""
        if key not in self._moments or self._asked.get(key, math.inf) <= at:
            return
        self._asked[key] = at
        self._asks += 1
        heapq.heappush(self._order, (at, self._asks, key))

    def ask_at_moment(self, key: KeyT, now: float) -> None:
        """``key`` wants its turn at the next of its moments."""
        if key in self._moments:
            self.ask(key, moment(now, *self._moments[key]))

    def next(self) -> float | None:
        """When the next turn is; None: nobody wants one."""
        while self._order and self._asked.get(self._order[0][2]) != self._order[0][0]:
            heapq.heappop(self._order)  # they asked for an earlier one, had it, or left
        return self._order[0][0] if self._order else None

    def take(self, now: float) -> KeyT | None:
        """Whose turn has been due for longest; None: nobody's. They must ask again for another."""
        at = self.next()
        if at is None or at > now:
            return None
        _, _, key = heapq.heappop(self._order)
        del self._asked[key]
        return key
