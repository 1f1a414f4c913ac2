"""Reads the configuration file: one YAML file, checked as a whole before anything starts.

``settings`` has what may stand in it, ``contradictions`` what must fit together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from centre.directory import Directory
from configuration.contradictions import contradictions
from configuration.old_sections import sections_in
from configuration.settings import (
    AsteriskSettings,
    CentreFile,
    ConsoleSettings,
    DatabaseSettings,
    RecordingSettings,
    SipSettings,
)
from documents.document import Document, read
from documents.document_errors import DocumentError, first_of
from documents.validation import validated
from domain.errors import OperatorError
from domain.identity import NodeName
from prompts.speakers import SpeechProvider

DEMO_CENTRE = Path(__file__).with_name("demo_centre.yaml")
"""The demo's configuration, with its directory."""
NEW_CENTRE = Path(__file__).with_name("new_centre.yaml")
"""What a new state folder begins with: an empty centre on this machine."""


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration, checked."""

    source: Path
    sections: Directory | None
    """Sections of the directory that the file still has; None if it has none."""
    node: NodeName
    flows: Path | None
    """A folder of the operator's own flows, searched before the library."""
    sip: SipSettings
    console: ConsoleSettings
    database: DatabaseSettings
    recordings: RecordingSettings
    asterisk: AsteriskSettings
    speech: Mapping[str, SpeechProvider]
    """Which program speaks a language; espeak-ng speaks all others."""
    drain_s: float
    """How long calls may go on, at most, while Offhook is being stopped."""
    document: Document
    """The file as it was read, with the position of every value."""
    text: bytes
    """The file's content as it was read."""


class ConfigError(OperatorError):
    """The configuration can't be used; the text says what, where (file, line) and what to do."""


def load(path: Path) -> Config:
    """Read and check the file. Raises ConfigError; several faults make one error."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: can't be read ({error.strerror})") from error
    return parse(path, text)


def parse(path: Path, text: bytes) -> Config:
    """Check what was read from ``path``. Raises ConfigError."""
    try:
        return _load(path, text)
    except DocumentError as error:
        raise ConfigError(str(error)) from error


def _load(path: Path, text: bytes) -> Config:
    document = read(text, str(path))
    faults: list[DocumentError] = []
    file = validated(CentreFile, document.data, document, (), "the configuration", faults)
    if file is None:
        raise first_of(faults)
    faults.extend(contradictions(file, document))
    sections = sections_in(document, faults)
    if faults:
        raise first_of(faults)
    return Config(
        source=path,
        sections=sections,
        node=NodeName(file.node),
        flows=None if file.flows is None else path.parent / file.flows,
        sip=file.sip,
        console=file.console,
        database=file.database,
        recordings=file.recordings,
        asterisk=file.asterisk,
        document=document,
        text=text,
        speech=file.speech,
        drain_s=file.drain_s,
    )
