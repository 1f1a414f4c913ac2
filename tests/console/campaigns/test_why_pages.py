"""The pages that say why a campaign isn't dialling, over a real database."""

import asyncio
import inspect
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from html import unescape
from urllib.parse import quote

import pytest

from campaigns.callbacks import CallbackChangeKind
from campaigns.campaign import CampaignState
from campaigns.dispositions import Disposition
from campaigns.do_not_call import ListingSource
from campaigns.funnel import OWN_STEPS
from campaigns.lead_service import LeadChangeKind
from campaigns.stored_leads import LeadState
from console.campaigns import lead_words, why_words
from console.campaigns.look_overs import LookOvers
from console.campaigns.why import ENDLESS
from console.campaigns.why_words import Holding
from console.campaigns.words import LIMIT_SPENT, OF_THE_LINE, REASONS
from dialer import notice_pacing, pacing
from dialer.attempt_stages import AttemptStage
from dialer.lead_rules import CallingRule
from dialer.rules import PastOutcome
from domain.agent_facts import AgentState
from domain.identity import CampaignName
from domain.reasons import Cause
from engine.campaign_ports import CampaignView
from engine.outbound import campaign_run, way_out
from tests.campaigns.campaigns_scene import OPS, SPRING
from tests.console.browserless import Client
from tests.console.campaigns.called_campaign import CalledCampaign, called_campaign
from tests.console.conftest import Console, Visit

pytestmark = pytest.mark.live

FREE = {AgentState.READY: 1}


@pytest.fixture
async def called(console: Console) -> CalledCampaign:
    return await called_campaign(console.database)


def run_view(**more: object) -> CampaignView:
    """What a run says that has nothing to complain about."""
    values: dict[str, object] = {
        "name": SPRING, "at": datetime.now(UTC), "agents": FREE, "ringing": 0, "waiting": 0,
        "talking": 0, "hopper": 1, "dialled": 0, "answered": 0, "connected": 0,
        "abandoned_run": 0, "abandoned": 0.0, "base": 40.0, "limit": 0.03,
    }  # fmt: skip
    return CampaignView(**(values | more))  # type: ignore[arg-type]


async def english(visit: Visit, name: str) -> Client:
    client = await visit(name)
    await client.post("/language", {"language": "en"})
    return client


async def text_of(client: Client, path: str, status: int = 200) -> str:
    answer = await client.get(path)
    text = await answer.text()
    assert answer.status == status, text
    return unescape(text)


async def card_of(client: Client) -> tuple[str, str]:
    """What holds the campaign: its code, and what the viewer reads."""
    text = await text_of(client, "/campaigns/spring/why")
    found = re.search(r'id="answer" data-holding="(\w+)">.*?<span class="ms-2">(.*?)</span>', text)
    assert found is not None, text
    return found[1], found[2]


# --- the words


def test_each_step_and_each_rule_has_words() -> None:
    assert set(why_words.STEPS) == {*OWN_STEPS, *CallingRule}
    assert set(why_words.STEPS) > ENDLESS


def test_each_answer_has_words() -> None:
    assert set(why_words.HOLDINGS) == set(Holding) - {Holding.NOT_RUNNING}
    assert set(why_words.NOT_RUNNING) == set(CampaignState) - {CampaignState.RUNNING}
    assert {LIMIT_SPENT, *OF_THE_LINE} <= set(REASONS)
    names = ("_NO_LINES", "_HELD", "_BOUNDED", "_LINE_TOO_FAST")
    of_notices = {vars(notice_pacing)[name].text for name in ("_FULL", "_TRUNK", "_LINE_RATE")}
    assert {vars(pacing)[name].text for name in names} | of_notices == OF_THE_LINE
    assert vars(pacing)["_SPENT"].text == LIMIT_SPENT


def test_each_trouble_of_a_run_has_words() -> None:
    source = inspect.getsource(way_out) + inspect.getsource(campaign_run)
    said = re.findall(r'(?:Shut\(|trouble = )f?"([^":]+)', source)
    assert set(said) == set(why_words.TROUBLES)


def test_each_word_of_leads_has_words() -> None:
    assert set(lead_words.STATES) == set(LeadState) == set(lead_words.STATE_COLOURS)
    assert set(lead_words.NEXT) == set(LeadState)
    assert {to for each in lead_words.NEXT.values() for to in each} == set(lead_words.MOVES)
    assert set(lead_words.OUTCOMES) == set(PastOutcome)
    assert set(lead_words.CAUSES) == set(Cause)
    assert set(lead_words.DISPOSITIONS) == set(Disposition)
    assert set(lead_words.CHANGES) == {*LeadChangeKind, *CallbackChangeKind}
    assert set(lead_words.SOURCES) == set(ListingSource)
    assert set(lead_words.STAGES) == set(AttemptStage)


# --- the card


async def test_the_funnel_is_told_in_words_with_links(called: CalledCampaign, visit: Visit) -> None:
    await called.scene.lead(called.into, "+8613800000009", state="paused")
    sue = await english(visit, "sue")
    text = await text_of(sue, "/campaigns/spring")
    assert "Due, to be dialled next" in text
    assert "The lead itself is paused" in text
    assert '/campaigns/spring/leads?step=paused"' in text
    assert "can be said once the campaign has dialled" in text
    await sue.post("/language", {"language": "zh-CN"})
    assert "客户已单独暂停" in await text_of(sue, "/campaigns/spring/why")


@pytest.mark.parametrize(
    ("view", "holding", "said"),
    [
        (None, "not_under_way", "hasn't taken it up yet"),
        ({"trouble": "the connection to Asterisk is down"}, "trouble", "the connection to"),
        ({"trouble": "the database is away: x"}, "trouble", "the database is away."),
        ({"agents": {}}, "nobody", "Nobody is at work"),
        (
            {"reason": vars(pacing)["_NO_LINES"].text,
             "reason_figures": {"wanted": 3, "used": 30, "lines": 30}},
            "line", "30 of 30 are in use",
        ),
        (
            {"reason": vars(pacing)["_LINE_TOO_FAST"].text,
             "reason_figures": {"wanted": 3, "line_per_second": "0.5"}},
            "line", "the line, which takes 0.5 calls a second from all together",
        ),
        ({"abandoned": 2.0}, "limit", "5.00% of at most 3%"),
        ({"reason": LIMIT_SPENT}, "limit", "0.00% of at most 3%"),
        ({"agents": {AgentState.TALKING: 2}}, "agents_busy", "none of them is ready"),
        ({"agents": {AgentState.TALKING: 2}, "decided": 2}, "fine", "Everything is fine"),
        ({}, "fine", "Everything is fine"),
    ],
)  # fmt: skip
async def test_the_first_reason_is_said_in_one_sentence(
    view: dict[str, object] | None,
    holding: str,
    said: str,
    console: Console,
    called: CalledCampaign,
    visit: Visit,
) -> None:
    if view is not None:
        console.floor.campaigns.views[CampaignName("spring")] = run_view(**view)
    found, sentence = await card_of(await english(visit, "cleo"))
    assert (found, said in sentence) == (holding, True), sentence
    assert called.due


async def test_no_leads_until_when(console: Console, called: CalledCampaign, visit: Visit) -> None:
    console.floor.campaigns.views[CampaignName("spring")] = run_view()
    pool, sue = console.database.pool, await english(visit, "sue")
    soon = datetime.now(UTC) + timedelta(hours=2)
    await pool.execute("update leads set next_at = $1, held_by = 'window'", soon)
    holding, sentence = await card_of(sue)
    assert holding == "none_due"
    assert re.search(r"until \d{4}-\d\d-\d\d \d\d:\d\d\.", sentence)
    await pool.execute("update leads set state = 'finished', why = 'spoken'")
    assert (await card_of(sue))[0] == "used_up"
    await pool.execute("update leads set state = 'open', next_at = '-infinity'")
    await pool.execute(
        "update leads set callback_at = now() - interval '1 hour', callback_agent = '1001'"
    )
    assert (await card_of(sue))[0] == "callbacks"
    await pool.execute("delete from lead_numbers")
    await pool.execute("update attempts set lead = null")
    await pool.execute("delete from leads")
    assert (await card_of(sue))[0] == "empty"
    await pool.execute("delete from campaign_lists")
    assert (await card_of(sue))[0] == "no_list"
    assert called.called


async def test_a_campaign_that_does_not_run_is_looked_over(
    console: Console, called: CalledCampaign, visit: Visit
) -> None:
    lead = await called.scene.lead(called.into, "+8613800000008", attempts=9)
    campaigns = called.scene.campaigns
    await campaigns.move(OPS, SPRING, CampaignState.PAUSED)
    sue = await english(visit, "sue")
    assert await card_of(sue) == ("not_running", "It is paused. Start it, and it dials.")
    assert "look-over" not in await text_of(await english(visit, "cleo"), "/campaigns/spring")
    assert "look-over" in await text_of(sue, "/campaigns/spring")
    answer = await sue.post("/campaigns/spring/look-over")
    assert answer.headers["Location"] == "/campaigns/spring?done=looked"
    assert await called.scene.column(lead, "state") == "finished"
    assert "has been looked at again" in await text_of(sue, "/campaigns/spring?done=looked")
    assert console.floor.campaigns.cut == []


async def test_one_look_at_a_time_and_the_page_does_not_wait() -> None:
    looks, going, begun = LookOvers(), asyncio.Event(), 0

    async def work() -> int:
        nonlocal begun
        begun += 1
        await going.wait()
        return 3

    assert not await looks.look(SPRING, work, 0)
    assert looks.looks(SPRING)
    going.set()
    assert await looks.look(SPRING, work, 60)
    assert begun == 1
    assert not looks.looks(SPRING)


# --- the lists


async def test_the_leads_of_a_step_are_paged(called: CalledCampaign, visit: Visit) -> None:
    await called.scene.leads(called.into, 60)
    sue = await english(visit, "sue")
    first = await text_of(sue, "/campaigns/spring/leads?step=due")
    links = re.findall(r'href="/leads/(\d+)"', first)
    older = re.search(r'href="(/campaigns/spring/leads\?[^"]*after=\d+)"', first)
    assert older is not None
    second = await text_of(sue, older[1])
    rest = re.findall(r'href="/leads/(\d+)"', second)
    assert len(links) == 50
    assert not set(links) & set(rest)
    assert "First page" in second
    assert "No leads here" in await text_of(sue, "/campaigns/spring/leads?step=nonsense")
    for after in ("x", "-1", "9" * 30, "²"):
        assert (await sue.get(f"/campaigns/spring/leads?after={after}")).status == 400


async def test_the_attempts_are_listed_the_newest_first(
    console: Console, called: CalledCampaign, visit: Visit
) -> None:
    await console.database.pool.execute(
        """
        insert into attempts (
            attempt, campaign, project, number, mode, stage, reserved_at, ended_at
        )
        select 'pbx1-x' || n, 'spring', 'tea', '+86139' || lpad(n::text, 8, '0'), 'predictive',
            'ended', now() - n * interval '1 second', now() from generate_series(1, 60) n
        """
    )
    sue = await english(visit, "sue")
    first = await text_of(sue, "/campaigns/spring/attempts")
    assert re.findall(r'href="/calls/(pbx1-x\d+)"', first) == [f"pbx1-x{n}" for n in range(1, 51)]
    older = re.search(r'href="([^"]*before=[^"]*)"', first)
    assert older is not None
    second = await text_of(sue, older[1])
    assert re.findall(r'href="/calls/(pbx1-[^"]*)"', second) == [
        *(f"pbx1-x{n}" for n in range(51, 61)),
        called.attempt,
    ]
    assert "Ms Li" in second
    assert "no answer" in second
    for place in ("x", "2026-01-01~a", "0001-01-01T00:00:00+00:00~a", "~"):
        assert (await sue.get(f"/campaigns/spring/attempts?before={place}")).status == 200
    text = await text_of(await english(visit, "cleo"), "/campaigns/spring/attempts")
    assert "+8613900000001" in text
    assert "/calls/pbx1" not in text


async def test_what_was_decided_in_a_minute(called: CalledCampaign, visit: Visit) -> None:
    cleo = await english(visit, "cleo")
    text = await text_of(cleo, "/campaigns/spring/decisions?at=2026-03-02T12:01")
    assert "What was decided at 2026-03-02 12:01" in text
    assert "the last one before this minute" in text
    assert "3 agents, 2 ready; 4 calls ringing" in text
    assert "/campaigns/spring/decisions?at=2026-03-02T12%3A02" in text
    await cleo.post("/language", {"language": "zh-CN"})
    assert "坐席 3 名" in await text_of(cleo, "/campaigns/spring/decisions?at=2026-03-02T12:01")
    await cleo.post("/language", {"language": "en"})
    text = await text_of(cleo, "/campaigns/spring/decisions?at=2026-01-01T12:01")
    assert "Nothing was decided" in text
    for odd in ("yesterday", "9999-12-31T23:59", "0001-01-01T00:00"):
        text = await text_of(cleo, f"/campaigns/spring/decisions?at={odd}")
        assert "That was no date and time" in text
    assert called.due


async def test_the_minutes_of_an_hour_that_comes_twice_follow_one_another(
    console: Console, called: CalledCampaign, visit: Visit
) -> None:
    console.floor.config = replace(console.floor.config, timezone="Europe/Berlin")
    cleo = await english(visit, "cleo")
    seen = []
    page = "/campaigns/spring/decisions?at=2026-10-25T02:58"  # in summer time
    for _ in range(4):
        text = await text_of(cleo, page)
        seen.append(re.findall(r"What was decided at [-0-9]+ ([0-9:]+)", text)[0])
        page = unescape(re.findall(r'href="([^"]+)"><span class="me-2">A minute later', text)[0])
    assert seen == ["02:58", "02:59", "02:00", "02:01"]
    assert page.endswith(quote("T02:02+01:00", safe=""))
    assert called.due


@pytest.mark.parametrize(
    ("at", "status"),
    [("0001-01-01T00:00", 400), ("9999-12-31T23:59", 409), ("soon", 400), ("", 400)],
)
async def test_a_callback_is_not_moved_to_where_no_clock_goes(
    console: Console, called: CalledCampaign, visit: Visit, at: str, status: int
) -> None:
    promised = datetime.now(UTC) + timedelta(hours=3)
    pool = console.database.pool
    await pool.execute("update leads set callback_at = $2 where lead = $1", called.due, promised)
    otto = await english(visit, "otto")
    wish = {"seen": promised.isoformat(), "at": at}
    answer = await otto.post(f"/callbacks/{called.due}/move", wish)
    assert answer.status == status, await answer.text()
    there = await pool.fetchval("select callback_at from leads where lead = $1", called.due)
    assert there == promised


async def test_a_callback_is_moved_to_the_moment_that_a_distance_from_utc_says(
    console: Console, called: CalledCampaign, visit: Visit
) -> None:
    promised = datetime.now(UTC) + timedelta(hours=3)
    pool = console.database.pool
    await pool.execute("update leads set callback_at = $2 where lead = $1", called.due, promised)
    otto = await english(visit, "otto")
    # A moment that is in the past by the centre's clock, and to come by what it says.
    later = (datetime.now(UTC) + timedelta(hours=5)).replace(microsecond=0)
    typed = later.astimezone(timezone(timedelta(hours=-8))).isoformat()
    answer = await otto.post(
        f"/callbacks/{called.due}/move", {"seen": promised.isoformat(), "at": typed}
    )
    assert answer.status == 303, await answer.text()
    there = await pool.fetchval("select callback_at from leads where lead = $1", called.due)
    assert there == later


async def test_others_projects_are_out_of_reach(called: CalledCampaign, visit: Visit) -> None:
    ben = await english(visit, "ben")
    for page in ("why", "leads", "attempts", "decisions"):
        assert (await ben.get(f"/campaigns/spring/{page}")).status == 404
    assert (await ben.post("/campaigns/spring/look-over")).status == 404
    assert (await ben.get(f"/leads/{called.due}")).status == 404
    assert (await ben.post(f"/leads/{called.due}/state", {"to": "paused"})).status == 404
    assert await called.scene.column(called.due, "state") == "open"
