"""Counts wrong codes by the address they come from, so that nobody keeps the database busy."""

from collections import Counter

WINDOW_S = 60.0
OF_ONE = 20
OF_ALL = 2_000
"""However many addresses somebody has."""


class FailedTries:
    """The wrong codes of this minute. ``now`` is in seconds of a clock that doesn't go back."""

    def __init__(self) -> None:
        self._ends_at = float("-inf")
        self._failed: Counter[str] = Counter()

    def blocked(self, address: str, now: float) -> bool:
        """Whether nothing is tried for this address until the minute is over."""
        if now >= self._ends_at:
            return False
        return self._failed[address] >= OF_ONE or self._failed.total() >= OF_ALL

    def failed(self, address: str, now: float) -> None:
        """Count a wrong code."""
        if now >= self._ends_at:
            self._failed.clear()
            self._ends_at = now + WINDOW_S
        self._failed[address] += 1
