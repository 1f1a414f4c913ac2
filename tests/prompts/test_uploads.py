"""Whatever people put into prompts/uploaded: callers hear it, or the spoken words."""

import asyncio
import threading
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from domain.prompts import PromptText
from prompts.sounds import Prompts
from prompts.wav import is_telephone
from tests.prompts.test_prompts import is_telephone_wav, upload
from tests.prompts.uploads import BROKEN, PLAIN, PLAYABLE, fuzzed, odd_things, wav
from tests.rights import an_owners_rights

HELLO = PromptText("hello", "en", "Hello and welcome.")


def safe(sound: str) -> bool:
    """Asterisk gets the plain form only, as long as its header says."""
    data = Path(f"{sound}.wav").read_bytes()
    return is_telephone(data[:44], len(data))


@pytest.mark.parametrize("content", PLAYABLE.values(), ids=PLAYABLE.keys())
async def test_a_sound_is_heard(content: bytes, tmp_path: Path) -> None:
    prompts = Prompts(tmp_path)
    spoken = await prompts.sound(HELLO)
    upload(tmp_path, "hello", content)
    with capture_logs() as logs:
        heard = await prompts.sound(HELLO)
    assert heard != spoken
    assert is_telephone_wav(heard)
    assert safe(heard)
    assert logs == []


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
async def test_what_is_no_sound_is_said_once_and_the_words_are_spoken(
    content: bytes, tmp_path: Path
) -> None:
    prompts = Prompts(tmp_path)
    spoken = await prompts.sound(HELLO)
    file = upload(tmp_path, "hello", content)
    with capture_logs() as logs:
        assert {await prompts.sound(HELLO) for _ in range(5)} == {spoken}
    assert [(line["event"], line["file"]) for line in logs] == [
        ("an uploaded prompt can't be played; its text is spoken instead", str(file))
    ]
    assert logs[0]["why"] and "\n" not in logs[0]["why"]


async def test_bent_headers_never_raise_anything_else(tmp_path: Path) -> None:
    prompts = Prompts(tmp_path)
    spoken = await prompts.sound(HELLO)
    other = 0
    with capture_logs():
        for content in fuzzed(400):
            upload(tmp_path, "hello", content)
            heard = await prompts.sound(HELLO)
            assert safe(heard)
            other += heard != spoken
    assert 10 < other < 390, "some can be played, others can't"


@pytest.mark.parametrize("name", ["fifo", "folder", "device", "huge", "endless"])
async def test_what_is_not_even_a_file_hangs_nothing(name: str, tmp_path: Path) -> None:
    odd_things(tmp_path / "uploaded" / "en")
    with capture_logs() as logs:
        async with asyncio.timeout(60):
            heard = await Prompts(tmp_path).sound(PromptText(name, "en", "Hello and welcome."))
    assert safe(heard)
    assert len(logs) == (0 if name == "endless" else 1)  # a link to nowhere is nothing at all


async def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    upload(tmp_path, "hello", PLAIN).chmod(0)
    with capture_logs() as logs, an_owners_rights():
        assert safe(await Prompts(tmp_path).sound(HELLO))
    assert [line["why"] for line in logs] == ["it can't be read: Permission denied"]


async def test_a_better_upload_is_heard_at_once(tmp_path: Path) -> None:
    prompts = Prompts(tmp_path)
    for content, heard in ((BROKEN["web page"], False), (PLAIN, True), (b"", False), (PLAIN, True)):
        file = upload(tmp_path, "hello", content)
        assert (await prompts.sound(HELLO) == str(file.with_suffix(""))) is heard


async def test_a_file_that_is_written_while_callers_hear_it(tmp_path: Path) -> None:
    """Each caller gets something whole: the old sound, the new one, or the spoken words."""
    prompts = Prompts(tmp_path)
    whole = wav(2, 2, 44_100, 44_100)
    file = upload(tmp_path, "hello", b"")
    done = threading.Event()

    def slowly() -> None:
        with file.open("wb") as opened:
            for at in range(0, len(whole), 20_000):
                opened.write(whole[at : at + 20_000])
                opened.flush()
                time.sleep(0.01)
        done.set()

    writing = threading.Thread(target=slowly)
    writing.start()
    try:
        while not done.is_set():
            assert safe(await prompts.sound(HELLO))
    finally:
        writing.join()
    assert "spoken" in await prompts.sound(HELLO)


async def test_a_sound_of_our_own_that_is_damaged_is_made_again(tmp_path: Path) -> None:
    sound = await Prompts(tmp_path).sound(HELLO)
    file = Path(f"{sound}.wav")
    whole = await asyncio.to_thread(file.read_bytes)
    for damage in (bytes(len(whole)), whole[:-100], b"RIFX" + whole[4:]):
        await asyncio.to_thread(file.write_bytes, damage)
        assert await Prompts(tmp_path).sound(HELLO) == sound
        assert await asyncio.to_thread(file.read_bytes) == whole
