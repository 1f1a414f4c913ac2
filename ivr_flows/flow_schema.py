"""The schemas of the files with flows and phrases."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ivr_flows.kind import LanguageTags

NAME = r"^[a-z][a-z0-9_]{0,63}$"
NAME_EXPECTED = "at most 64 lower-case letters, digits and _, with a letter first"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class PhrasesFile(_Section):
    """A file of prompts outside any flow."""

    languages: LanguageTags = Field(min_length=1, description="language tags, the default first")
    prompts: dict[str, Any] = Field(min_length=1, description="each prompt's text by language")


class FlowFile(_Section):
    """The top of a flow's file."""

    flow: str = Field(pattern=NAME, description=f"the flow's name: {NAME_EXPECTED}")
    title: dict[str, str] = Field(default={}, description="what people call it, by language")
    languages: LanguageTags = Field(min_length=1, description="language tags, the default first")
    start: str = Field(description="the node where calls begin")
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


ANNOUNCEMENT_PARAMETERS = {"position": "position", "wait_minutes": "minutes"}
"""The parameter that each of these announcements must have; the others have none."""
