"""The log is read while calls go on; an event or a session repeats what it reports first."""

import asyncio
import json
from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from acd.commands import Offer
from acd.events import LogIn, Ready, StationChanged
from domain.centre import Centre
from domain.facts import CallFact
from domain.identity import (
    AgentCode,
    CallId,
    ChannelId,
    LineName,
    NodeName,
    ProjectName,
    QueueName,
    StationName,
)
from domain.outbound_facts import CallPlaced
from domain.reasons import LossReason, Party
from domain.recording_facts import RecordingMissing
from domain.stations import StationState
from engine.calls.call import LiveCall
from engine.calls.gap import Gap
from engine.clock import Clock
from engine.engine import Engine
from engine.reconcile.absence import LATE_S, Absence
from records.call_queries import CallStore, StoredCall
from records.fold import fold
from storage.outbox import Outbox
from telephony.ami.link import Link
from telephony.ami.snapshot import Snapshot
from telephony.centre_calls import StationConnected
from tests.conftest import MovableClock
from tests.engine.reconcile.test_event_log import BRIDGE, PHONE, TALK, hang_up, row, when
from tests.links import StillLink
from tests.waiting import until

NODE, STATION, AMY = NodeName("pbx1"), StationName("1001"), AgentCode("1001")
AS_IT_CONNECTS, UNTIL_THE_PHONE_IS_GONE = TALK[:5], TALK[:8]
ONE_TALK = ["connected", "disconnected"]
ANOTHER = [line.replace("17000000", "18000000") for line in TALK]
LONG_AFTER = 300_000_000
"""Seconds; by then the other call is over, too."""


MakeAbsence = Callable[..., Absence]


def enter(engine: Engine) -> LiveCall:
    channel = ChannelId(NODE, "1700000000.0")
    call = engine.sessions.enter(
        channel, "PJSIP/carrier-0", LineName("carrier"), "139", "4008001000", when(0).timestamp()
    )
    assert call is not None
    return call


@pytest.fixture
def absence(engine: Engine, outbox: Outbox, tmp_path: Path) -> MakeAbsence:
    """``absence(lines)`` reads a log of Asterisk's that has these lines."""

    def make(log: list[str], calls: object = None, **settings: Any) -> Absence:
        path, memory, store = tmp_path / "cel.csv", tmp_path / "position", cast(CallStore, calls)
        path.write_text("".join(f"{line}\n" for line in log))
        gaps = settings.pop("gaps", asyncio.Queue())
        return Absence(engine, gaps, store, outbox, path, memory, **settings)

    return make


def gap_until(until: float, engine: Engine, *going_on: LiveCall) -> Gap:
    """It has just ended, and these calls go on."""
    known = frozenset(engine.calls.by_id)
    end = when(until)
    gap = Gap(NODE, when(0.5), end, end, first=False, restarted=False, known=known, agents={})
    gap.going_on = list(going_on)
    engine.calls.await_settlement(gap)
    return gap


def talks(tmp_path: Path) -> list[str]:
    facts = [json.loads(line) for line in (tmp_path / "outbox.jsonl").read_text().splitlines()]
    return [fact["kind"] for fact in facts if fact.get("kind") in ONE_TALK]


async def test_the_event_comes_after_the_log_was_read(
    engine: Engine, tmp_path: Path, absence: MakeAbsence
) -> None:
    call = enter(engine)
    await absence(AS_IT_CONNECTS).put_right(gap_until(1.5, engine, call))
    assert talks(tmp_path) == ["connected"]
    engine.talks.connected(call, STATION, when(2.2))
    engine.talks.disconnected(call, STATION, Party.AGENT, when(9))
    assert talks(tmp_path) == ONE_TALK


async def test_both_events_come_after_the_log_was_read(
    engine: Engine, tmp_path: Path, absence: MakeAbsence
) -> None:
    call = enter(engine)
    gap = gap_until(1.5, engine, call)
    await absence(UNTIL_THE_PHONE_IS_GONE).put_right(gap)
    engine.talks.connected(call, STATION, when(2.2))
    engine.talks.disconnected(call, STATION, Party.AGENT, when(9.1))
    assert talks(tmp_path) == ONE_TALK


async def test_a_talk_of_the_new_asterisk_did_not_begin_before_it(
    engine: Engine, tmp_path: Path, absence: MakeAbsence
) -> None:
    """Asterisk has died, and is back; a caller comes and talks before AMI is."""
    call = enter(engine)
    gap = gap_until(3, engine, call)
    gap.since, gap.restarted = when(-2), True
    engine.reactions.react_to(StationConnected(call.id, STATION), gap)
    (supposed,) = call.ledger.supposed
    assert supposed.at > call.entered_at
    call.ledger.gap_over(gap.until)
    await absence(AS_IT_CONNECTS).put_right(gap)
    assert talks(tmp_path) == ["connected"]


async def test_the_next_gap_forgets_nothing_of_it(
    engine: Engine, tmp_path: Path, absence: MakeAbsence
) -> None:
    """A link that is lost again and again: two gaps are put right one after the other."""
    call = enter(engine)
    reader = absence(AS_IT_CONNECTS)
    for end in (1.5, 1.8):
        await reader.put_right(gap_until(end, engine, call))
    engine.talks.connected(call, STATION, when(2.2))
    assert talks(tmp_path) == ["connected"]


async def test_the_next_talk_with_the_same_phone_is_another(
    engine: Engine, tmp_path: Path, absence: MakeAbsence
) -> None:
    call = enter(engine)
    gap = gap_until(1.5, engine, call)
    await absence(UNTIL_THE_PHONE_IS_GONE).put_right(gap)
    engine.talks.connected(call, STATION, when(12))
    engine.talks.disconnected(call, STATION, Party.AGENT, when(14))
    assert talks(tmp_path) == 2 * ONE_TALK


async def test_what_was_over_in_the_gap_is_no_event_s_fact(
    engine: Engine, tmp_path: Path, absence: MakeAbsence
) -> None:
    """A short talk in the gap, and soon afterwards a reported one with the same phone."""
    log = [*AS_IT_CONNECTS, row(2.5, "BRIDGE_EXIT", *PHONE, extra=BRIDGE)]
    call = enter(engine)
    await absence(log).put_right(gap_until(2.8, engine, call))
    engine.talks.connected(call, STATION, when(3.9))
    engine.talks.disconnected(call, STATION, Party.AGENT, when(20))
    assert talks(tmp_path) == 2 * ONE_TALK


async def test_an_end_soon_after_the_gap_is_told(
    engine: Engine, tmp_path: Path, absence: MakeAbsence
) -> None:
    """In the gap the phone left and came back: one talk, that was moved to another bridge."""
    away = [
        row(8.9, "BRIDGE_EXIT", *PHONE, extra=BRIDGE),
        row(9.2, "BRIDGE_ENTER", *PHONE, extra=BRIDGE),
    ]
    call = enter(engine)
    engine.talks.connected(call, STATION, when(2))
    gap = gap_until(9.5, engine, call)
    await absence([*AS_IT_CONNECTS, *away]).put_right(gap)
    engine.talks.disconnected(call, STATION, Party.AGENT, when(10.5))
    assert talks(tmp_path) == ONE_TALK


async def test_the_session_tells_after_the_log_was_read(
    engine: Engine, links: dict[NodeName, Link], tmp_path: Path, absence: MakeAbsence
) -> None:
    """Of the whole talk, and that it began when the phone was rung."""
    links[NODE] = StillLink(NODE)
    for event in (
        LogIn(AMY, STATION, engine.centre.agents[0].skills),
        Ready(AMY),
        StationChanged(STATION, StationState.IDLE),
    ):
        engine.floor.feed(event)
    call = enter(engine)
    engine.queued.put(call, QueueName("sales"), None)
    offer = await call.inbox.next()
    assert isinstance(offer, Offer)
    gap = gap_until(9.2, engine, call)
    await absence(UNTIL_THE_PHONE_IS_GONE).put_right(gap)
    engine.talks.seen_by_session(call, offer, when(-4), when(9.05))
    assert talks(tmp_path) == ONE_TALK
    agent = engine.floor.core.agent(AMY)
    assert agent is not None and agent.call is None


@pytest.mark.parametrize("ended", [False, True])
async def test_a_call_told_live_before_the_log_was_read(
    ended: bool, engine: Engine, tmp_path: Path, absence: MakeAbsence
) -> None:
    """It was seen after the snapshot only: the log has no more to say."""
    gap = gap_until(0.4, engine)
    call = enter(engine)
    engine.talks.connected(call, STATION, when(2))
    engine.talks.disconnected(call, STATION, Party.AGENT, when(9))
    if ended:
        engine.talks.gone(call, Party.AGENT, 16)
    await absence(TALK).put_right(gap)
    assert talks(tmp_path) == ONE_TALK


async def test_a_call_told_live_long_before_the_gap_is_settled(
    engine: Engine, clock: MovableClock, tmp_path: Path, absence: MakeAbsence
) -> None:
    """Many gaps, on a busy machine: one waits for the others before it."""
    gap = gap_until(0.4, engine)
    call = enter(engine)
    engine.talks.connected(call, STATION, when(2))
    engine.talks.disconnected(call, STATION, Party.AGENT, when(9))
    engine.talks.gone(call, Party.AGENT, 16)
    clock.ahead += 60
    await absence(TALK).put_right(gap)
    assert talks(tmp_path) == ONE_TALK
    clock.ahead += 60
    assert engine.calls.just_over() == []


async def test_a_call_that_ended_just_before_a_long_gap_is_known(
    centre: Centre,
    outbox: Outbox,
    links: dict[NodeName, Link],
    clock: MovableClock,
    tmp_path: Path,
    absence: MakeAbsence,
) -> None:
    """It came so shortly before that an event of it might have been lost, and all were seen."""
    gaps: list[Gap] = []
    engine = Engine(centre, outbox, links, clock=Clock(clock), on_gap=gaps.append)
    call = enter(engine)
    engine.talks.connected(call, STATION, when(2))
    engine.talks.disconnected(call, STATION, Party.AGENT, when(9))
    engine.talks.gone(call, Party.AGENT, 16)
    clock.ahead += 9
    engine.switches.on_down(NODE, "cut")
    clock.ahead += 60
    engine.switches.on_down(NODE, "refused")  # connecting again has failed
    engine.switches.on_snapshot(NODE, Snapshot(()))
    (gap,) = gaps
    gap.first, gap.since, gap.until = False, when(1), when(80)
    await absence(TALK).put_right(gap)
    assert talks(tmp_path) == ONE_TALK
    clock.ahead += 60
    assert engine.calls.just_over() == []


@pytest.mark.parametrize("ended", [False, True])
async def test_a_call_seen_too_late_has_its_talks_from_the_log(
    ended: bool, engine: Engine, tmp_path: Path, absence: MakeAbsence
) -> None:
    """It talked in the gap, on Asterisk's own queue; its session came after the snapshot."""
    gap = gap_until(20, engine)
    call = enter(engine)
    if ended:
        engine.talks.gone(call, Party.UNKNOWN, 0)
    await absence(TALK).put_right(gap)
    assert talks(tmp_path) == ONE_TALK


async def test_a_gap_that_can_not_be_put_right_is_as_the_snapshot_shows_it(
    engine: Engine, tmp_path: Path, absence: MakeAbsence
) -> None:
    """And the next one is compared with it; events are reported."""

    class Broken:
        async def ended(self, _calls: Collection[CallId]) -> Collection[CallId]:
            raise ValueError("what nobody has thought of")

    call = enter(engine)
    reader = absence([*ANOTHER, *AS_IT_CONNECTS], Broken())
    gap = gap_until(LONG_AFTER, engine, call)
    gap.first = True
    engine.talks.connected(call, STATION, when(3), supposed=True)
    call.ledger.gap_over(gap.until)
    with pytest.raises(ValueError, match="nobody has thought of"):
        await reader.put_right(gap)
    engine.switches.close_gap(gap)
    await reader.put_right(gap_until(3, engine, call))
    engine.talks.disconnected(call, STATION, Party.AGENT, when(9))
    assert talks(tmp_path) == ONE_TALK


async def test_what_fails_between_gaps_keeps_no_gap_from_being_put_right(
    engine: Engine, tmp_path: Path, absence: MakeAbsence
) -> None:
    """Calls that ended in the next one would have stayed open until the controller's restart."""
    tries = asyncio.Event()

    class Broken:
        async def ended(self, _calls: Collection[CallId]) -> Collection[CallId]:
            if logs:
                tries.set()
            raise ValueError("what nobody has thought of")

    call, behind = enter(engine), True
    gaps: asyncio.Queue[Gap] = asyncio.Queue()
    log = [*ANOTHER, *AS_IT_CONNECTS]
    reader = absence(log, Broken(), gaps=gaps, keep_up_every_s=0.01, is_behind=lambda: behind)
    gap = gap_until(LONG_AFTER, engine)
    gap.first = True
    await reader.put_right(gap)  # what only the database knows is put off
    behind = False
    with capture_logs() as logs:
        running = asyncio.create_task(reader.run())
        try:
            async with asyncio.timeout(60):
                await tries.wait()
            gaps.put_nowait(gap_until(1.5, engine, call))
            await until(lambda: talks(tmp_path) == ["connected"], seen=lambda: talks(tmp_path))
        finally:
            running.cancel()
            await asyncio.wait([running])
    assert [line["event"] for line in logs if line["log_level"] == "error"] == [
        "Asterisk's event log can't be followed; trying again"
    ]


async def test_the_end_of_a_call_comes_into_the_log_late(
    engine: Engine, tmp_path: Path, absence: MakeAbsence
) -> None:
    """A busy Asterisk writes rows late; before its end, a call of ours is not known by them."""
    channel = ("offhook.1", "PJSIP/carrier-00000001")
    placed = CallFact(
        "1",
        CallId("pbx1-offhook.1"),
        when(0),
        CallPlaced("spring", ProjectName("tea"), LineName("carrier"), "+86138", None, 1, None),
    )
    gap = gap_until(9.5, engine)
    gap.lost = [StoredCall(fold([placed]), (placed,))]
    looking = asyncio.create_task(absence([row(0, "CHAN_START", *channel)]).put_right(gap))
    await asyncio.sleep(1.2 * LATE_S)
    with (tmp_path / "cel.csv").open("a") as log:
        log.write(row(7, "HANGUP", *channel, call=placed.call, extra=hang_up("", 17)) + "\n")
        log.write(row(7, "CHAN_END", *channel) + "\n")
    await looking
    facts = [json.loads(line) for line in (tmp_path / "outbox.jsonl").read_text().splitlines()]
    kinds = [fact.get("kind") for fact in facts]
    assert "not_reached" in kinds and "fate_unknown" not in kinds, kinds


async def test_a_call_is_not_longer_because_something_of_it_was_stored_later(
    engine: Engine, tmp_path: Path, absence: MakeAbsence
) -> None:
    channel = ("offhook.1", "PJSIP/carrier-00000001")
    call = CallId("pbx1-offhook.1")
    placed = CallPlaced("spring", ProjectName("tea"), LineName("carrier"), "+86138", None, 1, None)
    timeline = (
        CallFact("1", call, when(0), placed),
        CallFact("2", call, when(300), RecordingMissing(LossReason.NO_FILE)),
    )
    gap = gap_until(LONG_AFTER, engine)
    gap.lost = [StoredCall(fold(timeline), timeline)]
    log = [
        row(0, "CHAN_START", *channel),
        row(7, "HANGUP", *channel, call=call, extra=hang_up("", 17)),
        row(7, "CHAN_END", *channel),
    ]
    await absence(log).put_right(gap)
    facts = [json.loads(line) for line in (tmp_path / "outbox.jsonl").read_text().splitlines()]
    (end,) = [fact for fact in facts if fact.get("kind") == "ended"]
    assert datetime.fromisoformat(end["at"]) == when(7)
