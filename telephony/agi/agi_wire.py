"""AGI's lines: composes commands, and reads replies and the environment. No I/O.

Asterisk answers a command with one line (``200 result=1 (value)``), with several (``520-...`` to
``520 End of proper usage.``), and may put an unasked ``HANGUP`` before, between or after them.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from enum import Enum

from domain.errors import OffhookError
from telephony.complaints import shown

MAX_LINE = 8191
"""Bytes in a line without its newline: Asterisk cuts longer ones in two."""

ENCODING = "utf-8"


class HungUp(OffhookError):  # noqa: N818 - a caller who leaves is not an error
    """The caller has left, or the connection to Asterisk is gone."""


class ConnectionGone(HungUp):
    """The connection was lost during a command, which Asterisk may still be carrying out."""


class AgiError(OffhookError):
    """Asterisk refused a command or could not carry it out."""

    def __init__(self, command: str, code: int, text: str) -> None:
        super().__init__(f"AGI command {command!r} was refused by Asterisk: {code} {text}")
        self.command = command
        self.code = code
        self.text = text


class SessionRefused(OffhookError):  # noqa: N818 - what happened
    """A session that we don't serve; the dialplan goes on without us.

    ``kind`` is a word for the cause: one line a minute is logged of each kind.
    """

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(why)
        self.kind = kind


class Unasked(Enum):
    """Lines that Asterisk sends unasked."""

    HANGUP = "HANGUP"


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one command."""

    code: int
    """200, or 510 (unknown command), 511 (caller gone), 520 (wrong usage)."""
    result: int
    """The number after ``result=``; 0 if that is not a number (see ``digits``)."""
    data: str
    """What was in brackets; for codes other than 200, the text."""
    digits: str = ""
    """What followed ``result=``, as it came: keys may be ``0012`` or ``*5``."""
    end_position: int | None = None
    """``endpos=``, in samples."""


_REPLY = re.compile(r"(\d{3})([ -])(.*)", re.DOTALL)
_RESULT = re.compile(r"result=(\S*)(?: \((.*)\))?(?: endpos=(\d{1,18})(?!\d))?.*", re.DOTALL)
_NUMBER = re.compile(r"-?\d{1,18}")
_OPEN_VALUE = "200 result=1 ("


class ReplyReader:
    """Puts a connection's lines together into replies. Never holds more than two lines' length."""

    __slots__ = ("_code", "_held", "_size")

    def __init__(self) -> None:
        self._code = ""
        self._held: list[str] = []
        self._size = 0

    def feed(self, line: str) -> Reply | Unasked | None:
        """Take a line without its newline; None: more is to come, or it was noise."""
        if line == "HANGUP":
            return Unasked.HANGUP
        if self._held:
            return self._feed_more(line)
        found = _REPLY.fullmatch(line)
        if found is None:
            return None
        code, mark, text = found.groups()
        if mark == "-" or (line.startswith(_OPEN_VALUE) and ")" not in line):
            self._code = code if mark == "-" else ""
            self._held = [text]
            self._size = len(line)
            return None
        return None if code == "100" else _reply(int(code), text)

    def _feed_more(self, line: str) -> Reply | None:
        self._size += len(line)
        if self._code:  # usage text, up to the line with the bare code
            over = line.startswith(self._code + " ")
            self._held.append(line[4:] if over else line)
        else:  # a variable's value that has a newline in it
            over = line.endswith(")")
            self._held.append(line)
        if not over and self._size <= MAX_LINE:
            return None
        code, text = int(self._code or "200"), "\n".join(self._held)
        self._code, self._held, self._size = "", [], 0
        return _reply(code, text)


def _reply(code: int, text: str) -> Reply:
    found = _RESULT.fullmatch(text)
    if code != 200 or found is None:
        return Reply(code, 0, text)
    digits, data, end = found.groups()
    number = int(digits) if _NUMBER.fullmatch(digits) else 0
    return Reply(code, number, data or "", digits, int(end) if end else None)


def quoted(argument: str) -> str:
    """An argument quoted so that Asterisk reads it as one word, unchanged."""
    return '"' + argument.replace("\\", "\\\\").replace('"', '\\"') + '"'


def encode(line: str) -> bytes:
    """A command as bytes. Raises ValueError if it would become two commands or be cut in two."""
    if "\n" in line or "\r" in line or "\0" in line:
        raise ValueError(f"an AGI command can't hold a line break or NUL: {line!r}")
    data = line.encode(ENCODING)
    if len(data) > MAX_LINE:
        raise ValueError(f"an AGI command has at most {MAX_LINE} bytes, this one {len(data)}")
    return data + b"\n"


def parse_environment(lines: bytes) -> dict[str, str]:
    """The ``agi_...: value`` lines that open a session. Raises SessionRefused.

    A key that comes twice was smuggled in by a line break in a name or a number, and nobody can say
    which of the two is Asterisk's. Other control characters are left out.
    """
    found: dict[str, str] = {}
    for line in lines.decode(ENCODING, "replace").split("\n"):
        name, _, value = line.partition(":")
        if name in found:
            raise SessionRefused("environment", f"{shown(name)} comes twice in its environment")
        found[name] = value.removeprefix(" ").translate(_NO_CONTROLS)
    return found


_NO_CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029))


@dataclass(frozen=True, slots=True)
class Address:
    """The parts of ``agi_network_script``, ``TOKEN/NODE/MADE/call?x=1``; "" for what is missing."""

    token: str
    node: str
    made: str
    """When the dialplan made the token: milliseconds of its clock, later with each try."""
    route: str

    @classmethod
    def of(cls, script: str) -> "Address":
        parts = script.partition("?")[0].strip("/").split("/")
        if len(parts) != 4:
            return cls("", "", "", parts[-1])
        token, node, made, route = parts
        return cls(token, node, made, route)

    @property
    def made_at(self) -> float | None:
        """``made`` in epoch seconds, by the clock of its Asterisk; None if it is not a number."""
        return int(self.made) / 1000 if _MILLISECONDS.fullmatch(self.made) else None

    def is_genuine(self, secret: str, uniqueid: str) -> bool:
        """Whether it has this channel's token; takes the same time either way."""
        right = token(secret, self.node, uniqueid, self.made, self.route)
        return hmac.compare_digest(self.token.encode(), right.encode())


_MILLISECONDS = re.compile(r"[0-9]{1,15}")


def token(secret: str, node: str, uniqueid: str, made: str, route: str) -> str:
    """What the dialplan puts into the address of a channel's session, to show that it is ours.

    In extensions.conf: ``${SHA1(${OFFHOOK_AGI_SECRET}/${OFFHOOK_NODE}/${CHANNEL(uniqueid)}/...)}``.
    Addresses appear in Asterisk's log and in AMI; the secret itself never does. Extending a SHA1
    takes bytes that are not text, so no environment can carry a forgery made that way.
    """
    said = f"{secret}/{node}/{uniqueid}/{made}/{route}"
    return hashlib.sha1(said.encode(), usedforsecurity=False).hexdigest()
