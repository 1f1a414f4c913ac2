"""What there is of a flow: its draft, its revisions, and the editions that calls meet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from documents.document_errors import DocumentError
from documents.sentence import Sentence
from domain.errors import OffhookError
from ivr_flows.loader import Checked
from ivr_flows.trying.playing import AllPlayed


@dataclass(frozen=True, slots=True)
class FlowDraft:
    """The text that is edited. ``version`` grows with each change of it."""

    flow: str
    project: str
    """"" : every project's."""
    text: str
    tests: str
    version: int
    changed_at: datetime
    changed_by: str
    retired: bool = False


@dataclass(frozen=True, slots=True)
class FlowRevision:
    """A text that never changes. ``edition`` is the last that has it; None: no call has met it."""

    flow: str
    number: int
    at: datetime
    by: str
    note: str
    warnings: tuple[str, ...]
    edition: int | None
    text: str = ""
    tests: str = ""
    sentences: tuple[Sentence, ...] = ()
    """The warnings, to be said in a reader's language; those of old revisions are English."""


@dataclass(frozen=True, slots=True)
class FlowOverview:
    """A flow in the list of all."""

    flow: str
    project: str
    version: int
    changed_at: datetime
    changed_by: str
    number: int | None
    """The revision that calls meet; None: none."""
    published_at: datetime | None
    published_by: str | None
    edited: bool
    """Whether the draft differs from what calls meet."""
    due_at: datetime | None
    """When another revision is published by itself."""
    retired: bool
    titles: Mapping[str, str]
    """What the draft says that people call it, by language."""


@dataclass(frozen=True, slots=True)
class PlannedPublication:
    """A revision that is published at a time."""

    id: int
    flow: str
    number: int
    due_at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class FlowPeriod:
    """From when to when calls met something of a flow. ``until`` None: they do now."""

    number: int | None
    """The revision; None: none, for the flow was retired."""
    since: datetime
    until: datetime | None
    by: str
    why: str
    """published, rolled_back, scheduled or retired."""


@dataclass(frozen=True, slots=True)
class FlowProspect:
    """What stands between a draft and its publication."""

    draft: FlowDraft
    met: FlowRevision | None
    """What calls meet now, with its text; None: nothing."""
    checked: Checked
    played: AllPlayed | None
    """What came of its tests; None: there are none, or they can't be played."""
    tests_fault: DocumentError | None
    """What is wrong with the text of the tests."""
    refused: "FlowRefused | None"
    """Why what leads to the flow would not fit it any more; None: it would."""

    @property
    def ready(self) -> bool:
        """Whether it can be published once its warnings are confirmed."""
        tests_fail = self.tests_fault is not None or bool(self.played and self.played.faults)
        return self.checked.flow is not None and not tests_fail and self.refused is None


@dataclass(frozen=True, slots=True)
class FlowEdition:
    """The texts of all flows that calls meet, by name, the numbers of these revisions, and whose
    project's each flow is ("": every project's)."""

    edition: int
    texts: Mapping[str, str]
    numbers: Mapping[str, int]
    projects: Mapping[str, str] = field(default_factory=dict)


class FlowRefusal(StrEnum):
    """Why nothing was changed."""

    FORBIDDEN = "forbidden"  # not their role or project
    UNKNOWN = "unknown"
    EXISTS = "exists"  # a flow of this name
    BAD_NAME = "bad_name"
    TOO_LARGE = "too_large"
    NO_TEXT = "no_text"  # it has a NUL, which the database can't keep
    OTHER_NAME = "other_name"  # the text calls the flow otherwise
    CHANGED_MEANWHILE = "changed_meanwhile"  # by somebody else
    FAULTY = "faulty"  # it has errors, which ``checked`` names
    UNCONFIRMED = "unconfirmed"  # it has warnings that nobody has confirmed
    TESTS_FAIL = "tests_fail"
    IN_USE = "in_use"  # a number, a campaign or another flow leads to it
    BREAKS_OTHERS = "breaks_others"  # a flow that enters it would not fit any more
    LACKS_QUEUE = "lacks_queue"  # numbers or campaigns lead to it, and have no queue of their own
    LOSES_OPT_OUT = "loses_opt_out"  # campaigns lead to it that promise a way to opt out
    IN_THE_PAST = "in_the_past"
    TOO_FAR = "too_far"  # a slip of the keyboard
    NOT_PLANNED = "not_planned"
    HAS_REVISIONS = "has_revisions"  # so that it is not only a draft, and stays


class FlowRefused(OffhookError):  # noqa: N818
    """Nothing was changed. ``about`` names what is in the way, ``checked`` what was found."""

    def __init__(self, why: FlowRefusal, about: str = "", checked: Checked | None = None) -> None:
        super().__init__(why, about)
        self.why = why
        self.about = about
        self.checked = checked
