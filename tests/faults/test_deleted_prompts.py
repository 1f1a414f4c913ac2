"""Recordings are heard on a real call, though somebody deletes their files meanwhile."""

import asyncio
import io
import math
import wave
from array import array
from pathlib import Path

import asyncpg
import pytest

from domain.roles import Actor, Role
from farend.ears import Heard
from ivr_flows.references import Outside
from prompt_library.recording_library import RecordingLibrary, recorded
from prompt_library.recording_words import RecordingName
from publishing.flow_drafts import FlowDrafts
from publishing.flow_history import FlowHistory
from publishing.publications import Publications
from tests.faults.conftest import SceneFactory
from tests.faults.scene import Scene
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long]

ADMIN = Actor("ann", Role.ADMIN, None)
SPOKEN = """\
flow: tunes
languages: [en]
start: said
prompts: {tune: {en: This is spoken until somebody records it.}}
nodes:
  said: {kind: say, prompts: tune, exits: {next: stay}}
  stay: {kind: pause, seconds: 60, exits: {next: bye}}
  bye: {kind: hangup, why: done}
"""
PLAYED = SPOKEN.replace("start: said", "start: played").replace(
    "  said:", "  played: {kind: play, recordings: jingle, exits: {next: said}}\n  said:"
)
JINGLE_HZ, TUNE_HZ = 900, 600
JINGLE_S = 5.0
"""Long enough for its file to be deleted while it plays, on a busy machine too."""


def tone(hz: int, seconds: float) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        samples = range(int(16_000 * seconds))
        wave_form = (int(9000 * math.sin(2 * math.pi * hz * n / 16_000)) for n in samples)
        file.writeframes(array("h", wave_form).tobytes())
    return made.getvalue()


async def outside(db: asyncpg.Connection, project: str) -> Outside:
    return Outside(recorded=await recorded(db, project))


async def hears_both(one: Scene, call: str) -> tuple[Heard, ...]:
    """What a caller has heard, who waits and leaves once it is both sounds."""
    await until(
        lambda: [each.hz for each in one.far.hears(call)] == [JINGLE_HZ, TUNE_HZ],
        30,
        seen=lambda: one.far.hears(call),
    )
    heard = one.far.hears(call)
    await one.far.hang_up(call)
    return heard


async def test_a_recording_is_heard_to_its_end_though_its_file_is_deleted_and_made_again(
    scene: SceneFactory, tmp_path: Path
) -> None:
    flows = tmp_path / "s" / "flows"
    flows.mkdir(parents=True)
    (flows / "tunes.yaml").write_text(SPOKEN)
    one = await scene(agents=0, flow="tunes")
    library = RecordingLibrary(one.pool)
    drafts, publications = FlowDrafts(one.pool), Publications(one.pool, outside)
    # The flow is every project's, and so is what it plays; tea has a tune of its own.
    for name, project, hz, seconds in (
        ("jingle", "", JINGLE_HZ, JINGLE_S),
        ("tune", "", JINGLE_HZ, 0.5),
        ("tune", "tea", TUNE_HZ, 0.5),
    ):
        of = RecordingName(name, "en", project)
        await library.upload(ADMIN, of, f"{name}.wav", tone(hz, seconds))
    draft = await drafts.of(ADMIN, "tunes")
    draft = await drafts.save(ADMIN, "tunes", draft.version, PLAYED, "")
    warnings = (await publications.checked(ADMIN, "tunes")).warnings
    await publications.publish(
        ADMIN, "tunes", draft.version, "played", [warning.message for warning in warnings]
    )
    edition = await FlowHistory(one.pool).newest_number()
    in_force = f"edition={edition}"
    await until(lambda: in_force in one.stack.controller.log.read_text(), 10)

    kept = tmp_path / "s" / "prompts" / "recorded"
    call = await one.customer("ears", "13900000001")
    await until(lambda: [each.hz for each in one.far.hears(call)] == [JINGLE_HZ], 20)
    deleted = await asyncio.to_thread(lambda: list(kept.iterdir()))
    assert len(deleted) == 2, "the jingle, and the tune of all projects"
    for file in deleted:
        file.unlink()
    jingle, _ = await hears_both(one, call)
    assert jingle.seconds == pytest.approx(JINGLE_S, abs=0.2), "to its end, though it was deleted"

    again = await one.customer("ears", "13900000002")
    await hears_both(one, again)  # both are made again
    assert "Traceback" not in one.stack.controller.log.read_text()
