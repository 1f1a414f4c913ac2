"""Following the directory's changes in a real database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from centre.authority import SYSTEM
from centre.directory_copy import DirectoryCopy
from centre.directory_service import ANY, DirectoryService, WishedThing
from centre.directory_store import DirectoryStore, KeptDirectory
from centre.following import FollowedDirectory
from centre.kinds import Kind
from storage.database import Database, open_database
from storage.embedded import EmbeddedServer
from tests.centre.small import BANK, PHONE, TEA
from tests.waiting import until

pytestmark = pytest.mark.live


class Taken:
    """What was handed on."""

    def __init__(self) -> None:
        self.found: list[DirectoryCopy] = []

    async def take(self, now: DirectoryCopy) -> None:
        self.found.append(now)

    def has(self, kind: Kind, key: str) -> bool:
        return bool(self.found) and self.found[-1].kept.directory.has(kind, key)


@asynccontextmanager
async def followed(database: Database, *, look_every_s: float) -> AsyncIterator[Taken]:
    one = FollowedDirectory(
        database.pool, DirectoryCopy(KeptDirectory()), look_every_s=look_every_s
    )
    taken = Taken()
    task = asyncio.create_task(one.follow(taken.take))
    try:
        yield taken
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_change_in_another_process_arrives(database: Database) -> None:
    service = DirectoryService(DirectoryStore(database.pool))
    await service.change(SYSTEM, [WishedThing(Kind.PROJECT, "tea", TEA, None)])
    async with followed(database, look_every_s=3600) as taken:
        await until(lambda: taken.has(Kind.PROJECT, "tea"), what="what was there before")
        await service.change(
            SYSTEM,
            [WishedThing(Kind.STATION, "1001", PHONE, None)],
            secrets={(Kind.STATION, "1001"): "digest"},
        )
        await until(lambda: taken.has(Kind.STATION, "1001"), what="the announced change")
        assert taken.found[-1].secrets == {(Kind.STATION, "1001"): "digest"}
        await service.change(SYSTEM, [], secrets={(Kind.STATION, "1001"): "renewed"})
        await until(lambda: "renewed" in taken.found[-1].secrets.values(), what="the new secret")
        assert [copy.kept.revision for copy in taken.found] == [1, 2, 3]


async def test_an_announcement_that_was_lost_costs_a_moment(database: Database) -> None:
    async with followed(database, look_every_s=0.05) as taken:
        async with database.pool.acquire() as db, db.transaction():
            await db.execute("insert into directory_changes (at, by) values (now(), 'somebody')")
            await db.execute(
                "insert into directory_edits (change, number, kind, key, after)"
                ' values (1, 1, \'project\', \'tea\', \'{"name": "tea", "title": "Tea"}\')'
            )
            await db.execute(
                "insert into directory_things (kind, key, content, change)"
                ' values (\'project\', \'tea\', \'{"name": "tea", "title": "Tea"}\', 1)'
            )
        await until(lambda: taken.has(Kind.PROJECT, "tea"), what="the change")


async def test_what_could_not_be_taken_is_given_again(database: Database) -> None:
    service = DirectoryService(DirectoryStore(database.pool))
    await service.change(SYSTEM, [WishedThing(Kind.PROJECT, "tea", TEA, None)])
    one = FollowedDirectory(database.pool, DirectoryCopy(KeptDirectory()), look_every_s=0.05)
    given: list[int] = []

    async def take(now: DirectoryCopy) -> None:
        given.append(now.kept.revision)
        if len(given) == 1:
            raise OSError("the database has just gone")

    task = asyncio.create_task(one.follow(take))
    await until(lambda: len(given) > 1, what="the same directory again")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert given == [1, 1]


@pytest.mark.long
async def test_tables_that_are_gone_for_a_while_end_nothing(database: Database) -> None:
    service = DirectoryService(DirectoryStore(database.pool))
    async with followed(database, look_every_s=0.05) as taken:
        with capture_logs() as logs:
            async with database.pool.acquire() as db:
                await db.execute("alter table directory_changes rename to elsewhere")
                await until(lambda: logs, what="a word that it can't be read")
                await db.execute("alter table elsewhere rename to directory_changes")
        await service.change(SYSTEM, [WishedThing(Kind.PROJECT, "tea", TEA, None)])
        await until(lambda: taken.has(Kind.PROJECT, "tea"), 20, "the change")
    assert [line["event"] for line in logs] == [
        "the directory can't be read; what is in force goes on"
    ]


async def test_a_server_that_comes_back_older_is_believed(own_server: EmbeddedServer) -> None:
    """As after a backup was restored: fewer changes than we know."""
    database = await open_database(await own_server.database("followed"))
    service = DirectoryService(DirectoryStore(database.pool))
    await service.change(SYSTEM, [WishedThing(Kind.PROJECT, "tea", TEA, None)])
    await service.change(SYSTEM, [WishedThing(Kind.PROJECT, "bank", BANK, ANY)])
    async with followed(database, look_every_s=3600) as taken:
        await until(lambda: taken.has(Kind.PROJECT, "bank"), what="both projects")
        async with database.pool.acquire() as db, db.transaction():
            await db.execute("delete from directory_things where key = 'bank'")
            await db.execute("delete from directory_edits where change = 2")
            await db.execute("delete from directory_changes where id = 2")
        await asyncio.to_thread(own_server.stop)
        await asyncio.to_thread(own_server.start)
        await until(lambda: not taken.has(Kind.PROJECT, "bank"), 30, "the older directory")
        assert taken.has(Kind.PROJECT, "tea")
    await database.close()
