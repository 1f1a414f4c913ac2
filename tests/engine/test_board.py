"""The board, as the engine puts it together without an Asterisk behind it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from acd.events import Away, Connected, LogIn, Ready, StationChanged
from domain.centre import AwayReason
from domain.identity import (
    AgentCode,
    ChannelId,
    LineName,
    NodeName,
    ProjectName,
    QueueName,
    StationName,
)
from domain.stations import StationState
from engine.board import DayFigures, board
from engine.calls.call import LiveCall
from engine.engine import Engine
from engine.ports import Board, CallStage, StoreView
from records.call_queries import LineRefusals
from telephony.ami.link import Link
from tests.memory import kept

TEA, BANK = ProjectName("tea"), ProjectName("bank")
AMY = AgentCode("1001")
SALES = QueueName("sales")


def look(engine: Engine, projects: frozenset[ProjectName] | None = None) -> Board:
    return board(engine, projects, {SALES: DayFigures(7, 3, 1, 1, 1, 2, 6, 2 / 6)}, StoreView(True))


def enter(engine: Engine, number: int = 1) -> LiveCall:
    call = engine.sessions.enter(
        ChannelId(NodeName("pbx1"), f"1795320000.{number}"),
        f"PJSIP/carrier-0000000{number}",
        LineName("carrier"),
        f"1390000000{number}",
        "4008001000",
        datetime.now(UTC).timestamp(),
    )
    assert call is not None
    return call


def seat(engine: Engine) -> None:
    skills = engine.centre.agents[0].skills
    engine.floor.feed(StationChanged(StationName("1001"), StationState.IDLE))
    engine.floor.feed(LogIn(AMY, StationName("1001"), skills))


async def test_an_empty_floor(engine: Engine) -> None:
    shown = look(engine)
    assert [q.name for q in shown.queues] == ["sales", "service", "operator"]
    assert {a.state for a in shown.agents} == {"logged_out"} and len(shown.agents) == 4
    assert shown.calls == () and shown.nodes == ()
    assert [(line.name, line.in_use) for line in shown.lines] == [
        ("gateway-lines", 0),
        ("carrier", 0),
    ]


async def test_a_number_that_is_no_hotline_is_no_call(engine: Engine) -> None:
    channel = ChannelId(NodeName("pbx1"), "1.1")
    assert engine.sessions.enter(channel, "PJSIP/x", LineName("carrier"), "1", "999", 0.0) is None
    assert look(engine).calls == ()


async def test_a_call_from_the_line_to_the_agent(engine: Engine) -> None:
    call = enter(engine)
    (shown,) = look(engine).calls
    assert (shown.stage, shown.caller, shown.queue) == (CallStage.FLOW, "13900000001", None)
    assert look(engine).lines[1].in_use == 1

    engine.queued.put(call, SALES, None)
    (shown,) = look(engine).calls
    assert (shown.stage, shown.queue, shown.position) == (CallStage.QUEUE, "sales", 1)
    (sales, *_) = look(engine).queues
    assert sales.waiting == 1 and sales.waiting_since is not None
    assert (sales.offered_today, sales.service_level) == (7, 2 / 6)
    # In the base of the service level, so shown with it.
    assert (sales.abandoned_today, sales.short_abandoned_today, sales.short_abandon_s) == (1, 1, 5)
    assert (sales.unserved_today, sales.answered_within_today, sales.measured_today) == (1, 2, 6)

    seat(engine)
    engine.floor.feed(Ready(AMY))
    view = look(engine)
    assert view.calls[0].stage is CallStage.RINGING and view.calls[0].agent == AMY
    assert (view.agents[0].state, view.agents[0].call) == ("offered", call.id)
    assert view.queues[0].talking == 1  # no longer free
    engine.floor.feed(Connected(call.id, AMY))
    engine.floor.feed(Away(AMY, "lunch"))
    assert look(engine).agents[0].after_call == "away"


async def test_a_caller_taken_back_keeps_his_place(engine: Engine) -> None:
    first, second = enter(engine, 1), enter(engine, 2)
    engine.queued.put(second, SALES, None)
    engine.queued.put(first, SALES, (datetime.now(UTC) - timedelta(seconds=60)).timestamp())
    positions = {call.caller: call.position for call in look(engine).calls}
    assert positions == {"13900000001": 1, "13900000002": 2}


async def test_without_ami_calls_whose_sessions_are_over_are_not_shown_as_live(
    engine: Engine, links: dict[NodeName, Link]
) -> None:
    """Only AMI can report their ends. A talk may have been transferred, so it stays."""
    node = NodeName("pbx1")
    links[node] = Link(node, "127.0.0.1", 1, "offhook", "wrong")
    waits, gone, talks = (enter(engine, number) for number in (1, 2, 3))
    for call in (waits, gone, talks):
        engine.queued.put(call, SALES, None)
    engine.calls.stage(talks, CallStage.TALKING)
    assert look(engine).nodes[0].error == "not started"
    for call in (gone, talks):
        engine.sessions.session_over(call)

    shown = look(engine)
    assert [call.id for call in shown.calls] == [waits.id, talks.id]
    assert shown.lines[1].in_use == 2
    (view,) = shown.nodes
    assert (view.error, view.calls_over, view.talks_unsure) == ("not started", 1, 1)
    links.clear()
    assert len(look(engine).calls) == 3


async def test_another_client_sees_none_of_it(engine: Engine) -> None:
    seat(engine)
    engine.floor.feed(Ready(AMY))
    engine.queued.put(enter(engine), SALES, None)
    theirs = look(engine, frozenset({BANK}))
    assert (theirs.queues, theirs.agents, theirs.calls) == ((), (), ())
    ours = look(engine, frozenset({TEA}))
    assert len(ours.calls) == 1 and len(ours.agents) == 4


async def test_whoever_watches_is_woken(engine: Engine) -> None:
    before = engine.changes.version
    watching = asyncio.create_task(engine.changes.after(before))
    await asyncio.sleep(0)
    seat(engine)
    async with asyncio.timeout(1):
        assert await watching > before
    assert await engine.changes.after(before) == engine.changes.version


async def test_of_whoever_stops_watching_nothing_is_left(engine: Engine) -> None:
    """A console's connection comes and goes all night, and nothing happens on the floor."""
    version = engine.changes.version
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(engine.changes.after(version), 0.001)
    assert not [one for one in kept(engine.changes) if isinstance(one, asyncio.Future)]


async def test_until_when_an_away_reason_allows_it(engine: Engine) -> None:
    limited = AwayReason("lunch", digit=2, limit_s=1800)
    engine.take(replace(engine.centre, away_reasons=(AwayReason("break"), limited)))
    seat(engine)

    def limit() -> datetime | None:
        return next(agent.limit for agent in look(engine).agents if agent.code == AMY)

    assert limit() is None  # just logged in
    engine.floor.feed(Away(AMY, "lunch"))
    (amy,) = (agent for agent in look(engine).agents if agent.code == AMY)
    assert amy.limit == amy.since + timedelta(minutes=30)
    engine.floor.feed(Away(AMY, "break"))
    assert limit() is None
    engine.floor.feed(Away(AMY, "lunch"))
    engine.floor.feed(Ready(AMY))
    assert limit() is None


async def test_calls_that_a_line_refused(engine: Engine) -> None:
    shown = board(engine, None, {}, StoreView(True), {LineName("carrier"): LineRefusals(3, 2)})
    gateway, carrier = shown.lines
    assert (carrier.blocked_today, carrier.callers_refused_today) == (3, 2)
    assert (gateway.blocked_today, gateway.callers_refused_today) == (0, 0)
