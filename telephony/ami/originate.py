"""Composes AMI's Originate action, which places a call under an id of our own. Pure."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from telephony.ami.protocol import Headers
from telephony.channels import PLACED


def new_channel_id() -> str:
    """An id for a channel to be placed. It becomes the Uniqueid, so that its events are known by
    it.

    All have the same length: Asterisk thinks an id is in use if another begins with it (22.10).
    """
    return f"{PLACED}{uuid.uuid4().hex}"


@dataclass(frozen=True, slots=True)
class Application:
    """The application that the answered channel runs: ``ConfBridge`` with ``agent-1001``."""

    name: str
    data: str = ""


@dataclass(frozen=True, slots=True)
class Extension:
    """Where in the dialplan the answered channel goes on."""

    context: str
    extension: str
    priority: int | str = 1


@dataclass(frozen=True, slots=True)
class Originate:
    """A call to place. ``channel_id`` must be new, see ``new_channel_id``."""

    channel: str  # PJSIP/13800138000@trunk1
    then: Application | Extension
    channel_id: str = field(default_factory=new_channel_id)
    caller_id: str = ""  # "Name" <number>
    variables: Mapping[str, str] = field(default_factory=dict)  # "_NAME" is inherited
    ring_s: float = 30.0
    userfield: str = ""
    """What the channel's rows in Asterisk's event log have as their userfield: the call's id."""
    group: str = ""
    """The group that the channel counts in from its beginning: ``name@category``, see the
    dialplan's function GROUP."""
    early_media: bool = False
    sip_headers: Mapping[str, str] = field(default_factory=dict)
    """What the INVITE has besides, of a PJSIP channel."""
    codecs: str = ""

    def headers(self) -> Headers:
        headers: dict[str, str | list[str]] = {
            "Channel": self.channel,
            "ChannelId": self.channel_id,
            "Async": "true",
            "Timeout": str(round(self.ring_s * 1000)),
            "Variable": [
                f"{_variable_name(name)}={_escape(value)}" for name, value in self.variables.items()
            ]
            + [
                f"PJSIP_HEADER(add,{_header_name(name)})={_escape(value)}"
                for name, value in self.sip_headers.items()
            ],
        }
        if self.userfield:
            marked = f"CHANNEL(userfield)={_escape(self.userfield)}"
            headers["Variable"] = [marked, *headers["Variable"]]
        if self.group:
            name, _, category = self.group.partition("@")
            counted = f"GROUP({_variable_name(category)})={_escape(name)}"
            headers["Variable"] = [counted, *headers["Variable"]]
        if isinstance(self.then, Application):
            headers |= {"Application": self.then.name, "Data": self.then.data}
        else:
            headers |= {
                "Context": self.then.context,
                "Exten": self.then.extension,
                "Priority": str(self.then.priority),
            }
        if self.caller_id:
            headers["CallerID"] = self.caller_id
        if self.early_media:
            headers["EarlyMedia"] = "true"
        if self.codecs:
            headers["Codecs"] = self.codecs
        return headers


def _variable_name(name: str) -> str:
    if not name or not name.replace("_", "a").isalnum():
        raise ValueError(f"{name!r} is not a channel variable's name")
    return name


def _header_name(name: str) -> str:
    if not name or not name.replace("-", "a").isalnum():
        raise ValueError(f"{name!r} is not a SIP header's name")
    return name


def _escape(value: str) -> str:
    """Asterisk splits a ``Variable`` header at commas and unquotes it: it may set several."""
    return "".join(f"\\{char}" if char in '\\",()[]' else char for char in value)
