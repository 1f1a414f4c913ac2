"""An agent's desk: what it sees, what it asks for."""

import re
from dataclasses import replace

from domain.agent_facts import AgentState
from domain.centre import AwayReason, OutsideNumber
from domain.identity import AgentCode, LineName, QueueName
from engine.board_ports import CallStage
from engine.centre_ports import CommandOutcome, CommandResult, Recipient
from tests.console.conftest import Console, Visit
from tests.console.floor import BANK, TEA, busy
from tests.console.streams import frame, listen


async def test_the_desk_sees_itself_and_its_call(console: Console, visit: Visit) -> None:
    await busy(console.floor)
    socket = await listen(await visit("amy"), "/desk/live")
    first = await frame(socket)
    assert set(first["all"]) == {"queues", "agents", "calls"}
    assert set(first["all"]["agents"]) == {"1001"}
    assert [c["agent"] for c in first["all"]["calls"].values()] == ["1001"]
    assert set(first["all"]["queues"]) == {"sales", "service"}


async def test_the_desk_is_sent_who_waits_in_its_projects_and_nothing_of_others(
    console: Console, visit: Visit
) -> None:
    socket = await listen(await visit("amy"), "/desk/live")
    await frame(socket)
    await console.floor.put_call(6, CallStage.QUEUE, project=BANK, queue=QueueName("cards"))
    await console.floor.put_agent("1002", AgentState.READY)
    await console.floor.put_call(7, CallStage.QUEUE, queue=QueueName("sales"))
    change = await frame(socket)
    assert set(change) == {"v", "at", "set"} and set(change["set"]) == {"queues"}
    assert set(change["set"]["queues"]) == {"sales"}
    assert change["set"]["queues"]["sales"]["waiting"] == 1
    await console.floor.put_agent("1001", AgentState.READY)
    assert (await frame(socket))["set"]["agents"]["1001"]["state"] == "ready"


async def test_what_the_desk_asks_for(console: Console, visit: Visit) -> None:
    client = await visit("amy")
    for verb, fields in (
        ("log_in", {"station": "1003"}),
        ("ready", {}),
        ("away", {"reason": "lunch"}),
        ("extend", {"seconds": "30"}),
        ("connect", {}),
        ("hold", {}),
        ("resume", {}),
        ("end_talk", {}),
        ("consult", {"to": "agent:1002"}),
        ("swap", {}),
        ("conference", {}),
        ("complete", {}),
        ("cancel", {}),
        ("pass_on", {"to": "queue:sales"}),
        ("disconnect", {}),
        ("log_out", {}),
    ):
        answer = await client.post(f"/desk/{verb}", fields)
        assert await answer.json() == {"ok": True, "message": ""}, verb
    asked = [(a.verb.value, a.station, a.reason, a.seconds) for a in console.floor.asked]
    assert asked == [
        ("log_in", "1003", None, None),
        ("ready", None, None, None),
        ("away", None, "lunch", None),
        ("extend", None, None, 30.0),
        *(
            (verb, None, None, None)
            for verb in (
                "connect",
                "hold",
                "resume",
                "end_talk",
                "consult",
                "swap",
                "conference",
                "complete",
                "cancel",
                "pass_on",
                "disconnect",
            )
        ),
        ("log_out", None, None, None),
    ]
    assert {a.by for a in console.floor.asked} == {"amy"}
    wanted = [a.to for a in console.floor.asked if a.to is not None]
    assert wanted == [Recipient(agent=AgentCode("1002")), Recipient(queue=QueueName("sales"))]


async def test_what_makes_no_sense_is_not_asked(console: Console, visit: Visit) -> None:
    client = await visit("amy")
    for verb, fields in (
        ("log_in", {"station": "9999"}),
        ("away", {"reason": "holiday"}),
        ("extend", {"seconds": "-1"}),
        ("extend", {"seconds": "nan"}),
        ("extend", {"seconds": "x"}),
        ("consult", {}),
        ("consult", {"to": "agent:"}),
        ("pass_on", {"to": "1002"}),
    ):
        answer = await client.post(f"/desk/{verb}", fields, headers={"Accept-Language": "en"})
        assert answer.status == 400, verb
        if verb == "extend":
            assert "by 1 to 600 seconds" in (await answer.json())["message"]
    assert (await client.post("/desk/dance")).status == 404
    assert console.floor.asked == []


async def test_a_refusal_is_told_in_the_users_language(console: Console, visit: Visit) -> None:
    console.floor.refusal = CommandResult(CommandOutcome.STATION_TAKEN, agent=AgentCode("1002"))
    client = await visit("amy")
    answer = await client.post("/desk/ready", headers={"Accept-Language": "zh-CN"})
    assert answer.status == 409
    assert await answer.json() == {"ok": False, "message": "坐席 1002 已在该话机签入。"}


async def test_reasons_to_be_away_have_the_centres_titles(console: Console, visit: Visit) -> None:
    named = AwayReason("paperwork", {"zh-CN": "文书 & 邮件", "en": "Paper"})
    console.floor.config = replace(
        console.floor.config, away_reasons=(AwayReason("break"), named, AwayReason("unnamed"))
    )
    client = await visit("amy")
    page = await (await client.get("/desk")).text()
    shown = re.findall(r'data-reason="(\w+)"[^>]*>([^<]+)<', page)
    assert shown == [
        ("break", "小休"),
        ("paperwork", "文书 &amp; 邮件"),
        ("unnamed", "unnamed"),
    ]


async def test_the_desk_lists_who_serves_the_customers_project(
    console: Console, visit: Visit
) -> None:
    await busy(console.floor)
    await console.floor.put_agent("1002", AgentState.READY, station="1002", station_state="idle")
    await console.floor.put_agent("1003", AgentState.PAUSED, station="1003", station_state="busy")
    await console.floor.put_agent("1004", AgentState.LOGGED_OUT)
    await console.floor.put_agent("1008", AgentState.READY, station="1008", station_state="idle")
    answer = await (await visit("amy")).get("/desk/colleagues")
    found = await answer.json()
    agents = {each["code"]: each for each in found["agents"]}
    assert found["agents"][0]["code"] == "1002" and agents["1002"]["free"]
    assert agents["1002"]["to"] == "agent:1002" and not agents["1003"]["free"]
    assert not agents.keys() & {"1001", "1004", "1008"}  # 1008 serves the bank alone
    assert {each["name"] for each in found["queues"]} == {"sales", "service"}


async def test_the_desk_lists_the_outside_numbers_of_the_customers_project(
    console: Console, visit: Visit
) -> None:
    kept = (
        OutsideNumber("+8613700000001", "Notary", LineName("gateway-lines"), (TEA,)),
        OutsideNumber("95588", "Bank", LineName("carrier")),  # which is not reachable
        OutsideNumber("+8613700000003", "Elsewhere", LineName("carrier"), (BANK,)),
    )
    outside = {who.number: who for who in kept}
    console.floor.config = replace(console.floor.config, outside=outside)
    await console.floor.put_agent("1001", AgentState.TALKING, station="1001")
    found = await (await (await visit("amy")).get("/desk/colleagues")).json()
    assert found["outside"] == [
        {"to": "outside:95588", "number": "95588", "title": "Bank", "free": False},
        {
            "to": "outside:+8613700000001",
            "number": "+86 137 0000 0001",
            "title": "Notary",
            "free": True,
        },
    ]


async def test_the_desk_asks_for_somebody_outside(console: Console, visit: Visit) -> None:
    client = await visit("amy")
    for verb in ("consult", "pass_on"):
        answer = await client.post(f"/desk/{verb}", {"to": "outside:95588"})
        assert await answer.json() == {"ok": True, "message": ""}, verb
    assert [a.to for a in console.floor.asked] == [Recipient(outside="95588")] * 2
