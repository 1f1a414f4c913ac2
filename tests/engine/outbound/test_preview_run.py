"""A campaign whose agents see each customer first, without an Asterisk."""

from datetime import UTC, datetime, timedelta

import pytest

from acd.events import LogOut
from campaigns.campaign import CampaignState
from campaigns.lead_skips import SkipReason
from domain.agent_facts import AgentState
from domain.identity import LineName, StationName
from domain.reasons import Cause, Party
from engine.desk_ports import DialFault, DialStep
from engine.outbound.desk_dials import AgentDial
from engine.outbound.preview_run import PreviewRun
from tests.campaigns.campaigns_scene import OPS, SPRING
from tests.conftest import MovableClock
from tests.engine.outbound.desk_scene import AMY, CAL, DeskScene, limit_line
from tests.engine.outbound_floor import SETTINGS
from tests.waiting import until

pytestmark = pytest.mark.live

ONE, TWO, THREE = "+8613800000001", "+8613800000002", "+8613800000003"
PAST = datetime(2020, 1, 1, tzinfo=UTC)


def run_of(desk: DeskScene) -> PreviewRun:
    run = desk.floor.runs.by_name[SPRING]
    assert isinstance(run, PreviewRun)
    return run


def step_of(dial: AgentDial) -> DialStep:
    return dial.step


async def test_a_customer_is_shown_dialled_and_talked_with(desk: DeskScene) -> None:
    (lead,) = await desk.start(ONE)
    await desk.sit(AMY)
    dial = await desk.shown()
    assert (dial.lead, dial.number, dial.step) == (lead, ONE, DialStep.SHOWN)
    assert desk.seat(AMY).kept == SPRING
    assert run_of(desk).previews.dial(AMY, lead) is None
    assert run_of(desk).previews.dial(AMY, lead) is None, "a double click"
    call = await desk.call()
    assert len(desk.link.placed) == 1 and ONE.lstrip("+86") in desk.link.placed[0].channel
    assert call.follower is not None and call.placed is not None
    assert (call.placed.agent, call.placed.mode) == (AMY, "preview")
    call.follower.rings()
    assert step_of(dial) is DialStep.RINGING
    call.follower.answered()
    assert step_of(dial) is DialStep.ANSWERED
    call.follower.talks(AMY)
    await desk.nobody()
    assert desk.floor.desks.view(AMY).notice is None
    assert run_of(desk).figures.connected == 1
    assert await desk.database.pool.fetchval("select agent from attempts") == AMY


async def test_each_idle_agent_with_an_open_desk_is_shown_another_one(desk: DeskScene) -> None:
    leads = await desk.start(ONE, TWO, THREE)
    await desk.sit(AMY)
    await desk.sit(CAL)
    shown = [await desk.shown(AMY), await desk.shown(CAL)]
    assert sorted(dial.lead or 0 for dial in shown) == sorted(leads[:2])
    assert run_of(desk).claimed == 2
    await desk.given_back(leads[2])


async def test_nobody_is_shown_to_an_agent_whose_desk_is_closed(desk: DeskScene) -> None:
    (lead,) = await desk.start(ONE)
    await desk.sit(AMY, desk=False)
    await desk.sit(CAL)
    assert (await desk.shown(CAL)).lead == lead
    assert desk.floor.desks.at(AMY) is None


async def test_who_is_skipped_comes_later_and_the_next_one_is_shown(desk: DeskScene) -> None:
    first, second = await desk.start(ONE, TWO)
    await desk.sit(AMY)
    assert (await desk.shown()).lead == first
    before = datetime.now(UTC)
    assert await run_of(desk).previews.skip(AMY, first, SkipReason.LATER, "at lunch") is None
    await until(lambda: (dial := desk.floor.desks.at(AMY)) is not None and dial.lead == second)
    row = await desk.lead(first)
    assert row["next_at"] >= before + timedelta(seconds=SETTINGS.gap_s) and not row["attempts"]
    assert row["held_by"] == "put_off" and row["put_off_until"] == row["next_at"]
    again = await run_of(desk).previews.skip(AMY, first, SkipReason.LATER, "")
    assert again is not None and again.fault is DialFault.CHANGED
    assert not desk.link.placed


async def test_who_is_looked_at_for_too_long_is_given_back(desk: DeskScene) -> None:
    (lead,) = await desk.start(ONE)
    await desk.sit(AMY)
    (await desk.shown()).until = PAST
    await desk.nobody()
    notice = desk.floor.desks.view(AMY).notice
    assert notice is not None and notice.fault is DialFault.TIME_OVER
    assert (desk.seat(AMY).state, desk.seat(AMY).reason) == (AgentState.PAUSED, "missed")
    await desk.given_back(lead)


async def test_or_dialled_if_the_campaign_says_so(desk: DeskScene) -> None:
    await desk.start(ONE, settings=SETTINGS.model_copy(update={"preview_end": "dial"}))
    await desk.sit(AMY)
    (await desk.shown()).until = PAST
    await desk.call()
    assert desk.seat(AMY).state is AgentState.READY


async def test_when_the_agent_logs_out_somebody_else_sees_the_customer(desk: DeskScene) -> None:
    (lead,) = await desk.start(ONE)
    await desk.sit(AMY)
    await desk.shown(AMY)
    desk.engine.floor.feed(LogOut(AMY))
    await until(lambda: desk.floor.desks.at(AMY) is None, what="it is taken from her")
    await desk.sit(CAL)
    assert (await desk.shown(CAL)).lead == lead


async def test_a_pause_takes_the_customer_back(desk: DeskScene) -> None:
    (lead,) = await desk.start(ONE)
    await desk.sit(AMY)
    await desk.shown()
    await desk.scene.campaigns.move(OPS, SPRING, CampaignState.PAUSED)
    desk.floor.runs.changed(SPRING)
    await desk.nobody()
    await desk.given_back(lead)
    assert desk.seat(AMY).state is AgentState.READY, "she can serve callers again"


async def test_a_rule_that_holds_by_now_is_named(desk: DeskScene) -> None:
    (lead,) = await desk.start(ONE)
    await desk.sit(AMY)
    await desk.shown()
    await desk.database.pool.execute(
        "insert into do_not_call (project, number, since, source) values ('', $1, $2, 'page')",
        ONE,
        PAST,
    )
    assert run_of(desk).previews.dial(AMY, lead) is None
    await desk.nobody()
    notice = desk.floor.desks.view(AMY).notice
    assert notice is not None and (notice.fault, notice.rule) == (DialFault.RULE, "do_not_call")
    assert not desk.link.placed and (await desk.lead(lead))["state"] == "do_not_call"


async def test_while_no_call_can_go_out_the_customer_stays(desk: DeskScene) -> None:
    (lead,) = await desk.start(ONE)
    await desk.sit(AMY)
    dial = await desk.shown()
    desk.link.up = False
    run_of(desk).previews.dial(AMY, lead)
    notice = await until(lambda: desk.floor.desks.view(AMY).notice, what="she is told")
    assert notice is not None and (notice.fault, notice.back) == (DialFault.NO_WAY, True)
    assert desk.floor.desks.at(AMY) is dial and dial.step is DialStep.SHOWN
    assert run_of(desk).figures.trouble
    desk.link.up = True
    run_of(desk).previews.dial(AMY, lead)
    await desk.call()


async def test_while_the_line_takes_no_more_calls_a_second_the_customer_stays(
    desk: DeskScene,
) -> None:
    (lead,) = await desk.start(ONE)
    await desk.sit(AMY)
    dial, lines = await desk.shown(), desk.engine.lines_out
    limit_line(desk.engine, 1.0)
    lines.turn_within_s = 0.05
    async with lines.turn(LineName("carrier"), ahead=True):
        run_of(desk).previews.dial(AMY, lead)
        notice = await until(lambda: desk.floor.desks.view(AMY).notice, what="she is told")
        assert notice is not None and (notice.fault, notice.back) == (DialFault.NO_TURN, True)
        assert desk.floor.desks.at(AMY) is dial and dial.step is DialStep.SHOWN
    assert run_of(desk).figures.trouble is None, "it is no trouble"
    run_of(desk).previews.dial(AMY, lead)
    await desk.call()


async def test_a_customer_who_is_busy_is_reported_and_the_next_one_shown(desk: DeskScene) -> None:
    first, second = await desk.start(ONE, TWO)
    await desk.sit(AMY)
    await desk.shown()
    run_of(desk).previews.dial(AMY, first)
    call = await desk.call()
    desk.engine.talks.gone(call, Party.CALLER, 17, sip=486)
    notice = desk.floor.desks.view(AMY).notice
    assert notice is not None
    assert (notice.fault, notice.cause) == (DialFault.NOT_REACHED, Cause.BUSY)
    await until(lambda: (dial := desk.floor.desks.at(AMY)) is not None and dial.lead == second)


async def test_an_agent_hangs_up_on_what_rings(desk: DeskScene) -> None:
    (lead,) = await desk.start(ONE)
    await desk.sit(AMY)
    await desk.shown()
    run_of(desk).previews.dial(AMY, lead)
    call = await desk.call()
    run_of(desk).previews.hang_up(AMY)
    await until(lambda: any(name == "Hangup" for name, _ in desk.link.asked), what="it is hung up")
    assert call.cut
    desk.engine.talks.gone(call, Party.SYSTEM, 16)
    notice = desk.floor.desks.view(AMY).notice
    assert notice is not None and notice.fault is DialFault.CANCELLED


async def test_a_lead_that_somebody_edits_is_taken_back(
    desk: DeskScene, clock: MovableClock
) -> None:
    (lead,) = await desk.start(ONE)
    await desk.sit(AMY)
    await desk.shown()
    await desk.database.pool.execute(
        "update leads set leased_by = null, leased_until = null, next_at = now() + interval '1 h'"
    )
    clock.ahead += 30.0
    await desk.nobody()
    notice = desk.floor.desks.view(AMY).notice
    assert notice is not None and notice.fault is DialFault.CHANGED
    assert (await desk.lead(lead))["leased_by"] is None


async def test_a_phone_that_cannot_be_rung_leaves_the_customer_on_the_desk(
    desk: DeskScene,
) -> None:
    (lead,) = await desk.start(ONE)
    await desk.sit(AMY, connected=False)
    dial = await desk.shown()
    run_of(desk).previews.dial(AMY, lead)
    await until(lambda: desk.link.placed, what="her phone is rung")
    desk.engine.nailed_up.let_go(StationName(AMY))
    notice = await until(lambda: desk.floor.desks.view(AMY).notice, what="she is told")
    assert notice is not None and (notice.fault, notice.back) == (DialFault.PHONE, True)
    assert dial.step is DialStep.SHOWN and not desk.engine.calls.by_id


async def test_a_stop_gives_every_lead_back(desk: DeskScene) -> None:
    leads = await desk.start(ONE, TWO)
    await desk.sit(AMY)
    await desk.sit(CAL)
    await desk.shown(AMY)
    await desk.shown(CAL)
    await desk.running.aclose()
    await desk.given_back(*leads)
    assert desk.floor.desks.at(AMY) is None
