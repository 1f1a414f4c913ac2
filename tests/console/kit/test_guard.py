"""Forms and streams from other sites, and the headers that every answer carries."""

import pytest

from tests.console.conftest import PASSWORD, Visit


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
