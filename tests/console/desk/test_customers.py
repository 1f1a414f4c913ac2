"""Who an agent's customer is, and what the agent takes down of the call."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse

from domain.call_facts import CallEntered
from domain.floor_facts import TalkBegan, TalkEnded
from domain.identity import AgentCode, CallId, CampaignName
from engine.board_ports import CallStage, CallView
from tests.campaigns.campaigns_scene import CampaignScene
from tests.console.campaigns.called_campaign import called_campaign
from tests.console.conftest import ENTERED, Console, Visit, fact, store
from tests.console.floor import TEA
from tests.console.streams import frame, listen

pytestmark = pytest.mark.live
AMY = AgentCode("1001")
ENGLISH = {"Accept-Language": "en"}


async def outbound(console: Console, lead: int, stage: CallStage = CallStage.TALKING) -> CallView:
    """Amy's customer is this lead, whom we called."""
    call = await console.floor.put_call(
        1,
        stage,
        agent=AMY,
        hotline=None,
        campaign=CampaignName("spring"),
        lead=lead,
        caller="+8613800000001",
    )
    return console.floor.calls[call]


async def attempt(console: Console, call: CallId, lead: int) -> None:
    """The call's row, as it is written before the call is placed."""
    await console.database.pool.execute(
        "insert into attempts (attempt, campaign, project, list, lead, number, mode, agent, stage)"
        " select $1, 'spring', 'tea', list, lead, '+8613800000001', 'predictive', '1001', 'talking'"
        " from leads where lead = $2",
        call,
        lead,
    )


async def customer(socket: ClientWebSocketResponse) -> dict[str, Any]:
    """The next frame about a customer."""
    while True:
        said = await frame(socket)
        if "customer" in said:
            found: dict[str, Any] = said["customer"]
            return found


async def test_the_lead_is_pushed_when_it_is_offered(console: Console, visit: Visit) -> None:
    """First what the engine knows, at once; then all of the lead."""
    called = await called_campaign(console.database)
    socket = await listen(await visit("amy"), "/desk/live")
    await frame(socket)
    view = await outbound(console, called.called, CallStage.RINGING)
    view = replace(view, lead_name="Ms Li", lead_fields={"City": "Xi'an", "Empty": ""})
    console.floor.offer("1002", view)
    console.floor.offer("1001", view)
    first = await customer(socket)
    assert first == {
        "call": view.id,
        "number": "+8613800000001",
        "name": "Ms Li",
        "fields": [["City", "Xi'an"]],
    }
    card = await customer(socket)
    assert (card["name"], card["lead"], card["outbound"]) == ("Ms Li", called.called, True)
    assert card["fields"] == [["City", "Xi'an"], ["Age", "40"]]
    assert card["numbers"] == ["+8613800000001", "+8613800000002"]
    assert card["zone"] == "Asia/Shanghai"
    (earlier,) = card["earlier"]
    assert earlier["text"] == "无人接听"
    assert "resolved" not in {one["code"] for one in card["choices"]}


async def test_an_inbound_caller_is_found_among_the_projects_leads(
    console: Console, visit: Visit
) -> None:
    called = await called_campaign(console.database)
    scene = CampaignScene(console.database)
    banks = await scene.new_list("bank")
    await scene.lead(banks, "+8613800130001", project="bank", name="The bank's own")
    client = await visit("amy")
    call = await console.floor.put_call(1, CallStage.TALKING, agent=AMY)  # 13800130001
    path = f"/desk/customers/{call}"
    card = await (await client.get(path)).json()
    assert (card["lead"], card["e164"], card["name"]) == (None, "+8613800130001", "")
    known = await console.floor.put_call(2, CallStage.TALKING, agent=AMY, caller="13800000001")
    card = await (await client.get(f"/desk/customers/{known}")).json()
    assert (card["lead"], card["name"]) == (called.called, "Ms Li")
    assert "wrong_number" not in {one["code"] for one in card["choices"]}
    withheld = await console.floor.put_call(3, CallStage.TALKING, agent=AMY, caller=None)
    card = await (await client.get(f"/desk/customers/{withheld}")).json()
    assert (card["number"], card["lead"], card["e164"]) == (None, None, None)


async def test_a_disposition_is_saved_and_corrected(console: Console, visit: Visit) -> None:
    called = await called_campaign(console.database)
    view = await outbound(console, called.called)
    await attempt(console, view.id, called.called)
    client = await visit("amy")
    path = f"/desk/customers/{view.id}"
    said = {"choice": "refused", "sub_reason": "price", "note": " too dear "}
    answer = await (await client.post(path, said)).json()
    assert answer["ok"], answer
    assert answer["said"]["note"] == "too dear"
    assert await called.scene.column(called.called, "state") == "finished"
    later = {
        "choice": "callback",
        "callback_local": f"{datetime.now(UTC) + timedelta(days=9):%Y-%m-%d}T10:00",
        "zone": "Asia/Tokyo",
        "personal": "yes",
        "callback_number": "138 0000 0002",
    }
    answer = await (await client.post(path, later)).json()
    assert answer["ok"], answer
    at = await called.scene.column(called.called, "callback_at")
    assert (at.hour, at.minute) == (1, 0)
    assert await called.scene.column(called.called, "callback_agent") == "1001"
    sue = await visit("sue")
    story = await (await sue.get(f"/leads/{called.called}", headers=ENGLISH)).text()
    assert "Refused" in story and "Price" in story and "too dear" in story
    card = await (await client.get(path)).json()
    assert card["said"]["choice"] == "callback"
    assert card["said"]["callback_number"] == "+8613800000002"
    assert card["promised"] == {"at": at.timestamp(), "mine": True}
    del console.floor.calls[view.id]  # it is over, and still the agent's
    assert (await (await client.post(path, said)).json())["ok"]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({}, "Choose what the call came to."),
        ({"choice": "resolved"}, "This choice is no longer offered."),
        ({"choice": "callback"}, "Choose a day and time"),
        ({"choice": "callback", "callback_local": "2026-13-01T10:00"}, "Choose a day and time"),
        ({"choice": "callback", "callback_local": "9999-12-31T23:59"}, "at most a year ahead"),
        (
            {"choice": "callback", "callback_local": "0001-01-01T00:00", "zone": "Asia/Tokyo"},
            "at most a year ahead",
        ),
        (
            {
                "choice": "callback",
                "callback_local": f"{datetime.now(UTC):%Y-%m-%d}T23:00",
                "callback_number": "12",
            },
            "not a phone number",
        ),
        ({"choice": "success", "note": "x" * 10_001}, "The note is too long"),
    ],
)
async def test_what_makes_no_sense_is_said(
    console: Console, visit: Visit, wrong: dict[str, str], says: str
) -> None:
    called = await called_campaign(console.database)
    view = await outbound(console, called.called)
    await attempt(console, view.id, called.called)
    client = await visit("amy")
    answer = await client.post(f"/desk/customers/{view.id}", wrong, headers=ENGLISH)
    assert answer.status == 409
    told = await answer.json()
    assert told["refused"] and says in told["message"]
    assert await console.database.pool.fetchval("select count(*) from dispositions") == 0


async def test_an_inbound_caller_asks_not_to_be_called(console: Console, visit: Visit) -> None:
    called = await called_campaign(console.database)
    client = await visit("amy")
    call = await console.floor.put_call(2, CallStage.TALKING, agent=AMY, caller="13800000001")
    path = f"/desk/customers/{call}"
    assert (await (await client.post(path, {"choice": "do_not_call"})).json())["ok"]
    assert await called.scene.column(called.called, "state") == "do_not_call"
    assert (await (await client.post(path, {"choice": "resolved"})).json())["ok"]
    card = await (await client.get(path)).json()
    assert card["barred"] and card["said"]["choice"] == "resolved"
    assert await called.scene.column(called.called, "state") == "do_not_call"


async def test_nobody_else_learns_or_says_anything(console: Console, visit: Visit) -> None:
    called = await called_campaign(console.database)
    view = await outbound(console, called.called)
    console.floor.calls[view.id] = replace(view, agent=AgentCode("1002"))
    client = await visit("amy")
    for path in (f"/desk/customers/{view.id}", "/desk/customers/nothing"):
        assert (await client.get(path)).status == 404
        assert (await client.post(path, {"choice": "success"})).status == 404
    assert (await (await visit("sue")).get(f"/desk/customers/{view.id}")).status == 404


async def test_a_call_that_is_over_is_known_by_its_record(console: Console, visit: Visit) -> None:
    call = CallId("pbx1-1.1")
    now = datetime.now(UTC)
    await store(
        console.database,
        [
            fact(call, (now - ENTERED).total_seconds() - 60 * m, kind, **detail)
            for m, kind, detail in (
                (5, CallEntered, {"hotline": "4008001000", "project": TEA,
                                  "line": "gateway-lines", "caller": "13800138000"}),
                (4, TalkBegan, {"agent": "1001", "station": "1001"}),
                (3, TalkEnded, {"agent": "1001", "station": "1001"}),
            )
        ],
    )  # fmt: skip
    client = await visit("amy")
    desk = await (await client.get("/desk")).text()
    assert f'"call": "{call}"' in desk
    card = await (await client.get(f"/desk/customers/{call}")).json()
    assert (card["e164"], card["outbound"]) == ("+8613800138000", False)
    saved = await client.post(f"/desk/customers/{call}", {"choice": "resolved", "note": "done"})
    assert (await saved.json())["ok"]
    told = await (await (await visit("sue")).get(f"/calls/{call}", headers=ENGLISH)).text()
    assert "Resolved" in told and '<div class="note text-break">done</div>' in told
