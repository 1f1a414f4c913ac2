"""Listens for browsers, and bounds how many connections there are and how long each may take.

Anybody who reaches the port can open connections, without signing in or sending a byte. Each costs
an open file in the process that calls depend on. So their number is bounded, silent and slow ones
are closed, and when all places are taken strangers make room for users, never the other way round.
"""

import asyncio
import traceback
from collections import Counter
from dataclasses import dataclass
from typing import Any, cast

import structlog
from aiohttp import web, web_fileresponse

from console.kit.features import Answer
from console.kit.rarely import Rarely

log = structlog.get_logger()

CLOSING_S = 3.0
ROOM_AGAIN = 16
"""When all places are taken, one in this many is freed at once, since choosing costs time."""
BACKLOG = 1024
CHUNK = 1 << 16
"""How many bytes of a file are sent at a time; a reader too slow for that is cut (``stuck_s``).
"""
# The kernel's sendfile would bypass all this: nobody would notice that a file isn't read, and the
# loop that calls depend on would wait for the disk.
vars(web_fileresponse)["NOSENDFILE"] = True  # as AIOHTTP_NOSENDFILE=1 would do


@dataclass(frozen=True, slots=True)
class DoorTiming:
    """How long a connection may stand in the door; all in seconds."""

    first_request_s: float = 10.0
    """Until its first whole request."""
    idle_s: float = 75.0
    """Between requests; proxies keep theirs for 60 s."""
    stuck_s: float = 60.0
    """Without taking what is buffered for it: about 1 kB/s."""
    linger_s: float = 2.0
    """To drain a body that no page reads, before the connection is closed."""
    sweep_s: float = 1.0
    """Between two looks at who is overdue."""


class Visitor(web.RequestHandler):
    """One connection, of a browser, a proxy or anybody else."""

    __slots__ = ("_door", "_line", "address", "asked_at", "came_at", "drained_at", "user")

    def __init__(self, door: "Door", server: web.Server) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=door.timing.idle_s,
            lingering_time=door.timing.linger_s,
            auto_decompress=False,
            access_log=cast(Any, None),  # URLs hold callers' numbers
        )
        self._door = door
        self._line: asyncio.Transport | None = None
        self.address = ""
        self.came_at = 0.0
        self.asked_at: float | None = None
        """When the last whole request came; None before the first."""
        self.drained_at: float | None = None
        """Since when they haven't read all that is buffered for them; None: they have."""
        self.user: str | None = None
        """The name of the user who is signed in here."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._line = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if isinstance(peer, tuple) else ""
        self.came_at = self._loop.time()
        super().connection_made(transport)
        self._door.enter(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._door.leave(self)
        self._line = None
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        self.drained_at = None
        super().resume_writing()

    def cut(self) -> None:
        """Close it at once, whatever is still to be sent."""
        if self._line is not None:
            self._line.abort()

    def is_overdue(self, now: float) -> bool:
        """Whether it has taken more time than it may."""
        if self._line is None:
            return False
        if self.asked_at is None and now - self.came_at > self._door.timing.first_request_s:
            return True
        if not self._line.get_write_buffer_size():
            self.drained_at = None
        elif self.drained_at is None:
            self.drained_at = now
        return self.drained_at is not None and now - self.drained_at > self._door.timing.stuck_s

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - as aiohttp calls it
    ) -> web.StreamResponse:
        """Answers what isn't HTTP, or failed outside any page, in one short line."""
        if isinstance(exc, UnicodeEncodeError):
            status = 400  # aiohttp would repeat what they sent, and that was not text
        if status < 500:
            self._door.complain("what came to the console's port is not HTTP", self.address)
        else:
            self.log_exception("a request broke", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("half of an answer is out already")
        answer = web.Response(status=status, text=f"{status}\n", headers={"Server": "offhook"})
        answer.force_close()
        return answer

    def log_exception(self, *args: Any, **kw: Any) -> None:
        error = kw.get("exc_info")
        if isinstance(error, web.RequestPayloadError | ConnectionError):
            self._door.complain("a request to the console was cut off or garbled", self.address)
            return
        before = self._door.rarely("the console broke outside of a page")
        if before is not None:
            trace = traceback.format_exception(error) if isinstance(error, BaseException) else ()
            log.error(
                "the console broke outside of a page",
                what=str(args[0]),
                trace="".join(trace),
                not_logged_before=before,
            )


class Door:
    """Listens for ``app``. At most ``most`` connections are open at once.

    A new connection always gets in. If there are too many, those that have not asked for
    anything go first, then those that are not signed in, then users'; among equals, those of
    whoever holds most, and the longest silent first.
    """

    def __init__(
        self, app: web.Application, *, most: int, timing: DoorTiming = DoorTiming()
    ) -> None:
        self.timing = timing
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=CLOSING_S)
        self._most = most
        self._visitors: set[Visitor] = set()
        self._listening: asyncio.Server | None = None
        self._sweeping: asyncio.Task[None] | None = None
        self._complaints = Rarely()

    @property
    def port(self) -> int:
        """The port where it listens; 0 before it does."""
        if self._listening is None:
            return 0
        return int(self._listening.sockets[0].getsockname()[1])

    @property
    def visitors(self) -> int:
        """How many connections are open."""
        return len(self._visitors)

    async def open(self, host: str, port: int) -> None:
        """Start to listen. Raises OSError."""
        await self._runner.setup()
        server = cast(web.Server, self._runner.server)  # there is one after setup()
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(
            lambda: Visitor(self, server), host, port, backlog=BACKLOG
        )
        self._sweeping = loop.create_task(self._sweep(), name="console door")

    async def close(self) -> None:
        """Stop listening, and end all streams and connections."""
        if self._listening is not None:
            self._listening.close()
        if self._sweeping is not None:
            self._sweeping.cancel()
        await self._runner.cleanup()
        for visitor in tuple(self._visitors):
            visitor.cut()

    def enter(self, visitor: Visitor) -> None:
        """Adds a new connection; others may be closed to make room."""
        if len(self._visitors) >= self._most:
            self._make_room()
        self._visitors.add(visitor)

    def leave(self, visitor: Visitor) -> None:
        """Removes a closed connection."""
        self._visitors.discard(visitor)

    def complain(self, what: str, address: str) -> None:
        """Logs misbehaviour, at most one line a minute of each kind: it must not fill the disk."""
        before = self.rarely(what)
        if before is not None:
            log.warning(what, address=address, not_logged_before=before)

    def rarely(self, what: str) -> int | None:
        """How many lines were held back since the last one was logged; None: this one is, too."""
        return self._complaints.now(what, asyncio.get_running_loop().time())

    def _make_room(self) -> None:
        crowds = Counter(v.user or v.address for v in self._visitors)

        def first_to_go(visitor: Visitor) -> tuple[int, int, float]:
            rank = 0 if visitor.asked_at is None else 1 if visitor.user is None else 2
            return (
                rank,
                -crowds[visitor.user or visitor.address],
                visitor.asked_at or visitor.came_at,
            )

        going = sorted(self._visitors, key=first_to_go)[: max(1, self._most // ROOM_AGAIN)]
        for visitor in going:
            self._visitors.discard(visitor)
            visitor.cut()
        self.complain("too many connections to the console; some were closed", going[0].address)

    async def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self.timing.sweep_s)
            now = loop.time()
            for visitor in tuple(self._visitors):
                if visitor.is_overdue(now):
                    visitor.cut()


@web.middleware
async def note_asking(request: web.Request, handler: Answer) -> web.StreamResponse:
    """Notes that the connection has carried a whole request, so it is no longer a silent one."""
    note(request, None)
    return await handler(request)


def note(request: web.Request, user: str | None) -> None:
    """Notes who asks on this connection."""
    visitor = request.protocol
    if isinstance(visitor, Visitor):
        visitor.asked_at = asyncio.get_running_loop().time()
        visitor.user = user
