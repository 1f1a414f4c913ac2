"""What happens to the floor. Times are monotonic seconds, the same clock as ``now``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.centre import Queue
from domain.facts import AgentState
from domain.identity import AgentCode, CallId, QueueName, SkillName, StationName
from domain.reasons import OfferFailure
from domain.stations import StationState


@dataclass(frozen=True, slots=True)
class LogIn:
    """An agent whose PIN was checked sits down at a station, and is paused until Ready."""

    agent: AgentCode
    station: StationName
    skills: Mapping[SkillName, int]


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


@dataclass(frozen=True, slots=True)
class Reconfigure:
    """New definitions of all queues. A removed queue goes on until its last caller has left."""

    queues: Sequence[Queue]


FloorEvent = (
    LogIn
    | LogOut
    | Ready
    | Away
    | ExtendWrapUp
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
