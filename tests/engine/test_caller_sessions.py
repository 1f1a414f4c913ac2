"""Sessions and the floor without Asterisk or AMI: what only a session knows."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from acd.commands import Announce, Offer
from acd.events import Away, CallLeft, LogIn, Ready
from domain.facts import CallFact
from domain.identity import AgentCode, CallId, NodeName, StationName
from domain.reasons import EndReason, OfferFailure, Party
from domain.stations import StationState
from engine.agents.live_talks import passed_on_in_vain
from engine.calls.call import Inbox, LiveCall
from engine.clock import ReportTiming
from engine.engine import Engine
from engine.inbound.bookmark import Arguments, Stage
from engine.inbound.dial_outcome import DialOutcome
from engine.inbound.flow_entry import FlowEntry
from engine.inbound.flow_means import FlowMeans
from engine.inbound.flow_steps import FlowSteps
from engine.switches import Switches
from ivr_flows.steps import Collect, Digits, Enqueue, Left, QueueExit, StepOutcome
from records.fold import fold
from storage.fact_lines import decode
from telephony.agi.agi_wire import HungUp
from telephony.ami.ami_wire import Message
from telephony.ami.link import Link
from telephony.ami.snapshot import Snapshot
from telephony.centre_calls import CallEvent, Calls, PhoneChanged
from tests.conftest import MovableClock
from tests.engine.test_board import AMY, SALES, enter, look
from tests.links import StillLink
from tests.waiting import until

NODE = NodeName("pbx1")
BEN = AgentCode("1002")

has_rung_out = pytest.mark.parametrize("timing", [ReportTiming(rung_out_s=-15.0)], ids=["rung"])
"""A phone has rung for long enough as soon as it rings."""


class FakeSession:
    """Takes every command; Dial lasts until ``answer`` or ``lose``."""

    def __init__(self) -> None:
        self.dialled: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.remembered: list[str] = []
        self.phones: list[str] = []
        self.keys = list("1111")
        self.talk_ms = 60_000
        """How long ago the phone was answered, when the talk is over."""

    async def execute(self, app: str, *args: str) -> int:
        if app == "Dial":
            self.phones.append(args[0])
            await asyncio.wait((self.dialled, self.lost), return_when=asyncio.FIRST_COMPLETED)
            if self.lost.done():
                raise HungUp("gone")
        elif app == "MSet":
            self.remembered += args
        return 0

    async def get_variable(self, name: str) -> str:
        known = {
            "DIALSTATUS": self.dialled.result(),
            "SHARED(OFFHOOK_ANSWERED_AT)": "1000",
            "STRFTIME(,,%s%3q)": str(1000 + self.talk_ms),
        }
        return known.get(name, "16")

    async def wait_for_digit(self, _timeout_s: float) -> str:
        return self.keys.pop(0)

    async def music_on(self, klass: str) -> None:
        pass

    async def idle(self, future: "asyncio.Future[Any]") -> Any:
        await asyncio.wait((future, self.lost), return_when=asyncio.FIRST_COMPLETED)
        if self.lost.done():
            raise HungUp("gone")
        return future.result()


@pytest.fixture
def engine(engine: Engine, links: dict[NodeName, Link]) -> Engine:
    """An engine whose AMI link is down; two agents are ready."""
    links[NODE] = StillLink(NODE, up=False)
    for number, code in enumerate((AMY, BEN)):
        skills = engine.centre.agents[0].skills
        engine.floor.feed(LogIn(code, StationName(f"100{number + 1}"), skills))
        engine.floor.feed(Ready(code))
    return engine


def comes_up(engine: Engine) -> None:
    link = engine.links[NODE]
    assert isinstance(link, StillLink)
    link.up = True


def steps_of(
    engine: Engine, call: LiveCall, session: FakeSession, stage: str = Stage.FLOW
) -> FlowSteps:
    given = Arguments("4008001000", "carrier", "1", stage)
    no = cast(Any, None)  # neither flow nor anything that speaks
    means = FlowMeans(engine.sessions, engine.queued, no, no, no, engine.passes)
    return FlowSteps(cast(Any, session), call, given, FlowEntry(no, ()), means)


def waits(engine: Engine, call: LiveCall, session: FakeSession) -> "asyncio.Task[StepOutcome]":
    """The call's session waits in the queue, as its flow would have it."""
    step = Enqueue("sales", SALES, "en", "default", dict.fromkeys(QueueExit, "score"), ())
    return asyncio.ensure_future(steps_of(engine, call, session).carry_out(step))


async def a_moment() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def until_talking(engine: Engine) -> None:
    """Until the phone has rung for so long that they must be talking."""
    await until(lambda: states(engine)[AMY] == "talking", seen=lambda: states(engine))


def states(engine: Engine) -> dict[str, str]:
    return {view.code: str(view.state) for view in engine.floor.core.agents}


async def no_one_else_is_called(engine: Engine, clock: MovableClock) -> None:
    """Long after the offer's time is over."""
    for clock.ahead in (60.0, 62.0):
        engine.floor.feed(CallLeft(CallId("pbx1-1.1")))  # another call: the floor looks again
        await a_moment()
    assert states(engine) == {AMY: "talking", BEN: "ready"}
    clock.ahead = 0.0


@has_rung_out
async def test_a_talk_without_ami_is_offered_to_nobody_else(
    engine: Engine, clock: MovableClock
) -> None:
    session, call = FakeSession(), enter(engine)
    waiting = waits(engine, call, session)
    await until_talking(engine)
    await no_one_else_is_called(engine, clock)
    session.dialled.set_result("ANSWER")
    assert await waiting == Left(QueueExit.TALKED)
    assert states(engine) == {AMY: "wrap_up", BEN: "ready"}
    assert [fact.what.kind for fact in call.ledger.supposed] == ["connected", "disconnected"]
    assert "OFFHOOK_STAGE=talked" in session.remembered


@has_rung_out
async def test_the_caller_hangs_up_in_a_talk_without_ami(engine: Engine) -> None:
    session, call = FakeSession(), enter(engine)
    waiting = waits(engine, call, session)
    await until_talking(engine)
    assert states(engine)[AMY] == "talking"
    session.lost.set_result(None)
    with pytest.raises(HungUp):
        await waiting
    assert states(engine) == {AMY: "wrap_up", BEN: "ready"}
    assert call.ledger.supposed == []  # that they talked is for Asterisk's log to say


async def test_a_snapshot_puts_right_what_the_floor_supposed(
    engine: Engine, links: dict[NodeName, Link]
) -> None:
    call = enter(engine)
    engine.queued.put(call, SALES, None)
    offer = Offer(call.id, SALES, AMY, StationName("1001"), 15.0)
    engine.talks.must_have_begun(call, offer)
    assert states(engine)[AMY] == "talking"
    comes_up(engine)
    engine.talks.seen_in_snapshot(NODE)
    assert states(engine)[AMY] == "wrap_up"

    engine.talks.connected(call, StationName("1002"), datetime.now(UTC))
    links[NODE] = StillLink(NODE, up=False)
    engine.talks.must_have_ended(call)  # or so it seems: all connections were cut
    assert states(engine)[BEN] == "wrap_up"
    engine.talks.seen_in_snapshot(NODE)
    assert states(engine)[BEN] == "talking"


async def test_while_ami_is_up_nothing_is_supposed(engine: Engine) -> None:
    call = enter(engine)
    engine.queued.put(call, SALES, None)
    comes_up(engine)
    engine.talks.must_have_begun(call, Offer(call.id, SALES, AMY, StationName("1001"), 15.0))
    assert states(engine)[AMY] == "offered"


async def test_a_session_that_is_slow_to_end_takes_nothing_from_the_next(engine: Engine) -> None:
    """Its connection is dead, and nobody has noticed; Asterisk has come with another."""
    engine.floor.feed(Away(AMY, "lunch"))
    engine.floor.feed(Away(BEN, "lunch"))
    old, new, call = FakeSession(), FakeSession(), enter(engine)
    first = waits(engine, call, old)
    await a_moment()
    assert enter(engine) is call
    second = waits(engine, call, new)
    await a_moment()
    old.lost.set_result(None)
    with pytest.raises(HungUp):
        await first
    assert call.attached and [view.call for view in engine.floor.core.waiting] == [call.id]
    engine.floor.feed(Ready(AMY))
    await a_moment()
    assert new.phones == ["PJSIP/1001"]
    new.lost.set_result(None)
    with pytest.raises(HungUp):
        await second
    assert not engine.floor.core.waiting


async def test_what_a_session_waited_for_is_not_given_to_the_dead(engine: Engine) -> None:
    inbox = Inbox()
    command = Announce(enter(engine).id, 1, None)
    abandoned = inbox.next()
    inbox.clear()
    inbox.put(command)
    assert not abandoned.done() and await inbox.next() == command


async def test_an_answered_offer_is_no_longer_one_taken_back(engine: Engine) -> None:
    """Else a transfer to that phone, later in the call, would be hung up."""
    session, call = FakeSession(), enter(engine)
    waiting = waits(engine, call, session)
    await a_moment()
    engine.floor.feed(Away(AMY, "lunch"))  # as the caller is connected
    assert engine.floor.was_withdrawn(call.id, StationName("1001"))
    session.dialled.set_result("ANSWER")
    await waiting
    assert not engine.floor.was_withdrawn(call.id, StationName("1001"))


async def test_a_call_younger_than_the_snapshot_lives_whatever_asterisks_clock_says(
    engine: Engine,
) -> None:
    engine.switches.on_down(NODE, "cut")
    await asyncio.sleep(0.001)
    call = enter(engine)
    call.entered_at -= timedelta(minutes=1)  # its clock is slow
    engine.switches.on_snapshot(NODE, Snapshot(()))
    assert engine.calls.get(call.id) is call

    engine.switches.on_down(NODE, "cut")
    await asyncio.sleep(0.001)
    engine.switches.on_snapshot(NODE, Snapshot(()))
    assert engine.calls.get(call.id) is None


@pytest.mark.parametrize("ami", [True, False])
async def test_a_phone_that_answers_and_is_gone_has_not_served_the_caller(
    engine: Engine, ami: bool
) -> None:
    if ami:
        comes_up(engine)
    session, call = FakeSession(), enter(engine)
    engine.floor.feed(Away(BEN, "lunch"))
    waiting = waits(engine, call, session)
    await a_moment()
    if ami:  # it was bridged for a moment
        engine.talks.connected(call, StationName("1001"), datetime.now(UTC))
        engine.talks.disconnected(call, StationName("1001"), Party.AGENT, datetime.now(UTC))
    session.talk_ms = 20
    session.dialled.set_result("ANSWER")
    await a_moment()
    amy = engine.floor.core.agent(AMY)
    assert amy is not None
    assert (amy.state, amy.reason) == ("paused", "dropped")
    assert [one.call for one in engine.floor.core.waiting] == [call.id]
    assert not waiting.done()
    # What Asterisk says of it later brings nobody together.
    engine.talks.connected(call, StationName("1001"), datetime.now(UTC))
    assert [one.call for one in engine.floor.core.waiting] == [call.id]
    waiting.cancel()


async def test_nobody_is_offered_a_caller_who_talks_at_a_phone_without_an_agent(
    engine: Engine,
) -> None:
    session, call = FakeSession(), enter(engine)
    engine.floor.feed(Away(AMY, "lunch"))
    engine.floor.feed(Away(BEN, "lunch"))
    waiting = waits(engine, call, session)
    await a_moment()
    engine.talks.connected(call, StationName("1004"), datetime.now(UTC))
    assert engine.floor.core.waiting == ()
    engine.floor.feed(Ready(BEN))
    await a_moment()
    assert session.phones == []
    waiting.cancel()


@pytest.mark.parametrize(
    ("status", "cause", "answer", "why"),
    [
        ("BUSY", "0", None, OfferFailure.FORWARDED),  # Dial's option i has refused to
        ("BUSY", "17", None, OfferFailure.FORWARDED),  # the cause is of an earlier offer
        ("CHANUNAVAIL", "23", "SIP 302 Moved Temporarily", OfferFailure.FORWARDED),  # to tel:
        ("BUSY", "17", "SIP 486 Busy Here", OfferFailure.BUSY),
        ("ANSWER", "16", "SIP 200 OK", OfferFailure.DROPPED),
        ("CHANUNAVAIL", "58", "SIP 200 OK", OfferFailure.DROPPED),  # nothing it can talk with
        ("CHANUNAVAIL", "20", None, OfferFailure.UNREACHABLE),
    ],
)
def test_why_an_offer_failed(
    status: str, cause: str, answer: str | None, why: OfferFailure
) -> None:
    assert DialOutcome(status, cause).failure(answer) is why


def test_a_phone_that_rings_out_after_another_was_rejected() -> None:
    assert DialOutcome("NOANSWER", "21").failure(None) is OfferFailure.NO_ANSWER
    declined = DialOutcome("CHANUNAVAIL", "21")
    assert declined.failure("SIP 603 Decline") is OfferFailure.REJECTED


async def test_whoever_has_talked_is_never_one_who_waits(engine: Engine) -> None:
    """The dialplan rings all phones for those who do, should the controller stay away."""
    session, call = FakeSession(), enter(engine)
    await steps_of(engine, call, session).carry_out(Collect("menu", (), "en", 1, 5.0, 5.0))
    assert session.remembered == ["OFFHOOK_STAGE=flow", "OFFHOOK_RETURN=menu"]
    session.remembered.clear()
    served = steps_of(engine, call, session, Stage.TALKED)
    await served.carry_out(Collect("score", (), "en", 1, 5.0, 5.0))
    assert session.remembered == ["OFFHOOK_STAGE=talked", "OFFHOOK_AFTER_TALK=score"]


async def test_whom_asterisks_queue_has_served_is_not_greeted_again(engine: Engine) -> None:
    await steps_of(engine, enter(engine), FakeSession(), Stage.TALKED).walk()


async def test_talk_and_failed_transfer_do_not_count_against_the_longest_wait(
    engine: Engine,
) -> None:
    """Three minutes of waiting in half an hour; the place is still that of the first one."""
    now = datetime.now(UTC)

    def ago(minutes: float) -> datetime:
        return now - timedelta(minutes=minutes)

    call = enter(engine, 1)
    station = StationName("1001")
    for connected, parted in ((28, 15), (13, 4)):  # back in the queue 14 minutes ago, and now
        engine.talks.connected(call, station, ago(connected))
        engine.talks.disconnected(call, station, Party.AGENT, ago(parted))
    call.returns.append(ago(14))
    engine.floor.feed(Away(AMY, "lunch"))
    engine.floor.feed(Away(BEN, "lunch"))
    engine.queued.put(call, SALES, ago(30).timestamp())
    (waiter,) = engine.floor.core.waiting
    assert engine.clock.now() - waiter.waiting_since == pytest.approx(180, abs=30)
    assert engine.clock.now() - waiter.since == pytest.approx(1800, abs=30)
    assert len(call.returns) == 2
    (sales, *_) = look(engine).queues
    assert sales.waiting_since is not None  # the board's longest wait
    assert (datetime.now(UTC) - sales.waiting_since).total_seconds() == pytest.approx(180, abs=30)


async def test_a_call_refused_at_the_end_of_the_day_is_no_self_service(
    engine: Engine, tmp_path: Path
) -> None:
    """New calls get 503 while talks may end before a stop."""
    call = enter(engine)
    engine.sessions.refused(call, EndReason.STOPPING)
    engine.talks.gone(call, Party.SYSTEM, 42)
    lines = (tmp_path / "outbox.jsonl").read_bytes().splitlines()
    record = fold(fact for fact in map(decode, lines) if isinstance(fact, CallFact))
    assert (record.outcome, record.ended_by, record.why) == ("lost", "system", "stopping")


async def test_who_was_passed_on_in_vain_and_waited_again_is_served_by_the_next(
    engine: Engine,
) -> None:
    """AMI says nothing of the next talk while it is down; the last that it said is the vain one."""
    call = enter(engine)
    now = datetime.now(UTC)
    for station, from_s, to_s in (("1001", -60.0, -1.0), ("1002", -1.0, -0.9)):
        engine.talks.connected(call, StationName(station), now + timedelta(seconds=from_s))
        at = now + timedelta(seconds=to_s)
        engine.talks.disconnected(call, StationName(station), Party.AGENT, at)
    assert passed_on_in_vain(call)
    engine.queued.put(call, SALES, now.timestamp() - 90.0)
    assert not passed_on_in_vain(call)


async def test_nor_does_a_talk_before_an_answer_in_vain(engine: Engine) -> None:
    """Back from a talk of 20 minutes, and then twice phones answer and are gone at once."""
    now = datetime.now(UTC)
    comes_up(engine)
    call = enter(engine)
    for code in (AMY, BEN):
        engine.floor.feed(Away(code, "lunch"))
    engine.talks.connected(call, StationName("1003"), now - timedelta(minutes=22))
    engine.talks.disconnected(call, StationName("1003"), Party.AGENT, now - timedelta(minutes=2))
    call.returns.append(now - timedelta(minutes=2))
    since = (now - timedelta(minutes=24)).timestamp()
    engine.queued.put(call, SALES, since)
    for code, station in ((AMY, StationName("1001")), (BEN, StationName("1002"))):
        engine.floor.feed(Ready(code))
        engine.talks.connected(call, station, datetime.now(UTC))
        engine.talks.disconnected(call, station, Party.AGENT, datetime.now(UTC))
        offer = Offer(call.id, SALES, code, station, 15.0)
        engine.queued.offer_failed(call, offer, OfferFailure.DROPPED, since)
        (waiter,) = engine.floor.core.waiting
        assert engine.clock.now() - waiter.waiting_since == pytest.approx(240, abs=30)
        assert engine.clock.now() - waiter.since == pytest.approx(1440, abs=30)


async def test_keys_of_our_own_are_no_answer_of_the_callers(engine: Engine) -> None:
    """An agent resumes and hangs up: what ends the music may come when the score is asked for."""
    session = FakeSession()
    session.keys = list("D5")
    steps = steps_of(engine, enter(engine), session)
    assert await steps.carry_out(Collect("score", (), "en", 1, 5.0, 5.0)) == Digits("5")


async def test_a_talk_is_as_long_as_it_was_however_late_we_learn_of_it(engine: Engine) -> None:
    """Its recording is compared with that; facts bear the time at which we learn of things."""
    comes_up(engine)
    call, began = enter(engine), datetime.now(UTC)
    engine.talks.connected(call, StationName("1001"), began, late_s=0.7)
    ended = began + timedelta(seconds=20)
    engine.talks.disconnected(call, StationName("1001"), Party.AGENT, ended, late_s=0.2)
    assert call.bridged_s == pytest.approx(20.5)
    assert [fact.at for fact in call.ledger.talks()] == [began, ended]


class TimedCalls(Calls):
    """A fold whose deadline passes once, with these events."""

    due: Sequence[CallEvent] = ()

    def next_deadline(self) -> float | None:
        return 0.0 if self.due else None

    def tick(self, _now: float) -> list[CallEvent]:
        due, self.due = self.due, ()
        return list(due)


async def test_an_event_of_the_clock_that_goes_wrong_costs_no_other(engine: Engine) -> None:
    channels = TimedCalls([StationName("1001")], [])
    switches = Switches(
        engine.clock, engine.changes, engine.calls, engine.floor, engine.talks, engine.nailed_up,
        engine.rooms, engine.asides, engine.outside, engine.kept_agents, engine.orders, channels,
        engine.admission, engine.reactions, engine.sessions.doubt, None,
    )  # fmt: skip
    odd = cast(Any, "no event")
    channels.due = [odd, PhoneChanged(StationName("1001"), StationState.IDLE)]
    switches.on_message(NODE, Message.of({"Event": "Whatever"}))
    await a_moment()
    assert next(agent.station_state for agent in look(engine).agents) == "idle"
