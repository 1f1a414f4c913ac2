"""The configuration file: one YAML file, checked as a whole before anything starts."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from documents.document import Document, read
from documents.document_errors import DocumentError, did_you_mean, first_of
from documents.validation import validated
from domain.centre import (
    Agent,
    CallerHeader,
    Centre,
    Encryption,
    Hotline,
    Line,
    LineKind,
    Project,
    Queue,
    SessionTimer,
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
from machine.hosts import is_host, split_port, without_brackets
from telephony.asterisk.process import PLAIN_PATH

DEMO_CENTRE = Path(__file__).with_name("demo_centre.yaml")
"""The demo's configuration; a new state folder begins with it too."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


_FLOW = r"^[a-z][a-z0-9_]{0,63}$"
_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$"
_PROJECT_OF = Field(description="the name of a project")


def _name(what: str) -> Any:
    return Field(
        pattern=_NAME, description=f"{what}: letters, digits, - and _, no more than 40 of them"
    )


def _host(text: str) -> str:
    if not is_host(text):
        raise _not_meant()
    return without_brackets(text)


def _host_and_port(text: str) -> str:
    try:
        split_port(text)
    except ValueError:
        raise _not_meant() from None
    return text


def _url(text: str) -> str:
    return "//".join((text.partition("//")[0], _host_and_port(text.partition("//")[2])))


def _not_meant() -> PydanticCustomError:
    """An error as if a pattern did not match: the report then says what the setting means."""
    return PydanticCustomError("string_pattern_mismatch", "not of this form")


_Host = Annotated[str, AfterValidator(_host)]
_HostAndPort = Annotated[str, AfterValidator(_host_and_port)]
_Url = Annotated[str, AfterValidator(_url)]


class _Project(_Strict):
    name: str = _name("the project's short name")
    title: str = Field(description="what people call it")


class _Hotline(_Strict):
    number: str = Field(
        pattern=r"^\+?[0-9]{3,20}$",
        description="what the line dials: 3 to 20 digits, perhaps + in front, in quotes",
    )
    project: str = _PROJECT_OF
    flow: str = Field(pattern=_FLOW, description="the name of a flow: small letters, digits and _")


class _Queue(_Strict):
    name: str = _name("the queue's name, as flows use it")
    project: str = _PROJECT_OF
    skill: str = _name("the skill that an agent needs for its calls")
    min_level: int = Field(1, ge=1, le=10)
    title: dict[str, str] = {}
    priority: int = Field(0, ge=-10, le=10)
    service_level_s: float = Field(20, gt=0, le=3600)
    short_abandon_s: float = Field(5, ge=0, le=600)
    ring_s: float = Field(15, ge=5, le=120)
    wrap_up_s: float = Field(20, ge=0, le=3600)
    announce_first_s: float = Field(4, ge=0, le=600)
    announce_every_s: float = Field(30, ge=0, le=600)
    max_wait_s: float = Field(900, ge=0, le=14400)
    nobody_grace_s: float = Field(10, ge=0, le=600)


class _Agent(_Strict):
    code: str = Field(
        pattern=r"^[0-9]{2,15}$",
        description="what the agent types to log in: 2 to 15 digits, in quotes",
    )
    name: str = Field(description="what people call the agent")
    projects: list[str] = Field(description="the names of the projects the agent serves")
    skills: dict[str, Annotated[int, Field(ge=1, le=10)]] = Field(
        description="each skill with its level, 1 to 10"
    )
    station: str | None = None


class _Station(_Strict):
    name: str = Field(
        pattern=r"^[0-9]{2,8}$", description="the phone's name: 2 to 8 digits, in quotes"
    )
    kind: StationKind = StationKind.SOFTPHONE
    encryption: Encryption | None = Field(
        None, description="whether the phone's sound is encrypted: off, optional or required"
    )
    """None: optional for a softphone, off for a gateway's port."""


class _Line(_Strict):
    name: str = Field(
        pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$",
        description="the line's name: a letter, then letters, digits, - and _",
    )
    kind: LineKind = Field(description="fxo (a gateway's analog lines) or trunk (IP)")
    channels: int = Field(30, ge=1, le=5000)
    host: _HostAndPort | None = Field(None, description="the carrier's address, host or host:port")
    caller_header: CallerHeader = Field(
        CallerHeader.FROM,
        description="the SIP header that says who calls: From, P-Asserted-Identity or"
        " Remote-Party-ID",
    )
    session_timer: SessionTimer = Field(
        SessionTimer.ALWAYS,
        description="which calls are asked every 45 s whether the far side is still there: always,"
        " or supported (where it says that it knows session timers)",
    )


class SipSettings(_Strict):
    bind: _Host = Field("127.0.0.1", description="the address of this machine where SIP listens")
    external_address: _Host | None = Field(
        None, description="the name or address that is given to phones outside the NAT"
    )


class ConsoleSettings(_Strict):
    bind: _Host = Field(
        "127.0.0.1", description="the address of this machine where the console listens"
    )
    port: int = Field(8080, ge=0, le=65535, description="a port, 0 to 65535")
    public_url: _Url | None = Field(
        None,
        pattern=r"^https?://[A-Za-z0-9.\-\[\]:]+$",
        description="where browsers find the console behind a proxy: https://console.example",
    )
    """With https the session cookie is never sent in the clear."""
    proxies: list[str] = []
    """Addresses of the proxies in front: their word about a client's address is trusted."""


class DatabaseSettings(_Strict):
    dsn: str | None = None
    """A PostgreSQL server's address; without it an embedded one keeps its data in the state folder.
    The password comes from PGPASSWORD or ~/.pgpass, not from here."""


class RecordingSettings(_Strict):
    root: Path = Path("recordings")


class AsteriskSettings(_Strict):
    managed: bool = True
    """True: Offhook starts Asterisk itself. False: Asterisk runs elsewhere (a container, another
    service), and the three paths below, which both of them use, must be given."""
    host: _Host = Field("127.0.0.1", description="the name or address where Asterisk's AMI listens")
    ami_port: int | None = Field(None, ge=1, le=65535)
    agi_bind: _Host = Field(
        "127.0.0.1", description="the address of this machine where FastAGI listens"
    )
    spool: Path | None = None
    cel: Path | None = None
    sounds: Path | None = None


_OUR_OWN = frozenset({"no-replaces"})
"""Endpoints that asterisk-conf/pjsip.conf defines: with two of a name, Asterisk loads neither."""

_USUAL_ENCRYPTION = {
    StationKind.SOFTPHONE: Encryption.OPTIONAL,
    StationKind.FXS: Encryption.OFF,
}

_ELSEWHERE = {
    "spool": "the folder of raw recordings, such as /var/spool/asterisk/monitor",
    "cel": "the event log, such as /var/log/asterisk/cel-custom/offhook.csv",
    "sounds": "a folder for prompts that Asterisk can read, such as /var/lib/offhook/prompts",
}
"""What an Asterisk elsewhere shares with the controller, under the same paths."""


class _File(_Strict):
    projects: list[_Project] = Field(description="a list of the clients, each with name and title")
    hotlines: list[_Hotline] = Field(description="a list of numbers, each with project and flow")
    queues: list[_Queue] = Field(description="a list of queues, each with name, project and skill")
    agents: list[_Agent] = Field(
        description="a list of agents, each with code, name, projects and skills"
    )
    stations: list[_Station] = Field(description="a list of phones, each with a name")
    lines: list[_Line] = Field(description="a list of lines, each with name and kind")
    away_reasons: list[str] = ["break", "lunch", "training", "recovery"]
    languages: list[Literal["zh-CN", "en"]] = Field(["zh-CN", "en"], min_length=1)
    node: str = Field("pbx1", pattern=r"^[a-z0-9]{1,20}$")
    flows: Path | None = None
    timezone: str | None = None
    sip: SipSettings = SipSettings()
    console: ConsoleSettings = ConsoleSettings()
    database: DatabaseSettings = DatabaseSettings()
    recordings: RecordingSettings = RecordingSettings()
    asterisk: AsteriskSettings = AsteriskSettings()
    drain_s: float = Field(120, ge=0, le=3600)


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
    file = validated(_File, document.data, document, (), "the configuration", faults)
    if file is None:
        raise first_of(faults)
    faults.extend(_unknown_names(file, document))
    faults.extend(_said_twice(file, document))
    faults.extend(_not_vouched_for(file.lines, document))
    faults.extend(_our_own(file.lines, document))
    faults.extend(_shared_paths(file.asterisk, document))
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


def _unknown_names(file: _File, document: Document) -> Iterable[DocumentError]:
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


def _said_twice(file: _File, document: Document) -> Iterable[DocumentError]:
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


def _not_vouched_for(lines: Sequence[_Line], document: Document) -> Iterable[DocumentError]:
    """Lines that can't vouch for a number: only a carrier's trunk can, not a gateway's ports."""
    for i, line in enumerate(lines):
        if line.caller_header is CallerHeader.ASSERTED and line.kind is not LineKind.TRUNK:
            yield document.fault(
                ("lines", i, "caller_header"),
                f'the line "{line.name}" is not a trunk, and only a carrier\'s trunk can vouch for'
                " a number in P-Asserted-Identity",
                "take From or Remote-Party-ID, or leave caller_header out",
            )


def _our_own(lines: Sequence[_Line], document: Document) -> Iterable[DocumentError]:
    for i, line in enumerate(lines):
        if line.name.lower() in _OUR_OWN:
            yield document.fault(
                ("lines", i, "name"),
                f'the name "{line.name}" is taken: Offhook\'s own Asterisk configuration uses it',
                "give the line another name",
            )


def _shared_paths(asterisk: AsteriskSettings, document: Document) -> Iterable[DocumentError]:
    """Checks the shared paths: an Asterisk elsewhere needs all of them, our own takes none."""
    for name, what in _ELSEWHERE.items():
        path: Path | None = getattr(asterisk, name)
        place = ("asterisk", name)
        if asterisk.managed:
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


def _centre(file: _File) -> Centre:
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
        away_reasons=tuple(file.away_reasons),
        languages=tuple(file.languages),
    )
