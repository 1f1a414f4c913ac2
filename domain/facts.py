"""What is written down about calls and agents, as it happens.

A fact is never changed. A call's record is a fold of its facts (``records.fold``), so the
same facts in any order, delivered twice, after a crash, make the same record.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.identity import AgentCode, CallId, StationName


class CallFactKind(StrEnum):
    """What happened in a call. The keys of ``detail`` stand behind each kind."""

    ENTERED = "entered"  # hotline, project, line, caller (null: withheld), caller_name, flow
    BLOCKED = "blocked"  # line: it carried no more calls, and refused this one
    LANGUAGE = "language"  # language
    CHOSE = "chose"  # node, digits, choice: a menu choice
    MISDIALLED = "misdialled"  # node, digits ("" is silence), try
    QUEUED = "queued"  # queue, skill
    ANNOUNCED = "announced"  # position, expected_wait_s (null if unknown)
    OFFERED = "offered"  # agent, station, queue
    OFFER_FAILED = "offer_failed"  # agent, station, why (no_answer, busy, unreachable, withdrawn)
    CONNECTED = "connected"  # agent (null: nobody was logged in there), station
    HELD = "held"  # agent, station, by (agent, caller)
    RESUMED = "resumed"  # agent, station, by
    # from_agent, station (whose), to (station or number), kind (blind, attended)
    TRANSFERRED = "transferred"
    DISCONNECTED = "disconnected"  # agent, station, by, why: this agent's leg of the call is over
    LEFT_QUEUE = "left_queue"  # queue, why (timeout, nobody_logged_in)
    CONTROLLER_LOST = "controller_lost"  # the controller was away; the call went on without it
    FALLBACK = "fallback"  # queue: Asterisk's own queue took the caller
    SCORED = "scored"  # score 1 to 5
    # file, sha256, duration_s, bridged_s, whole (bool), bytes; silent (side, from_s, to_s), if any
    RECORDED = "recorded"
    RECORDING_LOST = "recording_lost"  # why
    ENDED = "ended"  # by (caller, agent, flow, system, unknown), cause (Q.850), why


TALKS = frozenset({CallFactKind.CONNECTED, CallFactKind.DISCONNECTED})
"""The kinds that say who talks with whom, and until when."""


@dataclass(frozen=True, slots=True)
class CallFact:
    """One line of a call's timeline; ``at`` is civil time in UTC, ``id`` a UUID."""

    id: str
    call: CallId
    at: datetime
    kind: CallFactKind
    detail: Mapping[str, Any] = field(default_factory=dict)


class AgentState(StrEnum):
    """Where an agent is; the table of transitions is ``acd.agent_states``."""

    LOGGED_OUT = "logged_out"
    READY = "ready"
    OFFERED = "offered"
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class AgentFact:
    """An agent entered a state. The last one says where the agent is now."""

    id: str
    agent: AgentCode
    at: datetime
    state: AgentState
    reason: str | None = None
    """Why paused: a reason from the centre's list, or ``login``, or what became of an
    offer (``missed``, ``forwarded``, ...)."""
    station: StationName | None = None
    call: CallId | None = None


Fact = CallFact | AgentFact
