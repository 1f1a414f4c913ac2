"""Remembers whose session a cookie is: for seconds, and longer while the database is away.

Desks must go on working while PostgreSQL is away, so whoever was signed in stays so for a while.
Signing out, disabling or changing a user takes effect at once: open streams wait for such changes.
So does a change of an agent's projects, or their removal: their user follows them.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from domain.centre import Centre
from domain.identity import AgentCode, ProjectName
from storage.database_errors import AWAY
from storage.logins import LoginStore
from storage.users import User

FRESH_S = 5.0
"""How long a session isn't read again; a user disabled elsewhere is out after this time."""
GRACE_S = 900.0
"""How long a session stays valid while the database is away."""
KEPT = 5_000


@dataclass(slots=True)
class _Known:
    user: User
    asked_at: float


@dataclass(eq=False, slots=True)
class Watch:
    """A stream that must learn at once when its session may have ended or its user changed."""

    token: str
    user: User
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class RememberedSessions:
    """Sessions by token. The tokens stay in memory only."""

    def __init__(self, logins: LoginStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._logins = logins
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._ended: dict[str, None] = {}
        self._watches: set[Watch] = set()
        self._forgotten = 0
        self._agents: Mapping[AgentCode, frozenset[ProjectName]] = {}

    async def user(self, token: str, address: str = "") -> User | None:
        """The token's user; None if there is no such session.

        Raises one of ``storage.database_errors.AWAY`` if that can't be known.
        """
        if token in self._ended:
            return None
        now = self._clock()
        known = self._known.get(token)
        if known is not None and now - known.asked_at < FRESH_S:
            return known.user
        forgotten = self._forgotten
        try:
            user = await self._logins.session(token, address=address)
        except AWAY:
            if known is not None and now - known.asked_at < GRACE_S and token not in self._ended:
                return known.user
            raise
        if token in self._ended:  # it ended meanwhile
            return None
        self._known.pop(token, None)
        if user is None:
            return None
        if forgotten == self._forgotten:  # else what was read may be older than the change
            while len(self._known) >= KEPT:
                del self._known[next(iter(self._known))]
            self._known[token] = _Known(user, now)
        return user

    @contextmanager
    def watch(self, token: str, user: User) -> Iterator[asyncio.Event]:
        """An event that is set when this session must be checked again."""
        watch = Watch(token, user)
        self._watches.add(watch)
        try:
            yield watch.changed
        finally:
            self._watches.discard(watch)

    def end(self, token: str) -> None:
        """Ends the session, whether the database knows it yet or not."""
        while len(self._ended) >= KEPT:
            del self._ended[next(iter(self._ended))]
        self._ended[token] = None
        self._forgotten += 1
        self._known.pop(token, None)
        for watch in self._watches:
            if watch.token == token:
                watch.changed.set()

    def forget_user(self, name: str) -> None:
        """Forgets a user who, or one of whose sessions, was changed: all are read again."""
        self._forget(lambda user: user.name == name)

    def take(self, centre: Centre) -> None:
        """Forgets the users of agents whom the centre lacks now, or has with other projects."""
        before, self._agents = self._agents, {a.code: frozenset(a.projects) for a in centre.agents}
        moved = {
            code
            for code in before.keys() | self._agents.keys()
            if before.get(code) != self._agents.get(code)
        }
        self._forget(lambda user: user.agent in moved)

    def _forget(self, whom: Callable[[User], bool]) -> None:
        self._forgotten += 1
        for token in [t for t, known in self._known.items() if whom(known.user)]:
            del self._known[token]
        for watch in self._watches:
            if whom(watch.user):
                watch.changed.set()
