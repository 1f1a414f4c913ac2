"""The configuration of a call centre: projects, numbers, queues, agents, phones and lines."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from domain.identity import (
    AgentCode,
    LineName,
    ProjectName,
    QueueName,
    SkillName,
    StationName,
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
    """The SIP header that names the caller."""

    FROM = "From"  # as the caller's own exchange or phone wrote it
    ASSERTED = "P-Asserted-Identity"  # what the carrier vouches for
    REMOTE_PARTY = "Remote-Party-ID"  # the same, from older equipment


class SessionTimer(StrEnum):
    """On which calls of a line the far side is asked every 45 s whether it is still there."""

    ALWAYS = "always"
    SUPPORTED = "supported"  # if it announces session timers; others may refuse though they live


@dataclass(frozen=True, slots=True)
class Project:
    name: ProjectName
    title: str


@dataclass(frozen=True, slots=True)
class Hotline:
    """A number the public calls, and the flow that answers it."""

    number: str
    project: ProjectName
    flow: str


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


@dataclass(frozen=True, slots=True)
class Station:
    name: StationName
    kind: StationKind
    encryption: Encryption = Encryption.OFF


@dataclass(frozen=True, slots=True)
class Line:
    name: LineName
    kind: LineKind
    channels: int = 30
    host: str | None = None  # from where a trunk that doesn't register may call
    caller_header: CallerHeader = CallerHeader.FROM
    session_timer: SessionTimer = SessionTimer.ALWAYS


@dataclass(frozen=True, slots=True)
class Centre:
    """The whole configuration; the loader has checked that all names in it exist."""

    projects: tuple[Project, ...]
    hotlines: tuple[Hotline, ...]
    queues: tuple[Queue, ...]
    agents: tuple[Agent, ...]
    stations: tuple[Station, ...]
    lines: tuple[Line, ...]
    away_reasons: tuple[str, ...] = ("break", "lunch", "training", "recovery")
    languages: tuple[str, ...] = ("zh-CN", "en")
