"""A campaign's test call on its page."""

import pytest

from campaigns.hand_dialling import HandDialling
from domain.identity import CallId, LineName
from engine.campaign_ports import NoTestCall
from tests.campaigns.attempt_facts import missed
from tests.campaigns.campaigns_scene import BANK, NOON, TEA, ZONE, CampaignScene
from tests.console.campaigns.called_campaign import called_campaign
from tests.console.campaigns.test_campaign_pages import _english
from tests.console.conftest import Console, Visit

pytestmark = pytest.mark.live

TEST = CallId("pbx1-test.1")
HERE = "/campaigns/spring/test-call"


async def _reserve(scene: CampaignScene, project: str = TEA) -> None:
    by_hand = HandDialling(scene.database.pool, lambda: ZONE)
    where = TEA if project == TEA else BANK
    number = "+8613900000009"
    await by_hand.reserve_test(
        TEST, where, number, LineName("carrier"), "4008001000", by="sue", now=NOON
    )


async def test_a_test_call_is_placed_followed_and_explained(console: Console, visit: Visit) -> None:
    scene = (await called_campaign(console.database)).scene
    await console.database.pool.execute(  # as of a version that asked for none
        "update campaigns set settings = settings || '{\"message\": {}}'"
    )
    await _reserve(scene)
    console.floor.campaigns.test_came = TEST
    sue = await _english(visit, "sue")
    assert HERE in await (await sue.get("/campaigns/spring")).text()
    going = await (await sue.post(HERE, {"number": "139 0000 0009"})).text()
    assert console.floor.campaigns.tested == [("spring", "139 0000 0009", "sue")]
    for said in ("going out", "+8613900000009", "4008001000", "every 1s", "has no message"):
        assert said in going, said
    await scene.happened(*missed(TEST, q850=17))
    over = await (await sue.get(f"{HERE}?call={TEST}")).text()
    assert "every 1s" not in over and "Q.850 17" in over
    assert "+8613900000009" not in await (await sue.get("/attempts")).text()


@pytest.mark.parametrize("fault", list(NoTestCall))
async def test_each_refusal_is_said(console: Console, visit: Visit, fault: NoTestCall) -> None:
    await called_campaign(console.database)
    console.floor.campaigns.test_came = fault
    answer = await (await _english(visit, "sue")).post(HERE, {"number": "<b>1" + "0" * 90})
    text = await answer.text()
    assert answer.status == 200 and 'id="test-fault"' in text
    assert "<b>" not in text and "0" * 50 not in text


async def test_other_calls_are_no_test_calls(console: Console, visit: Visit) -> None:
    called = await called_campaign(console.database)
    await _reserve(called.scene, BANK)
    sue = await _english(visit, "sue")
    for call in (TEST, called.attempt, "", "x" * 5_000):
        assert (await sue.get(f"{HERE}?call={call}")).status == 404, call
    assert (await (await _english(visit, "cleo")).post(HERE, {"number": "1"})).status == 403
    assert console.floor.campaigns.tested == []
