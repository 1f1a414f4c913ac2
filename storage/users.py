"""Stores users: creates, changes and disables them, and sets their passwords."""

import hashlib
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

import asyncpg

from domain.identity import AgentCode, ProjectName, TeamName
from domain.roles import Role
from storage.account_errors import AccountRefusal, AccountRefused, LoginRefusal, LoginRefused
from storage.audit import AuditAction, AuditLog, utc_now
from storage.database import connection
from storage.first_users import FirstUser, employ_all, names_in_the_way
from storage.password_hashing import Passwords
from storage.projects import Projects, as_array
from storage.queries import load

_SQL = load("users")
USER_BY_NAME = _SQL["get_user"]


@dataclass(frozen=True, slots=True)
class User:
    """A user, without secrets. ``projects`` None: all; an agent's are those of the directory."""

    name: str
    role: Role
    projects: frozenset[ProjectName] | None
    agent: AgentCode | None
    language: str | None
    disabled: bool
    created_at: datetime
    password_changed_at: datetime
    teams: frozenset[TeamName] = frozenset()
    """The teams that they look after."""
    agent_gone: bool = False
    """They are an agent whom the directory doesn't have (any more), and can't sign in."""


class UserRow(TypedDict):
    """A row of ``console_users``."""

    name: str
    password_hash: str
    role: str
    projects: list[ProjectName] | None
    agent: AgentCode | None
    language: str | None
    disabled: bool
    created_at: datetime
    password_changed_at: datetime
    teams: list[TeamName]
    agent_gone: bool


class UserStore:
    """Users. Names that differ only in case are one name. While the database is away, each call
    raises one of ``storage.database_errors.AWAY``."""

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
        teams: Iterable[TeamName] = (),
    ) -> User:
        """Creates a user. Raises AccountRefused if the name is taken or malformed, if the password
        is too short or too long, or if an agent has no code or another user's."""
        add = await self.adding(
            name,
            password,
            role,
            by=by,
            projects=projects,
            agent=agent,
            language=language,
            teams=teams,
        )
        async with connection(self._pool) as db, db.transaction():
            return await add(db)

    async def adding(
        self,
        name: str,
        password: str,
        role: Role,
        *,
        by: str,
        projects: Iterable[ProjectName] | None = (),
        agent: AgentCode | None = None,
        language: str | None = None,
        teams: Iterable[TeamName] = (),
    ) -> Callable[[asyncpg.Connection], Awaitable[User]]:
        """What creates a user within a transaction of the caller's. Both this and what it returns
        raise AccountRefused, as ``create`` does; the password is hashed here, outside."""
        key = _well_formed(name)
        _check_agent(role, agent)
        hashed = await self._passwords.hash(password)
        return self._adding(key, hashed, role, by, projects, agent, language, teams)

    def _adding(
        self,
        key: str,
        hashed: str,
        role: Role,
        by: str,
        projects: Iterable[ProjectName] | None,
        agent: AgentCode | None,
        language: str | None = None,
        teams: Iterable[TeamName] = (),
    ) -> Callable[[asyncpg.Connection], Awaitable[User]]:
        now, seen, led = self._clock(), as_array(projects), sorted(teams)

        async def add(db: asyncpg.Connection) -> User:
            async with _one_user_of(db, agent):
                made = await db.fetchval(
                    _SQL["create_user"], key, hashed, role.value, seen, agent, language, now, led
                )
            if made is None:
                raise AccountRefused(AccountRefusal.NAME_TAKEN, name=key)
            await self._audit.write_with(
                db, by, AuditAction.USER_CREATED, key, detail={"role": role, "projects": seen}
            )
            return user_of_row(await db.fetchrow(USER_BY_NAME, key, None))

        return add

    async def employing(
        self,
        agent: AgentCode,
        name: str | None,
        password: str,
        *,
        by: str,
        projects: Iterable[ProjectName],
    ) -> Callable[[asyncpg.Connection], Awaitable[None]]:
        """What gives a new agent their desk's user within a transaction of the caller's; ``name``
        None: no user. Both this and what it returns raise AccountRefused, as ``create`` does.

        Users whom an earlier agent of this code had are disabled, for they were somebody else's;
        one of the same name is the new agent's from now on, with the new password.
        """
        key = None if name is None else _well_formed(name)
        hashed, now = await self._passwords.hash(password), self._clock()

        async def employ(db: asyncpg.Connection) -> None:
            former = await self._dismissed(db, agent, by, keeping=key)
            if key is not None and key in former:
                async with _one_user_of(db, agent):
                    await db.execute(_SQL["set_disabled"], key, False)
                await db.execute(_SQL["set_password"], key, hashed, now, None)
                await self._audit.write_with(db, by, AuditAction.PASSWORD_CHANGED, key)
            elif key is not None:
                await self._adding(key, hashed, Role.AGENT, by, projects, agent)(db)

        return employ

    async def names_in_the_way(self, agents: Sequence[AgentCode]) -> frozenset[AgentCode]:
        """Those of these new agents who can't get a user named after their code."""
        async with connection(self._pool) as db:
            return await names_in_the_way(db, agents)

    def employing_all(
        self, newcomers: Sequence[FirstUser], *, by: str
    ) -> Callable[[asyncpg.Connection], Awaitable[frozenset[AgentCode]]]:
        """What does the same for many new agents (``storage.first_users``), and returns those who
        have a user then."""
        now = self._clock()
        return lambda db: employ_all(db, self._audit, newcomers, by=by, at=now)

    def dismissing(self, by: str) -> Callable[[asyncpg.Connection, str], Awaitable[None]]:
        """What disables, within a transaction of the caller's, the desk's users of an agent's code,
        because they were somebody else's."""

        async def dismiss(db: asyncpg.Connection, agent: str) -> None:
            await self._dismissed(db, agent, by)

        return dismiss

    async def _dismissed(
        self, db: asyncpg.Connection, agent: str, by: str, *, keeping: str | None = None
    ) -> frozenset[str]:
        """End the sessions of the desk's users of an agent's code, disable all but one, and return
        their names."""
        former = await db.fetch(_SQL["desk_users_of_agent"], agent)
        for row in former:
            await db.execute(_SQL["end_sessions_of_user"], row["name"], None)
            if row["name"] != keeping and not row["disabled"]:
                await db.execute(_SQL["set_disabled"], row["name"], True)
                await self._audit.write_with(
                    db, by, AuditAction.USER_CHANGED, row["name"], detail={"disabled": True}
                )
        return frozenset(row["name"] for row in former)

    async def ensure_admin(self, name: str, password: str) -> bool:
        """Creates the first admin; False, and nothing is changed, if there is one already."""
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
        teams: Iterable[TeamName] = (),
    ) -> None:
        """Sets everything about a user but the password and whether they are disabled.

        Raises AccountRefused if there is no such user, if no admin would be left, or if another
        user has the agent's code.
        """
        key, seen, led = user_key(name), as_array(projects), sorted(teams)
        _check_agent(role, agent)
        async with connection(self._pool) as db, _one_user_of(db, agent):
            await db.execute(_SQL["lock_users"])  # two admins must not be able to remove each other
            if role is not Role.ADMIN and not await db.fetchval(_SQL["other_admin"], key):
                raise AccountRefused(AccountRefusal.LAST_ADMIN, name=key)
            is_disabled = await db.fetchval(
                _SQL["change_user"], key, role.value, seen, agent, language, led
            )
            if is_disabled is None:
                raise AccountRefused(AccountRefusal.NO_SUCH_USER, name=key)
            detail = {"role": role, "projects": seen, "agent": agent, "disabled": is_disabled}
            detail["teams"] = led
            await self._audit.write_with(db, by, AuditAction.USER_CHANGED, key, detail=detail)

    async def set_disabled(self, name: str, disabled: bool, *, by: str) -> None:
        """Disables a user, which ends their sessions, or enables one; changes nothing else.

        Raises AccountRefused as ``change`` does.
        """
        key = user_key(name)
        user = await self.get(key)
        async with (
            connection(self._pool) as db,
            _one_user_of(db, None if user is None else user.agent),
        ):
            await db.execute(_SQL["lock_users"])
            if disabled and not await db.fetchval(_SQL["other_admin"], key):
                raise AccountRefused(AccountRefusal.LAST_ADMIN, name=key)
            if not await db.fetchval(_SQL["set_disabled"], key, disabled):
                raise AccountRefused(AccountRefusal.NO_SUCH_USER, name=key)
            if disabled:
                await db.execute(_SQL["end_sessions_of_user"], key, None)
            await self._audit.write_with(
                db, by, AuditAction.USER_CHANGED, key, detail={"disabled": disabled}
            )

    async def set_password(
        self,
        name: str,
        password: str,
        *,
        by: str,
        keep_token: str | None = None,
        checked: User | None = None,
    ) -> None:
        """Sets a password and ends all the user's sessions but that of ``keep_token``.

        Raises AccountRefused. ``checked`` is what ``check`` returned for the old password a moment
        ago; raises LoginRefused if it has been changed since.
        """
        key, hashed = user_key(name), await self._passwords.hash(password)
        async with connection(self._pool) as db, db.transaction():
            was_set_at = None if checked is None else checked.password_changed_at
            if not await db.fetchval(_SQL["set_password"], key, hashed, self._clock(), was_set_at):
                if checked is not None:
                    raise LoginRefused(LoginRefusal.WRONG)
                raise AccountRefused(AccountRefusal.NO_SUCH_USER, name=key)
            kept = None if keep_token is None else token_hash(keep_token)
            await db.execute(_SQL["end_sessions_of_user"], key, kept)
            await self._audit.write_with(db, by, AuditAction.PASSWORD_CHANGED, key)

    async def get(self, name: str, *, projects: Projects = None) -> User | None:
        async with connection(self._pool) as db:
            row: UserRow | None = await db.fetchrow(
                USER_BY_NAME, user_key(name), as_array(projects)
            )
        return None if row is None else user_of_row(row)

    async def of_agent(self, agent: AgentCode) -> User | None:
        """The user who works as this agent, unless they are disabled."""
        async with connection(self._pool) as db:
            name = await db.fetchval(_SQL["user_of_agent"], agent)
        return None if name is None else await self.get(name)

    async def list(self, *, projects: Projects = None) -> tuple[User, ...]:
        """All users, sorted by name; with ``projects``, only those who work for one of them."""
        async with connection(self._pool) as db:
            rows: list[UserRow] = await db.fetch(_SQL["list_users"], as_array(projects))
        return tuple(user_of_row(row) for row in rows)


@asynccontextmanager
async def _one_user_of(db: asyncpg.Connection, agent: AgentCode | None) -> AsyncIterator[None]:
    """A transaction, or a part of one that can be taken back. Raises AccountRefused with the other
    user if the agent's code is taken."""
    try:
        async with db.transaction():
            yield
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != "users_agent":
            raise
        other = await db.fetchval(_SQL["user_of_agent"], agent)
        raise AccountRefused(AccountRefusal.AGENT_TAKEN, name=other, agent=agent) from None


def user_key(name: str) -> str:
    """The form in which a name is stored and looked up."""
    text = unicodedata.normalize("NFKC", name).casefold().strip()
    return "".join(char for char in text if unicodedata.category(char)[0] != "C")


def _well_formed(name: str) -> str:
    key = user_key(name)
    if not key or len(key) > 64:
        raise AccountRefused(AccountRefusal.NAME_MALFORMED, name=key)
    return key


def _check_agent(role: Role, agent: AgentCode | None) -> None:
    if role is Role.AGENT and not agent:
        raise AccountRefused(AccountRefusal.AGENT_MISSING)


def token_hash(token: str) -> bytes:
    """Hashes a token. A plain hash is enough for a random one: there is nothing to guess."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def user_of_row(row: UserRow) -> User:
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
        teams=frozenset(row["teams"]),
        agent_gone=row["agent_gone"],
    )
