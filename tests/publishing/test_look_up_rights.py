"""Secrets by name and services inside the centre, on a real database."""

import asyncio
import json
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from domain.roles import Actor, Role
from publishing.inner_services import ServiceConcern, may_be_asked
from publishing.look_up_rights import LookUpRights
from publishing.right_words import RightsRefusal, RightsRefused
from storage.audit import AuditAction
from storage.database import Database, connection
from tests.waiting import until

ADMIN = Actor("ann", Role.ADMIN, None)
OPS = Actor("olga", Role.OPS, None)
KEY = Fernet.generate_key().decode()


def refuses(why: RightsRefusal) -> "pytest.RaisesExc[RightsRefused]":
    return pytest.RaisesExc(RightsRefused, check=lambda error: error.why is why)


async def test_a_secret_is_for_its_project_and_leaves_no_trace(
    database: Database, tmp_path: Path
) -> None:
    copy = tmp_path / "look-ups.json"
    rights = LookUpRights(database.pool, KEY, copy)
    await rights.begin()
    assert rights.secret("tea", "crm") is None and rights.names("tea") == frozenset()
    await rights.put_secret(ADMIN, "crm", "", "Bearer of-all", "the CRM's")
    await rights.put_secret(ADMIN, "crm", "tea", "Bearer of-tea")
    await rights.put_secret(ADMIN, "only_tea", "tea", "t")
    assert rights.secret("tea", "crm") == "Bearer of-tea"
    assert rights.secret("coffee", "crm") == rights.secret("", "crm") == "Bearer of-all"
    assert rights.secret("coffee", "only_tea") is None
    assert rights.names("tea") == {"crm", "only_tea"} and rights.names("coffee") == {"crm"}
    await rights.put_secret(ADMIN, "crm", "tea", "Bearer newer")
    assert rights.secret("tea", "crm") == "Bearer newer"
    assert [(one.name, one.project, one.note, one.readable) for one in await rights.secrets()] == [
        ("crm", "", "the CRM's", True), ("crm", "tea", "", True), ("only_tea", "tea", "", True),
    ]  # fmt: skip
    changes = await rights.changes()
    assert [(one.by, one.what, one.about, one.project) for one in changes[:2]] == [
        ("ann", AuditAction.FLOW_SECRET_SET, "crm", "tea"),
        ("ann", AuditAction.FLOW_SECRET_SET, "only_tea", "tea"),
    ]
    async with connection(database.pool) as db:
        rows = await db.fetch("select * from flow_secrets")
        rows += await db.fetch("select * from audit_log")
    told = f"{rows} {rights!r} {await rights.secrets()} {changes} {copy.read_text()}"
    assert "of-tea" not in told and "newer" not in told and "of-all" not in told
    assert copy.stat().st_mode & 0o077 == 0
    await rights.remove_secret(ADMIN, "crm", "tea")
    assert rights.secret("tea", "crm") == "Bearer of-all"
    with refuses(RightsRefusal.UNKNOWN):
        await rights.remove_secret(ADMIN, "crm", "tea")


async def test_another_key_reads_nothing_and_says_so(database: Database) -> None:
    await LookUpRights(database.pool, KEY).put_secret(ADMIN, "crm", "", "x")
    other = LookUpRights(database.pool, Fernet.generate_key().decode())
    await other.begin()
    assert other.secret("", "crm") is None
    (kept,) = await other.secrets()
    assert not kept.readable
    await other.put_secret(ADMIN, "crm", "", "y")
    assert other.secret("", "crm") == "y"


async def test_only_admins_change_anything(database: Database) -> None:
    rights = LookUpRights(database.pool, KEY)
    for forbidden in (
        rights.put_secret(OPS, "crm", "", "x"),
        rights.remove_secret(OPS, "crm", ""),
        rights.allow(OPS, "10.0.0.0/8"),
        rights.disallow(OPS, "10.0.0.0/8"),
    ):
        with refuses(RightsRefusal.FORBIDDEN):
            await forbidden


@pytest.mark.parametrize("name", ["", "Crm", "1", "a" * 65, "a b", "a\n", "é", "../x"])
async def test_odd_names_are_refused(database: Database, name: str) -> None:
    with refuses(RightsRefusal.BAD_NAME):
        await LookUpRights(database.pool, KEY).put_secret(ADMIN, name, "", "x")


@pytest.mark.parametrize("value", ["", "a\r\nX-Other: 1", "ключ", "x" * 4001, "\x00"])
async def test_what_no_header_takes_is_refused(database: Database, value: str) -> None:
    with refuses(RightsRefusal.BAD_VALUE):
        await LookUpRights(database.pool, KEY).put_secret(ADMIN, "crm", "", value)


async def test_services_are_allowed_and_no_longer(database: Database) -> None:
    rights = LookUpRights(database.pool, KEY)
    await rights.begin()
    assert rights.services() == ()
    await rights.allow(ADMIN, "CRM.lan:8080", "the CRM")
    with refuses(RightsRefusal.EXISTS):
        await rights.allow(ADMIN, "crm.lan:8080")
    with refuses(RightsRefusal.BAD_ADDRESS):
        await rights.allow(ADMIN, "crm.lan")
    assert [str(one) for one in rights.services()] == ["crm.lan:8080"]
    (row,) = await rights.allowed()
    assert (row.address, row.note, row.added_by) == ("crm.lan:8080", "the CRM", "ann")
    await rights.disallow(ADMIN, "crm.lan:8080")
    assert rights.services() == ()


async def test_far_too_much_is_refused_and_what_may_be_a_mistake_is_confirmed(
    database: Database,
) -> None:
    rights = LookUpRights(database.pool, KEY)
    for far_too_wide in ("0.0.0.0/0", "::/0", "10.0.0.0/7", "0.0.0.0/0:80", "fc00::/7"):
        for confirmed in (False, True):
            with refuses(RightsRefusal.TOO_WIDE):
                await rights.allow(ADMIN, far_too_wide, confirmed=confirmed)
    for odd in ("10.0.0.0/8", "169.254.169.254"):
        with refuses(RightsRefusal.UNCONFIRMED):
            await rights.allow(ADMIN, odd)
        await rights.allow(ADMIN, odd, confirmed=True)
    assert len(rights.services()) == 2


async def test_what_was_allowed_before_stays_and_is_warned_about(database: Database) -> None:
    await database.pool.execute(
        "insert into inner_services values ('0.0.0.0/0', 'all', now(), 'ann')"
    )
    rights = LookUpRights(database.pool, KEY)
    await rights.begin()
    (row,) = await rights.allowed()
    assert row.concern is ServiceConcern.TOO_WIDE
    assert may_be_asked("10.1.2.3", 80, "10.1.2.3", rights.services())
    assert not may_be_asked("169.254.169.254", 80, "169.254.169.254", rights.services())


async def test_without_the_database_this_machine_remembers(
    database: Database, tmp_path: Path
) -> None:
    copy = tmp_path / "look-ups.json"
    before = LookUpRights(database.pool, KEY, copy)
    await before.put_secret(ADMIN, "crm", "", "x")
    await before.allow(ADMIN, "10.0.0.0/8", confirmed=True)
    await database.pool.close()
    after = LookUpRights(database.pool, KEY, copy)
    await after.begin()
    assert after.secret("tea", "crm") == "x" and len(after.services()) == 1
    for rubbish in ("[]", "{", json.dumps({"secrets": [[1]]}), "[" * 100_000):
        copy.write_text(rubbish)
        await after.begin()
        assert after.names("") == frozenset()


async def test_what_another_process_changes_is_seen(database: Database) -> None:
    here = LookUpRights(database.pool, KEY, look_every_s=0.02)
    await here.begin()
    keeping = asyncio.ensure_future(here.keep())
    await LookUpRights(database.pool, KEY).put_secret(ADMIN, "crm", "", "x")
    await until(lambda: here.secret("", "crm") == "x")
    keeping.cancel()
