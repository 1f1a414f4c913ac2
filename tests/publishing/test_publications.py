"""Drafts, revisions and editions of flows, on a real database."""

import asyncio
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from structlog.testing import capture_logs

from domain.roles import Actor, Role
from ivr_flows.flow import Flow
from ivr_flows.kind import NameOf
from ivr_flows.references import Outside
from publishing.flow_checks import anywhere, warning_key
from publishing.flow_drafts import FlowDrafts
from publishing.flow_history import FlowHistory, difference
from publishing.flow_words import FlowDraft, FlowRefusal, FlowRefused
from publishing.publications import Publications
from storage.database import Database
from tests.waiting import until

OPS = Actor("olga", Role.OPS, frozenset({"tea"}))
OTHER = Actor("otto", Role.OPS, frozenset({"tea"}))
STRANGER = Actor("sam", Role.OPS, frozenset({"coffee"}))
SUPERVISOR = Actor("sue", Role.SUPERVISOR, frozenset({"tea"}))
ADMIN = Actor("ann", Role.ADMIN, None)

GOOD = """\
flow: menu
languages: [en]
start: hello
prompts: {hello: {en: Hello}}
nodes:
  hello: {kind: say, prompts: hello, exits: {next: sales}}  # a comment is kept
  sales: {kind: queue, queue: sales, exits: {talked: bye, timeout: bye}}
  bye: {kind: hangup}
"""
TESTS = """\
flow: menu
tests:
  one:
    steps: [{hears: hello}, {waits_in: sales}, {queue: talked}, {ends: done}]
"""
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


class FlowScene:
    """Services over one database, with a clock that the test sets."""

    def __init__(self, database: Database) -> None:
        self.now = NOON
        self.users: dict[str, list[str]] = {}
        self.history = FlowHistory(database.pool)
        self.drafts = FlowDrafts(database.pool, clock=lambda: self.now)
        self.published = Publications(
            database.pool,
            self._outside,
            self._leading_to,
            clock=lambda: self.now,
        )

    async def _outside(self, _db: asyncpg.Connection, _project: str) -> Outside:
        return Outside({NameOf.QUEUE: ("sales",), NameOf.CALENDAR: ()})

    async def _leading_to(self, _db: asyncpg.Connection, flow: str) -> Collection[str]:
        return self.users.get(flow, [])

    async def add(self, text: str = GOOD, flow: str = "menu", tests: str = "") -> FlowDraft:
        return await self.drafts.add(OPS, "tea", flow, text, tests)

    async def published_text(self, flow: str = "menu") -> str | None:
        return (await self.history.newest()).texts.get(flow)


@pytest.fixture
def scene(database: Database) -> FlowScene:
    return FlowScene(database)


def refuses(why: FlowRefusal, about: str = "") -> "pytest.RaisesExc[FlowRefused]":
    def fits(error: FlowRefused) -> bool:
        return error.why is why and about in error.about

    return pytest.RaisesExc(FlowRefused, check=fits)


async def test_calls_meet_a_draft_only_when_it_is_published(scene: FlowScene) -> None:
    draft = await scene.add()
    assert await scene.published_text() is None
    first = await scene.published.publish(OPS, "menu", draft.version, "the first")
    assert (first.number, first.by, first.note, first.text) == (1, "olga", "the first", GOOD)
    longer = GOOD.replace("Hello}", "Good morning}")
    saved = await scene.drafts.save(OPS, "menu", draft.version, longer, "")
    assert await scene.published_text() == GOOD
    (overview,) = await scene.drafts.all(OPS)
    assert (overview.number, overview.edited) == (1, True)
    second = await scene.published.publish(OTHER, "menu", saved.version, "politer")
    assert await scene.published_text() == longer
    assert first.edition is not None
    assert (await scene.history.edition(first.edition)).texts == {"menu": GOOD}, "calls keep it"
    assert [one.number for one in await scene.history.revisions(OPS, "menu")] == [2, 1]
    changed = difference(first.text, second.text, ("1", "2"))
    assert "-prompts: {hello: {en: Hello}}" in changed
    back = await scene.published.roll_back(OPS, "menu", 1)
    assert await scene.published_text() == GOOD and back.number == 1
    (overview,) = await scene.drafts.all(OPS)
    assert (overview.number, overview.edited) == (1, True), "the draft is still the newer one"


async def test_a_second_click_publishes_nothing(scene: FlowScene) -> None:
    draft = await scene.add()
    again = [scene.published.publish(OPS, "menu", draft.version, "") for _ in range(4)]
    assert {one.number for one in await asyncio.gather(*again)} == {1}
    assert len(await scene.history.periods(OPS, "menu")) == 1
    with refuses(FlowRefusal.FORBIDDEN):
        await scene.published.publish(SUPERVISOR, "menu", draft.version, "")
    with refuses(FlowRefusal.CHANGED_MEANWHILE):
        await scene.published.publish(OPS, "menu", draft.version + 1, "")
    await scene.published.retire(OPS, "menu")
    assert (await scene.published.publish(OPS, "menu", draft.version, "")).number == 2


async def test_two_people_do_not_overwrite_each_other(scene: FlowScene) -> None:
    draft = await scene.add()
    await scene.drafts.save(OTHER, "menu", draft.version, GOOD + "# mine\n", "")
    with refuses(FlowRefusal.CHANGED_MEANWHILE, "otto"):
        await scene.drafts.save(OPS, "menu", draft.version, GOOD + "# no, mine\n", "")
    with refuses(FlowRefusal.CHANGED_MEANWHILE, "otto"):
        await scene.published.publish(OPS, "menu", draft.version, "")
    saves = [
        scene.drafts.save(OPS, "menu", draft.version + 1, GOOD + f"# {n}\n", "") for n in range(5)
    ]
    came = await asyncio.gather(*saves, return_exceptions=True)
    assert sum(isinstance(one, FlowDraft) for one in came) == 1
    same = await scene.drafts.of(OPS, "menu")
    assert await scene.drafts.save(OPS, "menu", 1, same.text, same.tests) == same


@pytest.mark.parametrize(
    ("change", "why", "about"),
    [
        (lambda text: text.replace("timeout: bye", "timeout: by"), FlowRefusal.FAULTY, ""),
        (lambda text: text.replace("queue: sales,", "queue: slaes,"), FlowRefusal.FAULTY, ""),
        (lambda text: text.replace("flow: menu", "flow: other"), FlowRefusal.OTHER_NAME, "other"),
        (lambda text: text + "a: &a [x, x]\nb: [*a, *a]\n", FlowRefusal.FAULTY, ""),
    ],
)
async def test_what_is_wrong_is_not_published(
    scene: FlowScene, change: Callable[[str], str], why: FlowRefusal, about: str
) -> None:
    draft = await scene.add(change(GOOD))
    with refuses(why, about):
        await scene.published.publish(OPS, "menu", draft.version, "")
    assert await scene.published_text() is None
    assert await scene.history.revisions(OPS, "menu") == ()


async def test_warnings_are_confirmed_and_tests_pass_before(scene: FlowScene) -> None:
    unused = GOOD.replace("{hello: {en: Hello}}", "{hello: {en: Hello}, more: {en: More}}")
    draft = await scene.add(unused, tests=TESTS.replace("waits_in: sales", "waits_in: service"))
    with refuses(FlowRefusal.UNCONFIRMED):
        await scene.published.publish(OPS, "menu", draft.version, "")
    found = await scene.published.checked(OPS, "menu")
    confirmed = [warning_key(warning) for warning in found.warnings]
    with refuses(FlowRefusal.TESTS_FAIL, 'expected the caller to wait in "service"'):
        await scene.published.publish(OPS, "menu", draft.version, "", confirmed)
    saved = await scene.drafts.save(OPS, "menu", draft.version, unused, TESTS)
    made = await scene.published.publish(OPS, "menu", saved.version, "", confirmed)
    assert made.warnings == ('nobody ever hears the prompt "more"',)
    (kept,) = made.sentences
    assert str(kept) == made.warnings[0] and kept.values == {"name": "more"}


async def test_who_may_not_sees_and_changes_nothing(scene: FlowScene) -> None:
    draft = await scene.add()
    assert await scene.drafts.all(STRANGER) == ()
    for refused in (
        scene.drafts.of(STRANGER, "menu"),
        scene.published.publish(STRANGER, "menu", draft.version, ""),
        scene.history.revisions(STRANGER, "menu"),
        scene.published.roll_back(STRANGER, "menu", 1),
    ):
        with refuses(FlowRefusal.UNKNOWN):
            await refused
    assert (await scene.drafts.of(SUPERVISOR, "menu")).text == GOOD
    for forbidden in (
        scene.drafts.save(SUPERVISOR, "menu", draft.version, "x", ""),
        scene.published.publish(SUPERVISOR, "menu", draft.version, ""),
        scene.published.retire(SUPERVISOR, "menu"),
        scene.drafts.add(OPS, "", "everywhere", GOOD),
        scene.drafts.add(STRANGER, "tea", "theirs", GOOD),
    ):
        with refuses(FlowRefusal.FORBIDDEN):
            await forbidden
    await scene.drafts.add(ADMIN, "", "everywhere", GOOD)
    assert [one.flow for one in await scene.drafts.all(STRANGER)] == ["everywhere"]


async def test_a_holiday_flow_goes_live_at_its_time(scene: FlowScene) -> None:
    draft = await scene.add()
    await scene.published.publish(OPS, "menu", draft.version, "usual")
    holiday = GOOD.replace("Hello}", "Happy new year}")
    saved = await scene.drafts.save(OPS, "menu", draft.version, holiday, "")
    midnight = NOON + timedelta(hours=12)
    with refuses(FlowRefusal.IN_THE_PAST):
        await scene.published.plan(OPS, "menu", saved.version, "", NOON)
    with refuses(FlowRefusal.TOO_FAR):
        await scene.published.plan(OPS, "menu", saved.version, "", NOON.replace(year=9999))
    planned = await scene.published.plan(OPS, "menu", saved.version, "new year", midnight)
    await scene.drafts.save(OPS, "menu", saved.version, holiday + "# later thoughts\n", "")
    assert await scene.published.next_due() == midnight
    scene.now = midnight - timedelta(seconds=1)
    assert await scene.published.publish_due() == ()
    scene.now = midnight
    due = await asyncio.gather(scene.published.publish_due(), scene.published.publish_due())
    assert sorted(due) == [(), ("menu",)], "published twice"
    assert await scene.published_text() == holiday, "as it was when it was planned"
    assert await scene.published.planned(OPS, "menu") == ()
    with refuses(FlowRefusal.NOT_PLANNED):
        await scene.published.call_off(OPS, "menu", planned.id)


async def test_thousands_of_plans_of_one_moment_keep_nobody_from_publishing(
    scene: FlowScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publishing.publications.DUE_AT_ONCE", 2)
    draft = await scene.add()
    for _ in range(3):
        await scene.published.plan(OPS, "menu", draft.version, "", NOON + timedelta(hours=1))
    scene.now = NOON + timedelta(hours=2)
    assert await scene.published.publish_due() == ("menu", "menu")
    assert await scene.published.next_due() == NOON + timedelta(hours=1), "one is left"
    assert await scene.published.publish_due() == ("menu",)
    assert await scene.published.publish_due() == ()


async def test_plans_that_take_long_are_carried_out_a_few_at_a_time(
    scene: FlowScene, database: Database
) -> None:
    draft = await scene.add()
    for _ in range(2):
        await scene.published.plan(OPS, "menu", draft.version, "", NOON + timedelta(hours=1))
    late = NOON + timedelta(hours=2)
    slow = Publications(database.pool, anywhere, due_within_s=0.0, clock=lambda: late)
    assert [await slow.publish_due() for _ in range(3)] == [("menu",), ("menu",), ()]


async def test_a_plan_that_breaks_holds_up_no_other(scene: FlowScene, database: Database) -> None:
    late = NOON + timedelta(hours=1)
    other = await scene.add(GOOD.replace("flow: menu", "flow: other"), "other")
    for draft in (await scene.add(), other):
        await scene.published.plan(OPS, draft.flow, draft.version, "", late)
    broken = {"menu"}

    async def leads(_db: asyncpg.Connection, flow: str, _flows: object) -> None:
        if flow in broken:
            raise KeyError("a bug")

    due = Publications(database.pool, anywhere, unfit=leads, clock=lambda: late)
    with capture_logs() as logs:
        assert await due.publish_due() == ("other",)
    assert [(line["log_level"], line["flow"]) for line in logs] == [("error", "menu")]
    assert await scene.published_text() is None
    assert await scene.published.planned(OPS, "menu") == ()
    assert len(await scene.published.given_up(OPS, "menu")) == 1, "the page says so"
    assert await scene.published.next_due() is None, "and it is not tried for ever"


async def test_a_plan_can_be_called_off(scene: FlowScene) -> None:
    draft = await scene.add()
    plan = await scene.published.plan(OPS, "menu", draft.version, "", NOON + timedelta(days=1))
    await scene.published.call_off(OTHER, "menu", plan.id)
    scene.now = NOON + timedelta(days=2)
    assert await scene.published.publish_due() == ()
    assert await scene.published_text() is None


async def test_a_plan_is_called_off_or_published_but_not_both(
    scene: FlowScene, database: Database
) -> None:
    draft = await scene.add()
    plan = await scene.published.plan(OPS, "menu", draft.version, "", NOON + timedelta(days=1))
    scene.now = NOON + timedelta(days=1)
    asked: asyncio.Task[None] | None = None

    async def meanwhile(db: asyncpg.Connection, project: str) -> Outside:
        nonlocal asked  # the plan is due, and about to be published
        asked = asyncio.create_task(scene.published.call_off(OTHER, "menu", plan.id))
        await until(waits_for_the_lock)
        return await anywhere(db, project)

    async def waits_for_the_lock() -> bool:
        waiting = "select exists (select from pg_locks where locktype = 'advisory' and not granted)"
        return asked is not None and (asked.done() or bool(await database.pool.fetchval(waiting)))

    due = Publications(database.pool, meanwhile, clock=lambda: scene.now)
    assert await due.publish_due() == ("menu",)
    assert asked is not None
    with refuses(FlowRefusal.NOT_PLANNED):
        await asked
    assert await scene.published_text() == GOOD


async def test_what_is_planned_of_a_retired_flow_does_not_bring_it_back(scene: FlowScene) -> None:
    draft = await scene.add()
    await scene.published.publish(OPS, "menu", draft.version, "")
    await scene.published.plan(OPS, "menu", draft.version, "", NOON + timedelta(days=1))
    await scene.published.retire(OPS, "menu")
    assert await scene.published.planned(OPS, "menu") == ()
    scene.now = NOON + timedelta(days=2)
    assert await scene.published.publish_due() == ()
    assert await scene.published_text() is None


SUB = """\
flow: identify
languages: [en]
start: a
nodes:
  a: {kind: pause, seconds: 1, exits: {next: b}}
  b: {kind: return}
"""
ENTERS = """\
flow: menu
languages: [en]
start: a
nodes:
  a: {kind: flow, flow: identify, exits: {done: b}}
  b: {kind: hangup}
"""


async def test_a_flow_that_others_enter_keeps_what_they_need(scene: FlowScene) -> None:
    menu = await scene.add(ENTERS)
    with refuses(FlowRefusal.FAULTY):
        await scene.published.publish(OPS, "menu", menu.version, "")
    sub = await scene.add(SUB, "identify")
    await scene.published.publish(OPS, "identify", sub.version, "")
    await scene.published.publish(OPS, "menu", menu.version, "")
    more = await scene.drafts.save(
        OPS, "identify", sub.version, SUB.replace("kind: return", "kind: return, exit: lost"), ""
    )
    with refuses(FlowRefusal.BREAKS_OTHERS, "menu.yaml:5"):
        await scene.published.publish(OPS, "identify", more.version, "")
    with refuses(FlowRefusal.IN_USE, "menu"):
        await scene.published.retire(OPS, "identify")
    scene.users["menu"] = ["4008001000"]
    with refuses(FlowRefusal.IN_USE, "4008001000"):
        await scene.published.retire(OPS, "menu")
    scene.users.clear()
    await scene.published.retire(OPS, "menu")
    await scene.published.retire(OPS, "identify")
    assert (await scene.history.newest()).texts == {}


async def test_names_and_sizes_are_checked(scene: FlowScene) -> None:
    with refuses(FlowRefusal.BAD_NAME):
        await scene.drafts.add(OPS, "tea", "../etc", GOOD)
    await scene.add()
    with refuses(FlowRefusal.EXISTS):
        await scene.add()
    with refuses(FlowRefusal.TOO_LARGE):
        await scene.drafts.save(OPS, "menu", 1, "x" * 5_000_000, "")
    with refuses(FlowRefusal.NO_TEXT):
        await scene.drafts.save(OPS, "menu", 1, "a\x00b", "")


async def test_prompts_are_made_before_calls_meet_a_flow(
    scene: FlowScene, database: Database
) -> None:
    met: list[str | None] = []

    async def ahead(flow: Flow) -> None:
        met.append(await scene.published_text(flow.name))

    published = Publications(database.pool, anywhere, ahead=ahead)
    draft = await scene.add()
    await published.publish(OPS, "menu", draft.version, "")
    assert met == [None]
    faulty = await scene.drafts.save(OPS, "menu", draft.version, "flow: [", "")
    with refuses(FlowRefusal.FAULTY):
        await published.publish(OPS, "menu", faulty.version, "")
    await published.roll_back(OPS, "menu", 1)
    assert met == [None], "who rolls back waits for none"
