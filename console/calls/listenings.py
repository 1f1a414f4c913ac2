"""Who listened to what: which listenings stand in the audit log already."""

from aiohttp import web

SAME_LISTENING_S = 300.0
"""A player asks for many ranges; within this time they are one listening in the audit log."""


class Listenings:
    """Remembers for minutes; forgetting too early only writes a line more."""

    def __init__(self) -> None:
        self._noted: dict[tuple[str, str], float] = {}

    def is_new(self, user: str, call: str, now: float) -> bool:
        """Whether this one must be written down."""
        for key in [k for k, at in self._noted.items() if now - at > SAME_LISTENING_S]:
            del self._noted[key]
        return (user, call) not in self._noted

    def note(self, user: str, call: str, now: float) -> None:
        """It has been written down."""
        self._noted[user, call] = now


AUDITED: web.AppKey[Listenings] = web.AppKey("audited")
