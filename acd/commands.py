"""What the floor asks for. Times are monotonic seconds, the same clock as ``now``."""

from dataclasses import dataclass
from enum import StrEnum

from domain.agent_facts import AgentState
from domain.identity import AgentCode, CallId, QueueName, StationName
from domain.reasons import GiveUpReason


class Refusal(StrEnum):
    """Why an agent's wish was refused."""

    STATION_TAKEN = "station_taken"  # Refused.by sits there
    NOT_LOGGED_IN = "not_logged_in"
    TALKING = "talking"  # can't move to another station now
    NOT_IN_WRAP_UP = "not_in_wrap_up"


@dataclass(frozen=True, slots=True)
class Offer:
    """Ring this agent for this caller. Answer with Connected or OfferFailed."""

    call: CallId
    queue: QueueName
    agent: AgentCode
    station: StationName
    ring_s: float


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Stop ringing. Answer with OfferFailed(..., WITHDRAWN) when the phone is silent again, so
    that caller and agent can be offered anew at once; without it they rest for ``SETTLE_S``."""

    call: CallId
    agent: AgentCode
    station: StationName


@dataclass(frozen=True, slots=True)
class Announce:
    """Announce the caller's position (from 1) and, if known, how long it may take."""

    call: CallId
    position: int
    expected_wait_s: float | None


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The floor has let go of this caller; the flow says what comes now."""

    call: CallId
    why: GiveUpReason


@dataclass(frozen=True, slots=True)
class AgentChanged:
    """Where an agent is now; also sent when only their station or call has changed."""

    agent: AgentCode
    state: AgentState
    reason: str | None
    station: StationName | None
    call: CallId | None
    since: float


@dataclass(frozen=True, slots=True)
class WishRefused:
    """An agent's wish (the event's name in ``what``) was not done."""

    agent: AgentCode
    what: str
    code: Refusal
    station: StationName | None = None
    """The phone that is taken, or where the agent talks."""
    by: AgentCode | None = None


Command = Offer | Withdraw | Announce | GiveUp | AgentChanged | WishRefused
