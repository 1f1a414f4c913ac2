"""The configuration of a call centre: projects, numbers, queues, agents, phones and lines."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from domain.identity import (
    AgentCode,
    LineName,
    ProjectName,
    QueueName,
    SkillName,
    StationName,
    TeamName,
)


class StationKind(StrEnum):
    SOFTPHONE = "softphone"
    FXS = "fxs"  # an analog phone on a gateway's phone port


class Encryption(StrEnum):
    """Whether a phone's sound is encrypted (SRTP, keys by SDES)."""

    OFF = "off"
    OPTIONAL = "optional"  # if the phone can; a phone that insists on SRTP is rung, too
    REQUIRED = "required"  # a phone without SRTP can't be rung and can't call


class LineKind(StrEnum):
    FXO = "fxo"  # a gateway's ports for analog lines of the public network
    TRUNK = "trunk"  # an IP trunk


class CallerHeader(StrEnum):
    """The SIP header that names the caller, of calls that come in or go out."""

    FROM = "From"  # as the caller's own exchange or phone wrote it
    ASSERTED = "P-Asserted-Identity"  # what the carrier vouches for
    REMOTE_PARTY = "Remote-Party-ID"  # the same, from older equipment


class SessionTimer(StrEnum):
    """On which calls of a line the far side is asked every 45 s whether it is still there."""

    ALWAYS = "always"
    SUPPORTED = "supported"  # if it announces session timers; others may refuse though they live


class NumberFormat(StrEnum):
    """How a carrier writes the other side's number."""

    AS_SENT = "as_sent"
    E164 = "e164"  # +8613800000000
    INTERNATIONAL = "international"  # 008613800000000
    NATIONAL = "national"  # as it is dialled within the country: 01012345678, 13800000000


class Treatment(StrEnum):
    """What is done with a caller whom we treat unlike others."""

    BLOCKED = "blocked"  # refused, and counted
    VIP = "vip"  # served before others


@dataclass(frozen=True, slots=True)
class Project:
    name: ProjectName
    title: str


Spans = tuple[tuple[int, int], ...]
"""From when to when something is open: minutes after midnight, in order, apart from each other."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a number is open. Times are the centre's; ``centre.calendars`` reads it."""

    name: str
    week: tuple[Spans, ...]
    """Seven days, Monday first."""
    holidays: str | None = None
    """Whose public holidays are kept: a country's or a part's code."""
    work_hours: Spans = ()
    """Of days off that are worked to make up for a holiday."""
    exceptions: Mapping[date, Spans] = field(default_factory=dict)


class Acquaintance(StrEnum):
    """How well a caller is known; each includes those after it."""

    CUSTOMER = "customer"  # the project has called, or will call them; or they are in the list
    LISTED = "listed"  # in the centre's list of callers
    VIP = "vip"


@dataclass(frozen=True, slots=True)
class EntryRule:
    """Which callers of a number enter another flow than the usual one; ``centre.entry_rules``
    reads it. Criteria that are None, empty or False are none."""

    name: str
    flow: str
    callers: tuple[str, ...] | None = None  # numbers; with * at the end, all that begin so
    known: Acquaintance | None = None
    withheld: bool = False
    first_day: date | None = None
    last_day: date | None = None
    hours: Spans = ()  # a span whose end is before its beginning goes over midnight
    calendar: Calendar | None = None
    while_closed: bool = False  # while the calendar is closed, rather than open
    queue: QueueName | None = None  # whose crowd the next two ask about
    waiting: int | None = None  # at least so many wait there
    wait_s: float | None = None  # at least so long the next caller may have to wait there


@dataclass(frozen=True, slots=True)
class Emergency:
    """A message in place of the flow, by language; ``until`` None: until it is taken away."""

    message: Mapping[str, str]
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hotline:
    """A number the public calls, and the flow that answers it."""

    number: str
    project: ProjectName
    flow: str
    languages: tuple[str, ...] = ()  # none: the centre's
    calendar: Calendar | None = None  # None: always open
    closed_message: Mapping[str, str] = field(default_factory=dict)  # by language
    emergency: Emergency | None = None
    queue: QueueName | None = None  # where a flow leads that doesn't name one itself
    rules: tuple[EntryRule, ...] = ()  # who enters another flow: the first that holds

    @property
    def flows(self) -> tuple[str, ...]:
        """All flows that its callers may enter, the usual one first."""
        return tuple(dict.fromkeys((self.flow, *(rule.flow for rule in self.rules))))


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue of callers who need one skill. Times are in seconds."""

    name: QueueName
    project: ProjectName
    skill: SkillName
    min_level: int = 1
    title: Mapping[str, str] = field(default_factory=dict)  # by language
    priority: int = 0  # a higher one is served first
    service_level_s: float = 20.0
    service_level_target: float = 0.8  # the share that should be answered within this time
    short_abandon_s: float = 5.0  # whoever leaves within this time counts as a short abandon
    ring_s: float = 15.0
    wrap_up_s: float = 20.0
    announce_first_s: float = 4.0  # after entering the queue
    announce_every_s: float = 30.0  # 0: no announcements
    max_wait_s: float = 900.0  # 0: no limit
    nobody_grace_s: float = 10.0  # how long callers wait while no agent at all is logged in


@dataclass(frozen=True, slots=True)
class Agent:
    code: AgentCode
    name: str
    projects: tuple[ProjectName, ...]
    skills: Mapping[SkillName, int]
    station: StationName | None = None  # the usual phone; a log-in at another one moves the agent
    team: TeamName | None = None
    wrap_up_s: float | None = None  # None: the queue's
    missed_before_away: int = 1  # how many missed calls in a row set the agent away


@dataclass(frozen=True, slots=True)
class Station:
    name: StationName
    kind: StationKind
    encryption: Encryption = Encryption.OFF


@dataclass(frozen=True, slots=True)
class CarrierAccount:
    """How we authenticate to a carrier."""

    user: str
    realm: str | None = None  # None: any that the carrier asks for
    registers: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    name: LineName
    kind: LineKind
    channels: int = 30
    host: str | None = None  # from where a trunk that doesn't register may call
    caller_header: CallerHeader = CallerHeader.FROM
    session_timer: SessionTimer = SessionTimer.ALWAYS
    account: CarrierAccount | None = None
    numbers_in: NumberFormat = NumberFormat.AS_SENT
    numbers_out: NumberFormat = NumberFormat.AS_SENT
    country: str = "CN"  # whose numbers these are
    caller_id: str | None = None  # what those who are called see, unless a campaign has its own
    caller_id_header: CallerHeader = CallerHeader.FROM  # where that goes out
    answer_signalled: bool = False  # whether an FXO gateway reports the moment of answer
    calls_per_second: float | None = None  # how many may go out, whoever places them; None: any
    flows_may_call: bool = False  # whether flows may call the numbers written in them over it


@dataclass(frozen=True, slots=True)
class AwayReason:
    """Why an agent is away."""

    name: str
    title: Mapping[str, str] = field(default_factory=dict)  # by language
    digit: int | None = None  # n in the feature code *13n
    limit_s: float | None = None  # the board warns after it


@dataclass(frozen=True, slots=True)
class KnownCaller:
    """A caller whom we treat unlike others."""

    number: str
    treatment: Treatment
    projects: tuple[ProjectName, ...] = ()  # none: all
    priority: int = 0  # how much it raises the queue's


@dataclass(frozen=True, slots=True)
class OutsideNumber:
    """A number outside the centre that agents may ask about a customer, or leave one with."""

    number: str
    title: str
    line: LineName
    projects: tuple[ProjectName, ...] = ()  # none: all
    caller_id: str | None = None  # what they see; None: the line's
    recorded: bool = True  # whether the recording goes on while a customer talks to them

    def serves(self, project: ProjectName) -> bool:
        """Whether this project's customers may be taken there."""
        return not self.projects or project in self.projects


def _usual_reasons() -> tuple[AwayReason, ...]:
    names = ("break", "lunch", "training", "recovery")
    return tuple(AwayReason(name, digit=digit) for digit, name in enumerate(names, 1))


@dataclass(frozen=True, slots=True)
class Centre:
    """The whole configuration; the loader has checked that all names in it exist."""

    projects: tuple[Project, ...]
    hotlines: tuple[Hotline, ...]
    queues: tuple[Queue, ...]
    agents: tuple[Agent, ...]
    stations: tuple[Station, ...]
    lines: tuple[Line, ...]
    away_reasons: tuple[AwayReason, ...] = field(default_factory=_usual_reasons)
    languages: tuple[str, ...] = ("zh-CN", "en")
    callers: Mapping[str, KnownCaller] = field(default_factory=dict)  # by number
    teams: Mapping[TeamName, str] = field(default_factory=dict)  # titles by name
    calendars: Mapping[str, Calendar] = field(default_factory=dict)  # by name
    timezone: str | None = None  # in which days begin; None: the machine's
    outside: Mapping[str, OutsideNumber] = field(default_factory=dict)  # by number
    keep_decisions_days: int = 90  # of campaigns' pacing, and samples of them

    @property
    def reasons(self) -> tuple[str, ...]:
        """The names of the away reasons."""
        return tuple(reason.name for reason in self.away_reasons)
