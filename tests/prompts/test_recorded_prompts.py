"""Recordings of the library come first, each project's own before those of all."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from domain.prompts import PromptText
from prompts.sounds import PromptError, Prompts
from prompts.speakers import Speakers
from prompts.speech import Espeak, SpeechError, SpeechFault
from tests.prompts.sounds import tones

HELLO = PromptText("hello", "en", "Hello and welcome.")
TUNE = PromptText("tune", "en", "")


class Shelf:
    """A library in memory."""

    def __init__(self) -> None:
        self.names: dict[tuple[str, str, str], str] = {}
        self.sounds: dict[str, bytes] = {}
        self.asked = 0

    def put(self, project: str, name: str, hz: float, language: str = "en") -> None:
        sound = f"{name}{hz:g}"
        self.names[project, language, name] = sound
        self.sounds[sound] = tones(hz, rate=8000)

    def of(self, project: str, language: str, name: str) -> str | None:
        return self.names.get((project, language, name)) or self.names.get(("", language, name))

    async def bytes_of(self, sound: str) -> bytes:
        self.asked += 1
        if sound not in self.sounds:
            raise SpeechError(SpeechFault.FAILED, "the database is away", "wait")
        return self.sounds[sound]


async def test_a_projects_own_recording_comes_before_that_of_all(tmp_path: Path) -> None:
    shelf = Shelf()
    prompts = Prompts(tmp_path, recorded=shelf)
    spoken = await prompts.sound(HELLO, project="tea")
    shelf.put("", "hello", 500)
    everybodys = await prompts.sound(HELLO, project="tea")
    kept = (tmp_path / everybodys).with_suffix(".wav")
    assert kept.read_bytes() == tones(500, rate=8000)
    shelf.put("tea", "hello", 700)
    own = await prompts.file(HELLO, project="tea")
    assert own.read_bytes() == tones(700, rate=8000)
    assert await prompts.sound(HELLO, project="bank") == everybodys
    shelf.names.clear()
    assert await prompts.sound(HELLO, project="tea") == spoken


async def test_a_file_that_was_deleted_is_made_again_even_by_another_process(
    tmp_path: Path,
) -> None:
    shelf = Shelf()
    shelf.put("tea", "tune", 600)
    prompts = Prompts(tmp_path, recorded=shelf)
    first = await prompts.file(TUNE, project="tea")
    with first.open("rb") as playing:
        first.unlink()
        assert playing.read() == tones(600, rate=8000), "whoever hears it hears it to the end"
    other = Prompts(tmp_path, recorded=shelf)
    assert await other.file(TUNE, project="tea") == first
    assert first.read_bytes() == tones(600, rate=8000)
    assert await prompts.file(TUNE, project="tea") == first
    assert shelf.asked == 2


async def test_what_cannot_be_had_is_spoken_or_left_out(tmp_path: Path) -> None:
    shelf = Shelf()
    prompts = Prompts(tmp_path, recorded=shelf, retry_after_s=0.0)
    for project, name in (("tea", "tune"), ("", "hello")):
        shelf.put(project, name, 600)
    sounds = dict(shelf.sounds)
    shelf.sounds.clear()
    with capture_logs() as logs, pytest.raises(PromptError, match="the database is away"):
        await prompts.sound(TUNE, project="tea")
    assert "spoken" in await prompts.sound(HELLO)
    assert [line["event"] for line in logs] == ["a prompt has no sound; calls go on without it"]
    shelf.sounds.update(sounds)
    assert "recorded" in await prompts.sound(HELLO), "the database is back"
    with pytest.raises(PromptError, match='no recording "tune" in en; upload it') as caught:
        await prompts.sound(TUNE, project="bank")
    assert caught.value.fault is SpeechFault.NOT_RECORDED


async def test_espeak_speaks_for_a_program_that_fails_and_one_line_says_so(tmp_path: Path) -> None:
    class Neural(Espeak):
        works = False
        name = "neural"

        def key(self, language: str) -> tuple[str, ...]:
            return ("neural", *super().key(language))

        async def speak(self, text: str, language: str) -> bytes:
            if not self.works:
                raise SpeechError(SpeechFault.FAILED, "its voice is gone", "install it again")
            return await super().speak(text, language)

    neural = Neural()
    speakers = Speakers(Espeak(), {"en": neural})
    prompts = Prompts(tmp_path, speakers=speakers, retry_after_s=0.0)
    with capture_logs() as logs:
        stand_in = await prompts.sound(HELLO)
        assert await prompts.sound(HELLO) == stand_in
        await prompts.sound(PromptText("bye", "en", "Goodbye."))
    assert [(line["event"], line["program"]) for line in logs] == [
        ("a speaking program fails; another one speaks for it", "neural")
    ]
    neural.works = True
    with capture_logs() as logs:
        assert await prompts.sound(HELLO) != stand_in
    assert [line["event"] for line in logs] == ["a speaking program works again"]
    again = Prompts(tmp_path, speakers=Speakers(Espeak()))
    assert await again.sound(HELLO) == stand_in, "each program's sounds are kept apart"
