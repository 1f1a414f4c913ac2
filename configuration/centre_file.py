"""Reads the configuration file: one YAML file, checked as a whole before anything starts.

``settings`` has what may stand in it, ``contradictions`` what must fit together.
"""

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from configuration.contradictions import contradictions
from configuration.settings import (
    AsteriskSettings,
    CentreFile,
    ConsoleSettings,
    DatabaseSettings,
    RecordingSettings,
    SipSettings,
)
from documents.document import Document, read
from documents.document_errors import DocumentError, did_you_mean, first_of
from documents.validation import validated
from domain.centre import (
    Agent,
    AwayReason,
    Centre,
    Encryption,
    Hotline,
    Line,
    Project,
    Queue,
    Station,
    StationKind,
)
from domain.errors import OperatorError
from domain.identity import (
    AgentCode,
    LineName,
    NodeName,
    ProjectName,
    QueueName,
    SkillName,
    StationName,
)

DEMO_CENTRE = Path(__file__).with_name("demo_centre.yaml")
"""The demo's configuration; a new state folder begins with it too."""

_USUAL_ENCRYPTION = {
    StationKind.SOFTPHONE: Encryption.OPTIONAL,
    StationKind.FXS: Encryption.OFF,
}


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration, checked."""

    source: Path
    centre: Centre
    node: NodeName
    flows: Path | None
    """A folder of the operator's own flows, searched before the library."""
    timezone: ZoneInfo | None
    """The time zone in which days begin and times are shown; None: the machine's."""
    sip: SipSettings
    console: ConsoleSettings
    database: DatabaseSettings
    recordings: RecordingSettings
    asterisk: AsteriskSettings
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
    zone = None if file.timezone is None else _zone(file.timezone, document, faults)
    if faults:
        raise first_of(faults)
    return Config(
        source=path,
        centre=_centre(file),
        node=NodeName(file.node),
        flows=None if file.flows is None else path.parent / file.flows,
        timezone=zone,
        sip=file.sip,
        console=file.console,
        database=file.database,
        recordings=file.recordings,
        asterisk=file.asterisk,
        document=document,
        text=text,
        drain_s=file.drain_s,
    )


def _zone(name: str, document: Document, faults: list[DocumentError]) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such zone; not a name; a folder of zones
        known = available_timezones()
        hint = (
            did_you_mean(name, known) if known else "install tzdata: this machine has no time zones"
        )
        fault = document.fault(
            ("timezone",),
            f"\"timezone\" of the configuration is '{name}'; expected a time zone's name, such as"
            " Asia/Shanghai",
            hint or "take one from timedatectl list-timezones, or leave it out for the machine's",
        )
        faults.append(fault)
        return None


def _centre(file: CentreFile) -> Centre:
    return Centre(
        projects=tuple(Project(ProjectName(p.name), p.title) for p in file.projects),
        hotlines=tuple(Hotline(h.number, ProjectName(h.project), h.flow) for h in file.hotlines),
        queues=tuple(
            Queue(
                **q.model_dump(exclude={"name", "project", "skill"}),
                name=QueueName(q.name),
                project=ProjectName(q.project),
                skill=SkillName(q.skill),
            )
            for q in file.queues
        ),
        agents=tuple(
            Agent(
                code=AgentCode(a.code),
                name=a.name,
                projects=tuple(ProjectName(p) for p in a.projects),
                skills={SkillName(name): level for name, level in a.skills.items()},
                station=None if a.station is None else StationName(a.station),
            )
            for a in file.agents
        ),
        stations=tuple(
            Station(StationName(s.name), s.kind, s.encryption or _USUAL_ENCRYPTION[s.kind])
            for s in file.stations
        ),
        lines=tuple(
            Line(LineName(x.name), x.kind, x.channels, x.host, x.caller_header, x.session_timer)
            for x in file.lines
        ),
        away_reasons=tuple(
            AwayReason(name, digit=digit if digit < 10 else None)
            for digit, name in enumerate(file.away_reasons, 1)
        ),
        languages=tuple(file.languages),
    )
