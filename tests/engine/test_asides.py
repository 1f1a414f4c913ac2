"""Consultations when things happen at once, or somebody is gone, with an Asterisk of paper."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from acd.events import LogOut
from domain.facts import CallFact
from domain.floor_facts import ConsultEnded, Transferred
from domain.identity import StationName
from domain.reasons import Cause, ConsultEnd
from engine.agents.aside import ConsultStep
from engine.agents.outside_calls import NotCalled, OutsideCalls, new_room
from engine.board_ports import ConsultStage
from engine.calls.call import LiveCall
from engine.centre_ports import CommandOutcome, Recipient
from engine.engine import Engine
from engine.inbound.caller_sessions import Closing
from storage.fact_lines import decode
from tests.engine.paper_rooms import (
    AMY,
    BEN,
    NODE,
    NOTARY,
    PaperRooms,
    inside,
    leg,
    mark,
    outside_leg,
    room,
    room_of,
    said,
)
from tests.telephony.calls.events import about, hang_up
from tests.waiting import until

TO_BEN = Recipient(agent=BEN)
TO_NOTARY = Recipient(outside=NOTARY.number)
DONE = CommandOutcome.DONE


@pytest.fixture
def paper(engine: Engine) -> PaperRooms:
    return PaperRooms(engine)


@pytest.fixture
def facts(tmp_path: Path) -> Callable[[], list[CallFact]]:
    """What has been written down."""

    def read() -> list[CallFact]:
        lines = (tmp_path / "outbox.jsonl").read_bytes().splitlines()
        return [fact for line in lines if isinstance(fact := decode(line), CallFact)]

    return read


def ends(facts: list[CallFact]) -> list[ConsultEnded]:
    return [fact.what for fact in facts if isinstance(fact.what, ConsultEnded)]


async def asks_ben(paper: PaperRooms) -> LiveCall:
    """1001 asks 1002, whose phone is nailed up; nobody has entered yet."""
    call = paper.talk()
    paper.nail_up("1002")
    assert await paper.engine.consultations.consult(AMY, TO_BEN) is DONE
    await paper.settle()
    return call


async def private(paper: PaperRooms) -> LiveCall:
    """They talk, and the customer hears music."""
    call = await asks_ben(paper)
    paper.link_comes("1002")
    assert stage(paper) is ConsultStage.PRIVATE
    return call


async def with_notary(paper: PaperRooms) -> tuple[LiveCall, StationName]:
    """The same with somebody outside."""
    call = paper.talk()
    assert await paper.engine.consultations.consult(AMY, TO_NOTARY) is DONE
    there = paper.answers(await paper.outside_is_called())
    await paper.settle()
    paper.link_comes(there)
    assert stage(paper) is ConsultStage.PRIVATE
    return call, there


def stage(paper: PaperRooms) -> ConsultStage | None:
    aside = paper.engine.asides.of(AMY)
    return None if aside is None else aside.stage


def step(paper: PaperRooms, wished: ConsultStep) -> CommandOutcome:
    return paper.engine.consultations.step(AMY, wished)


def state(paper: PaperRooms, code: str) -> str:
    return next(str(view.state) for view in paper.engine.floor.core.agents if view.code == code)


# --- at the same moment


async def test_a_link_that_is_given_up_before_it_comes_ends_as_soon_as_it_does(
    paper: PaperRooms,
) -> None:
    """A colleague whose phone stays connected would hear the customer by it."""
    await asks_ben(paper)
    assert step(paper, ConsultStep.CANCEL) is DONE
    await paper.settle()
    assert paper.link.hung_up() == []
    paper.link_comes("1002")
    await paper.settle()
    assert paper.link.hung_up() == [paper.link_id()]
    assert stage(paper) is None


async def test_of_two_desks_one_asks(paper: PaperRooms) -> None:
    paper.talk()
    paper.nail_up("1002")
    consult = paper.engine.consultations.consult
    outcomes = await asyncio.gather(consult(AMY, TO_BEN), consult(AMY, TO_NOTARY))
    assert list(outcomes) == [DONE, CommandOutcome.CONSULTING]
    assert await paper.engine.consultations.pass_on(AMY, TO_BEN) is CommandOutcome.CONSULTING
    await paper.settle()
    assert paper.link.placed == []


async def test_of_two_desks_one_leaves(paper: PaperRooms) -> None:
    call = await private(paper)
    assert step(paper, ConsultStep.COMPLETE) is DONE
    for wished in (ConsultStep.CANCEL, ConsultStep.COMPLETE, ConsultStep.SWAP):
        assert step(paper, wished) is CommandOutcome.NOT_CONSULTING
    assert paper.engine.consultations.end(AMY) is CommandOutcome.NOT_CONSULTING
    passed = paper.engine.consultations.onward(call, phone_gone=False)
    assert passed is not None and passed.station == "1002"


async def test_a_failure_that_comes_late_costs_no_later_consultation(
    paper: PaperRooms, facts: Callable[[], list[CallFact]]
) -> None:
    """One desk gives up while Asterisk has not accepted the call, and asks somebody else."""
    paper.talk()
    paper.nail_up("1002")
    paper.link.slow = asyncio.Event()
    asked = asyncio.ensure_future(paper.engine.consultations.consult(AMY, TO_NOTARY))
    await until(lambda: paper.link.placed, what="a call goes out")
    assert step(paper, ConsultStep.CANCEL) is DONE
    assert await paper.engine.consultations.consult(AMY, TO_BEN) is DONE
    paper.link.refused.add("Originate")
    paper.link.slow.set()
    await asked
    aside = paper.engine.asides.of(AMY)
    assert aside is not None and aside.whom == BEN
    assert [end.how for end in ends(facts())] == [ConsultEnd.CANCELLED]


async def test_who_answers_as_the_agent_gives_up_is_let_go(paper: PaperRooms) -> None:
    call = paper.talk()
    await paper.engine.consultations.consult(AMY, TO_NOTARY)
    placed = await paper.outside_is_called()
    paper.link.refused.add("Hangup")  # it has no channel yet
    assert step(paper, ConsultStep.CANCEL) is DONE
    await paper.settle()
    paper.link.refused.clear()
    paper.link.asked.clear()
    there = paper.answers(placed)
    await paper.settle()
    assert paper.link.hung_up() == [placed.channel_id]
    assert not paper.link.orders("Originate") and call.ledger.phones == {"1001"}
    paper.goes(placed)
    assert there not in paper.engine.channels.outside_rooms and not call.held_at_desk


@pytest.mark.parametrize("first", ["agent", "customer"])
@pytest.mark.parametrize("outside", [False, True])
async def test_both_hang_up_at_once(
    paper: PaperRooms, facts: Callable[[], list[CallFact]], first: str, *, outside: bool
) -> None:
    if outside:
        call, there = await with_notary(paper)
    else:
        call, there = await private(paper), StationName("1002")
    if first == "agent":
        paper.phone_goes("1001")
        paper.customer_hangs_up(call)
    else:
        paper.customer_hangs_up(call)
        paper.phone_goes("1001")
    paper.link_goes(there)
    await paper.settle()
    assert stage(paper) is None and paper.engine.asides.views() == {}
    assert [end.how for end in ends(facts())] == [ConsultEnd.CUSTOMER_LEFT]
    if outside:
        assert paper.link.placed[-1].channel_id in paper.link.hung_up()
    else:
        assert state(paper, BEN) == "ready" and not paper.engine.floor.core.agent(BEN).kept  # type: ignore[union-attr]


# --- somebody goes


@pytest.mark.parametrize(
    ("at_stage", "goes_on"),
    [(ConsultStage.PRIVATE, True), (ConsultStage.CUSTOMER, False), (ConsultStage.CONFERENCE, True)],
)
@pytest.mark.parametrize("outside", [False, True])
async def test_the_agents_phone_dies(
    paper: PaperRooms, at_stage: ConsultStage, *, goes_on: bool, outside: bool
) -> None:
    """In the middle of a swap, say: who talks with whom as it does decides."""
    if outside:
        call, there = await with_notary(paper)
    else:
        call, there = await private(paper), StationName("1002")
    if at_stage is ConsultStage.CUSTOMER:
        assert step(paper, ConsultStep.SWAP) is DONE
    if at_stage is ConsultStage.CONFERENCE:
        assert step(paper, ConsultStep.CONFERENCE) is DONE
    paper.phone_goes("1001")
    paper.link_goes(there)
    passed = paper.engine.consultations.onward(call, phone_gone=True)
    assert (passed is not None) is goes_on
    if passed is not None:
        assert (passed.station, passed.asked) == (there, True)
        paper.moves(call, there)
        assert call.ledger.phones == {there}
    else:
        assert not call.passed_in_vain  # they were served
    assert paper.engine.asides.about(call.id) is None
    await paper.settle()
    ended = outside and paper.link.placed[-1].channel_id in paper.link.hung_up()
    assert ended is (outside and not goes_on)


async def test_the_agents_phone_dies_while_the_colleagues_rings(paper: PaperRooms) -> None:
    call = paper.talk()
    assert await paper.engine.consultations.consult(AMY, TO_BEN) is DONE
    paper.phone_goes("1001")
    assert paper.engine.consultations.onward(call, phone_gone=True) is None
    assert call.passed_in_vain and stage(paper) is None


@pytest.mark.parametrize("to", [TO_BEN, TO_NOTARY], ids=["colleague", "outside"])
async def test_the_customer_hangs_up_while_the_third_rings(
    paper: PaperRooms, facts: Callable[[], list[CallFact]], to: Recipient
) -> None:
    call = paper.talk()
    assert await paper.engine.consultations.consult(AMY, to) is DONE
    await until(lambda: paper.link.placed, what="it rings")
    paper.customer_hangs_up(call)
    await paper.settle()
    assert paper.link.hung_up() == [paper.link.placed[-1].channel_id]
    assert [end.how for end in ends(facts())] == [ConsultEnd.CUSTOMER_LEFT]


async def test_a_colleague_who_logs_out_while_rung_is_not_waited_for(
    paper: PaperRooms, facts: Callable[[], list[CallFact]]
) -> None:
    call = paper.talk()
    assert await paper.engine.consultations.consult(AMY, TO_BEN) is DONE
    paper.engine.floor.feed(LogOut(BEN))
    assert stage(paper) is None and not call.held_at_desk
    assert [end.how for end in ends(facts())] == [ConsultEnd.NOT_REACHED]
    await paper.settle()
    assert paper.link.hung_up() == [paper.link.placed[-1].channel_id]


async def test_a_colleague_who_logs_out_while_they_talk_has_left(
    paper: PaperRooms, facts: Callable[[], list[CallFact]]
) -> None:
    call = await private(paper)
    paper.engine.floor.feed(LogOut(BEN))
    paper.phone_goes("1002")
    paper.link_goes("1002")
    assert stage(paper) is None and not call.held_at_desk
    assert [end.how for end in ends(facts())] == [ConsultEnd.LEFT]


# --- somebody outside


@pytest.mark.parametrize(
    ("cause", "why"),
    [(17, Cause.BUSY), (19, Cause.NO_ANSWER), (1, Cause.INVALID), (34, Cause.CONGESTION)],
)
async def test_why_somebody_outside_is_not_reached_is_written_down(
    paper: PaperRooms, facts: Callable[[], list[CallFact]], cause: int, why: Cause
) -> None:
    call = paper.talk()
    await paper.engine.consultations.consult(AMY, TO_NOTARY)
    placed = await paper.outside_is_called()
    paper.see(hang_up(*outside_leg(placed), 0, cause))
    (end,) = ends(facts())
    assert (end.how, end.cause, end.whom) == (ConsultEnd.NOT_REACHED, why, room_of(placed))
    vain = paper.engine.asides.unreached()[AMY]
    assert (vain.who, vain.title, vain.why) == (NOTARY.number, "Notary", why)
    assert stage(paper) is None and not call.held_at_desk
    paper.customer_hangs_up(call)
    assert paper.engine.asides.unreached() == {}


async def test_how_somebody_outside_is_called(paper: PaperRooms) -> None:
    call = paper.talk()
    await paper.engine.consultations.consult(AMY, TO_NOTARY)
    placed = await paper.outside_is_called()
    assert placed.channel == "PJSIP/+8613700000001@carrier"
    assert placed.caller_id == "<4008001000>" and placed.group == "carrier@line"
    assert call.caller is not None and call.caller not in str(placed.headers())
    assert room_of(placed).startswith("+8613700000001.")
    assert not any("OFFHOOK_CALL" in name for name in placed.variables)  # no caller


@pytest.mark.parametrize(
    ("spoil", "outcome"),
    [
        (lambda _: None, CommandOutcome.NO_SUCH_TARGET),
        (lambda paper: keep(paper, projects=("bank",)), CommandOutcome.NO_SUCH_TARGET),
        (lambda paper: keep(paper, line="gone"), CommandOutcome.LINE_NOT_FREE),
        (lambda paper: setattr(paper.link, "up", False), CommandOutcome.LINE_NOT_FREE),
        (lambda paper: close(paper.engine), CommandOutcome.LINE_NOT_FREE),
        (lambda paper: fill(paper), CommandOutcome.LINE_NOT_FREE),
    ],
    ids=["not listed", "another project's", "no line", "no AMI", "stopping", "line full"],
)
async def test_who_cannot_be_called_is_not(
    paper: PaperRooms, spoil: Callable[[PaperRooms], None], outcome: CommandOutcome
) -> None:
    call = paper.talk()
    to = TO_NOTARY
    spoil(paper)
    if (
        paper.engine.centre.outside[NOTARY.number] == NOTARY
        and outcome is CommandOutcome.NO_SUCH_TARGET
    ):
        to = Recipient(outside="+8613700000002")
    consultations = paper.engine.consultations
    assert await consultations.consult(AMY, to) is outcome
    assert await consultations.pass_on(AMY, to) is outcome
    assert paper.link.placed == [] and not call.held_at_desk and stage(paper) is None


def keep(paper: PaperRooms, **changed: object) -> None:
    kept = replace(NOTARY, **changed)  # type: ignore[arg-type]
    paper.engine.take(replace(paper.engine.centre, outside={NOTARY.number: kept}))


def close(engine: Engine) -> None:
    engine.sessions.closing = Closing.REFUSE


def fill(paper: PaperRooms) -> None:
    """The customer has the line's only channel."""
    lines = tuple(replace(line, channels=1) for line in paper.engine.centre.lines)
    paper.engine.take(replace(paper.engine.centre, lines=lines))


async def test_a_call_that_asterisk_refuses_is_over_at_once(
    paper: PaperRooms, facts: Callable[[], list[CallFact]]
) -> None:
    call = paper.talk()
    paper.link.refused.add("Originate")
    assert await paper.engine.consultations.consult(AMY, TO_NOTARY) is CommandOutcome.LINE_NOT_FREE
    assert [end.how for end in ends(facts())] == [ConsultEnd.NOT_REACHED]
    assert not call.held_at_desk


async def test_the_customer_is_left_with_somebody_outside_until_either_goes(
    paper: PaperRooms, facts: Callable[[], list[CallFact]]
) -> None:
    call, there = await with_notary(paper)
    link = paper.link_id()
    assert step(paper, ConsultStep.COMPLETE) is DONE
    passed = paper.engine.consultations.onward(call, phone_gone=False)
    assert passed is not None and (passed.agent, passed.station) == (None, there)
    paper.moves(call, there)
    paper.link_goes(there, link)
    assert call.ledger.phones == {there} and call.agent is None
    assert state(paper, AMY) == "wrap_up"
    assert paper.engine.channels.outside_rooms == [there]
    # The list may lose them meanwhile: whoever talks goes on.
    paper.engine.take(replace(paper.engine.centre, outside={}))
    paper.snapshot(
        about(
            "CoreShowChannel",
            call.channel_name,
            call.channel.uniqueid,
            6,
            **mark(call),
            **room(there),
        ),
        about("CoreShowChannel", *leg("1001"), 6, Context="agent-room", **room("1001")),
        about("CoreShowChannel", *leg("1002"), 6, Context="agent-room", **room("1002")),
        about("CoreShowChannel", *outside_leg(paper.link.placed[-1]), 6, **inside(there)),
    )
    await paper.settle()
    assert paper.link.placed[-1].channel_id not in paper.link.hung_up()
    paper.customer_hangs_up(call)
    await paper.settle()
    assert paper.link.placed[-1].channel_id in paper.link.hung_up()
    assert [end.how for end in ends(facts())] == [ConsultEnd.PASSED_ON]
    (passed_on,) = [fact.what for fact in facts() if isinstance(fact.what, Transferred)]
    assert passed_on.to == there
    assert said(facts(), call).count("connected") == 2


@pytest.mark.parametrize("recorded", [True, False])
async def test_the_recording_pauses_where_the_list_says_so(
    paper: PaperRooms, *, recorded: bool
) -> None:
    keep(paper, recorded=recorded)
    call, there = await with_notary(paper)
    step(paper, ConsultStep.COMPLETE)
    paper.engine.consultations.onward(call, phone_gone=False)
    paper.moves(call, there)
    paper.moves(call, "1002")  # back in the queue, and with the next agent
    await paper.settle()
    told = [headers["State"] for headers in paper.link.orders("MixMonitorMute")]
    assert told == ([] if recorded else ["1", "0"])


async def test_who_waits_outside_hears_music_and_is_not_heard(paper: PaperRooms) -> None:
    _, there = await with_notary(paper)

    def told() -> list[object]:
        name = outside_leg(paper.link.placed[-1])[0]
        return [h["Value"] for h in paper.link.orders("Setvar") if h["Channel"] == name]

    step(paper, ConsultStep.SWAP)
    await paper.settle()
    assert told() == ["1"] and len(paper.link.orders("ConfbridgeMute")) == 3
    step(paper, ConsultStep.SWAP)
    await paper.settle()
    assert told() == ["1", ""]
    assert there in {str(h["Conference"])[6:] for h in paper.link.orders("ConfbridgeUnmute")}


async def test_the_agents_keys_reach_a_menu_outside_while_they_talk_to_it(
    paper: PaperRooms,
) -> None:
    await with_notary(paper)
    placed = paper.link.placed[-1]

    async def pressed(keys: str) -> list[object]:
        paper.link.asked.clear()
        for key in keys:
            paper.see(
                about(
                    "DTMFEnd", *leg("1001"), 6, Context="agent-room", Digit=key,
                    Direction="Received",
                )
            )  # fmt: skip
        await paper.settle()
        sent = paper.link.orders("PlayDTMF")
        return [one["Digit"] for one in sent if one["Channel"] == placed.channel_id]

    assert await pressed("15#") == ["1", "5", "#"]
    assert await pressed("*17") == [] and stage(paper) is ConsultStage.CUSTOMER
    assert await pressed("2") == []  # the customer's ears alone


async def test_an_earlier_controllers_call_outside_ends_unless_a_customer_is_there(
    paper: PaperRooms,
) -> None:
    call = paper.talk()
    alone, together = "+8613700000001.0123456789ab", "95588.0123456789ab"
    paper.snapshot(
        about(
            "CoreShowChannel",
            call.channel_name,
            call.channel.uniqueid,
            6,
            **mark(call),
            **room(together),
        ),
        about(
            "CoreShowChannel",
            "PJSIP/carrier-00000020",
            "offhook.together",
            6,
            **inside(together),
        ),
        about(
            "CoreShowChannel",
            "PJSIP/carrier-00000021",
            "offhook.alone",
            6,
            **inside(alone),
        ),
    )
    await paper.settle()
    assert set(paper.link.hung_up()) == {"offhook.alone"}
    assert call.ledger.phones == {together}


# --- passed on unasked


async def passes_on(paper: PaperRooms) -> LiveCall:
    call = paper.talk()
    assert await paper.engine.consultations.pass_on(AMY, TO_NOTARY) is DONE
    passed = paper.engine.consultations.onward(call, phone_gone=False)
    assert passed is not None and (passed.agent, passed.asked) == (None, False)
    await paper.settle()
    assert len(paper.link.orders("ConfbridgeKick")) == 1
    return call


async def test_a_customer_who_is_passed_on_waits_until_somebody_answers(
    paper: PaperRooms, facts: Callable[[], list[CallFact]]
) -> None:
    call = await passes_on(paper)
    coming = asyncio.ensure_future(paper.engine.consultations.somebody_comes(call))
    placed = await paper.outside_is_called()
    assert not coming.done() and paper.engine.asides.views() == {}
    there = paper.answers(placed)
    assert await coming
    paper.moves(call, there)
    assert call.ledger.phones == {there} and ends(facts()) == []
    paper.moves(call, "1002")
    await paper.settle()
    assert paper.link.hung_up() == [placed.channel_id]


async def test_or_waits_again_if_nobody_does(paper: PaperRooms) -> None:
    call = await passes_on(paper)
    coming = asyncio.ensure_future(paper.engine.consultations.somebody_comes(call))
    placed = await paper.outside_is_called()
    paper.see(hang_up(*outside_leg(placed), 0, 17))
    assert not await coming
    paper.engine.consultations.in_vain(call)
    assert call.passed_in_vain


async def test_or_hangs_up_and_nobody_rings_on(paper: PaperRooms) -> None:
    call = await passes_on(paper)
    coming = asyncio.ensure_future(paper.engine.consultations.somebody_comes(call))
    placed = await paper.outside_is_called()
    paper.customer_hangs_up(call)
    assert not await coming
    await paper.settle()
    assert paper.link.hung_up() == [placed.channel_id]


async def test_who_has_gone_as_the_customer_comes_has_not_taken_them(paper: PaperRooms) -> None:
    keep(paper, recorded=False)
    call, there = await with_notary(paper)
    step(paper, ConsultStep.COMPLETE)
    assert paper.engine.consultations.onward(call, phone_gone=False) is not None
    paper.goes(paper.link.placed[-1])
    paper.link_goes(there)
    paper.engine.consultations.in_vain(call)  # the session has found the room empty
    await paper.settle()
    assert call.passed_in_vain and paper.engine.asides.about(call.id) is None
    told = [headers["State"] for headers in paper.link.orders("MixMonitorMute")]
    assert told == ["1", "0"]  # the next agent's talk is recorded


async def test_a_line_that_is_unreachable_is_found_out_without_a_channel(
    paper: PaperRooms,
) -> None:
    """Asterisk accepts such a call, and shows nothing of it."""
    engine, failed = paper.engine, list[NotCalled]()
    calls = OutsideCalls(
        engine.lines_out, engine.orders, engine.links, engine.channels,
        closing=lambda: False, without_channel_s=0.01,
    )  # fmt: skip
    calls.listen(lambda _: None, failed.append)
    there = new_room(NOTARY.number)
    assert await calls.call(NOTARY, there, NODE)
    await until(lambda: failed, what="it is given up")
    assert failed == [NotCalled(there, Cause.FAILED)]


async def test_a_line_that_takes_no_more_calls_a_second_is_waited_for(paper: PaperRooms) -> None:
    engine, lines = paper.engine, paper.engine.lines_out
    limited = tuple(replace(line, calls_per_second=1.0) for line in engine.centre.lines)
    engine.take(replace(engine.centre, lines=limited))
    late, gone = new_room(NOTARY.number), new_room(NOTARY.number)
    async with lines.turn(NOTARY.line, ahead=True):
        lines.turn_within_s = 0.01
        assert not await engine.outside.call(NOTARY, late, NODE)
        lines.turn_within_s = 60.0
        calling = asyncio.ensure_future(engine.outside.call(NOTARY, gone, NODE))
        await asyncio.sleep(0)
        engine.outside.let_go(gone)
    assert await calling and not paper.link.placed
    assert await engine.outside.call(NOTARY, late, NODE)
    assert len(paper.link.placed) == 1
