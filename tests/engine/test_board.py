"""The board, as the engine puts it together without an Asterisk behind it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acd.events import (
    Away,
    CallGone,
    Connected,
    Disconnected,
    ExtendWrapUp,
    LogIn,
    LogOut,
    Ready,
    StationChanged,
)
from domain.centre import AwayReason, Centre
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
from engine.board import DayFigures, LiveBoard, scoped
from engine.board_ports import AheadOf, Board, CallStage, StaffView, StoreView
from engine.calls.call import LiveCall
from engine.desk_ports import DialStep
from engine.engine import Engine
from engine.outbound.desk_dials import AgentDial, DeskDials
from records.call_queries import LineRefusals
from telephony.ami.link import Link
from tests.conftest import MovableClock
from tests.engine.outbound_floor import campaign
from tests.memory import kept

TEA, BANK = ProjectName("tea"), ProjectName("bank")
AMY = AgentCode("1001")
SALES = QueueName("sales")


def look(engine: Engine, projects: frozenset[ProjectName] | None = None) -> Board:
    figures = {SALES: DayFigures(7, 3, 1, 1, 1, 2, 6, 2 / 6)}
    return scoped(LiveBoard(engine).look(figures, StoreView(True)), projects)


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
    assert view.staff[view.queues[0].staff] == StaffView(talking=1)  # no longer free
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
    async with asyncio.timeout(60):
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
    shown = LiveBoard(engine).look({}, StoreView(True), {LineName("carrier"): LineRefusals(3, 2)})
    gateway, carrier = shown.lines
    assert (carrier.blocked_today, carrier.callers_refused_today) == (3, 2)
    assert (gateway.blocked_today, gateway.callers_refused_today) == (0, 0)


PEOPLE = tuple(AgentCode(code) for code in ("1001", "1002", "1003", "1004"))


class Day:
    """Does to an engine what the steps of a random day say, sensible or not."""

    def __init__(self, engine: Engine, whole: Centre) -> None:
        self.engine = engine
        self._whole = whole
        self._calls: list[LiveCall] = []

    def do(self, step: str, which: int, other: int) -> None:
        feed, code = self.engine.floor.feed, PEOPLE[which % len(PEOPLE)]
        call = self._calls[other % len(self._calls)] if self._calls else None
        match step:
            case "log in":
                skills = self._whole.agents[which % len(PEOPLE)].skills
                feed(LogIn(code, StationName(code), skills))
            case "log out":
                feed(LogOut(code))
            case "ready":
                feed(Ready(code))
            case "away":
                feed(Away(code, "lunch"))
            case "extend":
                feed(ExtendWrapUp(code, 30.0))
            case "phone":
                feed(StationChanged(StationName(code), list(StationState)[other % 4]))
            case "centre":  # some queues and agents are no longer there, or there again
                queues, agents = self._whole.queues[other % 4 :], self._whole.agents[which:]
                self.engine.take(replace(self._whole, queues=queues, agents=agents))
            case "call":
                self._calls.append(enter(self.engine, len(self._calls)))
            case "queue" if call:
                queue = self._whole.queues[which % 3].name
                self.engine.queued.put(call, queue, None)
            case "talk" if call:
                feed(Connected(call.id, code))
                self.engine.calls.stage(call, CallStage.TALKING)
            case "hang up" if call:
                feed(Disconnected(call.id, code))
            case "end" if call:
                self._calls.remove(call)
                feed(CallGone(call.id))
                self.engine.calls.end(call)


STEPS = st.tuples(
    st.sampled_from(
        [
            *("log in", "log out", "ready", "away", "extend", "phone"),
            *("call", "queue", "talk", "hang up", "end", "centre"),
        ]
    ),
    st.integers(0, 3),
    st.integers(0, 7),
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, max_size=40))
async def test_a_board_that_was_kept_is_as_one_made_from_nothing(
    engine: Engine, centre: Centre, steps: list[tuple[str, int, int]]
) -> None:
    """Whatever happens between two looks, and whatever was left of the days before."""
    kept_up, day, store = LiveBoard(engine), Day(engine, centre), StoreView(True)
    kept_up.look({}, store)
    for step in steps:
        day.do(*step)
        mine, fresh = kept_up.look({}, store), LiveBoard(engine).look({}, store)
        assert replace(mine, at=fresh.at) == fresh


def made_anew(before: Board, after: Board) -> list[object]:
    """The rows that are other objects than before."""
    return [
        row
        for name in ("agents", "queues", "calls", "lines", "nodes")
        for row in getattr(after, name)
        if all(row is not old for old in getattr(before, name))
    ]


async def test_one_agents_change_makes_no_row_anew_but_their_own(engine: Engine) -> None:
    """Not those of the queues they serve either, whose staff's count is a row of its own."""
    one = LiveBoard(engine)
    seat(engine)
    engine.floor.feed(Ready(AMY))
    for number in range(3):
        enter(engine, number)
    before = one.look({}, StoreView(True))
    engine.floor.feed(Away(AMY, "lunch"))
    after = one.look({}, StoreView(True))
    assert after.agents[0].reason == "lunch"
    assert made_anew(before, after) == [after.agents[0]]
    skills = engine.centre.agents[0].skills
    serves = {
        row.staff
        for row, queue in zip(after.queues, engine.centre.queues, strict=True)
        if skills.get(queue.skill, 0) >= queue.min_level
    }
    assert {key for key in after.staff if after.staff[key] is not before.staff[key]} == serves
    for key in serves:
        assert (before.staff[key], after.staff[key]) == (StaffView(ready=1), StaffView(paused=1))


async def test_who_looks_at_a_customer_is_seen_to(engine: Engine, clock: MovableClock) -> None:
    """They are ready all the same."""
    dials = DeskDials(engine.floor, engine.nailed_up, engine.changes, engine.clock, engine.news)
    one = LiveBoard(engine, dials.ahead)
    seat(engine)
    engine.floor.feed(Ready(AMY))
    dial = AgentDial(AMY, campaign(), "+8613800000009")
    version = engine.changes.version
    dials.begin(dial)
    assert engine.changes.version > version
    shown = one.look({}, StoreView(True)).agents[0]
    assert shown.state == "ready" and shown.ahead is not None
    assert shown.ahead.what is AheadOf.LOOKING
    clock.ahead += 30.0
    dials.step(dial, DialStep.CONNECTING)
    began = one.look({}, StoreView(True)).agents[0].ahead
    clock.ahead += 10.0
    dials.step(dial, DialStep.RINGING)
    after = one.look({}, StoreView(True)).agents[0].ahead
    assert began is not None and after is not None
    assert began.what is after.what is AheadOf.DIALLING
    dials.end(dial)
    assert one.look({}, StoreView(True)).agents[0].ahead is None


async def test_when_the_civil_clock_is_set_all_times_follow(
    engine: Engine, clock: MovableClock
) -> None:
    one = LiveBoard(engine)
    seat(engine)
    since = one.look({}, StoreView(True)).agents[0].since
    clock.ahead += 3600.0  # as if civil time had been set back
    assert since - one.look({}, StoreView(True)).agents[0].since > timedelta(minutes=59)


async def test_another_centre_is_shown_as_soon_as_it_is_in_force(engine: Engine) -> None:
    one = LiveBoard(engine)
    one.look({}, StoreView(True))
    first, *others = engine.centre.queues
    engine.take(replace(engine.centre, queues=tuple(others)))
    assert [q.name for q in one.look({}, StoreView(True)).queues] == [q.name for q in others]
    engine.take(replace(engine.centre, queues=(replace(first, title={"en": "Tea"}), *others)))
    assert one.look({}, StoreView(True)).queues[0].title == {"en": "Tea"}


async def test_another_centre_makes_no_row_anew_but_those_that_it_changes(engine: Engine) -> None:
    """Otherwise every desk would be looked at because one queue has another title."""
    one = LiveBoard(engine)
    seat(engine)
    for number in range(3):
        enter(engine, number)
    before = one.look({}, StoreView(True))
    (amy, *others), (first, *queues) = engine.centre.agents, engine.centre.queues
    changed = replace(
        engine.centre,
        agents=(replace(amy, name="Amy 2"), *others),
        queues=(replace(first, title={"en": "Tea"}), *queues),
    )
    engine.take(changed)
    after = one.look({}, StoreView(True))
    assert made_anew(before, after) == [after.agents[0], after.queues[0]]
    assert (after.agents[0].name, after.queues[0].title) == ("Amy 2", {"en": "Tea"})
