"""The directory and the published flows check each other, on a real database."""

import asyncio
from datetime import UTC, datetime

import pytest

from centre.authority import SYSTEM
from centre.directory import Edit
from centre.directory_faults import FaultCode
from centre.directory_service import ANY, ChangeRefused, DirectoryService, WishedThing
from centre.directory_store import DirectoryStore, KeptDirectory
from centre.endpoint_settings import LineSettings
from centre.inbound_settings import EntryRuleSettings, HotlineSettings
from centre.kinds import Thing
from configuration.flow_surroundings import FlowSurroundings, directory_now
from configuration.flows import directory_check
from domain.centre import Acquaintance, LineKind
from engine.flows_in_force import FlowsInForce, FlowsOfEdition, loaded
from ivr_flows.kind import NameOf
from offhook.directory_checks import check_of_now
from publishing.flow_checks import warning_key
from publishing.flow_drafts import FlowDrafts
from publishing.flow_history import FlowHistory
from publishing.flow_words import FlowEdition, FlowRefusal, FlowRefused
from publishing.publications import Publications
from storage.database import Database
from tests.centre.small import HOTLINE, QUEUE, small_directory
from tests.publishing.test_publications import ADMIN
from tests.waiting import until

QUEUED = """\
flow: {name}
languages: [en]
start: wait
nodes:
  wait: {{kind: queue, queue: {queue}, exits: {{talked: bye, timeout: bye}}}}
  bye: {{kind: hangup}}
"""
ENTERS = """\
flow: {name}
languages: [en]
start: sub
nodes:
  sub: {{kind: flow, flow: {sub}, exits: {{done: bye}}}}
  bye: {{kind: hangup}}
"""
RETURNS = """\
flow: {name}
languages: [en]
start: wait
nodes:
  wait: {{kind: queue, exits: {{talked: back, timeout: back}}}}
  back: {{kind: return}}
"""
PLAIN = "flow: {name}\nlanguages: [en]\nstart: a\nnodes: {{a: {{kind: hangup}}}}\n"


class House:
    """A directory and published flows that know each other, as in a controller."""

    def __init__(self, database: Database) -> None:
        self._kept = KeptDirectory()
        self.store = DirectoryStore(database.pool)
        self.surroundings = FlowSurroundings(directory_now(self.store, lambda: self._kept))
        self.drafts = FlowDrafts(database.pool)
        self._history = FlowHistory(database.pool)
        self.published = Publications(
            database.pool,
            self.surroundings.outside,
            self.surroundings.users,
            self.surroundings.unfit,
        )
        self.database = database
        self._flows = FlowsInForce(FlowsOfEdition(0), self._history.edition, _silent)
        self._service = DirectoryService(
            self.store,
            check=directory_check(self._flows, self._flows.project_of),
            check_of_now=check_of_now(self._history, lambda: self._flows.newest),
        )

    async def put(self, *things: Thing, remove: tuple[Thing, ...] = ()) -> None:
        wishes = [WishedThing(thing.KIND, thing.key, thing, ANY) for thing in things]
        wishes += [WishedThing(thing.KIND, thing.key, None, ANY) for thing in remove]
        await self._service.change(SYSTEM, wishes)
        self._kept = await self._service.read()

    async def publish(self, name: str, text: str, project: str = "", **names: str) -> None:
        text = text.format(name=name, **names)
        try:
            draft = await self.drafts.of(ADMIN, name)
            draft = await self.drafts.save(ADMIN, name, draft.version, text, "")
        except FlowRefused:
            draft = await self.drafts.add(ADMIN, project, name, text)
        found = await self.published.checked(ADMIN, name)
        warnings = [warning_key(one) for one in found.warnings]
        await self.published.publish(ADMIN, name, draft.version, "", warnings)
        await self._flows.take(await self._history.newest())


async def _silent(_: object) -> None:
    return


@pytest.fixture
async def house(database: Database) -> House:
    """With the small directory, whose number has no flow yet."""
    one = House(database)
    await one.put(*(thing for thing in small_directory() if thing != HOTLINE))
    return one


def number(flow: str, **settings: str) -> HotlineSettings:
    return HotlineSettings(number="4008001000", project="tea", flow=flow, **settings)


def refuses(*codes: FaultCode) -> "pytest.RaisesExc[ChangeRefused]":
    return pytest.RaisesExc(
        ChangeRefused, check=lambda error: tuple(fault.code for fault in error.faults) == codes
    )


async def test_what_another_process_has_just_done_counts(house: House) -> None:
    other = House(house.database)
    await house.publish("hotline", QUEUED, queue="sales")
    await house.put(number("hotline"))  # and the other one has not heard of either
    with pytest.raises(ChangeRefused):
        await other.put(remove=(QUEUE,))
    await house.publish("hotline", PLAIN)
    await other.put(remove=(QUEUE,))
    with pytest.raises(FlowRefused) as refused:
        await house.publish("hotline", QUEUED, queue="sales")
    assert refused.value.why is FlowRefusal.FAULTY


async def test_a_queue_is_removed_or_a_flow_that_needs_it_published_but_not_both(
    house: House,
) -> None:
    async def waits() -> bool:
        waiting = "select exists (select from pg_locks where locktype = 'advisory' and not granted)"
        return publishing.done() or bool(await house.database.pool.fetchval(waiting))

    async with house.store.changing() as db:
        publishing = asyncio.create_task(house.publish("hotline", QUEUED, queue="sales"))
        await until(waits)
        removed = [Edit(QUEUE.KIND, QUEUE.key, QUEUE, None)]
        await house.store.write(db, removed, at=datetime.now(UTC), by="somebody")
    with pytest.raises(FlowRefused) as refused:
        await publishing
    assert refused.value.why is FlowRefusal.FAULTY


async def test_a_number_needs_a_published_flow_with_its_queues(house: House) -> None:
    with refuses(FaultCode.FLOW_UNKNOWN):
        await house.put(number("hotline"))
    await house.publish("hotline", QUEUED, queue="sales")
    await house.put(number("hotline"))
    with pytest.raises(ChangeRefused):
        await house.put(remove=(QUEUE,))
    await house.publish("other", ENTERS, sub="hotline")
    await house.put(number("other"))
    with refuses(FaultCode.FLOW_LACKS_QUEUE):  # by way of the flow that it enters
        await house.put(remove=(QUEUE,))


async def test_a_flow_that_names_a_removed_queue_is_not_published(house: House) -> None:
    await house.publish("hotline", QUEUED, queue="sales")
    await house.publish("hotline", PLAIN)
    await house.put(remove=(QUEUE,))
    with pytest.raises(FlowRefused) as refused:
        await house.publish("hotline", QUEUED, queue="sales")
    assert refused.value.why is FlowRefusal.FAULTY
    with pytest.raises(FlowRefused) as refused:
        await house.published.roll_back(ADMIN, "hotline", 1)
    assert refused.value.why is FlowRefusal.FAULTY and refused.value.checked is not None
    assert 'no queue "sales"' in str(refused.value.checked.errors[0])


async def test_a_flow_that_comes_to_need_the_numbers_queue_is_not_published(house: House) -> None:
    await house.publish(
        "sub",
        RETURNS.replace("wait: {{kind: queue,", "wait: {{kind: pause, seconds: 1,").replace(
            "talked: back, timeout", "next"
        ),
    )
    await house.publish("menu", ENTERS, sub="sub")
    await house.put(number("menu"))
    with pytest.raises(FlowRefused) as refused:
        await house.publish("sub", RETURNS)
    assert (refused.value.why, refused.value.about) == (FlowRefusal.LACKS_QUEUE, "4008001000")
    await house.put(number("menu", queue="sales"))
    await house.publish("sub", RETURNS)
    with refuses(FaultCode.NUMBER_LACKS_QUEUE):
        await house.put(number("menu"))


async def test_a_campaign_keeps_its_queue_and_its_way_to_opt_out(house: House) -> None:
    await house.publish("notice", PLAIN)
    async with house.database.pool.acquire() as db:
        for name, settings in (
            ("none", {"flow": "notice"}),
            ("both", {"flow": "notice", "queue": "sales", "opt_out_key": "9"}),
        ):
            await db.execute(
                "insert into campaigns values ($1, 'tea', 'draft', $2)", name, settings
            )
    with pytest.raises(FlowRefused) as refused:
        await house.publish("notice", QUEUED.replace("queue: {queue}, ", ""))
    assert (refused.value.why, refused.value.about) == (FlowRefusal.LACKS_QUEUE, "none")
    with pytest.raises(FlowRefused) as refused:
        await house.publish("notice", PLAIN + "note: nothing else\n")
    assert (refused.value.why, refused.value.about) == (FlowRefusal.LOSES_OPT_OUT, "both")
    with pytest.raises(FlowRefused) as refused:
        await house.published.retire(ADMIN, "notice")
    assert (refused.value.why, refused.value.about) == (FlowRefusal.IN_USE, "none, both")


async def test_projects_keep_to_their_own_flows(house: House) -> None:
    await house.publish("banks", PLAIN, project="bank")
    await house.publish("of_all", PLAIN)
    await house.put(number("of_all"))
    with refuses(FaultCode.FLOW_OF_OTHERS):
        await house.put(number("banks"))
    with pytest.raises(FlowRefused) as refused:
        await house.publish("teas", ENTERS, project="tea", sub="banks")
    assert refused.value.why is FlowRefusal.FAULTY, "nor can they enter them"
    async with house.database.pool.acquire() as db:
        outside = await house.surroundings.outside(db, "bank")
        everything = await house.surroundings.outside(db, "")
    assert list(outside.names[NameOf.QUEUE]) == [] == list(outside.names[NameOf.AGENT])
    assert list(everything.names[NameOf.QUEUE]) == ["sales"] and everything.served == {"sales"}
    assert list(outside.names[NameOf.CALENDAR]) == ["office"]


async def test_flows_may_name_the_lines_that_an_admin_has_opened_to_them(house: House) -> None:
    lines = [
        LineSettings(name=name, kind=LineKind.TRUNK, host="192.0.2.1", flows_may_call=opened)
        for name, opened in (("closed", False), ("opened", True))
    ]
    await house.put(*lines)
    async with house.database.pool.acquire() as db:
        outside = await house.surroundings.outside(db, "tea")
    assert list(outside.names[NameOf.LINE]) == ["opened"]


def test_a_flow_of_a_project_is_offered_to_that_alone() -> None:
    texts = {name: PLAIN.format(name=name) for name in ("a", "b", "c")}
    edition = FlowEdition(1, texts, dict.fromkeys(texts, 1), {"a": "", "b": "bank", "c": "tea"})
    flows = FlowsInForce(loaded(edition), _no_other, _silent)
    assert list(flows.of_projects(["bank"])) == ["a", "b"]
    assert list(flows.of_projects(None)) == ["a", "b", "c"]


async def _no_other(edition: int) -> FlowEdition:
    raise AssertionError(edition)


async def test_of_a_flow_that_is_only_a_draft_it_is_said_that_it_is_to_be_published(
    house: House,
) -> None:
    text = PLAIN.format(name="night")
    await house.drafts.add(ADMIN, "tea", "night", text)
    await house.drafts.add(ADMIN, "coffee", "theirs", PLAIN.format(name="theirs"))
    await house.publish("hotline", PLAIN)
    rule = EntryRuleSettings(name="late", flow="night", known=Acquaintance.VIP)
    ruled = number("hotline").model_copy(update={"rules": (rule,)})
    with refuses(FaultCode.FLOW_UNPUBLISHED):
        await house.put(ruled)
    with refuses(FaultCode.FLOW_UNPUBLISHED):
        await house.put(number("night"))
    with refuses(FaultCode.FLOW_OF_OTHERS):
        await house.put(number("theirs"))
    with refuses(FaultCode.FLOW_UNKNOWN):
        await house.put(number("nigh"))

    said = 'the flow "night" is not published: there is only a draft; publish it first'
    for name, project, expected in (
        ("night", "tea", said),
        ("theirs", "tea", 'there is no flow "theirs"'),  # and nothing is told of others' drafts
        ("night", "", 'there is no flow "night"'),  # one of all projects may not enter it
    ):
        with pytest.raises(FlowRefused) as refused:
            await house.publish(f"to_{name}{project}", ENTERS, project, sub=name)
        assert refused.value.checked is not None
        assert expected in str(refused.value.checked.errors[0])

    await house.drafts.add(ADMIN, "tea", "round", ENTERS.format(name="round", sub="round"))
    with pytest.raises(FlowRefused) as refused:
        await house.publish("round", ENTERS, "tea", sub="round")
    assert refused.value.checked is not None
    assert "the flow leads into itself" in str(refused.value.checked.errors[0])

    await house.publish("night", PLAIN)
    await house.put(ruled)
    await house.put(number("hotline"))
    await house.published.retire(ADMIN, "night")
    with refuses(FaultCode.FLOW_UNPUBLISHED):
        await house.put(ruled)
