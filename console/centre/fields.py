"""Makes the fields of a form of a thing's model: what is shown of each setting, in which limits.

Pure. A setting's place in the form is its path with dots: ``title.en``, ``exceptions.0.day``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum, StrEnum
from functools import cache
from itertools import permutations
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, MaxLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from centre.kinds import Kind, Refers
from centre.setting_values import CallerPattern, Language, OpenHours, Spoken


class Widget(StrEnum):
    """How a setting is shown."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    YES_NO = "yes_no"
    CHOICE = "choice"
    MANY = "many"
    """Some of several: check boxes."""
    BY_LANGUAGE = "by_language"
    LEVELS = "levels"
    """A number for each of several."""
    HOURS = "hours"
    LISTED = "listed"
    """As many texts as there are, with commas between."""
    MOMENT = "moment"
    DAY = "day"
    GROUP = "group"
    """Settings that are there or not, together."""
    ROWS = "rows"
    """As many groups as there are."""


LANGUAGES: tuple[str, ...] = get_args(Language)
LANGUAGE_ORDERS = tuple(
    ",".join(order) for count in (2, 1) for order in permutations(LANGUAGES, count)
)


@dataclass(frozen=True, slots=True)
class FormField:
    """One setting of a form."""

    name: str
    """Its path in the form."""
    setting: str
    """The setting's own name."""
    widget: Widget
    needed: bool = False
    may_lack: bool = False
    """It may be left empty, which means something else than what it usually is."""
    usual: Any = None
    """What it is if nothing is said; None if that has no value."""
    refers: Kind | None = None
    """Its choices are things of this kind."""
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    whole: bool = False
    """Only whole numbers."""
    longest: int | None = None
    inside: tuple["FormField", ...] = ()
    """The fields of a group, named as in the first row of rows."""


@cache
def fields_of(model: type[BaseModel], prefix: str = "") -> tuple[FormField, ...]:
    """The fields of a model's form, in the model's order."""
    return tuple(
        _field(f"{prefix}{name}", name, info)
        for name, info in model.model_fields.items()
        if not (prefix == "" and _is_fixed(info))
    )


def _is_fixed(info: FieldInfo) -> bool:
    """A setting that can have one value only, such as the name of what there is one of."""
    return get_origin(info.annotation) is Literal and len(get_args(info.annotation)) == 1


@dataclass(slots=True)
class _Found:
    """What an annotation says, through all its brackets."""

    marks: list[Any] = field(default_factory=list)
    kind: Any = None
    optional: bool = False

    @property
    def refers(self) -> Kind | None:
        return next((mark.kind for mark in self.marks if isinstance(mark, Refers)), None)


def _look(annotation: Any, marks: Sequence[Any] = ()) -> _Found:
    found = _Found(list(marks))
    while True:
        origin, inside = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            found.marks += inside[1:]
            annotation = inside[0]
        elif origin in (Union, UnionType) and NoneType in inside:
            found.optional = True
            annotation = next(each for each in inside if each is not NoneType)
        else:
            found.kind = annotation
            return found


def _field(name: str, setting: str, info: FieldInfo) -> FormField:
    found = _look(info.annotation, info.metadata)
    common: dict[str, Any] = {
        "name": name,
        "setting": setting,
        "needed": info.is_required(),
        "usual": None if info.default is PydanticUndefined else info.default,
        "may_lack": found.optional,
        "refers": found.refers,
    }
    kind, origin, inside = found.kind, get_origin(found.kind), get_args(found.kind)
    if origin is tuple:
        return _of_several(_look(inside[0]), inside[0], common)
    if origin is dict:
        keys = _look(inside[0])
        if keys.refers is not None:
            most = next((m.le for m in _look(inside[1]).marks if isinstance(m, Le)), 10)
            limits = {"least": 1, "most": most, "whole": True}
            return FormField(**common | {"widget": Widget.LEVELS, "refers": keys.refers} | limits)
        longest = _longest(_look(inside[1]).marks)
        spoken = inside[1] == Spoken
        part = FormField(
            name, setting, Widget.LONG_TEXT if spoken else Widget.TEXT, longest=longest
        )
        return FormField(**common | {"widget": Widget.BY_LANGUAGE, "inside": (part,)})
    if origin is Literal:
        return FormField(**common | {"widget": Widget.CHOICE, "choices": tuple(map(str, inside))})
    if isinstance(kind, type):
        if issubclass(kind, BaseModel):
            parts = fields_of(kind, f"{name}.")
            return FormField(**common | {"widget": Widget.GROUP, "inside": parts})
        if issubclass(kind, Enum):
            choices = tuple(str(each.value) for each in kind)
            return FormField(**common | {"widget": Widget.CHOICE, "choices": choices})
        if kind is bool:
            return FormField(**common | {"widget": Widget.YES_NO})
        if kind in (int, float):
            limits = _limits(found.marks) | {"whole": kind is int}
            return FormField(**common | {"widget": Widget.NUMBER} | limits)
        if kind is datetime:
            return FormField(**common | {"widget": Widget.MOMENT})
        if kind is date:
            return FormField(**common | {"widget": Widget.DAY})
    if found.refers is not None:
        return FormField(**common | {"widget": Widget.CHOICE})
    longest = _longest(found.marks)
    widget = Widget.LONG_TEXT if longest and longest > 1_000 else Widget.TEXT
    return FormField(**common | {"widget": widget, "longest": longest})


def _of_several(each: _Found, annotation: Any, common: dict[str, Any]) -> FormField:
    if annotation == OpenHours:
        return FormField(**common | {"widget": Widget.HOURS})
    if annotation == CallerPattern:
        return FormField(**common | {"widget": Widget.LISTED})
    if isinstance(each.kind, type) and issubclass(each.kind, BaseModel):
        parts = fields_of(each.kind, f"{common['name']}.0.")
        return FormField(**common | {"widget": Widget.ROWS, "inside": parts})
    if each.refers is not None:
        return FormField(**common | {"widget": Widget.MANY, "refers": each.refers})
    # Languages, whose order matters.
    common["may_lack"] = common["usual"] == ()
    return FormField(**common | {"widget": Widget.CHOICE, "choices": LANGUAGE_ORDERS})


def _limits(marks: Sequence[Any]) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    for mark in marks:
        if isinstance(mark, Ge):
            limits["least"] = mark.ge
        elif isinstance(mark, Gt):
            limits["least"] = mark.gt
        elif isinstance(mark, Le):
            limits["most"] = mark.le
    return limits


def _longest(marks: Sequence[Any]) -> int | None:
    for mark in marks:
        if isinstance(mark, MaxLen):
            return mark.max_length
        if isinstance(mark, FieldInfo) and (found := _longest(mark.metadata)) is not None:
            return found
    return None
