"""What became of a call that we placed, until somebody talked with the customer or nobody did."""

from dataclasses import dataclass, field

from domain.happening import Happening
from domain.identity import AgentCode, LineName, ProjectName
from domain.reasons import Cause, Unlisted


@dataclass(frozen=True, slots=True)
class CallPlaced(Happening):
    """We called a customer: the first fact of an attempt, written before Asterisk is asked."""

    kind = "placed"

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


@dataclass(frozen=True, slots=True)
class CustomerRang(Happening):
    """The customer's phone began to ring, by what the carrier says."""

    kind = "rang"


@dataclass(frozen=True, slots=True)
class CustomerAnswered(Happening):
    """Somebody or something picked up at the number that we called."""

    kind = "answered"


@dataclass(frozen=True, slots=True)
class DetectionBegan(Happening):
    """Machine detection listens to who or what has picked up."""

    kind = "listens"


@dataclass(frozen=True, slots=True)
class PersonFound(Happening):
    """Detection took them for a person, or was not sure."""

    kind = "person"


@dataclass(frozen=True, slots=True)
class MachineFound(Happening):
    """Detection took what picked up for a machine, and the call was ended."""

    kind = "machine"


@dataclass(frozen=True, slots=True)
class NotReached(Happening):
    """Nobody picked up at the number that we called."""

    kind = "not_reached"

    cause: Cause | Unlisted | None
    q850: int | None = None
    sip: int | None = None


@dataclass(frozen=True, slots=True)
class CustomerAbandoned(Happening):
    """A customer whom we called got no agent in time."""

    kind = "abandoned"

    by_customer: bool | None
    """Whether they hung up before the time was over."""


@dataclass(frozen=True, slots=True)
class MessagePlayed(Happening):
    """The customer for whom no agent was free heard the project's message."""

    kind = "message"

    whole: bool | None


@dataclass(frozen=True, slots=True)
class OptedOut(Happening):
    """The customer asked not to be called again."""

    kind = "opted_out"

    project: ProjectName | None
    """By whom; None: by nobody in this centre."""


@dataclass(frozen=True, slots=True)
class FateUnknown(Happening):
    """Nobody knows what became of the attempt; it was not found in Asterisk or its log."""

    kind = "fate_unknown"
