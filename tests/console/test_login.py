"""Getting in, staying in, getting out, and forms that aren't ours."""

import pytest

from console.sign_in.pages import own_path
from tests.console.conftest import PASSWORD, Console, Visit


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


async def test_signing_out_ends_the_session_everywhere(visit: Visit, console: Console) -> None:
    client = await visit("sue")
    cookies = {"offhook_session": client.cookie("offhook_session")}
    assert (await client.post("/logout")).headers["Location"] == "/login"
    other = await visit()
    assert (await other.get("/calls", cookies=cookies)).status == 303


@pytest.mark.parametrize("token", ["", "0" * 64, None])
async def test_no_post_without_its_token(token: str | None, visit: Visit) -> None:
    anonymous = await visit()
    form = {"name": "sue", "password": PASSWORD, "csrf": token or ""}
    assert (await anonymous.post("/login", form)).status == 403
    client = await visit("ada")
    for path in ("/logout", "/users", "/desk/ready", "/agents/1001/ready", "/account/password"):
        assert (await client.post(path, {"csrf": token or ""})).status == 403, path


async def test_another_sites_token_is_not_ours(visit: Visit) -> None:
    sue, ada = await visit("sue"), await visit("ada")
    assert (await ada.post("/logout", {"csrf": sue.token})).status == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://["])
async def test_posts_and_streams_from_other_origins_are_refused(origin: str, visit: Visit) -> None:
    client = await visit("ada")
    answer = await client.post("/logout", headers={"Origin": origin})
    assert answer.status == 403
    upgrade = {"Origin": origin, "Connection": "Upgrade", "Upgrade": "websocket"}
    assert (await client.get("/board/live", headers=upgrade)).status == 403
    cross = {"Sec-Fetch-Site": "cross-site", "Connection": "Upgrade", "Upgrade": "websocket"}
    assert (await client.get("/board/live", headers=cross)).status == 403


async def test_a_link_from_elsewhere_is_opened_with_the_session(visit: Visit) -> None:
    # The browser holds strict cookies back from the first step; the page takes a second one.
    answer = await (await visit()).get("/calls", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 200
    assert 'content="0;url=/calls"' in await answer.text()


async def test_every_answer_has_its_headers(visit: Visit) -> None:
    client = await visit("ada")
    for path in (
        "/login",
        "/board",
        "/healthz",
        "/nowhere",
        "/api/v1/calls",
        "/static/app/page.js",
    ):
        answer = await client.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy and "script-src 'self'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "Server" not in answer.headers
    assert (await client.get("/board")).headers["Cache-Control"] == "no-store"


async def test_changing_the_own_password(visit: Visit) -> None:
    here, elsewhere = await visit("sue"), await visit("sue")
    new = "another good one"
    wrong = {"old": "no", "new": new, "again": new}
    assert (await here.post("/account/password", wrong)).status == 400
    differ = {"old": PASSWORD, "new": new, "again": "x" * 12}
    assert (await here.post("/account/password", differ)).status == 400
    short = {"old": PASSWORD, "new": "short", "again": "short"}
    assert (await here.post("/account/password", short)).status == 400
    right = {"old": PASSWORD, "new": new, "again": new}
    answer = await here.post("/account/password", right)
    assert answer.headers["Location"] == "/account?done=password"
    assert (await here.get("/calls")).status == 200
    assert (await elsewhere.get("/calls")).status == 303
    assert (await (await visit()).sign_in("sue", new)).status == 303
