"""A state made by the version before there was a directory goes on with this one.

``before_directory`` was made by running commit 505b806: ``offhook serve`` with this centre.yaml,
four calls written by its own code, and the database as pg_dump saw it afterwards. Its secrets are
invented.
"""

import asyncio
import json
import shutil
import stat
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from centre.directory import Directory
from centre.directory_store import DirectoryStore
from centre.endpoint_settings import LineSettings, StationSettings
from centre.inbound_settings import QueueSettings
from centre.kinds import Kind
from centre.organisation_settings import AgentSettings, AwayReasonSettings, SkillSettings
from centre.pins import AgentPins
from domain.centre import CallerHeader
from domain.identity import AgentCode, CallId
from offhook.backup_archive import DATABASE, Manifest, new_archive
from records.call_queries import CallStore
from storage.database import Database, open_database
from storage.dumping import dump
from storage.embedded import EmbeddedServer
from telephony.asterisk.digests import digest
from tests.conftest import PortBlocks
from tests.offhook.command import Serving, run

pytestmark = pytest.mark.live

BEFORE = Path(__file__).with_name("before_directory")
LAST_SCHEMA = 5
"""Of the version that made it."""


@pytest.fixture
async def old_dsn(postgres: EmbeddedServer) -> AsyncIterator[str]:
    """The address of its database."""
    admin = await asyncpg.connect(postgres.dsn())
    await admin.execute("drop database if exists old with (force)")
    dsn = await postgres.database("old")
    db = await asyncpg.connect(dsn)
    await db.execute(text_of(BEFORE / "state.sql"))
    await db.close()
    yield dsn
    await admin.execute("drop database if exists old with (force)")
    await admin.close()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Its folder."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    for name in ("centre.yaml", "secrets.json"):
        shutil.copy(BEFORE / name, folder / name)
    return folder


def text_of(path: Path) -> str:
    return path.read_text("utf-8")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def check_directory(database: Database) -> Directory:
    """It has what the file had, and passwords and PINs are what they were."""
    store = DirectoryStore(database.pool)
    directory = (await store.read()).directory
    assert list(directory.of(AgentSettings)) == ["1001", "1002"]
    assert directory.of(AgentSettings)["1001"].skills == {"sales": 3, "operator": 1}
    assert set(directory.of(SkillSettings)) == {"sales", "service", "operator"}
    assert directory.of(QueueSettings)["operator"].max_wait_s == 600
    assert list(directory.of(StationSettings)) == ["1001", "1002"]
    assert directory.of(LineSettings)["carrier"].caller_header is CallerHeader.ASSERTED
    reasons = directory.of(AwayReasonSettings).values()
    assert [(reason.name, reason.digit) for reason in reasons] == [("break", 1), ("lunch", 2)]
    assert directory.wide.timezone == "Asia/Shanghai"
    secrets = await store.secrets()
    assert secrets[Kind.STATION, "1001"] == digest("1001", "invented-1001")
    assert secrets[Kind.LINE, "pots"] == digest("pots", "invented-pots")
    assert await AgentPins(lambda: secrets).fits(AgentCode("1002"), "2002")
    return directory


async def check_calls(database: Database) -> None:
    store = CallStore(database.pool)
    page = await store.list(projects=None)
    assert (page.total, len(page.rows)) == (4, 4)
    call = CallId("pbx1-176400000.1")
    assert await database.pool.fetchval("select count(*) from call_facts where call = $1", call) > 5
    admin = await database.pool.fetchrow("select name, role from users")
    assert tuple(admin) == ("admin", "admin")


async def test_it_goes_on_with_this_version(
    state: Path, old_dsn: str, ports: PortBlocks, tmp_path: Path
) -> None:
    block, log = ports(), tmp_path / "log"
    config = state / "centre.yaml"
    for _ in ("moved", "as it is from now on"):
        async with Serving(config, state, block, old_dsn, log):
            opened = await open_database(old_dsn)
            try:
                await check_directory(opened)
                await check_calls(opened)
                assert len(await DirectoryStore(opened.pool).history()) == 1
            finally:
                await opened.close()
    left = text_of(config)
    assert left.endswith("# What belongs to the machine.\nnode: pbx1\n")
    assert "projects" not in left
    assert text_of(state / "centre.yaml.moved") == text_of(BEFORE / "centre.yaml")
    plain = json.loads(text_of(state / "passwords.json"))
    assert plain["sip"]["1002"] == "invented-1002"
    assert mode_of(state / "passwords.json") == 0o600
    assert json.loads(text_of(state / "secrets.json"))["agi"] == "invented-for-a-test-agi"

    exported = await asyncio.to_thread(
        run, "centre", "export", "--state", state, OFFHOOK_DSN=old_dsn
    )
    assert exported.code == 0, exported.err
    again = tmp_path / "tea.yaml"
    await asyncio.to_thread(again.write_text, exported.out)
    same = await asyncio.to_thread(
        run, "centre", "diff", again, "--state", state, OFFHOOK_DSN=old_dsn
    )
    assert (same.code, same.out) == (0, "0 created, 0 changed, 0 removed\n")
    assert "invented" not in exported.out


async def test_a_backup_of_it_is_brought_forward(
    state: Path, old_dsn: str, postgres: EmbeddedServer, ports: PortBlocks, tmp_path: Path
) -> None:
    file = tmp_path / "old.zip"
    with new_archive(file) as archive:
        for name in ("centre.yaml", "secrets.json"):
            with archive.member(f"state/{name}") as write:
                write(text_of(state / name).encode())
        with archive.member(DATABASE) as write:
            await dump(old_dsn, write)
        made_at = datetime(2026, 11, 26, tzinfo=UTC).isoformat()
        archive.finish(Manifest(made_at, "0.1.0", LAST_SCHEMA, "pbx1", recordings=False))
    admin = await asyncpg.connect(postgres.dsn())
    await admin.execute("drop database if exists old_again with (force)")
    await admin.close()
    dsn, new = await postgres.database("old_again"), tmp_path / "new"
    done = await asyncio.to_thread(run, "restore", file, "--state", new, OFFHOOK_DSN=dsn)
    assert done.code == 0, done.err
    async with Serving(new / "centre.yaml", new, ports(), dsn, tmp_path / "log"):
        opened = await open_database(dsn)
        try:
            await check_directory(opened)
            await check_calls(opened)
        finally:
            await opened.close()
