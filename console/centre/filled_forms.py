"""Fills a form with a thing's settings, and reads the settings from a form that somebody filled in.

Pure. Texts stay as they were typed, so that a form with mistakes can be shown again.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from pydantic import BaseModel

from console.centre.fields import LANGUAGE_ORDERS, LANGUAGES, FormField, Widget

MOST_ROWS = 1_100
_YEARS = range(2000, 2100)
"""A moment outside can't be converted between all time zones, and is nobody's plan."""
_TO = re.compile(r"\s*[-–—－~～至]\s*")
_BETWEEN = re.compile(r"[,，、;；\s]+")
_COMMA = re.compile(r"[,，、;；\n]+")
_SHORT_HOUR = re.compile(r"(?<![0-9:])([0-9]):")


@dataclass(frozen=True, slots=True)
class Typed:
    """A form's texts by place, and the texts of check boxes that are ticked."""

    texts: Mapping[str, str]
    many: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def get(self, name: str) -> str:
        """What stands at a place, without the blanks around it."""
        return self.texts.get(name, "").replace("\r\n", "\n").strip()

    def below(self, name: str) -> dict[str, str]:
        """The texts of the places within this one."""
        return {
            place.removeprefix(f"{name}."): text
            for place, text in self.texts.items()
            if place.startswith(f"{name}.")
        }


EMPTY = Typed({})


# From a thing to its form


def shown(fields: Sequence[FormField], thing: BaseModel, zone: tzinfo | None) -> Typed:
    """The form of a thing. Moments are those of ``zone``; None: of this machine's."""
    return _together(_shown(each, each.name, getattr(thing, each.setting), zone) for each in fields)


def usual(fields: Sequence[FormField], zone: tzinfo | None) -> Typed:
    """The form of a new thing, with what each setting usually is."""
    return _together(_usual(each, zone) for each in fields)


def _usual(each: FormField, zone: tzinfo | None) -> Typed:
    if each.widget is Widget.GROUP:
        inside = usual(each.inside, zone)
        return Typed({**inside.texts, each.name: ""}, inside.many)
    return EMPTY if each.usual is None else _shown(each, each.name, each.usual, zone)


def _together(parts: Iterator[Typed]) -> Typed:
    texts: dict[str, str] = {}
    many: dict[str, frozenset[str]] = {}
    for part in parts:
        texts |= part.texts
        many |= part.many
    return Typed(texts, many)


def _shown(each: FormField, name: str, value: Any, zone: tzinfo | None) -> Typed:
    match each.widget:
        case Widget.YES_NO:
            return Typed({name: "yes" if value else ""})
        case Widget.MANY:
            return Typed({}, {name: frozenset(value)})
        case Widget.BY_LANGUAGE | Widget.LEVELS:
            return Typed({f"{name}.{key}": str(text) for key, text in value.items()})
        case Widget.HOURS | Widget.LISTED if value is not None:
            return Typed({name: ", ".join(value)})
        case Widget.GROUP:
            inside = usual(each.inside, zone) if value is None else shown(each.inside, value, zone)
            return Typed({**inside.texts, name: "" if value is None else "yes"}, inside.many)
        case Widget.ROWS:
            return _together(
                _shown(part, f"{name}.{number}.{part.setting}", getattr(row, part.setting), zone)
                for number, row in enumerate(value)
                for part in each.inside
            )
        case Widget.MOMENT if value is not None:
            return Typed({name: local(value, zone).isoformat()})
    if value is None:
        return Typed({name: ""})
    if isinstance(value, tuple):
        return Typed({name: ",".join(value)})
    if isinstance(value, float) and value.is_integer():
        return Typed({name: str(int(value))})
    return Typed({name: str(value)})


def local(moment: datetime, zone: tzinfo | None) -> datetime:
    """The moment as clocks in a zone show it, without the zone."""
    try:
        return moment.astimezone(zone).replace(tzinfo=None)
    except (OverflowError, ValueError, OSError):
        return moment.replace(tzinfo=None)  # in the year 1 or 9999


# From a form to a thing's settings


def read(fields: Sequence[FormField], typed: Typed, zone: tzinfo | None) -> dict[str, Any]:
    """The settings of a form, for the model to validate; those left empty are left out."""
    settings: dict[str, Any] = {}
    for each in fields:
        value = _read(each, each.name, typed, zone)
        if value is not None:
            settings[each.setting] = value
    return settings


def _read(each: FormField, name: str, typed: Typed, zone: tzinfo | None) -> Any:
    text = typed.get(name)
    match each.widget:
        case Widget.YES_NO:
            return text == "yes"
        case Widget.MANY:
            return tuple(sorted(typed.many.get(name, ())))
        case Widget.BY_LANGUAGE:
            found = {key: typed.get(f"{name}.{key}") for key in LANGUAGES}
            return {key: said for key, said in found.items() if said}
        case Widget.LEVELS:
            return {key: level.strip() for key, level in typed.below(name).items() if level.strip()}
        case Widget.HOURS:
            return hours(text)
        case Widget.LISTED:
            return tuple(one.strip() for one in _COMMA.split(text) if one.strip()) or None
        case Widget.GROUP:
            return read(each.inside, typed, zone) if text == "yes" else None
        case Widget.ROWS:
            return tuple(
                {
                    part.setting: value
                    for part in each.inside
                    if (value := _read(part, f"{name}.{number}.{part.setting}", typed, zone))
                    is not None
                }
                for number in rows_of(name, typed)
            )
        case Widget.MOMENT:
            return _moment(text, zone) if text else None
        case Widget.CHOICE if each.choices == LANGUAGE_ORDERS:
            return tuple(text.split(",")) if text else ()
    return text or None


def hours(text: str) -> tuple[str, ...]:
    """Spans such as 09:00-12:00, from how people write them: ``9:00 – 12:00，13:00至18:00``."""
    plain = _TO.sub("-", text.replace("：", ":"))
    return tuple(_SHORT_HOUR.sub(r"0\1:", span) for span in _BETWEEN.split(plain) if span)


def _moment(text: str, zone: tzinfo | None) -> datetime | str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text  # which the model refuses
    if moment.year not in _YEARS or moment.tzinfo is not None:
        return text
    return moment.astimezone() if zone is None else moment.replace(tzinfo=zone)


def rows_of(name: str, typed: Typed) -> list[int]:
    """The numbers of the rows of a form in which something was typed."""
    found = set()
    for place, text in typed.below(name).items():
        number = place.partition(".")[0]
        if number.isascii() and number.isdecimal() and len(number) < 6 and text.strip():
            found.add(int(number))
    return sorted(found)[:MOST_ROWS]


def numbered_anew(fields: Sequence[FormField], typed: Typed) -> Typed:
    """The form without its empty rows, so that a row's number is its place among the settings."""
    texts = dict(typed.texts)
    for each in fields:
        if each.widget is Widget.ROWS:
            for place in typed.below(each.name):
                del texts[f"{each.name}.{place}"]
            for new, old in enumerate(rows_of(each.name, typed)):
                for part in each.inside:
                    place = f"{each.name}.{old}.{part.setting}"
                    texts[f"{each.name}.{new}.{part.setting}"] = typed.texts.get(place, "")
    return Typed(texts, typed.many)


def place_of(fields: Sequence[FormField], location: Sequence[str | int]) -> str:
    """The place in the form of what a fault is about; "" if it is none of the form's."""
    first = next((each for each in fields if location and each.setting == location[0]), None)
    if first is None:
        return ""
    match first.widget:
        case Widget.BY_LANGUAGE | Widget.LEVELS:
            return ".".join(map(str, (first.name, *location[1:2])))
        case Widget.GROUP if len(location) > 1:
            return place_of(first.inside, location[1:]) or first.name
        case Widget.ROWS if len(location) > 2:
            return f"{first.name}.{location[1]}.{location[2]}"
    return first.name


def untouched(each: FormField, typed: Typed, before: Typed) -> bool:
    """Whether a setting's part of a form is as the form was shown."""

    def part(form: Typed) -> tuple[object, ...]:
        texts = {
            place: form.get(place)
            for place in form.texts
            if (place == each.name or place.startswith(f"{each.name}.")) and form.get(place)
        }
        return texts, form.many.get(each.name, frozenset())

    if each.widget is Widget.GROUP and not typed.get(each.name) and not before.get(each.name):
        return True
    return part(typed) == part(before)
