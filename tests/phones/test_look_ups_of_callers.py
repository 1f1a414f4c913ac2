"""Callers for whom a flow asks a service: one that hangs, breaks, answers rubbish or leads inside.

The flow is published while the centre runs, as ops would, and rolled back after it.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from domain.flow_facts import WayTaken
from domain.roles import Actor, Role
from publishing.flow_drafts import FlowDrafts
from tests.faults.scene import story
from tests.phones.house import FLOW, PhoneHouse
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

ADMIN = Actor("admin", Role.ADMIN, None)
SECRET = "Bearer live-secret-value"
ASKING = """\
flow: scored
languages: [en]
start: hangs
variables:
  state: {type: text}
  count: {type: number}
prompts:
  wait: {en: Wait.}
  now: {en: "It is {state}."}
nodes:
  hangs: {kind: look_up, url: "%(url)s/hangs", prompts: wait, timeout: 1, tries: 1, exits: {found: bye, not_found: bye, failed: broken}}
  broken: {kind: look_up, url: "%(url)s/broken", tries: 2, exits: {found: bye, not_found: bye, failed: html}}
  html: {kind: look_up, url: "%(url)s/html", exits: {found: bye, not_found: bye, failed: large}}
  large: {kind: look_up, url: "%(url)s/large", exits: {found: bye, not_found: bye, failed: inside}}
  inside: {kind: look_up, url: "%(url)s/inside", exits: {found: bye, not_found: bye, failed: fine}}
  fine: {kind: look_up, url: "%(url)s/fine/{caller}", secrets: {Authorization: crm}, take: {state: order.state, count: order.count}, exits: {found: bye, not_found: say, failed: bye}}
  say: {kind: say, prompts: now, exits: {next: last}}
  last: {kind: look_up, url: "%(url)s/last", prompts: wait, timeout: 30, exits: {found: bye, not_found: bye, failed: bye}}
  bye: {kind: hangup, why: done}
"""  # noqa: E501


class OddService:
    """A service on this machine of which every path is odd in its own way."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.given_up = asyncio.Event()
        self.url = ""

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.path, request.headers.get("Authorization")))
        match request.path.split("/")[1]:
            case "hangs" | "last":
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    if request.path == "/last":
                        self.given_up.set()
                    raise
            case "broken":
                return web.Response(status=500, text="<h1>Traceback</h1>")
            case "html":
                return web.Response(text="<html>busy</html>", content_type="text/html")
            case "large":
                return web.json_response({"a": "x" * 10_000_000})
            case "inside":
                raise web.HTTPFound(self.url.replace("127.0.0.1", "127.0.0.2") + "/fine")
        odd = {"state": '<b>"\r\n520 End\x1b[0m, 你好', "count": 10**4000, "more": "y" * 20_000}
        return web.json_response({"order": odd})

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        app = web.Application(client_max_size=1024)
        app.router.add_route("*", "/{path:.*}", self.serve)
        server = TestServer(app, host="127.0.0.1")
        await server.start_server()
        try:
            self.url = f"http://127.0.0.1:{server.port}"
            yield self.url
        finally:
            self.given_up.set()
            await server.close()


async def test_nothing_that_a_service_does_costs_a_caller_the_call(house: PhoneHouse) -> None:
    service, drafts = OddService(), FlowDrafts(house.pool)
    console, log = house.console, house.stack.state / "controller.log"

    async def told(path: str, on: str, **form: str | list[str]) -> None:
        status, said = await console.submit(path, on=on, **form)
        assert status == 200, said[-3000:]

    async with service.running() as url:
        rights = "centre/look-ups"
        address = url.removeprefix("http://")
        await told(f"{rights}/services", rights, address=address)
        await told(f"{rights}/secrets", rights, name="crm", project="", value=SECRET)
        before = await drafts.of(ADMIN, "scored")
        draft = await drafts.save(ADMIN, "scored", before.version, ASKING % {"url": url}, "")
        api = "api/v1/flows/scored"
        status, found = await console.fetch(f"{api}/check")
        assert status == 200 and b'"ready":true' in found, found.decode()
        confirmed = [one["key"] for one in json.loads(found)["warnings"]]
        await told(f"{api}/publish", "account", seen=str(draft.version), confirmed=confirmed)
        edition = await house.pool.fetchval("select max(edition) from flow_editions")
        try:
            await until(lambda: f'in force" edition={edition}\n' in log.read_text("utf-8"))
            caller, leg = house.call()
            await until(
                lambda: service.asked and service.asked[-1][0] == "/last",
                what="the last one is asked",
                seen=lambda: service.asked,
            )
            assert not leg.over.is_set()
            await house.phone.hang_up(leg)  # in between
            async with asyncio.timeout(60):
                await service.given_up.wait()
            stored = await house.stored(caller)
        finally:
            await told(f"{api}/roll-back", "account", number="1")
            await drafts.save(ADMIN, "scored", draft.version, FLOW, before.tests)
            await told(f"{rights}/services/remove", rights, address=address)
    passed = [node for fact in stored.timeline if isinstance(fact.what, WayTaken)
              for node in fact.what.nodes]  # fmt: skip
    assert [(one.node, one.exit) for one in passed] == [
        *((name, "failed") for name in ("hangs", "broken", "html", "large", "inside")),
        ("fine", "not_found"), ("say", "next"), ("last", None),
    ], story(stored)  # fmt: skip
    assert [one.answers for one in passed[:6]] == [
        "=timeout", "=status:500", "=not_json", "=too_large", "=refused", "=found,=lacks:count",
    ]  # fmt: skip
    paths = [path for path, _ in service.asked]
    assert paths == [
        "/hangs", "/broken", "/broken", "/html", "/large", "/inside", f"/fine/{caller}", "/last",
    ]  # fmt: skip
    assert [secret for path, secret in service.asked if secret] == [SECRET]
    logs = log.read_text("utf-8")
    assert "live-secret" not in logs and "live-secret" not in story(stored)
    assert logs.count("a look-up gave nothing") >= 5
