"""Listening to a call: ranges, the waveform, who listened."""

import json
import wave

import pytest

from domain.identity import CallId
from domain.recording_facts import Recorded
from recordings.waveform import cache_of
from tests.console.conftest import (
    CALL,
    Console,
    Visit,
    a_call,
    fact,
    speak,
    store,
)

WAV = f"/calls/{CALL}/recording.wav"


@pytest.mark.usefixtures("recorded")
async def test_ranges_of_the_recording(console: Console, visit: Visit) -> None:
    whole = (console.recordings / f"2026/03/02/{CALL}.wav").read_bytes()
    client = await visit("quinn")
    answer = await client.get(WAV)
    assert (answer.status, await answer.read()) == (200, whole)
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.content_type == "audio/wav"
    assert answer.headers["Cache-Control"] == "no-store"
    part = await client.get(WAV, headers={"Range": "bytes=100-199"})
    assert (part.status, await part.read()) == (206, whole[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(whole)}"
    tail = await client.get(WAV, headers={"Range": "bytes=-50"})
    assert (tail.status, await tail.read()) == (206, whole[-50:])
    beyond = await client.get(WAV, headers={"Range": "bytes=99999999-"})
    assert beyond.status == 416
    kept = await client.get(WAV + "?download=1")
    assert kept.headers["Content-Disposition"] == f'attachment; filename="{CALL}.wav"'


@pytest.mark.usefixtures("recorded")
async def test_listening_is_written_down(console: Console, visit: Visit) -> None:
    client = await visit("quinn")
    for _ in range(3):
        await client.get(WAV, headers={"Range": "bytes=1-"})
    await client.get(WAV + "?download=1")
    log = await console.audit.entries(projects=None, by="quinn")
    noted = [(e.action, e.target, e.project) for e in log if e.action.startswith("recording")]
    assert noted == [
        ("recording downloaded", CALL, "tea"),
        ("recording listened", CALL, "tea"),
    ]


@pytest.mark.usefixtures("recorded")
async def test_the_waveform_has_both_sides(console: Console, visit: Visit) -> None:
    answer = await (await visit("sue")).get(f"/calls/{CALL}/waveform.json")
    assert answer.content_type == "application/json"
    found = await answer.json()
    assert found["bar_s"] == 0.1
    assert len(found["caller"]) == len(found["agent"]) == 60
    # The caller hums in the first 1.5 of 6 seconds, then the agent.
    assert max(found["caller"][:15]) > 0.3 and max(found["agent"][:15]) == 0
    assert max(found["agent"][15:30]) > 0.3 and max(found["caller"][15:30]) == 0
    kept = cache_of(console.recordings / f"2026/03/02/{CALL}.wav").read_text()
    assert json.loads(kept) == found


@pytest.mark.usefixtures("recorded")
async def test_the_waveform_is_the_one_that_was_kept(console: Console, visit: Visit) -> None:
    kept = '{"bar_s":3.0,"caller":[0.5,0.0],"agent":[0.0,0.5]}'
    cache_of(console.recordings / f"2026/03/02/{CALL}.wav").write_text(kept)
    answer = await (await visit("sue")).get(f"/calls/{CALL}/waveform.json")
    assert await answer.text() == kept


@pytest.mark.parametrize("file", ["../outside.wav", "/etc/passwd", "gone.wav"])
async def test_only_files_below_the_root_are_served(
    file: str, console: Console, visit: Visit
) -> None:
    speak(console.recordings.parent / "outside.wav", 0.1)
    call = CallId("pbx1-5.5")
    lines = [
        *a_call(call)[:-1],
        fact(call, 130, Recorded, file=file, duration_s=1.0, whole=True),
    ]
    await store(console.database, lines)
    client = await visit("sue")
    for what in ("recording.wav", "waveform.json"):
        assert (await client.get(f"/calls/{call}/{what}")).status == 404


@pytest.mark.usefixtures("recorded")
async def test_a_broken_file_breaks_its_waveform_only(console: Console, visit: Visit) -> None:
    path = console.recordings / f"2026/03/02/{CALL}.wav"
    path.write_bytes(b"RIFF, no more")
    client = await visit("sue")
    assert (await client.get(f"/calls/{CALL}")).status == 200
    assert (await client.get(f"/calls/{CALL}/waveform.json")).status == 404
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 8000, 0, "NONE", ""))
    empty = await client.get(f"/calls/{CALL}/waveform.json")
    assert await empty.json() == {"bar_s": 0.1, "caller": [], "agent": []}
