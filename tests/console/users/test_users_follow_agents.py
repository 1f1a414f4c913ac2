"""The desk's user follows the agent, however the directory changes."""

import re
from dataclasses import replace

import pytest

from centre.authority import SYSTEM
from centre.directory_service import ANY, WishedThing
from centre.kinds import Kind
from centre.organisation_settings import AgentSettings
from console.kit.browser_sessions import RememberedSessions
from console.kit.context import SESSIONS
from domain.centre import Centre
from domain.identity import AgentCode
from domain.roles import Role
from storage.audit import AuditAction
from tests.centre.small import WANG
from tests.console.conftest import PASSWORD, Console, Visit
from tests.console.floor import BANK, TEA

ENGLISH = {"Accept-Language": "en"}


async def put(console: Console, agent: AgentSettings | None, code: str = "1001") -> int:
    """Has the directory changed by nobody's page, as an import does; returns the change."""
    wish = WishedThing(Kind.AGENT, code, agent, ANY)
    return (await console.directory.change(SYSTEM, [wish])).id


def without(console: Console, code: str) -> Centre:
    centre = console.floor.centre()
    return replace(centre, agents=tuple(a for a in centre.agents if a.code != code))


async def test_who_is_removed_is_out_and_an_undo_lets_them_in(
    console: Console, visit: Visit
) -> None:
    amy = await visit("amy")
    assert (await amy.get("/desk")).status == 200
    removal = await put(console, None)
    console.app[SESSIONS].take(
        without(console, "1001")
    )  # as the controller does once it is in force
    assert (await amy.get("/desk")).status == 303
    assert (await (await visit()).sign_in("amy", PASSWORD)).status == 401
    await console.directory.undo(SYSTEM, removal)
    assert (await amy.get("/desk")).status == 200
    assert (await (await visit()).sign_in("amy", PASSWORD)).status == 303


async def test_a_desks_projects_are_its_agents(console: Console, visit: Visit) -> None:
    await visit("amy")
    before = await console.users.get("amy")
    assert before is not None and before.projects == frozenset({TEA})
    change = await put(console, WANG.model_copy(update={"projects": ("tea", "bank")}))
    after = await console.users.get("amy", projects=frozenset({BANK}))
    assert after is not None and after.projects == frozenset({TEA, BANK})
    await console.directory.undo(SYSTEM, change)
    assert await console.users.get("amy", projects=frozenset({BANK})) is None
    names = [user.name for user in await console.users.list(projects=frozenset({TEA}))]
    assert "amy" in names


async def test_only_those_who_moved_are_asked_again(console: Console, visit: Visit) -> None:
    sessions = RememberedSessions(console.logins)
    centre = console.floor.centre()
    sessions.take(centre)
    amy = await visit("amy")
    token = amy.cookie("offhook_session")
    user = await sessions.user(token)
    assert user is not None
    with sessions.watch(token, user) as changed:
        sessions.take(centre)
        assert not changed.is_set()
        asked = console.logins.asked
        await sessions.user(token)
        assert console.logins.asked == asked
        sessions.take(without(console, "1001"))
        assert changed.is_set()
        await sessions.user(token)
        assert console.logins.asked == asked + 1


async def test_a_supervisor_who_takes_calls_stays_one(console: Console, visit: Visit) -> None:
    await visit("amy")
    await console.users.change(
        "amy", by="t", role=Role.SUPERVISOR, projects={BANK},
        agent=AgentCode("1001"), language=None,
    )  # fmt: skip
    await put(console, None)
    assert (await (await visit()).sign_in("amy", PASSWORD)).status == 303
    user = await console.users.get("amy")
    assert user is not None and (user.projects, user.agent_gone) == (frozenset({BANK}), False)


async def test_the_removal_page_says_what_becomes_of_the_user(
    visit: Visit,
) -> None:
    ada = await visit("ada")
    await visit("amy")
    path = "/centre/agent/1001/remove"
    text = await (await ada.get(path, headers=ENGLISH)).text()
    assert "Their console user amy is signed out and can't sign in any more." in text
    seen = re.search(r'name="change.seen" value="(\d+)"', text)
    assert seen
    assert (await ada.post(path, {"change.seen": seen[1]})).status == 303
    for page in ("/users", "/users/amy"):
        assert "Agent removed" in await (await ada.get(page, headers=ENGLISH)).text()
    assert (
        "has no agent 1001 any more" in await (await ada.get("/users/amy", headers=ENGLISH)).text()
    )


@pytest.mark.parametrize(
    ("name", "former"), [("", "disabled"), ("bob", "disabled"), ("amy", "taken over")]
)
async def test_a_new_agent_of_an_old_code_is_somebody_else(
    name: str, former: str, console: Console, visit: Visit
) -> None:
    ada, amy = await visit("ada"), await visit("amy")
    await put(console, None)
    console.app[SESSIONS].take(without(console, "1001"))
    form = {"code": "1001", "name": "Bob", "projects": "tea", "missed_before_away": "1"}
    form |= {"console.with_user": "yes", "console.user": name, "change.seen": ""}
    answer = await ada.post("/centre/new/agent", form, headers=ENGLISH)
    text = await answer.text()
    assert answer.status == 200, text
    found = re.search(r"Password</dt>.*?<code>(.*?)</code>", text, re.DOTALL)
    assert found
    assert (await (await visit()).sign_in(name or "1001", found[1])).status == 303
    assert (await (await visit()).sign_in("amy", PASSWORD)).status == 401
    assert (await amy.get("/desk")).status == 303
    user = await console.users.get("amy")
    assert user is not None and user.disabled == (former == "disabled")


async def test_a_new_agent_without_a_user_does_not_let_the_old_one_in(
    console: Console, visit: Visit
) -> None:
    ada = await visit("ada")
    await visit("amy")
    await put(console, None)
    form = {"code": "1001", "name": "Bob", "projects": "tea", "missed_before_away": "1"}
    assert (await ada.post("/centre/new/agent", form)).status == 200
    assert (await (await visit()).sign_in("amy", PASSWORD)).status == 401
    (entry,) = await console.audit.entries(projects=None, action=AuditAction.USER_CHANGED)
    assert (entry.by, entry.target, dict(entry.detail)) == ("ada", "amy", {"disabled": True})


async def test_an_agents_projects_need_not_be_chosen(console: Console, visit: Visit) -> None:
    await visit("amy")
    ada = await visit("ada")
    await put(
        console, WANG.model_copy(update={"code": "1005", "projects": ("tea", "bank")}), "1005"
    )
    form = {"name": "eve", "password": "first password", "role": "agent", "agent": "1005"}
    assert (await ada.post("/users", form)).status == 303
    eve = await console.users.get("eve")
    assert eve is not None and eve.projects == frozenset({TEA, BANK})


async def test_who_is_brought_back_leaves_their_successors_user_outside(
    console: Console, visit: Visit
) -> None:
    ada = await visit("ada")
    await visit("amy")
    removal = await put(console, None)
    form = {"code": "1001", "name": "Li", "projects": "tea", "console.with_user": "yes"}
    form["console.user"] = "li"
    assert (await ada.post("/centre/new/agent", form)).status == 200
    (made,) = await console.directory.history(limit=1)
    for change in (made.id, removal):
        assert (await ada.post(f"/centre/history/{change}/undo")).status == 303
    for name in ("li", "amy"):
        user = await console.users.get(name)
        assert user is not None and user.disabled
