"""What a controller without its database has left: the newest of snapshot and outbox."""

import asyncio
import contextlib
import shutil
import stat
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from domain.agent_facts import AgentState
from domain.call_facts import CallEnded
from domain.floor_facts import PositionAnnounced, Queued, TalkBegan
from records.writing import write
from storage.database import Database
from storage.last_known import LastKnown, newest
from storage.outbox import Outbox, OutboxTiming
from tests.storage.days import agent_fact, answered, entered, fact


def both(folder: Path) -> tuple[LastKnown, Outbox]:
    known = LastKnown(folder / "last-known.jsonl")
    return known, Outbox(folder / "outbox.jsonl", known)


def states(known: LastKnown) -> dict[str, str]:
    return {str(code): str(fact.state) for code, fact in known.agents.items()}


def test_open_calls_and_last_states_are_read_back(tmp_path: Path) -> None:
    known, outbox = both(tmp_path)
    for one in (
        *answered("over"),
        entered("open"),
        fact("open", 1, Queued, queue="s"),
    ):
        outbox.put(one)
    outbox.put(agent_fact("1001", 1, AgentState.READY))
    outbox.put(agent_fact("1001", 9, AgentState.PAUSED, "lunch"))
    assert known.write()
    mode = stat.S_IMODE((tmp_path / "last-known.jsonl").stat().st_mode)
    assert mode == 0o600
    read = LastKnown(tmp_path / "last-known.jsonl")
    assert read.found and read.written_at is not None
    assert states(read) == {"1001": "paused"}
    (call,) = read.open_calls
    assert {one.call for one in call} == {"open"}
    assert [one.what.kind for one in call] == ["entered", "queued"]


def test_what_the_outbox_has_is_newer_than_the_snapshot(tmp_path: Path) -> None:
    known, outbox = both(tmp_path)
    outbox.put(agent_fact("1001", 1, AgentState.READY))
    outbox.put(entered("c"))
    assert known.write()
    outbox.put(agent_fact("1001", 2, AgentState.PAUSED, "lunch"))
    outbox.put(fact("c", 3, CallEnded, by="caller"))
    outbox.put(entered("later", 4))
    left = tmp_path / "left"  # what kill -9 would leave: nothing is written at the end
    shutil.copytree(tmp_path, left)
    again, _ = both(left)
    assert states(again) == {"1001": "paused"}
    assert [facts[0].call for facts in again.open_calls] == ["later"]


@pytest.mark.live
async def test_the_file_forgets_only_what_the_snapshot_has(
    tmp_path: Path, database: Database
) -> None:
    known = LastKnown(tmp_path / "last-known.jsonl")
    at_once = OutboxTiming(remember_every_s=0.0)
    outbox = Outbox(tmp_path / "outbox.jsonl", known, timing=at_once)
    pump = asyncio.create_task(outbox.pump(database.pool, write))
    for number in range(300):
        outbox.put(agent_fact(f"{number % 7}", number, AgentState.READY))
        outbox.put(entered(f"c{number}"))
        if number % 2:
            outbox.put(fact(f"c{number}", 5, CallEnded, by="caller"))
        await asyncio.sleep(0)
        if number % 50 == 0:
            await asyncio.wait_for(outbox.flushed(), 10)
            seen = LastKnown(tmp_path / "last-known.jsonl")
            assert seen.agents == known.agents
            assert seen.open_calls == known.open_calls
    await asyncio.wait_for(outbox.flushed(), 10)
    pump.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await pump
    outbox.close()
    assert (tmp_path / "outbox.jsonl").stat().st_size == 0
    assert len(LastKnown(tmp_path / "last-known.jsonl").open_calls) == 150


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text[:-1],
        lambda _: b"",
        lambda text: b"\x00" * len(text),
        lambda _: b"[" * 100_000,
        lambda text: text.replace(b"last_known", b"someone_else"),
        lambda text: text.replace(b"1001", b'10"1'),
    ],
)
def test_a_broken_snapshot_costs_only_itself(tmp_path: Path, damage: object) -> None:
    known, outbox = both(tmp_path)
    outbox.put(agent_fact("1001", 1, AgentState.READY))
    assert known.write()
    outbox.close()
    file = tmp_path / "last-known.jsonl"
    file.write_bytes(damage(file.read_bytes()))  # type: ignore[operator]
    with capture_logs() as logs:
        again, _ = both(tmp_path)
    assert states(again) == {"1001": "ready"}  # the outbox has it
    assert again.found and again.written_at is None
    assert [line["log_level"] for line in logs if "last known" in line["event"]] == ["error"]


def test_a_full_disk_is_said_once_and_the_outbox_keeps_all(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    known = LastKnown(folder / "last-known.jsonl")
    folder.rmdir()
    with capture_logs() as logs:
        assert not known.write() and not known.write()
    assert len(logs) == 1 and "Free space there" in logs[0]["event"]


def test_it_is_bounded(tmp_path: Path) -> None:
    known = LastKnown(tmp_path / "last-known.jsonl", most_calls=10, most_facts=20)
    outbox = Outbox(tmp_path / "outbox.jsonl", known)
    for number in range(30):
        outbox.put(entered(f"c{number}", number))
    for number in range(100):
        outbox.put(fact("c29", number, PositionAnnounced, position=1))
    outbox.put(fact("c29", 200, TalkBegan, agent="1001", station="s1"))
    assert [facts[0].call for facts in known.open_calls] == [f"c{n}" for n in range(20, 30)]
    last = known.open_calls[-1]
    assert len(last) == 21 and isinstance(last[-1].what, TalkBegan)


def test_of_several_sources_the_newest_counts() -> None:
    old, new = agent_fact("1", 1, AgentState.READY), agent_fact("1", 2, AgentState.PAUSED)
    other = agent_fact("2", 1, AgentState.READY)
    assert newest([new], [old, other]) == {"1": new, "2": other}
    assert newest([old], [new]) == {"1": new}
