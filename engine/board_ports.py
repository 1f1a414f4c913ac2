"""What the console sees of the floor at one moment: calls, agents, queues, lines, nodes, the store.

Everything here is plain data in civil time (UTC, aware). Ages are never sent: a page shows
``at - since`` and goes on counting by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from centre.calendars import UnpublishedYear
from domain.agent_facts import AgentState
from domain.centre import LineKind
from domain.identity import (
    AgentCode,
    CallId,
    CampaignName,
    LineName,
    NodeName,
    ProjectName,
    QueueName,
    SkillName,
    StationName,
)
from domain.reasons import Cause


class CallStage(StrEnum):
    """How far a call in progress has come."""

    DIALLED = "dialled"  # we called the customer, and nobody has answered yet
    FLOW = "flow"  # the caller hears prompts and presses keys
    QUEUE = "queue"  # waits for an agent
    RINGING = "ringing"  # an agent's phone rings for it
    TALKING = "talking"
    HELD = "held"
    AFTER = "after"  # back from the agent: score, goodbye
    FALLBACK = "fallback"  # in Asterisk's own queue, because the controller was away


class LegState(StrEnum):
    """Whether an agent's phone is nailed up: called once, and connected to its room."""

    OFF = "off"  # each caller rings there
    CALLING = "calling"  # it rings, to be nailed up
    UP = "up"  # callers come without ringing
    FAILED = "failed"  # it was called in vain
    LOST = "lost"  # it was nailed up, and its connection has ended


class ConsultStage(StrEnum):
    """How far an agent has come who asks somebody while their customer waits."""

    CALLING = "calling"  # nobody has answered yet
    PRIVATE = "private"  # the customer hears music
    CUSTOMER = "customer"  # agent and customer; whoever was asked hears nothing
    CONFERENCE = "conference"  # all three


@dataclass(frozen=True, slots=True)
class ConsultView:
    """That an agent asks somebody, or is asked."""

    stage: ConsultStage
    other: AgentCode
    """The one at the other end."""
    since: datetime
    asks: bool
    """Whether it is they who ask."""
    caller: str | None
    """The number of the customer whom it is about; None if withheld."""
    number: str = ""
    """Of whom they ask outside; ``other`` is empty then."""
    title: str = ""
    """What people call whoever has that number."""


class AheadOf(StrEnum):
    """What an agent does for a customer with whom they don't talk yet, and are kept for."""

    LOOKING = "looking"  # at the customer, before they dial or skip
    DIALLING = "dialling"  # the customer whom they looked at is being called
    CALLBACK = "callback"  # the customer who was promised a callback is being called
    BY_HAND = "by_hand"  # the number that they typed is being called


@dataclass(frozen=True, slots=True)
class AheadView:
    """That an agent is kept for a customer to come."""

    what: AheadOf
    since: datetime


@dataclass(frozen=True, slots=True)
class UnreachedView:
    """That an agent has asked for somebody in vain, while they talk to the same customer."""

    who: str
    """An agent's code, or a number outside."""
    title: str
    """What people call whoever has that number."""
    why: Cause | None
    """None: a colleague's phone, or nobody knows."""
    at: datetime


@dataclass(frozen=True, slots=True)
class NodeView:
    """One Asterisk as the controller sees it over AMI."""

    name: NodeName
    up: bool
    since: datetime
    error: str | None = None
    """While it is down: what fails and what to do, in one line, as in the log."""
    late_s: float = 0.0
    """How late its events are, in seconds; 0 if that doesn't matter."""
    calls_over: int = 0
    """While it is down: how many calls seem to have ended, and are not shown."""
    talks_unsure: int = 0
    """While it is down: how many talks are shown that may have ended."""


@dataclass(frozen=True, slots=True)
class LineView:
    """A line, and how many of its channels are in use."""

    name: LineName
    kind: LineKind
    in_use: int
    channels: int
    reachable: bool | None = None
    """None if not known (a line that doesn't register)."""
    blocked_today: int = 0
    """Calls refused since midnight because all its channels were in use."""
    callers_refused_today: int = 0
    """Calls refused since midnight because their numbers are blocked."""


@dataclass(frozen=True, slots=True)
class StaffView:
    """How many agents who can serve a queue are in which state."""

    ready: int = 0
    talking: int = 0
    """Or being offered a caller."""
    wrap_up: int = 0
    paused: int = 0


@dataclass(frozen=True, slots=True)
class QueueView:
    """A queue now, and its figures since midnight of the centre's time zone."""

    name: QueueName
    project: ProjectName
    title: Mapping[str, str]
    """By language; if empty, show the name."""
    waiting: int
    waiting_since: datetime | None
    """When the longest waiting caller entered the queue, plus the time they then spent talking."""
    staff: str
    """Who can serve it: a key of the board's ``staff``, which many queues may share."""
    offered_today: int
    answered_today: int
    abandoned_today: int
    """Without short abandons."""
    short_abandoned_today: int
    unserved_today: int
    """Calls that the queue gave up on, or that the system lost."""
    answered_within_today: int
    """Within the target; divided by ``measured_today`` this is the service level."""
    measured_today: int
    """All offered calls that no longer wait: the base of the service level."""
    service_level: float | None
    """0 to 1: answered within the target / offered, with short abandons; None before the first."""
    service_level_s: float
    """The target, in seconds."""
    short_abandon_s: float
    """A caller who hangs up within this time is a short abandon, in seconds."""
    service_level_target: float = 0.8
    """0 to 1: what the service level should be at least."""


@dataclass(frozen=True, slots=True)
class AgentView:
    """An agent, logged in or not."""

    code: AgentCode
    name: str
    projects: tuple[ProjectName, ...]
    state: AgentState
    since: datetime
    reason: str | None = None
    station: StationName | None = None
    station_state: str | None = None
    """A ``domain.stations.StationState``; None while not logged in."""
    call: CallId | None = None
    skills: Mapping[SkillName, int] = field(default_factory=dict)
    until: datetime | None = None
    """When wrap-up ends by itself."""
    after_call: str | None = None
    """What comes after the talk: ``log_out`` or ``away``."""
    usual_station: StationName | None = None
    """Where they usually log in."""
    leg: LegState = LegState.OFF
    """Whether their phone is nailed up."""
    consult: ConsultView | None = None
    """Whom they ask, or who asks them."""
    unreached: UnreachedView | None = None
    """Whom they have asked for in vain last."""
    ahead: AheadView | None = None
    """For which customer to come they are kept, while ready."""
    limit: datetime | None = None
    """While they are away: until when their reason allows it; None: it sets no limit."""


@dataclass(frozen=True, slots=True)
class CallView:
    """A call in progress."""

    id: CallId
    project: ProjectName
    caller: str | None
    """The number; None if withheld."""
    hotline: str | None
    """None: we placed the call."""
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
    campaign: CampaignName | None = None
    lead: int | None = None
    """Whom of its lists a call that we placed is for."""
    lead_name: str = ""
    lead_fields: Mapping[str, Any] = field(default_factory=dict)
    """Of that lead, for its agent; nobody knows them any more after a restart."""
    station: StationName | None = None
    """The phone at which somebody talks to the caller without anybody being logged in there."""


@dataclass(frozen=True, slots=True)
class BegunWithout:
    """The controller began without the database, with what this machine last knew."""

    last_known_at: datetime | None
    """None if there is only the outbox."""


@dataclass(frozen=True, slots=True)
class StoreView:
    """Whether the database is there, and how many facts wait for it."""

    up: bool
    pending: int = 0
    error: str | None = None
    """Why the day's figures can't be read, in one line."""
    recordings: str | None = None
    """Why recordings can't be stored at the moment, in one line; None if they can."""
    recordings_waiting: int = 0
    """How many raw recordings are kept until they can be stored."""
    configuration: str | None = None
    """How the configuration's files differ from what is in force, in one line, if they do."""
    begun_without: BegunWithout | None = None
    """Set until we also know what the database has."""
    unpublished: tuple[UnpublishedYear, ...] = ()
    """Years whose make-up days numbers' calendars need and nobody knows yet."""


@dataclass(frozen=True, slots=True)
class Board:
    """The whole floor at one moment. ``version`` grows with each change.

    What has not changed since an earlier board is the same object there, so that whoever shows
    boards need look only at what is another one.
    """

    version: int
    at: datetime
    nodes: tuple[NodeView, ...]
    lines: tuple[LineView, ...]
    queues: tuple[QueueView, ...]
    agents: tuple[AgentView, ...]
    calls: tuple[CallView, ...]
    store: StoreView = StoreView(up=True)
    staff: Mapping[str, StaffView] = field(default_factory=dict)
