"""Defines what a kind of node is: settings with a schema, exits, and what it does to a call."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.fields import FieldInfo

from documents.document import Path
from documents.graph.graph import Exit
from documents.sentence import Sentence
from ivr_flows.values import Variable, VariableType
from ivr_flows.walk import Walk
from ivr_flows.walkable import Script, Went

__all__ = ["Exit"]


class _PromptField:
    """Marks a setting as naming prompts."""


def listed(value: Any) -> Any:
    """A single word as a list of one, and a list as a tuple; else as it is."""
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


PromptNames = Annotated[tuple[str, ...], BeforeValidator(listed), _PromptField()]
"""A prompt's name, or a list of names of prompts that are said one after the other."""

LanguageTags = Annotated[tuple[str, ...], BeforeValidator(listed)]
"""A language tag such as ``zh-CN``, or a list of them."""


class NameOf(StrEnum):
    """What a node may name that is kept outside the flow."""

    QUEUE = "queue"
    CALENDAR = "calendar"
    AGENT = "agent"
    LINE = "line"
    SECRET = "secret"  # noqa: S105 - what it names, not a secret itself
    FLOW = "flow"
    RECORDING = "recording"


@dataclass(frozen=True, slots=True)
class Mention:
    """A setting that names something outside the flow."""

    at: Path
    of: NameOf
    name: str


@dataclass(frozen=True, slots=True)
class VariableRead:
    """A setting that reads a variable. ``types``: those it can be of; None: any. ``secret``:
    whether it may be a secret one."""

    at: Path
    variable: str
    types: Collection[VariableType] | None = None
    secret: bool = False


@dataclass(frozen=True, slots=True)
class VariableSet:
    """A setting that names a variable which the node sets."""

    at: Path
    variable: str
    types: Collection[VariableType] | None = None


@dataclass(frozen=True, slots=True)
class NodeFault:
    """What is wrong with a setting, and what to do about it."""

    at: Path
    what: Sentence
    remedy: Sentence | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """What a node's settings may refer to within the flow."""

    languages: Sequence[str]
    variables: Mapping[str, Variable]
    nodes: Collection[str]


class NodeKind(BaseModel):
    """The settings of one node; a subclass is a kind. Its schema is also the editor's form."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    note: str | None = Field(
        default=None, max_length=2000, description="what colleagues should know; nobody hears it"
    )

    @property
    def enters(self) -> str | None:
        """The flow that stands in this node, and returns to it."""
        return None

    def exits(self) -> tuple[Exit, ...]:
        """All ways out of a node with these settings; if there are none, the call ends here."""
        raise NotImplementedError

    def visit(self, walk: Walk) -> Script[Went]:
        """Do the node's work, and return the exit that was taken."""
        raise NotImplementedError

    def faults(self, _scope: Scope) -> Iterator[NodeFault]:
        """The faults that no single setting shows."""
        yield from ()

    def mentions(self) -> Iterator[Mention]:
        """What is named that is kept outside the flow."""
        yield from ()

    def reads(self) -> Iterator[VariableRead]:
        """The variables that are read, besides those in prompts."""
        yield from ()

    def writes(self) -> Iterator[VariableSet]:
        """The variables that are set."""
        yield from ()

    def inner_starts(self) -> Iterator[tuple[Path, str]]:
        """Nodes of this flow at which another way through it begins, while the call is here."""
        yield from ()

    @classmethod
    def prompt_fields(cls) -> tuple[str, ...]:
        """The settings that name prompts."""
        return tuple(name for name, field in cls.model_fields.items() if is_prompt_field(field))


def is_prompt_field(field: FieldInfo) -> bool:
    """Whether a setting names prompts."""
    return any(isinstance(mark, _PromptField) for mark in field.metadata)
