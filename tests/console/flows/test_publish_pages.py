"""Publishing a flow at the console: what is in the way, planning, undo, rolling back, retiring."""

import re
from datetime import UTC, datetime, timedelta

from console.flows.text_difference import LineIs, text_difference
from console.kit.context import FLOW_DRAFTS, FLOW_HISTORY, PUBLICATIONS
from domain.roles import Actor, Role
from ivr_flows.kind import NameOf
from ivr_flows.references import Outside
from publishing.flow_words import FlowDraft
from publishing.publications import Publications
from tests.console.browserless import Client
from tests.console.conftest import Console, Visit
from tests.console.floor import TEA

OTTO = Actor("otto", Role.OPS, frozenset({TEA}))
GOOD = """\
flow: menu
languages: [en]
start: hello
prompts: {hello: {en: Hello}}
nodes:
  hello: {kind: say, prompts: hello, exits: {next: sales}}  # a comment <b>is kept</b>
  sales: {kind: queue, queue: sales, exits: {talked: bye, timeout: bye}}
  bye: {kind: hangup}
"""
UNUSED = GOOD.replace("{hello: {en: Hello}}", "{hello: {en: Hello}, more: {en: More}}")
TESTS = """\
flow: menu
tests:
  one:
    steps: [{hears: hello}, {waits_in: sales}, {queue: talked}, {ends: done}]
"""
WARNING = 'nobody ever hears the prompt "more"'


async def english(visit: Visit, name: str) -> Client:
    client = await visit(name)
    await client.post("/language", {"language": "en"})
    return client


async def begun(console: Console, text: str = GOOD, tests: str = "") -> FlowDraft:
    return await console.app[FLOW_DRAFTS].add(OTTO, "tea", "menu", text, tests)


async def page(client: Client, path: str) -> str:
    answer = await client.get(path)
    assert answer.status == 200, path
    return await answer.text()


def publications(console: Console) -> Publications:
    return console.app[PUBLICATIONS]


async def met(console: Console) -> str | None:
    return (await console.app[FLOW_HISTORY].newest()).texts.get("menu")


async def test_a_flow_is_published_and_undone(console: Console, visit: Visit) -> None:
    draft = await begun(console, tests=TESTS)
    otto = await english(visit, "otto")
    text = await page(otto, "/flows/menu/publish")
    assert "Callers meet nothing of this flow yet" in text and "Tests that pass: 1" in text
    assert "of 3 exits are taken" in text and "a comment &lt;b&gt;is" in text
    assert "Calls under way stay" in text
    form = {"seen": str(draft.version), "note": "the <i>first</i>", "when": "now"}
    answer = await otto.post("/flows/menu/publish", form)
    assert answer.headers["Location"] == "/flows/menu/revisions?done=published&n=1"
    text = await page(otto, answer.headers["Location"])
    assert "Revision 1 is published" in text and 'id="undo"' not in text
    assert "the &lt;i&gt;first" in text
    assert "Callers meet exactly this already" in await page(otto, "/flows/menu/publish")
    longer = GOOD.replace("en: Hello", "en: Good morning")
    saved = await console.app[FLOW_DRAFTS].save(OTTO, "menu", draft.version, longer, TESTS)
    text = await page(otto, "/flows/menu/publish")
    assert "<mark>Good morning</mark>" in text and "<mark>Hello</mark>" in text
    answer = await otto.post("/flows/menu/publish", form | {"seen": str(saved.version)})
    text = await page(otto, answer.headers["Location"])
    assert "Undo: back to revision 1" in text and await met(console) == longer
    answer = await otto.post("/flows/menu/roll-back", {"number": "1"})
    assert await met(console) == GOOD
    text = await page(otto, answer.headers["Location"])
    assert "Rolled back: the next call meets revision 1" in text
    assert "Revision 2 is published" not in await page(
        otto, "/flows/menu/revisions?done=published&n=2"
    ), "it is no longer true"
    text = await page(otto, "/flows/menu/difference?from=1&to=draft")
    assert "<mark>Good morning</mark>" in text and "No difference." in text
    for wrong, status in (("from=9&to=1", 404), ("from=x&to=1", 400), ("", 400)):
        assert (await otto.get(f"/flows/menu/difference?{wrong}")).status == status


async def test_errors_warnings_and_tests_are_in_the_way(console: Console, visit: Visit) -> None:
    draft = await begun(console, UNUSED.replace("timeout: bye", "timeout: by"))
    otto = await english(visit, "otto")
    text = await page(otto, "/flows/menu/publish")
    assert 'href="/flows/menu?line=7"' in text and "Errors in the way: 1" in text
    form = {"seen": str(draft.version), "when": "now"}
    answer = await otto.post("/flows/menu/publish", form)
    assert answer.status == 400 and "The flow has errors" in await answer.text()
    drafts = console.app[FLOW_DRAFTS]
    failing = TESTS.replace("waits_in: sales", "waits_in: service")
    draft = await drafts.save(OTTO, "menu", draft.version, UNUSED, failing)
    text = await page(otto, "/flows/menu/publish")
    assert "They fail" in text and re.search(r'type="submit" disabled', text)
    form = {"seen": str(draft.version), "when": "now", "confirmed": WARNING}
    answer = await otto.post("/flows/menu/publish", form)
    assert answer.status == 400 and "A test of the flow fails" in await answer.text()
    draft = await drafts.save(OTTO, "menu", draft.version, UNUSED, TESTS)
    form["seen"] = str(draft.version)
    answer = await otto.post("/flows/menu/publish", form | {"confirmed": "", "note": "kept?"})
    text = await answer.text()
    assert answer.status == 400 and "nobody has confirmed" in text and "kept?" in text
    assert (await otto.post("/flows/menu/publish", form)).status == 303
    text = await page(otto, "/flows/menu/revisions")
    assert "Warnings confirmed: 1" in text
    assert '<li lang="en">nobody ever hears the prompt &#34;more&#34;</li>' in text
    await otto.post("/language", {"language": "zh-CN"})
    assert "<li>提示音“more”从不播放</li>" in await page(otto, "/flows/menu/revisions")
    await console.database.pool.execute("update flow_revisions set sentences = '[]'")  # an old one
    text = await page(otto, "/flows/menu/revisions")
    assert '<li lang="en">nobody ever hears the prompt &#34;more&#34;</li>' in text
    await otto.post("/language", {"language": "en"})
    answer = await otto.post("/flows/menu/publish", form | {"seen": "1"})
    assert answer.status == 409 and "otto has changed the flow" in await answer.text()
    assert (await otto.post("/flows/menu/publish", form | {"seen": "x"})).status == 400
    await drafts.save(OTTO, "menu", draft.version, UNUSED.replace("flow: menu", "flow: me"), "")
    assert 'The text calls the flow "me"' in (await page(otto, "/flows/menu/publish")).replace(
        "&#34;", '"'
    )


async def test_a_publication_is_planned_and_called_off(console: Console, visit: Visit) -> None:
    draft = await begun(console)
    otto = await english(visit, "otto")
    form = {"seen": str(draft.version), "when": "later", "at": "2036-12-31T23:30"}
    for at in ("", "soon", "2026-01-01T00:00", "9999-12-31T23:59:59.9", "0001-01-01T00:00"):
        answer = await otto.post("/flows/menu/publish", form | {"at": at})
        assert answer.status in (400, 303), at
        if answer.status == 303:
            (plan,) = await publications(console).planned(OTTO, "menu")
            await publications(console).call_off(OTTO, "menu", plan.id)
    for at, due in (
        ("2036-12-31T23:30:00-05:00", datetime(2037, 1, 1, 4, 30, tzinfo=UTC)),
        ("2036-12-31T23:30Z", datetime(2036, 12, 31, 23, 30, tzinfo=UTC)),
    ):
        await otto.post("/flows/menu/publish", form | {"at": at})
        (plan,) = await publications(console).planned(OTTO, "menu")
        assert plan.due_at == due, "by the clock that it says"
        await publications(console).call_off(OTTO, "menu", plan.id)
    both = form | {"when": "now"}
    answer = await otto.post("/flows/menu/publish", both)
    assert answer.status == 400 and await met(console) is None, "a time that is not now"
    assert "A time is filled in" in (text := await answer.text()) and both["at"] in text
    answer = await otto.post("/flows/menu/publish", form)
    assert await met(console) is None
    (plan,) = await publications(console).planned(OTTO, "menu")
    assert plan.due_at == datetime(2036, 12, 31, 15, 30, tzinfo=UTC), "by the centre's clock"
    text = await page(otto, answer.headers["Location"])
    assert "is planned" in text and "2036-12-31 23:30" in text
    assert "2036-12-31 23:30" in await page(otto, "/flows/menu/publish")
    gone = {"plan": str(plan.id)}
    answer = await otto.post("/flows/menu/call-off", gone)
    assert "Called off" in await page(otto, answer.headers["Location"])
    answer = await otto.post("/flows/menu/call-off", gone)
    assert answer.status == 409 and "not planned any more" in await answer.text()


async def test_what_was_never_published_can_be_thrown_away(console: Console, visit: Visit) -> None:
    draft = await begun(console)
    otto, sue = await english(visit, "otto"), await english(visit, "sue")
    assert 'id="throw-away"' in await page(otto, "/flows/menu/revisions")
    assert 'id="throw-away"' not in await page(sue, "/flows/menu/revisions")
    seen = {"seen": str(draft.version)}
    assert (await sue.post("/flows/menu/throw-away", seen)).status == 403
    for wrong, status in (("", 400), ("x", 400), ("7", 409)):
        assert (await otto.post("/flows/menu/throw-away", {"seen": wrong})).status == status
    answer = await otto.post("/flows/menu/throw-away", seen)
    assert answer.headers["Location"] == "/flows"
    assert "/flows/menu" not in await page(otto, "/flows")
    assert (await otto.post("/flows/menu/throw-away", seen)).status == 404
    # The name is free again; once something was published, the flow stays.
    draft = await begun(console)
    await otto.post("/flows/menu/publish", {"seen": str(draft.version), "when": "now"})
    assert 'id="throw-away"' not in await page(otto, "/flows/menu/revisions")
    answer = await otto.post("/flows/menu/throw-away", seen)
    assert answer.status == 409 and "Retire it instead" in await answer.text()
    assert await met(console) == GOOD


async def test_a_plan_that_is_given_up_is_said(console: Console, visit: Visit) -> None:
    now = datetime(2036, 1, 1, tzinfo=UTC)
    there = {"sales"}

    async def outside(_db: object, _project: str) -> Outside:
        return Outside({NameOf.QUEUE: there})

    later = Publications(console.database.pool, outside, clock=lambda: now)
    draft = await begun(console)
    await later.plan(OTTO, "menu", draft.version, "", now + timedelta(hours=1))
    now += timedelta(hours=2)
    there.clear()
    assert await later.publish_due() == ()
    otto = await english(visit, "otto")
    assert "it no longer fitted" in await page(otto, "/flows/menu/revisions")
    there.add("sales")
    now += timedelta(hours=1)
    await later.publish(OTTO, "menu", draft.version, "")
    assert "it no longer fitted" not in await page(otto, "/flows/menu/revisions")


async def test_a_flow_in_use_is_not_retired(console: Console, visit: Visit) -> None:
    draft = await begun(console)
    await publications(console).publish(OTTO, "menu", draft.version, "")
    other = GOOD.replace("flow: menu", "flow: front").replace(
        "sales: {kind: queue, queue: sales, exits: {talked: bye, timeout: bye}}",
        "sales: {kind: go_on, flow: menu}",
    ).replace("  bye: {kind: hangup}\n", "")  # fmt: skip
    front = await console.app[FLOW_DRAFTS].add(OTTO, "tea", "front", other)
    await publications(console).publish(OTTO, "front", front.version, "")
    otto = await english(visit, "otto")
    text = await page(otto, "/flows/menu/revisions")
    assert "Callers are led to it by: front" in text and 'type="submit" disabled' in text
    assert 'id="unled"' not in text
    assert "leads callers here yet" in await page(otto, "/flows/front/revisions")
    answer = await otto.post("/flows/menu/retire", {})
    assert answer.status == 409 and "still led to the flow: front" in await answer.text()
    assert (await otto.post("/flows/front/retire", {})).status == 303
    assert (await otto.post("/flows/menu/retire", {})).status == 303
    assert await met(console) is None
    answer = await otto.post("/flows/menu/roll-back", {"number": "1"})
    assert answer.status == 303 and await met(console) == GOOD


async def test_a_rollback_that_no_longer_fits_is_refused(console: Console, visit: Visit) -> None:
    draft = await begun(console)
    await publications(console).publish(OTTO, "menu", draft.version, "")
    sub = GOOD.replace("flow: menu", "flow: sub")
    first = await console.app[FLOW_DRAFTS].add(OTTO, "tea", "sub", sub)
    await publications(console).publish(OTTO, "sub", first.version, "")
    to_sub = GOOD.replace(
        "sales: {kind: queue, queue: sales, exits: {talked: bye, timeout: bye}}",
        "sales: {kind: go_on, flow: sub}",
    ).replace("  bye: {kind: hangup}\n", "")
    second = await console.app[FLOW_DRAFTS].save(OTTO, "menu", draft.version, to_sub, "")
    await publications(console).publish(OTTO, "menu", second.version, "")
    await publications(console).roll_back(OTTO, "menu", 1)
    await publications(console).retire(OTTO, "sub")
    otto = await english(visit, "otto")
    answer = await otto.post("/flows/menu/roll-back", {"number": "2"})
    text = await answer.text()
    assert answer.status == 409 and "Line 7" in text
    assert "is not published: there is only a draft" in text, text


async def test_strangers_and_readers_change_nothing(console: Console, visit: Visit) -> None:
    draft = await begun(console)
    await publications(console).publish(OTTO, "menu", draft.version, "")
    ben, sue = await english(visit, "ben"), await english(visit, "sue")
    for path in ("publish", "revisions", "difference?from=1&to=draft"):
        assert (await ben.get(f"/flows/menu/{path}")).status == 404
        text = await page(sue, f"/flows/menu/{path}")
        assert 'method="post" action="/flows/menu' not in text
    for path in ("publish", "roll-back", "call-off", "retire"):
        assert (await sue.post(f"/flows/menu/{path}", {"seen": "1"})).status == 403


def test_a_difference_has_numbers_and_words() -> None:
    old = "".join(f"line {n}\n" for n in range(1, 31))
    new = old.replace("line 15\n", "line fifteen\n").replace("line 30\n", "line 30\nmore\n")
    found = text_difference(old, new)
    assert (found.added, found.removed, found.same) == (2, 1, False)
    changed = [line for line in found.lines if line.is_ in (LineIs.ADDED, LineIs.REMOVED)]
    assert [(line.is_, line.before, line.after) for line in changed] == [
        (LineIs.REMOVED, 15, None), (LineIs.ADDED, None, 15), (LineIs.ADDED, None, 31),
    ]  # fmt: skip
    assert changed[0].pieces == (("line ", False), ("15", True))
    assert text_difference(old, old).same and text_difference("", "").same
    assert not text_difference("a\n", "a").same
    assert not text_difference("a\r\n", "a\n").same
    assert text_difference("", "x\n" * 9000).cut


def test_the_difference_of_texts_that_take_hours_to_compare_is_there_soon() -> None:
    letters = [chr(200 + n) for n in range(150)]
    old, new = ["first", *letters * 300, "last"], ["first", *letters[::-1] * 300, "last"]
    found = text_difference("\n".join(old), "\n".join(new))
    assert found.cut and found.removed <= len(old) and found.added == found.removed
    words, others = "a b " * 120, "b a " * 120
    long = text_difference(f"{words}\n" * 3000, f"{others}\n" * 3000)
    assert (long.removed, long.added) == (3000, 3000)
