"""Signs users in by their passwords, and keeps the sessions that browsers hold."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypedDict

import asyncpg

from storage.account_errors import LoginRefusal, LoginRefused
from storage.audit import AuditAction, AuditLog, utc_now
from storage.database import connection
from storage.password_hashing import Passwords
from storage.queries import load
from storage.throttle import Throttle
from storage.users import USER_BY_NAME, User, UserRow, token_hash, user_key, user_of_row

IDLE = timedelta(hours=12)  # a shift and its overtime
LONGEST_SESSION = timedelta(days=7)
SEEN_EVERY = timedelta(minutes=1)
_SQL = load("logins")


@dataclass(frozen=True, slots=True)
class Login:
    """A new session. Only the browser has the token; we keep its hash."""

    token: str
    user: User
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LoginSession:
    """A session as its user sees it. ``browser`` is the User-Agent that signed in."""

    id: int
    created_at: datetime
    seen_at: datetime
    address: str
    browser: str
    current: bool
    """Whether it is the session that asks."""


class _SessionRow(TypedDict):
    id: int
    token_hash: bytes
    created_at: datetime
    seen_at: datetime
    address: str
    browser: str


class _SessionUserRow(UserRow):
    """A user's row, and when their session was last used."""

    seen_at: datetime


class _EndedSessionRow(TypedDict):
    address: str
    browser: str


@dataclass(slots=True)
class _Lane:
    """Takes the passwords from one address one after the other."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class LoginStore:
    """Logins and their sessions. While the database is away, each call raises one of
    ``storage.database_errors.AWAY``."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        audit: AuditLog,
        passwords: Passwords,
        *,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._pool = pool
        self._audit = audit
        self._passwords = passwords
        self._clock = clock
        self._lanes: dict[str, _Lane] = {}

    async def check(self, name: str, password: str, *, address: str = "") -> User:
        """The user whose name and password these are; guesses are throttled. Raises LoginRefused.

        Passwords from one address are checked one after the other: of a thousand guesses at once,
        only those that are free cost anything, and users elsewhere don't wait for them.
        """
        key = user_key(name)
        async with self._lane(address or key):
            return await self._check(key, password, address)

    async def _check(self, key: str, password: str, address: str) -> User:
        now = self._clock()
        throttle = Throttle.of(key, address)
        async with connection(self._pool) as db:
            _refuse_if(await throttle.blocked_s(db, now))
            row: UserRow | None = await db.fetchrow(USER_BY_NAME, key, None)
        stored = None if row is None else row["password_hash"]
        right = await self._passwords.is_right(stored, password)
        if row is None or stored is None or not right or row["disabled"] or row["agent_gone"]:
            async with connection(self._pool) as db, db.transaction():
                await throttle.failed(db, self._clock())
                await self._audit.write_with(
                    db, key[:64], AuditAction.LOGIN_REFUSED, key[:64], address=address
                )
            raise LoginRefused(LoginRefusal.WRONG)
        rehashed = None
        if self._passwords.is_outdated(stored):
            rehashed = await self._passwords.hash(password)
        async with connection(self._pool) as db, db.transaction():
            # Once more: a hundred guesses at once from as many places all pass the first check.
            _refuse_if(await throttle.blocked_s(db, self._clock()))
            if rehashed is not None:
                await db.execute(_SQL["rehash_password"], row["name"], rehashed, stored)
            await throttle.succeeded(db)
        return user_of_row(row)

    async def login(
        self,
        name: str,
        password: str,
        *,
        address: str = "",
        browser: str = "",
        instead_of: str | None = None,
    ) -> Login:
        """Checks a password and begins a session; the session of the token ``instead_of`` ends.

        Raises LoginRefused.
        """
        user = await self.check(name, password, address=address)
        now = self._clock()
        token, expires_at = secrets.token_urlsafe(32), now + IDLE
        async with connection(self._pool) as db, db.transaction():
            # Locks the user first, as setting a password and disabling do, so there is no deadlock.
            # If either happened while the old password was checked, it gets no session.
            values = (user.name, now, expires_at, address, browser, user.password_changed_at)
            if not await db.fetchval(_SQL["create_session"], token_hash(token), *values):
                raise LoginRefused(LoginRefusal.WRONG)
            if instead_of is not None:
                await self._end(db, instead_of)
            await db.execute(_SQL["forget_old"], now, now - timedelta(days=1))
            await self._audit.write_with(
                db, user.name, AuditAction.LOGGED_IN, user.name, address=address
            )
        return Login(token, user, expires_at)

    async def session(self, token: str, *, address: str = "") -> User | None:
        """Whose session this is; None if it has expired or never existed. Using it extends it.

        ``address``: where it is used from, if known.
        """
        if not token or len(token) > 128:
            return None
        now, digest = self._clock(), token_hash(token)
        async with connection(self._pool) as db:
            row: _SessionUserRow | None = await db.fetchrow(
                _SQL["session_user"], digest, now, now - LONGEST_SESSION
            )
            # One write in a while is enough; one for every page view would be many.
            if row is not None and row["seen_at"] < now - SEEN_EVERY:
                await db.execute(_SQL["see_session"], digest, now + IDLE, now, address)
        return None if row is None else user_of_row(row)

    async def logout(self, token: str) -> None:
        """Ends a session; does nothing if there is none."""
        async with connection(self._pool) as db, db.transaction():
            await self._end(db, token)

    async def _end(self, db: asyncpg.Connection, token: str) -> None:
        name = await db.fetchval(_SQL["end_session"], token_hash(token))
        if name is not None:
            await self._audit.write_with(db, name, AuditAction.LOGGED_OUT, name)

    async def sessions(self, name: str, token: str) -> tuple[LoginSession, ...]:
        """A user's sessions, last used first; ``token`` is that of the session that asks."""
        now, own = self._clock(), token_hash(token)
        async with connection(self._pool) as db:
            rows: list[_SessionRow] = await db.fetch(
                _SQL["list_sessions"], user_key(name), now, now - LONGEST_SESSION
            )
        return tuple(
            LoginSession(
                row["id"],
                row["created_at"],
                row["seen_at"],
                row["address"],
                row["browser"],
                row["token_hash"] == own,
            )
            for row in rows
        )

    async def end_session(self, name: str, session: int) -> bool:
        """Ends one of a user's sessions; False if the user has no such session."""
        key = user_key(name)
        async with connection(self._pool) as db, db.transaction():
            row: _EndedSessionRow | None = await db.fetchrow(
                _SQL["end_session_of_user"], key, session
            )
            if row is not None:
                await self._audit.write_with(
                    db, key, AuditAction.SESSION_ENDED, key, detail=dict(row)
                )
        return row is not None

    async def end_other_sessions(self, name: str, token: str) -> None:
        """Ends all of a user's sessions but the one of ``token``."""
        key = user_key(name)
        async with connection(self._pool) as db, db.transaction():
            await db.execute(_SQL["end_other_sessions"], key, token_hash(token))
            await self._audit.write_with(db, key, AuditAction.OTHER_SESSIONS_ENDED, key)

    @asynccontextmanager
    async def _lane(self, whose: str) -> AsyncIterator[None]:
        lane = self._lanes.setdefault(whose, _Lane())
        lane.users += 1
        try:
            async with lane.lock:
                yield
        finally:
            lane.users -= 1
            if not lane.users:
                del self._lanes[whose]


def _refuse_if(blocked_s: float) -> None:
    if blocked_s > 0:
        raise LoginRefused(LoginRefusal.THROTTLED, blocked_s)
