"""A campaign without agents, without an Asterisk."""

from pathlib import Path

import pytest

from campaigns.campaign import CampaignSettings, CampaignState, Mode
from campaigns.stored_campaign import Campaign
from domain.facts import CallFact
from domain.identity import LineName
from domain.outbound_facts import CustomerAbandoned
from domain.reasons import Party
from engine.board_ports import CallStage
from engine.calls.call import LiveCall
from engine.campaign_ports import NoTestCall
from engine.outbound.campaign_tests import CampaignTests
from engine.outbound.notice_run import NoticeRun
from engine.outbound.running_attempt import RunningAttempt
from storage.fact_lines import decode
from tests.campaigns.campaigns_scene import OPS, SPRING
from tests.engine.outbound.desk_scene import DeskScene, limit_line
from tests.waiting import until

pytestmark = pytest.mark.live

NOTICE = CampaignSettings(
    title="Spring", line="carrier", rules="us", mode=Mode.AGENTLESS, message={"en": "Hello"}
)
IN_A_FLOW = NOTICE.model_copy(update={"flow": "offered", "queue": "sales"})
ONE, TWO = "+8613800000001", "+8613800000002"


def run_of(desk: DeskScene) -> NoticeRun:
    run = desk.floor.runs.by_name[SPRING]
    assert isinstance(run, NoticeRun)
    return run


def answers(call: LiveCall) -> None:
    call.picked_up = True
    assert call.follower is not None
    call.follower.answered()


def asks_for_an_agent(desk: DeskScene, call: LiveCall) -> None:
    assert isinstance(call.follower, RunningAttempt)
    call.follower.asks_for_agent(0.0)
    desk.engine.calls.stage(call, CallStage.QUEUE)


async def test_whoever_answers_hears_the_notice_and_counts_as_reached(desk: DeskScene) -> None:
    await desk.start(ONE, settings=NOTICE)
    call = await desk.call()
    sent = desk.link.placed[0].variables
    assert sent["OFFHOOK_NOTICE"] == "1" and "OFFHOOK_FLOW" not in sent
    answers(call)
    assert (run_of(desk).view().waiting, run_of(desk).view().ringing) == (0, 0)
    desk.engine.talks.gone(call, Party.CALLER, 16)
    figures = run_of(desk).figures
    assert (figures.answered, figures.connected, figures.abandoned) == (1, 1, 0)


async def test_in_a_flow_who_gets_no_agent_is_abandoned_and_who_gets_one_is_counted_once(
    desk: DeskScene, tmp_path: Path
) -> None:
    await desk.start(ONE, TWO, settings=IN_A_FLOW.model_copy(update={"lines": 1}))
    first = await desk.call()
    sent = desk.link.placed[0].variables
    assert sent["OFFHOOK_FLOW"] == "offered" and "OFFHOOK_NOTICE" not in sent
    answers(first)
    asks_for_an_agent(desk, first)
    assert run_of(desk).view().waiting == 1
    desk.engine.talks.gone(first, Party.CALLER, 16)
    facts = [decode(line) for line in (tmp_path / "outbox.jsonl").read_bytes().splitlines()]
    whats = [one.what for one in facts if isinstance(one, CallFact)]
    assert CustomerAbandoned(by_customer=True) in whats, "they hung up at once"
    await until(lambda: len(desk.link.placed) == 2, what="the next one is called")
    second = await desk.call()
    answers(second)
    asks_for_an_agent(desk, second)
    assert second.follower is not None
    second.follower.talks(None)
    desk.engine.talks.gone(second, Party.CALLER, 16)
    figures = run_of(desk).figures
    assert (figures.answered, figures.connected, figures.abandoned) == (2, 1, 1)


async def test_while_somebody_waits_for_an_agent_nobody_is_called(desk: DeskScene) -> None:
    leads = await desk.start(ONE, settings=IN_A_FLOW)
    call = await desk.call()
    answers(call)
    asks_for_an_agent(desk, call)
    await desk.scene.lead(desk.listed, TWO, timezone=(await desk.lead(leads[0]))["timezone"])
    run_of(desk).look_again()
    await until(lambda: run_of(desk).claimed, what="the next one is claimed")
    await until(
        lambda: (
            (now := run_of(desk).figures.decided) is not None
            and "waits for an agent" in now.reason.text
        )
    )
    assert len(desk.link.placed) == 1
    desk.engine.calls.stage(call, CallStage.TALKING)
    await until(lambda: len(desk.link.placed) == 2, what="the next one is called")


async def test_a_flow_that_is_gone_stops_the_dialling_and_the_page_says_so(
    desk: DeskScene,
) -> None:
    settings = IN_A_FLOW.model_copy(update={"flow": "gone"})
    leads = await desk.start(ONE, settings=settings)
    run = run_of(desk)
    await until(lambda: run.view().trouble, what="it says why")
    assert "'gone' is not published any more" in (run.view().trouble or "")
    assert not run.dials and not desk.link.placed
    await desk.given_back(*leads)
    now = await desk.scene.campaigns.get(OPS, SPRING)
    await desk.scene.campaigns.change(
        OPS, SPRING, now.change, settings=settings.model_copy(update={"flow": "offered"})
    )
    desk.floor.runs.changed(SPRING)
    await desk.call()
    assert run.view().trouble is None


async def test_a_pause_gives_its_leads_back_and_cuts_what_rings_if_asked(desk: DeskScene) -> None:
    leads = await desk.start(ONE, TWO, settings=NOTICE.model_copy(update={"lines": 1}))
    call = await desk.call()
    await desk.scene.campaigns.move(OPS, SPRING, CampaignState.PAUSED)
    desk.floor.runs.changed(SPRING)
    await until(lambda: not run_of(desk).dials, what="it is paused")
    await desk.given_back(leads[1])
    run_of(desk).cut_ringing()
    assert call.cut
    desk.engine.talks.gone(call, Party.SYSTEM, 16)
    assert not run_of(desk).under_way and len(desk.link.placed) == 1


async def test_a_campaign_keeps_to_its_lines_rate_says_so_and_leaves_nobody_behind(
    desk: DeskScene,
) -> None:
    """0.1 a second: the first goes out, and the second isn't even decided."""
    limit_line(desk.engine, 0.1)
    leads = await desk.start(ONE, TWO, settings=NOTICE)
    call = await desk.call()
    run = run_of(desk)
    await until(lambda: run.claimed, what="the other one is at hand")
    await until(
        lambda: (now := run.figures.decided) is not None and "0.1 calls a second" in str(now.reason)
    )
    assert (run.view().trouble, len(desk.link.placed)) == (None, 1)
    desk.engine.talks.gone(call, Party.CALLER, 16)
    limit_line(desk.engine, None)
    run.look_again()
    await until(lambda: len(desk.link.placed) == 2, what="the other one is called")
    await desk.given_back(*leads[:1])


async def test_a_test_call_whose_turn_doesnt_come_is_no_call(desk: DeskScene) -> None:
    await desk.start(settings=NOTICE)
    lines, campaign = desk.engine.lines_out, run_of(desk).campaign
    limit_line(desk.engine, 1.0)
    lines.turn_within_s = 0.05

    async def silent(_: Campaign) -> str:
        return ""

    tests = CampaignTests(desk.floor.door, desk.engine.in_force, silent)
    async with lines.turn(LineName("carrier"), ahead=True):
        assert await tests.place(campaign, ONE, "sue") is NoTestCall.NO_TURN
    assert not await desk.database.pool.fetchval("select count(*) from attempts")
    assert isinstance(await tests.place(campaign, ONE, "sue"), str)
    assert len(desk.link.placed) == 1
