"""The admin's pages."""

from functools import partial
from typing import Any

import pytest

from domain.roles import Role
from tests.console.conftest import PASSWORD, Console, Visit
from tests.console.floor import BANK


async def test_a_user_is_made_and_works(console: Console, visit: Visit) -> None:
    client = await visit("ada")
    form = {"name": "Nora", "password": "first password", "role": "qa", "projects": "tea"}
    answer = await client.post("/users", form)
    assert answer.headers["Location"] == "/users/nora?done=created"
    assert (await client.get("/users/nora?done=created")).status == 200
    nora = await visit()
    assert (await nora.sign_in("nora", "first password")).status == 303
    assert (await nora.get("/calls")).status == 200
    changed = {"role": "client", "projects": "bank", "agent": "", "language": "en"}
    assert (await client.post("/users/nora", changed)).status == 303
    assert (await nora.get("/board")).status == 200  # at once, in the same session
    user = await console.users.get("nora")
    assert user is not None
    assert (user.role, user.projects, user.language) == (Role.CLIENT, frozenset({BANK}), "en")


async def test_mistakes_are_named_and_what_was_typed_stays(visit: Visit) -> None:
    client = await visit("ada")
    right: dict[str, Any] = {
        "name": "nora",
        "password": "first password",
        "role": "qa",
        "projects": "tea",
    }
    for wrong in (
        {"name": "a/b"},
        {"name": ".."},
        {"name": "½"},
        {"name": "\ufdfa"},
        {"name": "x" * 65},
        {"name": ""},
        {"name": "sue"},
        {"password": "short"},
        {"role": "king"},
        {"projects": "nothing"},
        {"role": "agent"},
        {"agent": "7777"},
    ):
        answer = await client.post("/users", right | wrong)
        text = await answer.text()
        assert answer.status == 400, wrong
        assert 'id="mistake"' in text
        assert "first password" not in text
    assert 'value="nora"' in text


async def test_disabling_ends_the_session_at_once(visit: Visit) -> None:
    sue, ada = await visit("sue"), await visit("ada")
    await ada.post("/users/sue/enabled", {"enabled": "no"})
    assert (await sue.get("/calls")).status == 303
    assert (await (await visit()).sign_in("sue", PASSWORD)).status == 401
    await ada.post("/users/sue/enabled", {"enabled": "yes"})
    assert (await (await visit()).sign_in("sue", PASSWORD)).status == 303


async def test_a_reset_password_signs_out(visit: Visit) -> None:
    sue, ada = await visit("sue"), await visit("ada")
    assert (await ada.post("/users/sue/password", {"password": "short"})).status == 400
    await ada.post("/users/sue/password", {"password": "a fresh password"})
    assert (await sue.get("/calls")).status == 303
    assert (await (await visit()).sign_in("sue", "a fresh password")).status == 303


async def test_the_last_admin_stays(visit: Visit) -> None:
    ada = await visit("ada")
    answer = await ada.post("/users/ada/enabled", {"enabled": "no"})
    assert answer.status == 400
    answer = await ada.post("/users/ada", {"role": "qa", "projects": "tea"})
    assert answer.status == 400


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "User amy already has the agent"), ("zh-CN", "坐席 1001 已属于用户 amy。")],
)
async def test_two_users_are_never_one_agent(language: str, said: str, visit: Visit) -> None:
    ada = await visit("ada")
    asks = {"Accept-Language": language}
    second = {"role": "agent", "projects": "tea", "agent": "1001"}
    for path, form in (
        ("/users", {"name": "nora", "password": "first password", **second}),
        ("/users/otto", second),
    ):
        answer = await ada.post(path, form, headers=asks)
        assert answer.status == 400
        assert said in await answer.text()
    # Whoever comes next gets the code of a user who is disabled; that one can't come back with it.
    await ada.post("/users/amy/enabled", {"enabled": "no"})
    assert (await ada.post("/users/otto", second, headers=asks)).status == 303
    answer = await ada.post("/users/amy/enabled", {"enabled": "yes"}, headers=asks)
    assert answer.status == 400
    assert said.replace("amy", "otto") in await answer.text()


async def test_what_another_admin_does_meanwhile_is_not_undone(
    visit: Visit, console: Console
) -> None:
    ada, other = await visit("ada"), await visit("ada")
    answers: list[int] = []

    async def does(path: str, **form: str) -> None:
        answers.append((await other.post(path, form)).status)

    console.users.after_get = partial(does, "/users/sue/enabled", enabled="no")
    await ada.post("/users/sue", {"role": "supervisor", "projects": "tea"})
    sue = await console.users.get("sue")
    assert sue is not None and sue.disabled
    console.users.after_get = partial(does, "/users/sue", role="ops", projects="bank")
    await ada.post("/users/sue/enabled", {"enabled": "yes"})
    sue = await console.users.get("sue")
    assert sue is not None and not sue.disabled
    assert (sue.role, sue.projects) == (Role.OPS, frozenset({"bank"}))
    assert answers == [303, 303]
