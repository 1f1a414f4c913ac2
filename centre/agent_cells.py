"""Reads the cells of a row of agents into an agent's settings, and says what is wrong with them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from centre.agent_columns import REQUIRED, listed, name_books, plain, setting_of, with_level
from centre.directory import Directory
from centre.endpoint_settings import StationSettings
from centre.kinds import Kind, Thing
from centre.organisation_settings import AgentSettings, SkillSettings
from documents.sheets import CellKind, SheetCell, SheetLine

_MOST_SHOWN = 80
_MOST_LISTED = 200


class SheetFaultCode(StrEnum):
    """What is wrong with a cell or a row."""

    MISSING = "missing"
    """A new agent must have it."""
    INVALID = "invalid"
    """Not of the setting's form, which its model describes; ``name`` is pydantic's error type."""
    NOT_TEXT = "not text"
    """A date, or TRUE: the spreadsheet took what was typed for something else."""
    ROUNDED = "rounded"
    FORMULA_FAILED = "formula failed"
    NO_SUCH_THING = "no such thing"
    """``kind`` has none called ``value``."""
    AMBIGUOUS = "ambiguous"
    """``name`` lists the keys of those called ``value``."""
    NOT_A_LEVEL = "not a level"
    TWICE = "twice"
    """The same project or skill, twice in one cell."""
    CODE_TWICE = "code twice"
    """``name`` is the number of the first row with the code."""
    ZEROS_LOST = "zeros lost"
    """``name`` is in the directory, and differs by zeros in front alone."""
    NOT_YOURS = "not yours"
    """Whoever imports may not make this agent, or may not change it so; with ``kind``, may not make
    such things."""


@dataclass(frozen=True, slots=True)
class SheetFault:
    """One thing that is wrong, and where."""

    row: int
    setting: str
    heading: str
    """Of the column, as the sheet has it; empty if it has none."""
    code: SheetFaultCode
    value: str = ""
    name: str = ""
    kind: Kind | None = None


Faults = list[SheetFault]

_SPOILT = {
    CellKind.DATE: SheetFaultCode.NOT_TEXT,
    CellKind.BOOLEAN: SheetFaultCode.NOT_TEXT,
    CellKind.ROUNDED: SheetFaultCode.ROUNDED,
    CellKind.FAILED: SheetFaultCode.FORMULA_FAILED,
}
_MAKEABLE: Mapping[Kind, type[Thing]] = {Kind.SKILL: SkillSettings, Kind.STATION: StationSettings}


class AgentCells:
    """Reads rows under ``headings``. Skills and stations that are not there are to be made if
    ``make`` has their kind."""

    def __init__(
        self, directory: Directory, headings: Sequence[str], make: Collection[Kind]
    ) -> None:
        self._headings = headings
        self._places = {
            setting: place
            for place, heading in enumerate(headings)
            if (setting := setting_of(heading)) is not None
        }
        self._directory = directory
        self._books = name_books(directory)
        self._make = make
        self._made: dict[int, list[Thing]] = {}
        self._unknown: dict[Kind, dict[str, str]] = {}
        self._shorn = {
            kind: {key.lstrip("0"): key for key in directory.things.get(kind, {}) if key[:1] == "0"}
            for kind in (Kind.AGENT, Kind.STATION)
        }

    @property
    def unknown(self) -> Mapping[Kind, tuple[str, ...]]:
        """Skills and stations of the rows so far that are not there, and could be made."""
        return {kind: tuple(names.values()) for kind, names in self._unknown.items()}

    @property
    def made(self) -> tuple[Thing, ...]:
        """Those of them that are to be made."""
        return tuple(thing for things in self._made.values() for thing in things)

    def made_by(self, line: SheetLine) -> Sequence[Thing]:
        """Those that this row was the first to name."""
        return self._made.get(line.number, ())

    def fault(
        self,
        line: SheetLine,
        setting: str,
        code: SheetFaultCode,
        name: str = "",
        value: str | None = None,
        kind: Kind | None = None,
    ) -> SheetFault:
        """A fault of a cell; its ``value`` is the cell's if none is given."""
        place = self._places.get(setting)
        heading = "" if place is None else self._headings[place]
        shown = self._cell(line, setting).text if value is None else value
        return SheetFault(line.number, setting, heading, code, shown[:_MOST_SHOWN], name, kind)

    def code_of(self, line: SheetLine) -> tuple[str, Faults]:
        """The agent's code; empty if it can't be read."""
        cell = self._cell(line, "code")
        if not cell.text:
            return "", [self.fault(line, "code", SheetFaultCode.MISSING)]
        if (spoilt := _SPOILT.get(cell.kind)) is not None:
            return "", [self.fault(line, "code", spoilt)]
        code = plain(cell.text)[:_MOST_SHOWN]
        if (twin := self._twin(Kind.AGENT, code)) is not None:
            return code, [self.fault(line, "code", SheetFaultCode.ZEROS_LOST, twin)]
        return code, []

    def agent(
        self, line: SheetLine, code: str, before: AgentSettings | None
    ) -> tuple[AgentSettings | None, Faults]:
        """The agent as the row has it, and what is wrong with everything but the code."""
        settings: dict[str, Any] = {} if before is None else before.model_dump()
        faults: Faults = []
        for setting in self._places:
            if setting != "code":
                value, found = self._value(line, setting)
                settings[setting] = value
                faults += found
        settings["code"] = code
        had = REQUIRED if before is None else [n for n in REQUIRED if getattr(before, n)]
        wrong = {fault.setting for fault in faults}
        for setting in had:
            if setting != "code" and setting not in wrong and not settings.get(setting):
                faults.append(self.fault(line, setting, SheetFaultCode.MISSING))
        if faults or not code:
            return None, faults
        settings = {name: value for name, value in settings.items() if value is not None}
        try:
            return AgentSettings.model_validate(settings), []
        except ValidationError as error:
            return None, [
                self.fault(line, str(detail["loc"][0]), SheetFaultCode.INVALID, detail["type"])
                for detail in error.errors()
            ]

    def _cell(self, line: SheetLine, setting: str) -> SheetCell:
        place = self._places.get(setting)
        if place is None or place >= len(line.cells):
            return SheetCell()
        return line.cells[place]

    def _value(self, line: SheetLine, setting: str) -> tuple[Any, Faults]:
        cell = self._cell(line, setting)
        if (spoilt := _SPOILT.get(cell.kind)) is not None:
            return None, [self.fault(line, setting, spoilt)]
        match setting:
            case "name":
                return cell.text, []
            case "projects":
                return self._keys(line, setting, Kind.PROJECT)
            case "skills":
                return self._skills(line)
            case "team":
                return self._one(line, setting, Kind.TEAM)
            case "station":
                return self._one(line, setting, Kind.STATION)
            case _:
                return plain(cell.text) or None, []

    def _one(self, line: SheetLine, setting: str, kind: Kind) -> tuple[str | None, Faults]:
        name = plain(self._cell(line, setting).text)
        return self._key(line, setting, kind, name) if name else (None, [])

    def _keys(self, line: SheetLine, setting: str, kind: Kind) -> tuple[Any, Faults]:
        keys: list[str] = []
        names, faults = self._listed(line, setting)
        whole = self._books[kind].find(plain(self._cell(line, setting).text))
        if len(whole) == 1:
            return whole, []  # a title may have a comma in it
        for name in names:
            key, found = self._key(line, setting, kind, name)
            faults += found
            if key in keys:
                faults.append(self.fault(line, setting, SheetFaultCode.TWICE, key or "", name))
            elif key is not None:
                keys.append(key)
        return tuple(keys), faults

    def _skills(self, line: SheetLine) -> tuple[Any, Faults]:
        levels: dict[str, int] = {}
        parts, faults = self._listed(line, "skills")
        for each in parts:
            name, level = with_level(each)
            key, found = self._key(line, "skills", Kind.SKILL, name)
            faults += found
            if level not in _LEVELS:
                faults.append(
                    self.fault(line, "skills", SheetFaultCode.NOT_A_LEVEL, name, value=each)
                )
            elif key in levels:
                faults.append(self.fault(line, "skills", SheetFaultCode.TWICE, key or "", name))
            elif key is not None:
                levels[key] = int(level)
        return levels, faults

    def _listed(self, line: SheetLine, setting: str) -> tuple[list[str], Faults]:
        found = listed(self._cell(line, setting).text)
        if len(found) > _MOST_LISTED:
            return [], [self.fault(line, setting, SheetFaultCode.INVALID, "too_long")]
        return found, []

    def _key(
        self, line: SheetLine, setting: str, kind: Kind, name: str
    ) -> tuple[str | None, Faults]:
        """The key of the thing that a cell names."""
        found = self._books[kind].find(name)
        if len(found) == 1:
            return found[0], []
        code, more = SheetFaultCode.NO_SUCH_THING, ""
        if found:
            code, more = SheetFaultCode.AMBIGUOUS, ", ".join(found)
        elif (twin := self._twin(kind, name)) is not None:
            code, more = SheetFaultCode.ZEROS_LOST, twin
        elif (thing := _made(kind, name)) is not None:
            self._unknown.setdefault(kind, {}).setdefault(name.casefold(), name)
            if kind in self._make:
                self._made.setdefault(line.number, []).append(thing)
                self._books[kind].add(name)
                return name, []
        return None, [self.fault(line, setting, code, more, name, kind)]

    def _twin(self, kind: Kind, key: str) -> str | None:
        """What is in the directory and has more zeros in front, if this itself is not there."""
        if kind not in self._shorn or self._directory.has(kind, key):
            return None
        twin = self._shorn[kind].get(key.lstrip("0"))
        return None if twin is None or len(twin) <= len(key) else twin


_LEVELS = frozenset(map(str, range(1, 11)))


def _made(kind: Kind, name: str) -> Thing | None:
    """A new thing of this name, if there may be such a thing."""
    model = _MAKEABLE.get(kind)
    if model is None:
        return None
    try:
        return model.model_validate({"name": name})
    except ValidationError:
        return None
