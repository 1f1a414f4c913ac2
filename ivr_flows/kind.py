"""Defines what a kind of node is: settings with a schema, exits, and what it does to a call."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from ivr_flows.walk import Script, Walk


@dataclass(frozen=True, slots=True)
class Exit:
    """A way out of a node.

    ``waits``: by the time it is taken, the caller has pressed a key or time has passed, so a loop
    through it can't spin. ``otherwise``: the exit to take if this one leads nowhere.
    """

    name: str
    waits: bool
    otherwise: str | None = None


class _PromptField:
    """Marks a setting as naming prompts."""


def _listed(value: Any) -> Any:
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


PromptNames = Annotated[tuple[str, ...], BeforeValidator(_listed), _PromptField()]
"""A prompt's name, or a list of names of prompts that are said one after the other."""

LanguageTags = Annotated[tuple[str, ...], BeforeValidator(_listed)]
"""A language tag such as ``zh-CN``, or a list of them."""


class NodeKind(BaseModel):
    """The settings of one node; a subclass is a kind. Its schema is also the editor's form."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    def exits(self) -> tuple[Exit, ...]:
        """All ways out of a node with these settings; if there are none, the call ends here."""
        raise NotImplementedError

    def visit(self, walk: Walk) -> Script[str | None]:
        """Do the node's work and return the name of the exit that was taken."""
        raise NotImplementedError

    def faults(self, _languages: Sequence[str]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """The faults that no single setting shows: (path of the setting, what is wrong with it)."""
        yield from ()

    @classmethod
    def prompt_fields(cls) -> tuple[str, ...]:
        """The settings that name prompts."""
        return tuple(
            name
            for name, field in cls.model_fields.items()
            if any(isinstance(mark, _PromptField) for mark in field.metadata)
        )
