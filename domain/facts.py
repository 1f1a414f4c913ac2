"""The facts that are recorded about calls and agents as they happen.

Facts never change. A call's record is a fold of its facts (``records.fold``), so the same facts
make the same record, in any order, delivered twice, or after a crash.

A fact of a call (``CallFact``) says when and in which call something happened, and ``what``: one
class for each kind. To add a kind, add its class here; how it is stored follows from its fields
(``storage.fact_codec``). A field may be None because nobody knew, or because what is stored
can't be read: what a crash has garbled can't be asked for again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, TypeVar

from domain.identity import (
    AgentCode,
    CallId,
    LineName,
    ProjectName,
    QueueName,
    SkillName,
    StationName,
)
from domain.reasons import (
    Cause,
    ConsultEnd,
    EndReason,
    GiveUpReason,
    LossReason,
    NoCallback,
    NoEntry,
    OfferFailure,
    Party,
    TransferKind,
    Unlisted,
)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened in a call; each kind is a subclass."""

    kind: ClassVar[str]
    """The word under which it is stored; never change it."""


KINDS: dict[str, type[Happening]] = {}
"""All kinds by their words, in the order in which a call has them: of two facts of the same
instant, the one whose kind is declared first is the earlier."""

_H = TypeVar("_H", bound=type[Happening])


def _stored_as(kind: str) -> Callable[[_H], _H]:
    def register(happening: _H) -> _H:
        happening.kind = kind
        KINDS[kind] = happening
        return happening

    return register


@_stored_as("entered")
@dataclass(frozen=True, slots=True)
class CallEntered(Happening):
    """A call came in on a line."""

    hotline: str | None
    """The number dialled."""
    project: ProjectName | None
    line: LineName | None
    caller: str | None
    """The number; None: withheld."""
    caller_name: str | None
    flow: str | None


@_stored_as("placed")
@dataclass(frozen=True, slots=True)
class CallPlaced(Happening):
    """We called a customer: the first fact of an attempt, written before Asterisk is asked."""

    campaign: str | None
    """None: by hand."""
    project: ProjectName | None
    line: LineName | None
    number: str | None
    """The customer's, with + and the country's code."""
    caller_id: str | None
    """The number that the customer sees."""
    lead: int | None = field(metadata={"limit": 2**63 - 1})
    mode: str | None
    agent: AgentCode | None = field(default=None, metadata={"optional": True})
    """Who is kept for the customer, if somebody is."""


@_stored_as("rang")
@dataclass(frozen=True, slots=True)
class CustomerRang(Happening):
    """The customer's phone began to ring, by what the carrier says."""


@_stored_as("answered")
@dataclass(frozen=True, slots=True)
class CustomerAnswered(Happening):
    """Somebody or something picked up at the number that we called."""


@_stored_as("listens")
@dataclass(frozen=True, slots=True)
class DetectionBegan(Happening):
    """Machine detection listens to who or what has picked up."""


@_stored_as("person")
@dataclass(frozen=True, slots=True)
class PersonFound(Happening):
    """Detection took them for a person, or was not sure."""


@_stored_as("machine")
@dataclass(frozen=True, slots=True)
class MachineFound(Happening):
    """Detection took what picked up for a machine, and the call was ended."""


@_stored_as("not_reached")
@dataclass(frozen=True, slots=True)
class NotReached(Happening):
    """Nobody picked up at the number that we called."""

    cause: Cause | Unlisted | None
    q850: int | None = None
    sip: int | None = None


@_stored_as("blocked")
@dataclass(frozen=True, slots=True)
class CallBlocked(Happening):
    """The line was full and refused the call."""

    line: LineName | None


@_stored_as("turned_away")
@dataclass(frozen=True, slots=True)
class TurnedAway(Happening):
    """The call was not led into its hotline's flow."""

    why: NoEntry | Unlisted | None


@_stored_as("entry_rule")
@dataclass(frozen=True, slots=True)
class EntryRuleHeld(Happening):
    """The call entered another flow than the number's usual one, by a rule of the number."""

    number: str | None
    """The number dialled."""
    rule: str | None
    flow: str | None


@_stored_as("language")
@dataclass(frozen=True, slots=True)
class LanguageChosen(Happening):
    """The caller chose a language, or got the flow's default by pressing nothing."""

    language: str | None


@_stored_as("chose")
@dataclass(frozen=True, slots=True)
class ChoiceMade(Happening):
    """The caller pressed a menu's key."""

    node: str | None
    digits: str | None
    choice: str | None
    """The choice's name in the flow, which stays the same if its key changes."""


@_stored_as("misdialled")
@dataclass(frozen=True, slots=True)
class Misdialled(Happening):
    """The caller pressed a key that isn't a choice, or none."""

    node: str | None
    digits: str
    """Empty: none."""
    attempt: int | None = field(metadata={"key": "try"})
    """Counted from 1."""


@dataclass(frozen=True, slots=True)
class NodePassed:
    """A node of a flow in which a call was. Times are in seconds."""

    node: str | None
    """The way to it: ``menu``, or ``identify>ask`` within a sub-flow."""
    exit: str | None
    """By which it was left; "": it was the end of its flow. None: the caller hung up there."""
    before_s: float
    """How long before the fact's time the call came to it."""
    lasted_s: float
    answers: str | None = None
    """What came of each question there, with commas between: the keys of an answer (none: silence),
    ``?`` for keys that are secret, ``=`` before anything else. None: nothing was asked."""
    flow: str | None = None
    """The flow that it is a node of, if that is not the fact's: it is in a sub-flow."""
    revision: int | None = None
    """Of that flow."""

    @property
    def silent(self) -> bool:
        """Whether a question there got no key as an answer."""
        return self.answers is not None and "" in self.answers.split(",")


@_stored_as("way")
@dataclass(frozen=True, slots=True)
class WayTaken(Happening):
    """The call's way through its flow since the fact of this kind before: the nodes that it has
    left, in order. It is written when the flow waits for long, and at its end."""

    flow: str | None
    edition: int | None = field(default=None, metadata={"optional": True})
    """The flows as they were met by this call; None: they come from files."""
    revision: int | None = field(default=None, metadata={"optional": True})
    """The flow's own, counted from 1."""
    nodes: tuple[NodePassed, ...] = field(default=(), metadata={"optional": True})


@_stored_as("queued")
@dataclass(frozen=True, slots=True)
class Queued(Happening):
    """The caller began to wait in a queue."""

    queue: QueueName | None
    skill: SkillName | None
    raised: int | None = field(default=None, metadata={"optional": True})
    """How much the caller raised the queue's priority; None: not at all."""


@_stored_as("announced")
@dataclass(frozen=True, slots=True)
class PositionAnnounced(Happening):
    """The caller was told their position in the queue."""

    position: int | None
    """Counted from 1."""
    expected_wait_s: float | None
    """None: unknown, and not announced."""


@_stored_as("offered")
@dataclass(frozen=True, slots=True)
class Offered(Happening):
    """An agent's phone began to ring for the caller."""

    agent: AgentCode | None
    station: StationName | None
    queue: QueueName | None


@_stored_as("offer_failed")
@dataclass(frozen=True, slots=True)
class OfferNotTaken(Happening):
    """An offer ended without a talk between agent and caller."""

    agent: AgentCode | None
    station: StationName | None
    why: OfferFailure | Unlisted | None


@_stored_as("connected")
@dataclass(frozen=True, slots=True)
class TalkBegan(Happening):
    """A phone and the caller were connected."""

    agent: AgentCode | None
    """None: nobody was logged in there."""
    station: StationName | None
    """Of somebody outside, their room (``domain.stations.outside_room``)."""


@_stored_as("held")
@dataclass(frozen=True, slots=True)
class Held(Happening):
    """One side put the other on hold."""

    agent: AgentCode | None
    station: StationName | None
    by: Party | Unlisted | None


@_stored_as("resumed")
@dataclass(frozen=True, slots=True)
class Resumed(Happening):
    """The side that held has resumed."""

    agent: AgentCode | None
    station: StationName | None
    by: Party | Unlisted | None


@_stored_as("consult_began")
@dataclass(frozen=True, slots=True)
class ConsultBegan(Happening):
    """An agent asks somebody, while the caller hears music."""

    agent: AgentCode | None
    station: StationName | None
    """The agent's phone."""
    whom: str | None
    """The code of an agent, or the room of somebody outside (``domain.stations.outside_room``)."""


@_stored_as("consult_answered")
@dataclass(frozen=True, slots=True)
class ConsultAnswered(Happening):
    """Whoever the agent asks is there; the caller still hears music."""

    agent: AgentCode | None
    station: StationName | None
    whom: str | None


@_stored_as("consult_over")
@dataclass(frozen=True, slots=True)
class ConsultEnded(Happening):
    """The agent no longer asks anybody."""

    agent: AgentCode | None
    station: StationName | None
    whom: str | None
    how: ConsultEnd | Unlisted | None
    cause: Cause | Unlisted | None = field(default=None, metadata={"optional": True})
    """Why somebody outside was not reached, if it is known."""


@_stored_as("transferred")
@dataclass(frozen=True, slots=True)
class Transferred(Happening):
    """An agent passed the caller on."""

    from_agent: AgentCode | None
    station: StationName | None
    """The agent's phone."""
    to: str | None
    """A station, a number, or the room of somebody outside."""
    how: TransferKind | Unlisted | None = field(metadata={"key": "kind"})


@_stored_as("disconnected")
@dataclass(frozen=True, slots=True)
class TalkEnded(Happening):
    """A phone and the caller were parted; the call may go on."""

    agent: AgentCode | None
    station: StationName | None
    by: Party | Unlisted | None
    why: EndReason | Unlisted | None = field(default=None, metadata={"optional": True})


@_stored_as("left_queue")
@dataclass(frozen=True, slots=True)
class LeftQueue(Happening):
    """The queue gave up on the caller."""

    queue: QueueName | None
    why: GiveUpReason | Unlisted | None


@_stored_as("abandoned")
@dataclass(frozen=True, slots=True)
class CustomerAbandoned(Happening):
    """A customer whom we called got no agent in time."""

    by_customer: bool | None
    """Whether they hung up before the time was over."""


@_stored_as("message")
@dataclass(frozen=True, slots=True)
class MessagePlayed(Happening):
    """The customer for whom no agent was free heard the project's message."""

    whole: bool | None


@_stored_as("opted_out")
@dataclass(frozen=True, slots=True)
class OptedOut(Happening):
    """The customer asked not to be called again."""

    project: ProjectName | None
    """By whom; None: by nobody in this centre."""


@_stored_as("fate_unknown")
@dataclass(frozen=True, slots=True)
class FateUnknown(Happening):
    """Nobody knows what became of the attempt; it was not found in Asterisk or its log."""


@_stored_as("controller_lost")
@dataclass(frozen=True, slots=True)
class ControllerLost(Happening):
    """The controller was away, and the call went on without it."""


@_stored_as("fallback")
@dataclass(frozen=True, slots=True)
class FellBack(Happening):
    """Asterisk's own queue took the caller."""

    queue: QueueName | None
    """Where the caller had waited; None: nowhere yet."""


@_stored_as("scored")
@dataclass(frozen=True, slots=True)
class Scored(Happening):
    """The caller gave the call a score."""

    score: int | None
    """From 1, the worst, to 5; a customer's own flow may use another range."""
    question: str | None = field(default=None, metadata={"optional": True})
    """Its name in the flow."""


@dataclass(frozen=True, slots=True)
class Silence:
    """A stretch of a recording without sound from one side, in seconds from its beginning."""

    side: Party | Unlisted | None
    from_s: float | None
    to_s: float | None


@_stored_as("recorded")
@dataclass(frozen=True, slots=True)
class Recorded(Happening):
    """The call's recording was stored. Lengths are in seconds."""

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


@_stored_as("recording_lost")
@dataclass(frozen=True, slots=True)
class RecordingMissing(Happening):
    """The call should have a recording, and has none."""

    why: LossReason | Unlisted | None


@_stored_as("callback_asked")
@dataclass(frozen=True, slots=True)
class CallbackAsked(Happening):
    """The caller asked to be called back."""

    number: str | None
    """Where; E.164 with + if it is booked, otherwise as it was keyed in."""
    at: str | None
    """When they will be called, in ISO 8601 and UTC; None: they won't."""
    why: NoCallback | Unlisted | None = field(default=None, metadata={"optional": True})
    """Why it is not booked."""


@_stored_as("voice")
@dataclass(frozen=True, slots=True)
class VoiceKept(Happening):
    """What the caller said after a tone was stored: a voicemail, or another recording of theirs."""

    name: str | None
    """The recording's, as the flow knows it."""
    queue: QueueName | None
    """Whose people hear it, of a voicemail; None: it is none."""
    file: str | None
    """Relative to the root of all recordings."""
    sha256: str | None
    duration_s: float | None
    bytes: int | None = field(metadata={"limit": 2**63 - 1})


@_stored_as("ended")
@dataclass(frozen=True, slots=True)
class CallEnded(Happening):
    """The caller's channel is gone."""

    by: Party | Unlisted | None
    cause: int | None
    """The cause by Q.850."""
    why: EndReason | Unlisted | None
    """Why, if nobody hung up; or the word of the flow that hung up."""


RANK = {happening: rank for rank, happening in enumerate(KINDS.values())}
"""The order of kinds among facts of one instant."""

TALKS = (TalkBegan, TalkEnded)
"""The kinds that show who talks with whom, and until when."""


def phone_in(what: Happening) -> StationName | None:
    """The phone of a talk or a transfer; None for other facts."""
    match what:
        case TalkBegan(station=phone) | TalkEnded(station=phone) | Transferred(station=phone):
            return phone
    return None


@dataclass(frozen=True, slots=True)
class CallFact:
    """One line of a call's timeline; ``at`` is civil time in UTC, ``id`` a UUID."""

    id: str
    call: CallId
    at: datetime
    what: Happening


class AgentState(StrEnum):
    """An agent's state; ``acd.agent_states`` has the table of transitions."""

    LOGGED_OUT = "logged_out"
    READY = "ready"
    OFFERED = "offered"
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class AgentFact:
    """An agent entered a state; the last of these facts is the agent's present state."""

    id: str
    agent: AgentCode
    at: datetime
    state: AgentState
    reason: str | None = None
    """Why paused: a reason from the centre's list, ``login``, or what became of an offer
    (``missed``, ``forwarded``, ...)."""
    station: StationName | None = None
    call: CallId | None = None


Fact = CallFact | AgentFact
