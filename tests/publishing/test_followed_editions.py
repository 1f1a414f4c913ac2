"""Following published editions in a real database, and plans that come due."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from publishing.edition_copy import CopiedEditions, read_editions
from publishing.flow_checks import anywhere
from publishing.flow_words import FlowEdition
from publishing.followed_editions import FollowedEditions
from publishing.publications import Publications
from storage.database import Database
from storage.database_errors import DatabaseUnreachable
from tests.publishing.test_publications import GOOD, OPS, FlowScene
from tests.waiting import until

LATER = GOOD.replace("Hello}", "Good evening}")


@pytest.fixture
def scene(database: Database) -> FlowScene:
    return FlowScene(database)


@asynccontextmanager
async def followed(
    database: Database,
    scene: FlowScene,
    *,
    look_every_s: float = 3600,
    published: Publications | None = None,
    fails: Callable[[FlowEdition], None] = lambda _: None,
) -> AsyncIterator[list[FlowEdition]]:
    """What was put in force; ``fails`` may raise first."""
    taken: list[FlowEdition] = []

    async def take(edition: FlowEdition) -> None:
        fails(edition)
        taken.append(edition)

    one = FollowedEditions(
        database.pool,
        scene.history,
        published or scene.published,
        look_every_s=look_every_s,
        clock=lambda: scene.now,
    )
    tasks = [asyncio.create_task(one.follow(take)), asyncio.create_task(one.publish_due())]
    try:
        yield taken
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_each_publication_arrives(database: Database, scene: FlowScene) -> None:
    draft = await scene.add()
    async with followed(database, scene) as taken:
        await until(lambda: len(taken) == 1, what="what is there at the start")
        assert taken[0] == FlowEdition(0, {}, {})
        await scene.published.publish(OPS, "menu", draft.version, "")
        await until(lambda: len(taken) == 2, what="the publication")
        assert (taken[1].texts, taken[1].numbers) == ({"menu": GOOD}, {"menu": 1})
        assert taken[1].projects == {"menu": "tea"}
        await scene.published.retire(OPS, "menu")
        await until(lambda: len(taken) == 3 and taken[2].texts == {}, what="that it is retired")


async def test_an_announcement_that_was_lost_costs_a_moment(
    database: Database, scene: FlowScene
) -> None:
    async with followed(database, scene, look_every_s=0.05) as taken:
        await scene.add()
        async with database.pool.acquire() as db, db.transaction():
            await db.execute(
                "insert into flow_revisions (flow, number, text, tests, at, by, note)"
                " values ('menu', 1, $1, '', now(), 'somebody', '')",
                GOOD,
            )
            await db.execute(
                "insert into flow_editions (at, by, flow, revision, why)"
                " select now(), 'somebody', 'menu', revision, 'published' from flow_revisions"
            )
        await until(lambda: bool(taken) and taken[-1].texts == {"menu": GOOD}, what="the edition")


async def test_a_plan_is_published_when_its_time_comes(
    database: Database, scene: FlowScene
) -> None:
    draft = await scene.add()
    await scene.published.publish(OPS, "menu", draft.version, "")
    saved = await scene.drafts.save(OPS, "menu", draft.version, LATER, "")
    async with followed(database, scene) as taken:
        due = scene.now + timedelta(hours=8)
        await scene.published.plan(OPS, "menu", saved.version, "evening", due)
        await until(lambda: bool(taken), what="the edition before")
        assert await scene.published_text() == GOOD
        scene.now = due  # somebody sets the clock, or eight hours have passed
        await until(lambda: taken[-1].texts == {"menu": LATER}, what="the plan")


async def test_a_plan_that_came_due_while_nothing_ran_is_published_at_the_start(
    database: Database, scene: FlowScene
) -> None:
    draft = await scene.add()
    due = scene.now + timedelta(hours=1)
    await scene.published.plan(OPS, "menu", draft.version, "", due)
    scene.now = due + timedelta(days=2)
    async with followed(database, scene) as first, followed(database, scene) as second:
        for taken in (first, second):
            await until(lambda: bool(taken) and taken[-1].texts == {"menu": GOOD}, what="the plan")  # noqa: B023
        assert await scene.history.newest_number() == 1, "once, though two were there"


async def test_an_edition_that_can_not_be_put_in_force_ends_nothing(
    database: Database, scene: FlowScene
) -> None:
    draft = await scene.add()
    tries: list[int] = []

    def fails(edition: FlowEdition) -> None:
        if edition.texts == {"menu": GOOD}:
            tries.append(edition.edition)
            raise KeyError("a bug")

    with capture_logs() as logs:
        async with followed(database, scene, fails=fails) as taken:
            await until(lambda: len(taken) == 1, what="what is there at the start")
            await scene.published.publish(OPS, "menu", draft.version, "")
            await until(lambda: len(tries) >= 2, what="that it is tried again")
            saved = await scene.drafts.save(OPS, "menu", draft.version, LATER, "")
            await scene.published.publish(OPS, "menu", saved.version, "")
            await until(lambda: taken[-1].texts == {"menu": LATER}, what="the next edition")
    assert ["because of a bug" in line["event"] for line in logs] == [True], logs


async def test_plans_that_can_not_be_published_now_are_tried_again(
    database: Database, scene: FlowScene
) -> None:
    draft = await scene.add()
    tries: list[datetime] = []

    def clock() -> datetime:
        tries.append(scene.now)
        if len(tries) < 3:
            raise KeyError("a bug")
        return scene.now

    due = Publications(database.pool, anywhere, clock=clock)
    await scene.published.plan(OPS, "menu", draft.version, "", scene.now + timedelta(hours=1))
    scene.now += timedelta(hours=2)
    with capture_logs() as logs:
        async with followed(database, scene, look_every_s=0.05, published=due) as taken:
            await until(lambda: bool(taken) and taken[-1].texts == {"menu": GOOD}, what="the plan")
    assert ["because of a bug" in line["event"] for line in logs] == [True], logs


async def test_the_last_editions_are_copied_to_this_machine(tmp_path: Path) -> None:
    async def away(_: int) -> FlowEdition:
        raise DatabaseUnreachable("nobody answers")

    file = tmp_path / "flows.json"
    one = CopiedEditions(file, away)
    assert one.read() is None
    made = [
        FlowEdition(number, {"menu": f"{number}", "same": "s"}, {"menu": number, "same": 1}, {})
        for number in range(1, 15)
    ]
    for edition in made:
        await one.keep(edition)
    again = CopiedEditions(file, away)
    newest = again.read()
    assert newest is not None and newest.edition == 14 and newest.texts == made[-1].texts
    assert (await again.edition(5)).texts == made[4].texts
    with pytest.raises(DatabaseUnreachable):
        await again.edition(4)
    restored = FlowEdition(7, {"menu": "of a backup"}, {"menu": 7}, {"menu": "tea"})
    await again.keep(restored)
    assert [found.edition for found in read_editions(file)] == [7, 6, 5]
    assert read_editions(file)[0] == restored, "its number is another text's by now"
    for broken in (b"", b"{", b'{"form": 2}', b'{"form": 1, "editions": [1]}', b"[" * 9999):
        file.write_bytes(broken)
        with capture_logs() as logs:
            assert CopiedEditions(file, away).read() is None
        assert len(logs) == 1
