"""What happens to the floor. Times are monotonic seconds, the same clock as ``now``."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from domain.agent_facts import AgentState
from domain.centre import Agent, Queue
from domain.identity import AgentCode, CallId, QueueName, SkillName, StationName
from domain.reasons import OfferFailure
from domain.stations import StationState


@dataclass(frozen=True, slots=True)
class LogIn:
    """An agent whose PIN was checked sits down at a station, and is paused until Ready."""

    agent: AgentCode
    station: StationName
    skills: Mapping[SkillName, int]
    wrap_up_s: float | None = None
    """Their own after-call time; None: the queue's."""
    missed_before_away: int = 1
    """How many missed calls in a row pause them."""


@dataclass(frozen=True, slots=True)
class LogOut:
    """Takes effect at once, or at the end of the talk."""

    agent: AgentCode


@dataclass(frozen=True, slots=True)
class Ready:
    """The agent wants callers: ends a pause or after-call work, and takes back a noted away."""

    agent: AgentCode


@dataclass(frozen=True, slots=True)
class Away:
    """Takes effect at once, or at the end of the talk (in place of the after-call work)."""

    agent: AgentCode
    reason: str


@dataclass(frozen=True, slots=True)
class ExtendWrapUp:
    """The agent wants so many more seconds for their current after-call work."""

    agent: AgentCode
    seconds: float


@dataclass(frozen=True, slots=True)
class KeepAgent:
    """Offer the agent nobody from the queues, in whatever state they are, until LetAgentGo or their
    log-out: they look at a customer who is to be called, or one is being called for them."""

    agent: AgentCode
    by: str
    """For what, as ``SeatView.kept`` says it: a campaign's name, say."""


@dataclass(frozen=True, slots=True)
class LetAgentGo:
    """The agent is kept no longer, if they are by ``by``."""

    agent: AgentCode
    by: str


@dataclass(frozen=True, slots=True)
class StationChanged:
    """What Asterisk says about a phone. A phone never heard of is taken for idle."""

    station: StationName
    state: StationState


@dataclass(frozen=True, slots=True)
class CallQueued:
    """A caller waits since ``since`` (earlier than now if adopted after a restart)."""

    call: CallId
    queue: QueueName
    since: float
    announce: bool = True
    waited_s: float | None = None
    """How much of the time since then was waiting, not talking; None: all of it. The place in
    the queue is by ``since``, the longest wait by this."""
    raised: int = 0
    """How much the caller raises the queue's priority, for themselves alone."""
    only: AgentCode | None = None
    """Who is kept for them: they are offered to nobody else as long as this agent is ready for
    them. If the agent pauses, leaves, or talks to somebody else, anybody of the queue may have
    them."""
    alone: bool = False
    """Nobody else may ever have them: they wait until that agent can take them."""
    longest_s: float | None = None
    """How long they wait at most; the queue may say less. None: as the queue says."""


@dataclass(frozen=True, slots=True)
class CallLeft:
    """The caller no longer waits but may still be on the line (pressed a key, say)."""

    call: CallId


@dataclass(frozen=True, slots=True)
class OfferFailed:
    """The offered agent's phone has stopped ringing without talk; also after a Withdraw."""

    call: CallId
    agent: AgentCode
    why: OfferFailure


@dataclass(frozen=True, slots=True)
class Connected:
    """The agent talks to the caller: offered, transferred, or by Asterisk's fallback queue.

    None: somebody does, at a phone where nobody is logged in.
    """

    call: CallId
    agent: AgentCode | None


@dataclass(frozen=True, slots=True)
class Disconnected:
    """This agent no longer talks to the caller, who may still be on the line."""

    call: CallId
    agent: AgentCode


@dataclass(frozen=True, slots=True)
class CallGone:
    """The caller's channel is gone. Nothing that comes later about it counts."""

    call: CallId


@dataclass(frozen=True, slots=True)
class Restore:
    """After a restart: an agent as last known, with the call they are still in, if any."""

    agent: AgentCode
    station: StationName
    skills: Mapping[SkillName, int]
    state: AgentState
    reason: str | None
    since: float
    call: CallId | None = None
    wrap_up_s: float | None = None
    missed_before_away: int = 1


@dataclass(frozen=True, slots=True)
class Reconfigure:
    """New definitions of all queues, and of all agents and stations.

    A removed queue goes on until its last caller has left. Agents who are gone, or whose station
    is, are logged out, after the talk if they are in one. A phone that rings goes on ringing, even
    if its agent has lost the skill: what agents can do counts from the next offer.
    """

    queues: Sequence[Queue]
    agents: Mapping[AgentCode, Agent] | None = None
    """None: agents and stations are as they were."""
    stations: Collection[StationName] = ()


FloorEvent = (
    LogIn
    | LogOut
    | Ready
    | Away
    | ExtendWrapUp
    | KeepAgent
    | LetAgentGo
    | StationChanged
    | CallQueued
    | CallLeft
    | OfferFailed
    | Connected
    | Disconnected
    | CallGone
    | Restore
    | Reconfigure
)
