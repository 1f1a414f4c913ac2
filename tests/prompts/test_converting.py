"""Uploads of every usual format become what telephones play; hostile ones become nothing."""

import io
import math
import subprocess
import wave
from array import array
from pathlib import Path

import pytest

from prompts.converting import (
    LOUDEST_PEAK,
    MAX_UPLOAD_BYTES,
    TARGET_LUFS,
    Converter,
    SoundRefusal,
    SoundRefused,
    limited,
)
from prompts.programs import run_program
from prompts.prompt_files import is_telephone_file
from tests.prompts.sounds import level, samples, tones

NARROW = ("-ar", "8000", "-ac", "1")
FORMATS: dict[str, tuple[str, ...]] = {
    "music.mp3": ("-f", "mp3"),
    "music.ogg": ("-f", "ogg", "-c:a", "libvorbis"),
    "music.opus": ("-f", "opus"),
    "music.flac": ("-f", "flac"),
    "phone.m4a": ("-f", "ipod"),
    "browser.webm": ("-f", "webm", "-c:a", "libopus"),
    "music.aiff": ("-f", "aiff"),
    "windows.wma": ("-f", "asf"),
    "old.wav": (*NARROW, "-f", "wav", "-c:a", "gsm_ms"),
    "asterisk.gsm": (*NARROW, "-f", "gsm"),
    "asterisk.ulaw": (*NARROW, "-f", "mulaw"),
    "asterisk.alaw": (*NARROW, "-f", "alaw"),
    "asterisk.sln": (*NARROW, "-f", "s16le"),
    "asterisk.g722": ("-ar", "16000", "-ac", "1", "-f", "g722"),
    "MUSIC.MP3": ("-f", "mp3"),
    "studio.wav": ("-ar", "192000", "-ac", "8", "-f", "wav"),
    "film.flac": ("-ac", "6", "-f", "flac"),
}


def encoded(options: tuple[str, ...], sound: bytes, folder: Path) -> bytes:
    made = folder / "encoded"
    command = ["ffmpeg", "-v", "error", "-i", "-", *options, str(made)]
    subprocess.run(command, input=sound, capture_output=True, check=True)
    return made.read_bytes()


def pcm(amplitude: float, seconds: float, rate: int = 8000, lead_s: float = 0.0) -> bytes:
    """A hum of 440 Hz, cut off at full scale."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        hum = array("h", [0] * int(lead_s * rate))
        for n in range(int(seconds * rate)):
            value = amplitude * 32767 * math.sin(2 * math.pi * 440 * n / rate)
            hum.append(max(-32768, min(32767, int(value))))
        file.writeframes(hum.tobytes())
    return made.getvalue()


@pytest.mark.parametrize(("name", "options"), FORMATS.items())
async def test_every_usual_format_is_converted(
    name: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    made = await Converter().convert(encoded(options, tones(500, rate=44100), tmp_path), name)
    file = tmp_path / "made.wav"
    file.write_bytes(made.wav)
    assert is_telephone_file(file), "Asterisk plays it as it is"
    assert level(samples(made.wav), 500) > level(samples(made.wav), 1500) + 20
    assert made.findings.seconds == pytest.approx(1.0, abs=0.15)
    assert not made.findings.clipped_s


async def test_loud_and_quiet_ones_come_out_alike_and_never_beyond_the_peak() -> None:
    converter = Converter()
    loudness = []
    for amplitude in (0.02, 0.2, 0.9):
        first = await converter.convert(pcm(amplitude, 2), "hum.wav")
        again = await converter.convert(first.wav, "hum.wav")
        loudness.append(again.findings.loudness)
        assert max(map(abs, samples(first.wav))) <= LOUDEST_PEAK * 32768 + 1
        assert first.findings.gain + first.findings.loudness == pytest.approx(TARGET_LUFS, abs=0.2)
    assert loudness == pytest.approx([TARGET_LUFS] * 3, abs=0.5)


async def test_stereo_is_as_loud_as_what_one_ear_hears_even_if_its_sides_are_opposite(
    tmp_path: Path,
) -> None:
    stereo = (await Converter().convert(tones(500, rate=44100, channels=2), "s.wav")).findings
    mono = (await Converter().convert(tones(500, rate=44100), "m.wav")).findings
    assert stereo.loudness == pytest.approx(mono.loudness, abs=0.3)
    opposite = encoded(
        ("-af", "pan=stereo|c0=c0|c1=-1*c0", "-f", "wav"), tones(500, rate=44100), tmp_path
    )
    made = await Converter().convert(opposite, "opposite.wav")
    assert level(samples(made.wav), 500) == pytest.approx(-16.4, abs=1.5)


async def test_clipping_and_silence_are_reported() -> None:
    found = (await Converter().convert(pcm(1.6, 1, 48_000, lead_s=0.8), "loud.wav")).findings
    assert found.clipped_s == pytest.approx(1.0, abs=0.05)
    assert found.lead_s == pytest.approx(0.8, abs=0.05)
    assert found.tail_s < 0.05
    clean = (await Converter().convert(pcm(0.9, 1, 48_000), "clean.wav")).findings
    assert clean.clipped_s == 0


async def test_what_is_telephone_sound_already_may_stay_as_it_is() -> None:
    plain = pcm(0.1, 1)
    made = await Converter().convert(plain, "hum.wav", untouched=True)
    assert made.wav == plain and made.findings.gain == 0
    other = tones(500, rate=44100)
    assert (await Converter().convert(other, "hum.wav", untouched=True)).wav != other


def _flac_of_silence(seconds: int) -> bytes:
    command = f"ffmpeg -v error -f lavfi -i anullsrc=r=8000:cl=mono -t {seconds} -f flac pipe:1"
    return subprocess.run(command.split(), capture_output=True, check=True).stdout


HOSTILE = {
    "a playlist": ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{}\n"),
    "a list of files": ("list.txt", "ffconcat version 1.0\nfile '{}'\n"),
    "a list that claims to be a WAV": ("list.wav", "ffconcat version 1.0\nfile '{}'\n"),
    "a plan of streams": ("a.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n{}"),
    "a web page": ("page.mp3", "<html><audio src='file://{}'></html>" * 30),
    "a picture's script": ("a.svg", "<svg><image href='file://{}'/></svg>"),
    "subtitles": ("a.srt", "1\n00:00:00,000 --> 00:00:01,000\n{}\n"),
}


@pytest.mark.parametrize(("name", "text"), HOSTILE.values(), ids=HOSTILE.keys())
async def test_what_names_other_files_opens_none_of_them(
    name: str, text: str, tmp_path: Path
) -> None:
    other = tmp_path / "other.wav"
    other.write_bytes(pcm(0.5, 1))
    with pytest.raises(SoundRefused) as caught:
        await Converter().convert(text.replace("{}", str(other)).encode(), name)
    assert caught.value.why is SoundRefusal.NO_SOUND


async def test_each_kind_of_bad_file_has_its_reason() -> None:
    converter = Converter(longest_s=5)
    for data, name, why in (
        (b"", "empty.mp3", SoundRefusal.EMPTY),
        (bytes(MAX_UPLOAD_BYTES + 1), "large.wav", SoundRefusal.TOO_LARGE),
        (bytes(5000), "zeros.mp3", SoundRefusal.NO_SOUND),
        (b"PK\3\4" + bytes(3000), "archive.zip", SoundRefusal.NO_SOUND),
        (pcm(0.5, 1)[:50], "cut.wav", SoundRefusal.NO_SOUND),
        (pcm(0.0, 1), "silent.wav", SoundRefusal.SILENT),
        (_flac_of_silence(36_000), "ten hours in little.flac", SoundRefusal.TOO_LONG),
        (pcm(0.5, 6), "long.wav", SoundRefusal.TOO_LONG),
    ):
        with pytest.raises(SoundRefused) as caught:
            await converter.convert(data, name)
        assert caught.value.why is why, name


async def test_a_converter_that_is_missing_hangs_or_never_stops_is_told_apart() -> None:
    sound = pcm(0.5, 1)
    for script, why in (
        ("exec ffmpeg-nowhere", SoundRefusal.NO_CONVERTER),
        ("sleep 60", SoundRefusal.TOO_SLOW),
        ("cat /dev/zero", SoundRefusal.NO_SOUND),
        ("exit 3", SoundRefusal.NO_SOUND),
        ("kill -9 $$", SoundRefusal.NO_SOUND),
    ):
        converter = Converter(["sh", "-c", script, "sh"], deadline_s=0.7, longest_s=2)
        with pytest.raises(SoundRefused) as caught:
            await converter.convert(sound, "hum.wav")
        assert caught.value.why is why, script


async def test_ffmpeg_has_neither_memory_nor_files_without_end() -> None:
    """The limits that it runs under, tried with programs that want more."""
    for script in ("head -c 100 /dev/zero >written", "head -c 2000000000 /dev/zero | tail -n 1"):
        ran = await run_program(limited(("sh", "-c", script)), deadline_s=30, most_bytes=1000)
        assert ran.code != 0, script
