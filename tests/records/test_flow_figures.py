"""How calls went through the nodes of a flow, counted as the facts are stored."""

from collections.abc import Iterable
from datetime import timedelta

import pytest

from domain.call_facts import CallEntered
from domain.facts import CallFact
from domain.flow_facts import NodePassed, WayTaken
from domain.identity import ProjectName
from domain.stations import OWN_PHONES
from records.flow_figures import (
    KEPT,
    FlowFigures,
    FlowFigureStore,
    NodeFigures,
    Span,
    seconds_of,
    slot_of,
    step_of,
)
from records.writing import write
from storage.database import Database, connection
from tests.storage.days import NOON, as_stored, fact

TEA, ALL = frozenset({ProjectName("tea")}), None


def came(call: str, at_s: float = 0, *, line: str = "trunk", project: str = "tea") -> CallFact:
    return fact(call, at_s, CallEntered, project=project, line=line, hotline="4001")


def way(call: str, at_s: float, *nodes: NodePassed, revision: int | None = 3) -> CallFact:
    one = fact(call, at_s, WayTaken, flow="hotline", revision=revision)
    assert isinstance(one.what, WayTaken)
    return CallFact(one.id, one.call, one.at, WayTaken("hotline", 9, revision, nodes))


def node(
    name: str, out: str | None, lasted_s: float = 1.0, answers: str | None = None,
    before_s: float = 1.0, flow: str | None = None,
) -> NodePassed:  # fmt: skip
    return NodePassed(name, out, before_s, lasted_s, answers, flow)


async def put(database: Database, facts: Iterable[CallFact]) -> None:
    async with connection(database.pool) as db:
        await write(db, [as_stored(one) for one in facts])


async def read(
    database: Database,
    flow: str = "hotline",
    revision: int | None = None,
    projects: frozenset[ProjectName] | None = ALL,
    before: timedelta = timedelta(hours=1),
) -> FlowFigures:
    store = FlowFigureStore(database.pool)
    return await store.of(flow, NOON - before, revision, projects=projects)


async def test_each_node_is_counted_by_how_it_was_left(database: Database) -> None:
    facts = []
    for number in range(3):
        call = f"a{number}"
        facts += [
            came(call),
            way(call, 60, node("menu", "sales", 4.0, ",1"), node("bye", "", 0.0)),
        ]
    facts += [came("b"), way("b", 90, node("menu", None, 12.0, ""))]
    facts += [came("c"), way("c", 95, node("menu", "exhausted", 20.0, ",,"))]
    await put(database, facts)
    await put(database, facts)  # delivered twice
    figures = await read(database)
    menu = figures.nodes["menu"]
    assert (menu.entered, menu.exits) == (5, {"sales": 3, "exhausted": 1})
    assert (menu.hung_up, menu.ended, menu.silent) == (1, 0, 5)
    assert menu.mean_s == pytest.approx((3 * 4 + 12 + 20) / 5)
    assert menu.median_s == pytest.approx(4.0, rel=0.09)
    assert figures.nodes["bye"] == NodeFigures(3, {}, 3, 0, 0, 0.0, 0.0)
    assert figures.revisions == {3: 8}


async def test_a_sub_flows_nodes_are_counted_in_it_and_those_of_a_wait_in_the_flow(
    database: Database,
) -> None:
    await put(
        database,
        [
            came("a"),
            way(
                "a", 60, node("identify>ask", "done", flow="pin"), node("identify", "done"),
                node("wait>menu", "stay"), node("wait", "talked"),
            ),
        ],
    )  # fmt: skip
    assert set((await read(database)).nodes) == {"identify", "menu", "wait"}
    inner = await read(database, "pin")
    assert (inner.nodes["ask"].exits, inner.revisions) == ({"done": 1}, {0: 1})
    known = NodePassed("identify>ask", None, 1.0, 1.0, None, "pin", 4)
    await put(database, [came("b"), way("b", 60, known)])
    assert (await read(database, "pin")).revisions == {0: 1, 4: 1}


async def test_who_may_see_one_project_sees_its_calls_only_and_nobody_sees_tries(
    database: Database,
) -> None:
    await put(
        database,
        [
            came("a"), way("a", 60, node("menu", "sales")),
            came("b", project="other"), way("b", 60, node("menu", "sales")),
            came("c", line=OWN_PHONES), way("c", 60, node("menu", "sales")),
        ],
    )  # fmt: skip
    assert (await read(database)).nodes["menu"].entered == 2
    assert (await read(database, projects=TEA)).nodes["menu"].entered == 1
    assert (await read(database, projects=frozenset())).nodes == {}


async def test_figures_are_of_one_revision_and_of_a_span(database: Database) -> None:
    await put(
        database,
        [
            came("a", -7200), way("a", -7000, node("menu", "sales"), revision=2),
            came("b"), way("b", 60, node("menu", "service"), revision=3),
            came("c"), way("c", 60, node("menu", "service"), revision=None),
        ],
    )  # fmt: skip
    assert (await read(database)).nodes["menu"].entered == 2
    day = timedelta(days=1)
    assert (await read(database, before=day)).nodes["menu"].entered == 3
    assert (await read(database, before=day)).revisions == {2: 1, 3: 1, 0: 1}
    assert (await read(database, revision=2, before=day)).nodes["menu"].exits == {"sales": 1}
    assert (await read(database, "another")).nodes == {}


async def test_a_node_counts_when_it_was_left(database: Database) -> None:
    long = node("menu", "sales", 30.0, before_s=3600.0)  # and then an hour in a queue
    await put(database, [came("a"), way("a", 3600, long, node("wait", "talked", 3570, None, 3570))])
    store = FlowFigureStore(database.pool)
    late = await store.of("hotline", NOON + timedelta(minutes=45), None, projects=ALL)
    assert set(late.nodes) == {"wait"}


async def test_what_is_old_is_forgotten_once_a_day(database: Database) -> None:
    await put(database, [came("old"), way("old", 60, node("menu", "sales"))])
    midnight = KEPT.total_seconds() + 43_200 + 60
    await put(database, [came("new", midnight), way("new", midnight, node("menu", "sales"))])
    everything = await read(database, before=timedelta(days=99))
    assert everything.nodes["menu"].entered == 1
    assert await database.pool.fetchval("select count(*) from call_facts where kind = 'way'") == 2


async def test_what_cannot_be_read_of_a_way_is_left_out(database: Database) -> None:
    await put(database, [came("a"), way("a", 60, node("", "sales"), node("menu>", "x"))])
    assert (await read(database)).nodes == {}


def test_steps_are_true_within_nine_percent() -> None:
    for seconds in (0.06, 0.5, 1.0, 4.2, 61.0, 7200.0):
        assert seconds_of(step_of(seconds)) == pytest.approx(seconds, rel=0.0906)
    assert seconds_of(step_of(0.0)) == 0.0
    assert Span.HOUR.since(NOON) == NOON - timedelta(hours=1)
    assert slot_of(NOON + timedelta(minutes=29, seconds=59)) == NOON + timedelta(minutes=15)
    assert Span.WEEK.since(NOON) == NOON - timedelta(days=7)
