"""What came of the demo's campaign: its figures, and whether all books of it agree.

The books are the database's, the far end's (``SeenCall``), and Asterisk's log of channel events.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil
from pathlib import Path
from typing import Any

import asyncpg

from dialer.attempt_stages import AttemptStage
from domain.centre import Centre
from domain.identity import CallId, CampaignName
from farend.called_customers import key_of
from farend.compared_books import BookedCall, differences, to_ear
from farend.network import FarEnd
from farend.outreach import CAMPAIGN, Outreach
from farend.seen_calls import SeenCall
from storage.database import connection
from telephony.event_log import EventLog
from telephony.log_rows import LogPlace, parse
from telephony.logged_call import LoggedCall

WRITTEN_WITHIN_S = 60.0
TOLERANCE_S = 0.5

_CALLS = """\
select a.attempt, a.number, a.stage, a.reserved_at, a.requested_at, a.answered_at, a.talk_at,
  a.ended_at,
  a.outcome, a.left_early, c.call is not null as recorded, c.ended_at is not null as over,
  c.recording_file, c.recording_whole, c.recording_lost,
  (select f.detail ->> 'station' from call_facts f where f.call = a.attempt
   and f.kind = 'connected' order by f.at limit 1) as station
from attempts a left join calls c on c.call = a.attempt
where a.campaign = $1 and a.applied is distinct from 'never_placed' order by a.reserved_at"""

_USE = """\
with states as (
  select state, at,
    coalesce(lead(at) over (partition by agent order by at, written_at), $3) as until
  from agent_facts where agent = any($1::text[])
), parts as (
  select state, extract(epoch from least(until, $3) - greatest(at, $2))::float8 as seconds
  from states where until > $2 and at < $3
)
select sum(seconds) filter (where state in ('talking', 'wrap_up'))
  / nullif(sum(seconds) filter (where state not in ('logged_out', 'paused')), 0)
from parts"""
"""Talk and after-call work as a share of the time at work, as in the simulation."""


@dataclass(frozen=True, slots=True)
class OutreachResult:
    """``faults`` are the differences between the books, a line each."""

    figures: dict[str, float | int | None]
    faults: list[str]


async def result_of(
    outreach: Outreach, far: FarEnd, pool: asyncpg.Pool, log: Path, centre: Centre
) -> OutreachResult:
    """The figures and the faults, once all is written, or as it stands after a while.

    ``log`` is Asterisk's log of channel events.
    """
    rows = await written(pool, CAMPAIGN)
    phones = [
        replace(seen, heard=far.hears(seen.call))
        for agent in outreach.agents
        for seen in far.seen.at(agent)
    ]
    customers = {key_of(each.number) for each in outreach.customers}
    seen = [each for each in far.seen.calls.values() if each.key and each.key in customers]
    books = [booked_call(row) for row in rows]
    faults = differences(books, seen, phones, tolerance_s=TOLERANCE_S)
    faults += logged_otherwise(books, await asyncio.to_thread(logged_calls, log, centre))
    faults += not_kept(rows)
    use = None
    if rows:
        async with connection(pool) as db:
            use = await db.fetchval(
                _USE, list(outreach.agents), rows[0]["reserved_at"], rows[-1]["reserved_at"]
            )
    figures = figures_of_outreach(len(outreach.customers), rows, seen, phones, use)
    return OutreachResult(figures, faults)


def figures_of_outreach(
    leads: int,
    rows: Sequence[Mapping[str, Any]],
    seen: Sequence[SeenCall],
    phones: Sequence[SeenCall],
    use: float | None,
) -> dict[str, float | int | None]:
    """The figures as the demo prints them.

    Abandoned are those who answered and got no agent, without those who hung up before the limit
    counts them; their share is of them and of those who got one. Double dials are calls beyond the
    first that a number was seen to get.
    """
    connected = sum(row["talk_at"] is not None for row in rows)
    abandoned = sum(row["outcome"] == "abandoned" and not row["left_early"] for row in rows)
    waits = sorted(to_ear_s(rows, seen, phones))
    return {
        "leads": leads,
        "dialled": len(rows),
        "answered": sum(row["answered_at"] is not None for row in rows),
        "connected": connected,
        "abandoned": abandoned,
        "abandoned_share": round(abandoned / (connected + abandoned), 4) if connected else None,
        "use": None if use is None else round(use, 4),
        "double_dials": len(seen) - len({each.key for each in seen}),
        "answer_to_ear_ms_p50": _of_all_ms(waits, 0.50),
        "answer_to_ear_ms_p99": _of_all_ms(waits, 0.99),
        "records": sum(row["recorded"] for row in rows),
        "recordings": sum(row["recording_file"] is not None for row in rows),
    }


def to_ear_s(
    rows: Iterable[Mapping[str, Any]], seen: Sequence[SeenCall], phones: Sequence[SeenCall]
) -> list[float]:
    """From each connected customer's answer to the ear of the agent whom they talked with, in
    seconds; those whom nobody heard (who said nothing, say) are left out."""
    by_key = {each.key: each for each in seen}
    found = []
    for row in rows:
        customer = by_key.get(key_of(row["number"]))
        if customer is not None and row["station"] is not None:
            at = [phone for phone in phones if phone.station == row["station"]]
            if (heard := to_ear(customer, at)) is not None:
                found.append(heard.seconds)
    return found


def logged_calls(log: Path, centre: Centre) -> dict[CallId, LoggedCall]:
    """The calls that Asterisk's log has of those that the centre placed. Blocking."""
    folded = EventLog(
        {station.name for station in centre.stations}, {line.name for line in centre.lines}
    )
    older = sorted(log.parent.glob(f"{log.name}.*"), key=lambda file: file.stat().st_mtime)
    for number, file in enumerate((*older, log)):
        text = file.read_text("utf-8", errors="replace")
        for place, line in enumerate(text.split("\n")):
            if (row := parse(line)) is not None:
                folded.feed(row, LogPlace(number, place))
    return {call: logged for call, logged in folded.calls.items() if logged.placed}


def logged_otherwise(
    booked: Sequence[BookedCall],
    logged: Mapping[CallId, LoggedCall],
    *,
    tolerance_s: float = TOLERANCE_S,
) -> list[str]:
    """What the books say otherwise than Asterisk's log, a line each."""
    found = []
    for call in booked:
        what = f"{call.name} to {call.number}"
        there = logged.get(CallId(call.name))
        if there is None and not call.reaches_far_end:
            continue
        if there is None:
            found.append(f"{what} is not in Asterisk's log")
            continue
        for word, ours, theirs in (
            ("answered", call.answered_at, there.answered_at),
            ("ended", call.ended_at, there.ended_at),
        ):
            if ours is None or theirs is None:
                if ours is not theirs:
                    found.append(f"{what}: {word} {ours}, in Asterisk's log {theirs}")
            elif abs(ours - theirs) > tolerance_s:
                found.append(f"{what}: {word} {ours - theirs:+.3f} s from Asterisk's log")
        talked = there.talks[0].station if there.talks else None
        if talked != call.station:
            found.append(f"{what}: talked at {call.station}, in Asterisk's log at {talked}")
    names = {call.name for call in booked}
    return found + [f"{call} is in Asterisk's log alone" for call in logged if call not in names]


def not_kept(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Calls without a record or an end, and talks without a whole recording, a line each."""
    found = []
    for row in rows:
        what = f"{row['attempt']} to {row['number']}"
        if not row["recorded"]:
            found.append(f"{what} has no record")
        elif not row["over"]:
            found.append(f"the record of {what} has no end")
        if row["talk_at"] is not None and not row["recording_whole"]:
            why = row["recording_lost"] or "it is not whole"
            found.append(f"the recording of {what}: {why if row['recording_file'] else 'none'}")
    return found


async def written(pool: asyncpg.Pool, campaign: CampaignName) -> Sequence[Mapping[str, Any]]:
    """The attempts of a campaign, once each has its end, record and recording, or as they stand
    after a while; without those that a killed controller reserved and never placed."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + WRITTEN_WITHIN_S
    while True:
        async with connection(pool) as db:
            rows: Sequence[Mapping[str, Any]] = await db.fetch(_CALLS, campaign)
        if not any(map(_still_comes, rows)) or loop.time() > deadline:
            return rows
        await asyncio.sleep(0.5)


def _still_comes(row: Mapping[str, Any]) -> bool:
    """Whether something of the call may yet be written. A recording that is too short stays so."""
    unsaid = row["recording_file"] is None and row["recording_lost"] is None
    return not row["recorded"] or not row["over"] or (row["talk_at"] is not None and unsaid)


def booked_call(row: Mapping[str, Any]) -> BookedCall:
    """A row of ``written`` as the centre's book of that call."""
    return BookedCall(
        row["attempt"],
        row["number"],
        _epoch(row["requested_at"]) or row["reserved_at"].timestamp(),
        _epoch(row["answered_at"]),
        _epoch(row["ended_at"]),
        row["station"],
        _talked_s(row),
        reaches_far_end=row["stage"] != AttemptStage.UNKNOWN,
    )


def _talked_s(row: Mapping[str, Any]) -> float | None:
    if row["talk_at"] is None or row["ended_at"] is None:
        return None
    seconds: float = (row["ended_at"] - row["talk_at"]).total_seconds()
    return seconds


def _epoch(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()


def _of_all_ms(ordered: Sequence[float], share: float) -> int | None:
    """What this share of them is not longer than."""
    if not ordered:
        return None
    return round(1000 * ordered[ceil(share * len(ordered)) - 1])
