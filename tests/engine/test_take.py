"""Another centre while calls go on: the engine, and real sessions at the real server."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from acd.events import Connected, Disconnected, Ready
from bench.agi_requests import caller
from bench.fuzzed_server import NODE, FuzzedServer, door
from domain.agent_facts import AgentFact, AgentState
from domain.call_facts import CallEnded, TurnedAway
from domain.centre import (
    Centre,
    Emergency,
    Hotline,
    KnownCaller,
    Line,
    LineKind,
    Project,
    Queue,
    Station,
    StationKind,
    Treatment,
)
from domain.facts import CallFact
from domain.floor_facts import Queued
from domain.identity import (
    AgentCode,
    CallId,
    ChannelId,
    LineName,
    NodeName,
    ProjectName,
    QueueName,
    SkillName,
    StationName,
)
from domain.reasons import EndReason, NoEntry, Party
from engine.calls.call import LiveCall
from engine.calls.logged import entered
from engine.engine import Engine
from records.call_queries import StoredCall
from records.fold import fold
from storage.fact_lines import decode
from telephony.agi.agi_wire import SessionRefused
from telephony.ami.link import Link
from tests.engine.test_board import AMY, SALES, enter, look, seat
from tests.links import StillLink
from tests.telephony.agi.peer import Peer

TEA, BANK = ProjectName("tea"), ProjectName("bank")
NUMBER = "13800138000"
UID = "1795000000.7"


@pytest.fixture
def engine(engine: Engine, links: dict[NodeName, Link]) -> Engine:
    """An engine whose AMI link is down, so that channels are trusted."""
    links[NODE] = StillLink(NODE, up=False)
    return engine


def talks(engine: Engine) -> LiveCall:
    """Amy talks to a caller from the queue ``sales``."""
    seat(engine)
    engine.floor.feed(Ready(AMY))
    call = enter(engine)
    engine.queued.put(call, SALES, None)
    engine.floor.feed(Connected(call.id, AMY))
    return call


def state(engine: Engine, agent: AgentCode = AMY) -> AgentState:
    view = engine.floor.core.agent(agent)
    assert view is not None
    return view.state


def facts(folder: Path) -> list[CallFact | AgentFact]:
    found = map(decode, (folder / "outbox.jsonl").read_bytes().splitlines())
    return [fact for fact in found if isinstance(fact, CallFact | AgentFact)]


async def test_what_is_new_is_in_force_at_once(engine: Engine, tmp_path: Path) -> None:
    before = engine.centre
    seat(engine)
    engine.floor.feed(Ready(AMY))
    cards = Queue(QueueName("cards"), BANK, SkillName("cards"))
    engine.take(
        replace(
            before,
            projects=(*before.projects, Project(BANK, "Bank")),
            hotlines=(*before.hotlines, Hotline("4009", BANK, "hotline", languages=("en",))),
            queues=(*before.queues, cards),
            agents=tuple(
                replace(a, skills={SkillName("cards"): 1}) if a.code == AMY else a
                for a in before.agents
            ),
            stations=(*before.stations, Station(StationName("1009"), StationKind.SOFTPHONE)),
            lines=(*before.lines, Line(LineName("second"), LineKind.TRUNK)),
        )
    )
    await engine.admission.caller(ChannelId(NODE, "1.9"), "second", "4009")
    await engine.admission.phone(ChannelId(NODE, "1.8"), "1009")
    assert engine.channels.named(NODE, "PJSIP/second-00000001").endpoint == "second"
    call = engine.sessions.enter(
        ChannelId(NODE, "1.9"), "PJSIP/second-1", LineName("second"), NUMBER, "4009", 0.0
    )
    assert call is not None
    assert (call.hotline.project, call.languages) == (BANK, ("en",))
    engine.queued.put(call, cards.name, None)
    assert state(engine) is AgentState.OFFERED
    assert [q.name for q in look(engine).queues][-1] == "cards"
    queued = [f.what for f in facts(tmp_path) if isinstance(f, CallFact)]
    assert Queued(cards.name, SkillName("cards")) in queued


async def test_calls_in_a_removed_number_on_a_removed_line_go_on(engine: Engine) -> None:
    call = enter(engine)
    engine.take(replace(engine.centre, hotlines=(), lines=()))
    await engine.admission.caller(call.channel, "carrier", "4008001000")  # transferred, say
    assert engine.sessions.enter(
        call.channel, call.channel_name, LineName("carrier"), None, "4008001000", 0.0
    )
    with pytest.raises(SessionRefused, match="no hotline"):
        await engine.admission.caller(ChannelId(NODE, "1.2"), "carrier", "4008001000")


async def test_so_they_do_if_the_controller_has_started_again(
    centre: Centre, engine: Engine
) -> None:
    call = enter(engine)
    came = CallFact("1", call.id, call.entered_at, entered(call.hotline, call.line, None, None))
    engine.calls.end(call)
    engine.take(replace(centre, hotlines=(), lines=()))
    engine.restore({}, [StoredCall(fold([came]), (came,))])
    await engine.admission.caller(call.channel, "carrier", "4008001000")
    assert engine.channels.named(NODE, "PJSIP/carrier-00000001").endpoint == "carrier"
    again = engine.sessions.enter(
        call.channel, call.channel_name, LineName("carrier"), None, "4008001000", 0.0
    )
    assert again is not None
    assert (again.hotline.project, again.hotline.flow) == (TEA, "hotline")


async def test_a_deleted_agent_finishes_the_call(engine: Engine, tmp_path: Path) -> None:
    call = talks(engine)
    engine.take(replace(engine.centre, agents=engine.centre.agents[1:]))
    assert state(engine) is AgentState.TALKING
    shown = {agent.code: agent for agent in look(engine).agents}
    assert shown[AMY].after_call == "log_out"
    engine.floor.feed(Disconnected(call.id, AMY))
    assert state(engine) is AgentState.LOGGED_OUT
    assert AMY not in {agent.code for agent in look(engine).agents}
    assert [f.state for f in facts(tmp_path) if isinstance(f, AgentFact)][-1] == "logged_out"


async def test_who_was_deleted_while_no_controller_ran_is_logged_out(
    engine: Engine, tmp_path: Path
) -> None:
    ghost, now = AgentCode("1099"), datetime.now(UTC)
    engine.restore(
        {
            ghost: AgentFact("1", ghost, now, AgentState.READY, None, StationName("1001")),
            AMY: AgentFact("2", AMY, now, AgentState.READY, None, StationName("1001")),
        },
        [],
    )
    assert state(engine) is AgentState.READY
    assert engine.floor.at_station == {"1001": AMY}
    engine.take(replace(engine.centre, agents=()))
    assert engine.floor.at_station == {}
    assert [f.state for f in facts(tmp_path) if isinstance(f, AgentFact)][-1] == "logged_out"


async def test_a_removed_queue_stays_on_the_board_while_somebody_waits(engine: Engine) -> None:
    call = enter(engine)
    engine.queued.put(call, SALES, None)
    engine.take(replace(engine.centre, queues=engine.centre.queues[1:]))
    assert {q.name: q.waiting for q in look(engine).queues}[SALES] == 1
    engine.queued.left(call)
    assert SALES not in {q.name for q in look(engine).queues}


@pytest.mark.parametrize(
    ("number", "projects", "priority"),
    [(NUMBER, (), 4), (NUMBER, (TEA,), 4), (NUMBER, (BANK,), 0), ("1", (), 0), (None, (), 0)],
)
async def test_a_vip_raises_the_priority_in_the_projects_that_are_named(
    engine: Engine, number: str | None, projects: tuple[ProjectName, ...], priority: int
) -> None:
    vip = KnownCaller(NUMBER, Treatment.VIP, projects, 4)
    engine.take(replace(engine.centre, callers={NUMBER: vip}))
    first, second = enter(engine, 1), enter(engine, 2)
    second.caller = number
    engine.queued.put(first, SALES, None)
    engine.queued.put(second, SALES, None)
    waiting = [view.call for view in engine.floor.core.waiting]
    assert waiting == ([second.id, first.id] if priority else [first.id, second.id])


# Sessions


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[FuzzedServer]:
    async with door(tmp_path) as one:
        yield one


async def test_a_blocked_caller_is_refused_unanswered_and_counted(
    here: FuzzedServer, tmp_path: Path
) -> None:
    here.links[NODE] = StillLink(NODE)
    blocked = KnownCaller(NUMBER, Treatment.BLOCKED)
    here.engine.take(replace(here.engine.centre, callers={NUMBER: blocked}))
    peer = await Peer.connect(here.server.port)
    peer.send(caller(UID))
    assert "Hangup" in (said := await peer.command()) and '"21"' in said
    call = here.engine.calls.by_id[CallId(f"{NODE}-{UID}")]
    here.engine.talks.gone(call, Party.SYSTEM, 21)
    happened = [f.what for f in facts(tmp_path) if isinstance(f, CallFact)]
    assert TurnedAway(NoEntry.CALLER_BLOCKED) in happened
    assert CallEnded(Party.SYSTEM, 21, EndReason.CALLER_BLOCKED) in happened
    peer.close()


async def test_who_waits_already_is_not_turned_away(here: FuzzedServer) -> None:
    blocked = KnownCaller(NUMBER, Treatment.BLOCKED)
    here.engine.take(replace(here.engine.centre, callers={NUMBER: blocked}))
    peer = await Peer.connect(here.server.port)
    peer.send(caller(UID, "queue", "sales", "bye", "en"))
    assert "OFFHOOK_STAGE=queue" in await peer.command()
    peer.close()


@pytest.mark.parametrize(("left_s", "answered"), [(60.0, True), (-1.0, False)])
async def test_an_emergency_message_takes_the_flows_place_until_its_time(
    here: FuzzedServer, tmp_path: Path, left_s: float, answered: bool
) -> None:
    until_then = datetime.now(UTC) + timedelta(seconds=left_s)
    fire = Emergency({"en": "There is a fire."}, until_then)
    hotline = replace(here.engine.centre.hotlines[0], emergency=fire)
    here.engine.take(replace(here.engine.centre, hotlines=(hotline,)))
    peer = await Peer.connect(here.server.port)
    peer.send(caller(UID))
    assert await peer.answer("200 result=0") == "ANSWER"
    said = await peer.command()
    if not answered:
        assert "OFFHOOK_STAGE=flow" in said
        peer.close()
        return
    assert said.startswith("STREAM FILE")
    peer.send(b"200 result=0 endpos=8000\n")
    assert await peer.command() == 'SET VARIABLE "OFFHOOK_DONE" "1"'
    call = here.engine.calls.by_id[CallId(f"{NODE}-{UID}")]
    here.engine.talks.gone(call, Party.SYSTEM, 16)
    happened = [f.what for f in facts(tmp_path) if isinstance(f, CallFact)]
    assert TurnedAway(NoEntry.EMERGENCY) in happened
    assert CallEnded(Party.FLOW, 16, "emergency") in happened  # type: ignore[arg-type]
    peer.close()
