"""The settings of the centre itself, its projects, and the people who work there."""

from typing import Annotated, Literal

from pydantic import Field

from centre.kinds import Kind, ProjectKeys, SkillKey, StationKey, TeamKey, Thing, short_name
from centre.setting_values import Language, Languages, Title


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

    name: str = short_name("the project's short name")
    title: Title = Field(description="what people call it")


class TeamSettings(Thing):
    """Agents who work together, and whose supervisors look after them."""

    KIND = Kind.TEAM

    name: str = short_name("the team's name")
    title: Title = Field(description="what people call it")


class SkillSettings(Thing):
    """Something that an agent can do and a queue needs."""

    KIND = Kind.SKILL

    name: str = short_name("the skill's name")
    title: Title | None = Field(None, description="what people call it")


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

    name: str = short_name("the reason's name")
    title: dict[Language, Title] = Field({}, description="what people call it, by language")
    digit: int | None = Field(
        None, ge=1, le=9, description="n in the feature code *13n that gives it at a phone"
    )
    limit_s: float | None = Field(
        None, gt=0, le=86400, description="how long it may last before the board warns"
    )
