"""The settings that a centre's file may have: their types, their limits and what they mean."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from domain.centre import CallerHeader, Encryption, LineKind, SessionTimer, StationKind
from machine.hosts import is_host, split_port, without_brackets


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


class CentreFile(_Strict):
    """The whole file, each setting right by itself; ``contradictions`` looks at them together."""

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
