"""Trying a draft out in the page, and its tests, over a real database."""

import html
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from console.flows import trial_words, try_words
from console.kit.context import FLOW_DRAFTS, PUBLICATIONS, TRIALS
from domain.roles import Actor, Role
from engine.trial_ports import (
    TrialFault,
    TrialMiss,
    TrialPart,
    TrialPrompt,
    TrialReport,
    TrialStage,
    TrialStep,
)
from ivr_flows.loader import check
from ivr_flows.steps import LookUpFault, QueueExit
from ivr_flows.trying.playing import play_all
from ivr_flows.trying.scripts import load_scripts
from publishing.flow_checks import warning_key
from tests.console.browserless import Client
from tests.console.conftest import Console, Visit
from tests.console.flows.test_flow_pages import in_english
from tests.console.small_trials import SmallTrials

ADA = Actor("ada", Role.ADMIN, None)
PART = {"HX-Request": "true"}

FLOW = """flow: shop
languages: [en, zh-CN]
start: menu
variables:
  order: {type: digits}
  pin: {type: digits, secret: true}
  state: {type: text}
prompts:
  which: {en: "Orders 1, people 2", zh-CN: 查询订单请按1，人工请按2}
  number: {en: Your order number, zh-CN: 请输入订单号}
  it_is: {en: "Your order is {state}", zh-CN: "您的订单{state}"}
nodes:
  menu: {kind: menu, prompts: which, keys: {"1": orders, "2": people}, exits: {orders: order, people: hours, exhausted: end}}
  order: {kind: collect, prompts: number, variable: order, exits: {done: pin, exhausted: end}}
  pin: {kind: collect, prompts: number, variable: pin, exits: {done: ask, exhausted: end}}
  ask:
    kind: look_up
    url: https://shop.example/orders/{order}
    take: {state: order.state}
    exits: {found: say, failed: hours}
  say: {kind: say, prompts: it_is, exits: {next: end}}
  hours: {kind: hours, exits: {open: wait, closed: end}}
  wait: {kind: queue, queue: tea, exits: {talked: end, timeout: end}}
  end: {kind: hangup}
"""  # noqa: E501


class Talk:
    """What a browser sends from click to click."""

    def __init__(self, client: Client, flow: str) -> None:
        self.client, self.path = client, f"/flows/{flow}/try"
        self.steps = "[]"
        self.setup: dict[str, str] = {"at": "2026-11-27T10:00", "caller": "+8613800000000"}
        self.page = ""

    async def do(self, what: str | dict[str, Any], **more: str) -> str:
        """Click a button; the part of the page as text."""
        do = what if isinstance(what, str) else json.dumps(what)
        fields = {**self.setup, "steps": self.steps, "do": do, **more}
        answer = await self.client.post(self.path, fields, headers=PART)
        assert answer.status == 200, await answer.text()
        self.page = await answer.text()
        found = re.search(r'name="steps" value="([^"]*)"', self.page)
        self.steps = html.unescape(found[1]) if found else self.steps
        return html.unescape(re.sub(r"<[^>]+>", " ", self.page))


async def begun(console: Console, visit: Visit, text: str = FLOW, tests: str = "") -> Talk:
    client = await in_english(visit, "ada")
    await console.app[FLOW_DRAFTS].add(ADA, "", "shop", text, tests)
    page = await (await client.get("/flows/shop/try")).text()
    assert "Be the caller of the draft" in page
    return Talk(client, "shop")


def test_everything_that_can_happen_has_words() -> None:
    assert set(trial_words.STAGES) == set(TrialStage)
    assert set(trial_words.FAULTS) == set(TrialFault)
    assert set(trial_words.MISSES) == set(TrialMiss)
    assert set(try_words.QUEUE_EXITS) == set(QueueExit) - {QueueExit.KEY}
    assert set(try_words.LOOK_UP_FAULTS) == set(LookUpFault)
    assert set(try_words.AWAITED) == set(try_words.Awaits)


async def test_a_caller_is_led_through_the_draft(console: Console, visit: Visit) -> None:
    talk = await begun(console, visit)
    said = await talk.do("")
    assert "Orders 1, people 2" in said and "A key of the caller is awaited" in said
    assert "Your order number" in await talk.do({"presses": "1"})
    said = await talk.do("keys", keys="4711#")
    assert "4711" in said and "order" in said
    said = await talk.do("keys", keys="9988#")
    assert "9988" not in said.replace(talk.steps, "") and "presses keys that are secret" in said
    assert "GET https://shop.example/orders/4711" in said
    assert "not JSON" in await talk.do("answers", answer="{order")
    assert "is awaited" in await talk.do("answers", answer="[" * 3000)
    said = await talk.do("answers", answer='{"order": {"state": "sent <b>"}}')
    assert "Your order is sent <b>" in said and "The call is over" in said
    found = re.search(r'id="way">(.*?)</script>', talk.page)
    assert found is not None
    way = json.loads(found[1])
    assert way["nodes"]["menu"] == {"entered": 1, "exits": {"orders": 1}} and way["here"] is None
    assert "sent &lt;b&gt;" in talk.page and "<b>" not in talk.page
    said = await talk.do("back")
    assert "The answer of a service is awaited" in said
    said = await talk.do("fails", fails="timeout")
    assert "waits in the queue tea" in said  # open: there is no calendar
    said = await talk.do("waits", waits="30")
    assert "has waited 30 s more" in said
    talk.setup["hours"] = "closed"
    said = await talk.do("")
    assert "don't fit any more" in said and "waits in" not in said
    assert "Orders 1" in await talk.do("over") and talk.steps == "[]"
    talk.setup |= {"hours": "", "language": "zh-CN"}
    assert "查询订单请按1" in await talk.do("over")
    assert "The call is over" in await talk.do({"hangs_up": True})
    assert "don't fit" in await talk.do({"silent": True})


async def test_what_no_page_sends_is_refused(console: Console, visit: Visit) -> None:
    talk = await begun(console, visit)
    wrong = [("x", ""), ("{}", ""), ('[{"presses": "a"}]', ""), ('[{"silent": false}]', "")]
    wrong += [
        ("[]", "fails"),
        ("[]", "{}"),
        ("[]", '{"presses": null}'),
        ("[" * 11_000, ""),
        ("[" * 20_000, ""),
    ]
    for steps, do in wrong:
        fields = {"steps": steps, "do": do}
        answer = await talk.client.post(talk.path, fields, headers=PART)
        assert answer.status == 400, (steps[:40], do)
    for setup in ({"at": "never"}, {"at": "9999-12-31T23:59"}, {"caller": "x'<"}, {"lots": "-1"},
                  {"called": "123"}, {"language": "xx"}, {"hours": "sometimes"}):  # fmt: skip
        answer = await talk.client.post(talk.path, {**setup, "steps": "[]"}, headers=PART)
        assert answer.status == 200
    assert (await talk.client.post("/flows/other/try", {})).status == 404


async def test_a_draft_with_errors_says_where(console: Console, visit: Visit) -> None:
    talk = await begun(console, visit, FLOW.replace("closed: end", "closed: nowhere"))
    said = await talk.do("")
    assert "The draft has errors" in said and "line 22" in said
    assert 'href="/flows/shop?line=22"' in talk.page
    page = await (await talk.client.get("/flows/shop/tests")).text()
    assert "The draft has errors; correct them first." in page


async def test_a_conversation_becomes_a_test(console: Console, visit: Visit) -> None:
    talk = await begun(console, visit)
    await talk.do({"presses": "2"})
    await talk.do({"queue": "talked"})
    kept = {**talk.setup, "steps": talk.steps, "version": "1", "name": "to people"}
    answer = await talk.client.post(f"{talk.path}/keep", {**kept, "name": " "}, headers=PART)
    assert "Give the test a name" in await answer.text()
    answer = await talk.client.post(f"{talk.path}/keep", kept, headers=PART)
    assert answer.headers["HX-Redirect"] == "/flows/shop/tests"
    draft = await console.app[FLOW_DRAFTS].of(ADA, "shop")
    flow = check(draft.text, "shop.yaml").flow
    assert flow is not None
    assert not play_all(flow, load_scripts(draft.tests, "t"), {}).faults
    assert "waits_in: tea" in draft.tests and draft.text == FLOW
    answer = await talk.client.post(f"{talk.path}/keep", {**kept, "name": "again"}, headers=PART)
    assert "has changed the flow meanwhile" in await answer.text()
    answer = await talk.client.post(f"{talk.path}/keep", {**kept, "version": "2"}, headers=PART)
    assert "there is a test" in html.unescape(await answer.text())
    answer = await talk.client.post(f"{talk.path}/keep", {**kept, "name": "b", "version": "2"})
    assert answer.status == 303
    sue = await in_english(visit, "sue")
    assert (await sue.get("/flows/shop/try")).status == 200
    assert (await sue.post(f"{talk.path}/keep", kept)).status == 403
    assert "test-name" not in await (await sue.get("/flows/shop/try")).text()


async def test_tests_are_written_and_played_in_the_page(console: Console, visit: Visit) -> None:
    client = (await begun(console, visit)).client
    page = await (await client.get("/flows/shop/tests")).text()
    assert "No tests yet" in page and 'data-never="menu" data-exit="people"' in page
    tests = "flow: shop\ntests:\n  people: {steps: [{presses: '2'}, {hangs_up: true}]}\n"

    async def sent(path: str, text: str, **fields: str) -> tuple[int, str]:
        answer = await client.send(f"/flows/shop/tests{path}", text.encode(), fields=fields)
        return answer.status, html.unescape(await answer.text())

    _, said = await sent("/play", tests)
    assert "Tests that pass: 1" in said and 'data-never="menu" data-exit="people"' not in said
    _, said = await sent("/play", tests.replace("hangs_up: true", "ends: done"))
    assert "1 of 1 tests fail" in said and 'expected the call to end with "done"' in said
    assert 'data-line="3"' in said
    for bad in ("flow: shop\ntests: []", "&a [*a]", "flow: tea\ntests: {a: {steps: [{ends: x}]}}", "x" * 300_000):  # fmt: skip # noqa: E501
        status, said = await sent("/play", bad)
        assert status == 200 and "can't be read" in said
    status, said = await sent("", tests, seen="1")
    assert status == 200 and json.loads(said)["version"] == 2
    status, said = await sent("", tests + "# more\n", seen="1")
    assert status == 409 and "has changed the flow meanwhile" in json.loads(said)["message"]
    assert (await client.send("/flows/shop/tests", b"\xff", fields={"seen": "2"})).status == 400
    assert (await client.send("/flows/shop/tests", b"", fields={"seen": "x"})).status == 400


async def test_a_robot_is_sent_with_a_test_of_the_draft(console: Console, visit: Visit) -> None:
    trials = console.app[TRIALS]
    assert isinstance(trials, SmallTrials)
    tests = "flow: shop\ntests:\n  people: {steps: [{presses: '2'}, {hangs_up: true}]}\n  bad: {steps: [{ends: x}]}\n"  # noqa: E501
    client = (await begun(console, visit, tests=tests)).client
    page = await (await client.get("/flows/shop/tests")).text()
    assert page.count('hx-post="/flows/shop/trial"') == 1  # not with the one that fails

    async def call(test: str) -> str:
        answer = await client.post("/flows/shop/trial", {"test": test})
        return html.unescape(await answer.text())

    assert "has no such test" in await call("nobody")
    assert "expected the call to end" in await call("bad")
    assert not trials.wishes
    await call("people")
    (wish,) = trials.wishes
    assert (wish.flow.name, wish.test, wish.version, wish.by) == ("shop", "people", 1, "ada")
    trials.fault = TrialFault.BUSY
    assert "calling another flow" in await call("people")
    missed = TrialPrompt("number", "Number", 0.3, TrialMiss.NOT_HEARD)
    steps = (
        TrialStep("menu", TrialPart.ASKS, (TrialPrompt("which", "<b>Orders", 1.0),), "2", 1),
        TrialStep("pin", TrialPart.ASKS, (missed,), "", 4),
        TrialStep("wait", TrialPart.SCRIPTED, what="Enqueue", misses=(TrialMiss.KEYS,)),
        TrialStep("end", TrialPart.ENDS, what="done"),
    )
    trials.reports["shop"] = TrialReport(
        "1", "shop", 1, "people", "ada", datetime.now(UTC), TrialStage.TALKING, steps, 9
    )
    part = await (await client.get("/flows/shop/trial")).text()
    assert 'hx-trigger="every 1s"' in part and "&lt;b&gt;Orders" in part and "<kbd>2</kbd>" in part
    for said in ("heard, 100 %", "not heard", "(30 %)", "secret", "as the test says", "done",
                 "other keys arrived"):  # fmt: skip
        assert said in part, said
    part = await (await client.post("/flows/shop/trial/cancel")).text()
    assert "cancelled" in part and "every 1s" not in part
    trials.reports["shop"] = replace(trials.reports["shop"], version=7, fault=TrialFault.HUNG_UP)
    page = await (await client.get("/flows/shop/tests")).text()
    assert "the draft has changed since" in page and "ended before its time" in page
    sue = await in_english(visit, "sue")
    assert "End it" not in await (await sue.get("/flows/shop/tests")).text()
    assert (await sue.post("/flows/shop/trial", {"test": "people"})).status == 403


OUTER = """flow: shop
languages: [en]
start: a
nodes:
  a: {kind: flow, flow: inner, exits: {done: end}}
  end: {kind: hangup}
"""
INNER = """flow: inner
languages: [en]
start: b
prompts: {hello: {en: Hello from within}}
nodes:
  b: {kind: say, prompts: hello, exits: {next: c}}
  c: {kind: return}
"""


async def test_a_flow_within_is_tried_as_its_draft_or_as_callers_meet_it(
    console: Console, visit: Visit
) -> None:
    drafts, publications = console.app[FLOW_DRAFTS], console.app[PUBLICATIONS]
    talk = await begun(console, visit, OUTER)
    assert "the flow leads nowhere (no_flow)" in await talk.do("")
    await drafts.add(ADA, "", "inner", INNER)
    said = await talk.do("")
    assert "Hello from within" in said and "a › b" in said and "The call is over" in said
    await publications.publish(ADA, "inner", 1, "", await warnings_of(console))
    await drafts.save(ADA, "inner", 1, INNER.replace("within", "a new draft"), "")
    assert "Hello from within" in await talk.do("")


async def warnings_of(console: Console) -> list[str]:
    found = await console.app[PUBLICATIONS].checked(ADA, "inner")
    return [warning_key(warning) for warning in found.warnings]
