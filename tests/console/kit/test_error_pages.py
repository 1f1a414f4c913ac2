"""Pages for what goes wrong."""

import asyncio
import math

import pytest
import structlog

from console.kit.browser_sessions import GRACE_S, RememberedSessions
from storage.database_errors import DatabaseUnreachable
from storage.users import User
from tests.console.conftest import PASSWORD, Console, Visit

ENGLISH = {"Accept-Language": "en"}


async def test_nothing_there(visit: Visit) -> None:
    for client in (await visit(), await visit("sue")):
        answer = await client.get("/nowhere", headers=ENGLISH)
        assert answer.status == 404
        assert "Page not found" in await answer.text()
    assert (await (await visit("sue")).get("/api/nowhere")).content_type == "application/json"


async def test_not_allowed(visit: Visit) -> None:
    answer = await (await visit("cleo")).get("/users", headers=ENGLISH)
    assert answer.status == 403
    assert "ask the administrator" in await answer.text()


async def test_database_away(console: Console, visit: Visit) -> None:
    client = await visit("sue")
    await console.database.pool.close()
    page = await client.get("/calls", headers=ENGLISH)
    text = await page.text()
    assert page.status == 503
    assert "The database is unavailable" in text and 'http-equiv="refresh"' in text
    assert "This page retries by itself" in text
    assert page.headers["Retry-After"] == "5"
    assert (await client.get("/api/v1/calls")).status == 503
    # Floor and desks go on; who is unknown waits.
    assert (await client.get("/board")).status == 200
    assert (await client.post("/agents/1001/away", {"reason": "lunch"})).status == 200
    visitor = await visit()
    assert (await visitor.get("/login")).status == 200
    sign_in = {"name": "sue", "password": PASSWORD}
    answer = await visitor.post("/login", sign_in, headers=ENGLISH)
    text = await answer.text()
    assert answer.status == 503
    assert "Try again in a few seconds." in text and "by itself" not in text
    assert (await visitor.get("/healthz")).status == 200


async def test_strangers_do_not_fill_the_log_while_it_is_away(
    console: Console, visit: Visit
) -> None:
    await console.database.pool.close()
    visitor = await visit()
    with structlog.testing.capture_logs() as logs:
        for number in range(20):
            cookie = {"Cookie": f"offhook_session=anything{number}"}
            assert (await visitor.get("/calls", headers=cookie)).status == 503
    assert [entry["event"] for entry in logs] == ["a page needs the database, which is away"]


async def test_one_can_leave_while_the_database_is_away(console: Console, visit: Visit) -> None:
    client = await visit("sue")
    await console.database.pool.close()
    assert (await client.get("/board")).status == 200
    answer = await client.post("/logout")
    assert (answer.status, answer.headers["Location"]) == (303, "/login")
    assert (await client.get("/board")).headers["Location"].startswith("/login")


async def test_a_session_counts_on_for_a_while(console: Console) -> None:
    now = 0.0
    login = await console.logins.login("sue", PASSWORD)
    sessions = RememberedSessions(console.logins, clock=lambda: now)
    assert isinstance(await sessions.user(login.token), User)
    console.logins.away_for = math.inf
    now = GRACE_S - 1
    assert isinstance(await sessions.user(login.token), User)
    now = GRACE_S + 1
    with pytest.raises(DatabaseUnreachable):
        await sessions.user(login.token)


async def test_our_own_mistake_shows_no_secret(console: Console, visit: Visit) -> None:
    client = await visit("ada")
    console.users.breaks = True
    secret = "do not log this"
    with structlog.testing.capture_logs() as logs:
        answer = await client.post("/users/sue/password", {"password": secret}, headers=ENGLISH)
    assert answer.status == 500
    [entry] = [e for e in logs if e["event"] == "a page broke"]
    assert entry["reference"] in await answer.text()
    assert "boom" in entry["trace"] and "boom" not in await answer.text()
    assert secret not in str(logs) and "exc_info" not in entry


_FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (_FORM, b"name=\xff\xfe"),
        (f"{_FORM}; charset=nonsense", b"name=x"),
        ("multipart/form-data", b"name=x"),
        ("multipart/form-data; boundary=x", b"--y\r\n\r\n"),
    ],
)
async def test_a_form_that_is_none_is_the_askers_mistake(
    kind: str, body: bytes, visit: Visit
) -> None:
    client = await visit()
    headers = {"Content-Type": kind, "Accept-Language": "zh-CN"}
    answer = await client.http.post("/login", data=body, headers=headers)
    assert 400 <= answer.status < 500
    assert "无法识别的请求" in await answer.text()
    answer = await client.http.post(
        "/login", data=body, headers=headers | {"Accept": "application/json"}
    )
    said = (await answer.json())["message"]
    assert said.startswith("无法识别的请求。") and ". " not in said, "its own full stops"


@pytest.mark.parametrize("name", ["offhook_visitor", "offhook_session", "offhook_language"])
async def test_a_cookie_that_is_not_ours_breaks_no_page(name: str, visit: Visit) -> None:
    # By hand: no client would send bytes that are no text.
    reader, writer = await asyncio.open_connection("127.0.0.1", (await visit()).http.port)
    head = f"GET /login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: {name}="
    writer.write(head.encode() + b"\xff\xfe\r\n\r\n")
    async with asyncio.timeout(60):
        answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_forms_have_a_size(visit: Visit) -> None:
    client = await visit("ada")
    answer = await client.post("/users", {"name": "x" * 100_000})
    assert answer.status == 413
