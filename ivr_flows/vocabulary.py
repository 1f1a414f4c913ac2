"""What can be written in a flow, for an editor: made from the very schemas that check it. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import cache
from inspect import getdoc
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ivr_flows.flow_schema import AnnouncementsSection, FlowFile, VariableSection
from ivr_flows.kind import NodeKind, is_prompt_field
from ivr_flows.nodes import KINDS


class RefersTo(StrEnum):
    """What a setting names within the flow; outside it, see ``NameOf``."""

    PROMPT = "prompt"
    VARIABLE = "variable"
    NODE = "node"
    LANGUAGE = "language"


@dataclass(frozen=True, slots=True)
class FieldWords:
    """A setting. ``values``: those it can have, if they can be listed; ``refers``: what it names
    (or its values, if it is a mapping), ``keys_refer``: what the keys of the mapping name."""

    name: str
    about: str
    default: str | None
    """As it would be written; None: there is none."""
    required: bool
    values: tuple[str, ...] = ()
    refers: str = ""
    keys_refer: str = ""
    listed: bool = False
    """Whether it may be a list."""
    mapped: bool = False
    """Whether it is a mapping with names of the author's choice."""
    fields: tuple["FieldWords", ...] = ()
    """The settings in it, or in each thing that it lists or maps."""


@dataclass(frozen=True, slots=True)
class KindWords:
    """A kind of node."""

    name: str
    about: str
    fields: tuple[FieldWords, ...]
    exits: tuple[str, ...]
    """Those that each node of the kind has."""


@dataclass(frozen=True, slots=True)
class FlowVocabulary:
    """All that can be written."""

    top: tuple[FieldWords, ...]
    announcements: tuple[FieldWords, ...]
    variable: tuple[FieldWords, ...]
    kinds: tuple[KindWords, ...]


@cache
def vocabulary() -> FlowVocabulary:
    """The words of the flow language, in English."""
    return FlowVocabulary(
        _fields(FlowFile, {"start": RefersTo.NODE}),
        tuple(_fields(AnnouncementsSection, dict.fromkeys(_names(AnnouncementsSection), "prompt"))),
        _fields(VariableSection, {}),
        tuple(_kind(name, kind) for name, kind in KINDS.items()),
    )


def _names(model: type[BaseModel]) -> Iterator[str]:
    return iter(model.model_fields)


def _kind(name: str, kind: type[NodeKind]) -> KindWords:
    refers, keys_refer, exits = _probed(kind)
    about = " ".join((getdoc(kind) or "").split())
    return KindWords(name, about, _fields(kind, refers, keys_refer), exits)


def _probed(kind: type[NodeKind]) -> tuple[dict[str, str], dict[str, str], tuple[str, ...]]:
    """What the settings of a kind name: found by a node in which each names itself."""
    values: dict[str, Any] = {}
    for name, field in kind.model_fields.items():
        shape = _shape(field)
        if not field.is_required() and field.default is not None and shape in (_OTHER, _LIST):
            values[name] = field.default if shape is _OTHER else (f"{name}~",)
        elif shape is _MAPPING:
            values[name] = {} if _model_in(field) else {f"{name}~key": f"{name}~"}
        elif shape is _LIST:
            values[name] = () if _model_in(field) else (f"{name}~",)
        else:
            values[name] = f"{name}~" if shape is _TEXT else field.default
    node = kind.model_construct(**values)
    named: dict[str, str] = {}
    for mention in node.mentions():
        named[mention.name] = mention.of.value
    for variable in (*(one.variable for one in node.reads()), *(w.variable for w in node.writes())):
        named[variable] = RefersTo.VARIABLE
    for _, first in node.inner_starts():
        named[first] = RefersTo.NODE
    refers = {name: named[f"{name}~"] for name in values if f"{name}~" in named}
    keys_refer = {name: named[f"{name}~key"] for name in values if f"{name}~key" in named}
    exits = tuple(exit.name for exit in node.exits() if "~" not in exit.name)
    return refers, keys_refer, exits


_TEXT, _LIST, _MAPPING, _OTHER = "text", "list", "mapping", "other"


def _shape(field: FieldInfo) -> str:
    kinds = list(_inside(field.annotation))
    for one in kinds:
        if get_origin(one) in (dict, Mapping):
            return _MAPPING
        if get_origin(one) is tuple:
            return _LIST
    return _TEXT if kinds[-1] is str or str in kinds else _OTHER


def _inside(annotation: Any) -> Iterator[Any]:
    yield annotation
    for argument in get_args(annotation):
        yield from _inside(argument)


def _model_in(field: FieldInfo) -> type[BaseModel] | None:
    for one in _inside(field.annotation):
        if isinstance(one, type) and issubclass(one, BaseModel):
            return one
    return None


def _fields(
    model: type[BaseModel], refers: Mapping[str, str], keys_refer: Mapping[str, str] | None = None
) -> tuple[FieldWords, ...]:
    found = []
    for name, field in model.model_fields.items():
        inner = _model_in(field)
        found.append(
            FieldWords(
                field.alias or name,
                field.description or "",
                _written(field),
                field.is_required(),
                _values(field),
                refers.get(name) or _refers(name, field),
                (keys_refer or {}).get(name, ""),
                _shape(field) is _LIST,
                _shape(field) is _MAPPING,
                _fields(inner, {}) if inner is not None else (),
            )
        )
    return tuple(found)


def _refers(name: str, field: FieldInfo) -> str:
    if is_prompt_field(field):
        return RefersTo.PROMPT
    if name in ("languages", "default"):
        return RefersTo.LANGUAGE
    return RefersTo.VARIABLE if name == "variable" else ""


def _written(field: FieldInfo) -> str | None:
    default = field.default
    if field.is_required() or default is None or default in ((), {}):
        return None
    if isinstance(default, bool):
        return "true" if default else "false"
    if isinstance(default, Enum):
        return str(default.value)
    if isinstance(default, tuple):
        return f"[{', '.join(map(str, default))}]"
    return f"{default:g}" if isinstance(default, float) else str(default)


def _values(field: FieldInfo) -> tuple[str, ...]:
    for one in _inside(field.annotation):
        if isinstance(one, type) and issubclass(one, Enum):
            return tuple(str(each.value) for each in one)
        if one is bool:
            return ("true", "false")
    return ()
