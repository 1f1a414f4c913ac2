"""Pieces of a flow's file against their schemas, with faults a person can act on."""

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from ivr_flows.document import KEY_ITSELF, Document, Path
from ivr_flows.errors import FlowError, did_you_mean, one_of
from ivr_flows.kind import LanguageTags

NAME = r"^[a-z][a-z0-9_]{0,63}$"
NAME_EXPECTED = "small letters, digits and _, a letter first, 64 at most"

M = TypeVar("M", bound=BaseModel)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class PhrasesFile(_Section):
    """A file of prompts that belong to no flow."""

    languages: LanguageTags = Field(min_length=1, description="language tags, the default first")
    prompts: dict[str, Any] = Field(min_length=1, description="each prompt's text by language")


class FlowFile(_Section):
    """The top of a flow's file."""

    flow: str = Field(pattern=NAME, description=f"the flow's name: {NAME_EXPECTED}")
    title: dict[str, str] = Field(default={}, description="what people call it, by language")
    languages: LanguageTags = Field(min_length=1, description="language tags, the default first")
    start: str = Field(description="the node where calls begin")
    prompts: dict[str, Any] = Field(default={}, description="each prompt's text by language")
    announcements: dict[str, Any] = Field(
        default={}, description="the prompts for callers who wait"
    )
    nodes: dict[str, Any] = Field(min_length=1, description="each node by its id")


class AnnouncementsSection(_Section):
    """The prompts for callers who wait; those left out are not said."""

    next: str | None = Field(default=None, description="for the caller who is next")
    position: str | None = Field(default=None, description="the place, as {position}")
    wait_short: str | None = Field(default=None, description="a wait of up to one minute")
    wait_minutes: str | None = Field(default=None, description="a longer wait, as {minutes}")
    back: str | None = Field(
        default=None, description="for callers taken back after the controller was lost"
    )


ANNOUNCEMENT_PARAMETERS = {"position": "position", "wait_minutes": "minutes"}
"""The one parameter that these announcements must have; the others have none."""


def validated(
    model: type[M], data: Any, document: Document, path: Path, what: str, faults: list[FlowError]
) -> M | None:
    """The data as the model, or None with what is wrong put into ``faults``."""
    if not isinstance(data, dict):
        faults.append(
            document.fault(
                path,
                f"{what} is {_shown(data)}; expected settings, each as name: value",
                f"it may have {one_of(model.model_fields)}",
            )
        )
        return None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        faults.extend(_fault(model, document, path, what, detail) for detail in error.errors())
        return None


def _fault(
    model: type[BaseModel], document: Document, path: Path, what: str, detail: ErrorDetails
) -> FlowError:
    place = detail["loc"]
    name = str(place[0]) if place else ""
    field = model.model_fields.get(name)
    meaning = field.description if field else None
    if detail["type"] == "missing":
        return document.fault(
            path, f'{what} lacks "{name}"; expected {meaning}', f'add "{name}: ..."', key=True
        )
    if detail["type"] == "extra_forbidden":
        names = list(model.model_fields)
        return document.fault(
            (*path, *place),
            f'{what} has no setting "{name}"; expected {one_of(names)}',
            did_you_mean(name, names) or "remove it",
            key=True,
        )
    expected = detail["msg"].removeprefix("Input should ").removeprefix("be ")
    setting = ".".join(str(part) for part in place if part != KEY_ITSELF)
    return document.fault(
        (*path, *place),
        f'"{setting}" of {what} is {_shown(detail["input"])}; expected {expected}',
        f"it is {meaning}" if meaning else "",
    )


def _shown(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list" if value else "an empty list"
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
