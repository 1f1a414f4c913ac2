"""The user's own password and sessions."""

from tests.console.conftest import PASSWORD, Visit


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
