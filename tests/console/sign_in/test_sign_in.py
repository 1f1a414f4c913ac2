"""Getting in, staying in, getting out."""

import pytest

from console.sign_in.pages import own_path
from tests.console.conftest import PASSWORD, Visit


async def test_signing_in_leads_where_one_wanted_to_go(visit: Visit) -> None:
    client = await visit()
    answer = await client.get("/calls?page=2")
    assert answer.headers["Location"] == "/login?next=/calls?page%3D2"
    await client.get(answer.headers["Location"])
    form = {"name": "sue", "password": PASSWORD, "next": "/calls?page=2"}
    answer = await client.post("/login", form)
    assert (answer.status, answer.headers["Location"]) == (303, "/calls?page=2")
    cookie = answer.cookies["offhook_session"]
    assert cookie["httponly"] and cookie["samesite"] == "Strict" and cookie["path"] == "/"


@pytest.mark.parametrize(
    "path",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "x", "/a\r\nB: c", "//[", ""],
)
def test_a_login_leads_nowhere_else(path: str) -> None:
    assert own_path(path) == "/"


@pytest.mark.parametrize(
    ("name", "start"), [("amy", "/desk"), ("sue", "/board"), ("quinn", "/calls"), ("ada", "/board")]
)
async def test_each_role_starts_at_its_work(name: str, start: str, visit: Visit) -> None:
    assert (await (await visit(name)).get("/")).headers["Location"] == start


async def test_a_wrong_password_says_so_and_then_throttles(visit: Visit) -> None:
    client = await visit()
    for _ in range(5):
        answer = await client.sign_in("sue", "wrong")
        assert answer.status == 401
        assert "wrong" not in await answer.text() or "is wrong" in await answer.text()
    answer = await client.sign_in("sue", PASSWORD)
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) > 0


async def test_signing_out_ends_the_session_everywhere(visit: Visit) -> None:
    client = await visit("sue")
    cookies = {"offhook_session": client.cookie("offhook_session")}
    assert (await client.post("/logout")).headers["Location"] == "/login"
    other = await visit()
    assert (await other.get("/calls", cookies=cookies)).status == 303
