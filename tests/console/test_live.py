"""The live board's stream, and what is asked of agents from a page."""

import asyncio
import json
from typing import Any

from aiohttp import ClientWebSocketResponse

from console.kit import feed
from domain.facts import AgentState
from domain.identity import AgentCode, NodeName, QueueName
from engine.ports import CallStage, CommandOutcome, CommandResult, NodeView, StoreView
from tests.console.browserless import Client
from tests.console.conftest import Console, Visit
from tests.console.floor import busy


async def frame(socket: ClientWebSocketResponse) -> dict[str, Any]:
    """The next frame that says something."""
    async with asyncio.timeout(5):
        while True:
            said: dict[str, Any] = json.loads(await socket.receive_str())
            if set(said) - {"v", "at"}:
                return said


async def listen(client: Client, path: str = "/board/live") -> ClientWebSocketResponse:
    origin = str(client.http.make_url("/")).rstrip("/")
    return await client.http.ws_connect(path, headers={"Origin": origin})


async def test_first_everything_then_what_changed(console: Console, visit: Visit) -> None:
    await busy(console.floor)
    socket = await listen(await visit("ada"))
    first = await frame(socket)
    assert set(first["all"]) == {"queues", "agents", "calls", "nodes", "lines", "store"}
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
    # 1006 talks in a call of the other project: that he talks is seen, not with whom.
    assert first["all"]["agents"]["1006"]["state"] == "talking"
    assert first["all"]["agents"]["1006"]["call"] is None


async def test_the_desk_sees_itself_and_its_call(console: Console, visit: Visit) -> None:
    await busy(console.floor)
    socket = await listen(await visit("amy"), "/desk/live")
    first = await frame(socket)
    assert set(first["all"]) == {"queues", "agents", "calls"}
    assert set(first["all"]["agents"]) == {"1001"}
    assert [c["agent"] for c in first["all"]["calls"].values()] == ["1001"]
    assert set(first["all"]["queues"]) == {"sales", "service"}


async def test_a_quiet_floor_still_beats(console: Console, visit: Visit, monkeypatch: Any) -> None:
    monkeypatch.setattr(feed, "BEAT_S", 0.1)
    socket = await listen(await visit("ada"))
    await frame(socket)
    async with asyncio.timeout(3):
        assert set(json.loads(await socket.receive_str())) == {"v", "at"}


async def test_ten_pages_cost_one_feed_and_none_is_left(console: Console, visit: Visit) -> None:
    client = await visit("sue")
    sockets = [await listen(client) for _ in range(10)]
    for socket in sockets:
        await frame(socket)
    feeds = [t for t in asyncio.all_tasks() if t.get_name() == "feed"]
    assert len(feeds) == 1
    for socket in sockets:
        await socket.close()
    async with asyncio.timeout(3):
        while any(t.get_name() == "feed" for t in asyncio.all_tasks()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_slow_page_gets_the_whole_board_again() -> None:
    reader = feed.Subscription()
    for n in range(feed.BACKLOG + 5):
        reader.offer(f"frame {n}")
    assert reader.behind
    reader.restart("whole")
    assert await reader.next() == "whole"
    assert reader.empty and not reader.behind


async def test_the_board_tells_of_what_is_down(console: Console, visit: Visit) -> None:
    floor = console.floor
    why = "pbx1: wrong AMI password; correct it in manager.conf"
    floor.nodes = (NodeView(NodeName("pbx1"), False, floor.at, why),)
    floor.store = StoreView(False, 12, "nobody answers", "no space left", 3, "c.yaml:3:1: no")
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
        }
    ]
    health = await (await (await visit()).get("/healthz")).json()
    assert health["status"] == "degraded"
    assert health["missing"] == ["asterisk", "database", "recordings"]
    assert "password" not in json.dumps(health)


async def test_what_the_desk_asks_for(console: Console, visit: Visit) -> None:
    client = await visit("amy")
    for verb, fields in (
        ("log_in", {"station": "1003"}),
        ("ready", {}),
        ("away", {"reason": "lunch"}),
        ("extend", {"seconds": "30"}),
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
        ("log_out", None, None, None),
    ]
    assert {a.by for a in console.floor.asked} == {"amy"}


async def test_what_makes_no_sense_is_not_asked(console: Console, visit: Visit) -> None:
    client = await visit("amy")
    for verb, fields in (
        ("log_in", {"station": "9999"}),
        ("away", {"reason": "holiday"}),
        ("extend", {"seconds": "-1"}),
        ("extend", {"seconds": "nan"}),
        ("extend", {"seconds": "x"}),
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


async def test_what_a_supervisor_does_is_in_the_audit_log(console: Console, visit: Visit) -> None:
    client = await visit("sue")
    assert (await client.post("/agents/1002/away", {"reason": "training"})).status == 200
    entry = (await console.users.audit_log(projects=None, by="sue"))[0]
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
