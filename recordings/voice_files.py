"""What callers say after a tone: how the file is named that Asterisk writes, whether anything was
said in it, and how it becomes a WAV.

Asterisk writes one side, as raw samples: such a file is whole at every moment, whoever dies. Its
name says everything that is needed to take it in later: the call, whose people are to hear it, and
whether it is cut short. On a full disk there is room for another name, where there is none for
another file. It blocks; ``recordings.voices`` runs it in threads.
"""

import re
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from domain.identity import CallId, QueueName
from domain.reasons import LossReason
from domain.recording_facts import VoiceKept
from machine.safe_files import NotAFileError, open_regular
from recordings.capture import FRAME_BYTES, RATE, day_of
from recordings.faults import RecordingForeign, RecordingLost, kept
from recordings.raw_to_wav import HEADER_BYTES, foreign, write_wav

FORMAT = "sln"
"""What Asterisk calls raw samples, signed, 16 bits, 8,000 a second; also the files' suffix."""
SAMPLE_BYTES = 2
LOUD = 300
"""A sample above this is sound, and not a line's hiss: 1 % of the loudest there is."""
LEAST_SOUND_S = 0.2
"""With less of it, nothing was said: a click, or the phone that was hung up."""

_STRETCH = RATE // 50
_NAME = re.compile(
    r"(?P<call>[A-Za-z0-9][A-Za-z0-9_.-]{0,150})\.v(?P<at>\d{13})(?P<short>-short)?"
    r"(?:\.(?P<queue>[A-Za-z0-9][A-Za-z0-9_-]{0,39}))?"
)


@dataclass(frozen=True, slots=True)
class VoiceName:
    """The name of a recording, which is also its file's without the suffix."""

    call: CallId
    at_ms: int
    """When it began, in epoch milliseconds: a call may have several."""
    queue: QueueName | None = None
    """Whose people hear it; None: it is no voicemail."""
    short: bool = False
    """Whether some of what was said is missing, because the disk was full."""

    def __str__(self) -> str:
        """As it is written. Raises ValueError if it can't be a file's."""
        box = "" if self.queue is None else f".{self.queue}"
        short = "-short" if self.short else ""
        text = f"{self.call}.v{self.at_ms:013d}{short}{box}"
        if read_name(text) != self:
            raise ValueError(f"{text!r} can't name a recording: letters, digits, '-', '_' only")
        return text


def read_name(text: str) -> VoiceName | None:
    """The name that is written like this; None if it isn't one of ours."""
    found = _NAME.fullmatch(text)
    if found is None:
        return None
    queue = found["queue"]
    return VoiceName(
        CallId(found["call"]),
        int(found["at"]),
        None if queue is None else QueueName(queue),
        found["short"] is not None,
    )


@dataclass(frozen=True, slots=True)
class KeptVoice:
    """A recording in its place; ``file`` is relative to the root."""

    name: VoiceName
    file: str
    sha256: str
    duration_s: float
    bytes: int

    def fact(self) -> VoiceKept:
        """The fact that it was stored, for the call's timeline."""
        return VoiceKept(
            str(self.name),
            self.name.queue,
            self.file,
            self.sha256,
            self.duration_s,
            self.bytes,
            self.name.short or None,
        )


def said_s(raw: Path) -> float:
    """How long the recording is, in seconds; 0 if nothing was said.

    Raises OSError, NotAFileError.
    """
    loud = samples = 0
    with open_regular(raw) as (file, _):
        while stretch := _whole(file.read(_STRETCH * SAMPLE_BYTES)):
            samples += len(stretch)
            loud += max(max(stretch), -min(stretch)) > LOUD
    return samples / RATE if loud * _STRETCH >= LEAST_SOUND_S * RATE else 0.0


def _whole(data: bytes) -> "array[int]":
    found = array("h")
    found.frombytes(data[: len(data) // SAMPLE_BYTES * SAMPLE_BYTES])
    return found


class _TwoSided:
    """One side's samples, read as frames of two of which the other is silent: the player's form."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int, /) -> bytes:
        one = _whole(self._file.read(size // FRAME_BYTES * SAMPLE_BYTES))
        both = array("h", bytes(len(one) * FRAME_BYTES))
        both[::2] = one
        return both.tobytes()


def store_voice(raw: Path, name: VoiceName, root: Path) -> KeptVoice:
    """Make the WAV of ``raw`` below ``root``, as ``YYYY/MM/DD/NAME.wav``; ``raw`` stays.

    Repeated after a crash, it finds its own work. Raises RecordingLost if there is nothing to store
    (RecordingForeign: the file is not Asterisk's), and RecordingKept if it can't be stored yet.
    """
    call = name.call
    try:
        with open_regular(raw) as (source, status):
            size = status.st_size // SAMPLE_BYTES * FRAME_BYTES
            if size == 0:
                raise RecordingLost(call, LossReason.EMPTY_FILE, f"{raw} is empty")
            if (why := foreign(raw, status, call)) is not None:
                raise RecordingForeign(call, f"{raw} {why}")
            day = day_of(call) or datetime.fromtimestamp(name.at_ms / 1000, UTC).date()
            try:
                made = write_wav(_TwoSided(source), size, str(name), root, root / f"{day:%Y/%m/%d}")
            except OSError as error:
                raise kept(error, call, raw, root, size + HEADER_BYTES) from error
    except NotAFileError as error:
        raise RecordingForeign(call, f"{raw} is {error}") from None
    except FileNotFoundError:
        raise RecordingLost(call, LossReason.NO_FILE, f"Asterisk left no file {raw}") from None
    except OSError as error:
        raise kept(error, call, raw, raw, 0) from error
    return KeptVoice(name, made.file, made.sha256, made.duration_s, size + HEADER_BYTES)


VoiceTold = Callable[[KeptVoice], None]
