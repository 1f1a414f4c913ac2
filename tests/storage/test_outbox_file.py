"""The outbox's file: what is on the disk after crashes, on a full disk, with two controllers."""

import asyncio
import contextlib
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from domain.agent_facts import AgentState
from domain.facts import CallFact
from domain.flow_facts import ChoiceMade
from domain.happening import Happening
from records.writing import write
from storage.database import Database
from storage.database_errors import OutboxTaken
from storage.fact_codec import StoredFact
from storage.fact_lines import decode, decode_stored, encode
from storage.outbox import Outbox
from tests.storage.days import agent_fact, entered

PUTTER = """
import sys, uuid
from pathlib import Path
from tests.storage.days import entered
from storage.outbox import Outbox
outbox = Outbox(Path(sys.argv[1]))
while True:
    one = entered("c")
    outbox.put(one)
    print(one.id, flush=True)
"""


@contextlib.contextmanager
def full_disk(path: Path, room: int) -> Iterator[None]:
    """Lets no file grow beyond this one's size and ``room``: the next write falls short."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def test_what_was_put_is_there_after_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "outbox.jsonl"
    with subprocess.Popen(
        [sys.executable, "-c", PUTTER, str(path)], stdout=subprocess.PIPE, text=True
    ) as putter:
        assert putter.stdout is not None
        told = [putter.stdout.readline().strip() for _ in range(500)]
        putter.kill()
        told += [line.strip() for line in putter.stdout if line.endswith("\n")]
    stored = {decode(line).id for line in path.read_bytes().split(b"\n")[:-1]}
    assert stored.issuperset(told)
    outbox = Outbox(path)  # the lock died with its owner
    assert outbox.pending == len(stored)
    outbox.close()


def test_a_torn_last_line_is_dropped_with_a_word_about_it(tmp_path: Path) -> None:
    path = tmp_path / "outbox.jsonl"
    whole = encode(entered("c"))
    path.write_bytes(whole * 3 + whole[:40])
    with capture_logs() as logs:
        outbox = Outbox(path)
    assert outbox.pending == 3
    assert path.read_bytes() == whole * 3
    assert "torn" in logs[0]["event"]
    outbox.close()


def test_a_file_of_half_a_line_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "outbox.jsonl"
    path.write_bytes(b'{"id": "')
    outbox = Outbox(path)
    assert (outbox.pending, path.stat().st_size) == (0, 0)
    outbox.close()


def test_a_second_controller_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "outbox.jsonl"
    outbox = Outbox(path)
    with pytest.raises(OutboxTaken, match=r"in use by another controller; stop that one") as error:
        Outbox(path)
    assert "\n" not in str(error.value)
    outbox.close()
    Outbox(path).close()


def test_a_full_disk_keeps_facts_in_memory_and_half_a_line_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "outbox.jsonl"
    outbox = Outbox(path)
    outbox.put(entered("a"))
    with capture_logs() as logs, full_disk(path, room=20):
        for call in "bcd":
            outbox.put(entered(call))
        assert (outbox.pending, outbox.held) == (4, 3)
    assert [log["event"] for log in logs if "can't be written" in log["event"]] == [
        logs[0]["event"]
    ], "one line, however many facts"
    assert "Free disk space" in logs[0]["event"]
    assert path.read_bytes().count(b"\n") == 1 and path.read_bytes().endswith(b"\n")
    outbox.close()  # writes what it still holds
    lines = path.read_bytes().split(b"\n")[:-1]
    assert [getattr(decode(line), "call", None) for line in lines] == ["a", "b", "c", "d"]


async def test_a_full_disk_does_not_keep_facts_from_the_database(
    tmp_path: Path, database: Database
) -> None:
    path = tmp_path / "outbox.jsonl"
    outbox = Outbox(path)
    with full_disk(path, room=10):
        facts = [entered(f"c{number}") for number in range(1200)]
        for one in facts:
            outbox.put(one)
        pump = asyncio.create_task(outbox.pump(database.pool, write))
        await asyncio.wait_for(outbox.flushed(), 10)
    assert await database.pool.fetchval("select count(*) from call_facts") == 1200
    assert (outbox.pending, outbox.held) == (0, 0)
    pump.cancel()
    outbox.close()


def test_a_put_never_raises_and_any_detail_comes_back_storable(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.jsonl")
    loop: list[object] = []
    loop.append(loop)
    with capture_logs() as logs:
        outbox.put(_fact(ChoiceMade("menu", "1", loop)))  # type: ignore[arg-type]
    assert "can't be written as JSON" in logs[0]["event"]
    outbox.put(_fact(ChoiceMade("a\x00b\ud800", float("nan"), Path("/x"))))  # type: ignore[arg-type]
    outbox.close()
    read = decode_stored((tmp_path / "outbox.jsonl").read_bytes())
    assert isinstance(read, StoredFact)
    assert read.detail == {"node": "a\ufffdb?", "digits": None, "choice": "/x"}


def _fact(what: Happening) -> CallFact:
    return replace(entered("c"), what=what)


def test_agents_facts_come_back_as_they_were() -> None:
    for one in (
        agent_fact("1001", 0, AgentState.PAUSED, "lunch"),
        agent_fact("1001", 1, AgentState.TALKING, call="pbx1-1.1"),
    ):
        assert decode(encode(one)) == one


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense",
        b"[]",
        b"{}",
        b'{"id":"1","call":"c","at":"2026-01-01T00:00:00+00:00","kind":"ended","detail":{}}',
        b'{"id":"00000000-0000-0000-0000-000000000001","call":"c","at":"2026-01-01T00:00:00",'
        b'"kind":"ended","detail":{}}',
        b'{"id":"00000000-0000-0000-0000-000000000001","call":"c",'
        b'"at":"2026-01-01T00:00:00+00:00","kind":"exploded","detail":{}}',
        b'{"id":"00000000-0000-0000-0000-000000000001","call":"c",'
        b'"at":"2026-01-01T00:00:00+00:00","kind":"ended","detail":[]}',
    ],
)
def test_a_line_that_is_no_fact_says_so(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        decode(line)
