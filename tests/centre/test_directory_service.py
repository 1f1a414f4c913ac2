"""Changes of the directory in a real database."""

import asyncio

import asyncpg
import pytest

from centre.authority import SYSTEM
from centre.directory import Directory, edits_between
from centre.directory_faults import Fault, FaultCode, Surroundings, faults_of
from centre.directory_service import (
    ANY,
    ChangeConflict,
    ChangeForbidden,
    ChangeRefused,
    DirectoryService,
    NoSuchChange,
    NothingToChange,
    WishedThing,
)
from centre.directory_store import (
    CHANNEL,
    DirectoryBroken,
    DirectoryStore,
    KeptDirectory,
    ThingKey,
)
from centre.endpoint_settings import AccountSettings
from centre.kinds import Kind, Thing
from centre.organisation_settings import AgentSettings, ProjectSettings, SkillSettings
from domain.roles import Actor, Role
from storage.database import Database
from tests.centre.small import (
    BANK,
    HOTLINE,
    PHONE,
    QUEUE,
    SALES,
    TEA,
    TRUNK,
    WANG,
    small_directory,
)
from tests.waiting import until

pytestmark = pytest.mark.live


@pytest.fixture
def store(database: Database) -> DirectoryStore:
    return DirectoryStore(database.pool)


@pytest.fixture
def service(store: DirectoryStore) -> DirectoryService:
    return DirectoryService(store)


def made(*things: Thing) -> list[WishedThing]:
    return [WishedThing(thing.KIND, thing.key, thing, None) for thing in things]


async def set_up(service: DirectoryService) -> KeptDirectory:
    """The small directory, made in one change."""
    await service.change(SYSTEM, made(*small_directory()), note="first")
    return await service.read()


def things(directory: Directory) -> list[tuple[Kind, str]]:
    return [(thing.KIND, thing.key) for thing in directory]


async def test_nothing_is_there_at_first(service: DirectoryService) -> None:
    kept = await service.read()
    assert (kept.revision, kept.directory.empty) == (0, True)


async def test_a_change_is_kept_with_its_order(
    service: DirectoryService, store: DirectoryStore
) -> None:
    kept = await set_up(service)
    assert edits_between(kept.directory, small_directory()) == ()
    fresh = await store.read()
    assert (fresh.revision, things(fresh.directory)) == (kept.revision, things(small_directory()))
    assert fresh.changed == kept.changed
    (line,) = await store.history()
    assert (line.by, line.note, line.edits, line.undone_by) == ("offhook", "first", 11, None)


async def test_a_large_change_keeps_its_order(
    service: DirectoryService, store: DirectoryStore
) -> None:
    before = await set_up(service)
    many = [ProjectSettings(name=f"p{n}", title=f"{n}") for n in range(1_000)]
    renamed = TEA.model_copy(update={"title": "Tee"})
    wishes = [*made(*many), WishedThing(Kind.PROJECT, "tea", renamed, ANY)]
    change = await service.change(SYSTEM, wishes)
    assert (await store.change(change.id)) == change
    fresh = await store.read()
    names = [*(p.name for p in (TEA, BANK)), *(p.name for p in many)]
    assert list(fresh.directory.things[Kind.PROJECT]) == names
    assert (await store.first_edits([change.id], 250))[change.id] == change.edits[:250]
    assert (await store.read(before)).directory.things == fresh.directory.things
    await service.undo(SYSTEM, change.id)
    assert (await service.read()).directory == before.directory


async def test_others_read_only_what_is_new(
    service: DirectoryService, store: DirectoryStore
) -> None:
    first = await set_up(service)
    seen = first.changed[Kind.AGENT, "1001"]
    moved = WANG.model_copy(update={"skills": {"sales": 5}})
    await service.change(
        SYSTEM, [WishedThing(Kind.AGENT, "1001", moved, seen), *made(SkillSettings(name="x"))]
    )
    await service.change(
        SYSTEM, [WishedThing(Kind.PROJECT, "bank", None, first.changed[Kind.PROJECT, "bank"])]
    )
    newer, fresh = await store.read(first), await store.read()
    assert newer.revision == fresh.revision == first.revision + 2
    assert newer.changed == fresh.changed
    assert edits_between(newer.directory, fresh.directory) == ()
    assert fresh.directory.get(Kind.AGENT, "1001") == moved
    assert not fresh.directory.has(Kind.PROJECT, "bank")


async def test_a_change_that_would_leave_a_fault_is_not_made(service: DirectoryService) -> None:
    kept = await set_up(service)
    tea = WishedThing(Kind.PROJECT, "tea", None, kept.changed[Kind.PROJECT, "tea"])
    with pytest.raises(ChangeRefused) as refused:
        await service.change(SYSTEM, [tea, *made(SkillSettings(name="new"))])
    assert {fault.code for fault in refused.value.faults} == {FaultCode.NO_SUCH_THING}
    assert {fault.key for fault in refused.value.faults} == {"sales", "4008001000", "1001"}
    after = await service.read()
    assert (after.revision, things(after.directory)) == (kept.revision, things(kept.directory))


async def test_a_fault_from_outside_stands_in_nobodys_way(store: DirectoryStore) -> None:
    flows = {"hotline"}

    def check(directory: Directory) -> list[Fault]:
        return list(faults_of(directory, Surroundings(is_flow=flows.__contains__)))

    service = DirectoryService(store, check=check)
    await set_up(service)
    flows.clear()
    await service.change(SYSTEM, made(SkillSettings(name="new")))
    with pytest.raises(ChangeRefused):
        await service.change(SYSTEM, made(HOTLINE.model_copy(update={"number": "4008002000"})))


async def test_two_who_save_the_same_thing(service: DirectoryService) -> None:
    kept = await set_up(service)
    seen = kept.changed[Kind.AGENT, "1001"]
    first = WANG.model_copy(update={"name": "Wang"})
    second = WANG.model_copy(update={"name": "Fang"})
    susi = Actor("susi", Role.ADMIN, None)
    done = await asyncio.gather(
        service.change(susi, [WishedThing(Kind.AGENT, "1001", first, seen)]),
        service.change(susi, [WishedThing(Kind.AGENT, "1001", second, seen)]),
        return_exceptions=True,
    )
    (late,) = [each for each in done if isinstance(each, ChangeConflict)]
    (conflict,) = late.conflicts
    kept = await service.read()
    assert conflict.now == kept.directory.get(Kind.AGENT, "1001")
    assert conflict.now in (first, second)
    assert conflict.change is not None
    assert (conflict.change.by, conflict.change.id) == ("susi", kept.revision)


async def test_a_thing_that_somebody_else_removed_or_made(service: DirectoryService) -> None:
    kept = await set_up(service)
    seen = kept.changed[Kind.PROJECT, "bank"]
    await service.change(SYSTEM, [WishedThing(Kind.PROJECT, "bank", None, seen)])
    renamed = BANK.model_copy(update={"title": "The bank"})
    with pytest.raises(ChangeConflict) as removed:
        await service.change(SYSTEM, [WishedThing(Kind.PROJECT, "bank", renamed, seen)])
    assert removed.value.conflicts[0].now is None
    with pytest.raises(ChangeConflict) as there:
        await service.change(SYSTEM, made(TEA.model_copy(update={"title": "Mine"})))
    assert there.value.conflicts[0].now == TEA


async def test_a_program_overwrites_what_is_there(service: DirectoryService) -> None:
    await set_up(service)
    renamed = TEA.model_copy(update={"title": "Mine"})
    await service.change(SYSTEM, [WishedThing(Kind.PROJECT, "tea", renamed, ANY)])
    assert (await service.read()).directory.get(Kind.PROJECT, "tea") == renamed


async def test_what_is_so_already_is_no_change(service: DirectoryService) -> None:
    kept = await set_up(service)
    with pytest.raises(NothingToChange):
        await service.change(SYSTEM, made(TEA, QUEUE))
    assert (await service.read()).revision == kept.revision


async def test_an_undo_is_a_change_and_can_be_undone(
    service: DirectoryService, store: DirectoryStore
) -> None:
    kept = await set_up(service)
    wang = WANG.model_copy(update={"skills": {}})
    change = await service.change(
        SYSTEM,
        [
            WishedThing(Kind.AGENT, "1001", wang, kept.changed[Kind.AGENT, "1001"]),
            WishedThing(Kind.PROJECT, "bank", None, kept.changed[Kind.PROJECT, "bank"]),
            *made(SkillSettings(name="new")),
        ],
    )
    undone = await service.undo(SYSTEM, change.id, note="a mistake")
    assert edits_between((await service.read()).directory, kept.directory) == ()
    assert undone.undoes == change.id
    again = await service.undo(SYSTEM, undone.id)
    assert (await service.read()).directory.get(Kind.AGENT, "1001") == wang
    assert [(line.id, line.undoes, line.undone_by) for line in await store.history(limit=3)] == [
        (again.id, undone.id, None),
        (undone.id, change.id, again.id),
        (change.id, None, None),  # it is in force again
    ]
    with pytest.raises(NoSuchChange):
        await service.undo(SYSTEM, again.id + 100)


async def test_nothing_newer_is_lost_by_an_undo(service: DirectoryService) -> None:
    kept = await set_up(service)
    seen = kept.changed[Kind.AGENT, "1001"]
    first = await service.change(
        SYSTEM, [WishedThing(Kind.AGENT, "1001", WANG.model_copy(update={"skills": {}}), seen)]
    )
    named = WANG.model_copy(update={"skills": {}, "name": "Wang"})
    await service.change(SYSTEM, [WishedThing(Kind.AGENT, "1001", named, first.id)])
    with pytest.raises(ChangeConflict):
        await service.undo(SYSTEM, first.id)
    assert (await service.read()).directory.get(Kind.AGENT, "1001") == named


async def test_what_came_later_is_undone_first_and_then_the_earlier(
    service: DirectoryService,
) -> None:
    kept = await set_up(service)
    seen = kept.changed[Kind.AGENT, "1001"]
    after = [WANG.model_copy(update={"name": name}) for name in ("W", "Wa", "Wang")]
    changes = []
    for agent in after:
        made = await service.change(SYSTEM, [WishedThing(Kind.AGENT, "1001", agent, seen)])
        changes.append(seen := made.id)
    for change in reversed(changes):
        await service.undo(SYSTEM, change)
    assert (await service.read()).directory.get(Kind.AGENT, "1001") == WANG
    await service.undo(SYSTEM, kept.revision)
    assert (await service.read()).directory.empty
    with pytest.raises(ChangeConflict):  # there is nobody left to give a name
        await service.undo(SYSTEM, changes[-1] + 1)


async def test_what_was_undone_and_done_again_is_not_undone(
    service: DirectoryService, store: DirectoryStore
) -> None:
    first = (await set_up(service)).revision

    async def undone_by() -> list[int | None]:
        return [line.undone_by for line in await store.history()]

    assert await undone_by() == [None]
    undo = (await service.undo(SYSTEM, first)).id
    assert await undone_by() == [None, undo]
    again = (await service.undo(SYSTEM, undo)).id
    assert await undone_by() == [None, again, None]
    once_more = (await service.undo(SYSTEM, again)).id
    assert await undone_by() == [None, once_more, None, undo]
    await service.undo(SYSTEM, once_more)
    directly = (await service.undo(SYSTEM, first)).id
    assert (await undone_by())[-1] == directly


async def test_the_first_change_can_be_undone_whole(service: DirectoryService) -> None:
    kept = await set_up(service)
    await service.undo(SYSTEM, kept.revision)
    assert (await service.read()).directory.empty


async def test_what_is_not_theirs_is_not_changed(service: DirectoryService) -> None:
    kept = await set_up(service)
    otto = Actor("otto", Role.OPS, frozenset({"bank"}))
    mine = WishedThing(
        Kind.PROJECT,
        "bank",
        BANK.model_copy(update={"title": "B"}),
        kept.changed[Kind.PROJECT, "bank"],
    )
    theirs = WishedThing(Kind.AGENT, "1001", None, kept.changed[Kind.AGENT, "1001"])
    with pytest.raises(ChangeForbidden) as refused:
        await service.change(otto, [mine, theirs])
    assert [edit.key for edit in refused.value.edits] == ["1001"]
    with pytest.raises(ChangeForbidden):
        await service.change(otto, [], secrets={(Kind.STATION, "1001"): "digest"})
    with pytest.raises(ChangeForbidden):
        await service.undo(otto, kept.revision)
    assert (await service.read()).revision == kept.revision
    await service.change(otto, [mine])


async def test_secrets_come_with_the_change_and_survive_an_undone_removal(
    service: DirectoryService, store: DirectoryStore
) -> None:
    await service.change(SYSTEM, made(TEA, PHONE), secrets={(Kind.STATION, "1001"): "digest-1"})
    kept = await service.read()
    gone = await service.change(
        SYSTEM, [WishedThing(Kind.STATION, "1001", None, kept.changed[Kind.STATION, "1001"])]
    )
    await service.undo(SYSTEM, gone.id)
    assert await store.secrets() == {(Kind.STATION, "1001"): "digest-1"}
    await service.change(SYSTEM, [], secrets={(Kind.STATION, "1001"): "digest-2"})
    assert await store.secrets() == {(Kind.STATION, "1001"): "digest-2"}
    renewed, *earlier = await store.history(Kind.STATION, "1001")
    change = await store.change(renewed.id)
    assert change is not None
    assert change.edits[0].changed == ()
    assert len(earlier) == 3
    assert "digest" not in str([await store.change(line.id) for line in (renewed, *earlier)])


STATION: ThingKey = (Kind.STATION, "1001")


async def test_who_makes_what_is_there_changes_no_password(
    service: DirectoryService, store: DirectoryStore
) -> None:
    first = await service.change(SYSTEM, made(PHONE), secrets={STATION: "one"})
    with pytest.raises(ChangeConflict) as there:
        await service.change(SYSTEM, made(PHONE), secrets={STATION: "two"})
    assert there.value.conflicts[0].change is not None
    assert there.value.conflicts[0].change.id == first.id
    assert await store.secrets() == {STATION: "one"}
    await service.change(
        SYSTEM, [WishedThing(*STATION, PHONE, first.id)], secrets={STATION: "three"}
    )
    assert await store.secrets() == {STATION: "three"}


async def test_who_is_brought_back_does_not_get_a_successors_secret(
    service: DirectoryService, store: DirectoryStore
) -> None:
    successor = WANG.model_copy(update={"name": "Li"})
    agent: ThingKey = (Kind.AGENT, "1001")
    await service.change(
        SYSTEM, made(*small_directory()), secrets={STATION: "phone", agent: "Wang's"}
    )
    gone = await service.change(SYSTEM, [WishedThing(*agent, None, ANY)])
    other = await service.change(SYSTEM, made(successor), secrets={agent: "Li's"})
    dismissed: list[str] = []

    async def dismiss(_: asyncpg.Connection, code: str) -> None:
        dismissed.append(code)

    await service.undo(SYSTEM, other.id, dismiss=dismiss)
    assert dismissed == []
    undone = await service.undo(SYSTEM, gone.id, dismiss=dismiss)
    assert dismissed == ["1001"]
    assert await store.secrets() == {STATION: "phone"}
    assert await service.lacking_secrets([WANG, PHONE, TEA]) == {agent}
    # An undo of that, and one of the undo, bring back nobody's.
    again = await service.undo(SYSTEM, undone.id)
    await service.change(SYSTEM, [], secrets={STATION: "renewed"})
    await service.undo(SYSTEM, again.id)
    assert await store.secrets() == {STATION: "renewed"}


async def test_what_is_made_anew_without_a_secret_has_none(
    service: DirectoryService, store: DirectoryStore
) -> None:
    await service.change(SYSTEM, made(PHONE), secrets={STATION: "old"})
    await service.change(SYSTEM, [WishedThing(*STATION, None, ANY)])
    await service.change(SYSTEM, made(PHONE))
    assert await store.secrets() == {}


async def test_a_lines_digest_is_never_said_to_a_carrier(
    service: DirectoryService, store: DirectoryStore
) -> None:
    line: ThingKey = (Kind.LINE, "carrier")
    account = AccountSettings(user="u")
    carriers = TRUNK.model_copy(update={"host": "10.0.0.1", "account": account})
    await service.change(SYSTEM, made(carriers), secrets={line: "said to the carrier"})
    change = await service.change(
        SYSTEM, [WishedThing(*line, TRUNK, ANY)], secrets={line: "a digest"}
    )
    await service.undo(SYSTEM, change.id)
    assert await store.secrets() == {}
    await service.change(SYSTEM, [], secrets={line: "said again"})
    plain = carriers.model_copy(update={"account": None})
    unused = await service.change(SYSTEM, [WishedThing(*line, plain, ANY)])
    await service.undo(SYSTEM, unused.id)
    assert await store.secrets() == {line: "said again"}
    await service.change(SYSTEM, [WishedThing(*line, TRUNK, ANY)])
    assert await store.secrets() == {}


async def test_an_undone_import_comes_back_with_its_secrets(
    service: DirectoryService, store: DirectoryStore
) -> None:
    first = await service.change(SYSTEM, made(TEA, PHONE), secrets={STATION: "imported"})
    undone = await service.undo(SYSTEM, first.id)
    again = await service.undo(SYSTEM, undone.id)
    assert await store.secrets() == {STATION: "imported"}
    await service.undo(SYSTEM, (await service.undo(SYSTEM, again.id)).id)
    assert await store.secrets() == {STATION: "imported"}


async def test_an_older_database_that_came_back_is_read_anew(
    service: DirectoryService, store: DirectoryStore, database: Database
) -> None:
    await service.change(SYSTEM, made(TEA))
    await service.change(SYSTEM, made(BANK))
    await service.read()
    await database.pool.execute(
        "delete from directory_edits where change > 1;"
        " delete from directory_things where change > 1;"
        " delete from directory_changes where id > 1;"
        " alter table directory_changes alter id restart with 2"
    )
    await DirectoryService(store).change(SYSTEM, made(SALES))  # with the number of another
    assert things((await service.read()).directory) == [
        (Kind.PROJECT, "tea"),
        (Kind.SKILL, "sales"),
    ]


async def test_what_is_done_with_it_is_done_or_not_at_all(
    service: DirectoryService, database: Database
) -> None:
    async def fails(db: asyncpg.Connection) -> None:
        await db.execute("insert into agents values ('9', 'x', '{}')")
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        await service.change(SYSTEM, made(TEA), also=fails)
    assert (await service.read()).directory.empty
    assert await database.pool.fetchval("select count(*) from agents") == 0


async def test_a_change_is_announced(database: Database, store: DirectoryStore) -> None:
    heard: list[str] = []
    numbers: list[int] = []
    service = DirectoryService(store, on_change=numbers.append)
    async with database.pool.acquire() as listener:

        def hear(*said: object) -> None:
            heard.append(str(said[-1]))

        await listener.add_listener(CHANNEL, hear)
        change = await service.change(SYSTEM, made(TEA))
        await until(lambda: heard, what="the notification")
        await listener.remove_listener(CHANNEL, hear)
    assert (heard, numbers) == ([str(change.id)], [change.id])


async def test_the_history_of_one_thing(service: DirectoryService, store: DirectoryStore) -> None:
    kept = await set_up(service)
    seen = kept.changed[Kind.AGENT, "1001"]
    last = await service.change(
        SYSTEM, [WishedThing(Kind.AGENT, "1001", WANG.model_copy(update={"name": "W"}), seen)]
    )
    await service.change(SYSTEM, made(SkillSettings(name="new")))
    found = await store.history(Kind.AGENT, "1001")
    assert [line.id for line in found] == [last.id, kept.revision]
    assert [line.id for line in await store.history(before=last.id)] == [kept.revision]
    assert await store.history(by="nobody") == ()
    change = await store.change(last.id)
    assert change is not None
    assert change.edits[0].changed == ("name",)


async def test_five_thousand_agents_are_one_change(service: DirectoryService) -> None:
    agents = [
        AgentSettings(code=str(10_000 + number), name=f"Agent {number}", projects=("tea",))
        for number in range(5_000)
    ]
    await service.change(SYSTEM, made(TEA, *agents))
    assert len((await service.read()).directory) == 5_001


async def test_names_may_have_any_character(service: DirectoryService) -> None:
    title = "'; drop table calls; -- <script>&\\ \\u0041 { } 春山 🍵"
    await service.change(SYSTEM, made(ProjectSettings(name="odd", title=title)))
    found = (await service.read()).directory.of(ProjectSettings)["odd"]
    assert found.title == title


async def test_what_nobody_understands_is_said(
    service: DirectoryService, store: DirectoryStore, database: Database
) -> None:
    await service.change(SYSTEM, made(TEA))
    await database.pool.execute("update directory_things set content = '{\"colour\": 1}'")
    with pytest.raises(DirectoryBroken, match="has a project 'tea' that this Offhook doesn't"):
        await store.read()


async def test_what_a_change_left_of_a_thing(service: DirectoryService) -> None:
    first = (await set_up(service)).revision
    place = (Kind.AGENT, "1001")
    moved = WANG.model_copy(update={"skills": {"sales": 5}})
    second = await service.change(SYSTEM, [WishedThing(*place, moved, first)])
    third = await service.change(SYSTEM, [WishedThing(*place, None, second.id)])
    assert await service.left_by({place: first, (Kind.PROJECT, "tea"): first}) == {
        place: WANG,
        (Kind.PROJECT, "tea"): TEA,
    }
    assert await service.left_by({place: second.id}) == {place: moved}
    for nothing in (third.id, 0, 99, -1):
        assert await service.left_by({place: nothing}) == {}
    assert await service.left_by({}) == {}
