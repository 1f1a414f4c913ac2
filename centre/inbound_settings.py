"""The settings of what callers meet: numbers and their rules, opening hours, queues, and how
single callers are treated."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from centre.kinds import (
    CalendarKey,
    Kind,
    ProjectKey,
    ProjectKeys,
    QueueKey,
    SettingGroup,
    SkillKey,
    Thing,
    short_name,
)
from centre.setting_values import (
    CallerPattern,
    CallersNumber,
    FlowName,
    Language,
    Languages,
    OpenHours,
    Remark,
    Spoken,
    Title,
)
from domain.centre import Acquaintance, Treatment


class DaySettings(SettingGroup):
    """A day on which other hours hold than in other weeks."""

    day: date
    hours: tuple[OpenHours, ...] = Field(
        (), description="from when to when, such as 09:00-12:00; none: closed all day"
    )
    note: Remark = ""


class CalendarSettings(Thing):
    """When numbers are open. Times are the centre's."""

    KIND = Kind.CALENDAR

    name: str = short_name("the calendar's name")
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


class QueueSettings(Thing):
    """A queue of callers who need one skill. Times are in seconds."""

    KIND = Kind.QUEUE

    name: str = short_name("the queue's name, as flows use it")
    project: ProjectKey = Field(description="the name of a project")
    skill: SkillKey = short_name("the skill that an agent needs for its calls")
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


class EmergencySettings(SettingGroup):
    """A message in place of the flow, for a fire or a failure at the client's."""

    message: dict[Language, Spoken] = Field(min_length=1, description="what callers hear")
    until: datetime | None = Field(None, description="when it ends by itself")


class EntryRuleSettings(SettingGroup):
    """Which callers of a number enter another flow. All criteria that are given must hold."""

    name: str = short_name("the rule's name")
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
