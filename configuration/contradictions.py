"""Finds settings of a centre's file that don't go together, though each is right by itself."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from configuration.settings import CentreFile
from documents.document import Document
from documents.document_errors import DocumentError, did_you_mean
from domain.centre import CallerHeader, LineKind
from telephony.asterisk.process import PLAIN_PATH

_OUR_OWN = frozenset({"no-replaces"})
"""Endpoints that asterisk-conf/pjsip.conf defines: with two of a name, Asterisk loads neither."""

_ELSEWHERE = {
    "spool": "the folder of raw recordings, such as /var/spool/asterisk/monitor",
    "cel": "the event log, such as /var/log/asterisk/cel-custom/offhook.csv",
    "sounds": "a folder for prompts that Asterisk can read, such as /var/lib/offhook/prompts",
}
"""What an Asterisk elsewhere shares with the controller, under the same paths."""


def contradictions(file: CentreFile, document: Document) -> Iterator[DocumentError]:
    """All faults between the settings, each with its place in the document."""
    yield from _unknown_names(file, document)
    yield from _said_twice(file, document)
    yield from _not_vouched_for(file, document)
    yield from _our_own(file, document)
    yield from _shared_paths(file, document)


def _unknown_names(file: CentreFile, document: Document) -> Iterator[DocumentError]:
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


def _said_twice(file: CentreFile, document: Document) -> Iterator[DocumentError]:
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


def _not_vouched_for(file: CentreFile, document: Document) -> Iterator[DocumentError]:
    """Lines that can't vouch for a number: only a carrier's trunk can, not a gateway's ports."""
    for i, line in enumerate(file.lines):
        if line.caller_header is CallerHeader.ASSERTED and line.kind is not LineKind.TRUNK:
            yield document.fault(
                ("lines", i, "caller_header"),
                f'the line "{line.name}" is not a trunk, and only a carrier\'s trunk can vouch for'
                " a number in P-Asserted-Identity",
                "take From or Remote-Party-ID, or leave caller_header out",
            )


def _our_own(file: CentreFile, document: Document) -> Iterator[DocumentError]:
    for i, line in enumerate(file.lines):
        if line.name.lower() in _OUR_OWN:
            yield document.fault(
                ("lines", i, "name"),
                f'the name "{line.name}" is taken: Offhook\'s own Asterisk configuration uses it',
                "give the line another name",
            )


def _shared_paths(file: CentreFile, document: Document) -> Iterator[DocumentError]:
    """Checks the shared paths: an Asterisk elsewhere needs all of them, our own takes none."""
    for name, what in _ELSEWHERE.items():
        path: Path | None = getattr(file.asterisk, name)
        place = ("asterisk", name)
        if file.asterisk.managed:
            if path is not None:
                yield document.fault(
                    place,
                    f'"asterisk.{name}" is for an Asterisk that Offhook doesn\'t start',
                    "remove it, or set asterisk.managed: false",
                    key=True,
                )
        elif path is None:
            yield document.fault(
                place,
                f'"asterisk" of the configuration lacks "{name}", which an Asterisk that Offhook'
                f" doesn't start (managed: false) needs; expected {what}",
                f'add "{name}: ..."',
            )
        elif not path.is_absolute():
            yield document.fault(
                place,
                f"\"asterisk.{name}\" of the configuration is '{path}'; expected {what}",
                "write the absolute path; Asterisk must see the folder under the same one",
            )
        elif name == "sounds" and not re.fullmatch(PLAIN_PATH, str(path)):
            yield document.fault(
                place,
                f"\"asterisk.{name}\" of the configuration is '{path}'; Asterisk's dialplan would"
                " misread that",
                "name a folder with letters, digits, - _ . + and @ only",
            )
