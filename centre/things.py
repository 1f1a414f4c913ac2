"""What a centre consists of: each kind of thing, its settings, their limits and their names.

Forms, checks, files and the reference of settings are all made from these models. A thing's key
never changes; its other settings do.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_args, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from domain.centre import (
    Acquaintance,
    CallerHeader,
    Encryption,
    LineKind,
    NumberFormat,
    SessionTimer,
    StationKind,
    Treatment,
)
from machine.hosts import split_port


class Kind(StrEnum):
    """A kind of thing; the value is its name in the database and in addresses of pages."""

    CENTRE = "centre"
    PROJECT = "project"
    CALENDAR = "calendar"
    SKILL = "skill"
    QUEUE = "queue"
    HOTLINE = "hotline"
    TEAM = "team"
    STATION = "station"
    LINE = "line"
    AGENT = "agent"
    AWAY_REASON = "away_reason"
    CALLER = "caller"
    OUTSIDE_NUMBER = "outside_number"


@dataclass(frozen=True, slots=True)
class Refers:
    """Marks a setting that holds keys of things of this kind."""

    kind: Kind


T = TypeVar("T")

Language = Literal["zh-CN", "en"]

_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$"
_TEXT_MOST = 200
_SPOKEN_MOST = 2_000
_BETWEEN_DIGITS = re.compile(r"(?<=[0-9+()])[ ().\-\u00a0\u2010-\u2015\u2212]+|^[(]+")
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]"


def _visible(text: str) -> str:
    """Refuses what can't be seen: line breaks in a title, or a right-to-left override."""
    if not text.strip() or not text.isprintable():
        raise PydanticCustomError("not_visible", "only visible characters")
    return text


def _spoken(text: str) -> str:
    if not text.replace("\n", " ").isprintable():
        raise PydanticCustomError("not_visible", "only visible characters")
    return text


def _host_and_port(text: str) -> str:
    try:
        split_port(text)
    except ValueError:
        # As if a pattern did not match: the report then says what the setting means.
        raise PydanticCustomError("string_pattern_mismatch", "not of this form") from None
    return text


def _unspaced(text: Any) -> Any:
    """A number without what people write between digits: ``138 0013-8000``, full width too."""
    if not isinstance(text, str):
        return text
    return _BETWEEN_DIGITS.sub("", unicodedata.normalize("NFKC", text).strip())


def _each_once(values: tuple[T, ...]) -> tuple[T, ...]:
    for number, value in enumerate(values):
        if value in values[:number]:
            raise PydanticCustomError("said_twice", "each no more than once")
    return values


Title = Annotated[str, Field(max_length=_TEXT_MOST), AfterValidator(_visible)]
Remark = Annotated[str, Field(max_length=_SPOKEN_MOST), AfterValidator(_spoken)]
Spoken = Annotated[str, Field(min_length=1, max_length=_SPOKEN_MOST), AfterValidator(_spoken)]
OpenHours = Annotated[str, Field(pattern=rf"^{_TIME}-({_TIME}|24:00)$")]
HostAndPort = Annotated[str, Field(max_length=260), AfterValidator(_host_and_port)]

CallersNumber = Annotated[str, BeforeValidator(_unspaced)]
CallerPattern = Annotated[
    str, BeforeValidator(_unspaced), Field(pattern=r"^\+?[0-9*#]{2,25}\*?$", max_length=27)
]
FlowName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]

Languages = Annotated[tuple[Language, ...], AfterValidator(_each_once)]

ProjectKey = Annotated[str, Refers(Kind.PROJECT)]
SkillKey = Annotated[str, Refers(Kind.SKILL)]
QueueKey = Annotated[str, Refers(Kind.QUEUE)]
TeamKey = Annotated[str, Refers(Kind.TEAM)]
StationKey = Annotated[str, Refers(Kind.STATION)]
LineKey = Annotated[str, Refers(Kind.LINE)]
CalendarKey = Annotated[str, Refers(Kind.CALENDAR)]
ProjectKeys = Annotated[tuple[ProjectKey, ...], Field(max_length=200), AfterValidator(_each_once)]


class _Strict(BaseModel):
    """Settings that belong together."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Thing(_Strict):
    """A thing of the directory. ``KEY`` names the setting that identifies it among its kind."""

    KIND: ClassVar[Kind]
    KEY: ClassVar[str] = "name"

    @property
    def key(self) -> str:
        """What it is referred to by, unique among its kind, never changed."""
        return str(getattr(self, self.KEY))


def _name(what: str) -> Any:
    return Field(
        pattern=_NAME, description=f"{what}: letters, digits, - and _, no more than 40 of them"
    )


class CentreWide(Thing):
    """What holds for the whole centre; there is one of it."""

    KIND = Kind.CENTRE

    name: Literal["centre"] = "centre"
    languages: Languages = Field(
        ("zh-CN", "en"),
        min_length=1,
        description="the languages that callers may choose from, the usual one first",
    )
    timezone: str | None = Field(
        None,
        max_length=80,
        description="the time zone in which days begin, such as Asia/Shanghai; without one, the"
        " machine's",
    )
    keep_decisions_days: int = Field(
        90,
        ge=1,
        le=3_660,
        description="for how many days it is kept why campaigns dialled so many, and their charts",
    )


class ProjectSettings(Thing):
    """A client's project: its numbers, queues and people."""

    KIND = Kind.PROJECT

    name: str = _name("the project's short name")
    title: Title = Field(description="what people call it")


class DaySettings(_Strict):
    """A day on which other hours hold than in other weeks."""

    day: date
    hours: tuple[OpenHours, ...] = Field(
        (), description="from when to when, such as 09:00-12:00; none: closed all day"
    )
    note: Remark = ""


class CalendarSettings(Thing):
    """When numbers are open. Times are the centre's."""

    KIND = Kind.CALENDAR

    name: str = _name("the calendar's name")
    title: Title = Field(description="what people call it")
    monday: tuple[OpenHours, ...] = Field((), description="from when to when, such as 09:00-18:00")
    tuesday: tuple[OpenHours, ...] = ()
    wednesday: tuple[OpenHours, ...] = ()
    thursday: tuple[OpenHours, ...] = ()
    friday: tuple[OpenHours, ...] = ()
    saturday: tuple[OpenHours, ...] = ()
    sunday: tuple[OpenHours, ...] = ()
    holidays: str | None = Field(
        None,
        pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$",
        description="whose public holidays are kept: a country, such as CN, or a part of one, such"
        " as DE-BY",
    )
    work_hours: tuple[OpenHours, ...] = Field(
        ("09:00-18:00",),
        description="the hours of days off that are worked to make up for a holiday",
    )
    exceptions: tuple[DaySettings, ...] = Field(
        (), max_length=1000, description="days with hours of their own; they go before holidays"
    )


class SkillSettings(Thing):
    """Something that an agent can do and a queue needs."""

    KIND = Kind.SKILL

    name: str = _name("the skill's name")
    title: Title | None = Field(None, description="what people call it")


class QueueSettings(Thing):
    """A queue of callers who need one skill. Times are in seconds."""

    KIND = Kind.QUEUE

    name: str = _name("the queue's name, as flows use it")
    project: ProjectKey = Field(description="the name of a project")
    skill: SkillKey = _name("the skill that an agent needs for its calls")
    min_level: int = Field(1, ge=1, le=10, description="the least level of it")
    title: dict[Language, Title] = Field({}, description="what people call it, by language")
    priority: int = Field(0, ge=-10, le=10, description="queues with a higher one go first")
    service_level_s: float = Field(20, gt=0, le=3600, description="answered in time: within this")
    service_level_target: float = Field(
        0.8, gt=0, le=1, description="the share of callers to be answered in time: 0.8 is 80 %"
    )
    short_abandon_s: float = Field(
        5, ge=0, le=600, description="callers who hang up within this time are short abandons"
    )
    ring_s: float = Field(15, ge=5, le=120, description="how long one phone rings")
    wrap_up_s: float = Field(20, ge=0, le=3600, description="after-call work")
    announce_first_s: float = Field(
        4, ge=0, le=600, description="when callers first hear their place"
    )
    announce_every_s: float = Field(
        30, ge=0, le=600, description="how often after that; 0 for never"
    )
    max_wait_s: float = Field(
        900, ge=0, le=14400, description="the longest wait of a caller; 0 for no limit"
    )
    nobody_grace_s: float = Field(
        10, ge=0, le=600, description="how long callers wait while nobody with the skill is there"
    )


class EmergencySettings(_Strict):
    """A message in place of the flow, for a fire or a failure at the client's."""

    message: dict[Language, Spoken] = Field(min_length=1, description="what callers hear")
    until: datetime | None = Field(None, description="when it ends by itself")


class EntryRuleSettings(_Strict):
    """Which callers of a number enter another flow. All criteria that are given must hold."""

    name: str = _name("the rule's name")
    flow: FlowName = Field(description="the name of a flow: small letters, digits and _")
    callers: Annotated[tuple[CallerPattern, ...], Field(max_length=500)] | None = Field(
        None, description="the callers' numbers; 138* stands for all that begin so"
    )
    known: Acquaintance | None = Field(
        None,
        description="customer (of the project's lists, or in the list of callers), listed (in the"
        " list of callers) or vip",
    )
    withheld: bool = Field(False, description="only callers who withhold their number")
    calendar: CalendarKey | None = Field(None, description="only while this calendar is open")
    while_closed: bool = Field(False, description="rather while that calendar is closed")
    hours: tuple[OpenHours, ...] = Field(
        (), description="only at these hours, such as 22:00-06:00, which goes over midnight"
    )
    first_day: date | None = Field(None, description="only from this day on")
    last_day: date | None = Field(None, description="only until this day")
    queue: QueueKey | None = Field(
        None, description="the queue whose crowd is asked about; without one, the number's"
    )
    waiting: int | None = Field(
        None, ge=1, le=10_000, description="only while at least so many wait there"
    )
    wait_s: float | None = Field(
        None,
        gt=0,
        le=86_400,
        description="only while the next caller may have to wait for so many seconds there",
    )


class HotlineSettings(Thing):
    """A number the public calls, and the flow that answers it."""

    KIND = Kind.HOTLINE
    KEY = "number"

    number: str = Field(
        pattern=r"^\+?[0-9]{3,20}$",
        description="what the line dials: 3 to 20 digits, perhaps + in front, in quotes",
    )
    project: ProjectKey = Field(description="the name of a project")
    flow: FlowName = Field(description="the name of a flow: small letters, digits and _")
    rules: tuple[EntryRuleSettings, ...] = Field(
        (),
        max_length=50,
        description="who enters another flow: the first rule that holds decides",
    )
    queue: QueueKey | None = Field(
        None, description="the queue to which its flow leads, if the flow itself names none"
    )
    title: Title | None = Field(None, description="what people call it")
    languages: Languages = Field(
        (), description="the languages that its callers may choose from; none: the centre's"
    )
    calendar: CalendarKey | None = Field(
        None, description="when it is open; without one, it always is"
    )
    closed_message: dict[Language, Spoken] = Field(
        {}, description="what callers hear while it is closed"
    )
    emergency: EmergencySettings | None = None


class TeamSettings(Thing):
    """Agents who work together, and whose supervisors look after them."""

    KIND = Kind.TEAM

    name: str = _name("the team's name")
    title: Title = Field(description="what people call it")


class StationSettings(Thing):
    """A phone an agent can sit at."""

    KIND = Kind.STATION

    name: str = Field(
        pattern=r"^[0-9]{2,8}$", description="the phone's name: 2 to 8 digits, in quotes"
    )
    kind: StationKind = Field(
        StationKind.SOFTPHONE, description="softphone, or fxs for a port of a gateway"
    )
    encryption: Encryption | None = Field(
        None, description="whether the phone's sound is encrypted: off, optional or required"
    )
    """None: optional for a softphone, off for a gateway's port."""
    note: Remark = Field("", description="where it stands, or whose it is")


class AccountSettings(_Strict):
    """How we authenticate to a carrier. The password is kept apart."""

    user: str = Field(
        pattern=r"^[A-Za-z0-9_.+@-]{1,80}$", description="the user name that the carrier gave"
    )
    realm: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_.-]{1,80}$",
        description="the realm that the carrier's exchange asks for; without one, any",
    )
    registers: bool = Field(True, description="whether we register with the carrier")


class LineSettings(Thing):
    """A line on which calls come in and go out."""

    KIND = Kind.LINE

    name: str = Field(
        pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$",
        description="the line's name: a letter, then letters, digits, - and _",
    )
    kind: LineKind = Field(description="fxo (a gateway's analog lines) or trunk (IP)")
    channels: int = Field(30, ge=1, le=5000, description="how many calls it carries")
    calls_per_second: float | None = Field(
        None,
        ge=0.1,
        le=1000,
        description="how many calls may go out on it each second, whoever places them: 0.1 to"
        " 1000; without it, any number",
    )
    flows_may_call: bool = Field(
        False,
        description="whether flows may call numbers over it that are written in them; without it,"
        " none may",
    )
    host: HostAndPort | None = Field(
        None, description="the carrier's address, host or host:port; without one, it registers here"
    )
    account: AccountSettings | None = Field(
        None, description="how we authenticate to the carrier, if it wants that"
    )
    caller_header: CallerHeader = Field(
        CallerHeader.FROM,
        description="the SIP header that says who calls: From, P-Asserted-Identity or"
        " Remote-Party-ID",
    )
    session_timer: SessionTimer = Field(
        SessionTimer.ALWAYS,
        description="which calls are asked every 45 s whether the far side is still there: always,"
        " or supported (where it says that it knows session timers)",
    )
    numbers_in: NumberFormat = Field(
        NumberFormat.AS_SENT, description="how the carrier writes the caller's number"
    )
    numbers_out: NumberFormat = Field(
        NumberFormat.AS_SENT, description="how the carrier wants the number to be called"
    )
    country: str = Field(
        "CN", pattern=r"^[A-Z]{2}$", description="the country whose numbers these are, such as CN"
    )
    caller_id: str | None = Field(
        None,
        pattern=r"^\+?[0-9]{3,20}$",
        description="the number that those who are called see: 3 to 20 digits; a campaign may have"
        " its own",
    )
    caller_id_header: CallerHeader = Field(
        CallerHeader.FROM,
        description="the SIP header in which the carrier wants that number: From,"
        " P-Asserted-Identity or Remote-Party-ID; with one of these two, From names the account",
    )
    answer_signalled: bool = Field(
        False,
        description="whether an fxo gateway reports the moment of answer; without it, the line is"
        " not used for predictive dialling",
    )
    """A trunk always reports it."""


class AgentSettings(Thing):
    """A person who takes calls. The PIN is kept apart."""

    KIND = Kind.AGENT
    KEY = "code"

    code: str = Field(
        pattern=r"^[0-9]{2,15}$",
        description="what the agent types to log in: 2 to 15 digits, in quotes",
    )
    name: Title = Field(description="what people call the agent")
    projects: ProjectKeys = Field(description="the names of the projects the agent serves")
    skills: dict[SkillKey, Annotated[int, Field(ge=1, le=10)]] = Field(
        {}, description="each skill with its level, 1 to 10"
    )
    team: TeamKey | None = Field(None, description="the team the agent belongs to")
    station: StationKey | None = Field(None, description="the usual phone")
    wrap_up_s: float | None = Field(
        None, ge=0, le=3600, description="after-call work; without it, the queue's"
    )
    missed_before_away: int = Field(
        1, ge=1, le=10, description="how many missed calls in a row set the agent away"
    )


class AwayReasonSettings(Thing):
    """Why an agent is away."""

    KIND = Kind.AWAY_REASON

    name: str = _name("the reason's name")
    title: dict[Language, Title] = Field({}, description="what people call it, by language")
    digit: int | None = Field(
        None, ge=1, le=9, description="n in the feature code *13n that gives it at a phone"
    )
    limit_s: float | None = Field(
        None, gt=0, le=86400, description="how long it may last before the board warns"
    )


class CallerSettings(Thing):
    """A caller whom we treat unlike others, by their number."""

    KIND = Kind.CALLER
    KEY = "number"

    number: CallersNumber = Field(
        pattern=r"^\+?[0-9*#]{2,25}$",
        description="the number that calls: 2 to 25 digits, in quotes",
    )
    treatment: Treatment = Field(description="blocked (refused and counted) or vip (served first)")
    projects: ProjectKeys = Field(
        (), description="the names of the projects it holds for; none: all"
    )
    priority: int = Field(5, ge=1, le=10, description="how much a VIP raises the queue's priority")
    note: Remark = Field("", description="why")


class OutsideNumberSettings(Thing):
    """A number outside the centre that agents may ask about a customer, or leave one with."""

    KIND = Kind.OUTSIDE_NUMBER
    KEY = "number"

    number: CallersNumber = Field(
        pattern=r"^\+?[0-9]{3,20}$",
        description="the number that is called: 3 to 20 digits, in quotes, with + and the country's"
        " code or as the line dials it",
    )
    title: Title = Field(description="what people call whoever answers there")
    line: LineKey = Field(description="the name of the line by which it is called")
    projects: ProjectKeys = Field(
        (), description="the names of the projects whose customers may be taken there; none: all"
    )
    caller_id: str | None = Field(
        None,
        pattern=r"^\+?[0-9]{3,20}$",
        description="the number that they see: 3 to 20 digits; without one, the line's",
    )
    recorded: bool = Field(
        True,
        description="whether the recording goes on while a customer who was left there talks to"
        " them",
    )
    note: Remark = ""


MODELS: Mapping[Kind, type[Thing]] = {
    model.KIND: model
    for model in (
        CentreWide,
        ProjectSettings,
        CalendarSettings,
        SkillSettings,
        QueueSettings,
        HotlineSettings,
        TeamSettings,
        StationSettings,
        LineSettings,
        AgentSettings,
        AwayReasonSettings,
        CallerSettings,
        OutsideNumberSettings,
    )
}
"""The model of each kind, in the order in which a new centre is set up."""


def references(thing: Thing) -> Iterator[tuple[tuple[str | int, ...], Kind, str]]:
    """What the thing refers to: the place of each reference in it, the kind, and the key."""
    yield from _referred(thing, _REFERRING[thing.KIND])
    if isinstance(thing, HotlineSettings):
        for number, rule in enumerate(thing.rules):
            for place, kind, key in _referred(rule, _RULES_REFERRING):
                yield ("rules", number, *place), kind, key


def _referred(
    settings: BaseModel, referring: tuple[tuple[str, Kind], ...]
) -> Iterator[tuple[tuple[str | int, ...], Kind, str]]:
    for name, kind in referring:
        value = getattr(settings, name)
        if value is None:
            continue
        if isinstance(value, str):
            yield (name,), kind, value
        else:
            keyed = isinstance(value, dict)
            for number, key in enumerate(value):
                yield (name, key if keyed else number), kind, key


def _refers(annotation: Any) -> Kind | None:
    """The kind that an annotation's keys are of: of X, X | None, tuple[X, ...] and dict[X, int]."""
    if get_origin(annotation) is Annotated:
        for mark in get_args(annotation)[1:]:
            if isinstance(mark, Refers):
                return mark.kind
    for inside in get_args(annotation)[:1]:
        if (kind := _refers(inside)) is not None:
            return kind
    return None


def _referring(model: type[BaseModel]) -> tuple[tuple[str, Kind], ...]:
    found = []
    for name, field in model.model_fields.items():
        marked = next((m.kind for m in field.metadata if isinstance(m, Refers)), None)
        kind = marked or _refers(field.annotation)
        if kind is not None:
            found.append((name, kind))
    return tuple(found)


_RULES_REFERRING = _referring(EntryRuleSettings)
_REFERRING = {kind: _referring(model) for kind, model in MODELS.items()}
