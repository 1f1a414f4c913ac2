"""A centre in one file, and back from it: on the real PostgreSQL, while it is in use."""

import asyncio
import hashlib
import json
import os
import signal
import stat
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
import structlog

from centre.authority import SYSTEM
from centre.directory import edits_between
from centre.directory_service import ANY, DirectoryService, WishedThing
from centre.directory_store import DirectoryStore
from records.writing import write
from storage.database import Database, connection, open_database
from storage.embedded import EmbeddedServer
from storage.migrate import migrations
from tests.centre.small import small_directory
from tests.databases import copied
from tests.offhook.command import command, environment, run, run_here
from tests.rights import another_user
from tests.storage.days import answered, as_stored
from tests.waiting import until_blocking

pytestmark = pytest.mark.live

FILES = {
    "secrets.json": '{"ami": "aaaaaaaaaaaaaaaa", "agi": "bbbbbbbbbbbbbbbb", "admin": "c"}',
    "passwords.json": '{"sip": {"1001": "x"}, "pins": {"1001": "1234"}}',
    "outbox.jsonl": "",
    "mine/shop.yaml": "flow: shop\nlanguages: [en]\nstart: bye\nnodes:\n  bye: {kind: hangup}\n",
    "prompts/uploaded/en/hello.wav": "RIFF sound",
    "recordings/2026/11/26/pbx1-1.1.wav": "RIFF" + "sound" * 10_000,
    "recordings/2026/11/26/half.part": "not yet a recording",
}
SETTINGS = "node: pbx7\nflows: mine\n"


def put(state: Path, settings: str = SETTINGS) -> None:
    for name, text in {**FILES, "centre.yaml": settings}.items():
        (state / name).parent.mkdir(parents=True, exist_ok=True)
        (state / name).write_text(text, "utf-8")


def all_of(state: Path) -> dict[str, str]:
    """The files that a backup is to have, as they are now."""
    wanted = [name for name in (*FILES, "centre.yaml") if not name.endswith(".part")]
    return {name: (state / name).read_text("utf-8") for name in wanted}


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def there(path: Path) -> bool:
    return path.exists()


@pytest.fixture
def state(own_folder: Path, server_data: Path) -> Path:
    """A centre of its own, with files of each sort."""
    own_folder.mkdir()
    copied(server_data, own_folder / "postgres")
    put(own_folder)
    return own_folder


async def fill(database: Database, calls: int = 20) -> None:
    things = [WishedThing(thing.KIND, thing.key, thing, ANY) for thing in small_directory()]
    await DirectoryService(DirectoryStore(database.pool)).change(
        SYSTEM, things, secrets={(thing.KIND, thing.key): "digest" for thing in small_directory()}
    )
    for number in range(calls):
        await add_call(database, number)


async def add_call(database: Database, number: int) -> None:
    async with connection(database.pool) as db:
        await write(db, [as_stored(one) for one in answered(f"c{number}", number)])


async def rows_of(database: Database) -> dict[str, str]:
    """All rows of all tables, hashed."""
    tables = await database.pool.fetch(
        "select tablename from pg_tables where schemaname = 'public'"
    )
    return {
        name: await database.pool.fetchval(
            f"select md5(string_agg(t::text, ',' order by t::text)) from {name} t"  # noqa: S608
        )
        for (name,) in tables
    }


async def of_embedded(state: Path) -> dict[str, str]:
    opened = await open_database(state / "postgres")
    try:
        return await rows_of(opened)
    finally:
        await opened.close()


async def filled(state: Path) -> dict[str, str]:
    opened = await open_database(state / "postgres")
    try:
        await fill(opened)
        return await rows_of(opened)
    finally:
        await opened.close()


@pytest.fixture
def archive(state: Path) -> Path:
    """A backup of ``state``, with recordings."""
    asyncio.run(filled(state))
    file = state.parent / "whole.zip"
    done = run("backup", "--state", state, "--to", file, "--recordings")
    assert done.code == 0, done.err
    return file


def test_a_centre_comes_back_as_it_was(state: Path) -> None:
    before = asyncio.run(filled(state))
    file, new = state.parent / "centre.zip", state.parent / "new" / "centre"
    done = run("backup", "--state", state, "--to", file, "--recordings")
    assert done.code == 0, done.err
    assert done.to_people == [f"offhook: wrote {file}, {file.stat().st_size:,} bytes"]
    assert mode_of(file) == 0o600
    again = run("restore", file, "--state", new)
    assert again.code == 0, again.err
    assert again.to_people[0].startswith("offhook: restored the backup of 20")
    assert all_of(new) == all_of(state)
    assert mode_of(new / "secrets.json") == 0o600
    assert not there(new / "recordings/2026/11/26/half.part")
    assert asyncio.run(of_embedded(new)) == before
    assert sorted(path.name for path in new.parent.iterdir()) == ["centre"]


def test_recordings_are_a_choice(state: Path, archive: Path) -> None:
    file, new = state.parent / "small.zip", state.parent / "new"
    assert "without recordings" in run("backup", "--state", state, "--to", file).err
    assert run("restore", file, "--state", new).code == 0
    assert not there(new / "recordings")
    other = state.parent / "other"
    assert run("restore", archive, "--state", other, "--without-recordings").code == 0
    assert not there(other / "recordings")
    assert there(other / "mine" / "shop.yaml")


async def test_a_backup_while_calls_are_written(
    dsn: str, database: Database, postgres: EmbeddedServer, tmp_path: Path
) -> None:
    """It is of one moment: each call has all its facts and its row, or nothing."""
    put(tmp_path / "state")
    await fill(database)
    going_on = asyncio.Event()

    async def more() -> None:
        number = 100
        while True:
            await add_call(database, number)
            number += 1
            going_on.set()

    calls = asyncio.get_running_loop().create_task(more())
    await going_on.wait()
    file = tmp_path / "busy.zip"
    try:
        done = await asyncio.to_thread(
            run, "backup", "--state", tmp_path / "state", "--to", file, OFFHOOK_DSN=dsn
        )
    finally:
        calls.cancel()
    assert done.code == 0, done.err
    fresh = await emptied(postgres)
    restored = await asyncio.to_thread(
        run, "restore", file, "--state", tmp_path / "new", OFFHOOK_DSN=fresh
    )
    assert restored.code == 0, restored.err
    opened = await open_database(fresh)
    try:
        facts = await opened.pool.fetch("select call, count(*) from call_facts group by 1")
        calls_there = await opened.pool.fetchval("select count(*) from calls")
        kept = await DirectoryStore(opened.pool).read()
    finally:
        await opened.close()
    assert len(facts) == calls_there > 20
    assert len({count for _, count in facts}) == 1
    assert edits_between(kept.directory, small_directory()) == ()


async def emptied(postgres: EmbeddedServer) -> str:
    """The address of a database that has nothing."""
    admin = await asyncpg.connect(postgres.dsn())
    await admin.execute("drop database if exists restored with (force)")
    await admin.close()
    return await postgres.database("restored")


def begin(*arguments: str | Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        command(*arguments),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def test_a_backup_that_is_killed_leaves_nothing_with_its_name(state: Path) -> None:
    asyncio.run(filled(state))
    file = state.parent / "killed.zip"
    part = file.with_name("killed.zip.part")
    process = begin("backup", "--state", state, "--to", file)
    until_blocking(lambda: there(part), 60, "the backup's file")
    process.kill()
    process.wait()
    assert not there(file)
    assert there(part)
    done = run("backup", "--state", state, "--to", file)
    assert done.code == 0, done.err
    assert there(file) and not there(part)


@pytest.mark.long
def test_a_restore_that_is_killed_can_be_begun_again(state: Path, archive: Path) -> None:
    new = state.parent / "new"
    process = begin("restore", archive, "--state", new)
    beside = state.parent / "new.restoring"
    until_blocking(lambda: there(beside / "secrets.json"), 60, "the first files")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not there(new)
    done = run("restore", archive, "--state", new)
    assert done.code == 0, done.err
    assert all_of(new) == all_of(state)
    assert not there(beside)


@pytest.mark.long
def test_ctrl_c_leaves_nothing(state: Path, archive: Path) -> None:
    new = state.parent / "new"
    process = begin("restore", archive, "--state", new)
    beside = state.parent / "new.restoring"
    until_blocking(lambda: there(beside / "secrets.json"), 60, "the first files")
    process.send_signal(signal.SIGINT)
    # It may have been done a moment before that.
    assert (process.wait(60), there(new)) in ((130, False), (0, True))
    assert not there(beside)
    file = state.parent / "again.zip"
    process = begin("backup", "--state", state, "--to", file, "--recordings")
    until_blocking(lambda: there(state.parent / "again.zip.part"), 60, "the backup's file")
    process.send_signal(signal.SIGINT)
    assert (process.wait(60), list(state.parent.glob("again*"))) in ((130, []), (0, [file]))


def test_folders_that_are_elsewhere(state: Path, tmp_path: Path) -> None:
    sounds, flows = tmp_path / "recordings", tmp_path / "flows"
    for folder, name in ((sounds, "a.wav"), (flows, "shop.yaml")):
        folder.mkdir()
        (folder / name).write_text(FILES["mine/shop.yaml"])
    put(state, f"node: pbx1\nflows: {flows}\nrecordings: {{root: {sounds}}}\n")
    asyncio.run(filled(state))
    file, new = tmp_path / "x.zip", state.parent / "new"
    assert run("backup", "--state", state, "--to", file, "--recordings").code == 0
    assert f"{sounds} (recordings.root) is not empty" in refused(file, new)
    sounds.rename(tmp_path / "old")
    done = run("restore", file, "--state", new)
    assert done.code == 0, done.err
    assert f"its flows are in {new / 'flows'}; set flows: to that" in done.err
    assert there(sounds / "a.wav") and there(new / "flows" / "shop.yaml")
    assert not there(tmp_path / "recordings.restoring")


def refused(archive: Path, new: Path, dsn: str = "") -> str:
    """Why it is not restored; nothing is left of the attempt."""
    said = run("restore", archive, "--state", new, OFFHOOK_DSN=dsn).only_complaint()
    assert not there(new)
    assert not there(new.with_name(f"{new.name}.restoring"))
    return said


def test_what_is_not_a_whole_backup_is_refused(archive: Path, tmp_path: Path) -> None:
    whole = archive.read_bytes()
    new = tmp_path / "new"
    cut = tmp_path / "cut.zip"
    for length in (0, 10, len(whole) // 2, len(whole) - 1):
        cut.write_bytes(whole[:length])
        assert "this is not a whole backup of Offhook" in refused(cut, new)
    with zipfile.ZipFile(archive) as found:
        at = found.getinfo("database.dump").header_offset + 500
    cut.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    assert "database.dump in this backup is damaged, so nothing of it was" in refused(cut, new)
    assert "it is a folder; name a backup's file" in refused(tmp_path, new)


def changed(archive: Path, to: Path, change: Callable[[dict[str, object]], None]) -> Path:
    """The archive with another manifest."""
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(to, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "manifest.json":
                manifest = json.loads(content)
                change(manifest)
                content = json.dumps(manifest).encode()
            new.writestr(name, content)
    return to


def test_a_newer_offhooks_backup_is_refused(archive: Path, tmp_path: Path) -> None:
    newest = migrations()[-1].version
    form = changed(archive, tmp_path / "form.zip", lambda m: m.update(form=2, offhook="9.1"))
    assert "a newer Offhook (9.1) has made this backup; restore it with" in refused(
        form, tmp_path / "new"
    )
    schema = changed(archive, tmp_path / "s.zip", lambda m: m.update(schema=newest + 1))
    said = refused(schema, tmp_path / "new")
    assert f"its database has schema {newest + 1:04d}, this one knows only up to" in said


def test_an_archive_writes_nowhere_else(archive: Path, tmp_path: Path) -> None:
    evil = b"* * * * * root true\n"
    for name in ("../evil", "state/../../evil", "/tmp/evil", "state//evil", "state/./evil"):
        file = tmp_path / "evil.zip"
        with zipfile.ZipFile(archive) as old, zipfile.ZipFile(file, "w") as new:
            for each in old.namelist():
                content = old.read(each)
                if each == "manifest.json":
                    manifest = json.loads(content)
                    manifest["files"][name] = [len(evil), hashlib.sha256(evil).hexdigest()]
                    content = json.dumps(manifest).encode()
                new.writestr(each, content)
            new.writestr(name, evil)
        assert "this is not a whole backup of Offhook" in refused(file, tmp_path / "new")
    assert not there(tmp_path / "evil")


def test_nothing_is_written_over(state: Path, archive: Path) -> None:
    said = run("restore", archive, "--state", state).only_complaint()
    assert said.startswith(f"{state} is not empty, and a backup is restored only where nothing is")
    said = run("backup", "--state", state, "--to", archive).only_complaint()
    assert said.startswith(f"{archive}: there is such a file already; name another")


async def test_a_database_with_something_in_it_is_refused(
    dsn: str, database: Database, tmp_path: Path
) -> None:
    put(tmp_path / "state")
    await fill(database, calls=1)
    before = await rows_of(database)
    file, new = tmp_path / "x.zip", tmp_path / "new"
    done = await asyncio.to_thread(
        run, "backup", "--state", tmp_path / "state", "--to", file, OFFHOOK_DSN=dsn
    )
    assert done.code == 0, done.err
    said = await asyncio.to_thread(refused, file, new, dsn)
    assert "is not empty, and nothing is written over; make an empty one with createdb" in said
    assert await rows_of(database) == before


def test_a_full_disk(state: Path, mount: Callable[..., Path]) -> None:
    asyncio.run(filled(state))
    disk = mount("size=16k")
    said = run("backup", "--state", state, "--to", disk / "x.zip", "--recordings").only_complaint()
    assert "can't be written (No space left on device); free space there" in said
    assert list(disk.iterdir()) == []


def test_a_full_disk_takes_no_half_of_a_centre(archive: Path, mount: Callable[..., Path]) -> None:
    disk = mount("size=300k")
    said = run("restore", archive, "--state", disk / "new").only_complaint()
    assert "No space left" in said
    assert list(disk.iterdir()) == []


def test_the_wrong_user(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(filled(state))
    state.chmod(0o700)
    elsewhere = state.parent / "nobodys"
    elsewhere.mkdir(mode=0o777)
    elsewhere.chmod(0o777)
    try:
        with another_user():
            done = run_here(capsys, "backup", "--state", state, "--to", elsewhere / "x.zip")
    finally:
        structlog.reset_defaults()  # the command logs to what ``capsys`` was
    if os.geteuid() == 0:
        assert "Permission denied" in done.only_complaint()
        assert list(elsewhere.iterdir()) == []
