"""Writes a directory as YAML that reads well, and in which a small change is a small difference.

The things of a section are in the order of their keys, whenever they were made; settings that have
their usual values are left out. There are neither secrets nor database ids in it.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from centre.directory import Directory, content
from centre.fault_texts import SECTIONS
from centre.kinds import Thing
from centre.organisation_settings import AwayReasonSettings, CentreWide

_HEAD = """\
# A centre's directory, without passwords and PINs. './run centre export' writes it, 'diff' compares
# it, 'import' takes it in. docs/configuration.md has all settings.
"""

_PLAIN = re.compile(r"[^\W\d_][\w-]*( [\w-]+)*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
"""What YAML, in one version or another, takes for something else than text."""


def written(directory: Directory) -> str:
    """The file. Reading it gives the same directory again."""
    return "".join(_lines(directory))


def _lines(directory: Directory) -> Iterator[str]:
    yield _HEAD
    wide = content(directory.wide)
    yield f"languages: {value_text(list(directory.wide.languages))}\n"
    for name in CentreWide.model_fields:
        if name in wide and name not in (CentreWide.KEY, "languages"):
            yield f"{name}: {value_text(wide[name])}\n"
    for section, kind in SECTIONS.items():
        things = directory.things.get(kind, {}).values()
        yield f"\n{section}:" + ("\n" if things else " []\n")
        for thing in sorted(things, key=_place):
            yield from _thing(thing)


def _place(thing: Thing) -> tuple[int, str]:
    if isinstance(thing, AwayReasonSettings):
        return thing.digit or 10, thing.key
    return 0, thing.key


def _thing(thing: Thing) -> Iterator[str]:
    settings = content(thing)
    begin = "  - "
    for name in type(thing).model_fields:
        if name in settings:
            yield from _setting(begin, name, settings[name])
            begin = "    "


def _setting(begin: str, name: str, value: Any) -> Iterator[str]:
    whole = f"{begin}{name}: {value_text(value)}\n"
    if len(whole) <= 100 or not isinstance(value, (dict, list)) or not value:
        yield whole
        return
    yield f"{begin}{name}:\n"
    if isinstance(value, dict):
        for key in sorted(value):
            yield f"      {_scalar(key)}: {value_text(value[key])}\n"
    else:
        yield from (f"      - {value_text(each)}\n" for each in value)


def value_text(value: Any) -> str:
    """A value as the file has it, in one line."""
    if isinstance(value, Mapping):
        pairs = (f"{_scalar(key)}: {value_text(value[key])}" for key in sorted(value))
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(value_text, value)) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)
