"""Reads a directory from YAML: a file that lives in git and moves from one centre to another.

The file has neither database ids nor secrets. It has a section for each kind of thing, as the
centre.yaml of earlier versions had; ``portable_text`` writes it.

``things_in(document, faults, ...) -> Directory | None`` reads the sections of a document that may
have other settings beside them, such as an old centre.yaml. ``read_portable(text, source)`` reads a
file that has nothing else.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from centre.callers import CallerUnreadable, as_recorded
from centre.directory import Directory
from centre.directory_faults import Fault, Surroundings, faults_of
from centre.fault_texts import KIND_WORDS, SECTIONS, Known, twice, unreadable_text, words_of
from centre.inbound_settings import CallerSettings
from centre.kinds import Kind, Thing
from centre.organisation_settings import CentreWide, SkillSettings
from centre.setting_values import Language
from centre.things import MODELS, references
from documents.document import Document, Limits, Path, read
from documents.document_errors import DocumentError, first_of
from documents.validation import validated

ThingName = tuple[Kind, str]

LIMITS = Limits("directory", characters=16 * 1024 * 1024, values=1_500_000)
"""5,000 agents with a phone each are some 1.2 million characters and 120,000 values."""

WIDE = tuple(name for name in CentreWide.model_fields if name != CentreWide.KEY)
"""The settings that hold for the whole centre and stand beside the sections."""

_WIDE: ThingName = (Kind.CENTRE, "centre")

SETTINGS = (*WIDE, *SECTIONS)
"""All names that such a file may have at its top."""

USUAL_REASONS = ("break", "lunch", "training", "recovery")
"""The away reasons of a centre.yaml that named none."""

ABOUT = {
    "projects": "a list of the clients, each with name and title",
    "calendars": "a list of calendars, each with name and title",
    "skills": "a list of skills, each with a name",
    "queues": "a list of queues, each with name, project and skill",
    "hotlines": "a list of numbers, each with project and flow",
    "teams": "a list of teams, each with name and title",
    "stations": "a list of phones, each with a name",
    "lines": "a list of lines, each with name and kind",
    "agents": "a list of agents, each with code, name, projects and skills",
    "away_reasons": "a list of reasons why agents are away, each with a name",
    "callers": "a list of callers, each with number and treatment",
    "outside_numbers": "a list of outside numbers, each with number, title and line",
}
"""What each section is, for messages."""

NOTHING_ELSE = Surroundings()
"""Whatever a directory refers to outside is taken to be there."""

_NAMED = {Kind.AGENT: "agent's code", Kind.STATION: "station or line", Kind.LINE: "station or line"}
"""What a name that is there twice is called, if not as its kind."""


def _fields() -> Iterator[tuple[str, Any]]:
    for name in WIDE:
        wide = CentreWide.model_fields[name]
        yield name, (wide.annotation, wide)
    for name, kind in SECTIONS.items():
        each: Any = MODELS[kind]
        yield name, (list[each], Field([], description=ABOUT[name]))


_FILE: type[BaseModel] = create_model(
    "DirectoryFile", __config__=ConfigDict(extra="forbid", frozen=True), **dict(_fields())
)
"""The whole file, each thing right by itself."""


@dataclass(frozen=True, slots=True)
class PortableThings:
    """The things of a file, each right by itself, and where they stand in it."""

    document: Document
    things: Mapping[ThingName, Thing]
    places: Mapping[ThingName, Path]
    kinds: frozenset[Kind]
    """The kinds that the file has a section of, be it an empty one."""
    implied: tuple[SkillSettings, ...] = ()
    """The skills that queues and agents of a file without a section of skills name."""

    def onto(self, there: Directory, *, keeping: bool = False) -> Directory:
        """The directory ``there`` once it has taken these things. Of the kinds that the file has,
        what it lacks is gone, unless ``keeping``; all other kinds stay as they are."""
        after: dict[Kind, dict[str, Thing]] = {
            kind: {} if kind in self.kinds and not keeping else dict(found)
            for kind, found in there.things.items()
        }
        for (kind, key), thing in self.things.items():
            after.setdefault(kind, {})[key] = thing
        usual = self.things.get(_WIDE)
        if _WIDE[0] not in there.things and usual == CentreWide():
            del after[Kind.CENTRE]  # as usual, which needs nothing in the directory
        for skill in self.implied:
            after.setdefault(Kind.SKILL, {}).setdefault(skill.name, skill)
        return Directory({kind: after[kind] for kind in MODELS if after.get(kind)})

    def as_recorded(self, there: Directory) -> tuple["PortableThings", tuple[DocumentError, ...]]:
        """The same with callers' numbers as calls are recorded once ``there`` has taken these
        things, and what is wrong with those that can't be written so."""
        things, places = dict(self.things), dict(self.places)
        faults: list[DocumentError] = []
        directory = self.onto(there)
        for name, thing in self.things.items():
            if not isinstance(thing, CallerSettings):
                continue
            place = (*self.places[name], thing.KEY)
            try:
                caller = as_recorded(thing, directory)
            except CallerUnreadable as error:
                faults.append(self.document.fault(place, *unreadable_text(thing.key, error)))
                continue
            if caller.key == thing.key:
                continue
            if (caller.KIND, caller.key) in things:
                faults.append(self.document.fault(place, *twice("caller", caller.key)))
                continue
            del things[name]
            things[caller.KIND, caller.key] = caller
            places[caller.KIND, caller.key] = places.pop(name)
        return replace(self, things=things, places=places), tuple(faults)

    def errors(self, found: Iterable[Fault], known: Known) -> Iterator[DocumentError]:
        """Faults of a directory that has taken these things, each at its place in the file."""
        for fault in found:
            message, hint = words_of(fault, known)
            place = self.places.get((fault.kind, fault.key))
            if place is None:
                whose = f'{KIND_WORDS[fault.kind]} "{fault.key}"'
                message = f"{message}; so says the {whose}, which is not in this file"
            yield self.document.fault((*(place or ()), *fault.place), message, hint)


def read_portable(text: str | bytes, source: str) -> PortableThings:
    """Read a file that has nothing but a directory. Raises DocumentError, with all that is wrong
    with the things by themselves; ``PortableThings.errors`` says what doesn't fit together."""
    document = read(text, source, LIMITS)
    faults: list[DocumentError] = []
    found = _read(document, document.data, faults, "the directory", usual=False)
    if found is None or faults:
        raise first_of(faults)
    return found


def things_in(
    document: Document,
    faults: list[DocumentError],
    *,
    what: str = "the configuration",
    there: Surroundings = NOTHING_ELSE,
    flows: Collection[str] = (),
    timezones: Collection[str] = ("UTC",),
) -> Directory | None:
    """The directory that the sections of an old centre.yaml hold; what else stands in the file is
    not looked at. An away reason has the digit of its place in the list, and a file that lists
    none has the usual four.

    None, with at least one of ``faults``, if they can't be read. All faults are added to
    ``faults``. ``what`` is the file's name in messages; ``there``, ``flows`` and ``timezones`` are
    what its things may refer to outside.
    """
    data = document.data
    if isinstance(data, dict):
        data = {name: value for name, value in data.items() if name in SETTINGS}
    found = _read(document, data, faults, what, usual=True)
    if found is None:
        return None
    directory = found.onto(Directory())
    known = Known(directory, flows, timezones, what)
    faults.extend(found.errors(faults_of(directory, there), known))
    return directory


def _read(
    document: Document, data: Any, faults: list[DocumentError], what: str, *, usual: bool
) -> PortableThings | None:
    data = _with_names_written_out(data, usual=usual)
    file = validated(_FILE, data, document, (), what, faults)
    if file is None:
        return None
    things: dict[ThingName, Thing] = {}
    places: dict[ThingName, Path] = {}
    for section, kind in SECTIONS.items():
        for number, thing in enumerate(getattr(file, section)):
            if (kind, thing.key) in things:
                message, hint = twice(_NAMED.get(kind, KIND_WORDS[kind]), thing.key)
                faults.append(document.fault((section, number, thing.KEY), message, hint))
                continue
            things[kind, thing.key] = thing
            places[kind, thing.key] = (section, number)
    kinds = {kind for section, kind in SECTIONS.items() if section in data}
    wide = {name: getattr(file, name) for name in WIDE if name in data}
    if wide:
        things[_WIDE] = CentreWide.model_validate(wide)
        places[_WIDE] = ()
    implied = () if Kind.SKILL in kinds else _implied(things, places, document, faults, what)
    return PortableThings(document, things, places, frozenset(kinds), implied)


def _implied(
    things: Mapping[ThingName, Thing],
    places: Mapping[ThingName, Path],
    document: Document,
    faults: list[DocumentError],
    what: str,
) -> tuple[SkillSettings, ...]:
    """The skills that are named; those whose names can't be one are faults."""
    skills: dict[str, SkillSettings] = {}
    for (kind, key), thing in things.items():
        for place, referred, name in references(thing):
            if referred is not Kind.SKILL or name in skills:
                continue
            try:
                skills[name] = SkillSettings(name=name)
            except ValidationError:
                fault = document.fault(
                    (*places[kind, key], *place),
                    f'the skill "{name[:40]}" of {what} has no name that can be used;'
                    f" expected {SkillSettings.model_fields['name'].description}",
                    "rename it",
                )
                faults.append(fault)
    return tuple(skills.values())


def _with_names_written_out(data: Any, *, usual: bool) -> Any:
    """The data, with skills and away reasons that are a name alone as settings."""
    if not isinstance(data, dict):
        return data
    data = dict(data)
    if usual and "away_reasons" not in data:
        data["away_reasons"] = list(USUAL_REASONS)
    skills, reasons = data.get("skills"), data.get("away_reasons")
    if isinstance(skills, list):
        data["skills"] = [{"name": each} if isinstance(each, str) else each for each in skills]
    if isinstance(reasons, list):
        data["away_reasons"] = list(_reasons(reasons))
    return data


def _reasons(found: Sequence[Any]) -> Iterator[Any]:
    """Away reasons; those that are text alone have the digit of their place. The text, which
    earlier versions did not restrict, is the title where it can't be the name."""
    taken = {each for each in found if isinstance(each, str)}
    for number, each in enumerate(found, 1):
        if not isinstance(each, str):
            yield each
            continue
        reason: dict[str, Any] = {"name": each}
        if not _NAME.fullmatch(each):
            name = _NO_NAME.sub("-", each).strip("-_")[:30] or "reason"
            reason["name"] = name if name not in taken else f"{name}-{number}"
            taken.add(reason["name"])
            reason["title"] = dict.fromkeys(get_args(Language), each)
        if number < _FIRST_WITHOUT_DIGIT:
            reason["digit"] = number
        yield reason


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_NO_NAME = re.compile(r"[^A-Za-z0-9_-]+")
_FIRST_WITHOUT_DIGIT = 10
