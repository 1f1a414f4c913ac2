"""Counts faults that come again and again, so that each kind is logged once in a while."""

from collections.abc import Callable
from time import monotonic

QUIET_S = 60.0
MOST_KINDS = 1000


class RepeatedFaults:
    """Says which faults to log: the first of a kind, and then at most one in ``quiet_s``."""

    def __init__(self, quiet_s: float = QUIET_S, clock: Callable[[], float] = monotonic) -> None:
        self._quiet_s = quiet_s
        self._clock = clock
        self._seen: dict[str, tuple[float, int]] = {}

    def times(self, kind: str) -> int:
        """How often the fault came since it was logged last; 0: it is not to be logged now."""
        now = self._clock()
        since, count = self._seen.get(kind, (now - self._quiet_s, 0))
        if now - since < self._quiet_s:
            self._seen[kind] = (since, count + 1)
            return 0
        if len(self._seen) >= MOST_KINDS:
            self._seen.clear()
        self._seen[kind] = (now, 0)
        return count + 1
