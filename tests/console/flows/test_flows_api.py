"""Flows for programs: the same as the pages do, as JSON, and the API's description of itself."""

import json
from typing import Any

from console.kit.context import FLOW_DRAFTS
from domain.roles import Actor, Role
from tests.console.browserless import Client
from tests.console.conftest import Console, Visit
from tests.console.floor import TEA

OTTO = Actor("otto", Role.OPS, frozenset({TEA}))
API = "/api/v1/flows"
GOOD = """\
flow: menu
languages: [en]
start: hello
prompts: {hello: {en: Hello}, more: {en: More}}
nodes:
  hello: {kind: say, prompts: hello, exits: {next: sales}}
  sales: {kind: queue, queue: sales, exits: {talked: bye, timeout: bye}}
  bye: {kind: hangup}
"""
TESTS = """\
flow: menu
tests:
  one: {steps: [{hears: hello}, {waits_in: sales}, {queue: talked}, {ends: done}]}
"""
WARNING = 'nobody ever hears the prompt "more"'


async def asked(client: Client, path: str) -> Any:
    answer = await client.get(path)
    return {"status": answer.status, **json.loads(await answer.text())}


async def told(client: Client, path: str, form: dict[str, str]) -> Any:
    answer = await client.post(path, form)
    return {"status": answer.status, **json.loads(await answer.text())}


async def sent(client: Client, path: str, data: str, **fields: str) -> Any:
    answer = await client.send(path, data.encode(), "flows.yaml", fields=fields)
    return {"status": answer.status, **json.loads(await answer.text())}


async def test_a_program_does_what_the_pages_do(visit: Visit) -> None:
    otto = await visit("otto")
    await otto.post("/language", {"language": "en"})
    made = await sent(otto, f"{API}/menu", GOOD, seen="0", project="tea", tests=TESTS)
    assert (made["status"], made["version"], made["text"]) == (200, 1, GOOD)
    assert (await sent(otto, f"{API}/menu", GOOD, seen="0", project="tea"))["error"] == "exists"
    assert (await sent(otto, f"{API}/menu", GOOD, seen="7"))["status"] == 200, "nothing is changed"
    nowhere = await sent(await visit("ada"), f"{API}/odd", GOOD, seen="0", project="taea")
    assert (nowhere["status"], nowhere["error"]) == (400, "bad_field")
    changed = await sent(otto, f"{API}/menu", GOOD + "# x\n", seen="7")
    assert (changed["status"], changed["about"]) == (409, "otto")
    found = await asked(otto, f"{API}/menu/check")
    assert (found["ready"], found["revision"], found["tests"]) == (True, None, 1)
    assert [one["key"] for one in found["warnings"]] == [WARNING]
    assert "sales.timeout" in found["coverage"]["missed"] and "+flow: menu" in found["difference"]
    refused = await told(otto, f"{API}/menu/publish", {"seen": "1"})
    assert (refused["status"], refused["error"]) == (422, "unconfirmed")
    form = {"seen": "1", "confirmed": WARNING, "note": "first"}
    published = await told(otto, f"{API}/menu/publish", form)
    assert (published["status"], published["revision"]) == (200, 1)
    for at, status in (
        ("2036-12-31T00:00:00", 400),
        ("soon", 400),
        ("2036-12-31T00:00+08:00", 200),
    ):
        assert (await told(otto, f"{API}/menu/publish", form | {"at": at}))["status"] == status
    listed = await asked(otto, f"{API}/menu/revisions")
    assert [one["number"] for one in listed["revisions"]] == [2, 1]
    assert listed["planned"][0]["due_at"] == "2036-12-30T16:00:00Z"
    plan = {"plan": str(listed["planned"][0]["plan"])}
    assert (await told(otto, f"{API}/menu/call-off", plan))["status"] == 200
    assert (await told(otto, f"{API}/menu/call-off", plan))["error"] == "not_planned"
    one = await asked(otto, f"{API}/menu/revisions/1")
    assert (one["text"], one["note"], one["warnings"]) == (GOOD, "first", [WARNING])
    back = await told(otto, f"{API}/menu/roll-back", {"number": "1"})
    assert (back["status"], back["revision"]) == (200, 1)
    assert (await told(otto, f"{API}/menu/roll-back", {"number": "9"}))["error"] == "unknown"
    (item,) = (await asked(otto, API))["flows"]
    assert (item["flow"], item["revision"], item["edited"]) == ("menu", 1, False)
    assert (await told(otto, f"{API}/menu/retire", {}))["status"] == 200
    broken = await sent(otto, f"{API}/menu", "flow: [", seen="1")
    assert broken["version"] == 2
    assert (await asked(otto, f"{API}/menu/check"))["errors"][0]["line"] == 1


async def test_files_of_flows_come_and_go(console: Console, visit: Visit) -> None:
    otto, ben = await visit("otto"), await visit("ada")
    await console.app[FLOW_DRAFTS].add(OTTO, "tea", "menu", GOOD, TESTS)
    file = await (await otto.get("/api/v1/flow-files?flow=menu")).text()
    assert (await otto.get("/api/v1/flow-files?flow=none")).status == 404
    look = await sent(ben, "/api/v1/flow-files", file, project="")
    assert (look["dry_run"], look["flows"][0]["fate"], look["made"]) == (True, "same", [])
    other = file.replace("queue: sales", "queue: other").replace("flow: menu", "flow: second")
    taken = await sent(
        otto, "/api/v1/flow-files", other.replace("second", "third"), project="tea", dry_run="no"
    )
    assert taken["made"] == ["third"]
    for fields in ({"project": "bank"}, {"project": "tea", "names": "[]"}, {"project": ""}):
        assert (await sent(otto, "/api/v1/flow-files", other, **fields))["status"] == 400
    bad = await sent(otto, "/api/v1/flow-files", "a: *b\n", project="tea")
    assert (bad["status"], bad["error"], bad["errors"][0]["line"]) == (422, "bad_file", 1)


async def test_the_api_describes_itself(console: Console, visit: Visit) -> None:
    described = await asked(await visit("amy"), "/api/v1/openapi.json")
    paths = {(method.upper(), path) for path, some in described["paths"].items() for method in some}
    routes = {
        (route.method, route.resource.canonical)
        for route in console.app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    assert paths == {key for key in routes if key[1].startswith("/api/v1/")}
    schemas = described["components"]["schemas"]
    used = set(json.dumps(described).split('"#/components/schemas/')[1:])
    assert {one.split('"')[0] for one in used} <= schemas.keys()
    assert all(
        operation["summary"] for some in described["paths"].values() for operation in some.values()
    )
