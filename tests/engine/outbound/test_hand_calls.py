"""Numbers that agents dial by hand, without an Asterisk."""

from datetime import UTC, datetime

import pytest

from acd.events import Away
from domain.agent_facts import AgentState
from domain.identity import CampaignName, LineName, QueueName
from domain.reasons import Cause, Party
from engine.calls.call import LiveCall
from engine.desk_ports import DialFault, DialNotice, DialStep
from tests.campaigns.campaigns_scene import SPRING
from tests.engine.outbound.desk_scene import AMY, DeskScene, limit_line
from tests.engine.outbound_floor import SETTINGS
from tests.engine.test_board import enter
from tests.phones.called import zone_at_noon
from tests.waiting import until

pytestmark = pytest.mark.live

TYPED, NUMBER = "138-0000 0001", "+8613800000001"


async def ready_to_dial(
    desk: DeskScene, *, connected: bool = True, away: str | None = None
) -> None:
    """A campaign that lets Amy dial; ``away``: she is on this break."""
    await desk.start(settings=SETTINGS)
    leads = await desk.scene.new_list()
    await desk.scene.lead(leads, NUMBER, timezone=zone_at_noon())  # so their zone is known
    await desk.sit(AMY, connected=connected, ready=away is None)
    if away is not None:
        desk.engine.floor.feed(Away(AMY, away))
    assert [way.campaign for way in desk.floor.by_hand.ways(AMY)] == [SPRING]


def dial(desk: DeskScene, typed: str = TYPED) -> DialNotice | None:
    return desk.floor.by_hand.dial(AMY, typed, SPRING)


def fault(notice: DialNotice | None) -> DialFault | None:
    return None if notice is None else notice.fault


def on_lunch(desk: DeskScene) -> bool:
    seat = desk.seat(AMY)
    return (seat.state, seat.reason) == (AgentState.PAUSED, "lunch")


def a_caller_waits(desk: DeskScene) -> LiveCall:
    call = enter(desk.engine)
    call.attached = True
    desk.engine.queued.put(call, QueueName("sales"), None)
    return call


async def test_what_an_agent_types_is_called_with_them_at_the_phone(desk: DeskScene) -> None:
    await ready_to_dial(desk)
    assert dial(desk) is None
    assert fault(dial(desk)) is DialFault.NOT_NOW, "a double click"
    call = await desk.call()
    assert call.placed is not None and call.follower is not None
    placed = call.placed
    assert (placed.number, placed.agent, placed.mode) == (NUMBER, AMY, "manual")
    call.follower.rings()
    shown = desk.floor.desks.view(AMY).dial
    assert shown is not None and shown.by_hand and shown.step is DialStep.RINGING
    call.follower.answered()
    call.follower.talks(AMY)
    await desk.nobody()
    row = await desk.database.pool.fetchrow("select number, mode, agent, lead from attempts")
    assert tuple(row) == (NUMBER, "manual", AMY, None)


@pytest.mark.parametrize("typed", ["", "tea", "12", "+86", "1" * 60, "138\r\n0000 0001", "9*#"])
async def test_what_is_no_number_is_refused(desk: DeskScene, typed: str) -> None:
    await ready_to_dial(desk)
    assert fault(dial(desk, typed)) is DialFault.NOT_A_NUMBER
    assert desk.seat(AMY).kept is None


async def test_only_campaigns_that_let_agents_dial_and_run_can_be_chosen(desk: DeskScene) -> None:
    await desk.start(settings=SETTINGS.model_copy(update={"by_hand": False}))
    await desk.sit(AMY)
    assert desk.floor.by_hand.ways(AMY) == ()
    assert fault(dial(desk)) is DialFault.NOT_ALLOWED
    other = desk.floor.by_hand.dial(AMY, TYPED, CampaignName("winter"))
    assert fault(other) is DialFault.NOT_ALLOWED


async def test_a_rule_is_named_and_the_agent_is_free_again(desk: DeskScene) -> None:
    await ready_to_dial(desk)
    await desk.database.pool.execute(
        "insert into do_not_call (project, number, since, source) values ('', $1, $2, 'page')",
        NUMBER,
        datetime(2020, 1, 1, tzinfo=UTC),
    )
    assert dial(desk) is None
    await desk.nobody()
    notice = desk.floor.desks.view(AMY).notice
    assert notice is not None and (notice.fault, notice.rule) == (DialFault.RULE, "do_not_call")
    assert desk.seat(AMY).state is AgentState.READY and not desk.link.placed


async def test_after_a_call_in_vain_who_was_on_a_break_is_on_it_again_before_callers_come(
    desk: DeskScene,
) -> None:
    await ready_to_dial(desk, away="lunch")
    assert dial(desk) is None
    assert desk.seat(AMY).state is AgentState.READY
    caller = a_caller_waits(desk)
    call = await desk.call()
    desk.engine.talks.gone(call, Party.CALLER, 17, sip=486)
    await until(lambda: on_lunch(desk), what="she is at lunch again")
    await desk.nobody()
    notice = desk.floor.desks.view(AMY).notice
    assert notice is not None and notice.cause is Cause.BUSY
    assert caller.offered_at is None, "she was offered a caller on her break"


async def test_who_gives_up_while_their_phone_is_rung_is_on_their_break_again(
    desk: DeskScene,
) -> None:
    await ready_to_dial(desk, connected=False, away="lunch")
    assert dial(desk) is None
    await until(lambda: desk.link.placed, what="her phone is rung")
    caller = a_caller_waits(desk)
    assert desk.floor.by_hand.hang_up(AMY)
    await until(lambda: on_lunch(desk), what="she is at lunch again")
    await desk.nobody()
    assert fault(desk.floor.desks.view(AMY).notice) is DialFault.CANCELLED
    assert caller.offered_at is None and len(desk.link.placed) == 1


async def test_an_agent_hangs_up_while_the_customers_phone_rings(desk: DeskScene) -> None:
    await ready_to_dial(desk, away="lunch")
    dial(desk)
    call = await desk.call()
    assert desk.floor.by_hand.hang_up(AMY)
    await until(lambda: any(name == "Hangup" for name, _ in desk.link.asked), what="it is hung up")
    desk.engine.talks.gone(call, Party.SYSTEM, 16)
    await until(lambda: on_lunch(desk), what="she is at lunch again")
    assert fault(desk.floor.desks.view(AMY).notice) is DialFault.CANCELLED


async def test_while_no_call_can_go_out_the_agent_is_told(desk: DeskScene) -> None:
    await ready_to_dial(desk)
    desk.link.up = False
    assert dial(desk) is None
    await desk.nobody()
    assert fault(desk.floor.desks.view(AMY).notice) is DialFault.NO_WAY
    assert not await desk.database.pool.fetchval("select count(*) from attempts")


async def test_a_line_that_takes_no_more_calls_a_second_is_waited_for_and_then_said(
    desk: DeskScene,
) -> None:
    await ready_to_dial(desk)
    limit_line(desk.engine, 1.0)
    desk.engine.lines_out.turn_within_s = 0.05
    async with desk.engine.lines_out.turn(LineName("carrier"), ahead=True):
        assert dial(desk) is None
        await desk.nobody()
        assert fault(desk.floor.desks.view(AMY).notice) is DialFault.NO_TURN
        desk.engine.lines_out.turn_within_s = 60.0
        assert dial(desk) is None
        await until(lambda: desk.dialling(AMY), what="the call waits for its turn")
    await desk.call()
    assert len(desk.link.placed) == 1
    assert await desk.database.pool.fetchval("select count(*) from attempts") == 1


async def test_a_refusal_leaves_who_is_on_a_break_there(desk: DeskScene) -> None:
    await ready_to_dial(desk, away="lunch")
    winter = desk.floor.by_hand.dial(AMY, TYPED, CampaignName("winter"))
    assert fault(winter) is DialFault.NOT_ALLOWED and on_lunch(desk)
