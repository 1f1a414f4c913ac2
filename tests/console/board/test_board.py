"""The live board, and what supervisors do to agents there."""

import json

from centre.calendars import UnpublishedYear
from domain.agent_facts import AgentState
from domain.identity import AgentCode, NodeName, QueueName
from engine.board_ports import BegunWithout, CallStage, NodeView, StoreView
from tests.console.conftest import Console, Visit
from tests.console.floor import busy
from tests.console.streams import frame, listen


async def test_first_everything_then_what_changed(console: Console, visit: Visit) -> None:
    await busy(console.floor)
    socket = await listen(await visit("ada"))
    first = await frame(socket)
    assert set(first["all"]) == {"queues", "agents", "calls", "nodes", "lines", "store", "staff"}
    assert first["all"]["agents"]["1002"]["state"] == "ready"
    await console.floor.put_agent("1002", AgentState.PAUSED, reason="lunch")
    change = await frame(socket)
    assert set(change["set"]["agents"]) == {"1002"}
    assert change["set"]["agents"]["1002"]["reason"] == "lunch"
    gone = next(iter(console.floor.calls))
    del console.floor.calls[gone]
    await console.floor.move()
    assert (await frame(socket))["gone"]["calls"] == [gone]
    await socket.close()


async def test_a_supervisor_sees_his_projects_only(console: Console, visit: Visit) -> None:
    await busy(console.floor)
    first = await frame(await listen(await visit("ben")))
    assert set(first["all"]["queues"]) == {"cards"}
    assert set(first["all"]["agents"]) == {"1005", "1006", "1007", "1008"}
    assert {c["project"] for c in first["all"]["calls"].values()} == {"bank"}
    # 1006 talks in a call of the other project: the talk is visible, the caller isn't.
    assert first["all"]["agents"]["1006"]["state"] == "talking"
    assert first["all"]["agents"]["1006"]["call"] is None


async def test_the_board_tells_of_what_is_down(console: Console, visit: Visit) -> None:
    floor = console.floor
    why = "pbx1: wrong AMI password; correct it in manager.conf"
    floor.nodes = (NodeView(NodeName("pbx1"), False, floor.at, why),)
    floor.store = StoreView(
        up=False,
        pending=12,
        error="nobody answers",
        recordings="no space left",
        recordings_waiting=3,
        configuration="c.yaml:3:1: no",
        begun_without=BegunWithout(floor.at),
        unpublished=(UnpublishedYear("CN", 2027, ("office",)),),
    )
    board = await (await (await visit("ada")).get("/api/v1/board")).json()
    assert board["nodes"][0]["error"] == why
    assert board["store"] == [
        {
            "up": False,
            "pending": 12,
            "error": "nobody answers",
            "recordings": "no space left",
            "recordings_waiting": 3,
            "configuration": "c.yaml:3:1: no",
            "begun_without": {"last_known_at": round(floor.at.timestamp(), 3)},
            "unpublished": [{"code": "CN", "year": 2027, "calendars": ["office"]}],
        }
    ]
    health = await (await (await visit()).get("/healthz")).json()
    assert health["status"] == "degraded"
    assert health["missing"] == ["asterisk", "database", "recordings"]
    assert "password" not in json.dumps(health)


async def test_what_a_supervisor_does_is_in_the_audit_log(console: Console, visit: Visit) -> None:
    client = await visit("sue")
    assert (await client.post("/agents/1002/log_in")).status == 200  # at the usual phone
    assert console.floor.asked[-1].station == "1002"
    assert (await client.post("/agents/1002/log_in", {"station": "9"})).status == 400
    assert (await client.post("/agents/1002/away", {"reason": "training"})).status == 200
    entry = (await console.audit.entries(projects=None, by="sue"))[0]
    assert (entry.action, entry.target) == ("agent away", "1002")
    assert entry.detail["reason"] == "training"


async def test_a_call_is_shown_from_its_first_second(console: Console, visit: Visit) -> None:
    socket = await listen(await visit("sue"))
    await frame(socket)
    call = await console.floor.put_call(9, CallStage.QUEUE, queue=QueueName("sales"), position=1)
    row = (await frame(socket))["set"]["calls"][call]
    assert (row["stage"], row["queue"], row["position"]) == ("queue", "sales", 1)
    agent = AgentCode("1001")
    await console.floor.put_call(9, CallStage.TALKING, queue=QueueName("sales"), agent=agent)
    assert (await frame(socket))["set"]["calls"][call]["agent"] == "1001"
