"""A virtual clock: what is to happen, in the order of time and then of having been planned."""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

Action = Callable[[], None]


class VirtualClock:
    """Seconds from the start of the day. Nothing passes but by ``run``."""

    def __init__(self, start: float = 0.0) -> None:
        self.now = start
        self._planned: list[tuple[float, int, Action]] = []
        self._order = count()

    def at(self, time: float, action: Action) -> None:
        """Do this then; at once (in its turn) if that is past."""
        now = self.now
        heappush(self._planned, (time if time > now else now, next(self._order), action))

    def after(self, seconds: float, action: Action) -> None:
        """Do this so many seconds from now."""
        # Called for each event of a day: max() would be dearer.
        heappush(
            self._planned,
            (self.now + (seconds if seconds > 0.0 else 0.0), next(self._order), action),
        )

    def run(self, end: float, after_each: Callable[[], None]) -> None:
        """Do all that is planned before ``end``, calling ``after_each`` after each; then it is
        ``end``. What is planned later stays undone."""
        planned = self._planned
        while planned and planned[0][0] < end:
            self.now, _, action = heappop(planned)
            action()
            after_each()
        self.now = end
