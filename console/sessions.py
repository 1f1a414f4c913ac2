"""Whose session a cookie is, remembered for seconds, and while the database is away.

A desk must go on working when PostgreSQL is away: who was signed in then stays so for a while.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from storage.errors import AWAY
from storage.users import User, UserStore

FRESH_S = 5.0
"""So long a session isn't asked for again; a user disabled elsewhere is out after it."""
GRACE_S = 900.0
"""So long it counts on when the database can't be asked."""
KEPT = 5_000


@dataclass(slots=True)
class _Known:
    user: User
    asked_at: float


class Sessions:
    """Sessions by token. The tokens stay in memory only."""

    def __init__(self, users: UserStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._users = users
        self._clock = clock
        self._known: dict[str, _Known] = {}

    async def user(self, token: str) -> User | None:
        """The token's user; None if there is no such session.

        Raises one of ``storage.errors.AWAY`` if that can't be known.
        """
        now = self._clock()
        known = self._known.get(token)
        if known is not None and now - known.asked_at < FRESH_S:
            return known.user
        try:
            user = await self._users.session(token)
        except AWAY:
            if known is not None and now - known.asked_at < GRACE_S:
                return known.user
            raise
        if user is None:
            self._known.pop(token, None)
            return None
        self._known.pop(token, None)
        while len(self._known) >= KEPT:
            del self._known[next(iter(self._known))]
        self._known[token] = _Known(user, now)
        return user

    def forget(self, token: str) -> None:
        """The session is over."""
        self._known.pop(token, None)

    def forget_user(self, name: str) -> None:
        """The user was changed: his sessions are asked for again."""
        for token in [t for t, known in self._known.items() if known.user.name == name]:
            del self._known[token]
