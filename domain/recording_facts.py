"""What was recorded of a call, and kept or lost."""

from dataclasses import dataclass, field

from domain.happening import Happening
from domain.identity import QueueName
from domain.reasons import LossReason, Party, Unlisted


@dataclass(frozen=True, slots=True)
class Silence:
    """A stretch of a recording without sound from one side, in seconds from its beginning."""

    side: Party | Unlisted | None
    from_s: float | None
    to_s: float | None


@dataclass(frozen=True, slots=True)
class Recorded(Happening):
    """The call's recording was stored. Lengths are in seconds."""

    kind = "recorded"

    file: str | None
    """Relative to the root of all recordings."""
    sha256: str | None
    duration_s: float | None
    bridged_s: float | None
    """How long it should be; None: nobody knows."""
    whole: bool | None
    """Whether the two lengths agree."""
    bytes: int | None = field(metadata={"limit": 2**63 - 1})
    silent: tuple[Silence, ...] = field(default=(), metadata={"optional": True})
    """Where one side was silent for long while the other spoke."""


@dataclass(frozen=True, slots=True)
class RecordingMissing(Happening):
    """The call should have a recording, and has none."""

    kind = "recording_lost"

    why: LossReason | Unlisted | None


@dataclass(frozen=True, slots=True)
class VoiceKept(Happening):
    """What the caller said after a tone was stored: a voicemail, or another recording of theirs."""

    kind = "voice"

    name: str | None
    """The recording's, as the flow knows it."""
    queue: QueueName | None
    """Whose people hear it, of a voicemail; None: it is none."""
    file: str | None
    """Relative to the root of all recordings."""
    sha256: str | None
    duration_s: float | None
    bytes: int | None = field(metadata={"limit": 2**63 - 1})
    short: bool | None = field(default=None, metadata={"optional": True})
    """True: some of what was said is missing, because the disk was full."""
