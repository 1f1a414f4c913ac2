"""A lead's page, over a real database."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from campaigns.do_not_call import DoNotCall
from domain.identity import ProjectName
from tests.campaigns.campaigns_scene import OPS
from tests.console.campaigns.called_campaign import CalledCampaign, called_campaign
from tests.console.campaigns.test_why_pages import english, text_of
from tests.console.conftest import Console, Visit

pytestmark = pytest.mark.live


@pytest.fixture
async def called(console: Console) -> CalledCampaign:
    return await called_campaign(console.database)


async def test_a_leads_story_is_on_its_page(called: CalledCampaign, visit: Visit) -> None:
    text = await text_of(await english(visit, "sue"), f"/leads/{called.called}")
    assert "Ms Li" in text
    assert text.index("City") < text.index("Age")
    assert text.index("+8613800000001") < text.index("+8613800000002")
    assert f'href="/calls/{called.attempt}"' in text
    assert "no answer" in text
    assert "Nobody has changed it." in text


async def test_what_holds_it_and_until_when(
    console: Console, called: CalledCampaign, visit: Visit
) -> None:
    sue = await english(visit, "sue")
    soon = datetime.now(UTC) + timedelta(hours=2)
    await console.database.pool.execute(
        "update leads set next_at = $1, held_by = 'gap' where lead = $2", soon, called.due
    )
    text = await text_of(sue, f"/leads/{called.due}")
    hold = re.search(r'id="hold">(.*?)</span>', text)
    assert hold is not None
    assert hold[1].startswith("Called a short time ago")
    assert "until 2" in hold[1]


async def test_it_is_paused_opened_and_removed(called: CalledCampaign, visit: Visit) -> None:
    sue, here = await english(visit, "sue"), f"/leads/{called.due}"
    for to in ("paused", "open", "removed"):
        assert (await sue.post(f"{here}/state", {"to": to})).status == 303
        assert await called.scene.column(called.due, "state") == to
    text = await text_of(sue, here)
    assert re.findall(r"<td>sue</td><td>([\w ]+)", text) == ["Removed", "Opened again", "Paused"]
    assert "A removed lead stays removed." in text
    assert (await sue.post(f"{here}/state", {"to": "open"})).status == 409
    assert (await sue.post(f"{here}/state", {"to": "nowhere"})).status == 400


async def test_clients_read_and_change_nothing(called: CalledCampaign, visit: Visit) -> None:
    cleo, here = await english(visit, "cleo"), f"/leads/{called.due}"
    text = await text_of(cleo, here)
    assert "Mr <Wu>" in text
    assert "Supervisors, operations and administrators may" in text
    assert f'action="{here}/state"' not in text
    assert (await cleo.post(f"{here}/state", {"to": "paused"})).status == 403
    assert await called.scene.column(called.due, "state") == "open"


async def test_a_number_that_is_not_to_be_called_says_so(
    console: Console, called: CalledCampaign, visit: Visit
) -> None:
    tea = ProjectName("tea")
    listed = DoNotCall(console.database.pool)
    await listed.add(OPS, tea, ["+8613800000003"], reason="wrote a letter")
    sue = await english(visit, "sue")
    text = await text_of(sue, f"/leads/{called.due}")
    assert "Not to be called since" in text
    assert "+8613800000003 was put on the do-not-call list" in text
    assert "by hand · wrote a letter" in text
    assert "Closed: not to be called" in text
    assert (await sue.post(f"/leads/{called.due}/state", {"to": "open"})).status == 409


@pytest.mark.parametrize("lead", ["x", "-1", "9" * 19, "1.5"])
async def test_what_is_no_number_of_a_lead_is_refused(lead: str, visit: Visit) -> None:
    assert (await (await visit("sue")).get(f"/leads/{lead}")).status == 400


async def test_a_lead_that_is_not_there(visit: Visit) -> None:
    assert (await (await visit("sue")).get("/leads/999999999")).status == 404
