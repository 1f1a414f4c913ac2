"""From the outbox to a real PostgreSQL: each fact once, in spite of everything."""

import asyncio
import contextlib
import json
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from domain.agent_facts import AgentState
from domain.call_facts import CallEnded
from domain.facts import CallFact
from domain.identity import CallId
from domain.reasons import Party
from records.call_queries import CallStore
from records.writing import write
from storage.agent_history import AgentStore
from storage.database import Database
from storage.fact_lines import encode
from storage.outbox import Outbox, OutboxTiming
from tests.storage.days import agent_fact, answered, entered, line

RUN = """
import asyncio, sys
from pathlib import Path
from storage.database import make_pool
from storage.outbox import Outbox
from tests.storage.days import answered

async def main():
    outbox = Outbox(Path(sys.argv[1]))
    pool = await make_pool(sys.argv[2])
    pump = asyncio.create_task(outbox.pump(pool, write))
    number = 0
    while True:
        for one in answered(f"{sys.argv[3]}-{number}"):
            outbox.put(one)
            print("put", one.id, flush=True)
        number += 1
        await asyncio.sleep(0.001)

asyncio.run(main())
"""


@contextlib.asynccontextmanager
async def pumping(path: Path, database: Database, **timing: float) -> AsyncIterator[Outbox]:
    outbox = Outbox(path, timing=OutboxTiming(**timing))
    pump = asyncio.create_task(outbox.pump(database.pool, write))
    try:
        yield outbox
    finally:
        pump.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await pump
        outbox.close()


async def test_facts_arrive_with_the_calls_row_and_the_file_is_emptied(
    tmp_path: Path, database: Database
) -> None:
    path = tmp_path / "outbox.jsonl"
    async with pumping(path, database) as outbox:
        for one in answered("c"):
            outbox.put(one)
        outbox.put(agent_fact("1001", 40, AgentState.WRAP_UP, call="c"))
        assert outbox.pending == 10
        await asyncio.wait_for(outbox.flushed(), 60)
        assert (outbox.pending, path.stat().st_size) == (0, 0)
    row = await database.pool.fetchrow("select * from calls")
    assert (row["outcome"], row["wait_s"], row["agents"]) == ("answered", 6, ["1001"])
    [state] = (await AgentStore(database.pool).last_states()).values()
    assert state.state is AgentState.WRAP_UP


async def test_the_row_is_right_whatever_the_batches_and_their_order(
    tmp_path: Path, database: Database
) -> None:
    async with pumping(tmp_path / "outbox.jsonl", database) as outbox:
        for one in reversed(answered("c")):
            outbox.put(one)
            await asyncio.wait_for(outbox.flushed(), 60)
        outbox.put(one)  # again
        await asyncio.wait_for(outbox.flushed(), 60)
    page = await CallStore(database.pool).list(projects=None)
    assert [(row.outcome, row.wait_s, row.talk_s) for row in page.rows] == [("answered", 6, 30)]
    assert await database.pool.fetchval("select count(*) from call_facts") == len(answered("c"))


async def test_who_waits_for_the_database_does_not_wait_for_company_too(
    tmp_path: Path, database: Database
) -> None:
    async with pumping(tmp_path / "outbox.jsonl", database, linger_s=60.0) as outbox:
        await outbox.flushed()  # of nothing
        for one in answered("c"):
            outbox.put(one)
            await asyncio.wait_for(outbox.flushed(), 10)
        outbox.put(entered("c2"))
        await asyncio.sleep(0.3)
        assert outbox.pending == 1
        await asyncio.wait_for(outbox.flushed(), 10)


async def test_what_an_earlier_run_left_is_stored_at_start(
    tmp_path: Path, database: Database
) -> None:
    path = tmp_path / "outbox.jsonl"
    facts = answered("c")
    path.write_bytes(b"".join(encode(one) for one in [*facts, *facts]))
    async with pumping(path, database) as outbox:
        assert outbox.pending == 2 * len(facts)
        await asyncio.wait_for(outbox.flushed(), 60)
    assert await database.pool.fetchval("select count(*) from call_facts") == len(facts)


async def test_poisonous_facts_are_set_aside_and_the_others_go_on(
    tmp_path: Path, database: Database
) -> None:
    path = tmp_path / "outbox.jsonl"
    with capture_logs() as logs:
        async with pumping(path, database) as outbox:
            for number in range(40):
                outbox.put(entered(f"c{number}"))
            # Refused by us, and by PostgreSQL: too long for an index.
            ended = CallEnded(Party.UNKNOWN, None, None)
            outbox.put(CallFact("not a UUID", CallId("x"), entered("x").at, ended))
            outbox.put(entered("".join(str(uuid.uuid4()) for _ in range(2000))))
            for number in range(40, 80):
                outbox.put(entered(f"c{number}"))
            await asyncio.wait_for(outbox.flushed(), 10)
    assert await database.pool.fetchval("select count(*) from calls") == 80
    rejected = [json.loads(line) for line in outbox.rejected.read_bytes().splitlines()]
    assert len(rejected) == 2
    assert json.loads(rejected[0]["fact"])["id"] == "not a UUID"
    set_aside = [log for log in logs if "set aside" in log["event"]]
    assert len(set_aside) == 2 and all(log["why"] and log["file"] for log in set_aside)


async def test_details_that_no_column_has_room_for_do_not_hurt_their_call(
    tmp_path: Path, database: Database
) -> None:
    path = tmp_path / "outbox.jsonl"
    details: dict[str, dict[str, object]] = {
        "entered": {"hotline": "4" * 9000, "caller": "1" * 9000, "project": "\x00acme"},
        "scored": {"score": 10**30},
        "recorded": {"file": "f", "bytes": 10**30, "whole": "yes"},
        "ended": {"by": ["caller"], "cause": 10**30, "what": {"else": None}},
    }
    path.write_text("".join(line("c", at, *detail) for at, detail in enumerate(details.items())))
    async with pumping(path, database) as outbox:
        await asyncio.wait_for(outbox.flushed(), 60)
        assert not outbox.rejected.exists()
    assert await database.pool.fetchval("select outcome from calls") == "self_service"
    details["entered"]["project"] = "\ufffdacme"
    rows = await database.pool.fetch("select kind, detail from call_facts")
    assert {row["kind"]: row["detail"] for row in rows} == details, "stored as it was written"


async def test_two_controllers_that_know_about_one_call_agree(
    tmp_path: Path, database: Database
) -> None:
    facts = [one for number in range(30) for one in answered(f"c{number}")]
    async with (
        pumping(tmp_path / "a.jsonl", database) as first,
        pumping(tmp_path / "b.jsonl", database) as second,
    ):
        for number, one in enumerate(facts):
            (first if number % 2 else second).put(one)
            if number % 20 == 0:
                await asyncio.sleep(0.01)
        await asyncio.wait_for(asyncio.gather(first.flushed(), second.flushed()), 20)
    await assert_rows_are_folds(database, 30)


async def assert_rows_are_folds(database: Database, calls: int) -> None:
    """Every call's row says what its stored facts add up to."""
    store = CallStore(database.pool)
    page = await store.list(projects=None, per_page=500)
    assert page.total == calls
    for row in page.rows:
        stored = await store.get(row.call, projects=None)
        assert stored is not None
        record = stored.record
        assert (row.outcome, row.wait_s, row.talk_s, row.ended_at, row.recording_file) == (
            record.outcome,
            record.wait_s,
            record.talk_s,
            record.ended_at,
            record.recording and record.recording.file,
        )


async def test_one_pump_an_outbox(tmp_path: Path, database: Database) -> None:
    async with pumping(tmp_path / "outbox.jsonl", database) as outbox:
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="already being pumped"):
            await outbox.pump(database.pool, write)


async def test_killed_in_the_middle_of_it_again_and_again(
    tmp_path: Path, database: Database, dsn: str
) -> None:
    path = tmp_path / "outbox.jsonl"
    told: set[str] = set()
    for run in range(4):
        with subprocess.Popen(  # noqa: ASYNC220  (nothing else is on this loop)
            [sys.executable, "-c", RUN, str(path), dsn, str(run)],
            stdout=subprocess.PIPE,
            text=True,
        ) as controller:
            assert controller.stdout is not None
            # Long enough that some facts are stored, some under way, some only in the file.
            lines = [controller.stdout.readline() for _ in range(900 + 333 * run)]
            controller.kill()
            lines += [line for line in controller.stdout if line.endswith("\n")]
        told |= {line.split()[1] for line in lines if line.startswith("put ")}
    async with pumping(path, database) as outbox:
        await asyncio.wait_for(outbox.flushed(), 20)
    rows = await database.pool.fetch("select id from call_facts")
    assert {str(row["id"]) for row in rows} >= told
    calls = await database.pool.fetchval("select count(distinct call) from call_facts")
    assert await database.pool.fetchval("select count(*) from calls") == calls
    open_calls = await CallStore(database.pool).open_calls()
    assert len(open_calls) <= 4  # one a kill at most: those cut between two facts
