"""The states that agents are in, as they are recorded when they change."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.identity import AgentCode, CallId, StationName


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
