"""The smallest possible controller: a function of the test plays FastAGI sessions."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

Play = Callable[["Session"], Awaitable[None]]


class Session:
    """One FastAGI session; after a hang-up commands raise ConnectionError."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, env: dict[str, str]
    ) -> None:
        self._reader = reader
        self._writer = writer
        self.env = env
        self.path = env["agi_request"].rsplit("/", 1)[1]
        self.hung_up = False
        self.said = ""
        """The last command."""

    async def command(self, line: str) -> str:
        self.said = line
        self._writer.write(f"{line}\n".encode())
        while True:
            reply = (await self._reader.readline()).decode().strip()
            if reply == "HANGUP":
                self.hung_up = True
                continue
            if not reply:
                raise ConnectionError("the session is over")
            return reply

    async def variable(self, name: str) -> str:
        reply = await self.command(f"GET VARIABLE {name}")
        return reply.partition("(")[2].rpartition(")")[0]

    async def done(self) -> None:
        await self.command("SET VARIABLE OFFHOOK_DONE 1")


class Controller:
    """Listens on ``port``; can go away and come back, as a killed process does."""

    def __init__(self, port: int, play: Play) -> None:
        self._port = port
        self._play = play
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.sessions: list[Session] = []
        self.errors: list[BaseException] = []

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)

    async def die(self) -> None:
        """Close the port and every connection at once."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        env: dict[str, str] = {}
        try:
            while line := (await reader.readline()).decode().strip():
                key, _, value = line.partition(": ")
                env[key] = value
            session = Session(reader, writer, env)
            self.sessions.append(session)
            await self._play(session)
        except ConnectionError:
            pass
        except Exception as error:  # the test looks at them
            self.errors.append(error)
        finally:
            self._writers.discard(writer)
            writer.close()


@contextlib.asynccontextmanager
async def controller(port: int, play: Play) -> AsyncIterator[Controller]:
    one = Controller(port, play)
    await one.start()
    try:
        yield one
    finally:
        await one.die()
