"""What callers leave in a flow, beyond what tests/phones shows: when it can't be taken, or the
session is lost, and what callers are told and the record says."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from campaigns.caller_callbacks import CallerCallbacks
from domain.facts import CallFact
from domain.identity import QueueName
from engine.calls.call import LiveCall
from engine.engine import Engine
from engine.inbound.bookmark import Bookmark
from engine.inbound.repeated_faults import RepeatedFaults
from engine.inbound.voice_steps import VoiceMeans, VoiceSteps
from ivr_flows.steps import BookCallback, Done, NotDone, RecordVoice, VoiceRecorded
from recordings.voice_files import KeptVoice, read_name
from recordings.voices import VoiceArchive
from storage.database import Database
from storage.fact_lines import decode
from telephony.agi.agi_wire import AgiError, ConnectionGone, HungUp
from telephony.agi.session import Streamed
from tests.engine.test_board import enter
from tests.offhook.conftest import fill, mount  # noqa: F401 - a fixture
from tests.recordings.test_voices import spoken

STEP = RecordVoice("box", 60, 3, "#", "sales")
SALES = QueueName("sales")


class RecordingSession:
    """Records what a test says, and ends as it says."""

    def __init__(self, said: bytes = b"", ends: Exception | None = None) -> None:
        self.said = said
        self.ends = ends
        self.heard = len(said) // 2
        """How many samples Asterisk has taken."""

    async def execute(self, _app: str, *_args: str) -> int:
        return 0

    async def tone(self, _hertz: int, _seconds: float) -> None:
        pass

    async def record(self, path: str, form: str, *_about: Any) -> Streamed:
        await asyncio.to_thread(Path(f"{path}.{form}").write_bytes, self.said)
        if self.ends is not None:
            raise self.ends
        return Streamed("", self.heard)


@pytest.fixture
def voices(tmp_path: Path) -> VoiceArchive:
    (tmp_path / "spool").mkdir()
    (tmp_path / "root").mkdir()
    told: list[KeptVoice] = []
    return VoiceArchive(tmp_path / "spool", tmp_path / "root", told.append)


@pytest.fixture
def means(voices: VoiceArchive, database: Database) -> VoiceMeans:
    callbacks = CallerCallbacks(database.pool, lambda: ZoneInfo("Asia/Shanghai"))
    return VoiceMeans(voices, callbacks, RepeatedFaults())


def steps(
    engine: Engine, call: LiveCall, means: VoiceMeans | None, session: object = None
) -> VoiceSteps:
    given = cast(Any, session or RecordingSession())
    return VoiceSteps(given, call, Bookmark(given, served=False), engine.calls, means)


def asked(outbox_file: Path) -> list[tuple[str, Any]]:
    facts = [decode(line) for line in outbox_file.read_bytes().splitlines()]
    return [
        (one.what.kind, one.what)
        for one in facts
        if isinstance(one, CallFact) and one.what.kind == "callback_asked"
    ]


async def files(voices: VoiceArchive) -> list[str]:
    return await asyncio.to_thread(lambda: [one.name for one in voices.spool.iterdir()])


async def test_what_was_said_has_a_name_and_a_length(
    engine: Engine, means: VoiceMeans, voices: VoiceArchive
) -> None:
    call = enter(engine)
    found = await steps(engine, call, means, RecordingSession(spoken(1))).record(STEP)
    assert isinstance(found, VoiceRecorded)
    assert found.seconds == 1
    assert found.name.startswith(f"{call.id}.v") and found.name.endswith(".sales")
    assert await files(voices) == [f"{found.name}.sln"]


async def test_silence_is_empty_and_leaves_no_file(
    engine: Engine, means: VoiceMeans, voices: VoiceArchive
) -> None:
    found = await steps(engine, enter(engine), means, RecordingSession(bytes(16000))).record(STEP)
    assert isinstance(found, VoiceRecorded)
    assert found.seconds == 0
    assert await files(voices) == []


@pytest.mark.parametrize(("said", "kept"), [(spoken(1), 1), (b"", 0)])
async def test_who_hangs_up_has_left_what_they_said(
    engine: Engine, means: VoiceMeans, voices: VoiceArchive, said: bytes, kept: int
) -> None:
    session = RecordingSession(said, HungUp("gone"))
    with pytest.raises(HungUp):
        await steps(engine, enter(engine), means, session).record(STEP)
    assert len(await files(voices)) == kept == voices.waiting


async def test_a_lost_session_leaves_the_file_to_be_found(
    engine: Engine, means: VoiceMeans, voices: VoiceArchive
) -> None:
    session = RecordingSession(spoken(1), ConnectionGone("gone"))

    async def over(_call: object) -> bool:
        return True

    with pytest.raises(ConnectionGone):
        await steps(engine, enter(engine), means, session).record(STEP)
    assert voices.waiting == 0, "Asterisk may be writing it still"
    assert await voices.orphans(over) == 1


async def test_what_cannot_be_written_is_not_done_and_logged_once(
    engine: Engine, means: VoiceMeans, voices: VoiceArchive
) -> None:
    broken = RecordingSession(b"", AgiError("RECORD FILE", 200, "it failed"))
    short = RecordingSession(spoken(1))
    short.heard = 24_000
    with capture_logs() as lines:
        for session in (broken, short, broken):
            assert await steps(engine, enter(engine), means, session).record(STEP) == NotDone()
    assert [line["log_level"] for line in lines] == ["error"]
    with capture_logs() as lines:
        voices.spool.rename(voices.spool.with_name("gone"))
        assert await steps(engine, enter(engine), means, broken).record(STEP) == NotDone()
    assert lines == []


class FillingSession(RecordingSession):
    """Takes all of its 12 s, but the disk is full after those that are in ``said``."""

    now = 0.0

    async def record(self, path: str, form: str, *about: Any) -> Streamed:
        try:
            return await super().record(path, form, *about)
        finally:
            await asyncio.to_thread(fill, Path(path).parent)
            self.now += 12


def into_a_full_disk(
    engine: Engine, database: Database, voices: VoiceArchive, session: FillingSession
) -> VoiceSteps:
    zone = ZoneInfo("Asia/Shanghai")
    means = VoiceMeans(voices, CallerCallbacks(database.pool, lambda: zone), RepeatedFaults())
    bookmark = Bookmark(cast(Any, session), served=False)
    given = cast(Any, session)
    return VoiceSteps(
        given, enter(engine), bookmark, engine.calls, means, clock=lambda: session.now
    )


def kept_short(name: str) -> bool:
    found = read_name(name.removesuffix(".sln"))
    return found is not None and found.short


@pytest.mark.parametrize("said", [spoken(2), b""])
async def test_who_speaks_into_a_full_disk_is_not_told_that_it_was_taken(
    engine: Engine,
    database: Database,
    mount: Callable[..., Path],  # noqa: F811
    said: bytes,
) -> None:
    disk = mount("size=20m")
    voices = VoiceArchive(disk, disk / "root", lambda _: None)
    one = into_a_full_disk(engine, database, voices, FillingSession(said))
    assert await one.record(STEP) == NotDone()
    assert voices.waiting == bool(said), "what there is of it is kept"
    assert sum(map(kept_short, await files(voices))) == bool(said), "and known to be cut short"


@pytest.mark.parametrize("said", [spoken(2), b""])
async def test_who_hangs_up_on_a_full_disk_has_left_what_is_known_to_be_cut_short(
    engine: Engine,
    database: Database,
    mount: Callable[..., Path],  # noqa: F811
    said: bytes,
) -> None:
    disk = mount("size=20m")
    told: list[KeptVoice] = []
    voices = VoiceArchive(disk, disk / "root", told.append)
    session = FillingSession(said, HungUp("gone"))
    one = into_a_full_disk(engine, database, voices, session)
    with capture_logs() as lines, pytest.raises(HungUp):
        await one.record(STEP)
    assert voices.waiting == bool(said)
    assert sum(map(kept_short, await files(voices))) == bool(said)
    assert ["its disk full" in line["why"] for line in lines] == [True]


async def test_who_hangs_up_on_a_disk_with_room_has_left_all_they_said(
    engine: Engine, means: VoiceMeans, voices: VoiceArchive
) -> None:
    times = iter((0.0, 12.0))  # a phone that sends nothing in pauses
    given = cast(Any, RecordingSession(spoken(2), HungUp("gone")))
    bookmark = Bookmark(given, served=False)
    one = VoiceSteps(given, enter(engine), bookmark, engine.calls, means, clock=lambda: next(times))
    with pytest.raises(HungUp):
        await one.record(STEP)
    assert [kept_short(one) for one in await files(voices)] == [False]


async def test_without_means_nothing_is_left(engine: Engine) -> None:
    one = steps(engine, enter(engine), None)
    assert await one.record(STEP) == NotDone()


async def test_a_callback_is_booked_by_the_lines_country(
    engine: Engine, means: VoiceMeans, database: Database, tmp_path: Path
) -> None:
    one = steps(engine, enter(engine), means)
    tomorrow = datetime.now(ZoneInfo("Asia/Shanghai")).replace(tzinfo=None) + timedelta(days=1)
    noon = tomorrow.replace(hour=12, minute=0, second=0, microsecond=0)
    assert await one.book(BookCallback("back", "010 6552 9988", noon, SALES)) == Done()
    row = await database.pool.fetchrow("select * from leads")
    assert (row["key"], row["callback_queue"], row["project"]) == ("+861065529988", "sales", "tea")
    assert row["callback_at"].astimezone(UTC).minute == 0
    ((_, what),) = asked(tmp_path / "outbox.jsonl")
    assert (what.number, what.why) == ("+861065529988", None)
    assert datetime.fromisoformat(what.at) == row["callback_at"]


@pytest.mark.parametrize(
    ("number", "queue", "why"),
    [("0000", "sales", "not_diallable"), ("13800138000", "nobodys", "no_queue")],
)
async def test_what_is_refused_is_said_in_the_record(
    engine: Engine, means: VoiceMeans, tmp_path: Path, number: str, queue: str, why: str
) -> None:
    one = steps(engine, enter(engine), means)
    assert await one.book(BookCallback("back", number, None, QueueName(queue))) == NotDone()
    ((_, what),) = asked(tmp_path / "outbox.jsonl")
    assert (what.number, what.at, what.why) == (number, None, why)


async def test_without_the_database_it_is_refused_and_logged_once(
    engine: Engine, means: VoiceMeans, database: Database, tmp_path: Path
) -> None:
    await database.pool.close()
    with capture_logs() as lines:
        for _ in range(2):
            one = steps(engine, enter(engine), means)
            step = BookCallback("back", "13800138000", None, SALES)
            assert await one.book(step) == NotDone()
    assert [line["log_level"] for line in lines] == ["error"]
    assert [what.why for _, what in asked(tmp_path / "outbox.jsonl")] == ["failed"] * 2
