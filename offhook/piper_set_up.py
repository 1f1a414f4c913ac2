"""``./run piper``: sets up piper, the English voice, in an environment of its own."""

import asyncio
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from configuration.prompt_voices import piper_place
from domain.errors import OperatorError
from prompts.piper import LOCK, Piper
from prompts.speech import SpeechError
from supervision.outlet import say

TRIED = "Piper speaks English here."


class PiperError(OperatorError):
    """piper can't be set up; the text says why and what to do."""


def set_up() -> int:
    """Make the environment if it isn't there, and have it say a sentence. Raises PiperError."""
    place = piper_place()
    kept = place.folder / "piper.lock"
    if not kept.is_file() or kept.read_bytes() != LOCK.read_bytes():
        _make(place.folder)
        shutil.copyfile(LOCK, kept)
    try:
        sound = asyncio.run(Piper(place).speak(TRIED, "en"))
    except SpeechError as error:
        raise PiperError(f"piper is there but doesn't speak: {error}") from error
    say(f"piper speaks ({len(sound) / 16_000:.1f} s of sound for: {TRIED})")
    say('to use it, write "speech: {en: piper}" in centre.yaml, then restart')
    return 0


def _make(folder: Path) -> None:
    say(f"setting up piper in {folder} (once, about 300 MB)")
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        venv.create(folder, with_pip=True, symlinks=True)
        command = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        command += ["--disable-pip-version-check", "--require-hashes", "-r", str(LOCK)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        raise PiperError(
            f"no environment can be made in {folder}: {error}; install python3-venv"
        ) from error
    if done.returncode != 0:
        shutil.rmtree(folder, ignore_errors=True)
        why = " ".join(done.stderr.split())[-300:] or f"pip ended with code {done.returncode}"
        raise PiperError(f"piper can't be installed for Python {sys.version.split()[0]}: {why}")
