"""The FastAGI server: accepts Asterisk's connections and runs a route for each session."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from errno import EADDRINUSE
from time import time

import structlog

from domain.errors import OperatorError
from telephony.agi.agi_wire import (
    Address,
    AgiError,
    HungUp,
    SessionRefused,
    parse_environment,
)
from telephony.agi.connection import Connection, keep_alive
from telephony.agi.kept_port import is_served
from telephony.agi.session import Session
from telephony.agi.tokens import TokenFault, UsedTokens
from telephony.complaints import Complaints, shown
from telephony.panoramisk_adapter import FastAgiRoutes

SessionRoute = Callable[[Session], Awaitable[None]]

log = structlog.get_logger()

_CLOSING_S = 5.0
_BACKLOG = 4096

MAX_SILENT, MAX_SILENT_FROM_ONE = 1024, 512
"""Connections that have not yet sent their whole environment, in all and from one address. Beyond
that the oldest is cut off, not the newest: Asterisk sends its environment at once, so an old one is
not Asterisk's."""
_SILENT_S = 0.5
"""How long a connection must have been silent to be cut off. One with unread bytes is kept."""


_NO_TOKEN = (
    "no token",
    "its address has no token, or not in this Offhook's form. If it is Asterisk, its configuration"
    " was written by an earlier Offhook: restart the Asterisk that Offhook runs; for another, run"
    " `offhook asterisk-conf` again and restart it",
)
_FAULTS = {
    TokenFault.USED: "the token in its address has opened a session already, and each opens only"
    " one; whoever sent it has read it somewhere. Asterisk itself will try again with a newer one",
    TokenFault.OLD: "the token in its address was made {age:.1f} s ago, before this controller"
    " listened. Asterisk will try again with a newer one; if that is refused too, set its"
    " machine's clock and this one's by NTP",
}
_WRONG_TOKEN = (
    "wrong token",
    "the token in its address is wrong. If it is Asterisk, its generated/globals.conf was written"
    " from another secrets.json: run `offhook asterisk-conf` again and restart it",
)


class CannotListen(OperatorError, OSError):  # noqa: N818
    """The port is taken, or the address is not this machine's; ``str`` is one line."""

    def __str__(self) -> str:
        return str(self.strerror)


class AgiServer:
    """Listens on ``host``:``port`` (0: any free port) and runs ``routes[script]`` for each session.

    ``agi://host/TOKEN/NODE/MADE/call?x=1`` goes to the route ``call`` if TOKEN belongs to
    ``secret`` and the session's channel (``agi_wire.token``) and was not used before (``tokens``);
    nothing else is answered. A channel has one session at a time: a later one shows that Asterisk
    has left the earlier one, which is ended. An exception from a route ends its own session only:
    HungUp quietly, SessionRefused with a line in the log. ``request_timeout``: seconds that a
    connection has to send its environment. ``max_sessions``: connections at once; each needs an
    open file, so the process's limit has to allow for them.
    """

    def __init__(
        self,
        host: str,
        port: int,
        routes: Mapping[str, SessionRoute],
        secret: str,
        *,
        max_sessions: int = 20000,
        request_timeout: float = 5.0,
    ) -> None:
        self._routes = FastAgiRoutes(routes)
        self._loop: asyncio.AbstractEventLoop  # start()'s
        self._host = host
        self._port = port
        self._secret = secret
        self._max_sessions = max_sessions
        self._request_timeout = request_timeout
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._driven: dict[tuple[str, str], Session] = {}
        self._used: UsedTokens
        self._silent: dict[Connection, tuple[str, float]] = {}
        self._silent_from: Counter[str] = Counter()
        self._complain = Complaints()

    @property
    def port(self) -> int:
        """The port it listens on; before ``start``, the one asked for."""
        if self._server is None:
            return self._port
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def connections(self) -> int:
        """Open connections, including those that have not sent anything yet."""
        return len(self._connections)

    @property
    def sessions(self) -> int:
        """Sessions whose route is running."""
        return len(self._tasks)

    async def start(self) -> None:
        """Start to listen. Raises CannotListen, which says in one line why that is impossible."""
        self._loop = asyncio.get_running_loop()
        self._used = UsedTokens(self._loop.time())
        try:
            self._server = await self._listen(self._loop)
        except OSError as error:
            raise CannotListen(
                error.errno,
                f"FastAGI can't listen on {self._host}:{self._port} ({error.strerror}); stop"
                " whatever uses it, or set asterisk.agi_bind to an address of this machine",
            ) from error
        for listening in self._server.sockets:
            keep_alive(listening)
        log.info("agi listening", host=self._host, port=self.port, routes=self._routes.names)

    async def _listen(self, loop: asyncio.AbstractEventLoop) -> asyncio.Server:
        """Listen. We share a port that ``offhook up`` keeps, but not another controller's."""
        try:
            return await loop.create_server(
                self._connection, self._host, self._port, backlog=_BACKLOG
            )
        except OSError as error:
            if error.errno != EADDRINUSE or await is_served(self._host, self._port):
                raise
        return await loop.create_server(
            self._connection, self._host, self._port, backlog=_BACKLOG, reuse_port=True
        )

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

    def _connection(self) -> Connection:
        return Connection(
            self._request_timeout, self._opened, self._ready, self._refused, self._closed
        )

    def _opened(self, connection: Connection) -> bool:
        self._make_room(connection.address)
        if len(self._connections) >= self._max_sessions:
            self._complain(
                "agi connection refused",
                peer=connection.peer,
                why=f"{self._max_sessions} are open",
            )
            return False
        self._connections.add(connection)
        self._silent[connection] = (connection.address, self._loop.time())
        self._silent_from[connection.address] += 1
        return True

    def _make_room(self, address: str) -> None:
        """Cut off the oldest silent connection if one more would be too many."""
        if not self._silent:
            return
        oldest, (_, since) = next(iter(self._silent.items()))
        full = len(self._connections) >= self._max_sessions
        if not full and len(self._silent) < MAX_SILENT:
            if self._silent_from[address] < MAX_SILENT_FROM_ONE:
                return
            oldest, since = next(
                (one, since) for one, (place, since) in self._silent.items() if place == address
            )
        if (full or self._loop.time() - since > _SILENT_S) and not oldest.has_unread:
            oldest.refuse("it is one of too many that have not sent their environment")
            self._closed(oldest)

    def _spoken(self, connection: Connection) -> None:
        address, _ = self._silent.pop(connection, ("", 0.0))
        if not address:
            return
        self._silent_from[address] -= 1
        if not self._silent_from[address]:
            del self._silent_from[address]

    def _closed(self, connection: Connection) -> None:
        self._spoken(connection)
        self._connections.discard(connection)

    def _refused(self, connection: Connection, why: str) -> None:
        self._complain("agi connection cut off", peer=connection.peer, why=why)

    def _ready(self, connection: Connection, environment: bytes) -> Session | None:
        self._spoken(connection)
        try:
            session = self._session(connection, environment)
        except SessionRefused as refused:
            self._complain(
                "agi session refused", kind=refused.kind, peer=connection.peer, why=str(refused)
            )
            return None
        channel = (session.node, session.uniqueid)
        earlier = self._driven.get(channel)
        if earlier is not None:
            earlier.end()
        self._driven[channel] = session
        task = self._loop.create_task(self._run(session, connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return session

    def _session(self, connection: Connection, environment: bytes) -> Session:
        """The session of an environment. Raises SessionRefused unless our dialplan sent it."""
        env = parse_environment(environment)
        uniqueid = env.get("agi_uniqueid", "")
        said = Address.of(env.get("agi_network_script", ""))
        made = said.made_at
        if made is None or not said.token:
            raise SessionRefused(*_NO_TOKEN)
        if not said.is_genuine(self._secret, uniqueid):
            raise SessionRefused(*_WRONG_TOKEN)
        if said.route not in self._routes.names:
            raise SessionRefused(
                "route",
                f"the dialplan asks for {shown(said.route)}; the routes are {self._routes.names}",
            )
        wall = time()
        if fault := self._used.take((said.node, uniqueid), made, self._loop.time(), wall):
            raise SessionRefused(fault, _FAULTS[fault].format(age=wall - made))
        return Session(env, connection)

    async def _run(self, session: Session, connection: Connection) -> None:
        try:
            await self._routes.run(session.route, session)
        except HungUp:
            pass
        except SessionRefused as refused:
            self._complain(
                "agi session refused",
                kind=refused.kind,
                peer=connection.peer,
                channel=shown(session.channel),
                why=str(refused),
            )
        except AgiError as refused:
            self._complain(
                "agi command refused; the dialplan goes on without its session",
                route=session.route,
                channel=shown(session.channel),
                why=shown(str(refused)),
            )
        except Exception as error:
            self._complain(
                "agi route failed; the dialplan goes on without it",
                kind=type(error).__name__,
                level="exception",
                route=session.route,
                channel=session.channel,
                uniqueid=session.uniqueid,
            )
        finally:
            channel = (session.node, session.uniqueid)
            if self._driven.get(channel) is session:
                del self._driven[channel]
            connection.close()
