"""AMI's wire format: turns bytes into messages, and actions into bytes. No I/O.

Bytes are framed before they are decoded, so a character split over two reads stays whole, and a
message is parsed only when somebody asks it for a header.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from domain.errors import OffhookError

GREETING = b"Asterisk Call Manager/"
MAX_LINE = 1024
"""Bytes in an action's line with its CR LF; Asterisk takes the rest for another action
(measured)."""
MAX_HEADERS = 128
"""Headers in an action; Asterisk refuses more, in a reply without an ActionID (measured)."""
MAX_MESSAGE = 1 << 20
"""Bytes in a message from Asterisk; anything longer is not AMI."""
MAX_GREETING = 256

_FORBIDDEN = ("\r", "\n", "\0")


class WireError(OffhookError, ConnectionError):
    """What came is not AMI; nothing after it on this connection can be trusted."""


class Framer:
    """Cuts a stream of bytes into raw messages, however it is chunked.

    A blank line ends a message; a bare LF ends a line as CR LF does. With ``greeting``, the stream
    starts with the line that names the protocol's version.
    """

    __slots__ = ("_greeting", "_pending", "max_message", "version")

    def __init__(self, *, greeting: bool = False, max_message: int = MAX_MESSAGE) -> None:
        self.version: str | None = None
        """The protocol's version, once the greeting has come."""
        self.max_message = max_message
        self._greeting = greeting
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes; returns the messages now complete, without blank lines around them.

        Raises WireError for another protocol's greeting or a message over ``max_message``.
        """
        pending = self._pending
        if pending:
            # Only the new bytes and three before them can hold the end of a message; searching the
            # old ones again would take quadratic time.
            start = max(0, len(pending) - 3)
            pending += data
            if self._greeting:
                return self._greet(bytes(pending))
            if _last_end(pending, start) < 0:
                self._check_size()
                return []
            data = bytes(pending)
            pending.clear()
        elif self._greeting:
            return self._greet(data)
        end = _last_end(data, 0)
        if end < 0:
            pending += data
            self._check_size()
            return []
        if end < len(data):
            pending += data[end:]
            data = data[:end]
            self._check_size()
        if data.count(b"\n") != data.count(b"\r\n"):
            data = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        messages = [
            raw
            for part in data.split(b"\r\n\r\n")
            if (raw := part.lstrip(b"\r\n") if part else b"")
        ]
        if len(data) > self.max_message and any(len(raw) > self.max_message for raw in messages):
            raise WireError(f"a message is longer than {self.max_message} bytes")
        return messages

    def _greet(self, data: bytes) -> list[bytes]:
        line, newline, rest = data.partition(b"\n")
        if not line.startswith(GREETING[: len(line)]) or len(line) > MAX_GREETING:
            raise WireError(f"no Asterisk Manager Interface: it greets with {line[:60]!r}")
        if not newline:
            self._pending[:] = data
            return []
        if not line.startswith(GREETING):
            raise WireError(f"no Asterisk Manager Interface: it greets with {line[:60]!r}")
        self.version = line[len(GREETING) :].strip().decode("ascii", "replace")
        self._greeting = False
        self._pending.clear()
        return self.feed(rest)

    def _check_size(self) -> None:
        if len(self._pending) > self.max_message + 3:  # three bytes of a blank line
            raise WireError(f"a message is longer than {self.max_message} bytes")


def _last_end(data: bytes | bytearray, start: int) -> int:
    """Where the last blank line at or after ``start`` ends, or -1."""
    full = data.rfind(b"\n\r\n", start)
    # Asterisk ends lines with CR LF, so the other kind is looked for in the last bytes only.
    bare = data.rfind(b"\n\n", max(start, full))
    if bare < 0:
        return full if full < 0 else full + 3
    return bare + 2


class Message:
    """One reply or event. Headers are case-insensitive and decoded when first asked for.

    Bytes that are not UTF-8 become U+FFFD. If a header is repeated, ``get`` returns its first value
    and ``all`` returns each.
    """

    __slots__ = ("_first", "_headers", "_name", "_text", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._text: str | None = None  # decoded, each line between two line ends
        self._headers: list[tuple[str, str]] | None = None
        self._first: dict[str, str] | None = None  # by lower-case name
        self._name: str | None = None

    @classmethod
    def of(cls, headers: Mapping[str, str | Sequence[str]]) -> "Message":
        """A message with these headers, as Asterisk would have sent it: for tests and replay."""
        return cls("\r\n".join(f"{k}: {v}" for k, v in _pairs(headers)).encode())

    @property
    def name(self) -> str:
        """The event's name; empty for a reply. An event may have a ``Response`` header too."""
        if self._name is None:
            raw = self.raw
            if raw.startswith(b"Event: "):
                end = raw.find(b"\r\n")
                self._name = (raw[7:end] if end > 0 else raw[7:]).decode("utf-8", "replace")
            else:
                self._name = self.get("Event")
        return self._name

    @property
    def is_event(self) -> bool:
        return self.raw.startswith(b"Event: ") or "Event" in self

    @property
    def succeeded(self) -> bool:
        """Whether a reply says that Asterisk did, or accepted, what was asked."""
        return self.get("Response") in ("Success", "Follows", "Goodbye")

    @property
    def action_id(self) -> str:
        # Every message is asked for this first: worth a shortcut past the parsing.
        raw = self.raw
        at = raw.find(b"\r\nActionID: ")
        if at < 0:
            return ""
        end = raw.find(b"\r\n", at + 12)
        return (raw[at + 12 : end] if end > 0 else raw[at + 12 :]).decode("utf-8", "replace")

    def get(self, header: str, default: str = "") -> str:
        """The header's first value, or ``default`` if it is missing."""
        first = self._first
        if first is None:
            # Some three of an event's twenty headers are asked for, spelled as Asterisk spells
            # them.
            text = self._text or self._decode()
            sought = f"\r\n{header}: "
            at = text.find(sought)
            if at >= 0:
                at += len(sought)
                return text[at : text.index("\r\n", at)]
            first = self._index()
        return first.get(header.lower(), default)

    def _decode(self) -> str:
        self._text = f"\r\n{self.raw.decode('utf-8', 'replace')}\r\n"
        return self._text

    def _index(self) -> dict[str, str]:
        self._first = {key.lower(): value for key, value in reversed(self.items())}
        return self._first

    def all(self, header: str) -> list[str]:
        """Every value of a header, in order."""
        wanted = header.lower()
        return [value for key, value in self.items() if key.lower() == wanted]

    def items(self) -> Sequence[tuple[str, str]]:
        """Headers and values as they came, in order."""
        if self._headers is None:
            self._headers = _parse(self.raw)
        return self._headers

    def variables(self, prefix: str = "") -> dict[str, str]:
        """The channel variables that the message carries, by name.

        ``prefix`` says which channel in an event about two: ``Dest``, ``LocalOne``.
        """
        # OriginateResponse writes the channel's name too: ChanVariable(PJSIP/1-00): A=b
        line = rf"\r\n{prefix}(?:Chan)?Variable(?:\([^\r\n]*\))?: ([^=\r\n]*)=([^\r\n]*)"
        return dict(re.findall(line, self._text or self._decode()))

    def __contains__(self, header: object) -> bool:
        return str(header).lower() in (self._index() if self._first is None else self._first)

    def __repr__(self) -> str:
        return f"Message({dict(self.items())!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and self.raw == other.raw

    def __hash__(self) -> int:
        return hash(self.raw)


def _parse(raw: bytes) -> list[tuple[str, str]]:
    headers = []
    for line in raw.decode("utf-8", "replace").split("\r\n"):
        key, colon, value = line.partition(": ")
        if not colon:
            key, colon, value = line.partition(":")
            if not colon:
                continue  # not a header: the rest of a value with a line break, or a line of a body
        headers.append((key, value))
    return headers


def encode(action: str, headers: Mapping[str, str | Sequence[str]], action_id: str) -> bytes:
    """One action as bytes; a value that is a sequence repeats its header.

    Raises ValueError for what would become another header or action, or be refused by Asterisk: CR,
    LF or NUL, an impossible name, a line over MAX_LINE bytes, more than MAX_HEADERS lines.
    """
    lines = []
    if clash := {"action", "actionid"}.intersection(key.lower() for key in headers):
        raise ValueError(f"AMI action {action!r}: header {clash.pop()!r} is set by Offhook itself")
    for key, value in _pairs({"Action": action, "ActionID": action_id, **headers}):
        if not key or ":" in key or key != key.strip():
            raise ValueError(f"AMI action {action!r}: {key!r} is not a header name")
        line = f"{key}: {value}"
        if any(char in line for char in _FORBIDDEN):
            raise ValueError(f"AMI action {action!r}: header {key!r} has CR, LF or NUL in it")
        encoded = line.encode("utf-8") + b"\r\n"
        if len(encoded) > MAX_LINE:
            raise ValueError(
                f"AMI action {action!r}: header {key!r} makes a line of {len(encoded)} bytes,"
                f" Asterisk takes at most {MAX_LINE}"
            )
        lines.append(encoded)
    if len(lines) > MAX_HEADERS:
        raise ValueError(
            f"AMI action {action!r}: {len(lines)} headers, Asterisk takes at most {MAX_HEADERS}"
        )
    lines.append(b"\r\n")
    return b"".join(lines)


def _pairs(headers: Mapping[str, str | Sequence[str]]) -> Iterator[tuple[str, str]]:
    for key, value in headers.items():
        if isinstance(value, str):
            yield key, value
        else:
            for each in value:
                yield key, each
