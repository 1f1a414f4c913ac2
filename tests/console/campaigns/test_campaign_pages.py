"""The pages of campaigns, over a real database."""

import re
from datetime import UTC, datetime

import pytest

from campaigns.campaign import CampaignSettings
from campaigns.campaign_service import Campaigns
from campaigns.funnel import OWN_STEPS
from campaigns.lead_lists import LeadLists
from campaigns.stored_campaign import Campaign
from console.campaigns.why_words import STEPS
from console.campaigns.words import REASONS
from dialer import notice_pacing, pacing
from dialer.lead_rules import CallingRule
from dialer.policies import (
    expected_value,
    fixed_ratio,
    foresight,
    progressive,
    vicidial,
)
from dialer.policy import Reason
from domain.agent_facts import AgentState
from domain.identity import CampaignName
from domain.roles import Actor, Role
from engine.campaign_ports import CampaignView
from tests.console.browserless import Client
from tests.console.conftest import Console, Visit
from tests.console.floor import BANK, TEA

pytestmark = pytest.mark.live

OPS = Actor("otto", Role.OPS, frozenset({TEA}))
SPRING = CampaignSettings(
    title="Spring tea", queue="sales", line="carrier", message={"en": "This is Tea, 4001."}
)
TYPED = {
    "name": "spring", "project": "tea", "title": "Spring tea", "mode": "predictive",
    "queue": "sales", "line": "carrier", "rules": "cn", "share": "2.5", "grace_s": "",
    "ratio": "1.5", "lines": "30", "lines_for_inbound": "2", "calls_per_second": "4",
    "caller_id": "", "ring_s": "25", "priority": "-1", "agents_for_inbound": "0",
    "most_attempts": "3", "gap_h": "2", "number_gap_h": "2", "message.zh-CN": "这里是清泉茶业。",
    "message.en": "", "opt_out_key": "9", "opt_out_of": "project",
}  # fmt: skip
SCENE = {
    "agents": 3, "ready": 1, "ringing": 4, "answers": 1.2, "freed": 0.8, "horizon": 9.0,
    "risk": 0.01, "threshold": 0.02, "room": 2,
}  # fmt: skip


async def _made(console: Console, project: str = TEA) -> Campaign:
    actor = Actor("ada", Role.ADMIN, None)
    return await Campaigns(console.database.pool).make(
        actor, "spring", TEA if project == TEA else BANK, SPRING
    )


def _view(**more: object) -> CampaignView:
    values: dict[str, object] = {
        "name": CampaignName("spring"), "at": datetime.now(UTC),
        "agents": {AgentState.READY: 1, AgentState.TALKING: 2}, "ringing": 4, "waiting": 1,
        "talking": 2, "hopper": 9, "dialled": 40, "answered": 12, "connected": 11,
        "abandoned_run": 1, "abandoned": 1.0, "base": 40.0, "limit": 0.03,
        "decided_at": datetime.now(UTC), "decided": 2, "reason": vars(foresight)["_AT_THRESHOLD"],
        "reason_figures": SCENE,
    }  # fmt: skip
    return CampaignView(**(values | more))  # type: ignore[arg-type]


async def _english(visit: Visit, name: str) -> Client:
    client = await visit(name)
    await client.post("/language", {"language": "en"})
    return client


async def test_without_campaigns_the_list_says_what_one_is(visit: Visit) -> None:
    text = await (await (await _english(visit, "otto")).get("/campaigns")).text()
    assert "There are no campaigns yet" in text
    assert "/campaigns/new" in text
    assert (
        "/campaigns/new"
        not in await (await (await _english(visit, "cleo")).get("/campaigns")).text()
    )


async def test_a_campaign_is_made_and_changed_in_forms(console: Console, visit: Visit) -> None:
    otto = await _english(visit, "otto")
    answer = await otto.post("/campaigns/new", TYPED)
    assert answer.status == 303, await answer.text()
    made = await Campaigns(console.database.pool).get(OPS, "spring")
    assert made.settings.share == pytest.approx(0.025)
    assert made.settings.message == {"zh-CN": "这里是清泉茶业。"}
    form = await (await otto.get("/campaigns/spring/settings")).text()
    assert "Spring tea" in form
    changed = TYPED | {"seen": str(made.change), "title": "Summer tea", "gap_h": "4,5"}
    assert (await otto.post("/campaigns/spring/settings", changed)).status == 303
    now = await Campaigns(console.database.pool).get(OPS, "spring")
    assert (now.settings.title, now.settings.gap_s) == ("Summer tea", 4.5 * 3600)


async def test_a_flow_takes_the_place_of_agents(console: Console, visit: Visit) -> None:
    otto = await _english(visit, "otto")
    typed = TYPED | {"mode": "agentless", "flow": "hotline"}
    assert (await otto.post("/campaigns/new", typed)).status == 303
    made = await Campaigns(console.database.pool).get(OPS, "spring")
    assert made.settings.flow == "hotline"
    form = await (await otto.get("/campaigns/spring/settings")).text()
    assert '<option value="hotline" selected>hotline</option>' in form, "kept though it is gone"
    changed = typed | {"flow": "", "seen": str(made.change)}
    assert (await otto.post("/campaigns/spring/settings", changed)).status == 303
    assert (await Campaigns(console.database.pool).get(OPS, "spring")).settings.flow is None


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("ring_s", "5", "too small; 15"),
        ("share", "250", "too large; 100"),
        ("lines", "many", "not possible here"),
        ("gap_h", "soon", "not possible here"),
        ("title", "", "missing"),
        ("name", "Spring!", "lower-case letters"),
        ("queue", "", "Queue"),
    ],
)
async def test_a_mistake_is_named_and_nothing_is_made(
    console: Console, visit: Visit, field: str, value: str, said: str
) -> None:
    answer = await (await _english(visit, "otto")).post("/campaigns/new", TYPED | {field: value})
    text = await answer.text()
    assert answer.status == 400
    assert said in re.search(r'id="mistake">(.*?)</div>', text, re.S)[1]  # type: ignore[index]
    assert await Campaigns(console.database.pool).seen_by(OPS) == []


async def test_more_than_the_rules_allow_is_refused_with_their_figure(
    console: Console, visit: Visit
) -> None:
    otto = await _english(visit, "otto")
    allowed = await otto.post("/campaigns/new", TYPED | {"share": "40", "grace_s": "9"})
    assert allowed.status == 303, "China's texts have no figure"
    typed = TYPED | {"name": "summer", "rules": "us"}
    for field, value, said in (
        ("share", "3.5", "at most 3% of the customers"),
        ("grace_s", "2.5", "within 2 seconds"),
        ("opt_out_key", "", "with a key"),
    ):
        answer = await otto.post("/campaigns/new", typed | {field: value})
        text = await answer.text()
        assert answer.status == 400
        assert said in re.search(r'id="mistake">(.*?)</div>', text, re.S)[1]  # type: ignore[index]
        assert "what the call was about" in text, "what the message must say by these rules"
    await otto.post("/language", {"language": "zh-CN"})
    answer = await otto.post("/campaigns/new", typed | {"share": "3.5"})
    assert "不得超过 3%" in await answer.text()
    assert [one.name for one in await Campaigns(console.database.pool).seen_by(OPS)] == ["spring"]


async def test_one_that_goes_beyond_its_rules_says_so_until_it_is_changed(
    console: Console, visit: Visit
) -> None:
    beyond = SPRING.model_copy(update={"rules": "us", "share": 0.1})
    made = await Campaigns(console.database.pool).make(OPS, "spring", TEA, beyond)
    otto = await _english(visit, "otto")
    text = await (await otto.get("/campaigns/spring")).text()
    assert 'id="beyond-rules"' in text and "at most 3% of the customers" in text
    assert (await otto.post("/campaigns/spring/state", {"to": "running"})).status == 303
    assert (await Campaigns(console.database.pool).get(OPS, "spring")).settings == beyond
    now = await Campaigns(console.database.pool).get(OPS, "spring")
    typed = TYPED | {"rules": "us", "seen": str(now.change)}
    assert now.change != made.change
    refused = await otto.post("/campaigns/spring/settings", typed | {"share": "10"})
    assert refused.status == 400
    assert (await otto.post("/campaigns/spring/settings", typed)).status == 303
    assert "beyond-rules" not in await (await otto.get("/campaigns/spring")).text()


async def test_a_project_of_others_is_out_of_reach(console: Console, visit: Visit) -> None:
    await _made(console, BANK)
    otto = await _english(visit, "otto")
    assert "spring" not in await (await otto.get("/campaigns")).text()
    for page in ("", "/now", "/settings", "/history"):
        assert (await otto.get(f"/campaigns/spring{page}")).status == 404
    assert (await otto.post("/campaigns/spring/state", {"to": "running"})).status == 404
    assert (await otto.post("/campaigns/new", TYPED | {"project": "bank"})).status == 403


async def test_it_is_started_paused_and_stopped(console: Console, visit: Visit) -> None:
    await _made(console)
    campaigns, sue = Campaigns(console.database.pool), await _english(visit, "sue")
    for to in ("running", "paused", "stopped"):
        assert (await sue.post("/campaigns/spring/state", {"to": to})).status == 303
        assert (await campaigns.get(OPS, "spring")).state == to
    assert (await sue.post("/campaigns/spring/state", {"to": "paused"})).status == 409
    assert (await sue.post("/campaigns/spring/state", {"to": "nowhere"})).status == 400
    assert console.floor.campaigns.cut == []


async def test_pausing_can_hang_up_what_rings(console: Console, visit: Visit) -> None:
    await _made(console)
    sue = await _english(visit, "sue")
    await sue.post("/campaigns/spring/state", {"to": "running"})
    await sue.post("/campaigns/spring/state", {"to": "paused", "cut": "yes"})
    assert console.floor.campaigns.cut == ["spring"]


async def test_two_editors_do_not_overwrite_each_other(console: Console, visit: Visit) -> None:
    made, otto = await _made(console), await _english(visit, "otto")
    first = TYPED | {"seen": str(made.change), "title": "One"}
    assert (await otto.post("/campaigns/spring/settings", first)).status == 303
    answer = await otto.post("/campaigns/spring/settings", first | {"title": "Two"})
    assert answer.status == 409
    assert "Somebody else" in await answer.text()


async def test_a_change_is_taken_back(console: Console, visit: Visit) -> None:
    made, otto = await _made(console), await _english(visit, "otto")
    await otto.post("/campaigns/spring/settings", TYPED | {"seen": str(made.change), "title": "X"})
    text = await (await otto.get("/campaigns/spring/history")).text()
    number = re.search(r'name="change" value="(\d+)"', text)
    assert number is not None
    assert (await otto.post("/campaigns/spring/undo", {"change": number[1]})).status == 303
    assert (await Campaigns(console.database.pool).get(OPS, "spring")).settings == SPRING
    assert (await otto.post("/campaigns/spring/undo", {"change": "x"})).status == 400


async def test_a_draft_is_removed(console: Console, visit: Visit) -> None:
    await _made(console)
    otto = await _english(visit, "otto")
    assert (await otto.post("/campaigns/spring/remove", {})).status == 303
    assert (await otto.get("/campaigns/spring")).status == 404


async def test_one_sees_what_it_does_and_why(console: Console, visit: Visit) -> None:
    await _made(console)
    console.floor.campaigns.views[CampaignName("spring")] = _view()
    text = await (await (await _english(visit, "sue")).get("/campaigns/spring/now")).text()
    assert "2 dialled. 3 agents, 1 ready; 4 calls ringing" in text
    assert "The limit is near: 83% of it are used." in text


async def test_the_reason_is_in_the_viewers_language(console: Console, visit: Visit) -> None:
    await _made(console)
    console.floor.campaigns.views[CampaignName("spring")] = _view()
    sue = await _english(visit, "sue")
    await sue.post("/language", {"language": "zh-CN"})
    text = await (await sue.get("/campaigns/spring/now")).text()
    assert "坐席 3 名" in text


async def test_a_campaign_over_its_limit_says_so(console: Console, visit: Visit) -> None:
    await _made(console)
    console.floor.campaigns.views[CampaignName("spring")] = _view(abandoned=2.0, trouble="no line")
    text = await (await (await _english(visit, "sue")).get("/campaigns/spring/now")).text()
    assert "The limit is exceeded" in text
    assert "Nothing can be dialled now: no line" in text


async def test_one_sees_why_it_is_not_dialling(console: Console, visit: Visit) -> None:
    made, pool = await _made(console), console.database.pool
    lists = LeadLists(pool)
    number = (await lists.make(OPS, TEA, "May", "CN")).list
    await Campaigns(pool).change(OPS, "spring", made.change, lists=[number])
    sue = await _english(visit, "sue")
    assert "There is nobody on its lists." in await (await sue.get("/campaigns/spring")).text()
    for key, state in (("a", "open"), ("b", "open"), ("c", "do_not_call")):
        await pool.execute(
            "insert into leads (list, project, key, state) values ($1, 'tea', $2, $3)",
            *(number, key, state),
        )
    text = await (await sue.get("/campaigns/spring")).text()
    rows = re.findall(r'<tr data-step="\w+"><td><a [^>]+>([^<]+)</a></td><td [^>]+>(\d+)<', text)
    assert rows == [
        ("Due, to be dialled next", "2"),
        ("Not to be called: the customer or somebody asked for it", "1"),
    ]


def test_each_step_of_the_funnel_has_its_words() -> None:
    assert set(STEPS) == {*OWN_STEPS, *CallingRule}


def test_each_reason_of_the_dialer_has_its_words() -> None:
    modules = (
        pacing, notice_pacing, expected_value, fixed_ratio, foresight, progressive, vicidial,
    )  # fmt: skip
    found = {
        value.text
        for module in modules
        for value in vars(module).values()
        if isinstance(value, Reason)
    }
    texts = vars(foresight)
    after_learning = [vars(progressive)[name].text for name in ("_REASON", "_FULL")]
    learning = {texts["_LEARNING"] + text for text in after_learning}
    assert found | learning | {texts["_AT_GATE"], texts["_AT_THRESHOLD"]} == set(REASONS)
