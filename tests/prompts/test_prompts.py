"""Prompts as files: spoken once, uploads first, and what happens when it fails."""

import asyncio
import json
import os
import stat
import subprocess
import sys
import wave
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from configuration.flows import LIBRARY
from domain.prompts import PromptText
from ivr_flows.announcements import texts_to_prepare
from ivr_flows.flow import Flow
from ivr_flows.loader import load
from ivr_flows.phrases import DialplanPhrase, load_phrases
from prompts.sounds import PromptError, Prompts
from prompts.speech import Espeak, SpeechFault
from tests.prompts.sounds import tones
from tests.waiting import until

HELLO = PromptText("hello", "en", "Hello and welcome.")


class Counted(Espeak):
    """The real espeak-ng behind a script that counts its runs, slowed down on wish."""

    def __init__(self, folder: Path, *, slowed_s: float = 0.0) -> None:
        self._runs = folder / "runs"
        self._runs.write_text("")
        script = folder / "espeak-counted"
        script.write_text(
            f'#!/bin/sh\necho run >>"{self._runs}"\nsleep {slowed_s}\nexec espeak-ng "$@"\n'
        )
        script.chmod(0o755)
        super().__init__([str(script)])

    @property
    def runs(self) -> int:
        return len(self._runs.read_text().splitlines())


def is_telephone_wav(path: str) -> bool:
    with wave.open(path + ".wav") as file:
        form = (file.getnchannels(), file.getsampwidth(), file.getframerate())
        return form == (1, 2, 8000) and file.getnframes() > 1000


def upload(folder: Path, name: str, content: bytes, language: str = "en") -> Path:
    path = folder / "uploaded" / language / f"{name}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def left_behind(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.suffix == ".part"]


async def test_a_prompt_is_spoken_once_and_kept_over_a_restart(tmp_path: Path) -> None:
    espeak = Counted(tmp_path)
    first = await Prompts(tmp_path / "p", espeak).sound(HELLO)
    again = await Prompts(tmp_path / "p", espeak).sound(HELLO)
    assert first == again
    assert is_telephone_wav(first)
    assert espeak.runs == 1
    assert not first.endswith(".wav")
    (file,) = (tmp_path / "p").rglob("*.wav")
    assert stat.S_IMODE(file.stat().st_mode) == 0o644, "Asterisk must read it"


async def test_the_same_words_under_another_name_are_the_same_file(tmp_path: Path) -> None:
    prompts = Prompts(tmp_path)
    other = PromptText("welcome", "en", HELLO.text)
    changed = PromptText("hello", "en", "Hello again.")
    assert await prompts.sound(HELLO) == await prompts.sound(other)
    assert await prompts.sound(HELLO) != await prompts.sound(changed)


async def test_a_thousand_callers_who_ask_at_once_start_one_espeak(tmp_path: Path) -> None:
    espeak = Counted(tmp_path, slowed_s=0.2)
    prompts = Prompts(tmp_path / "p", espeak)
    paths = await asyncio.gather(*(prompts.sound(HELLO) for _ in range(1000)))
    assert len(set(paths)) == 1
    assert espeak.runs == 1


async def test_a_caller_who_hangs_up_does_not_take_the_prompt_from_the_others(
    tmp_path: Path,
) -> None:
    espeak = Counted(tmp_path, slowed_s=0.2)
    prompts = Prompts(tmp_path / "p", espeak)
    first = asyncio.create_task(prompts.sound(HELLO))
    await asyncio.sleep(0.05)
    second = asyncio.create_task(prompts.sound(HELLO))
    await asyncio.sleep(0)
    first.cancel()
    assert is_telephone_wav(await second)
    assert espeak.runs == 1


async def test_uploaded_sound_wins_at_once_and_its_removal_brings_the_voice_back(
    tmp_path: Path,
) -> None:
    prompts = Prompts(tmp_path)
    spoken = await prompts.sound(HELLO)
    file = upload(tmp_path, "hello", tones(500, rate=8000))
    assert await prompts.sound(HELLO) == str(file.with_suffix(""))
    file.unlink()
    assert await prompts.sound(HELLO) == spoken


async def test_an_upload_that_phones_cannot_play_is_converted(tmp_path: Path) -> None:
    espeak = Counted(tmp_path)
    prompts = Prompts(tmp_path / "p", espeak)
    upload(tmp_path / "p", "hello", tones(500, rate=44100, channels=2))
    path = await prompts.sound(HELLO)
    assert "uploaded" not in path
    assert is_telephone_wav(path)
    assert espeak.runs == 0


async def test_an_upload_that_is_no_sound_is_told_once_and_spoken_instead(tmp_path: Path) -> None:
    prompts = Prompts(tmp_path)
    file = upload(tmp_path, "hello", b"<html>404</html>" * 100)
    with capture_logs() as logs:
        paths = {await prompts.sound(HELLO) for _ in range(3)}
    assert all(is_telephone_wav(path) for path in paths)
    assert [(line["event"], line["file"]) for line in logs] == [
        ("an uploaded prompt can't be played; its text is spoken instead", str(file))
    ]


async def test_what_was_used_longest_ago_is_deleted_where_there_is_too_much(
    tmp_path: Path,
) -> None:
    prompts = Prompts(tmp_path)
    texts = [PromptText(f"order-{n}", "en", f"Order {n}.") for n in range(6)]
    files = [await prompts.file(text) for text in texts]
    for age, file in enumerate(files):
        os.utime(file, (1_700_000_000 - age, 1_700_000_000 - age))
    assert await Prompts(tmp_path).file(texts[5]) == files[5], "which is used, and so new again"
    keeping = asyncio.create_task(prompts.keep_small(3 * files[0].stat().st_size, every_s=60))
    await until(lambda: sum(file.exists() for file in files) <= 3)
    keeping.cancel()
    assert files[0].exists() and files[5].exists()
    assert not files[4].exists() and not files[3].exists()
    assert await prompts.file(texts[4]) == files[4], "it is made again"


async def test_a_file_that_a_power_cut_left_empty_is_made_again(tmp_path: Path) -> None:
    prompts = Prompts(tmp_path)
    path = await prompts.sound(HELLO)
    with open(path + ".wav", "wb"):  # noqa: ASYNC230, PTH123
        pass
    assert is_telephone_wav(await prompts.sound(HELLO))


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "a/b", ".hidden", "a b", "x\n"])
async def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(PromptError, match="can't be a file's name"):
        await Prompts(tmp_path).sound(PromptText(name, "en", "Hello"))
    with pytest.raises(PromptError, match="can't be a file's name"):
        await Prompts(tmp_path).sound(PromptText("hello", name, "Hello"))


async def test_without_espeak_each_call_gets_an_error_and_the_log_one_line(tmp_path: Path) -> None:
    prompts = Prompts(tmp_path, Espeak(["espeak-nowhere"]))
    with capture_logs() as logs:
        for n in range(20):
            with pytest.raises(PromptError) as caught:
                await prompts.sound(PromptText("hello", "en", f"Hello {n}"))
            assert caught.value.fault is SpeechFault.NO_SYNTHESIZER
    (line,) = logs
    assert line["event"] == "a prompt has no sound; calls go on without it"
    assert line["do"] == "install it (apt-get install espeak-ng)"
    upload(tmp_path, "hello", tones(500, rate=8000))
    assert is_telephone_wav(await prompts.sound(HELLO)), "uploads need no espeak"


async def test_a_broken_text_does_not_start_espeak_for_every_caller(tmp_path: Path) -> None:
    espeak = Counted(tmp_path)
    prompts = Prompts(tmp_path / "p", espeak)
    nothing = PromptText("nothing", "en", "...")
    for _ in range(10):
        with pytest.raises(PromptError, match="no sound in it"):
            await prompts.sound(nothing)
    assert espeak.runs == 1
    prompts = Prompts(tmp_path / "p", espeak, retry_after_s=0.0)
    for _ in range(2):
        with pytest.raises(PromptError):
            await prompts.sound(nothing)
    assert espeak.runs == 3, "later it is tried again"


async def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "spoken").write_text("a file where the folder should be")
    with capture_logs() as logs, pytest.raises(PromptError, match="can't be written") as caught:
        await Prompts(tmp_path).sound(HELLO)
    assert caught.value.fault is SpeechFault.NOT_WRITABLE
    assert str(tmp_path) in logs[0]["why"]


def test_a_full_disk_leaves_no_half_file_and_heals_by_itself(tmp_path: Path) -> None:
    """The kernel refuses to write past 8 KB in a process of its own, as a full disk would."""
    script = """
import asyncio, json, resource, sys
from pathlib import Path
from domain.prompts import PromptText
from prompts.sounds import PromptError, Prompts
from prompts.speech import Espeak

async def main():
    unlimited = 'ulimit -S -f unlimited; exec espeak-ng "$@"'  # only our own writing is refused
    espeak = Espeak(["sh", "-c", unlimited, "sh"])
    prompts = Prompts(Path(sys.argv[1]), espeak, retry_after_s=0.0)
    hello = PromptText("hello", "en", "Hello and welcome.")
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
    try:
        await prompts.sound(hello)
        fault = None
    except PromptError as error:
        fault = error.fault
    files = [p.name for p in Path(sys.argv[1]).rglob("*") if p.is_file()]
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    print(json.dumps([fault, files, await prompts.sound(hello)]), file=sys.stderr)

asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    fault, files, path = json.loads(done.stderr)
    assert fault == SpeechFault.DISK_FULL
    assert files == []
    assert is_telephone_wav(path)
    lines = [line for line in done.stdout.splitlines() if line]
    assert len(lines) == 2
    assert "no space left in" in lines[0]
    assert "free space on that disk" in lines[0]
    assert "prompts are spoken again" in lines[1]


async def test_preparing_the_hotline_tells_its_progress_and_then_takes_no_time(
    tmp_path: Path,
) -> None:
    flow = load((LIBRARY / "hotline.yaml").read_bytes(), "hotline.yaml")
    assert isinstance(flow, Flow)
    espeak = Counted(tmp_path)
    told: list[tuple[int, int]] = []
    prompts = Prompts(tmp_path / "p", espeak)
    prepared = await prompts.prepare(
        texts_to_prepare(flow), lambda done, whole: told.append((done, whole))
    )
    assert prepared.failed == ()
    assert prepared.ready == espeak.runs == told[-1][1]
    assert told == [(n, prepared.ready) for n in range(prepared.ready + 1)]
    again = await Prompts(tmp_path / "p", espeak).prepare(texts_to_prepare(flow))
    assert again == prepared
    assert espeak.runs == prepared.ready
    assert not left_behind(tmp_path)


async def test_preparing_goes_on_after_a_failure(tmp_path: Path) -> None:
    texts = [HELLO, PromptText("klingon", "tlh", "nuqneH"), PromptText("bye", "en", "Goodbye.")]
    prepared = await Prompts(tmp_path).prepare(texts)
    assert prepared.ready == 2
    assert [error.prompt.name for error in prepared.failed] == ["klingon"]


async def test_the_dialplan_finds_its_sounds_by_name(tmp_path: Path) -> None:
    path = LIBRARY / "dialplan.yaml"
    phrases = load_phrases(path.read_bytes(), path.name, DialplanPhrase)
    prompts = Prompts(tmp_path / "p")
    for _ in range(2):
        published = await prompts.publish(phrases.fixed(), tmp_path / "sounds")
        assert published.failed == ()
    for language in ("zh-CN", "en"):
        for phrase in DialplanPhrase:
            assert is_telephone_wav(str(tmp_path / "sounds" / language / phrase))
    upload(tmp_path / "p", "one_moment", tones(500, rate=8000))
    await prompts.publish(phrases.fixed(), tmp_path / "sounds")
    replaced = (tmp_path / "sounds" / "en" / "one_moment.wav").read_bytes()
    assert replaced == tones(500, rate=8000), "a new upload gets there too"


async def test_closing_stops_what_is_being_made(tmp_path: Path) -> None:
    prompts = Prompts(tmp_path / "p", Counted(tmp_path, slowed_s=30))
    asking = asyncio.create_task(prompts.sound(HELLO))
    await asyncio.sleep(0.2)
    await prompts.close()
    with pytest.raises(asyncio.CancelledError):
        await asking
