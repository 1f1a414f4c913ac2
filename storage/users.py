"""Who may use the console: users, their sessions, and the log of what they did."""

import asyncio
import hashlib
import secrets
import unicodedata
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import asyncpg

from domain.identity import AgentCode, ProjectName
from storage.account_errors import AccountRefusal, AccountRefused, LoginRefusal, LoginRefused
from storage.database import connection
from storage.passwords import Passwords
from storage.projects import Projects, as_array
from storage.queries import load
from storage.throttle import Throttle

IDLE = timedelta(hours=12)  # a shift and its overtime
LONGEST_SESSION = timedelta(days=7)
SEEN_EVERY = timedelta(minutes=1)
_SQL = load("users")


class Role(StrEnum):
    """What a user is; what each may do is the console's matter."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    OPS = "ops"
    QA = "qa"
    CLIENT = "client"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class User:
    """A user without secrets. ``projects`` None: all."""

    name: str
    role: Role
    projects: frozenset[ProjectName] | None
    agent: AgentCode | None
    language: str | None
    disabled: bool
    created_at: datetime
    password_changed_at: datetime


@dataclass(frozen=True, slots=True)
class Login:
    """A new session; the token is known only to the browser, we keep its hash."""

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
    """The one that asks."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    id: int
    at: datetime
    by: str
    action: str
    target: str
    project: ProjectName | None
    address: str
    detail: Mapping[str, Any]


@dataclass(slots=True)
class _Lane:
    """Passwords from one address, one after the other."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


def utc_now() -> datetime:
    return datetime.now(UTC)


class UserStore:
    """Users, sessions, audit log. While the database is away each call raises one of
    ``storage.errors.AWAY``. Names are told apart without regard to case."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        *,
        clock: Callable[[], datetime] = utc_now,
        passwords: Passwords | None = None,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._passwords = passwords or Passwords()
        self._lanes: dict[str, _Lane] = {}

    async def create(
        self,
        name: str,
        password: str,
        role: Role,
        *,
        by: str,
        projects: Iterable[ProjectName] | None = (),
        agent: AgentCode | None = None,
        language: str | None = None,
    ) -> User:
        """Raises AccountRefused if the name is taken or not one, if the password is too short, or
        if an agent has no code or another user's."""
        key = user_key(name)
        if not key or len(key) > 64:
            raise AccountRefused(AccountRefusal.NAME_MALFORMED, name=key)
        _check_agent(role, agent)
        hashed = await self._passwords.hash(password)
        now, seen = self._clock(), as_array(projects)
        async with self._one_user_of(agent) as db, db.transaction():
            made = await db.fetchval(
                _SQL["create_user"], key, hashed, role.value, seen, agent, language, now
            )
            if made is None:
                raise AccountRefused(AccountRefusal.NAME_TAKEN, name=key)
            await self._audit(db, by, "user created", key, {"role": role, "projects": seen})
        return User(
            key, role, None if seen is None else frozenset(seen), agent, language, False, now, now
        )

    async def ensure_admin(self, name: str, password: str) -> bool:
        """Makes the first admin; False, and nothing is changed, if there is one."""
        async with connection(self._pool) as db:
            if await db.fetchval(_SQL["any_admin"]):
                return False
        await self.create(name, password, Role.ADMIN, by="offhook", projects=None)
        return True

    async def change(
        self,
        name: str,
        *,
        by: str,
        role: Role,
        projects: Iterable[ProjectName] | None,
        agent: AgentCode | None,
        language: str | None,
    ) -> None:
        """Sets all of a user but the password, and whether they are disabled.

        Raises AccountRefused if there is no such user, if nobody would be left as admin, or if
        another user has the agent's code.
        """
        key, seen = user_key(name), as_array(projects)
        _check_agent(role, agent)
        async with self._one_user_of(agent) as db, db.transaction():
            await db.execute(_SQL["lock_users"])  # two admins must not remove each other
            if role is not Role.ADMIN and not await db.fetchval(_SQL["other_admin"], key):
                raise AccountRefused(AccountRefusal.LAST_ADMIN, name=key)
            is_disabled = await db.fetchval(
                _SQL["change_user"], key, role.value, seen, agent, language
            )
            if is_disabled is None:
                raise AccountRefused(AccountRefusal.NO_SUCH_USER, name=key)
            detail = {"role": role, "projects": seen, "agent": agent, "disabled": is_disabled}
            await self._audit(db, by, "user changed", key, detail)

    async def set_disabled(self, name: str, disabled: bool, *, by: str) -> None:
        """Disables a user, whose sessions end, or enables one; the rest stays as it is by then.

        Raises AccountRefused as ``change`` does.
        """
        key = user_key(name)
        user = await self.get(key)
        async with (
            self._one_user_of(None if user is None else user.agent) as db,
            db.transaction(),
        ):
            await db.execute(_SQL["lock_users"])
            if disabled and not await db.fetchval(_SQL["other_admin"], key):
                raise AccountRefused(AccountRefusal.LAST_ADMIN, name=key)
            if not await db.fetchval(_SQL["set_disabled"], key, disabled):
                raise AccountRefused(AccountRefusal.NO_SUCH_USER, name=key)
            if disabled:
                await db.execute(_SQL["end_sessions_of_user"], key, None)
            await self._audit(db, by, "user changed", key, {"disabled": disabled})

    async def set_password(
        self,
        name: str,
        password: str,
        *,
        by: str,
        keep_token: str | None = None,
        checked: User | None = None,
    ) -> None:
        """Ends all the user's sessions but the one of ``keep_token``. Raises AccountRefused.

        ``checked``: whose present password was right a moment ago (``check``). Raises LoginRefused
        if somebody has set another one since.
        """
        key, hashed = user_key(name), await self._passwords.hash(password)
        async with connection(self._pool) as db, db.transaction():
            was_set_at = None if checked is None else checked.password_changed_at
            if not await db.fetchval(_SQL["set_password"], key, hashed, self._clock(), was_set_at):
                if checked is not None:
                    raise LoginRefused(LoginRefusal.WRONG)
                raise AccountRefused(AccountRefusal.NO_SUCH_USER, name=key)
            kept = None if keep_token is None else _digest(keep_token)
            await db.execute(_SQL["end_sessions_of_user"], key, kept)
            await self._audit(db, by, "password changed", key, {})

    async def get(self, name: str, *, projects: Projects = None) -> User | None:
        async with connection(self._pool) as db:
            row = await db.fetchrow(_SQL["get_user"], user_key(name), as_array(projects))
        return None if row is None else _user(row)

    async def list(self, *, projects: Projects = None) -> tuple[User, ...]:
        """By name; with ``projects``, those who work for one of them."""
        async with connection(self._pool) as db:
            rows = await db.fetch(_SQL["list_users"], as_array(projects))
        return tuple(_user(row) for row in rows)

    async def check(self, name: str, password: str, *, address: str = "") -> User:
        """Whose password this is; guesses are throttled. Raises LoginRefused.

        One address has one looked at after the other: of a thousand guesses at once only those that
        are free cost anything, and who signs in elsewhere doesn't wait for them.
        """
        key = user_key(name)
        async with self._lane(address or key):
            return await self._check(key, password, address)

    async def _check(self, key: str, password: str, address: str) -> User:
        now = self._clock()
        throttle = Throttle.of(key, address)
        async with connection(self._pool) as db:
            _refuse_if(await throttle.blocked_s(db, now))
            row = await db.fetchrow(_SQL["get_user"], key, None)
        stored = None if row is None else row["password_hash"]
        right = await self._passwords.is_right(stored, password)
        if row is None or stored is None or not right or row["disabled"]:
            async with connection(self._pool) as db, db.transaction():
                await throttle.failed(db, self._clock())
                await self._audit(db, key[:64], "login refused", key[:64], {}, address=address)
            raise LoginRefused(LoginRefusal.WRONG)
        rehashed = None
        if self._passwords.is_outdated(stored):
            rehashed = await self._passwords.hash(password)
        async with connection(self._pool) as db, db.transaction():
            # Again: a hundred guesses at once from as many places all pass the first look.
            _refuse_if(await throttle.blocked_s(db, self._clock()))
            if rehashed is not None:
                await db.execute(_SQL["rehash_password"], row["name"], rehashed, stored)
            await throttle.succeeded(db)
        return _user(row)

    async def login(
        self,
        name: str,
        password: str,
        *,
        address: str = "",
        browser: str = "",
        instead_of: str | None = None,
    ) -> Login:
        """Checks a password and begins a session; the one of the token ``instead_of`` ends.

        Raises LoginRefused.
        """
        user = await self.check(name, password, address=address)
        now = self._clock()
        token, expires_at = secrets.token_urlsafe(32), now + IDLE
        async with connection(self._pool) as db, db.transaction():
            # The user first, as whoever sets a password or disables does: no deadlock. If that
            # was done while the password was looked at, there is no session for the old one.
            values = (user.name, now, expires_at, address, browser, user.password_changed_at)
            if not await db.fetchval(_SQL["create_session"], _digest(token), *values):
                raise LoginRefused(LoginRefusal.WRONG)
            if instead_of is not None:
                await self._end(db, instead_of)
            await db.execute(_SQL["forget_old"], now, now - timedelta(days=1))
            await self._audit(db, user.name, "logged in", user.name, {}, address=address)
        return Login(token, user, expires_at)

    async def session(self, token: str, *, address: str = "") -> User | None:
        """Whose session this is; None if it has expired or never was. Using it extends it.

        ``address``: where it is used from, if that is known.
        """
        if not token or len(token) > 128:
            return None
        now, digest = self._clock(), _digest(token)
        async with connection(self._pool) as db:
            row = await db.fetchrow(_SQL["session_user"], digest, now, now - LONGEST_SESSION)
            # A write for every page view would be many; one in a while is as good.
            if row is not None and row["seen_at"] < now - SEEN_EVERY:
                await db.execute(_SQL["see_session"], digest, now + IDLE, now, address)
        return None if row is None else _user(row)

    async def logout(self, token: str) -> None:
        """Ends a session; nothing happens if there is none."""
        async with connection(self._pool) as db, db.transaction():
            await self._end(db, token)

    async def _end(self, db: Any, token: str) -> None:
        name = await db.fetchval(_SQL["end_session"], _digest(token))
        if name is not None:
            await self._audit(db, name, "logged out", name, {})

    async def sessions(self, name: str, token: str) -> tuple[LoginSession, ...]:
        """A user's sessions, the last used first; ``token`` is the one that asks."""
        now, own = self._clock(), _digest(token)
        async with connection(self._pool) as db:
            rows = await db.fetch(_SQL["list_sessions"], user_key(name), now, now - LONGEST_SESSION)
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
            row = await db.fetchrow(_SQL["end_session_of_user"], key, session)
            if row is not None:
                await self._audit(db, key, "session ended", key, dict(row))
        return row is not None

    async def end_other_sessions(self, name: str, token: str) -> None:
        """Ends all of a user's sessions but the one of ``token``."""
        key = user_key(name)
        async with connection(self._pool) as db, db.transaction():
            await db.execute(_SQL["end_sessions_of_user"], key, _digest(token))
            await self._audit(db, key, "other sessions ended", key, {})

    async def audit(
        self,
        by: str,
        action: str,
        target: str = "",
        *,
        project: ProjectName | None = None,
        address: str = "",
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Writes down who did what to what."""
        async with connection(self._pool) as db:
            await self._audit(db, by, action, target, detail or {}, project, address)

    async def audit_log(
        self,
        *,
        projects: Projects,
        by: str | None = None,
        action: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> tuple[AuditEntry, ...]:
        """Newest first; the next page is ``before`` the last entry's id."""
        async with connection(self._pool) as db:
            rows = await db.fetch(
                _SQL["audit_log"],
                as_array(projects),
                by,
                action,
                start,
                end,
                before,
                min(max(1, limit), 1000),
            )
        return tuple(AuditEntry(**dict(row)) for row in rows)

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

    @asynccontextmanager
    async def _one_user_of(self, agent: AgentCode | None) -> AsyncIterator[Any]:
        """A connection; AccountRefused names the other user if the agent's code is taken."""
        async with connection(self._pool) as db:
            try:
                yield db
            except asyncpg.UniqueViolationError as error:
                if error.constraint_name != "users_agent":
                    raise
                other = await db.fetchval(_SQL["user_of_agent"], agent)
                raise AccountRefused(AccountRefusal.AGENT_TAKEN, name=other, agent=agent) from None

    async def _audit(
        self,
        db: Any,
        by: str,
        action: str,
        target: str,
        detail: Mapping[str, Any],
        project: ProjectName | None = None,
        address: str = "",
    ) -> None:
        await db.execute(
            _SQL["audit"], self._clock(), by, action, target, project, address, dict(detail)
        )


def user_key(name: str) -> str:
    """The one form in which a name is stored and looked up."""
    text = unicodedata.normalize("NFKC", name).casefold().strip()
    return "".join(char for char in text if unicodedata.category(char)[0] != "C")


def _refuse_if(blocked_s: float) -> None:
    if blocked_s > 0:
        raise LoginRefused(LoginRefusal.THROTTLED, blocked_s)


def _check_agent(role: Role, agent: AgentCode | None) -> None:
    if role is Role.AGENT and not agent:
        raise AccountRefused(AccountRefusal.AGENT_MISSING)


def _digest(token: str) -> bytes:
    """Of a random token a plain hash is enough: there is nothing to guess."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _user(row: Mapping[str, Any]) -> User:
    projects = row["projects"]
    return User(
        name=row["name"],
        role=Role(row["role"]),
        projects=None if projects is None else frozenset(projects),
        agent=row["agent"],
        language=row["language"],
        disabled=row["disabled"],
        created_at=row["created_at"],
        password_changed_at=row["password_changed_at"],
    )
