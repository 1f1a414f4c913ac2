"""Remembers who listened to what, so that one listening is one line of the audit log."""

from aiohttp import web

SAME_LISTENING_S = 300.0
"""A player asks for many ranges of a file; within this time they count as one listening."""


class Listenings:
    """Listenings of the last minutes. Forgetting one too early only costs an extra line."""

    def __init__(self) -> None:
        self._noted: dict[tuple[str, str], float] = {}

    def is_new(self, user: str, call: str, now: float) -> bool:
        """Whether this listening must still be logged."""
        for key in [k for k, at in self._noted.items() if now - at > SAME_LISTENING_S]:
            del self._noted[key]
        return (user, call) not in self._noted

    def note(self, user: str, call: str, now: float) -> None:
        """It has been logged."""
        self._noted[user, call] = now


AUDITED: web.AppKey[Listenings] = web.AppKey("audited")
