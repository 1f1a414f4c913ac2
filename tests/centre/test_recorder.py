"""Which calls' recordings are taken up, and when there is nowhere to put them."""

import errno
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from domain.centre import Centre
from engine.engine import Engine
from engine.recorder import Recorder, root_trouble
from records.store import CallStore
from storage.outbox import Outbox
from tests.centre.test_board import enter


@pytest.fixture
async def recorder(centre: Centre, tmp_path: Path) -> AsyncIterator[Recorder]:
    """A recorder that is not asked for records: it needs no database."""
    outbox = Outbox(tmp_path / "outbox.jsonl")
    no_calls = cast(CallStore, None)
    yield Recorder(Engine(centre, outbox), tmp_path / "spool", tmp_path / "root", no_calls, outbox)
    outbox.close()


@pytest.mark.parametrize(
    ("call_is", "taken", "looked_up"),
    [
        ({"recorded": True, "bridged_s": 4.0}, 1, False),
        ({"recorded": False}, 0, False),  # he never came to an agent
        ({"recorded": True, "adopted": True}, 0, True),  # only the record knows all of it
        ({"recorded": True, "gapped": True}, 0, True),
        ({"recorded": False, "adopted": True}, 0, True),  # Asterisk's own queue may have
    ],
)
async def test_a_call_is_over(
    call_is: dict[str, Any], taken: int, looked_up: bool, recorder: Recorder
) -> None:
    call = replace(enter(recorder._engine), **call_is)
    recorder.call_over(call)
    recorder.call_over(call)  # told twice
    assert recorder.archive.waiting == taken
    assert recorder._look.is_set() is looked_up


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
