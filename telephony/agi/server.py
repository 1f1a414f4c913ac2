"""The FastAGI server: takes connections from Asterisk and runs a route for each session.

The API shell is panoramisk's ``Application`` (``add_route``, ``del_route``); its handler is
replaced, since a health check that connects and closes made it spin for ever.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from panoramisk.fast_agi import Application

from telephony.agi.connection import Connection, keep_alive
from telephony.agi.session import Session
from telephony.agi.wire import ENCODING, HungUp, parse_environment

Route = Callable[[Session], Awaitable[None]]

log = structlog.get_logger()

_CLOSING_S = 5.0
_COMPLAINT_EVERY_S = 1.0


class CannotListen(OSError):  # noqa: N818
    """The port is taken, or the address is not this machine's; ``str`` is one line."""

    def __str__(self) -> str:
        return str(self.strerror)


class AgiServer(Application):  # type: ignore[misc] # panoramisk has no types
    """Listens on ``host``:``port`` (0: any free one) and calls ``routes[script]`` with a session.

    ``agi://host/call?x=1`` goes to the route ``call``. A route that raises ends its own session
    only; HungUp is a quiet end. ``request_timeout``: seconds a connection has to say what it wants.
    ``max_sessions``: connections at once; each needs an open file, see that there is room for them.
    """

    def __init__(
        self,
        host: str,
        port: int,
        routes: Mapping[str, Route],
        *,
        max_sessions: int = 20000,
        request_timeout: float = 5.0,
    ) -> None:
        super().__init__(default_encoding=ENCODING, loop=False)  # the loop is start()'s
        self._host = host
        self._port = port
        self._max_sessions = max_sessions
        self._request_timeout = request_timeout
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._next_complaint = 0.0
        self._kept_back = 0
        for path, route in routes.items():
            self.add_route(path, route)

    @property
    def port(self) -> int:
        """The port it listens on; before ``start`` the one asked for."""
        if self._server is None:
            return self._port
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def connections(self) -> int:
        """Open connections, those that have not said anything yet included."""
        return len(self._connections)

    @property
    def sessions(self) -> int:
        """Sessions whose route is running."""
        return len(self._tasks)

    def add_route(self, path: str, endpoint: Route) -> None:
        """Have ``endpoint`` called for ``agi://.../path``; any callable that returns an awaitable.

        panoramisk's own wraps plain callables with asyncio.coroutine, which Python 3.11 dropped.
        """
        if path in self._route:
            raise ValueError(f"there is a route {path!r} already")
        self._route[path] = endpoint

    async def start(self) -> None:
        """Listen; CannotListen says in one line why that is not possible."""
        self.loop = asyncio.get_running_loop()
        try:
            self._server = await self.loop.create_server(
                self._connection, self._host, self._port, backlog=4096
            )
        except OSError as error:
            raise CannotListen(
                error.errno,
                f"FastAGI can't listen on {self._host}:{self._port} ({error.strerror}); stop what"
                " uses it, or set asterisk.agi_bind to an address of this machine",
            ) from error
        for listening in self._server.sockets:
            keep_alive(listening)
        log.info("agi listening", host=self._host, port=self.port, routes=sorted(self._route))

    async def close(self) -> None:
        """Stop listening and end all sessions. Calls go on in the dialplan, talks undisturbed."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_CLOSING_S)
        for connection in tuple(self._connections):
            connection.close(at_once=True)
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    async def handler(self, reader: Any, writer: Any) -> None:
        """panoramisk's entry for a stream pair, which this server has no use for."""
        raise NotImplementedError("AgiServer takes connections itself: use start()")

    def _connection(self) -> Connection:
        return Connection(
            self._request_timeout,
            self._opened,
            self._ready,
            self._refused,
            self._connections.discard,
        )

    def _opened(self, connection: Connection) -> bool:
        if len(self._connections) >= self._max_sessions:
            self._complain("agi connection refused", connection, f"{self._max_sessions} are open")
            return False
        self._connections.add(connection)
        return True

    def _refused(self, connection: Connection, why: str) -> None:
        self._complain("agi connection cut off", connection, why)

    def _complain(self, event: str, connection: Connection, why: str) -> None:
        """At most one line a second: a port scan must not fill the disk."""
        now = self.loop.time()
        if now < self._next_complaint:
            self._kept_back += 1
            return
        log.warning(event, peer=connection.peer, why=why, not_logged_before=self._kept_back)
        self._next_complaint, self._kept_back = now + _COMPLAINT_EVERY_S, 0

    def _ready(self, connection: Connection, environment: bytes) -> None:
        session = Session(self, parse_environment(environment), connection)
        route = self._route.get(session.route)
        if route is None:
            self._complain(
                "agi request for an unknown route",
                connection,
                f"the dialplan asks for {session.env.get('agi_request', '')!r} on "
                f"{session.channel or 'no channel'}, known are {sorted(self._route)}",
            )
            return
        connection.listener = session
        task = self.loop.create_task(self._run(route, session, connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, route: Route, session: Session, connection: Connection) -> None:
        try:
            await route(session)
        except HungUp:
            pass
        except Exception:
            log.exception(
                "agi route failed; the dialplan goes on without it",
                route=session.route,
                channel=session.channel,
                uniqueid=session.uniqueid,
            )
        finally:
            connection.close()
