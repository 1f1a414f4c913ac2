"""Reads the directory's sections in a centre.yaml from before there was a directory."""

from zoneinfo import available_timezones

from centre.directory import Directory
from centre.directory_faults import Surroundings
from centre.portable import ABOUT, things_in
from documents.document import Document
from documents.document_errors import DocumentError

_REQUIRED = ("projects", "hotlines", "queues", "agents", "stations", "lines")
"""Whoever has one of these had all of them; half a file has not."""

NAMES = (*_REQUIRED, "away_reasons", "languages", "timezone")


def sections_in(document: Document, faults: list[DocumentError]) -> Directory | None:
    """The directory that a file's sections describe, None if they can't be read or there are none.
    Faults are added to ``faults``."""
    there = [name for name in NAMES if name in document.data]
    if not there:
        return None
    for name in _REQUIRED if set(there) & set(_REQUIRED) else ():
        if name not in there:
            message = f'the configuration lacks "{name}"; expected {ABOUT[name]}'
            faults.append(document.fault((), message, f'add "{name}: ..."', key=True))
    zones = available_timezones()
    return things_in(
        document, faults, there=Surroundings(is_timezone=zones.__contains__), timezones=zones
    )
