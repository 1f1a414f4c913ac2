"""The other end of a FastAGI connection, as bytes: what Asterisk, or a stranger, would send."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

from bench.agi_requests import address
from telephony.agi.server import AgiServer, SessionRoute
from telephony.agi.session import Session

SECRET = "a-secret-of-the-tests"
ENVIRONMENT = {
    "agi_network": "yes",
    "agi_network_script": "call",
    "agi_request": "agi://127.0.0.1/call",
    "agi_channel": "PJSIP/line1-00000001",
    "agi_language": "en",
    "agi_type": "PJSIP",
    "agi_uniqueid": "1700000000.1",
    "agi_callerid": "13800138000",
    "agi_calleridname": "unknown",
    "agi_context": "hotline",
    "agi_extension": "4001",
    "agi_priority": "1",
}


def environment(**changes: str) -> bytes:
    """What Asterisk sends; a route's name becomes the address with the right token."""
    whole = {**ENVIRONMENT, **changes}
    if "/" not in whole["agi_network_script"]:
        route, mark, query = whole["agi_network_script"].partition("?")
        right = address(SECRET, whole["agi_uniqueid"], route)
        whole["agi_network_script"] = f"{right}{mark}{query}"
    lines = [f"{name}: {value}" for name, value in whole.items()]
    return ("\n".join(lines) + "\n\n").encode()


class Peer:
    """A connected peer; ``answer`` reads the next command and replies to it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, port: int) -> "Peer":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def command(self) -> str:
        """The next command's line; empty at the end of the connection."""
        async with asyncio.timeout(60):
            return (await self.reader.readline()).decode().removesuffix("\n")

    async def answer(self, reply: str) -> str:
        command = await self.command()
        self.send(reply.encode() + b"\n")
        return command

    async def ended(self) -> bool:
        """Wait until the server has closed; False if it says something else first."""
        async with asyncio.timeout(60):
            try:
                return await self.reader.read(1) == b""
            except ConnectionResetError:
                return True

    def close(self) -> None:
        self.writer.close()

    def cut(self) -> None:
        self.writer.transport.abort()


@contextlib.asynccontextmanager
async def serving(
    routes: Mapping[str, SessionRoute], *, request_timeout: float = 5.0, max_sessions: int = 20000
) -> AsyncIterator[AgiServer]:
    server = AgiServer(
        "127.0.0.1", 0, routes, SECRET, request_timeout=request_timeout, max_sessions=max_sessions
    )
    await server.start()
    try:
        yield server
    finally:
        await server.close()


@contextlib.asynccontextmanager
async def one_session(**changes: str) -> AsyncIterator[tuple[Session, Peer]]:
    """A session with its peer; the route lasts as long as the block."""
    started: asyncio.Future[Session] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    async def route(session: Session) -> None:
        started.set_result(session)
        await over.wait()

    async with serving({"call": route}) as server:
        peer = await Peer.connect(server.port)
        peer.send(environment(**changes))
        async with asyncio.timeout(60):
            session = await started
        try:
            yield session, peer
        finally:
            over.set()
            peer.close()
