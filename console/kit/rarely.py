"""Lines that a stranger can cause are logged rarely: rubbish must not fill the disk."""

EVERY_S = 60.0
KINDS = 100


class Rarely:
    """One line a minute of each kind."""

    def __init__(self) -> None:
        self._next: dict[str, float] = {}
        self._kept_back: dict[str, int] = {}

    def now(self, kind: str, at: float) -> int | None:
        """How many of this kind have not been logged since the last line; None: nor is this one."""
        if at < self._next.get(kind, float("-inf")):
            self._kept_back[kind] = self._kept_back.get(kind, 0) + 1
            return None
        if len(self._next) >= KINDS:
            self._next.clear()
        self._next[kind] = at + EVERY_S
        return self._kept_back.pop(kind, 0)
