"""Limits how often a line that strangers can cause is logged: rubbish must not fill the disk."""

EVERY_S = 60.0
KINDS = 100


class Rarely:
    """Allows one line a minute of each kind."""

    def __init__(self) -> None:
        self._next: dict[str, float] = {}
        self._kept_back: dict[str, int] = {}

    def now(self, kind: str, at: float) -> int | None:
        """How many lines of this kind were held back since the last one was logged; None: hold this
        one back, too."""
        if at < self._next.get(kind, float("-inf")):
            self._kept_back[kind] = self._kept_back.get(kind, 0) + 1
            return None
        if len(self._next) >= KINDS:
            self._next.clear()
        self._next[kind] = at + EVERY_S
        return self._kept_back.pop(kind, 0)
