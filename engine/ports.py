"""What pages see and ask of the running centre; ``engine.running_centre`` provides it.

Everything here is plain data in civil time (UTC, aware), made fresh for each answer. Ages are
never sent: a page shows ``at - since`` and counts on by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.centre import Centre, LineKind
from domain.facts import AgentState
from domain.identity import (
    AgentCode,
    CallId,
    LineName,
    NodeName,
    ProjectName,
    QueueName,
    SkillName,
    StationName,
)


class CallStage(StrEnum):
    """How far a call that is going on has come."""

    FLOW = "flow"  # hears prompts, presses keys
    QUEUE = "queue"  # waits for an agent
    RINGING = "ringing"  # an agent's phone rings for it
    TALKING = "talking"
    HELD = "held"
    AFTER = "after"  # back from the agent: score, closing words
    FALLBACK = "fallback"  # Asterisk's own queue has it; the controller was away


class Verb(StrEnum):
    """What can be asked for an agent, by themselves or by a supervisor."""

    LOG_IN = "log_in"  # station
    LOG_OUT = "log_out"  # while talking: after the call
    READY = "ready"  # also ends wrap-up
    AWAY = "away"  # reason; while talking: after the call
    EXTEND = "extend"  # seconds of wrap-up more


@dataclass(frozen=True, slots=True)
class NodeView:
    """One Asterisk as the controller sees it over AMI."""

    name: NodeName
    up: bool
    since: datetime
    error: str | None = None
    """In one line, as it is in the log, while it is down: what fails and what to do."""
    late_s: float = 0.0
    """By how much its events are late, in seconds, if that is much."""
    calls_over: int = 0
    """While it is down: calls that seem to have ended, and are not shown."""
    talks_unsure: int = 0
    """While it is down: talks that are shown, and may have ended."""


@dataclass(frozen=True, slots=True)
class LineView:
    """A way calls come in, and how many of its channels are in use."""

    name: LineName
    kind: LineKind
    in_use: int
    channels: int
    reachable: bool | None = None
    """None: not known (a line that doesn't register)."""
    blocked_today: int = 0
    """Calls it refused since midnight, because all its channels were in use."""


@dataclass(frozen=True, slots=True)
class QueueView:
    """A queue now, and its figures since midnight of the centre's time zone."""

    name: QueueName
    project: ProjectName
    title: Mapping[str, str]
    """By language; empty: show the name."""
    waiting: int
    waiting_since: datetime | None
    """When the one who waits longest entered the queue, later by whatever was not waiting."""
    ready: int
    talking: int
    wrap_up: int
    paused: int
    offered_today: int
    answered_today: int
    abandoned_today: int
    """Without the short abandons."""
    short_abandoned_today: int
    unserved_today: int
    """The queue gave up on them, or the system lost them."""
    answered_within_today: int
    """Within the target; the service level is these by ``measured_today``."""
    measured_today: int
    """All offered that no longer wait: the service level's base."""
    service_level: float | None
    """0 to 1, answered within the target / offered, short abandons included; None: nothing
    offered yet."""
    service_level_s: float
    """The target, in seconds."""
    short_abandon_s: float
    """Who hung up within so many seconds is a short abandon."""


@dataclass(frozen=True, slots=True)
class AgentView:
    """An agent; those who are logged out are listed too."""

    code: AgentCode
    name: str
    projects: tuple[ProjectName, ...]
    state: AgentState
    since: datetime
    reason: str | None = None
    station: StationName | None = None
    station_state: str | None = None
    """A ``domain.stations.StationState``, None while not logged in."""
    call: CallId | None = None
    skills: Mapping[SkillName, int] = field(default_factory=dict)
    until: datetime | None = None
    """When wrap-up will end by itself."""
    after_call: str | None = None
    """What was asked for while talking: ``log_out`` or ``away``."""


@dataclass(frozen=True, slots=True)
class CallView:
    """A call that is going on."""

    id: CallId
    project: ProjectName
    caller: str | None
    """The number; None: withheld."""
    hotline: str
    line: LineName
    stage: CallStage
    since: datetime
    """When it entered the hotline."""
    stage_since: datetime
    language: str | None = None
    queue: QueueName | None = None
    position: int | None = None
    agent: AgentCode | None = None
    caller_name: str | None = None
    station: StationName | None = None
    """The phone at which somebody talks to the caller though nobody is logged in there."""


@dataclass(frozen=True, slots=True)
class BegunWithout:
    """The controller began without the database, with what was last known here."""

    last_known_at: datetime | None
    """None: the outbox alone."""


@dataclass(frozen=True, slots=True)
class StoreView:
    """Where records are written: is the database there, how many facts wait for it."""

    up: bool
    pending: int = 0
    error: str | None = None
    """In one line why the day's figures can't be read."""
    recordings: str | None = None
    """In one line why recordings can't be stored at the moment; None: they are."""
    recordings_waiting: int = 0
    """Raw recordings that are kept until they can."""
    configuration: str | None = None
    """In one line what the files have come to, where they are not what is in force."""
    begun_without: BegunWithout | None = None
    """Until what the database has is known as well."""


@dataclass(frozen=True, slots=True)
class Board:
    """The whole floor at one moment. ``version`` grows with each change."""

    version: int
    at: datetime
    nodes: tuple[NodeView, ...]
    lines: tuple[LineView, ...]
    queues: tuple[QueueView, ...]
    agents: tuple[AgentView, ...]
    calls: tuple[CallView, ...]
    store: StoreView = StoreView(up=True)


class CommandOutcome(StrEnum):
    """What came of a command."""

    DONE = "done"
    LOGGED_OUT_AFTER_CALL = "logged_out_after_call"
    AWAY_AFTER_CALL = "away_after_call"
    STATION_TAKEN = "station_taken"  # agent: who is logged in there
    NOT_LOGGED_IN = "not_logged_in"
    TALKING = "talking"  # not before the call is over
    NOT_IN_WRAP_UP = "not_in_wrap_up"
    NO_SUCH_AGENT = "no_such_agent"  # agent
    NO_SUCH_STATION = "no_such_station"  # station
    NO_SUCH_REASON = "no_such_reason"  # reason


_TAKEN_ON = frozenset(
    {
        CommandOutcome.DONE,
        CommandOutcome.LOGGED_OUT_AFTER_CALL,
        CommandOutcome.AWAY_AFTER_CALL,
    }
)


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What came of a command, and whom or what that is about, where the outcome names it."""

    outcome: CommandOutcome
    agent: AgentCode | None = None
    station: StationName | None = None
    reason: str | None = None

    @property
    def ok(self) -> bool:
        """Whether it was done, or will be after the call."""
        return self.outcome in _TAKEN_ON


class LiveCentre(Protocol):
    """The running centre. All methods are called on the event loop's thread."""

    def centre(self) -> Centre:
        """The configuration in force."""
        ...

    def board(self, projects: frozenset[ProjectName] | None) -> Board:
        """The floor as those who serve ``projects`` may see it; None: all of it.

        Queues and calls of other projects are left out, and agents who serve none of these;
        nodes, lines and the store are always there (the console hides them from clients).
        """
        ...

    async def changed(self, after: int) -> int:
        """Waits until the board's version is above ``after``; returns the new version."""
        ...

    async def agent_command(
        self,
        agent: AgentCode,
        verb: Verb,
        *,
        by: str,
        reason: str | None = None,
        station: StationName | None = None,
        seconds: float | None = None,
    ) -> CommandResult:
        """Does ``verb`` for ``agent``; ``by`` is the user's name, for the record."""
        ...
