"""An Asterisk that Offhook doesn't start: ``asterisk-conf`` writes its files, ``up`` the rest."""

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from centre.directory import Directory
from centre.running import centre_of
from configuration.centre_file import load
from configuration.secrets import load_or_create
from domain.identity import LineName
from farend.__main__ import Elsewhere
from farend.network import FarEnd
from records.call_queries import CallStore, StoredCall
from storage.database import Database
from telephony.asterisk.generated_files import Addresses, Ports
from telephony.asterisk.process import AsteriskProcess
from telephony.asterisk.provision import AsteriskInstall
from tests.conftest import PortBlocks
from tests.faults.scene import HOTLINE, LINE, seat, write_centre
from tests.offhook.command import command, environment, run
from tests.waiting import until

pytestmark = pytest.mark.live

READY = "Ctrl-C stops everything"


def told(log: Path) -> str:
    return log.read_text("utf-8")


@asynccontextmanager
async def up(file: Path, state: Path, ports: Ports, log: Path) -> AsyncIterator[Path]:
    """``offhook up``, from its last line at the start to Ctrl-C; its log."""
    with log.open("ab") as said:
        process = await asyncio.create_subprocess_exec(
            *command("up", "--config", file, "--state", state),
            env=environment(ports),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
    try:
        await until(
            lambda: READY in told(log) or process.returncode is not None,
            40,
            READY,
            seen=lambda: told(log),
        )
        assert process.returncode is None, told(log)
        yield log
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        async with asyncio.timeout(60):
            code = await process.wait()
    assert code == 0, told(log)


async def whole(calls: CallStore) -> StoredCall:
    """The only call, when it is over and its recording is stored."""

    async def recorded() -> StoredCall | None:
        for row in (await calls.list(projects=None)).rows:
            stored = await calls.get(row.call, projects=None)
            if stored is not None and stored.record.recording is not None:
                return stored
        return None

    found = await until(recorded, 30, "the call's recording")
    assert found is not None
    return found


async def test_it_is_left_where_it_is_and_its_calls_are_served(
    asterisk_install: AsteriskInstall,
    ports: PortBlocks,
    database: Database,
    dsn: str,
    tmp_path: Path,
) -> None:
    block, state, pbx = ports(), tmp_path / "state", tmp_path / "pbx"
    file = write_centre(state, agents=1)
    settings = json.loads(file.read_text())
    process = AsteriskProcess(asterisk_install, pbx, name="the Asterisk elsewhere")
    settings["database"] = {"dsn": dsn}
    settings["asterisk"] = {
        "managed": False,
        "spool": str(process.spool / "monitor"),
        "cel": str(process.log / "cel-custom" / "offhook.csv"),
        "sounds": str(tmp_path / "sounds"),
    }
    file.write_text(json.dumps(settings))
    to = process.conf
    wrote = run("asterisk-conf", "--config", file, "--state", state, "--to", to, ports=block)
    assert wrote.code == 0, wrote.err
    centre = centre_of(load(file).sections or Directory())
    process.write_main_file((to / "asterisk.conf").read_text("utf-8"))  # this machine's folders
    await seat(dsn, ["1001"])

    log = tmp_path / "up.log"
    async with contextlib.AsyncExitStack() as running:
        running.push_async_callback(process.stop)
        await process.start(("127.0.0.1", block.ami))
        async with up(file, state, block, log):
            said = told(log)
            assert f"Asterisk runs elsewhere, with AMI at 127.0.0.1:{block.ami}; passwords" in said
            assert "starting Asterisk" not in said and "does not accept" not in said
            assert not (state / "asterisk").exists()
            target = Elsewhere(Addresses(), block, centre)
            passwords = load_or_create(state).sip
            far = FarEnd(tmp_path / "f", ports(), asterisk_install, target, passwords)
            running.push_async_callback(far.stop)
            await far.start()
            await far.phone(centre.stations[0].name, "answer-0.2,speak-2,hangup")
            call = await far.customer(
                HOTLINE, "speak-30", line=LineName(LINE), caller="13900000001"
            )
            assert await far.ended(call) == 16
            stored = await whole(CallStore(database.pool))
            assert stored.record.recording is not None and stored.record.recording.whole
            assert (state / "recordings" / stored.record.recording.file).stat().st_size > 8000
            assert list((process.spool / "monitor").glob("*.raw")) == []
        assert process.pid is not None  # it outlives us


async def test_one_that_is_not_there_is_told(
    ports: PortBlocks,
    dsn: str,
    tmp_path: Path,
) -> None:
    state, block = tmp_path / "state", ports()
    file = write_centre(state, agents=1)
    settings = json.loads(file.read_text())
    settings["database"] = {"dsn": dsn}
    paths = {name: str(tmp_path / name) for name in ("spool", "cel", "sounds")}
    settings["asterisk"] = {"managed": False, "host": "localhost", "ami_port": 1, **paths}
    file.write_text(json.dumps(settings))
    async with up(file, state, block, tmp_path / "up.log") as log:
        said = told(log)
        assert "with AMI at localhost:1" in said
        assert f"does not accept the controller's login yet; see {state}/controller.log" in said
        assert "AMI link down: " in told(state / "controller.log")
