"""Every second of talk is in the recording, where it was said, by the one who said it.

On a real Asterisk set up as docs/decisions/0006-recording.md decides; the same trials, twenty
of each and more ways of recording, run by `python -m bench.recording_trials`.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from bench.recording_cases import CASES
from bench.recording_trials import DECIDED, VARIANTS, run, table
from domain.identity import CallId
from recordings.capture import capture
from recordings.raw_to_wav import store
from recordings.waveform import waveform_json
from telephony.asterisk.instance import Ports
from telephony.asterisk.provision import AsteriskInstall

pytestmark = [pytest.mark.live, pytest.mark.long]


async def test_every_case_is_whole_and_in_place(
    asterisk_install: AsteriskInstall, ports: Callable[..., Ports], tmp_path: Path
) -> None:
    findings = await run(asterisk_install, VARIANTS[DECIDED], tuple(CASES), tmp_path, ports().sip)
    assert len(findings) == len(CASES)
    assert all(f.whole for f in findings), "\n" + table(DECIDED, findings)
    assert not any(f.unheard for f in findings), "\n" + table(DECIDED, findings)


async def test_what_asterisk_wrote_is_stored_whole(
    asterisk_install: AsteriskInstall, ports: Callable[..., Ports], tmp_path: Path
) -> None:
    variant = VARIANTS[DECIDED]
    [finding] = await run(asterisk_install, variant, ("plain",), tmp_path, ports().sip)
    [raw] = (tmp_path / "spool").glob("*.raw")
    call = CallId("pbx1-1795315998.1")
    recording = store(raw, call, finding.bridged_s, tmp_path)
    assert recording.whole
    assert recording.file == f"2026/11/22/{call}.wav"
    assert waveform_json(tmp_path / recording.file).startswith('{"bar_s":0.1,"caller":[')


def test_the_trials_record_as_the_product_does() -> None:
    options = capture(CallId("pbx1-1795315998.1")).options
    assert VARIANTS[DECIDED].monitor.endswith(f",{options}")
