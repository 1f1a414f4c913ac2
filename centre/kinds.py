"""What a thing of the directory is: its kind, its key, and how it refers to others."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from centre.setting_values import each_once


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


ProjectKey = Annotated[str, Refers(Kind.PROJECT)]
SkillKey = Annotated[str, Refers(Kind.SKILL)]
QueueKey = Annotated[str, Refers(Kind.QUEUE)]
TeamKey = Annotated[str, Refers(Kind.TEAM)]
StationKey = Annotated[str, Refers(Kind.STATION)]
LineKey = Annotated[str, Refers(Kind.LINE)]
CalendarKey = Annotated[str, Refers(Kind.CALENDAR)]
ProjectKeys = Annotated[tuple[ProjectKey, ...], Field(max_length=200), AfterValidator(each_once)]


class SettingGroup(BaseModel):
    """Settings that belong together."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Thing(SettingGroup):
    """A thing of the directory. ``KEY`` names the setting that identifies it among its kind."""

    KIND: ClassVar[Kind]
    KEY: ClassVar[str] = "name"

    @property
    def key(self) -> str:
        """What it is referred to by, unique among its kind, never changed."""
        return str(getattr(self, self.KEY))


def short_name(what: str) -> Any:
    """A field for a name that files and programs use; ``what`` says whose name it is."""
    return Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$",
        description=f"{what}: letters, digits, - and _, no more than 40 of them",
    )
