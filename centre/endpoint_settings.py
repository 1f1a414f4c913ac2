"""The settings of what calls go over: phones, lines, and numbers outside."""

from pydantic import Field

from centre.kinds import Kind, LineKey, ProjectKeys, SettingGroup, Thing
from centre.setting_values import CallersNumber, HostAndPort, Remark, Title
from domain.centre import (
    CallerHeader,
    Encryption,
    LineKind,
    NumberFormat,
    SessionTimer,
    StationKind,
)


class StationSettings(Thing):
    """A phone an agent can sit at."""

    KIND = Kind.STATION

    name: str = Field(
        pattern=r"^[0-9]{2,8}$", description="the phone's name: 2 to 8 digits, in quotes"
    )
    kind: StationKind = Field(
        StationKind.SOFTPHONE, description="softphone, or fxs for a port of a gateway"
    )
    encryption: Encryption | None = Field(
        None, description="whether the phone's sound is encrypted: off, optional or required"
    )
    """None: optional for a softphone, off for a gateway's port."""
    note: Remark = Field("", description="where it stands, or whose it is")


class AccountSettings(SettingGroup):
    """How we authenticate to a carrier. The password is kept apart."""

    user: str = Field(
        pattern=r"^[A-Za-z0-9_.+@-]{1,80}$", description="the user name that the carrier gave"
    )
    realm: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_.-]{1,80}$",
        description="the realm that the carrier's exchange asks for; without one, any",
    )
    registers: bool = Field(True, description="whether we register with the carrier")


class LineSettings(Thing):
    """A line on which calls come in and go out."""

    KIND = Kind.LINE

    name: str = Field(
        pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$",
        description="the line's name: a letter, then letters, digits, - and _",
    )
    kind: LineKind = Field(description="fxo (a gateway's analog lines) or trunk (IP)")
    channels: int = Field(30, ge=1, le=5000, description="how many calls it carries")
    calls_per_second: float | None = Field(
        None,
        ge=0.1,
        le=1000,
        description="how many calls may go out on it each second, whoever places them: 0.1 to"
        " 1000; without it, any number",
    )
    flows_may_call: bool = Field(
        False,
        description="whether flows may call numbers over it that are written in them; without it,"
        " none may",
    )
    host: HostAndPort | None = Field(
        None, description="the carrier's address, host or host:port; without one, it registers here"
    )
    account: AccountSettings | None = Field(
        None, description="how we authenticate to the carrier, if it wants that"
    )
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
    numbers_in: NumberFormat = Field(
        NumberFormat.AS_SENT, description="how the carrier writes the caller's number"
    )
    numbers_out: NumberFormat = Field(
        NumberFormat.AS_SENT, description="how the carrier wants the number to be called"
    )
    country: str = Field(
        "CN", pattern=r"^[A-Z]{2}$", description="the country whose numbers these are, such as CN"
    )
    caller_id: str | None = Field(
        None,
        pattern=r"^\+?[0-9]{3,20}$",
        description="the number that those who are called see: 3 to 20 digits; a campaign may have"
        " its own",
    )
    caller_id_header: CallerHeader = Field(
        CallerHeader.FROM,
        description="the SIP header in which the carrier wants that number: From,"
        " P-Asserted-Identity or Remote-Party-ID; with one of these two, From names the account",
    )
    answer_signalled: bool = Field(
        False,
        description="whether an fxo gateway reports the moment of answer; without it, the line is"
        " not used for predictive dialling",
    )
    """A trunk always reports it."""


class OutsideNumberSettings(Thing):
    """A number outside the centre that agents may ask about a customer, or leave one with."""

    KIND = Kind.OUTSIDE_NUMBER
    KEY = "number"

    number: CallersNumber = Field(
        pattern=r"^\+?[0-9]{3,20}$",
        description="the number that is called: 3 to 20 digits, in quotes, with + and the country's"
        " code or as the line dials it",
    )
    title: Title = Field(description="what people call whoever answers there")
    line: LineKey = Field(description="the name of the line by which it is called")
    projects: ProjectKeys = Field(
        (), description="the names of the projects whose customers may be taken there; none: all"
    )
    caller_id: str | None = Field(
        None,
        pattern=r"^\+?[0-9]{3,20}$",
        description="the number that they see: 3 to 20 digits; without one, the line's",
    )
    recorded: bool = Field(
        True,
        description="whether the recording goes on while a customer who was left there talks to"
        " them",
    )
    note: Remark = ""
