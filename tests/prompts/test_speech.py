"""espeak-ng itself, and what becomes of its sound."""

import asyncio
import subprocess

import pytest

from configuration.flows import LIBRARY
from ivr_flows.announcements import texts_to_prepare
from ivr_flows.loader import load
from ivr_flows.phrases import load_phrases
from prompts.speech import RATE, Espeak, SpeechError, SpeechFault, telephone_sound, voice_of
from tests.prompts.sounds import level, samples, tones


def test_what_a_telephone_cannot_carry_does_not_come_back_as_noise() -> None:
    sound = samples(telephone_sound(tones(1000, 6000)))
    assert abs(len(sound) - RATE) < 20
    carried, folded = level(sound, 1000), level(sound, RATE - 6000)
    assert -12 < carried < -3
    assert folded < carried - 40


def test_stereo_and_other_rates_become_the_telephones() -> None:
    for rate in (8000, 16000, 44100):
        sound = samples(telephone_sound(tones(800, rate=rate, channels=2)))
        assert abs(len(sound) - RATE) < 20
        assert level(sound, 800) > -8


@pytest.mark.parametrize("wav", [b"", b"RIFF", b"no sound" * 100, tones(0)])
def test_what_is_no_sound_is_refused(wav: bytes) -> None:
    with pytest.raises(SpeechError) as caught:
        telephone_sound(wav)
    assert caught.value.fault is SpeechFault.FAILED


@pytest.mark.parametrize(
    ("language", "text"), [("zh-CN", "您好，欢迎致电。"), ("en", "Hello, and welcome.")]
)
async def test_speech_has_the_level_and_the_length_of_speech(language: str, text: str) -> None:
    sound = samples(await Espeak().speak(text, language))
    assert 0.8 < len(sound) / RATE < 4
    assert 18000 < max(map(abs, sound)) <= 32767
    voiced = [max(map(abs, sound[n : n + 400])) > 1000 for n in range(0, len(sound), 400)]
    assert sum(voiced) > len(voiced) / 3


def test_mandarin_is_read_as_mandarin_and_not_as_english() -> None:
    flow = load((LIBRARY / "hotline.yaml").read_bytes(), "hotline.yaml")
    texts = [text.text for text in texts_to_prepare(flow) if text.language == "zh-CN"]
    for name in ("station", "dialplan"):
        phrases = load_phrases((LIBRARY / f"{name}.yaml").read_bytes(), name)
        texts += [text.text for text in phrases.fixed() if text.language == "zh-CN"]
    read = subprocess.run(
        ["espeak-ng", "-v", voice_of("zh-CN").names[0], "-b", "1", "-q", "-x", "--stdin"],
        input="\n".join(texts).encode(),
        capture_output=True,
        check=True,
    )
    assert read.stdout
    assert b"(en)" not in read.stdout


async def test_text_is_only_ever_text() -> None:
    """Not an option, not a mark-up, not a command."""
    for text in ("--version", "-w /tmp/x", "<speak>one</speak>", "$(reboot); `id`"):
        assert len(samples(await Espeak().speak(text, "en"))) > RATE / 4


async def test_a_missing_voice_says_what_to_install() -> None:
    with pytest.raises(SpeechError, match=r"no voice .* for tlh; install espeak-ng-data") as caught:
        await Espeak().speak("nuqneH", "tlh")
    assert caught.value.fault is SpeechFault.NO_VOICE


async def test_a_missing_synthesizer_says_what_to_install() -> None:
    with pytest.raises(SpeechError, match="apt-get install espeak-ng") as caught:
        await Espeak(["espeak-nowhere"]).speak("Hello", "en")
    assert caught.value.fault is SpeechFault.NO_SYNTHESIZER


async def test_one_that_fails_is_quoted() -> None:
    with pytest.raises(SpeechError, match="ended with code 3: broken data"):
        await Espeak(["sh", "-c", "echo broken data >&2; exit 3", "sh"]).speak("Hello", "en")


async def test_one_that_hangs_is_ended_and_leaves_no_process() -> None:
    hangs = Espeak(["sh", "-c", "exec sleep 600", "sh"], deadline_s=0.3)
    with pytest.raises(SpeechError, match=r"not finished after 0\.3 s"):
        async with asyncio.timeout(60):
            await hangs.speak("Hello", "en")
