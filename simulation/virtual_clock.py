"""A virtual clock: runs planned actions by time, and at the same time in the order planned."""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

Action = Callable[[], None]


class VirtualClock:
    """Counts seconds from the start of the day. Time passes only in ``run``."""

    def __init__(self, start: float = 0.0) -> None:
        self.now = start
        self._planned: list[tuple[float, int, Action]] = []
        self._order = count()

    def at(self, time: float, action: Action) -> None:
        """Plan an action for a time; if that is past, it runs at once, in its turn."""
        now = self.now
        heappush(self._planned, (time if time > now else now, next(self._order), action))

    def after(self, seconds: float, action: Action) -> None:
        """Plan an action for this many seconds from now."""
        # Called for each event of a day: max() would cost more.
        heappush(
            self._planned,
            (self.now + (seconds if seconds > 0.0 else 0.0), next(self._order), action),
        )

    def run(self, end: float, after_each: Callable[[], None]) -> None:
        """Run every action planned before ``end``, calling ``after_each`` after each, and set the
        clock to ``end``. Actions planned for ``end`` or later are not run."""
        planned = self._planned
        while planned and planned[0][0] < end:
            self.now, _, action = heappop(planned)
            action()
            after_each()
        self.now = end
