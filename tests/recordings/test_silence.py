"""A recording of the right length that lacks a voice is reported."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from domain.identity import CallId
from domain.reasons import Party
from domain.recording_facts import Silence
from recordings.ingest import ingest
from recordings.silence import silences
from recordings.waveform import Waveform
from tests.recordings.sounds import raw_sound, write_raw

CALL = CallId("pbx1-1795315998.1")
ALAW_ZERO = round(8 / 32767, 4)


def waveform(caller: list[float], agent: list[float]) -> Waveform:
    return Waveform(10.0, caller, agent)


def test_a_side_that_falls_still_while_the_other_speaks() -> None:
    speaks, still = [0.2] * 20, [0.2] * 3 + [0.0] * 8 + [0.2] * 9
    assert silences(waveform(still, speaks)) == (Silence(Party.CALLER, 30.0, 110.0),)
    assert silences(waveform(speaks, still)) == (Silence(Party.AGENT, 30.0, 110.0),)
    muted = [ALAW_ZERO if peak == 0 else peak for peak in still]
    assert silences(waveform(muted, speaks)) == (Silence(Party.CALLER, 30.0, 110.0),)


@pytest.mark.parametrize(
    ("caller", "agent"),
    [
        ([0.2, *[0.0] * 5, 0.2], [0.2] * 7),  # listens for 50 s
        ([0.0] * 20, [0.0] * 20),  # both are still: a hold without music, or nobody there
        ([0.001] * 20, [0.2] * 20),  # breathes
        ([], []),
    ],
)
def test_what_is_no_lack(caller: list[float], agent: list[float]) -> None:
    assert silences(waveform(caller, agent)) == ()


async def test_it_is_in_the_fact_and_in_one_line_of_the_log(tmp_path: Path) -> None:
    sound = raw_sound(5) + raw_sound(65, left_hz=0) + raw_sound(2)
    raw = write_raw(tmp_path / "spool", CALL, sound)
    (tmp_path / "root").mkdir()
    with capture_logs() as said:
        recording = await ingest(raw, CALL, 72.0, root=tmp_path / "root")
    assert recording.whole
    assert recording.recorded().silent == (Silence(Party.CALLER, 5.0, 70.0),)
    [line] = [entry for entry in said if "one side of a recording is silent" in entry["event"]]
    assert line["silent"] == ["caller 5-70 s"]


async def test_a_recording_with_both_voices_says_nothing(tmp_path: Path) -> None:
    raw = write_raw(tmp_path / "spool", CALL, raw_sound(2))
    (tmp_path / "root").mkdir()
    with capture_logs() as said:
        recording = await ingest(raw, CALL, 2.0, root=tmp_path / "root")
    assert recording.recorded().silent == ()
    assert said == []
