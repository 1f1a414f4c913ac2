"""The list of flows, new flows, and saving a draft, over a real database."""

import json
from typing import Any

import pytest

from console.flows import words
from console.flows.flow_pieces import empty_flow, library_pieces, named
from console.kit.context import FLOW_DRAFTS, FLOW_HISTORY, PUBLICATIONS, RULES
from domain.roles import Actor, Role
from ivr_flows.loader import check
from ivr_flows.trying.playing import play_all
from ivr_flows.trying.scripts import load_scripts
from publishing.flow_titles import LONGEST
from publishing.flow_words import FlowRefusal
from publishing.seeds import FlowSeed, FlowSeeds
from tests.console.browserless import Client
from tests.console.conftest import Console, Visit
from tests.console.floor import BANK, TEA

OTTO = Actor("otto", Role.OPS, frozenset({TEA}))
ADA = Actor("ada", Role.ADMIN, None)


async def in_english(visit: Visit, name: str) -> Client:
    """Somebody who is signed in, and reads English."""
    client = await visit(name)
    await client.post("/language", {"language": "en"})
    return client


async def save(client: Client, flow: str, seen: int, text: str | bytes) -> dict[str, Any]:
    """Sends a text as the editor does; what was answered, and its status."""
    data = text if isinstance(text, bytes) else text.encode()
    answer = await client.send(
        f"/flows/{flow}/draft",
        data,
        "flow.yaml",
        fields={"seen": str(seen)},
        headers={"Accept": "application/json"},
    )
    said = json.loads(await answer.text()) if answer.content_type == "application/json" else {}
    return {"status": answer.status, **said}


def test_each_refusal_has_its_words() -> None:
    assert set(words.REFUSALS) == set(FlowRefusal)


def test_what_a_flow_begins_with_can_be_published_under_any_name() -> None:
    begun = check(empty_flow("null"), "null.yaml")
    assert begun.flow is not None and begun.flow.name == "null", "a word, not nothing"
    begun = check(empty_flow("spring"), "spring.yaml")
    assert begun.flow is not None and begun.flow.name == "spring"
    assert {"hotline", "greeting"} <= {piece.name for piece in library_pieces()}
    for piece in library_pieces():
        copied = check(named(piece.text, "mine"), "mine.yaml").flow
        assert copied is not None and copied.name == "mine"
        assert copied.title == piece.titles and piece.name in words.PIECES
        assert (odd := check(named(piece.text, "true"), "true.yaml").flow) and odd.name == "true"
        if piece.tests:
            scripts = load_scripts(named(piece.tests, "mine"), "mine.tests.yaml")
            assert not play_all(copied, scripts, {}).faults


async def test_a_flow_begins_with_a_piece_of_the_library(console: Console, visit: Visit) -> None:
    otto = await in_english(visit, "otto")
    assert "There are no flows yet" in await (await otto.get("/flows")).text()
    page = await (await otto.get("/new-flow")).text()
    assert "Customer hotline" in page and "All projects" not in page
    answer = await otto.post("/new-flow", {"flow": "spring", "project": "tea", "piece": "hotline"})
    assert answer.headers["Location"] == "/flows/spring"
    draft = await console.app[FLOW_DRAFTS].of(OTTO, "spring")
    assert "flow: spring\n" in draft.text and "flow: spring\n" in draft.tests
    listed = await (await otto.get("/flows")).text()
    assert "Nothing yet: a draft only" in listed and "changed" in listed
    assert "No flow fits" in await (await otto.get("/flows?q=autumn")).text()
    assert 'href="/flows/spring"' in await (await otto.get("/flows?q=SPR")).text()
    editor = await (await otto.get("/flows/spring")).text()
    assert "请按1。" in editor and "You can read" not in editor
    again = await otto.post("/new-flow", {"flow": "spring", "project": "tea", "piece": ""})
    assert again.status == 400 and "There is a flow spring already" in await again.text()
    for wrong in ({"flow": "Spring"}, {"flow": "x" * 65}, {"flow": "new flow"}, {"flow": "\\g<1>"}):
        answer = await otto.post("/new-flow", {"project": "tea", "piece": "", **wrong})
        assert answer.status == 400 and "lower-case letters" in await answer.text()
    odd = await otto.post("/new-flow", {"flow": "a", "project": "tea", "piece": "moon"})
    assert odd.status == 400


async def test_the_list_says_what_people_call_a_flow(console: Console, visit: Visit) -> None:
    drafts = console.app[FLOW_DRAFTS]
    both = "title:\n  zh-CN: 春茶\n\n  # a colleague's\n  en: Spring <tea>\nlanguages: [en]\n"
    await drafts.add(ADA, TEA, "spring", "flow: spring\n" + both.replace("\n", "\r\n"))
    await drafts.add(ADA, TEA, "summer", "title: {zh-CN: 夏茶}\nflow: summer\n")
    otto = await in_english(visit, "otto")
    listed = await (await otto.get("/flows")).text()
    assert "Spring &lt;tea&gt;" in listed and "春茶" not in listed and "夏茶" not in listed
    assert "/flows/spring" in await (await otto.get("/flows?q=spring+%3Ctea")).text()
    assert "/flows/summer" in await (await otto.get("/flows?q=夏")).text()
    await otto.post("/language", {"language": "zh-CN"})
    listed = await (await otto.get("/flows")).text()
    assert "春茶" in listed and "夏茶" in listed and "Spring" not in listed


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("flow: a\n", {}),
        ("a: |\n title: {en: b}\n", {}),
        ("title: tea\n", {}),
        ("title:\n", {}),
        ("title: {en: 7, zh-CN: [x], fr: ' '}\n", {}),
        ("title: {en: [\nflow: a\n", {}),
        ("title: &a {en: *a}\n", {}),
        ("title: {en: x}\ntitle: {en: y}\n", {"en": "x"}),
        ("title: {en: " + "x" * 5000 + "}\n", {}),
        ("title: {en: " + "x" * 500 + "}\n", {"en": "x" * LONGEST}),
        ("---\ntitle:\n  en: >\n    a\n    b\n  fr: c", {"en": "a b", "fr": "c"}),
        ('{"flow": "a", "title": {"en": "x"}}', {}),
    ],
)
async def test_a_draft_may_hold_anything_in_place_of_its_title(
    console: Console, text: str, titles: dict[str, str]
) -> None:
    drafts = console.app[FLOW_DRAFTS]
    await drafts.add(ADA, TEA, "spring", text)
    (one,) = await drafts.all(ADA)
    assert one.titles == titles


async def test_a_flow_is_copied_with_its_tests(console: Console, visit: Visit) -> None:
    drafts = console.app[FLOW_DRAFTS]
    await drafts.add(ADA, TEA, "spring", empty_flow("spring"), "flow: spring\ntests: {}\n")
    await drafts.add(ADA, BANK, "secret_plan", empty_flow("secret_plan"))
    otto = await in_english(visit, "otto")
    assert "A copy of spring" in await (await otto.get("/new-flow?copy=spring")).text()
    await otto.post("/new-flow", {"flow": "summer", "project": "tea", "piece": "copy:spring"})
    made = await drafts.of(OTTO, "summer")
    assert "flow: summer\n" in made.text and made.tests == "flow: summer\ntests: {}\n"
    stolen = {"flow": "mine", "project": "tea", "piece": "copy:secret_plan"}
    assert (await otto.post("/new-flow", stolen)).status == 404
    assert (await otto.get("/new-flow?copy=secret_plan")).status == 404
    await otto.post("/new-flow", {"flow": "autumn", "project": "tea", "piece": ""})
    assert (await drafts.of(OTTO, "autumn")).text == empty_flow("autumn"), "with a title of its own"


async def test_each_sees_and_changes_the_flows_of_their_projects(
    console: Console, visit: Visit
) -> None:
    drafts = console.app[FLOW_DRAFTS]
    await drafts.add(ADA, TEA, "spring", empty_flow("spring"))
    await drafts.add(ADA, BANK, "secret_plan", empty_flow("secret_plan"))
    await drafts.add(ADA, "", "everywhere", empty_flow("everywhere"))
    otto, sue = await in_english(visit, "otto"), await in_english(visit, "sue")
    for client in (otto, sue):
        listed = await (await client.get("/flows")).text()
        assert "/flows/spring" in listed and "/flows/everywhere" in listed
        assert "secret_plan" not in listed
        for path in ("", "/draft"):
            assert (await client.get(f"/flows/secret_plan{path}")).status == 404
    assert "You can read" in (editor := await (await sue.get("/flows/spring")).text())
    assert f'data-project="{TEA}"' in editor, "she may listen to its prompts"
    reading = await (await otto.get("/flows/everywhere")).text()
    assert "You can read" in reading and 'href="/new-flow?copy=everywhere"' in reading
    assert "You can read" in await (await otto.get("/flows/everywhere/publish")).text()
    assert "/new-flow?copy" not in editor, "she begins none"
    assert (await save(otto, "secret_plan", 1, "x"))["status"] == 404
    assert (await save(otto, "everywhere", 1, "x"))["status"] == 403
    assert (await save(sue, "spring", 1, "x"))["status"] == 403
    placed = await otto.post("/new-flow", {"flow": "a", "project": "bank", "piece": ""})
    assert placed.status == 403
    ada = await in_english(visit, "ada")
    nowhere = await ada.post("/new-flow", {"flow": "a", "project": "taea", "piece": ""})
    assert nowhere.status == 400
    assert (await save(ada, "everywhere", 1, "x"))["status"] == 200


async def test_two_people_do_not_overwrite_each_other(console: Console, visit: Visit) -> None:
    await console.app[FLOW_DRAFTS].add(ADA, TEA, "spring", empty_flow("spring"), "flow: spring\n")
    otto, ada = await in_english(visit, "otto"), await in_english(visit, "ada")
    first = await save(otto, "spring", 1, "otto's")
    assert (first["status"], first["version"], first["by"]) == (200, 2, "otto")
    refused = await save(ada, "spring", 1, "ada's")
    assert refused["status"] == 409 and "otto has changed the flow" in refused["message"]
    assert refused["theirs"]["text"] == "otto's" and refused["theirs"]["version"] == 2
    assert (await save(ada, "spring", 2, "ada's"))["version"] == 3
    assert (await save(ada, "spring", 1, "ada's"))["version"] == 3  # it was only sent twice
    now = await (await otto.get("/flows/spring/draft")).json()
    assert (now["text"], now["by"], now["version"]) == ("ada's", "ada", 3)
    assert (await console.app[FLOW_DRAFTS].of(OTTO, "spring")).tests == "flow: spring\n"


async def test_what_is_no_text_of_a_flow_is_refused(console: Console, visit: Visit) -> None:
    await console.app[FLOW_DRAFTS].add(ADA, TEA, "spring", empty_flow("spring"))
    otto = await in_english(visit, "otto")
    assert (await save(otto, "spring", 1, "x" * 300_000))["status"] == 400
    assert (await save(otto, "spring", 1, "x" * 5_000_000))["status"] == 413
    assert (await save(otto, "spring", 1, b"\xff\xfe"))["status"] == 400
    assert (await save(otto, "spring", 1, "a\x00b"))["status"] == 400
    assert (await save(otto, "spring", 99999999999, "x"))["status"] == 400
    assert (await otto.post("/flows/spring/draft", {"seen": "1"})).status == 415
    assert (await console.app[FLOW_DRAFTS].of(OTTO, "spring")).version == 1


async def test_the_list_says_what_callers_meet(console: Console, visit: Visit) -> None:
    drafts, publications = console.app[FLOW_DRAFTS], console.app[PUBLICATIONS]
    await drafts.add(ADA, TEA, "spring", empty_flow("spring"))
    warned = await publications.checked(ADA, "spring")
    confirmed = [warning.message for warning in warned.warnings]
    await publications.publish(ADA, "spring", 1, "first", confirmed)
    sue = await in_english(visit, "sue")
    listed = await (await sue.get("/flows")).text()
    assert "Revision 1" in listed and "by ada" in listed and "Edited since" not in listed
    assert "/new-flow" not in listed
    await drafts.save(ADA, "spring", 1, empty_flow("spring") + "\n", "")
    assert "Edited since" in await (await sue.get("/flows")).text()
    await publications.retire(ADA, "spring")
    assert "Retired" in await (await sue.get("/flows")).text()
    assert "The flow is retired" in await (await sue.get("/flows/spring")).text()


async def test_flows_of_files_say_so_and_not_where_the_files_are(
    console: Console, visit: Visit
) -> None:
    text = empty_flow("spring")
    seeds = FlowSeeds(console.database.pool)
    await seeds.sow({"spring": FlowSeed(text, "/srv/secret place/spring.yaml")})
    sue = await visit("sue")
    for language, author, why in (
        ("en", "by a file", "from a file"),
        ("zh-CN", "流程文件 发布于", "来自文件"),
    ):
        await sue.post("/language", {"language": language})
        assert author in await (await sue.get("/flows")).text()
        revisions = await (await sue.get("/flows/spring/revisions")).text()
        assert why in revisions and "spring.yaml" in revisions
        assert "seeded" not in revisions and "secret place" not in revisions


@pytest.mark.parametrize("name", ["otto", "sue"])
async def test_no_route_tells_anything_of_a_flow_of_others(
    name: str, console: Console, visit: Visit
) -> None:
    drafts, text = console.app[FLOW_DRAFTS], empty_flow("theirs")
    draft = await drafts.add(ADA, BANK, "theirs", text)
    confirmed = [warning.message for warning in check(text, "theirs.yaml").warnings]
    await console.app[PUBLICATIONS].publish(ADA, "theirs", draft.version, "", confirmed)
    client, asked = await in_english(visit, name), 0
    for method, path in console.app[RULES]:
        if "{flow}" not in path:
            continue
        asked += 1
        here = path.replace("{flow}", "theirs").replace("{number}", "1")
        if method == "GET":
            answer = await client.get(here)
        else:
            fields = {"seen": "1", "number": "1", "plan": "1", "version": "1", "do": "hang_up"}
            answer = await client.post(here, fields)
            if answer.status == 415:
                answer = await client.send(here, text.encode(), fields=fields)
        assert answer.status in (403, 404), f"{method} {path}: {answer.status}"
    assert asked > 30
    assert await drafts.of(ADA, "theirs") == draft
    assert len(await console.app[FLOW_HISTORY].periods(ADA, "theirs")) == 1
