"""The schemas of the files with flows and phrases."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ivr_flows.kind import LanguageTags
from ivr_flows.values import Variable, VariableType

NAME = r"^[a-z][a-z0-9_]{0,63}$"
NAME_EXPECTED = "at most 64 lower-case letters, digits and _, with a letter first"

VERSION = 1
"""Of the flow language."""

_TYPES = ", ".join(VariableType)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class PhrasesFile(_Section):
    """A file of prompts outside any flow."""

    languages: LanguageTags = Field(min_length=1, description="language tags, the default first")
    prompts: dict[str, Any] = Field(min_length=1, description="each prompt's text by language")


class FlowFile(_Section):
    """The top of a flow's file."""

    flow: str = Field(pattern=NAME, description=f"the flow's name: {NAME_EXPECTED}")
    version: int = Field(default=VERSION, description="the version of the flow language")
    title: dict[str, str] = Field(default={}, description="what people call it, by language")
    note: str | None = Field(
        default=None, max_length=2000, description="what colleagues should know; nobody hears it"
    )
    languages: LanguageTags = Field(min_length=1, description="language tags, the default first")
    start: str = Field(description="the node where calls begin")
    variables: dict[str, Any] = Field(default={}, description="each variable with its type")
    prompts: dict[str, Any] = Field(default={}, description="each prompt's text by language")
    announcements: dict[str, Any] = Field(default={}, description="the prompts for waiting callers")
    nodes: dict[str, Any] = Field(min_length=1, description="each node by its id")


class AnnouncementsSection(_Section):
    """The prompts for waiting callers; those left out are not said."""

    next: str | None = Field(default=None, description="for the caller who is next")
    position: str | None = Field(default=None, description="the place, as {position}")
    wait_short: str | None = Field(default=None, description="a wait of up to one minute")
    wait_minutes: str | None = Field(default=None, description="a longer wait, as {minutes}")
    back: str | None = Field(
        default=None, description="for callers taken back after the controller was lost"
    )


class VariableSection(_Section):
    """A variable of the flow."""

    type: VariableType = Field(strict=False, description=f"its type: {_TYPES}")
    secret: bool = Field(
        default=False, description="whether it may appear nowhere: not in prompts, logs or records"
    )
    initial: str | int | float | bool | None = Field(
        default=None, description="its value at the beginning"
    )
    note: str | None = Field(default=None, max_length=2000, description="what it is for")


ANNOUNCEMENT_GAPS = {
    "position": Variable("position", VariableType.NUMBER),
    "wait_minutes": Variable("minutes", VariableType.NUMBER),
}
"""What each of these announcements must say; the others have nothing to fill in."""
