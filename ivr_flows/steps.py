"""The steps that a flow asks for, and the outcomes that it is sent.

A flow is a generator of steps. Its driver does each step and sends back the outcome; when the
caller hangs up, the driver closes the generator. Nothing here knows how a step is done.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.happening import Happening
from domain.identity import AgentCode, LineName, QueueName
from domain.prompts import PromptText

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True)
class AnswerCall:
    """Take the call off the hook. Outcome: Done."""

    node: str


@dataclass(frozen=True, slots=True)
class Play:
    """Say these prompts one after the other. Outcome: Done, or Digits if a key cut them short.

    A key pressed during an ``interruptible`` Play stops all of it, and must be sent back as Digits,
    because it answers the next question. ``waiting``: the caller has a place in a queue, and
    AgentFound may be the outcome.
    """

    node: str
    prompts: tuple[PromptText, ...]
    language: str
    interruptible: bool = True
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class Collect:
    """Say these prompts and collect keys, during them (a key cuts them short) or after. Outcome:
    Digits.

    Ends after ``max_digits`` keys, at one of ``terminators`` (not part of the digits), when no
    first key comes within ``first_timeout_s`` after the prompts, or no further one within
    ``digit_timeout_s``. With ``terminators`` empty, ``*`` and ``#`` are keys like any other.
    Without prompts it just waits for a key. ``secret`` keys appear in no log, fact or event.
    ``waiting``: as for Play.
    """

    node: str
    prompts: tuple[PromptText, ...]
    language: str
    max_digits: int
    first_timeout_s: float
    digit_timeout_s: float
    terminators: str = ""
    secret: bool = False
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class Enqueue:
    """Put the caller into this queue until an agent has talked with them. Outcome: Left, or
    MenuIsDue if ``every_s`` have passed.

    ``exits`` names the node after each outcome: if the controller is lost, a call in which an agent
    is talking goes on at ``exits["talked"]``, and one that waits at ``node``. ``back`` is then said
    to the waiting caller, while they wait, so as not to prolong it.
    """

    node: str
    queue: QueueName
    language: str
    music: str
    exits: Mapping[str, str]
    back: tuple[PromptText, ...] = ()
    again: tuple[PromptText, ...] = ()
    """Said if the agent's phone dies during the talk and the caller has to wait again."""
    raised: int | None = None
    """How much the caller raises the queue's priority; None: by who they are."""
    longest_s: float | None = None
    """How long they wait at most; None: as long as the queue says."""
    most_waiting: int | None = None
    """With so many callers waiting already, this one is not taken."""
    keys: str = ""
    """Those that end the wait."""
    every_s: float | None = None
    """How often the in-queue flow is due; None: there is none."""
    goes_on: bool = False
    """The caller has kept their place, and comes from the in-queue flow."""


@dataclass(frozen=True, slots=True)
class LeaveQueue:
    """The caller gives up their place. Outcome: Done, or AgentFound if one was quicker."""

    node: str


@dataclass(frozen=True, slots=True)
class AskHours:
    """Look whether the calendar is open now. Outcome: Opening, or NotDone if there is none."""

    node: str
    calendar: str | None
    """None: the one of the number called."""


@dataclass(frozen=True, slots=True)
class LookUp:
    """Ask a service on the network. Outcome: LookedUp, or LookUpFailed.

    ``secrets`` names those that go into a header: header name to secret's name.
    """

    node: str
    method: str
    url: str
    query: Mapping[str, str]
    body: Mapping[str, str] | None
    headers: Mapping[str, str]
    secrets: Mapping[str, str]
    timeout_s: float
    tries: int
    largest_bytes: int
    meanwhile: tuple[PromptText, ...] = ()
    """Said while the caller waits for the answer."""


@dataclass(frozen=True, slots=True)
class DrawLots:
    """Draw lots. Outcome: Drawn."""

    node: str


@dataclass(frozen=True, slots=True)
class RecordVoice:
    """Record the caller after a tone. Outcome: VoiceRecorded, or NotDone if it can't be done.

    Ends at one of ``terminators``, after ``silence_s`` without a word or ``longest_s`` in all. With
    ``box``, the recording is a voicemail of that box, also if the caller hangs up during it.
    """

    node: str
    longest_s: float
    silence_s: float
    terminators: str
    box: str | None = None


@dataclass(frozen=True, slots=True)
class BookCallback:
    """Note that somebody is to call ``number``. Outcome: Done, or NotDone if it is refused.

    ``at`` None: as soon as an agent is free. Civil time by the centre's clock.
    """

    node: str
    number: str
    at: datetime | None
    queue: QueueName


@dataclass(frozen=True, slots=True)
class TransferToAgent:
    """Let the caller talk with this agent. Outcome: Left."""

    node: str
    agent: AgentCode
    longest_s: float
    exits: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TransferToNumber:
    """Let the caller talk with this number outside. Outcome: Left."""

    node: str
    number: str
    line: LineName
    longest_s: float
    exits: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Note:
    """Write this into the call's timeline. Outcome: Done."""

    node: str
    what: Happening


@dataclass(frozen=True, slots=True)
class OptOut:
    """The customer asks not to be called again. Outcome: Done, or NotDone if this is not a call
    that we placed."""

    node: str


@dataclass(frozen=True, slots=True)
class Apologise:
    """The flow is at fault: log it once, and say sorry in the centre's own words. Outcome: Done."""

    node: str
    why: str
    language: str


@dataclass(frozen=True, slots=True)
class Hangup:
    """End the call; the last step of every flow. Outcome: Done."""

    node: str
    why: str


Step = (
    AnswerCall
    | Play
    | Collect
    | Enqueue
    | LeaveQueue
    | AskHours
    | LookUp
    | DrawLots
    | RecordVoice
    | BookCallback
    | TransferToAgent
    | TransferToNumber
    | Note
    | OptOut
    | Apologise
    | Hangup
)


class QueueExit(StrEnum):
    """How a caller's wait ended, if not by hanging up."""

    TALKED = "talked"  # an agent was connected, and the talk is over
    TIMEOUT = "timeout"  # waited as long as the queue, or the flow, allows
    NOBODY = "nobody"  # nobody who can serve the queue is logged in
    FAILED = "failed"  # the queue is unknown or could not take the caller
    OVERFLOW = "overflow"  # too many wait already
    KEY = "key"  # pressed one of the keys that end the wait


class OpeningState(StrEnum):
    """What a calendar says of a moment."""

    OPEN = "open"
    CLOSED = "closed"
    HOLIDAY = "holiday"


class LookUpFault(StrEnum):
    """Why a look-up gave nothing."""

    NOT_FOUND = "not_found"  # the service says that there is no such thing
    TIMEOUT = "timeout"
    NO_NAME = "no_name"  # the host's name is in no name server
    UNREACHABLE = "unreachable"
    LOST = "lost"  # the connection broke, and what was asked for may have been done
    REFUSED = "refused"  # by us: the address is inside the centre, and not allowed
    STATUS = "status"  # the service answered with an error
    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    NO_SECRET = "no_secret"  # noqa: S105 - there is none


@dataclass(frozen=True, slots=True)
class Done:
    """The step was done."""


@dataclass(frozen=True, slots=True)
class NotDone:
    """The step could not be done."""


@dataclass(frozen=True, slots=True)
class Digits:
    """The keys that were pressed; "" with ``timed_out`` is silence."""

    digits: str
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """The caller is out of the queue and still there; ``key`` if one ended the wait."""

    why: QueueExit
    key: str = ""


@dataclass(frozen=True, slots=True)
class MenuIsDue:
    """The caller waits, keeps their place, and is to walk the in-queue flow now."""


@dataclass(frozen=True, slots=True)
class AgentFound:
    """The in-queue flow is to be left at once: an agent is there, or the wait is over."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What the calendar says."""

    state: OpeningState


@dataclass(frozen=True, slots=True)
class LookedUp:
    """The service's answer."""

    answer: Json


@dataclass(frozen=True, slots=True)
class LookUpFailed:
    """There is no answer that could be used. ``status`` is that of HTTP, if it is the reason."""

    why: LookUpFault
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A number from 0 up to, but not, 1."""

    number: float


@dataclass(frozen=True, slots=True)
class VoiceRecorded:
    """What the caller said, as a recording of this name; 0 seconds: nothing was said."""

    name: str
    seconds: float


StepOutcome = (
    Done
    | NotDone
    | Digits
    | Left
    | MenuIsDue
    | AgentFound
    | Opening
    | LookedUp
    | LookUpFailed
    | Drawn
    | VoiceRecorded
)
