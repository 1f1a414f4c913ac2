"""Logins, sessions, and the log of what was done."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from argon2 import PasswordHasher

from centre.authority import SYSTEM
from centre.directory_service import DirectoryService, WishedThing
from centre.directory_store import DirectoryStore
from centre.organisation_settings import AgentSettings
from domain.identity import AgentCode, ProjectName
from domain.roles import Role
from storage.account_errors import AccountRefusal, AccountRefused, LoginRefusal, LoginRefused
from storage.accounts import Accounts, accounts_of
from storage.audit import AuditAction
from storage.database import Database, connection, make_pool
from storage.embedded import EmbeddedServer
from storage.first_users import FirstUser
from storage.migrate import migrate, migrations
from storage.password_hashing import Passwords, hash_first_password
from storage.throttle import FREE_TRIES
from tests.centre.small import TEA

GOOD = "correct horse"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(database: Database, clock: Clock) -> Accounts:
    cheap = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
    return accounts_of(database.pool, clock=clock, passwords=Passwords(cheap))


@contextmanager
def not_done(why: AccountRefusal, name: str | None = None) -> Iterator[None]:
    """What is done here is refused, for this reason and because of this user."""
    with pytest.raises(AccountRefused) as refused:
        yield
    assert (refused.value.why, refused.value.name) == (why, name)


async def refused(accounts: Accounts, name: str, password: str, address: str = "") -> LoginRefused:
    with pytest.raises(LoginRefused) as error:
        await accounts.logins.login(name, password, address=address)
    return error.value


async def test_login_session_logout(accounts: Accounts) -> None:
    await accounts.users.create(
        "Wang.Fang", GOOD, Role.SUPERVISOR, by="t", projects=[ProjectName("acme")]
    )
    login = await accounts.logins.login(" WANG.fang ", GOOD)
    assert login.user.name == "wang.fang"
    user = await accounts.logins.session(login.token)
    assert user is not None
    assert (user.role, user.projects) == (Role.SUPERVISOR, frozenset({"acme"}))
    await accounts.logins.logout(login.token)
    await accounts.logins.logout(login.token)
    assert await accounts.logins.session(login.token) is None
    for token in ("", "x", "x" * 1000, "\x00"):
        assert await accounts.logins.session(token) is None


async def test_only_hashes_are_stored(accounts: Accounts, database: Database) -> None:
    await accounts.users.create("a", GOOD, Role.ADMIN, by="t", projects=None)
    login = await accounts.logins.login("a", GOOD)
    row = await database.pool.fetchrow("select * from users join sessions using (name)")
    assert row["password_hash"].startswith("$argon2id$")
    assert login.token.encode() not in row["token_hash"] and len(row["token_hash"]) == 32


async def test_a_wrong_password_and_a_wrong_name_are_not_told_apart(accounts: Accounts) -> None:
    await accounts.users.create("a", GOOD, Role.OPS, by="t")
    for name, password in (("a", "wrong horse"), ("b", GOOD), ("a", ""), ("a\x00", "\ud800")):
        error = await refused(accounts, name, password)
        assert (error.why, error.retry_after_s) == (LoginRefusal.WRONG, 0)


async def test_sessions_expire(accounts: Accounts, clock: Clock) -> None:
    await accounts.users.create("a", GOOD, Role.OPS, by="t")
    login = await accounts.logins.login("a", GOOD)
    clock.pass_(hours=11)
    assert await accounts.logins.session(login.token)  # and goes on from here
    clock.pass_(hours=11)
    assert await accounts.logins.session(login.token)
    clock.pass_(hours=12, seconds=1)
    assert await accounts.logins.session(login.token) is None
    login = await accounts.logins.login("a", GOOD)
    for _ in range(17):
        clock.pass_(hours=10)
        last = await accounts.logins.session(login.token)
    assert last is None, "no session lives longer than a week, however busy"


async def test_guessing_is_slowed_down_and_locks_nobody_else_out(
    accounts: Accounts, clock: Clock
) -> None:
    await accounts.users.create("a", GOOD, Role.OPS, by="t")
    for _ in range(5):
        assert (await refused(accounts, "a", "guess", "10.0.0.1")).why is LoginRefusal.WRONG
    error = await refused(accounts, "a", GOOD, "10.0.0.1")
    assert (error.why, error.retry_after_s) == (LoginRefusal.THROTTLED, 15)
    assert await accounts.logins.login("a", GOOD, address="10.0.0.2")
    clock.pass_(seconds=16)
    assert (await refused(accounts, "a", "guess", "10.0.0.1")).why is LoginRefusal.WRONG
    assert (await refused(accounts, "a", "guess", "10.0.0.1")).retry_after_s == 30
    clock.pass_(minutes=16)
    assert await accounts.logins.login("a", GOOD, address="10.0.0.1")


async def test_a_hundred_guesses_at_once_are_not_a_hundred_guesses(accounts: Accounts) -> None:
    await accounts.users.create("a", GOOD, Role.OPS, by="t")
    tries = [accounts.logins.login("a", f"guess {n}", address="10.0.0.1") for n in range(30)]
    tries.append(accounts.logins.login("a", GOOD, address="10.0.0.1"))
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert all(isinstance(outcome, LoginRefused) for outcome in outcomes)


async def test_guessing_many_names_from_one_address(accounts: Accounts) -> None:
    for number in range(30):
        await refused(accounts, f"name{number}", "guess", "10.0.0.1")
    assert (await refused(accounts, "another", "guess", "10.0.0.1")).why is LoginRefusal.THROTTLED


async def test_a_flood_of_guesses_costs_no_more_than_those_that_are_free(
    database: Database, clock: Clock
) -> None:
    looked_at: list[str] = []

    class Counting(Passwords):
        async def is_right(self, stored: str | None, password: str) -> bool:
            looked_at.append(password)
            return await super().is_right(stored, password)

    cheap = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
    accounts = accounts_of(database.pool, clock=clock, passwords=Counting(cheap))
    await accounts.users.create("a", GOOD, Role.OPS, by="t")
    flood = [
        asyncio.ensure_future(
            accounts.logins.login(f"n{number}", "wrong password", address="10.0.0.1")
        )
        for number in range(300)
    ]
    await accounts.logins.login("a", GOOD, address="10.0.0.2")
    assert len(looked_at) < FREE_TRIES, "the one who signs in elsewhere waits for those before"
    outcomes = await asyncio.gather(*flood, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {LoginRefused}
    assert len(looked_at) == 1 + FREE_TRIES


async def test_hashing_is_not_done_on_the_loop(database: Database) -> None:
    threads: set[threading.Thread] = set()

    class Watched(PasswordHasher):
        def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
            threads.add(threading.current_thread())
            return super().hash(password, salt=salt)

        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
            threads.add(threading.current_thread())
            return super().verify(hash, password)

    accounts = accounts_of(database.pool, passwords=Passwords(Watched(parallelism=1)))
    await accounts.users.create("a", GOOD, Role.OPS, by="t")
    await asyncio.gather(*(accounts.logins.login("a", GOOD) for _ in range(6)))
    assert 1 <= len(threads) <= 2
    assert threading.current_thread() not in threads


async def test_a_first_password_is_good_and_hashed_anew_at_the_first_sign_in(
    database: Database,
) -> None:
    tries: list[str] = []

    class Counted(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
            tries.append(str(hash))
            return super().verify(hash, password)

    accounts = accounts_of(
        database.pool,
        passwords=Passwords(Counted(time_cost=2, memory_cost=1024, parallelism=1)),
    )
    newcomers = [
        FirstUser(AgentCode(code), hash_first_password(f"{GOOD} {code}"), (ProjectName("tea"),))
        for code in ("1001", "1002", "1003", "1004")
    ]
    newcomers.append(FirstUser(AgentCode("1005"), None, ()))
    await accounts.users.create("1002", GOOD, Role.OPS, by="t")
    await accounts.users.create("boss", GOOD, Role.SUPERVISOR, by="t", agent=AgentCode("1003"))
    for name, code in (("1004", "1004"), ("zoe", "1005")):  # earlier agents' users
        await accounts.users.create(name, GOOD, Role.AGENT, by="t", agent=AgentCode(code))
    codes = [one.agent for one in newcomers]
    assert await accounts.users.names_in_the_way(codes) == {"1002", "1003"}
    async with database.pool.acquire() as db, db.transaction():
        got = await accounts.users.employing_all(newcomers, by="ops")(db)
    assert got == {"1001", "1004"}
    user = await accounts.users.get("1001")
    assert user is not None
    assert (user.role, user.agent, user.disabled) == (Role.AGENT, AgentCode("1001"), False)
    entries = await accounts.audit.entries(projects=None, by="ops")
    assert [(entry.action, entry.target) for entry in reversed(entries)] == [
        (AuditAction.USER_CHANGED, "zoe"),
        (AuditAction.PASSWORD_CHANGED, "1004"),
        (AuditAction.USER_CREATED, "1001"),
    ]
    agents = [AgentSettings(code=code, name=code, projects=("tea",)) for code in codes]
    await DirectoryService(DirectoryStore(database.pool)).change(
        SYSTEM, [WishedThing(thing.KIND, thing.key, thing, None) for thing in (TEA, *agents)]
    )
    # A wrong password for one that is hashed quickly takes as long as for any other.
    await refused(accounts, "1001", "wrong horse")
    quick, slow = tries
    assert quick != slow
    await accounts.logins.login("1001", f"{GOOD} 1001")
    tries.clear()
    await refused(accounts, "1001", "wrong horse")
    assert len(tries) == 1
    await accounts.logins.login("1001", f"{GOOD} 1001")
    await accounts.logins.login("1004", f"{GOOD} 1004")
    await refused(accounts, "zoe", GOOD)
    await accounts.logins.login("1002", GOOD)


async def test_a_changed_password_ends_the_other_sessions(accounts: Accounts) -> None:
    await accounts.users.create("a", GOOD, Role.OPS, by="t")
    here, there = await accounts.logins.login("a", GOOD), await accounts.logins.login("a", GOOD)
    await accounts.users.set_password("a", "another horse", by="a", keep_token=here.token)
    assert await accounts.logins.session(here.token)
    assert await accounts.logins.session(there.token) is None
    await refused(accounts, "a", GOOD)
    with not_done(AccountRefusal.PASSWORD_LENGTH):
        await accounts.users.set_password("a", "short", by="a")
    with not_done(AccountRefusal.NO_SUCH_USER, name="nobody"):
        await accounts.users.set_password("nobody", GOOD, by="a")


class Watched(Passwords):
    """Real ones; ``meanwhile`` happens once, after a password was found right."""

    def __init__(self) -> None:
        super().__init__(PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1))
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    async def is_right(self, stored: str | None, password: str) -> bool:
        right = await super().is_right(stored, password)
        if (what := self.meanwhile) is not None:
            self.meanwhile = None
            await what()
        return right


async def test_nobody_signs_in_with_a_password_that_was_just_changed(
    database: Database, clock: Clock
) -> None:
    passwords = Watched()
    accounts = accounts_of(database.pool, clock=clock, passwords=passwords)
    await accounts.users.ensure_admin("admin", GOOD)
    await accounts.users.create("a", GOOD, Role.OPS, by="t")
    kept = await accounts.logins.login("a", GOOD)

    async def change() -> None:
        clock.pass_(seconds=1)
        await accounts.users.set_password("a", "another horse", by="t", keep_token=kept.token)

    passwords.meanwhile = change
    with pytest.raises(LoginRefused):
        await accounts.logins.login("a", GOOD, instead_of=kept.token)
    (session,) = await accounts.logins.sessions("a", kept.token)
    assert session.current  # nor does the one that it was to replace end

    async def disable() -> None:
        await accounts.users.set_disabled("a", True, by="t")

    passwords.meanwhile = disable
    await refused(accounts, "a", "another horse")
    await accounts.users.set_disabled("a", False, by="t")
    assert await accounts.logins.sessions("a", kept.token) == ()


async def test_who_knew_the_old_password_does_not_undo_a_reset(
    accounts: Accounts, clock: Clock
) -> None:
    await accounts.users.create("a", GOOD, Role.OPS, by="t")
    checked = await accounts.logins.check("a", GOOD)
    clock.pass_(seconds=1)
    await accounts.users.set_password("a", "the admin's horse", by="admin")
    with pytest.raises(LoginRefused):
        await accounts.users.set_password("a", "the thief's horse", by="a", checked=checked)
    await accounts.logins.login("a", "the admin's horse")


async def test_disabling_ends_sessions_and_the_last_admin_stays(accounts: Accounts) -> None:
    assert await accounts.users.ensure_admin("Admin", GOOD)
    assert not await accounts.users.ensure_admin("other", GOOD)
    await accounts.users.create("a", GOOD, Role.OPS, by="admin")
    login = await accounts.logins.login("a", GOOD)
    await accounts.users.set_disabled("a", True, by="admin")
    assert await accounts.logins.session(login.token) is None
    await refused(accounts, "a", GOOD)
    with not_done(AccountRefusal.LAST_ADMIN, name="admin"):
        await accounts.users.change(
            "admin", by="admin", role=Role.QA, projects=None, agent=None, language=None
        )
    with not_done(AccountRefusal.LAST_ADMIN, name="admin"):
        await accounts.users.set_disabled("admin", True, by="admin")
    with not_done(AccountRefusal.NO_SUCH_USER, name="nobody"):
        await accounts.users.set_disabled("nobody", True, by="admin")


async def test_what_can_not_be_created(accounts: Accounts) -> None:
    await accounts.users.create("a", GOOD, Role.OPS, by="t")
    for name, password, role, why, about in (
        ("A", GOOD, Role.OPS, AccountRefusal.NAME_TAKEN, "a"),
        (" ", GOOD, Role.OPS, AccountRefusal.NAME_MALFORMED, ""),
        ("b", "short", Role.OPS, AccountRefusal.PASSWORD_LENGTH, None),
        ("b", GOOD, Role.AGENT, AccountRefusal.AGENT_MISSING, None),
    ):
        with not_done(why, name=about):
            await accounts.users.create(name, password, role, by="t")
    made = await accounts.users.create("b", GOOD, Role.AGENT, by="t", agent=AgentCode("1001"))
    assert await accounts.users.get("B") == made
    assert [user.name for user in await accounts.users.list()] == ["a", "b"]


async def test_lists_are_filtered_by_project(accounts: Accounts) -> None:
    acme, other = ProjectName("acme"), ProjectName("other")
    await accounts.users.create("a", GOOD, Role.OPS, by="t", projects=[acme])
    await accounts.users.create("b", GOOD, Role.OPS, by="t", projects=[other])
    assert [user.name for user in await accounts.users.list(projects=frozenset({acme}))] == ["a"]
    assert await accounts.users.get("b", projects=frozenset({acme})) is None
    await accounts.audit.write(
        "a", AuditAction.RECORDING_LISTENED, "pbx1-1.1", project=acme, detail={"s": 3}
    )
    await accounts.audit.write("b", AuditAction.RECORDING_LISTENED, "pbx1-2.1", project=other)
    [entry] = await accounts.audit.entries(projects=frozenset({acme}))
    assert (entry.by, entry.target, entry.detail) == ("a", "pbx1-1.1", {"s": 3})


async def test_everything_is_in_the_log(accounts: Accounts) -> None:
    await accounts.users.create("a", GOOD, Role.OPS, by="admin")
    await refused(accounts, "a", "wrong horse", "10.0.0.1")
    login = await accounts.logins.login("a", GOOD, address="10.0.0.1")
    await accounts.logins.logout(login.token)
    entries = await accounts.audit.entries(projects=None)
    assert [entry.action for entry in reversed(entries)] == [
        "user created",
        "login refused",
        "logged in",
        "logged out",
    ]
    older = await accounts.audit.entries(projects=None, before=entries[1].id, limit=1)
    assert [entry.action for entry in older] == ["login refused"]


async def test_an_old_hash_is_made_anew_at_login(accounts: Accounts, database: Database) -> None:
    await accounts.users.create("a", GOOD, Role.OPS, by="t")
    stored = "select password_hash from users"
    before = await database.pool.fetchval(stored)
    assert await accounts_of(database.pool).logins.login("a", GOOD)
    after = await database.pool.fetchval(stored)
    assert after != before and "m=65536" in after


async def test_of_many_who_want_one_agent_one_gets_it(accounts: Accounts) -> None:
    tea, code = [ProjectName("tea")], AgentCode("1001")
    names = [f"user{n}" for n in range(8)]
    made = await asyncio.gather(
        *[
            accounts.users.create(n, GOOD, Role.AGENT, by="t", projects=tea, agent=code)
            for n in names
        ],
        return_exceptions=True,
    )
    refused = [e for e in made if isinstance(e, AccountRefused)]
    (winner,) = [user.name for user in await accounts.users.list()]
    assert [(e.why, e.name, e.agent) for e in refused] == [
        (AccountRefusal.AGENT_TAKEN, winner, code)
    ] * 7
    await accounts.users.ensure_admin("admin", GOOD)
    for name in ("a", "b"):
        await accounts.users.create(name, GOOD, Role.QA, by="t", projects=tea)
    wanted = AgentCode("1002")
    changed = await asyncio.gather(
        *[
            accounts.users.change(
                name, by="t", role=Role.AGENT, projects=tea, agent=wanted, language=None
            )
            for name in ("a", "b")
        ],
        return_exceptions=True,
    )
    (refusal,) = [outcome for outcome in changed if outcome is not None]
    assert isinstance(refusal, AccountRefused)
    assert (refusal.why, refusal.agent) == (AccountRefusal.AGENT_TAKEN, wanted)
    assert refusal.name in ("a", "b")


async def test_of_users_who_share_an_agent_one_keeps_it(postgres: EmbeddedServer) -> None:
    """An older Offhook let them."""
    pool = await make_pool(await postgres.database("shared_agents"))
    at = datetime(2026, 3, 2, tzinfo=UTC)
    async with connection(pool) as db:
        await migrate(db, migrations()[:2])
        for number, (name, agent, disabled) in enumerate(
            (
                ("old", "1001", False),
                ("last", "1001", False),
                ("gone", "1001", True),
                ("first", "1002", False),
                ("second", "1002", False),
                ("alone", "1003", False),
            )
        ):
            await db.execute(
                "insert into users (name, password_hash, role, projects, agent, disabled,"
                " created_at, password_changed_at)"
                " values ($1, 'x', 'agent', array['tea'], $2, $3, $4, $4)",
                name, agent, disabled, at + timedelta(days=number),
            )  # fmt: skip
        await db.executemany(
            "insert into audit_log (at, by, action) values ($1, $2, 'logged in')",
            [(at, "old"), (at + timedelta(days=9), "last"), (at + timedelta(days=10), "gone")],
        )
        await migrate(db)
    accounts = accounts_of(pool)
    assert {user.name: user.agent for user in await accounts.users.list()} == {
        "old": None, "last": "1001", "gone": "1001", "first": "1002", "second": None,
        "alone": "1003",
    }  # fmt: skip
    log = await accounts.audit.entries(projects=None, action=AuditAction.AGENT_CODE_TAKEN_AWAY)
    assert {e.target: dict(e.detail) for e in log} == {
        "old": {"agent": "1001", "kept_by": "last"},
        "second": {"agent": "1002", "kept_by": "first"},
    }
    await pool.close()
