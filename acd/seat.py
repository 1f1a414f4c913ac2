"""One agent as the floor knows them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from acd.agent_states import Trigger
from acd.commands import AgentChanged
from domain.agent_facts import AgentState
from domain.centre import Queue
from domain.identity import AgentCode, CallId, QueueName, SkillName, StationName
from domain.stations import StationState

AT_WORK = frozenset({AgentState.READY, AgentState.OFFERED, AgentState.TALKING, AgentState.WRAP_UP})

AUTOMATIC_PAUSES = frozenset(
    {"missed", "busy", "rejected", "unreachable", "forwarded", "dropped", "disconnected"}
)
"""Pauses that no agent has chosen; a talk proves that they are there after all."""


@dataclass(frozen=True, slots=True)
class SeatView:
    """An agent, for the board and the agent's desk. Times are monotonic seconds."""

    code: AgentCode
    state: AgentState
    reason: str | None
    since: float
    station: StationName | None
    phone: StationState | None
    """None: never heard of."""
    call: CallId | None
    """The caller they are offered or talk to (of several, the newest)."""
    skills: Mapping[SkillName, int]
    until: float | None
    """When the after-call work ends by itself."""
    then: AgentState | None
    """Wished during a talk: LOGGED_OUT or PAUSED comes after it."""
    kept: str | None = None
    """What they are kept for; None: they are offered callers as usual."""


@dataclass(slots=True, eq=False)
class Seat:
    """An agent's state and what hangs on it; only the roster writes ``state``."""

    code: AgentCode
    since: float
    state: AgentState = AgentState.LOGGED_OUT
    reason: str | None = None
    station: StationName | None = None
    last_station: StationName | None = None
    phone: StationState | None = None
    skills: Mapping[SkillName, int] = field(default_factory=dict)
    serves: tuple[QueueName, ...] = ()
    idle_since: float = 0.0
    offered: CallId | None = None
    calls: dict[CallId, Queue | None] = field(default_factory=dict)
    """Callers they talk to, oldest first, with the queue each came from, if known."""
    then: tuple[Trigger, str | None] | None = None
    """AWAY with its reason or LOG_OUT, to be done when the talk is over."""
    left: bool = False
    """They had logged out before the talk they are in: somebody else may sit at their phone by now.
    Only logging in again makes them an agent."""
    dismissed: bool = False
    """They, or their station, are gone from the centre: only the talk they are in goes on."""
    own_wrap_up_s: float | None = None
    """Their own after-call time; None: the queue's."""
    missed_before_away: int = 1
    missed: int = 0
    """How many calls in a row they have missed."""
    rests_until: float | None = None
    """After a missed call that didn't pause them, they are offered nothing before this time."""
    wrap_until: float = 0.0
    kept: str | None = None
    """What they are kept for, if for something: they are offered nobody from the queues."""
    settling: tuple[CallId, float] | None = None
    """An offer was withdrawn: the phone may still ring, until OfferFailed or this time."""
    hung_up_at: float | None = None
    """Their phone fell idle in mid-talk; if nothing else comes, the talk is over at this time."""
    handling: tuple[QueueName, float] | None = None
    """The queue of the call they are in, and when it began."""
    seen: SeatView | None = None
    """What ``view`` last returned."""

    @property
    def free(self) -> bool:
        """Whether they may be offered a caller of their queues now."""
        return self.kept is None and self.at_hand

    @property
    def at_hand(self) -> bool:
        """Whether they may be offered a caller for whom they are kept."""
        return (
            self.state is AgentState.READY
            and self.settling is None
            and self.rests_until is None
            and (self.phone is None or self.phone is StationState.IDLE)
        )

    @property
    def after_talk(self) -> tuple[Trigger, str | None] | None:
        """What is to be done when the talk is over, in place of after-call work."""
        return (Trigger.LOG_OUT, None) if self.dismissed else self.then

    @property
    def call(self) -> CallId | None:
        """The caller they are offered or talk to."""
        return next(reversed(self.calls)) if self.calls else self.offered

    @property
    def due(self) -> float | None:
        """When time alone will change something for them; None: never."""
        ends = self.wrap_until if self.state is AgentState.WRAP_UP else self.hung_up_at
        settled = self.settling[1] if self.settling else None
        return min((at for at in (ends, settled, self.rests_until) if at is not None), default=None)

    def changed(self) -> AgentChanged:
        """The command that reports where they are."""
        return AgentChanged(self.code, self.state, self.reason, self.station, self.call, self.since)

    def view(self) -> SeatView:
        """What the board shows of them; the same object as before if that has not changed."""
        then = None
        if todo := self.after_talk:
            then = AgentState.LOGGED_OUT if todo[0] is Trigger.LOG_OUT else AgentState.PAUSED
        until = self.wrap_until if self.state is AgentState.WRAP_UP else None
        seen, call = self.seen, self.call
        if (
            seen is not None
            and seen.state is self.state
            and seen.since == self.since
            and seen.phone is self.phone
            and seen.call == call
            and seen.station == self.station
            and seen.reason == self.reason
            and seen.skills is self.skills
            and seen.until == until
            and seen.then is then
            and seen.kept == self.kept
        ):
            return seen
        self.seen = SeatView(
            code=self.code,
            state=self.state,
            reason=self.reason,
            since=self.since,
            station=self.station,
            phone=self.phone,
            call=call,
            skills=self.skills,
            until=until,
            then=then,
            kept=self.kept,
        )
        return self.seen
