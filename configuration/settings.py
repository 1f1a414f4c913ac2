"""The settings that a centre's file may have: their types, their limits and what they mean."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from machine.hosts import is_host, split_port, without_brackets
from prompts.speakers import SpeechProvider


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


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
    generated: Path | None = None
    """Where the controller writes phones, lines and numbers for it; None: nobody does so."""


class CentreFile(_Strict):
    """The whole file, each setting right by itself; ``contradictions`` looks at them together.

    The first ones are sections of the directory, from the time when it was in this file;
    ``old_sections`` reads them.
    """

    projects: Any = None
    hotlines: Any = None
    queues: Any = None
    agents: Any = None
    stations: Any = None
    lines: Any = None
    away_reasons: Any = None
    languages: Any = None
    timezone: Any = None
    node: str = Field("pbx1", pattern=r"^[a-z0-9]{1,20}$")
    flows: Path | None = None
    sip: SipSettings = SipSettings()
    console: ConsoleSettings = ConsoleSettings()
    database: DatabaseSettings = DatabaseSettings()
    recordings: RecordingSettings = RecordingSettings()
    asterisk: AsteriskSettings = AsteriskSettings()
    speech: dict[str, SpeechProvider] = {}
    """Which program speaks a language, by its tag; espeak-ng speaks all others."""
    drain_s: float = Field(120, ge=0, le=3600)
