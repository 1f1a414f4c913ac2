"""Sessions: who ends them, and how soon streams end with them."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from console.kit import live
from console.kit.browser_sessions import FRESH_S, RememberedSessions
from console.kit.context import SESSIONS, ConsoleTiming
from storage.logins import LoginStore
from storage.password_hashing import Passwords
from storage.users import User
from tests.console.browserless import Client
from tests.console.conftest import PASSWORD, Console, Visit
from tests.console.streams import listen

NEW = "another good one"


only_word_of_it = pytest.mark.parametrize(
    "timing", [ConsoleTiming(ask_again_s=3600.0, beat_s=3600.0)], ids=["still"]
)
"""Nobody looks by themselves whether a session still counts, and nothing moves the stream."""


async def goodbye(socket: ClientWebSocketResponse) -> object:
    """The code with which the console closes it."""
    async with asyncio.timeout(20):
        while (message := await socket.receive()).type is WSMsgType.TEXT:
            pass
    assert message.type is WSMsgType.CLOSE
    return message.data


async def leave(sue: Client, _ada: Client) -> None:
    await sue.post("/logout")


async def sign_in_again(sue: Client, _ada: Client) -> None:
    await sue.sign_in("sue", PASSWORD)


async def be_disabled(_sue: Client, ada: Client) -> None:
    await ada.post("/users/sue/enabled", {"enabled": "no"})


async def get_a_password(_sue: Client, ada: Client) -> None:
    await ada.post("/users/sue/password", {"password": NEW})


async def get_a_role(_sue: Client, ada: Client) -> None:
    await ada.post("/users/sue", {"role": "ops", "projects": "tea"})


async def get_projects(_sue: Client, ada: Client) -> None:
    await ada.post("/users/sue", {"role": "supervisor", "projects": "bank"})


async def get_a_code(_sue: Client, ada: Client) -> None:
    await ada.post("/users/sue", {"role": "supervisor", "projects": "tea", "agent": "1003"})


@only_word_of_it
@pytest.mark.parametrize(
    ("what", "code"),
    [
        (leave, live.SIGNED_OUT),
        (sign_in_again, live.SIGNED_OUT),
        (be_disabled, live.SIGNED_OUT),
        (get_a_password, live.SIGNED_OUT),
        (get_a_role, live.CHANGED),
        (get_projects, live.CHANGED),
        (get_a_code, live.CHANGED),
    ],
)
async def test_a_stream_ends_with_what_it_hangs_on(
    what: Callable[[Client, Client], Awaitable[None]], code: int, visit: Visit
) -> None:
    sue, ada, ben = await visit("sue"), await visit("ada"), await visit("ben")
    socket, others = await listen(sue), await listen(ben)
    await what(sue, ada)
    assert await goodbye(socket) == code
    assert not others.closed


@only_word_of_it
async def test_a_password_or_a_click_ends_the_other_browsers_stream_only(
    console: Console, visit: Visit
) -> None:
    here, there, elsewhere = [await visit("sue") for _ in range(3)]
    own, second, third = [await listen(client) for client in (here, there, elsewhere)]
    sessions = await console.logins.sessions("sue", there.cookie("offhook_session"))
    (wanted,) = [one.id for one in sessions if one.current]
    await here.post("/account/sessions", {"session": str(wanted)})
    assert await goodbye(second) == live.SIGNED_OUT
    await here.post("/account/password", {"old": PASSWORD, "new": NEW, "again": NEW})
    assert await goodbye(third) == live.SIGNED_OUT
    assert (await here.get("/board")).status == 200
    assert (await own.receive()).type is WSMsgType.TEXT


@only_word_of_it
async def test_a_page_that_does_not_answer_is_cut_off(visit: Visit) -> None:
    sue, ada = await visit("sue"), await visit("ada")
    port = sue.http.port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = (
        f"GET /board/live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\n"
        f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {'A' * 22}==\r\n"
        f"Cookie: offhook_session={sue.cookie('offhook_session')}\r\n\r\n"
    )
    writer.write(head.encode())
    assert b" 101 " in await reader.readline()
    await be_disabled(sue, ada)
    async with asyncio.timeout(20):
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await reader.readexactly(1 << 24)
    writer.close()


async def test_signing_in_again_ends_this_browsers_session(console: Console, visit: Visit) -> None:
    client = await visit("sue")
    before = client.cookie("offhook_session")
    assert (await client.sign_in("ben", PASSWORD)).status == 303
    assert await console.logins.session(before) is None
    stranger = await visit()
    cookies = {"offhook_session": before}
    assert (await stranger.get("/board", cookies=cookies)).status == 303
    # Who fails keeps the session that is there.
    before = client.cookie("offhook_session")
    assert (await client.sign_in("sue", "wrong")).status == 401
    assert await console.logins.session(before) is not None


async def test_an_answer_that_was_under_way_brings_no_session_back(console: Console) -> None:
    login = await console.logins.login("sue", PASSWORD)
    asked, go_on = asyncio.Event(), asyncio.Event()

    class Slow(LoginStore):
        async def session(self, token: str, *, address: str = "") -> User | None:
            found = await super().session(token, address=address)
            asked.set()
            await go_on.wait()
            return found

    now = 0.0
    slow = Slow(console.database.pool, console.audit, Passwords())
    sessions = RememberedSessions(slow, clock=lambda: now)
    under_way = asyncio.create_task(sessions.user(login.token))
    await asked.wait()
    await console.users.set_disabled("sue", True, by="t")
    sessions.forget_user("sue")
    go_on.set()
    await under_way
    assert await sessions.user(login.token) is None  # not remembered for FRESH_S seconds
    sessions.end(login.token)
    assert await sessions.user(login.token) is None


async def test_who_left_while_the_database_was_away_stays_out(console: Console) -> None:
    login = await console.logins.login("sue", PASSWORD)
    now = 0.0
    sessions = RememberedSessions(console.logins, clock=lambda: now)
    assert await sessions.user(login.token) is not None
    sessions.end(login.token)  # the database never heard of it
    now = 10 * FRESH_S
    assert await sessions.user(login.token) is None


@only_word_of_it
async def test_an_urgent_question_is_asked_until_it_is_answered(
    console: Console, visit: Visit
) -> None:
    socket = await listen(await visit("sue"))
    assert (await socket.receive()).type is WSMsgType.TEXT
    await console.users.set_disabled("sue", True, by="t")
    before, console.logins.away_for = console.logins.asked, 2
    console.app[SESSIONS].forget_user("sue")
    assert await goodbye(socket) == live.SIGNED_OUT
    assert console.logins.asked == before + 3
