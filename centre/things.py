"""All things that a centre consists of: the model of each kind, and what a thing refers to.

Forms, checks, files and the reference of settings are all made from these models. A thing's key
never changes; its other settings do.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel

from centre.endpoint_settings import LineSettings, OutsideNumberSettings, StationSettings
from centre.inbound_settings import (
    CalendarSettings,
    CallerSettings,
    EntryRuleSettings,
    HotlineSettings,
    QueueSettings,
)
from centre.kinds import Kind, Refers, Thing
from centre.organisation_settings import (
    AgentSettings,
    AwayReasonSettings,
    CentreWide,
    ProjectSettings,
    SkillSettings,
    TeamSettings,
)

MODELS: Mapping[Kind, type[Thing]] = {
    model.KIND: model
    for model in (
        CentreWide,
        ProjectSettings,
        CalendarSettings,
        SkillSettings,
        QueueSettings,
        HotlineSettings,
        TeamSettings,
        StationSettings,
        LineSettings,
        AgentSettings,
        AwayReasonSettings,
        CallerSettings,
        OutsideNumberSettings,
    )
}
"""The model of each kind, in the order in which a new centre is set up."""


def references(thing: Thing) -> Iterator[tuple[tuple[str | int, ...], Kind, str]]:
    """What the thing refers to: the place of each reference in it, the kind, and the key."""
    yield from _referred(thing, _REFERRING[thing.KIND])
    if isinstance(thing, HotlineSettings):
        for number, rule in enumerate(thing.rules):
            for place, kind, key in _referred(rule, _RULES_REFERRING):
                yield ("rules", number, *place), kind, key


def _referred(
    settings: BaseModel, referring: tuple[tuple[str, Kind], ...]
) -> Iterator[tuple[tuple[str | int, ...], Kind, str]]:
    for name, kind in referring:
        value = getattr(settings, name)
        if value is None:
            continue
        if isinstance(value, str):
            yield (name,), kind, value
        else:
            keyed = isinstance(value, dict)
            for number, key in enumerate(value):
                yield (name, key if keyed else number), kind, key


def _refers(annotation: Any) -> Kind | None:
    """The kind that an annotation's keys are of: of X, X | None, tuple[X, ...] and dict[X, int]."""
    if get_origin(annotation) is Annotated:
        for mark in get_args(annotation)[1:]:
            if isinstance(mark, Refers):
                return mark.kind
    for inside in get_args(annotation)[:1]:
        if (kind := _refers(inside)) is not None:
            return kind
    return None


def _referring(model: type[BaseModel]) -> tuple[tuple[str, Kind], ...]:
    found = []
    for name, field in model.model_fields.items():
        marked = next((m.kind for m in field.metadata if isinstance(m, Refers)), None)
        kind = marked or _refers(field.annotation)
        if kind is not None:
            found.append((name, kind))
    return tuple(found)


_RULES_REFERRING = _referring(EntryRuleSettings)
_REFERRING = {kind: _referring(model) for kind, model in MODELS.items()}
