"""Sessions: who ends them, how soon what hangs on them ends, and what their user sees of them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from console.account.browsers import browser_name
from console.kit import feed, live
from console.kit.context import SESSIONS
from console.kit.sessions import FRESH_S, Sessions
from storage.errors import DatabaseUnreachable
from storage.users import User, UserStore
from tests.console.browserless import Client
from tests.console.conftest import PASSWORD, Console, Visit
from tests.console.test_live import listen

NEW = "another good one"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/143.0.0.0 Safari/537.36"
)


@pytest.fixture
def only_word_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks by themselves whether a session still counts, and nothing moves the stream."""
    monkeypatch.setattr(live, "ASK_AGAIN_S", 3600.0)
    monkeypatch.setattr(feed, "BEAT_S", 3600.0)


async def goodbye(socket: ClientWebSocketResponse) -> object:
    """The code with which the console closes it."""
    async with asyncio.timeout(20):
        while (message := await socket.receive()).type is WSMsgType.TEXT:
            pass
    assert message.type is WSMsgType.CLOSE
    return message.data


async def leave(sue: Client, ada: Client) -> None:
    await sue.post("/logout")


async def sign_in_again(sue: Client, ada: Client) -> None:
    await sue.sign_in("sue", PASSWORD)


async def be_disabled(sue: Client, ada: Client) -> None:
    await ada.post("/users/sue/enabled", {"enabled": "no"})


async def get_a_password(sue: Client, ada: Client) -> None:
    await ada.post("/users/sue/password", {"password": NEW})


async def get_a_role(sue: Client, ada: Client) -> None:
    await ada.post("/users/sue", {"role": "ops", "projects": "tea"})


async def get_projects(sue: Client, ada: Client) -> None:
    await ada.post("/users/sue", {"role": "supervisor", "projects": "bank"})


async def get_a_code(sue: Client, ada: Client) -> None:
    await ada.post("/users/sue", {"role": "supervisor", "projects": "tea", "agent": "1003"})


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
    what: Callable[[Client, Client], Awaitable[None]],
    code: int,
    visit: Visit,
    only_word_of_it: None,
) -> None:
    sue, ada, ben = await visit("sue"), await visit("ada"), await visit("ben")
    socket, others = await listen(sue), await listen(ben)
    await what(sue, ada)
    assert await goodbye(socket) == code
    assert not others.closed


async def test_a_password_or_a_click_ends_the_other_browsers_stream_only(
    console: Console, visit: Visit, only_word_of_it: None
) -> None:
    here, there, elsewhere = [await visit("sue") for _ in range(3)]
    own, second, third = [await listen(client) for client in (here, there, elsewhere)]
    sessions = await console.users.sessions("sue", there.cookie("offhook_session"))
    (wanted,) = [one.id for one in sessions if one.current]
    await here.post("/account/sessions", {"session": str(wanted)})
    assert await goodbye(second) == live.SIGNED_OUT
    await here.post("/account/password", {"old": PASSWORD, "new": NEW, "again": NEW})
    assert await goodbye(third) == live.SIGNED_OUT
    assert (await here.get("/board")).status == 200
    assert (await own.receive()).type is WSMsgType.TEXT


async def test_a_page_that_does_not_answer_is_cut_off(
    console: Console, visit: Visit, only_word_of_it: None
) -> None:
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
    assert await console.users.session(before) is None
    stranger = await visit()
    cookies = {"offhook_session": before}
    assert (await stranger.get("/board", cookies=cookies)).status == 303
    # Who fails keeps the session that is there.
    before = client.cookie("offhook_session")
    assert (await client.sign_in("sue", "wrong")).status == 401
    assert await console.users.session(before) is not None


@pytest.mark.parametrize(
    ("language", "none", "this", "end"),
    [
        ("en", "There are no other sessions", "This browser", "End all others"),
        ("zh-CN", "没有其他会话", "当前浏览器", "结束所有其他会话"),
    ],
)
async def test_people_see_their_sessions(
    language: str, none: str, this: str, end: str, console: Console, visit: Visit
) -> None:
    here = await visit("sue")
    headers = {"Accept-Language": language}
    page = await (await here.get("/account", headers=headers)).text()
    assert none in page and this in page and end not in page
    for browser, address in ((FIREFOX, "192.0.2.7"), (CHROME, "192.0.2.8")):
        await console.users.login("sue", PASSWORD, address=address, browser=browser)
    page = await (await here.get("/account", headers=headers)).text()
    assert "Firefox 140 · Linux" in page and "192.0.2.7" in page
    assert "Chrome 143 · Windows" in page and "192.0.2.8" in page
    assert none not in page and end in page
    answer = await here.post("/account/sessions", {"session": "others"})
    assert answer.headers["Location"] == "/account?done=others"
    assert none in await (await here.get("/account?done=others", headers=headers)).text()
    (entry, *_) = await console.users.audit_log(projects=None, by="sue")
    assert entry.action == "other sessions ended"


async def test_nobody_ends_another_users_session(console: Console, visit: Visit) -> None:
    sue = await visit("sue")
    login = await console.users.login("ben", PASSWORD)
    (bens,) = await console.users.sessions("ben", login.token)
    assert (await sue.post("/account/sessions", {"session": str(bens.id)})).status == 303
    assert await console.users.session(login.token) is not None
    for nonsense in ("", "x", "-1", "9" * 30, "1e3"):
        answer = await sue.post("/account/sessions", {"session": nonsense})
        assert answer.status == 400, nonsense


async def test_an_answer_that_was_under_way_brings_no_session_back(console: Console) -> None:
    login = await console.users.login("sue", PASSWORD)
    asked, go_on = asyncio.Event(), asyncio.Event()

    class Slow(UserStore):
        async def session(self, token: str, *, address: str = "") -> User | None:
            found = await super().session(token, address=address)
            asked.set()
            await go_on.wait()
            return found

    now = 0.0
    sessions = Sessions(Slow(console.database.pool), clock=lambda: now)
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
    login = await console.users.login("sue", PASSWORD)
    now = 0.0
    sessions = Sessions(console.users, clock=lambda: now)
    assert await sessions.user(login.token) is not None
    sessions.end(login.token)  # the database never heard of it
    now = 10 * FRESH_S
    assert await sessions.user(login.token) is None


async def test_an_urgent_question_is_asked_until_it_is_answered(
    console: Console, visit: Visit, only_word_of_it: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = await listen(await visit("sue"))
    assert (await socket.receive()).type is WSMsgType.TEXT
    usual, tries = UserStore.session, 0

    async def away_at_first(self: UserStore, token: str, **more: Any) -> User | None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise DatabaseUnreachable("nobody answers")
        return await usual(self, token, **more)

    await console.users.set_disabled("sue", True, by="t")
    monkeypatch.setattr(UserStore, "session", away_at_first)
    console.app[SESSIONS].forget_user("sue")
    assert await goodbye(socket) == live.SIGNED_OUT
    assert tries == 3


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (FIREFOX, "Firefox 140 · Linux"),
        (CHROME, "Chrome 143 · Windows"),
        (f"{CHROME} Edg/143.0.0.0", "Edge 143 · Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML,"
            " like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
            "Safari 18 · iPhone",
        ),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", ""),
        ("x" * 100, "x" * 59 + "…"),
    ],
)
def test_a_browser_is_named_as_people_know_it(said: str, name: str) -> None:
    assert browser_name(said) == name
