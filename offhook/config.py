"""The configuration file: one YAML, checked as a whole before anything starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from domain.centre import (
    Agent,
    Centre,
    Hotline,
    Line,
    LineKind,
    Project,
    Queue,
    Station,
    StationKind,
)
from domain.identity import (
    AgentCode,
    LineName,
    NodeName,
    ProjectName,
    QueueName,
    SkillName,
    StationName,
)


class ConfigError(Exception):
    """The configuration is wrong; the text says what, where (file and line) and what to do."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$"
Name = Field(pattern=_NAME)
Digits = Field(pattern=r"^[0-9]{2,15}$")


class _Project(_Strict):
    name: str = Name
    title: str


class _Hotline(_Strict):
    number: str = Field(pattern=r"^\+?[0-9]{3,20}$")
    project: str
    flow: str


class _Queue(_Strict):
    name: str = Name
    project: str
    skill: str = Name
    min_level: int = Field(1, ge=1, le=10)
    title: dict[str, str] = {}
    priority: int = Field(0, ge=-10, le=10)
    service_level_s: float = Field(20, gt=0, le=3600)
    ring_s: float = Field(15, ge=5, le=120)
    wrap_up_s: float = Field(20, ge=0, le=3600)
    announce_every_s: float = Field(30, ge=10, le=600)
    max_wait_s: float = Field(900, ge=10, le=14400)


class _Agent(_Strict):
    code: str = Digits
    name: str
    projects: list[str]
    skills: dict[str, int]
    station: str | None = None


class _Station(_Strict):
    name: str = Field(pattern=r"^[0-9]{2,8}$")
    kind: StationKind = StationKind.SOFTPHONE


class _Line(_Strict):
    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")
    kind: LineKind
    channels: int = Field(30, ge=1, le=5000)
    host: str | None = None


class SipSettings(_Strict):
    bind: str = "127.0.0.1"
    external_address: str | None = None


class ConsoleSettings(_Strict):
    bind: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    secure_cookies: bool = False
    """Set it behind TLS: the session cookie is then never sent in the clear."""


class DatabaseSettings(_Strict):
    dsn: str | None = None
    """A PostgreSQL server; without it an embedded one keeps its data in the state folder.
    The password comes from PGPASSWORD or ~/.pgpass, not from here."""


class RecordingSettings(_Strict):
    root: Path = Path("recordings")


class AsteriskSettings(_Strict):
    managed: bool = True
    """Offhook starts Asterisk itself; false: it runs elsewhere (a container, another service)."""
    host: str = "127.0.0.1"
    ami_port: int | None = None
    agi_bind: str = "127.0.0.1"
    spool: Path | None = None
    """Where Asterisk writes raw recordings, as seen from here, when it is not managed."""
    cel: Path | None = None
    """Asterisk's event log (cel_custom), read after an absence, when it is not managed."""
    sounds: Path | None = None
    """Where prompts are kept so that Asterisk can read them under the same path."""


class _File(_Strict):
    projects: list[_Project]
    hotlines: list[_Hotline]
    queues: list[_Queue]
    agents: list[_Agent]
    stations: list[_Station]
    lines: list[_Line]
    away_reasons: list[str] = ["break", "lunch", "training", "recovery"]
    languages: list[Literal["zh-CN", "en"]] = ["zh-CN", "en"]
    node: str = Field("pbx1", pattern=r"^[a-z0-9]{1,20}$")
    flows: Path | None = None
    sip: SipSettings = SipSettings()
    console: ConsoleSettings = ConsoleSettings()
    database: DatabaseSettings = DatabaseSettings()
    recordings: RecordingSettings = RecordingSettings()
    asterisk: AsteriskSettings = AsteriskSettings()


@dataclass(frozen=True, slots=True)
class Config:
    """A whole, checked configuration."""

    source: Path
    centre: Centre
    node: NodeName
    flows: Path | None
    """A folder of the operator's own flows, looked in before the library."""
    sip: SipSettings
    console: ConsoleSettings
    database: DatabaseSettings
    recordings: RecordingSettings
    asterisk: AsteriskSettings
