"""A TCP proxy that breaks a connection: at any byte, at once, or by withholding what it gets.

Asterisk, PostgreSQL and the controller are real in our tests; the connection between them fails.

    async with CuttingProxy(host, port) as proxy:
        connect_to(proxy.host, proxy.port)
        proxy.cut_after(17, DOWN)   # 17 more bytes towards the client, then the end
        await proxy.cut             # it happened
        proxy.cut_now()
        proxy.stall(DOWN); proxy.resume()
        proxy.refuse = True         # new connections end at once
        proxy.each_connection = lambda: (rng.randrange(4000), DOWN)
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from enum import StrEnum
from types import TracebackType
from typing import Self


class Direction(StrEnum):
    UP = "up"  # from the client to the server
    DOWN = "down"  # from the server to the client


UP, DOWN = Direction.UP, Direction.DOWN


class _Line:
    """One proxied connection."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.writers = {DOWN: client, UP: server}
        self.left: dict[Direction, int] = {}

    def end(self, *, reset: bool) -> None:
        for writer in self.writers.values():
            if reset:
                raw = writer.get_extra_info("socket")
                if raw is not None:
                    with contextlib.suppress(OSError):
                        linger = struct.pack("ii", 1, 0)
                        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.transport.abort()
            else:
                # A FIN, after what was written: the other side reads every byte it was given.
                writer.close()


class CuttingProxy:
    """Proxies every connection to ``host``:``port``, until told to cut."""

    def __init__(self, host: str, port: int, *, listen: str = "127.0.0.1") -> None:
        self._to = (host, port)
        self.host = listen
        self.port = 0
        self.refuse = False
        self.each_connection: Callable[[], tuple[int, Direction] | None] | None = None
        """Called for each new connection: after how many bytes, which way, to cut it."""
        self.connections = 0
        self.cuts = 0
        self.cut = asyncio.Event()
        """Set by each cut; clear it before you wait for the next one."""
        self.seen: dict[Direction, bytearray] = {UP: bytearray(), DOWN: bytearray()}
        """What was passed on, of all connections."""
        self._lines: set[_Line] = set()
        self._armed: tuple[int, Direction] | None = None
        self._flowing = {UP: asyncio.Event(), DOWN: asyncio.Event()}
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        for flowing in self._flowing.values():
            flowing.set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accepted, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for line in list(self._lines):
            line.end(reset=True)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def open(self) -> int:
        """Connections there are now."""
        return len(self._lines)

    def cut_after(self, count: int, direction: Direction = DOWN) -> None:
        """Cut the line after ``count`` more bytes that way: of the connection that is there, or
        of the next one."""
        self.cut.clear()
        if self._lines:
            for line in self._lines:
                line.left[direction] = count
        else:
            self._armed = (count, direction)

    def cut_now(self, *, reset: bool = True) -> None:
        """End every connection; with ``reset`` what is on its way is lost."""
        for line in list(self._lines):
            self._cut(line, reset=reset)

    async def cut_within(self, seconds: float) -> None:
        """Wait for the cut that is to come; if fewer bytes go by than it was to have, cut then."""
        try:
            async with asyncio.timeout(seconds):
                await self.cut.wait()
        except TimeoutError:
            self.cut_now()

    def stall(self, *directions: Direction) -> None:
        """Pass nothing on, and keep the connection (both ways by default)."""
        for direction in directions or (UP, DOWN):
            self._flowing[direction].clear()

    def resume(self) -> None:
        for flowing in self._flowing.values():
            flowing.set()

    def _cut(self, line: _Line, *, reset: bool) -> None:
        if line in self._lines:
            self._lines.discard(line)
            line.end(reset=reset)
            self.cuts += 1
            self.cut.set()

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.refuse:
            writer.close()
            return
        try:
            up_reader, up_writer = await asyncio.open_connection(*self._to)
        except OSError:
            writer.close()
            return
        line = _Line(writer, up_writer)
        if self.each_connection is not None and (plan := self.each_connection()) is not None:
            line.left[plan[1]] = plan[0]
        if self._armed is not None:
            line.left[self._armed[1]] = self._armed[0]
            self._armed = None
        self._lines.add(line)
        for source, direction in ((reader, UP), (up_reader, DOWN)):
            task = asyncio.create_task(self._pump(line, source, direction))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, line: _Line, source: asyncio.StreamReader, direction: Direction) -> None:
        target = line.writers[direction]
        try:
            while True:
                if line.left.get(direction) == 0:
                    self._cut(line, reset=False)
                    return
                data = await source.read(65536)
                await self._flowing[direction].wait()
                left = line.left.get(direction)
                if left is not None:
                    # Armed while we waited to read, too: not a byte more than was asked for.
                    data = data[:left]
                    line.left[direction] = left - len(data)
                if line not in self._lines:
                    return
                if not data:
                    break
                self.seen[direction] += data
                target.write(data)
                await target.drain()
        except ConnectionError:
            pass
        if line in self._lines:
            self._lines.discard(line)
            line.end(reset=False)
