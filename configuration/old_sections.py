"""Reads the directory's sections in a centre.yaml from before there was a directory."""

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field

from centre.directory import Directory, directory_of
from centre.directory_faults import OUR_OWN
from centre.things import (
    AgentSettings,
    AwayReasonSettings,
    CentreWide,
    HotlineSettings,
    Languages,
    LineSettings,
    ProjectSettings,
    QueueSettings,
    SkillSettings,
    StationSettings,
    Thing,
)
from documents.document import Document
from documents.document_errors import DocumentError, did_you_mean
from documents.validation import validated
from domain.centre import CallerHeader, LineKind


class OldSections(BaseModel):
    """The sections, each setting right by itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    projects: tuple[ProjectSettings, ...] = Field(
        (), description="a list of the clients, each with name and title"
    )
    hotlines: tuple[HotlineSettings, ...] = Field(
        (), description="a list of numbers, each with project and flow"
    )
    queues: tuple[QueueSettings, ...] = Field(
        (), description="a list of queues, each with name, project and skill"
    )
    agents: tuple[AgentSettings, ...] = Field(
        (), description="a list of agents, each with code, name, projects and skills"
    )
    stations: tuple[StationSettings, ...] = Field(
        (), description="a list of phones, each with a name"
    )
    lines: tuple[LineSettings, ...] = Field(
        (), description="a list of lines, each with name and kind"
    )
    away_reasons: list[str] = ["break", "lunch", "training", "recovery"]
    languages: Languages = Field(("zh-CN", "en"), min_length=1)
    timezone: str | None = None


NAMES = tuple(OldSections.model_fields)
_REQUIRED = frozenset({"projects", "hotlines", "queues", "agents", "stations", "lines"})
"""Whoever has one of these had all of them; half a file has not."""


def things_in(document: Document, faults: list[DocumentError]) -> Directory:
    """The directory that a file's sections describe; faults are added to ``faults``."""
    data = {name: document.data[name] for name in NAMES if name in document.data}
    file = validated(OldSections, data, document, (), "the configuration", faults)
    for name in NAMES if _REQUIRED & data.keys() else ():
        if name in _REQUIRED and name not in data:
            meaning = OldSections.model_fields[name].description
            message = f'the configuration lacks "{name}"; expected {meaning}'
            faults.append(document.fault((), message, f'add "{name}: ..."', key=True))
    if file is None:
        return Directory()
    found = [*_contradictions(file, document)]
    faults += found
    return Directory() if found else directory_of(_things(file))


def _things(file: OldSections) -> Iterator[Thing]:
    yield CentreWide(languages=file.languages, timezone=file.timezone)
    yield from file.projects
    skills = {queue.skill: None for queue in file.queues}
    skills |= {skill: None for agent in file.agents for skill in agent.skills}
    yield from map(_skill, skills)
    yield from file.queues
    yield from file.hotlines
    yield from file.stations
    yield from file.lines
    yield from file.agents
    for number, name in enumerate(dict.fromkeys(file.away_reasons), 1):
        yield AwayReasonSettings(name=name, digit=number if number < 10 else None)


def _skill(name: str) -> SkillSettings:
    return SkillSettings(name=name)


def _contradictions(file: OldSections, document: Document) -> Iterator[DocumentError]:
    yield from _unknown_names(file, document)
    yield from _said_twice(file, document)
    yield from _not_vouched_for(file, document)
    yield from _our_own(file, document)
    yield from _zone(file, document)


def _unknown_names(file: OldSections, document: Document) -> Iterator[DocumentError]:
    """Names that are used but defined nowhere."""
    projects = {p.name for p in file.projects}
    stations = {s.name for s in file.stations}
    used: list[tuple[tuple[str | int, ...], str, str, set[str]]] = []
    for i, hotline in enumerate(file.hotlines):
        used.append((("hotlines", i, "project"), "project", hotline.project, projects))
    for i, queue in enumerate(file.queues):
        used.append((("queues", i, "project"), "project", queue.project, projects))
    for i, agent in enumerate(file.agents):
        for j, project in enumerate(agent.projects):
            used.append((("agents", i, "projects", j), "project", project, projects))
        if agent.station is not None:
            used.append((("agents", i, "station"), "station", agent.station, stations))
    for path, what, name, known in used:
        if name not in known:
            hint = did_you_mean(name, known) or f"add it to {what}s"
            yield document.fault(path, f'there is no {what} "{name}"', hint)


def _said_twice(file: OldSections, document: Document) -> Iterator[DocumentError]:
    """Names given twice. Lines and stations share one set of names, for both are SIP endpoints."""
    named: list[tuple[str, Sequence[tuple[tuple[str | int, ...], str]]]] = [
        ("project", [(("projects", i, "name"), p.name) for i, p in enumerate(file.projects)]),
        ("number", [(("hotlines", i, "number"), h.number) for i, h in enumerate(file.hotlines)]),
        ("queue", [(("queues", i, "name"), q.name) for i, q in enumerate(file.queues)]),
        ("agent's code", [(("agents", i, "code"), a.code) for i, a in enumerate(file.agents)]),
        (
            "station or line",
            [(("stations", i, "name"), s.name) for i, s in enumerate(file.stations)]
            + [(("lines", i, "name"), line.name) for i, line in enumerate(file.lines)],
        ),
    ]
    for what, places in named:
        seen: set[str] = set()
        for path, name in places:
            if name in seen:
                yield document.fault(path, f'the {what} "{name}" is here twice', "rename one")
            seen.add(name)


def _not_vouched_for(file: OldSections, document: Document) -> Iterator[DocumentError]:
    """Lines that can't vouch for a number: only a carrier's trunk can, not a gateway's ports."""
    for i, line in enumerate(file.lines):
        if line.caller_header is CallerHeader.ASSERTED and line.kind is not LineKind.TRUNK:
            yield document.fault(
                ("lines", i, "caller_header"),
                f'the line "{line.name}" is not a trunk, and only a carrier\'s trunk can vouch for'
                " a number in P-Asserted-Identity",
                "take From or Remote-Party-ID, or leave caller_header out",
            )


def _our_own(file: OldSections, document: Document) -> Iterator[DocumentError]:
    for i, line in enumerate(file.lines):
        if line.name.lower() in OUR_OWN:
            yield document.fault(
                ("lines", i, "name"),
                f'the name "{line.name}" is taken: Offhook\'s own Asterisk configuration uses it',
                "give the line another name",
            )


def _zone(file: OldSections, document: Document) -> Iterator[DocumentError]:
    if file.timezone is None:
        return
    try:
        ZoneInfo(file.timezone)
    except (KeyError, ValueError, OSError):  # no such zone; not a name; a folder of zones
        known = available_timezones()
        hint = (
            did_you_mean(file.timezone, known)
            if known
            else "install tzdata: this machine has no time zones"
        )
        yield document.fault(
            ("timezone",),
            f"\"timezone\" of the configuration is '{file.timezone}'; expected a time zone's name,"
            " such as Asia/Shanghai",
            hint or "take one from timedatectl list-timezones, or leave it out for the machine's",
        )
