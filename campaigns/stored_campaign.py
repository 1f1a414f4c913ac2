"""A campaign as it is stored: what it is now, and what each change of it was."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from pydantic import ValidationError

from campaigns.campaign import CampaignSettings, CampaignState
from domain.identity import CampaignName, ProjectName


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign as it is now; ``change`` is the last change of it."""

    name: CampaignName
    project: ProjectName
    state: CampaignState
    settings: CampaignSettings
    lists: tuple[int, ...]
    change: int
    made_at: datetime
    changed_at: datetime
    removed: bool = False


@dataclass(frozen=True, slots=True)
class CampaignChange:
    """A change that was made; ``before`` None: the campaign was made."""

    id: int
    at: datetime
    by: str
    before: "CampaignContent | None"
    after: "CampaignContent"


@dataclass(frozen=True, slots=True)
class CampaignContent:
    """What a change changes."""

    state: CampaignState
    settings: CampaignSettings
    lists: tuple[int, ...] = ()
    removed: bool = False


class CampaignRow(TypedDict):
    """A row of the query ``campaigns``."""

    campaign: str
    project: str
    state: str
    settings: dict[str, Any]
    lists: list[int]
    change: int | None
    made_at: datetime
    changed_at: datetime
    removed_at: datetime | None


def plain_settings(settings: CampaignSettings) -> dict[str, Any]:
    """Settings as they are stored."""
    return settings.model_dump(mode="json")


def kept_content(content: CampaignContent) -> dict[str, Any]:
    """What a change changes, as it is stored."""
    return {
        "state": content.state.value,
        "settings": plain_settings(content.settings),
        "lists": list(content.lists),
        "removed": content.removed,
    }


def content_of(kept: dict[str, Any]) -> CampaignContent:
    """The reverse of ``kept_content``."""
    return CampaignContent(
        CampaignState(kept["state"]),
        settings_of(kept["settings"]),
        tuple(kept["lists"]),
        kept["removed"],
    )


def campaign_of_row(row: CampaignRow) -> Campaign:
    """The campaign of a row."""
    return Campaign(
        CampaignName(row["campaign"]),
        ProjectName(row["project"]),
        CampaignState(row["state"]),
        settings_of(row["settings"]),
        tuple(row["lists"]),
        row["change"] or 0,
        row["made_at"],
        row["changed_at"],
        row["removed_at"] is not None,
    )


def settings_of(kept: Mapping[str, Any]) -> CampaignSettings:
    """What was stored. What this version doesn't have, or takes no more, is as if never set."""
    known = {key: value for key, value in kept.items() if key in CampaignSettings.model_fields}
    wrong: set[Any] = set(known)
    while wrong:
        try:
            return CampaignSettings.model_validate(known)
        except ValidationError as error:
            wrong = {
                fault["loc"][0] if fault["loc"] else _setting_named(fault["msg"])
                for fault in error.errors()
            } & set(known)
            known = {key: value for key, value in known.items() if key not in wrong}
    sound = {key: kept[key] for key in ("title", "queue", "line", "mode") if key in kept}
    return CampaignSettings.model_validate(sound)


def _setting_named(fault: str) -> str:
    """The setting that a fault of the whole names first."""
    return fault.removeprefix("Value error, ").partition(":")[0]
