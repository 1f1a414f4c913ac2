"""Flows that move between two centres, on a real database."""

import asyncio
import threading
from dataclasses import replace

import asyncpg
import pytest

from domain.roles import Actor, Role
from ivr_flows.kind import NameOf
from ivr_flows.references import Outside
from publishing.flow_checks import warning_key
from publishing.flow_drafts import FlowDrafts
from publishing.flow_files import PackedFlow, packed, unpacked
from publishing.flow_history import FlowHistory
from publishing.flow_transfers import FlowFate, FlowTransfers, other_names_in_tests
from publishing.flow_words import FlowRefusal, FlowRefused
from publishing.publications import Publications
from storage.database import Database
from tests.waiting import until

OPS = Actor("olga", Role.OPS, frozenset({"tea"}))
STRANGER = Actor("sam", Role.OPS, frozenset({"coffee"}))
TEXT = """\
flow: menu   # the main one
languages: [en]
start: hello
prompts: {hello: {en: Hello}}
nodes:
  hello: {kind: say, prompts: hello, note: "said first", exits: {next: sales}}
  sales: {kind: queue, queue: verkauf, exits: {talked: ask, timeout: bye}}  # verkauf is theirs
  ask: {kind: look_up, url: "https://x.example/", secrets: {Authorization: crm},
        exits: {found: bye, not_found: bye, failed: onward}}
  onward: {kind: go_on, flow: night}
  bye: {kind: hangup}
"""
TESTS = """\
flow: menu
tests:
  one:  # waits in verkauf
    steps: [{hears: hello}, {waits_in: verkauf}, {queue: timeout}, {ends: done}]
"""
NIGHT = "flow: night\nlanguages: [en]\nstart: bye\nnodes: {bye: {kind: hangup}}\n"


async def outside(_db: asyncpg.Connection, _project: str) -> Outside:
    names = {NameOf.QUEUE: ("sales", "service"), NameOf.SECRET: ("crm_token",)}
    return Outside(names, recorded={"jingle": ("en",)})


@pytest.fixture
def transfers(database: Database) -> FlowTransfers:
    return FlowTransfers(database.pool, outside)


async def test_what_is_missing_is_listed_and_put_in_its_place(
    database: Database, transfers: FlowTransfers
) -> None:
    file = packed([PackedFlow("menu", "elsewhere", TEXT, TESTS)])
    flows = unpacked(file, "theirs.yaml")
    look = await transfers.look_over(OPS, "tea", flows, "theirs.yaml")
    assert [(one.flow, one.project, one.fate) for one in look.flows] == [
        ("menu", "tea", FlowFate.NEW)
    ]
    assert [(one.of, one.name, one.places, one.choices) for one in look.lacking] == [
        (NameOf.QUEUE, "verkauf", (("menu", 7),), ("sales", "service")),
        (NameOf.SECRET, "crm", (("menu", 8),), ("crm_token",)),
        (NameOf.FLOW, "night", (("menu", 10),), ("menu",)),
    ]
    errors = look.flows[0].errors
    assert str(errors[0]).startswith('theirs.yaml: menu:7:31: there is no queue "verkauf"')
    names = {(NameOf.QUEUE, "verkauf"): "sales", (NameOf.SECRET, "crm"): "crm_token"}
    look = await transfers.look_over(OPS, "tea", flows, "theirs.yaml", names)
    assert [one.line for one in look.flows[0].errors] == [10], "the flow night is still missing"
    assert await transfers.take_in(OPS, look) == ("menu",)
    draft = await FlowDrafts(database.pool).of(OPS, "menu")
    assert draft.text == TEXT.replace("queue: verkauf", "queue: sales").replace(
        "Authorization: crm", "Authorization: crm_token"
    )
    assert draft.tests == TESTS.replace("{waits_in: verkauf}", "{waits_in: sales}")
    assert await FlowHistory(database.pool).revisions(OPS, "menu") == ()


async def test_a_round_trip_changes_nothing(database: Database, transfers: FlowTransfers) -> None:
    drafts = FlowDrafts(database.pool)
    await drafts.add(OPS, "tea", "menu", TEXT + "  # odd \t\r\n\n", TESTS)
    await drafts.add(OPS, "tea", "night", NIGHT)
    file = packed(await transfers.exported(OPS))
    look = await transfers.look_over(OPS, "tea", unpacked(file, "x.yaml"), "x.yaml")
    assert [one.fate for one in look.flows] == [FlowFate.SAME, FlowFate.SAME]
    assert await transfers.take_in(OPS, look) == ()
    assert [one.flow for one in await transfers.exported(OPS, ["night"])] == ["night"]
    assert await transfers.exported(OPS, met=True) == ()
    for actor, flows in ((OPS, ["no"]), (STRANGER, ["menu"])):
        with pytest.raises(FlowRefused):
            await transfers.exported(actor, flows)
    published = Publications(database.pool, outside)
    found = await published.checked(OPS, "night")
    await published.publish(OPS, "night", 1, "", [warning_key(one) for one in found.warnings])
    await drafts.save(OPS, "night", 1, NIGHT + "# later\n", "")
    (met,) = await transfers.exported(OPS, met=True)
    assert met.text == NIGHT


async def test_all_or_nothing_and_nobody_is_overwritten(
    database: Database, transfers: FlowTransfers
) -> None:
    drafts = FlowDrafts(database.pool)
    await drafts.add(OPS, "tea", "night", NIGHT)
    flows = (PackedFlow("first", "", NIGHT.replace("night", "first")),
             PackedFlow("night", "", NIGHT + "# theirs\n"))  # fmt: skip
    look = await transfers.look_over(OPS, "tea", flows, "x.yaml")
    assert [(one.fate, one.changed_by) for one in look.flows] == [
        (FlowFate.NEW, ""), (FlowFate.CHANGED, "olga"),
    ]  # fmt: skip
    await drafts.save(OPS, "night", 1, NIGHT + "# mine\n", "")
    with pytest.raises(FlowRefused) as caught:
        await transfers.take_in(OPS, look)
    assert caught.value.why is FlowRefusal.CHANGED_MEANWHILE
    assert [one.flow for one in await drafts.all(OPS)] == ["night"], "the first was not made either"
    assert await transfers.take_in(OPS, look, only=["first"]) == ("first",)
    with pytest.raises(FlowRefused):  # somebody was quicker with a flow of this name
        await transfers.take_in(OPS, look, only=["first"])


async def test_flows_of_others_stay_as_they_are(
    database: Database, transfers: FlowTransfers
) -> None:
    await FlowDrafts(database.pool).add(OPS, "tea", "night", NIGHT)
    probing = TEXT.replace("flow: menu", "flow: night")  # whose queue is in no project
    flows = (PackedFlow("night", "", probing),)
    look = await transfers.look_over(STRANGER, "coffee", flows, "x.yaml")
    (arriving,) = look.flows
    assert (arriving.fate, arriving.changed_by) == (FlowFate.NOT_YOURS, "")
    assert not arriving.project and not arriving.errors and not look.lacking, "tells what tea has"
    assert await transfers.take_in(STRANGER, look) == ()
    forged = replace(look, flows=(replace(look.flows[0], fate=FlowFate.CHANGED),))
    with pytest.raises(FlowRefused):
        await transfers.take_in(STRANGER, forged)
    broken = (PackedFlow("odd", "", "flow: [", "tests: ["),)
    look = await transfers.look_over(OPS, "tea", broken, "x.yaml", {(NameOf.QUEUE, "a"): "b"})
    assert look.flows[0].errors[0].source == "x.yaml: odd"
    assert await transfers.take_in(OPS, look) == ("odd",), "a draft may be wrong"


def test_tests_are_given_the_other_names_too() -> None:
    tests = """\
flow: menu
tests:
  one:
    queue: theirs # q
    hours: {'day': closed, night: open}
    steps: [{transfers_to: "1001"}, {waits_in: theirs}, {hears: theirs}, {ends: done}]
"""
    names = {
        (NameOf.QUEUE, "theirs"): "ours",
        (NameOf.CALENDAR, "day"): "day shift",
        (NameOf.AGENT, "1001"): "2002",
    }
    expected = tests.replace("queue: theirs", "queue: ours").replace("'day'", "day shift")
    expected = expected.replace("waits_in: theirs", "waits_in: ours").replace("1001", "2002")
    assert other_names_in_tests(tests, "menu", names) == expected
    assert other_names_in_tests("", "menu", names) == ""


async def test_recordings_that_are_missing_are_listed_too(transfers: FlowTransfers) -> None:
    text = (
        "flow: tune\nlanguages: [en]\nstart: a\nnodes:\n"
        "  a: {kind: play, recordings: [jingle, their tune], exits: {next: bye}}\n"
        "  bye: {kind: hangup}\n"
    )
    flows = (PackedFlow("tune", "", text),)
    look = await transfers.look_over(OPS, "tea", flows, "x.yaml")
    (lacking,) = look.lacking
    assert (lacking.name, lacking.choices) == ("their tune", ("jingle",))
    names = {(NameOf.RECORDING, "their tune"): "jingle"}
    look = await transfers.look_over(OPS, "tea", flows, "x.yaml", names)
    assert look.flows[0].text == text.replace("their tune", "jingle")
    assert not look.flows[0].errors


async def test_a_look_counts_the_flows_and_lets_the_loop_go_on(transfers: FlowTransfers) -> None:
    loop, main = asyncio.get_running_loop(), threading.get_ident()
    flows = tuple(PackedFlow(f"night{n}", "", NIGHT) for n in range(5))
    turns: list[int] = []

    def step(steps: int) -> None:
        assert threading.get_ident() != main
        # The thread of the look waits until the loop has done something else.
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result(60)
        turns.append(steps)

    look = await transfers.look_over(OPS, "tea", flows, "x.yaml", step=step)
    assert len(look.changes) == 5 and turns == [1] * 5


async def test_a_look_that_nobody_wants_any_more_ends(transfers: FlowTransfers) -> None:
    flows = tuple(PackedFlow(f"night{n}", "", NIGHT) for n in range(5))
    begun, go = threading.Event(), threading.Event()
    seen: list[int] = []

    def step(steps: int) -> None:
        seen.append(steps)
        begun.set()
        go.wait(60)

    looking = asyncio.create_task(transfers.look_over(OPS, "tea", flows, "x.yaml", step=step))
    await until(begun.is_set)
    looking.cancel()
    await asyncio.sleep(0)  # by now it has been told
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await looking
    assert seen == [1], "the others were not looked at"
    look = await transfers.look_over(OPS, "tea", flows, "x.yaml")
    assert len(look.changes) == 5, "the next one has its turn"


async def test_whether_a_draft_is_another_one_since_the_look(
    database: Database, transfers: FlowTransfers
) -> None:
    drafts = FlowDrafts(database.pool)
    await drafts.add(OPS, "tea", "night", NIGHT)
    flows = (PackedFlow("night", "", NIGHT + "# theirs\n"), PackedFlow("odd", "", "x"))
    look = await transfers.look_over(OPS, "tea", flows, "x.yaml")
    assert await transfers.changed_since(look) is None
    await drafts.add(OPS, "tea", "odd", NIGHT.replace("night", "odd"))
    changed = await transfers.changed_since(look)
    assert changed is not None and (changed.flow, changed.changed_by) == ("odd", "olga")
