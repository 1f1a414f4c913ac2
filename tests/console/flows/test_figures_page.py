"""The figures of a flow at the console: where callers go, and what nobody takes."""

import uuid
from datetime import UTC, datetime, timedelta

from console.kit.context import FLOW_DRAFTS, PUBLICATIONS
from domain.call_facts import CallEntered
from domain.facts import CallFact
from domain.flow_facts import NodePassed, WayTaken
from domain.happening import Happening
from domain.identity import CallId, LineName, ProjectName
from domain.roles import Actor, Role
from records.writing import write
from storage.database import connection
from storage.fact_codec import stored
from tests.console.conftest import Console, Visit
from tests.console.floor import TEA

OTTO = Actor("otto", Role.OPS, frozenset({TEA}))
FLOW = """\
flow: tea
languages: [en]
start: hello
prompts: {hello: {en: Hello}}
nodes:
  hello: {kind: say, prompts: hello, exits: {next: menu}}
  menu: {kind: menu, prompts: hello, keys: {"1": sales, "2": end}, exits: {sales: wait, end: bye,
    exhausted: bye}}
  wait: {kind: queue, queue: sales, exits: {talked: bye, timeout: bye}}
  bye: {kind: hangup}
"""


def facts_of(project: str, revision: int, *nodes: NodePassed) -> list[CallFact]:
    call, now = CallId(str(uuid.uuid4())), datetime.now(UTC)
    entered = CallEntered("4001", ProjectName(project), LineName("trunk"), "138", None, "tea")
    way: Happening = WayTaken("tea", 1, revision, nodes)
    return [
        CallFact(str(uuid.uuid4()), call, now - timedelta(seconds=60), entered),
        CallFact(str(uuid.uuid4()), call, now, way),
    ]


async def called(console: Console, project: str = "tea", revision: int = 1) -> None:
    """Three calls: one hangs up in the menu, two press 1, one after having pressed nothing."""
    hello = NodePassed("hello", "next", 9.0, 2.0)
    facts = [
        *facts_of(project, revision, hello, NodePassed("menu", None, 7.0, 7.0)),
        *facts_of(
            project, revision, hello, NodePassed("menu", "sales", 7.0, 5.0, "1"),
            NodePassed("wait", "talked", 2.0, 2.0), NodePassed("bye", "", 0.0, 0.0),
        ),
        *facts_of(
            project, revision, hello, NodePassed("menu", "sales", 7.0, 5.0, ",1"),
            NodePassed("wait", None, 2.0, 2.0),
        ),
    ]  # fmt: skip
    async with connection(console.database.pool) as db:
        await write(db, [stored(one) for one in facts])


async def published(console: Console, text: str = FLOW) -> None:
    draft = await console.app[FLOW_DRAFTS].add(OTTO, "tea", "tea", text, "")
    found = await console.app[PUBLICATIONS].checked(OTTO, "tea")
    confirmed = [warning.message for warning in found.warnings]
    await console.app[PUBLICATIONS].publish(OTTO, "tea", draft.version, "", confirmed)


async def test_figures_say_where_callers_went_and_what_nobody_took(
    console: Console, visit: Visit
) -> None:
    await published(console)
    otto = await visit("otto")
    await otto.post("/language", {"language": "en"})
    text = await (await otto.get("/flows/tea/figures")).text()
    assert "No call has been through this flow" in text
    await called(console)
    await called(console, "other")  # whose calls otto may not see
    text = await (await otto.get("/flows/tea/figures")).text()
    assert '<div class="h1 mb-0" id="calls">3</div>' in text
    assert '<div class="h1 mb-0" id="hung-up">2</div>' in text
    never = text[text.index('id="never"') :]
    assert "menu: end" in never and "menu: exhausted" in never and "menu: sales" not in never
    assert "wait: nobody" not in never, "it leads where timeout does"
    assert 'aria-current="page" href="/flows/tea/figures"' in text
    answer = await otto.get("/flows/tea/figures.json?span=hour")
    found = await answer.json()
    assert (found["calls"], found["span"], found["revision"]) == (3, "hour", None)
    drawn = {node["id"]: node["line"] for node in found["picture"]["nodes"]}
    assert set(drawn) == set(found["nodes"])
    assert found["nodes"]["menu"] == {
        "entered": 3, "exits": {"sales": 2, "end": 0, "exhausted": 0}, "ended": 0, "hung_up": 1,
        "silent": 1, "mean_s": 17 / 3, "median_s": found["nodes"]["menu"]["median_s"],
        "never": ["end", "exhausted"], "gone": False,
    }  # fmt: skip


async def test_figures_of_one_revision_show_its_nodes(console: Console, visit: Visit) -> None:
    await published(console)
    await called(console, revision=1)
    await called(console, revision=7)  # which is not there: somebody has restored a backup
    sue = await visit("sue")
    both = await (await sue.get("/flows/tea/figures.json")).json()
    one = await (await sue.get("/flows/tea/figures.json?revision=1&span=week")).json()
    lost = await (await sue.get("/flows/tea/figures.json?revision=7")).json()
    assert (both["calls"], one["calls"], lost["calls"]) == (6, 3, 3)
    draft = await console.app[FLOW_DRAFTS].of(OTTO, "tea")
    longer = FLOW.replace("bye: {kind: hangup}", "the_end: {kind: hangup}").replace(
        "bye", "the_end"
    )
    await console.app[FLOW_DRAFTS].save(OTTO, "tea", draft.version, longer, "")
    text = await (await sue.get("/flows/tea/figures")).text()
    assert 'data-node="bye"' in text and 'data-node="the_end"' not in text


async def test_a_draft_that_cannot_be_read_has_figures_all_the_same(
    console: Console, visit: Visit
) -> None:
    await console.app[FLOW_DRAFTS].add(OTTO, "tea", "tea", "flow: tea\nnodes: [", "")
    await called(console)
    otto = await visit("otto")
    await otto.post("/language", {"language": "en"})
    text = await (await otto.get("/flows/tea/figures")).text()
    assert "no longer in the flow" in text and "Each exit was taken" in text


async def test_odd_questions_are_refused(console: Console, visit: Visit) -> None:
    await published(console)
    otto = await visit("otto")
    for query in ("span=year", "revision=-1", "revision=x", "revision=9999999999", "revision=１"):
        assert (await otto.get(f"/flows/tea/figures?{query}")).status == 400, query
    assert (await otto.get("/flows/nothing/figures")).status == 404
