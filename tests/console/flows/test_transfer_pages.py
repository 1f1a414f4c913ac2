"""Exporting and importing flows at the console."""

import asyncio

from console.flows.transfer_pages import MOST_FAULTS_IN_ALL, SMALL
from console.kit.context import FLOW_DRAFTS, FLOW_TRANSFERS
from domain.roles import Actor, Role
from publishing.flow_files import PackedFlow, packed, unpacked
from tests.console.browserless import Client
from tests.console.conftest import Console, Visit
from tests.console.floor import TEA

OTTO = Actor("otto", Role.OPS, frozenset({TEA}))
MENU = """\
flow: menu  # <b>theirs</b>
languages: [en]
start: onward
nodes: {onward: {kind: go_on, flow: nacht}}
"""
NIGHT = "flow: night\nlanguages: [en]\nstart: bye\nnodes: {bye: {kind: hangup}}\n"


async def english(visit: Visit, name: str) -> Client:
    client = await visit(name)
    await client.post("/language", {"language": "en"})
    return client


async def test_a_file_is_looked_at_mapped_and_taken_in(console: Console, visit: Visit) -> None:
    await console.app[FLOW_DRAFTS].add(OTTO, "tea", "night", NIGHT)
    otto = await english(visit, "otto")
    file = packed([PackedFlow("menu", "far", MENU), PackedFlow("night", "far", NIGHT + "# x\n")])
    form = {"project": "tea"}
    answer = await otto.send("/import-flows", file.encode(), "theirs.yaml", fields=form)
    assert answer.status == 303, await answer.text()
    here = answer.headers["Location"]
    text = await (await otto.get(here)).text()
    assert "<code>nacht</code>" in text and "menu, line 4" in text
    assert "in place of what otto wrote" in text and "there is no flow" in text
    ben = await english(visit, "ada")
    assert (await ben.get(here)).status == 404, "it is another user's"
    answer = await otto.post(here, {"name.0": "night", "do": "look"})
    text = await answer.text()
    assert '<option value="night" selected>' in text and "there is no flow" not in text
    assert (await console.app[FLOW_TRANSFERS].exported(OTTO))[0].flow == "night"
    draft = await console.app[FLOW_DRAFTS].save(OTTO, "night", 1, NIGHT + "# mine\n", "")
    answer = await otto.post(here, {"name.0": "night", "do": "take", "only": "menu"})
    assert answer.status == 409 and "otto has changed the flow" in await answer.text()
    answer = await otto.post(here, {"name.0": "night", "do": "take", "only": "menu"})
    assert answer.headers["Location"] == "/flows/menu"
    made = await console.app[FLOW_DRAFTS].of(OTTO, "menu")
    assert made.text == MENU.replace("nacht", "night") and made.project == "tea"
    assert (await console.app[FLOW_DRAFTS].of(OTTO, "night")).version == draft.version
    assert (await otto.get(here)).status == 404, "it is done"


async def test_a_look_at_much_shows_how_far_it_has_come(console: Console, visit: Visit) -> None:
    otto = await english(visit, "otto")
    large = PackedFlow("night", "far", NIGHT + "# long\n" * (SMALL // 7))
    file, form = packed([large, PackedFlow("menu", "far", MENU)]).encode(), {"project": "tea"}
    answer = await otto.send("/import-flows", file, "theirs.yaml", fields=form)
    here = answer.headers["Location"]
    async with console.database.pool.acquire() as db, db.transaction():
        await db.execute("lock table flows in access exclusive mode")
        text = await (await otto.get(here)).text()
        assert "0 of 2 flows looked at" in text and 'hx-trigger="every 1s"' in text
        answer = await otto.post(here, {"do": "take", "only": "menu"})
        assert answer.headers["Location"] == here, "nobody has seen what it would do"
        answer = await otto.get(here, headers={"HX-Request": "true"})
        text = await answer.text()
        assert text.startswith('<div id="looking"') and "HX-Refresh" not in answer.headers
    async with asyncio.timeout(60):
        while "HX-Refresh" not in answer.headers:
            answer = await otto.get(here, headers={"HX-Request": "true"})
    text = await (await otto.get(here)).text()
    assert "<code>nacht</code>" in text and 'name="only" value="night"' in text
    answer = await otto.post(here, {"do": "take", "only": "menu"})
    assert answer.headers["Location"] == "/flows/menu"
    answer = await otto.get(here, headers={"HX-Request": "true"})
    assert answer.headers["HX-Refresh"] == "true", "it is gone, and the page says so"


async def test_of_very_many_faults_some_are_shown_and_the_others_counted(visit: Visit) -> None:
    otto = await english(visit, "otto")
    nodes = "".join(f"  n{n}: {{kind: hangup, odd: 1}}\n" for n in range(20))
    texts = {f"f{i}": f"flow: f{i}\nlanguages: [en]\nstart: n0\nnodes:\n{nodes}" for i in range(60)}
    file = packed([PackedFlow(name, "", text) for name, text in texts.items()]).encode()
    answer = await otto.send("/import-flows", file, "x.yaml", fields={"project": "tea"})
    text = await (await otto.get(answer.headers["Location"])).text()
    assert text.count("has no setting") == 60 * (MOST_FAULTS_IN_ALL // 60)
    assert text.count("12 more are not shown") == 60


async def test_a_file_that_is_none_is_refused_with_its_lines(visit: Visit) -> None:
    otto = await english(visit, "otto")
    form = {"project": "tea"}
    for data, said in (
        (b"offhook_flows: 1\nflows:\n- {flow: A, text: x}\n", "Line 3"),
        (b"\xff", "Line 1"),
        (b"a: &a [x]\nb: *a\n", "Line 2"),
        (b"", "Choose a file first"),
    ):
        answer = await otto.send("/import-flows", data, "flows.yaml", fields=form)
        text = await answer.text()
        assert answer.status == 400 and 'id="mistake"' in text and said in text, data
    answer = await otto.send("/import-flows", b"x" * 9_000_000, "flows.yaml", fields=form)
    assert answer.status == 413
    one = packed([PackedFlow("menu", "", MENU)]).encode()
    for project in ("bank", ""):
        answer = await otto.send("/import-flows", one, "x.yaml", fields={"project": project})
        assert answer.status == 400, "not theirs"


async def test_what_is_exported_is_what_was_written(console: Console, visit: Visit) -> None:
    await console.app[FLOW_DRAFTS].add(OTTO, "tea", "menu", MENU, "# tests\n")
    await console.app[FLOW_DRAFTS].add(OTTO, "tea", "night", NIGHT)
    sue, ben = await english(visit, "sue"), await english(visit, "ben")
    assert 'value="menu"' in await (await sue.get("/export-flows")).text()
    answer = await sue.get("/export-flows/flows.yaml?flow=menu")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="menu.yaml"'
    (one,) = unpacked(await answer.read(), "menu.yaml")
    assert (one.flow, one.project, one.text, one.tests) == ("menu", "tea", MENU, "# tests\n")
    answer = await sue.get("/export-flows/flows.yaml")
    assert len(unpacked(await answer.read(), "flows.yaml")) == 2
    assert (await ben.get("/export-flows/flows.yaml?flow=menu")).status == 404
    assert (await sue.get("/import-flows")).status == 403
