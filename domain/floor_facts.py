"""How a caller waited, was offered to agents, and talked with whom: what happened on the floor."""

from dataclasses import dataclass, field

from domain.happening import Happening
from domain.identity import AgentCode, QueueName, SkillName, StationName
from domain.reasons import (
    Cause,
    ConsultEnd,
    EndReason,
    GiveUpReason,
    OfferFailure,
    Party,
    TransferKind,
    Unlisted,
)


@dataclass(frozen=True, slots=True)
class Queued(Happening):
    """The caller began to wait in a queue."""

    kind = "queued"

    queue: QueueName | None
    skill: SkillName | None
    raised: int | None = field(default=None, metadata={"optional": True})
    """How much the caller raised the queue's priority; None: not at all."""


@dataclass(frozen=True, slots=True)
class PositionAnnounced(Happening):
    """The caller was told their position in the queue."""

    kind = "announced"

    position: int | None
    """Counted from 1."""
    expected_wait_s: float | None
    """None: unknown, and not announced."""


@dataclass(frozen=True, slots=True)
class Offered(Happening):
    """An agent's phone began to ring for the caller."""

    kind = "offered"

    agent: AgentCode | None
    station: StationName | None
    queue: QueueName | None


@dataclass(frozen=True, slots=True)
class OfferNotTaken(Happening):
    """An offer ended without a talk between agent and caller."""

    kind = "offer_failed"

    agent: AgentCode | None
    station: StationName | None
    why: OfferFailure | Unlisted | None


@dataclass(frozen=True, slots=True)
class TalkBegan(Happening):
    """A phone and the caller were connected."""

    kind = "connected"

    agent: AgentCode | None
    """None: nobody was logged in there."""
    station: StationName | None
    """Of somebody outside, their room (``domain.stations.outside_room``)."""


@dataclass(frozen=True, slots=True)
class Held(Happening):
    """One side put the other on hold."""

    kind = "held"

    agent: AgentCode | None
    station: StationName | None
    by: Party | Unlisted | None


@dataclass(frozen=True, slots=True)
class Resumed(Happening):
    """The side that held has resumed."""

    kind = "resumed"

    agent: AgentCode | None
    station: StationName | None
    by: Party | Unlisted | None


@dataclass(frozen=True, slots=True)
class ConsultBegan(Happening):
    """An agent asks somebody, while the caller hears music."""

    kind = "consult_began"

    agent: AgentCode | None
    station: StationName | None
    """The agent's phone."""
    whom: str | None
    """The code of an agent, or the room of somebody outside (``domain.stations.outside_room``)."""


@dataclass(frozen=True, slots=True)
class ConsultAnswered(Happening):
    """Whoever the agent asks is there; the caller still hears music."""

    kind = "consult_answered"

    agent: AgentCode | None
    station: StationName | None
    whom: str | None


@dataclass(frozen=True, slots=True)
class ConsultEnded(Happening):
    """The agent no longer asks anybody."""

    kind = "consult_over"

    agent: AgentCode | None
    station: StationName | None
    whom: str | None
    how: ConsultEnd | Unlisted | None
    cause: Cause | Unlisted | None = field(default=None, metadata={"optional": True})
    """Why somebody outside was not reached, if it is known."""


@dataclass(frozen=True, slots=True)
class Transferred(Happening):
    """An agent passed the caller on."""

    kind = "transferred"

    from_agent: AgentCode | None
    station: StationName | None
    """The agent's phone."""
    to: str | None
    """A station, a number, or the room of somebody outside."""
    how: TransferKind | Unlisted | None = field(metadata={"key": "kind"})


@dataclass(frozen=True, slots=True)
class TalkEnded(Happening):
    """A phone and the caller were parted; the call may go on."""

    kind = "disconnected"

    agent: AgentCode | None
    station: StationName | None
    by: Party | Unlisted | None
    why: EndReason | Unlisted | None = field(default=None, metadata={"optional": True})


@dataclass(frozen=True, slots=True)
class LeftQueue(Happening):
    """The queue gave up on the caller."""

    kind = "left_queue"

    queue: QueueName | None
    why: GiveUpReason | Unlisted | None


TALKS = (TalkBegan, TalkEnded)
"""The kinds that show who talks with whom, and until when."""


def phone_in(what: Happening) -> StationName | None:
    """The phone of a talk or a transfer; None for other facts."""
    match what:
        case TalkBegan(station=phone) | TalkEnded(station=phone) | Transferred(station=phone):
            return phone
    return None
