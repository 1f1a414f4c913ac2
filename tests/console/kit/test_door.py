"""The console's connections: silent and slow ones are closed, and users come before strangers."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import structlog
from aiohttp import ClientSession, WSMsgType

from console.kit.door import Door, DoorTiming
from tests.console.browserless import Client
from tests.console.conftest import PASSWORD, Console, Visit, speak
from tests.console.kit.test_browser_sessions import be_disabled, get_a_role, leave
from tests.waiting import until

Open = Callable[..., Awaitable[Door]]


@pytest.fixture
async def doors(console: Console) -> AsyncIterator[Open]:
    """``await doors(most=5)`` is the console behind a door with so many places; seconds of
    ``DoorTiming`` may follow."""
    opened: list[Door] = []

    async def one(most: int = 20, **timing: float) -> Door:
        at = Door(console.app, most=most, timing=DoorTiming(**{"sweep_s": 0.05, **timing}))
        opened.append(at)
        await at.open("127.0.0.1", 0)
        return at

    yield one
    for at in opened:
        await at.close()


async def knock(at: Door, say: bytes = b"") -> asyncio.StreamReader:
    """A connection on which this was said; it lives as long as its reader."""
    reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
    writer.write(say)
    reader.writer = writer  # type: ignore[attr-defined]
    return reader


async def closed(reader: asyncio.StreamReader) -> bytes:
    """What came until the console closed."""
    async with asyncio.timeout(60):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""


@pytest.mark.parametrize(
    "said", [b"", b"GET /login HTTP/1.1\r\nHost: localhost\r\nX: ", b"POST /login HTTP/1.1\r\n"]
)
async def test_who_asks_nothing_must_go(said: bytes, doors: Open) -> None:
    at = await doors(first_request_s=0.1)
    assert await closed(await knock(at, said)) == b""


async def test_what_is_kept_between_requests_ends(doors: Open) -> None:
    at = await doors(idle_s=0.2)
    # It begins another one and does not end it.
    said = b"GET /login HTTP/1.1\r\nHost: localhost\r\n\r\nGET /login HTTP/1.1\r\nX: "
    assert (await closed(await knock(at, said))).startswith(b"HTTP/1.1 200 ")


async def must_go(
    at: Door, asks: bytes, *, after: Callable[[], Awaitable[None]] | None = None
) -> None:
    """Who asks this and reads nothing, or no more than the first byte, is cut off."""
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(slow, ("127.0.0.1", at.port))
        sending = loop.create_task(loop.sock_sendall(slow, asks))
        await until(lambda: at.visitors, what="the visitor to be let in")
        if after is not None:
            async with asyncio.timeout(60):
                assert await loop.sock_recv(slow, 1) == b"H"
                await after()
        await until(lambda: not at.visitors, what="the visitor to be gone")
        sending.cancel()


@pytest.mark.parametrize("path", ["/login", "/static/vendor/tabler/tabler.min.css"])
async def test_who_does_not_take_the_answer_must_go(path: str, doors: Open) -> None:
    asks = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    await must_go(await doors(stuck_s=0.2), asks * 10_000)


async def test_who_does_not_take_a_recording_must_go(
    recorded: str, doors: Open, console: Console
) -> None:
    speak(console.recordings / f"2026/03/02/{recorded}.wav", 200)  # more than the kernel buffers
    login = await console.logins.login("quinn", PASSWORD)
    asks = (
        f"GET /calls/{recorded}/recording.wav HTTP/1.1\r\nHost: localhost\r\n"
        f"Cookie: offhook_session={login.token}\r\n\r\n"
    )
    await must_go(await doors(stuck_s=0.2), asks.encode())


@pytest.mark.parametrize("what", [leave, be_disabled, get_a_role])
async def test_a_recording_ends_with_the_session(
    what: Callable[[Client, Client], Awaitable[None]],
    recorded: str,
    doors: Open,
    console: Console,
    visit: Visit,
) -> None:
    speak(console.recordings / f"2026/03/02/{recorded}.wav", 200)  # more than the kernel buffers
    sue, ada = await visit("sue"), await visit("ada")
    asks = (
        f"GET /calls/{recorded}/recording.wav?download=1 HTTP/1.1\r\nHost: localhost\r\n"
        f"Cookie: offhook_session={sue.cookie('offhook_session')}\r\n\r\n"
    )
    await must_go(await doors(stuck_s=3600.0), asks.encode(), after=lambda: what(sue, ada))


async def test_a_crowd_makes_room_for_users(doors: Open, console: Console) -> None:
    at = await doors(most=8)
    login = await console.logins.login("sue", PASSWORD)
    cookies = {"Cookie": f"offhook_session={login.token}"}
    url = f"http://127.0.0.1:{at.port}"
    async with (
        ClientSession(headers=cookies) as sue,
        sue.ws_connect(f"{url}/board/live", headers={"Origin": url}) as board,
    ):
        with structlog.testing.capture_logs() as logs:
            crowd = [await knock(at) for _ in range(100)]
            for _ in range(3):
                async with ClientSession() as http, http.get(f"{url}/healthz") as answer:
                    assert answer.status == 200
                async with sue.get(f"{url}/board") as page:
                    assert page.status == 200
        assert at.visitors <= 8
        for silent in crowd[:80]:
            assert await closed(silent) == b""
        assert not board.closed
        assert (await board.receive()).type is WSMsgType.TEXT
    assert len([e for e in logs if "too many connections" in e["event"]]) == 1


async def test_a_user_cannot_crowd_out_others(doors: Open, console: Console) -> None:
    at = await doors(most=8)
    url = f"http://127.0.0.1:{at.port}"
    tokens = [(await console.logins.login(name, PASSWORD)).token for name in ("sue", "ben")]
    async with (
        ClientSession(headers={"Cookie": f"offhook_session={tokens[0]}"}) as sue,
        sue.ws_connect(f"{url}/board/live", headers={"Origin": url}) as board,
    ):
        ask = (
            f"GET /board HTTP/1.1\r\nHost: localhost\r\nCookie: offhook_session={tokens[1]}\r\n\r\n"
        )
        for _ in range(30):
            ben = await knock(at, ask.encode())
            assert (await ben.readline()).startswith(b"HTTP/1.1 200 ")
        assert (await board.receive()).type is WSMsgType.TEXT
        assert not board.closed
