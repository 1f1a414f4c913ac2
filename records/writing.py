"""Writes facts to the database, each once, with the calls' rows in the same transaction."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

import asyncpg
import structlog

from domain.agent_facts import AgentFact
from domain.facts import CallFact
from domain.flow_facts import WayTaken
from domain.identity import CallId
from domain.stations import OWN_PHONES
from records.call_queries import call_fact, group_by_call
from records.call_rows import FactRow, NewFactRow
from records.flow_figures import count
from records.fold import CallRecord, fold
from records.stays import QueueStay
from storage.fact_codec import StoredFact, as_written
from storage.queries import load

log = structlog.get_logger()

_SQL = load("outbox")
LOCKS = 0x0FF4
"""The first half of the keys of our advisory locks."""
_FOLDS_A_SLICE = 16  # takes about a millisecond, in the loop that routes calls
_LONGEST = 500  # characters of an indexed column; PostgreSQL refuses longer keys


async def write(db: asyncpg.Connection, facts: Sequence[StoredFact | AgentFact]) -> None:
    """Stores facts and recomputes the rows they change; facts stored before change nothing.

    Raises what asyncpg raises; then nothing is written.
    """
    of_calls = [fact for fact in facts if isinstance(fact, StoredFact)]
    of_agents = [fact for fact in facts if isinstance(fact, AgentFact)]
    async with db.transaction():
        if of_agents:
            columns = (
                [fact.id for fact in of_agents],
                [fact.agent for fact in of_agents],
                [fact.at for fact in of_agents],
                [fact.state.value for fact in of_agents],
                [fact.reason for fact in of_agents],
                [fact.station for fact in of_agents],
                [fact.call for fact in of_agents],
            )
            await db.execute(_SQL["insert_agent_facts"], *columns)
            await db.execute(_SQL["upsert_agents_now"], *columns)
        if of_calls:
            await db.execute(_SQL["lock_calls"], LOCKS, list({fact.call for fact in of_calls}))
            new: list[NewFactRow] = await db.fetch(
                _SQL["insert_call_facts"],
                [fact.id for fact in of_calls],
                [fact.call for fact in of_calls],
                [fact.at for fact in of_calls],
                [fact.kind for fact in of_calls],
                [fact.detail for fact in of_calls],
            )
            if new:
                records = await recompute(db, {row["call"] for row in new})
                await count(db, _new_ways(of_calls, new), records)


def _new_ways(facts: Iterable[StoredFact], new: Iterable[NewFactRow]) -> list[CallFact]:
    """Those that tell a call's way, and had not been stored before."""
    ways = {fact.id: fact for fact in facts if fact.kind == WayTaken.kind}
    if not ways:
        return []
    return [as_written(ways[id]) for row in new if (id := str(row["id"])) in ways]


async def recompute(db: asyncpg.Connection, calls: Iterable[str]) -> list[CallRecord]:
    """Folds these calls' facts again and stores the results, which are returned."""
    rows: list[FactRow] = await db.fetch(_SQL["facts_of_calls"], sorted(calls))
    records: list[CallRecord] = []
    for number, (call, group) in enumerate(group_by_call(rows).items(), start=1):
        try:
            records.append(fold(call_fact(row) for row in group))
        except Exception:  # a bug in the fold must not hold up the facts
            log.exception("a call's record could not be made from its facts", call=call)
        if number % _FOLDS_A_SLICE == 0:
            await asyncio.sleep(0)
    await db.executemany(_SQL["upsert_call"], [_columns(record) for record in records])
    await db.execute(_SQL["insert_call_kinds"], [record.call for record in records])
    await _write_stays(db, records)
    # A late fact may show that an agent answered in vain, or that two stays are one.
    agents = {record.call: record.agents for record in records}
    await _write_names(db, records, agents, "call_agents")
    queues = {record.call: _queues(record) for record in records}
    await _write_names(db, records, queues, "call_queues")
    return records


async def _write_names(
    db: asyncpg.Connection,
    records: Sequence[CallRecord],
    names: Mapping[CallId, Iterable[str]],
    table: str,
) -> None:
    """Make a table of names by which calls are found the same as the calls' records."""
    found = [(record, name) for record in records for name in names[record.call]]
    calls, of_calls = [record.call for record, _ in found], [name for _, name in found]
    if found:
        projects = [_project(record) for record, _ in found]
        times = [record.entered_at for record, _ in found]
        await db.execute(_SQL[f"insert_{table}"], calls, of_calls, projects, times)
    await db.execute(_SQL[f"forget_{table}"], [r.call for r in records], calls, of_calls)


async def _write_stays(db: asyncpg.Connection, records: Sequence[CallRecord]) -> None:
    counted = {record.call: _counted_stays(record) for record in records}
    stays = [
        (call, number, _short(stay.queue), stay.entered_at, stay.outcome.value, stay.wait_s)
        for call, found in counted.items()
        for number, stay in enumerate(found, start=1)
    ]
    if stays:
        await db.execute(_SQL["upsert_stays"], *map(list, zip(*stays, strict=True)))
    # A late fact may show that two stays are one.
    counts = [len(found) for found in counted.values()]
    await db.execute(_SQL["forget_stays"], list(counted), counts)


def _counted_stays(record: CallRecord) -> Sequence[QueueStay]:
    """The stays that count in the queues' figures: not those of calls that try the centre out, nor
    of customers whom we called."""
    return () if record.line == OWN_PHONES or record.placed else record.stays


def _columns(record: CallRecord) -> tuple[object, ...]:
    recording = record.recording
    return (
        record.call,
        _project(record),
        _short(record.hotline),
        record.line,
        _short(record.caller),
        record.flow,
        record.language,
        record.entered_at,
        _short(record.queue),
        record.queued_at,
        record.answered_at,
        record.wait_s,
        record.ended_at,
        record.outcome.value,
        record.ended_by,
        record.cause,
        record.why,
        list(record.agents),
        record.talk_s,
        record.hold_s,
        record.score,
        recording and recording.file,
        recording and recording.sha256,
        recording and recording.duration_s,
        recording and recording.bridged_s,
        recording and recording.whole,
        recording and recording.bytes,
        record.recording_lost,
        record.adopted,
        record.talk_ended_by,
        _queues(record),
        _short(record.caller_name),
        record.placed,
        _short(record.campaign),
    )


def _project(record: CallRecord) -> str:
    return _short(record.project) or ""  # an index can't be asked for NULL in its order


def _queues(record: CallRecord) -> list[str]:
    """Each once, also when they differ only beyond what is stored."""
    return list(dict.fromkeys(queue[:_LONGEST] for queue in record.queues))


def _short(text: str | None) -> str | None:
    return None if text is None else text[:_LONGEST]
