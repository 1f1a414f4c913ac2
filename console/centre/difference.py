"""Says in words what a thing's settings are, and which of them an edit has changed. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from centre.kinds import Kind, Thing
from centre.things import MODELS
from console.centre import words
from console.centre.fields import LANGUAGE_ORDERS, FormField, Widget, fields_of
from console.centre.setting_words import VALUES, label_of


@dataclass(frozen=True, slots=True)
class Wording:
    """How things are said to somebody: in their language, time zone and sight."""

    says: Callable[[str], str]
    title: Callable[[Kind, str], str]
    clock: Callable[[datetime], str]


@dataclass(frozen=True, slots=True)
class SaidSetting:
    """One setting, or one part of one, in words; "" where there is none."""

    label: str
    before: str
    after: str


Lines = Mapping[str, tuple[str, str]]
"""A thing's settings in words: by place, the label and the text."""


def differences(
    before: Thing | None, after: Thing | None, speech: Wording
) -> tuple[SaidSetting, ...]:
    """What differs between two versions of a thing; None: it isn't there."""
    old = {} if before is None else said(before, speech)
    new = {} if after is None else said(after, speech)
    places = dict.fromkeys((*old, *new))
    pairs = ((old.get(place, ("", "")), new.get(place, ("", ""))) for place in places)
    return tuple(
        SaidSetting(was[0] or now[0], was[1], now[1]) for was, now in pairs if was[1] != now[1]
    )


def said(thing: Thing, speech: Wording) -> Lines:
    """All settings of a thing that are there, in words."""
    return dict(_lines(thing, fields_of(MODELS[thing.KIND]), thing.KIND, "", speech))


def _lines(
    settings: BaseModel, fields: tuple[FormField, ...], kind: Kind, above: str, speech: Wording
) -> Iterator[tuple[str, tuple[str, str]]]:
    for each in fields:
        label = above + speech.says(label_of(kind, each))
        for place, more, text in _said(each, getattr(settings, each.setting), kind, speech):
            yield place, (f"{label} · {more}" if more else label, text)


def _said(
    each: FormField, value: Any, kind: Kind, speech: Wording
) -> Iterator[tuple[str, str, str]]:
    """The place of each part of a setting, what its label says more, and its text."""
    name, comma = each.name, speech.says(words.COMMA)
    if value is None or value in ("", (), {}):
        return
    match each.widget:
        case Widget.YES_NO:
            yield name, "", speech.says(words.YES if value else words.NO)
        case Widget.MANY if each.refers is not None:
            yield name, "", comma.join(speech.title(each.refers, key) for key in value)
        case Widget.BY_LANGUAGE:
            for language, text in value.items():
                yield f"{name}.{language}", speech.says(VALUES[language]), text
        case Widget.LEVELS if each.refers is not None:
            for key, level in value.items():
                yield f"{name}.{key}", speech.title(each.refers, key), str(level)
        case Widget.HOURS | Widget.LISTED:
            yield name, "", comma.join(value)
        case Widget.GROUP:
            yield name, "", speech.says(words.YES)
            for place, (label, text) in _lines(value, each.inside, kind, "", speech):
                yield place, label, text
        case Widget.ROWS if each.setting == "rules":
            for row in value:
                parts = (part for part in each.inside if part.setting != "name")
                lines = (
                    f"{speech.says(label_of(kind, part))}: {text}"
                    for part in parts
                    if getattr(row, part.setting) != part.usual
                    for _, _, text in _said(part, getattr(row, part.setting), kind, speech)
                )
                yield f"{name}.{row.name}", row.name, "; ".join(lines)
        case Widget.ROWS:
            for row in value:
                spans = comma.join(row.hours) or speech.says(words.CLOSED)
                yield f"{name}.{row.day}", row.day.isoformat(), f"{spans} {row.note}".strip()
        case Widget.MOMENT:
            yield name, "", speech.clock(value)
        case Widget.CHOICE if each.choices == LANGUAGE_ORDERS:
            text = VALUES.get(",".join(value))
            yield name, "", speech.says(text) if text else comma.join(value)
        case Widget.CHOICE if each.refers is not None:
            yield name, "", speech.title(each.refers, value)
        case Widget.NUMBER:
            yield name, "", f"{value:g}"
        case _:
            text = VALUES.get(str(value))
            yield name, "", speech.says(text) if text and each.choices else str(value)


def cell(thing: Thing, setting: str, speech: Wording) -> list[str]:
    """One setting as a list of things shows it: each part in a few words."""
    each = next(one for one in fields_of(MODELS[thing.KIND]) if one.setting == setting)
    parts = _said(each, getattr(thing, setting), thing.KIND, speech)
    if each.widget is Widget.LEVELS:
        return [f"{title} {level}" for _, title, level in parts]
    return list(dict.fromkeys(text for _, _, text in parts))
