"""What there is of a recording: who uploaded it when, what was found in it, and what uses it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.errors import OffhookError
from prompts.converting import Findings, SoundRefusal


class RecordingChange(StrEnum):
    """What was done to a recording."""

    UPLOADED = "uploaded"
    BROUGHT_BACK = "brought_back"  # an older one is heard again
    REMOVED = "removed"
    TAKEN_OVER = "taken_over"  # from the folder ``uploaded`` of earlier versions


@dataclass(frozen=True, slots=True, order=True)
class RecordingName:
    """What a recording is found by. ``project`` "" : every project's."""

    name: str
    language: str
    project: str = ""


@dataclass(frozen=True, slots=True)
class RecordingVersion:
    """One line of a recording's history."""

    id: int
    of: RecordingName
    at: datetime
    by: str
    what: RecordingChange
    sound: str | None
    """None: it was removed."""
    file_name: str = ""
    findings: Findings | None = None


class UseKind(StrEnum):
    """What says a prompt."""

    FLOW = "flow"  # as calls meet it
    PLANNED = "planned"  # a revision that is to be published
    DRAFT = "draft"
    NOTICE = "notice"  # a number's: closed, emergency
    CAMPAIGN = "campaign"
    PHONE = "phone"  # what agents hear at their phones
    CALLER = "caller"  # what callers hear outside the words of their flow
    DIALPLAN = "dialplan"  # what callers hear while there is no controller


@dataclass(frozen=True, slots=True)
class RecordingUse:
    """A place where a prompt of this name is said."""

    name: str
    kind: UseKind
    by: str
    """The flow, the number or the campaign; "" where there is only one."""
    project: str
    """"" : every project's."""
    languages: tuple[str, ...]
    texts: Mapping[str, str] = field(default_factory=dict)
    """By language: what is spoken without a recording. Empty: it is only there as a recording."""

    @property
    def needs_recording(self) -> bool:
        """Whether nothing can be said without one."""
        return not self.texts


class RecordingRefusal(StrEnum):
    """Why nothing was changed."""

    FORBIDDEN = "forbidden"  # not their role or project
    UNKNOWN = "unknown"
    BAD_NAME = "bad_name"
    BAD_LANGUAGE = "bad_language"
    BAD_SOUND = "bad_sound"  # ``sound`` says why
    IN_USE = "in_use"  # ``about`` names what plays it
    CHANGED_MEANWHILE = "changed_meanwhile"


class RecordingRefused(OffhookError):  # noqa: N818
    """Nothing was changed."""

    def __init__(
        self, why: RecordingRefusal, about: str = "", sound: SoundRefusal | None = None
    ) -> None:
        super().__init__(why, about, sound)
        self.why = why
        self.about = about
        self.sound = sound
