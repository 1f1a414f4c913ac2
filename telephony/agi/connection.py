"""One FastAGI connection: bytes cut into lines, within limits, as a plain asyncio protocol.

A protocol rather than a stream pair because thousands of callers wait at once: a quiet
connection costs one small object and no task, and a line reaches its session in one call.
"""

import array
import asyncio
import contextlib
import fcntl
import socket
import termios
from collections.abc import Callable
from typing import Any, Protocol, cast

from telephony.agi.agi_wire import MAX_LINE
from telephony.complaints import shown

MAX_ENVIRONMENT_BYTES = 16384
MAX_ENVIRONMENT_LINES = 128
"""Asterisk sends 22 lines, and one for each argument."""

_KEEPALIVE = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))


def keep_alive(listening: Any) -> None:
    """Have the system notice a peer that is gone; connections inherit it from ``listening``.

    A switch that loses power sends no goodbye, and waiting sessions are silent.
    """
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE:
        if hasattr(socket, name):
            listening.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


class LineListener(Protocol):
    """What reads a connection's lines once its environment is complete."""

    def line_received(self, line: bytes) -> None:
        """A line without its line break."""

    def connection_lost(self) -> None:
        """The connection has ended."""


class Connection(asyncio.Protocol):
    """Collects the environment, then hands each line to a listener.

    ``opened`` is called with each new connection, ``ready`` with the environment when all of it is
    there; it returns who listens from then on, or None to close the connection. ``refused`` is
    called with a reason when the peer does not speak FastAGI, is too slow or sends too much; the
    connection is closed by then. ``closed`` is called once in every case.
    """

    __slots__ = (
        "_buffer",
        "_closed",
        "_deadline",
        "_listener",
        "_opened",
        "_ready",
        "_refused",
        "_timeout",
        "is_open",
        "transport",
    )

    def __init__(
        self,
        timeout: float,
        opened: Callable[["Connection"], bool],
        ready: Callable[["Connection", bytes], LineListener | None],
        refused: Callable[["Connection", str], None],
        closed: Callable[["Connection"], None],
    ) -> None:
        self.transport: asyncio.Transport
        self._listener: LineListener | None = None
        self.is_open = False
        self._timeout = timeout
        self._opened = opened
        self._ready = ready
        self._refused = refused
        self._closed = closed
        self._buffer = b""
        self._deadline: asyncio.TimerHandle | None = None

    @property
    def peer(self) -> str:
        """Where the connection came from, as ``address:port``."""
        name = self.transport.get_extra_info("peername")
        return f"{name[0]}:{name[1]}" if name else "?"

    @property
    def address(self) -> str:
        """The host the connection came from."""
        return self.peer.rpartition(":")[0]

    @property
    def has_unread(self) -> bool:
        """Whether bytes have arrived that we have not read yet, as happens on a busy machine."""
        waiting = array.array("i", [0])
        with contextlib.suppress(OSError, ValueError):
            fcntl.ioctl(self.transport.get_extra_info("socket").fileno(), termios.FIONREAD, waiting)
        return waiting[0] > 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A cast, because uvloop's transports are not subclasses of asyncio's.
        self.transport = cast(asyncio.Transport, transport)
        self.is_open = True
        if not self._opened(self):
            self.close(at_once=True)
            return
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(self._timeout, self._too_slow)

    def data_received(self, data: bytes) -> None:
        if self._buffer:
            data = self._buffer + data
        if self._listener is None:
            environment, end, rest = data.partition(b"\n\n")
            if fault := _fault(environment, complete=bool(end)):
                self.refuse(fault)
                return
            if not end:
                self._buffer = data
                return
            self._disarm()
            self._listener = self._ready(self, environment)
            if self._listener is None:
                self.close()
                return
            data = rest
        lines = data.split(b"\n")
        if max(map(len, lines)) > MAX_LINE:
            self.refuse(f"a line of more than {MAX_LINE} bytes")
            return
        self._buffer = lines.pop()
        for line in lines:
            if not self.is_open:
                return
            self._listener.line_received(line)

    def _too_slow(self) -> None:
        self._deadline = None
        self.refuse(f"no complete environment within {self._timeout:g} s")

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def refuse(self, why: str) -> None:
        """Close at once and report why, unless it is closed already."""
        if self.is_open:
            self.close(at_once=True)
            self._refused(self, why)

    def write(self, data: bytes) -> None:
        self.transport.write(data)

    def acknowledge_at_once(self) -> None:
        """Have what comes next acknowledged without delay, where the system can (Linux).

        Asterisk answers some commands in two parts, and TCP doesn't send the second while the first
        is not acknowledged: that took 40 ms.
        """
        option = getattr(socket, "TCP_QUICKACK", None)
        if option is not None:
            with contextlib.suppress(OSError):
                peer = self.transport.get_extra_info("socket")
                peer.setsockopt(socket.IPPROTO_TCP, option, 1)

    def close(self, *, at_once: bool = False) -> None:
        """Close once what was written is sent, or at once."""
        self.is_open = False
        self._disarm()
        self._buffer = b""
        if at_once:
            self.transport.abort()
        else:
            self.transport.close()

    def eof_received(self) -> bool:
        return False  # Asterisk never half-closes: end of file is the end

    def connection_lost(self, _exc: Exception | None) -> None:
        self.is_open = False
        self._disarm()
        self._buffer = b""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.connection_lost()
        self._closed(self)


def _fault(environment: bytes, *, complete: bool) -> str | None:
    """What is wrong with an environment, or with as much of it as has come."""
    if len(environment) > MAX_ENVIRONMENT_BYTES:
        return "an endless environment"
    if environment.count(b"\n") >= MAX_ENVIRONMENT_LINES:
        return f"an environment of more than {MAX_ENVIRONMENT_LINES} lines"
    if not environment.startswith(b"agi_") and (complete or not b"agi_".startswith(environment)):
        return f"it does not speak FastAGI: {shown(environment[:40])}"
    if complete and environment.count(b"\n") != environment.count(b"\nagi_"):
        return "it does not speak FastAGI: not all of its environment begins with agi_"
    return None
