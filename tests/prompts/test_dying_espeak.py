"""An espeak-ng that dies, hangs or never stops costs its prompt and never a call."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop
from structlog.testing import capture_logs

from domain.prompts import PromptText
from prompts.sounds import PromptError, Prompts
from prompts.speech import Espeak, SpeechFault
from tests.processes import children
from tests.prompts.test_prompts import is_telephone_wav, upload

DYING = {
    "before it reads": "exit 1",
    "after closing its input": "exec 0<&-; sleep 0.05; exit 1",
    "killed at once": "kill -9 $$",
    "killed in the middle of its sound": 'espeak-ng "$@" | head -c 3000; kill -9 $$',
    "exit 0 without a sound": "exit 0",
    "exit 0 with half a header": 'espeak-ng "$@" | head -c 30; exit 0',
    "exit 0 with rubbish": "head -c 5000 /dev/urandom; exit 0",
    "exit 0 with a header that lies": r"printf 'RIFF\377\377\377\177WAVEfmt \20\0\0\0\1\0\0\0\0\0'",
    "complaints without end": "yes complaint >&2 & yes sound | head -c 20000000; wait",
    "nothing but dots": "printf '...'",
}


def on_uvloop(work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


def espeak(script: str, **settings: Any) -> Espeak:
    return Espeak(["sh", "-c", script, "sh"], **settings)


@pytest.mark.parametrize("script", DYING.values(), ids=DYING.keys())
def test_each_of_forty_sessions_goes_on(script: str, tmp_path: Path) -> None:
    async def sessions() -> None:
        prompts = Prompts(tmp_path, espeak(script))
        texts = [PromptText(f"t{n % 20}", "en", f"Sentence {n % 20}. " * 40) for n in range(40)]
        outcomes = await asyncio.gather(
            *(prompts.sound(text) for text in texts), return_exceptions=True
        )
        assert Counter(map(type, outcomes)) == {PromptError: 40}
        assert {outcome.fault for outcome in outcomes} == {SpeechFault.FAILED}  # type: ignore[union-attr]
        await prompts.close()

    with capture_logs() as logs:
        on_uvloop(sessions())
    assert [line["event"] for line in logs] == ["a prompt has no sound; calls go on without it"]
    assert "\n" not in logs[0]["why"]
    assert not list(tmp_path.rglob("*.part"))
    assert not children(word="espeak-ng", recursive=True)


def test_one_that_hangs_is_not_waited_for_by_every_caller(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    hangs = espeak(f"echo run >>{runs}; sleep 60", at_once=2, deadline_s=0.5)

    async def sessions() -> None:
        prompts = Prompts(tmp_path, hangs)
        texts = [PromptText(f"t{n}", "en", f"Sentence {n}.") for n in range(40)]
        outcomes = await asyncio.gather(
            *(prompts.sound(text, patience_s=0.1) for text in texts), return_exceptions=True
        )
        assert Counter(map(type, outcomes)) == {PromptError: 40}
        for text in texts:
            with pytest.raises(PromptError, match=r"not finished after 0\.5 s"):
                await prompts.sound(text)
        await prompts.close()

    with capture_logs() as logs:
        on_uvloop(sessions())
    assert len(runs.read_text().splitlines()) == 2
    assert len(logs) == 1, "one line for one fault"
    assert not children(word="sleep", recursive=True)


def test_what_it_has_started_does_not_outlive_it(tmp_path: Path) -> None:
    """It is gone itself, but a child of it holds our pipes open."""
    gone = espeak("sleep 61 & exit 0", deadline_s=0.5)

    async def session() -> None:
        with pytest.raises(PromptError, match="not finished"):
            await Prompts(tmp_path, gone).sound(PromptText("hello", "en", "Hello"))

    on_uvloop(session())
    assert not children(word="sleep", recursive=True)


async def test_uploads_are_played_whatever_espeak_does(tmp_path: Path) -> None:
    from tests.prompts.sounds import tones

    prompts = Prompts(tmp_path, espeak("exit 1"))
    hello = PromptText("hello", "en", "Hello")
    with pytest.raises(PromptError):
        await prompts.sound(hello)
    upload(tmp_path, "hello", tones(500, rate=44100, channels=2))
    assert is_telephone_wav(await prompts.sound(hello))
