"""What users see of their sessions."""

import pytest

from tests.console.conftest import PASSWORD, Console, Visit

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/143.0.0.0 Safari/537.36"
)


@pytest.mark.parametrize(
    ("language", "none", "this", "end"),
    [
        ("en", "not signed in anywhere else", "This browser", "End all other sessions"),
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
        await console.logins.login("sue", PASSWORD, address=address, browser=browser)
    page = await (await here.get("/account", headers=headers)).text()
    assert "Firefox 140 · Linux" in page and "192.0.2.7" in page
    assert "Chrome 143 · Windows" in page and "192.0.2.8" in page
    assert none not in page and end in page
    answer = await here.post("/account/sessions", {"session": "others"})
    assert answer.headers["Location"] == "/account?done=others"
    assert none in await (await here.get("/account?done=others", headers=headers)).text()
    (entry, *_) = await console.audit.entries(projects=None, by="sue")
    assert entry.action == "other sessions ended"


async def test_nobody_ends_another_users_session(console: Console, visit: Visit) -> None:
    sue = await visit("sue")
    login = await console.logins.login("ben", PASSWORD)
    (bens,) = await console.logins.sessions("ben", login.token)
    assert (await sue.post("/account/sessions", {"session": str(bens.id)})).status == 303
    assert await console.logins.session(login.token) is not None
    for nonsense in ("", "x", "-1", "9" * 30, "1e3"):
        answer = await sue.post("/account/sessions", {"session": nonsense})
        assert answer.status == 400, nonsense
