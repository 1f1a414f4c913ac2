"""The library of recordings on a real database, with the real ffmpeg."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import pytest
from structlog.testing import capture_logs

from domain.prompts import PromptText
from domain.roles import Actor, Role
from prompt_library.recorded_index import INDEX_FILE, RecordedIndex
from prompt_library.recording_library import MOST_VERSIONS, RecordingLibrary, recorded
from prompt_library.recording_words import (
    RecordingChange,
    RecordingName,
    RecordingRefusal,
    RecordingRefused,
    RecordingUse,
    RecordingVersion,
    UseKind,
)
from prompt_library.taking_over import TAKEN, take_over
from prompts.converting import SoundRefusal
from prompts.sounds import PromptError, Prompts
from storage.database import Database
from storage.database_errors import AWAY
from storage.queries import load
from tests.prompts.sounds import level, samples, tones
from tests.prompts.uploads import PLAIN
from tests.waiting import until

OPS = Actor("olga", Role.OPS, frozenset({"tea"}))
STRANGER = Actor("sam", Role.OPS, frozenset({"coffee"}))
SUPERVISOR = Actor("sue", Role.SUPERVISOR, frozenset({"tea"}))
ADMIN = Actor("ann", Role.ADMIN, None)
HELLO = RecordingName("hello", "en", "tea")
EVERYBODYS = RecordingName("hello", "en")
SPOKEN = PromptText("hello", "en", "Hello")


class Shelves:
    """A library and an index over one database."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.uses: list[RecordingUse] = []
        self.pool = database.pool
        self.index = RecordedIndex(database.pool, folder / INDEX_FILE)
        self.library = RecordingLibrary(database.pool, self._uses, on_change=self.index.look)
        self.prompts = Prompts(folder / "prompts", recorded=self.index)

    async def _uses(self, _db: asyncpg.Connection) -> Sequence[RecordingUse]:
        return self.uses

    async def upload(self, hz: float, of: RecordingName = HELLO) -> RecordingVersion:
        actor = OPS if of.project else ADMIN
        return await self.library.upload(actor, of, f"{hz:g}.wav", tones(hz))

    async def hears(self, hz: float, project: str = "tea") -> bool:
        sound = samples((await self.prompts.file(SPOKEN, project=project)).read_bytes())
        return level(sound, hz) > -25


@pytest.fixture
def shelves(database: Database, tmp_path: Path) -> Shelves:
    return Shelves(database, tmp_path)


async def refused(shelves: Shelves, *about: object) -> RecordingRefusal:
    with pytest.raises(RecordingRefused) as caught:
        await shelves.library.upload(*about)  # type: ignore[arg-type]
    return caught.value.why


async def test_an_upload_is_heard_at_once_replaced_and_brought_back(shelves: Shelves) -> None:
    first = await shelves.upload(500)
    assert await shelves.hears(500)
    await shelves.upload(900)
    assert await shelves.hears(900) and not await shelves.hears(500)
    second, oldest = await shelves.library.history(OPS, HELLO)
    assert (oldest.id, oldest.file_name, oldest.by) == (first.id, "500.wav", "olga")
    assert first.findings is not None and first.findings.seconds == pytest.approx(1, abs=0.05)
    back = await shelves.library.bring_back(OPS, first.id, second.id)
    assert back.what is RecordingChange.BROUGHT_BACK and back.sound == first.sound
    assert await shelves.hears(500)
    assert await shelves.library.original(OPS, back.id) == ("500.wav", tones(500))
    await shelves.library.remove(OPS, HELLO, back.id)
    assert not await shelves.hears(500), "its text is spoken again"
    removed = (await shelves.library.history(OPS, HELLO))[0]
    assert removed.what is RecordingChange.REMOVED
    assert await shelves.library.all(OPS) == ()
    await shelves.library.bring_back(OPS, second.id, removed.id)
    assert await shelves.hears(900), "a removal can be undone, too"


async def test_two_who_change_at_once_see_that(shelves: Shelves) -> None:
    first = await shelves.upload(500)
    await shelves.upload(900)
    for change in (
        shelves.library.remove(OPS, HELLO, first.id),
        shelves.library.bring_back(OPS, first.id, first.id),
    ):
        with pytest.raises(RecordingRefused) as caught:
            await change
        assert caught.value.why is RecordingRefusal.CHANGED_MEANWHILE
    await asyncio.gather(*(shelves.upload(hz) for hz in (600, 700, 800)))
    assert len(await shelves.library.history(OPS, HELLO)) == 5, "no upload is lost"


async def test_projects_hear_their_own_first(shelves: Shelves) -> None:
    await shelves.upload(500, EVERYBODYS)
    await shelves.upload(900)
    assert await shelves.hears(900)
    assert await shelves.hears(500, "coffee")
    assert {one.of for one in await shelves.library.all(OPS)} == {HELLO, EVERYBODYS}
    assert {one.of for one in await shelves.library.all(STRANGER)} == {EVERYBODYS}
    async with shelves.pool.acquire() as db:
        assert await recorded(db, "coffee") == {"hello": {"en"}}
        await shelves.upload(400, RecordingName("hello", "zh-CN", "tea"))
        assert await recorded(db, "tea") == {"hello": {"en", "zh-CN"}}
        assert await recorded(db, "coffee") == {"hello": {"en"}}


async def test_who_may_not_is_refused(shelves: Shelves) -> None:
    made = await shelves.upload(500)
    for actor in (STRANGER, SUPERVISOR):
        assert await refused(shelves, actor, HELLO, "a.wav", PLAIN) is RecordingRefusal.FORBIDDEN
        for look in (
            shelves.library.history(actor, HELLO),
            shelves.library.sound(actor, made.id),
            shelves.library.original(actor, made.id),
        ):
            with pytest.raises(RecordingRefused):
                await look
    assert await refused(shelves, OPS, EVERYBODYS, "a.wav", PLAIN) is RecordingRefusal.FORBIDDEN
    for name in ("", "../etc", "a b", "ü", "x" * 81):
        of = RecordingName(name, "en", "tea")
        assert await refused(shelves, OPS, of, "a.wav", PLAIN) is RecordingRefusal.BAD_NAME
    of = RecordingName("hello", "../en", "tea")
    assert await refused(shelves, OPS, of, "a.wav", PLAIN) is RecordingRefusal.BAD_LANGUAGE
    with pytest.raises(RecordingRefused) as caught:
        await shelves.library.upload(OPS, HELLO, "page.mp3", b"<html>")
    assert caught.value.sound is SoundRefusal.NO_SOUND
    assert await shelves.hears(500), "nothing was changed"


async def test_what_a_flow_plays_is_not_removed(shelves: Shelves) -> None:
    made = await shelves.upload(500)
    shelves.uses = [RecordingUse("hello", UseKind.FLOW, "shop", "tea", ("en", "zh-CN"))]
    with pytest.raises(RecordingRefused) as caught:
        await shelves.library.remove(OPS, HELLO, made.id)
    assert (caught.value.why, caught.value.about) == (RecordingRefusal.IN_USE, "shop")
    everybodys = await shelves.upload(700, EVERYBODYS)
    await shelves.library.remove(OPS, HELLO, made.id)
    assert await shelves.hears(700), "that of all projects takes its place"
    with pytest.raises(RecordingRefused):
        await shelves.library.remove(ADMIN, EVERYBODYS, everybodys.id)
    shelves.uses = [
        RecordingUse("hello", UseKind.DRAFT, "draft", "tea", ("en",)),
        RecordingUse("hello", UseKind.FLOW, "shop", "tea", ("zh-CN",)),
        RecordingUse("hello", UseKind.FLOW, "spoken", "tea", ("en",), {"en": "Hello"}),
    ]
    await shelves.library.remove(ADMIN, EVERYBODYS, everybodys.id)


async def test_a_flow_that_plays_it_is_not_published_while_it_is_removed(shelves: Shelves) -> None:
    made = await shelves.upload(500)

    async def waits() -> bool:
        waiting = "select exists (select from pg_locks where locktype = 'advisory' and not granted)"
        return removal.done() or bool(await shelves.pool.fetchval(waiting))

    async with shelves.pool.acquire() as db, db.transaction():
        await db.execute(load("flows")["lock"])  # a publication is under way
        removal = asyncio.create_task(shelves.library.remove(OPS, HELLO, made.id))
        await until(waits)
        shelves.uses = [RecordingUse("hello", UseKind.FLOW, "shop", "tea", ("en",))]
    with pytest.raises(RecordingRefused) as caught:
        await removal
    assert caught.value.why is RecordingRefusal.IN_USE
    assert await shelves.hears(500)


async def test_old_versions_are_forgotten_with_their_sounds(shelves: Shelves) -> None:
    for n in range(MOST_VERSIONS + 2):
        await shelves.upload(300 + 20 * n)
    assert len(await shelves.library.history(OPS, HELLO)) == MOST_VERSIONS
    async with shelves.pool.acquire() as db:
        assert await db.fetchval("select count(*) from prompt_sounds") == MOST_VERSIONS


async def test_a_deleted_file_is_made_again_and_another_process_follows(
    shelves: Shelves, database: Database, tmp_path: Path
) -> None:
    other = RecordedIndex(database.pool, tmp_path / "other.json", look_every_s=60)
    changes = 0

    async def changed() -> None:
        nonlocal changes
        changes += 1

    following = asyncio.create_task(other.follow(changed))
    await until(lambda: changes == 1)
    made = await shelves.upload(500)
    await until(lambda: other.of("tea", "en", "hello") == made.sound and changes == 2)
    there = Prompts(tmp_path / "prompts", recorded=other)
    file = await there.file(SPOKEN, project="tea")
    assert file == await shelves.prompts.file(SPOKEN, project="tea"), "they share the folder"
    file.unlink()
    assert await shelves.hears(500)
    following.cancel()
    again = RecordedIndex(database.pool, tmp_path / "other.json")
    assert again.of("tea", "en", "hello") == made.sound, "a copy is kept for a start without it"


async def test_without_the_database_what_is_there_is_played(
    shelves: Shelves, database: Database
) -> None:
    await shelves.upload(500)
    file = await shelves.prompts.file(SPOKEN, project="tea")
    await database.pool.close()
    assert await shelves.hears(500)
    tune = PromptText("hello", "en", "")
    file.unlink()
    with capture_logs() as logs, pytest.raises(PromptError, match="while the database is away"):
        await shelves.prompts.sound(tune, project="tea")
    assert len(logs) == 1
    assert not await shelves.hears(500), "its text is spoken"
    with pytest.raises(AWAY):
        await shelves.upload(900)


async def test_files_of_the_folder_are_taken_over_once(shelves: Shelves, tmp_path: Path) -> None:
    folder = tmp_path / "prompts" / "uploaded"
    (folder / "en").mkdir(parents=True)
    file = folder / "en" / "hello.wav"
    file.write_bytes(PLAIN)
    (folder / "en" / "page.wav").write_bytes(b"<html>" * 100)
    assert await shelves.hears(500), "it is heard before"
    with capture_logs() as logs:
        assert await take_over(shelves.library, folder) == 1
    assert [line["log_level"] for line in logs] == ["info", "error"]
    assert not file.exists() and file.with_name(file.name + TAKEN).exists()
    (kept,) = await shelves.library.all(ADMIN)
    assert (kept.of, kept.by) == (EVERYBODYS, "file")
    assert await shelves.library.sound(ADMIN, kept.id) == PLAIN, "callers hear what they heard"
    assert await shelves.hears(500)
    file.write_bytes(tones(900, rate=8000))
    assert await take_over(shelves.library, folder) == 1, "a new file replaces an older one"
    assert await shelves.hears(900)
    await shelves.upload(700, EVERYBODYS)
    file.write_bytes(PLAIN)
    assert await take_over(shelves.library, folder) == 0, "but not what somebody uploaded"
    assert await shelves.hears(700)
