"""One FastAGI connection: bytes cut into lines, within limits, as a plain asyncio protocol.

A protocol rather than a stream pair because thousands of callers wait at once: a quiet
connection costs one small object and no task, and a line reaches its session in one call.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Any, Protocol, cast

from telephony.agi.wire import MAX_LINE

MAX_ENVIRONMENT_BYTES = 65536
MAX_ENVIRONMENT_LINES = 512

_KEEPALIVE = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))


def keep_alive(listening: Any) -> None:
    """Have the system notice a peer that is gone; connections have it from their listening socket.

    A switch that loses its power sends no goodbye, and waiting sessions are silent.
    """
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE:
        if hasattr(socket, name):
            listening.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


class LineListener(Protocol):
    """Whoever reads a connection after its environment is complete."""

    def line_received(self, line: bytes) -> None:
        """A line without its line break."""

    def connection_lost(self) -> None:
        """Nothing comes or goes any more."""


class Connection(asyncio.Protocol):
    """Collects the environment, then hands each line to a listener.

    ``opened`` is called with each new connection, ``ready`` when its environment is complete,
    ``refused`` with a reason when what came is no FastAGI, or came too slowly or too long; the
    connection is then closed already. ``closed`` is called once in every case.
    """

    __slots__ = (
        "_buffer",
        "_closed",
        "_deadline",
        "_environment_bytes",
        "_opened",
        "_ready",
        "_refused",
        "_timeout",
        "environment",
        "is_open",
        "listener",
        "transport",
    )

    def __init__(
        self,
        timeout: float,
        opened: Callable[["Connection"], bool],
        ready: Callable[["Connection"], None],
        refused: Callable[["Connection", str], None],
        closed: Callable[["Connection"], None],
    ) -> None:
        self.transport: asyncio.Transport
        self.environment: list[bytes] = []
        self.listener: LineListener | None = None
        self.is_open = False
        self._timeout = timeout
        self._opened = opened
        self._ready = ready
        self._refused = refused
        self._closed = closed
        self._buffer = b""
        self._environment_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None

    @property
    def peer(self) -> str:
        """Where it came from, as ``address:port``."""
        name = self.transport.get_extra_info("peername")
        return f"{name[0]}:{name[1]}" if name else "?"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A cast, for uvloop's transports are no subclass of asyncio's.
        self.transport = cast(asyncio.Transport, transport)
        self.is_open = True
        if not self._opened(self):
            self.close(at_once=True)
            return
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(self._timeout, self._too_slow)

    def data_received(self, data: bytes) -> None:
        *lines, rest = (self._buffer + data if self._buffer else data).split(b"\n")
        self._buffer = rest
        for line in lines:
            if not self.is_open:
                return
            self._line(line[:-1] if line.endswith(b"\r") else line)
        if len(rest) > MAX_LINE:
            self.refuse(f"a line of more than {MAX_LINE} bytes")
        elif self.listener is None and not b"agi_".startswith(rest[:4]):
            self.refuse(f"it does not speak FastAGI: {rest[:40]!r}")

    def _line(self, line: bytes) -> None:
        if len(line) > MAX_LINE:
            self.refuse(f"a line of more than {MAX_LINE} bytes")
        elif self.listener is not None:
            self.listener.line_received(line)
        elif line:
            self._environment_bytes += len(line)
            self.environment.append(line)
            if not line.startswith(b"agi_"):
                self.refuse(f"it does not speak FastAGI: {line[:40]!r}")
            elif (
                self._environment_bytes > MAX_ENVIRONMENT_BYTES
                or len(self.environment) > MAX_ENVIRONMENT_LINES
            ):
                self.refuse("an endless environment")
        else:
            self._disarm()
            self._ready(self)
            if self.listener is None:
                self.close()
            self.environment = []

    def _too_slow(self) -> None:
        self._deadline = None
        self.refuse(f"no complete environment within {self._timeout:g} s")

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def refuse(self, why: str) -> None:
        """Close at once and say why, unless it is closed already."""
        if self.is_open:
            self.close(at_once=True)
            self._refused(self, why)

    def write(self, data: bytes) -> None:
        self.transport.write(data)

    def close(self, *, at_once: bool = False) -> None:
        """Close after what was written is out, or at once."""
        self.is_open = False
        self._disarm()
        self._buffer = b""
        if at_once:
            self.transport.abort()
        else:
            self.transport.close()

    def eof_received(self) -> bool:
        return False  # Asterisk never half-closes: end of file is the end

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        self._disarm()
        self._buffer = b""
        self.environment = []
        listener, self.listener = self.listener, None
        if listener is not None:
            listener.connection_lost()
        self._closed(self)
