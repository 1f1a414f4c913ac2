"""Which calls' recordings are taken, and what if there is nowhere to put them."""

import asyncio
import errno
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from domain.identity import CallId
from engine.calls.ledger import Ledger
from engine.engine import Engine
from engine.recorder import Recorder, root_trouble
from records.call_queries import CallStore
from records.writing import write
from storage.database import Database, connection
from storage.outbox import Outbox
from tests.engine.test_board import enter
from tests.recordings.sounds import raw_sound, write_raw
from tests.storage.days import answered, as_stored


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    one = Outbox(tmp_path / "recordings.jsonl")
    yield one
    one.close()


@pytest.fixture
def recorder(engine: Engine, outbox: Outbox, tmp_path: Path) -> Recorder:
    """A recorder that is not asked for records: it needs no database."""
    no_calls = cast(CallStore, None)
    return Recorder(
        engine.calls, asyncio.Queue(), tmp_path / "spool", tmp_path / "root", no_calls, outbox
    )


@pytest.mark.parametrize(
    ("call_is", "taken", "looked_up"),
    [
        ({"recorded": True, "bridged_s": 4.0}, 1, False),
        ({"recorded": False}, 0, False),  # the caller never reached an agent
        ({"recorded": True, "adopted": True}, 0, True),  # only the record knows all of it
        ({"recorded": True, "ledger": Ledger(gapped=True)}, 0, True),
        ({"recorded": False, "adopted": True}, 0, True),  # Asterisk's own queue may have
    ],
)
async def test_a_call_is_over(
    call_is: dict[str, Any], taken: int, looked_up: bool, engine: Engine, recorder: Recorder
) -> None:
    call = replace(enter(engine), **call_is)
    recorder.call_over(call)
    recorder.call_over(call)  # reported twice
    assert recorder.archive.waiting == taken
    assert recorder.look_again.is_set() is looked_up


def test_a_root_that_can_be_written(tmp_path: Path) -> None:
    assert root_trouble(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_a_root_that_is_not_there(tmp_path: Path) -> None:
    said = root_trouble(tmp_path / "gone")
    assert said is not None and "\n" not in said
    assert f"{tmp_path}/gone: {os.strerror(errno.ENOENT)}; create it, or mount its disk" in said


def test_a_root_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "create it" in (root_trouble(tmp_path / "file") or "")


async def test_a_record_that_cannot_be_read_keeps_only_its_own_recording_waiting(
    engine: Engine,
    database: Database,
    outbox: Outbox,
    tmp_path: Path,
) -> None:
    calls = [CallId(f"pbx1-1795315998.{number}") for number in range(3)]
    for call in calls:
        write_raw(tmp_path / "spool", call, raw_sound(0.2))
    async with connection(database.pool) as db:
        await write(db, [as_stored(fact) for call in calls for fact in answered(call, 0)])
        await db.execute(
            "update call_facts set kind = 'of a later Offhook' where call = $1", calls[0]
        )
    calls_store = CallStore(database.pool)
    recorder = Recorder(
        engine.calls, asyncio.Queue(), tmp_path / "spool", tmp_path / "root", calls_store, outbox
    )
    with capture_logs() as logs:
        for _ in range(3):
            await recorder.archive.orphans(recorder.over)
    assert recorder.archive.waiting == 2
    (line,) = logs
    assert (line["log_level"], line["call"]) == ("error", calls[0])
    assert line["file"] == str(tmp_path / "spool" / f"{calls[0]}.raw")
