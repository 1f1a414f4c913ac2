"""What a supervisor changes of an agent from the board, and what the panel says of it."""

import re
from dataclasses import replace

import pytest

from centre.authority import SYSTEM
from centre.directory_service import ANY, WishedThing
from centre.kinds import Kind, Thing
from centre.organisation_settings import AgentSettings, SkillSettings, TeamSettings
from centre.running import centre_of
from domain.identity import ProjectName, TeamName
from domain.roles import Role
from tests.centre.small import WANG, small_directory
from tests.console.browserless import Client
from tests.console.conftest import Console, Visit
from tests.console.floor import TEA

ENGLISH = {"Accept-Language": "en"}
PANEL = "/centre/agent/1001/panel"
LI = WANG.model_copy(update={"code": "1002", "name": "李娜", "team": "blue"})
MORE = (SkillSettings(name="cards", title="Cards"), TeamSettings(name="blue", title="Blue"))
FORM = {"skills.sales": "7", "skills.cards": "2", "team": "red", "wrap_up_s": "45"}


async def put(console: Console, *things: Thing) -> None:
    wishes = [WishedThing(thing.KIND, thing.key, thing, ANY) for thing in things]
    await console.directory.change(SYSTEM, wishes)


@pytest.fixture
async def sue(console: Console, visit: Visit) -> Client:
    """The supervisor of the reds, over the small directory."""
    await put(console, *small_directory(), *MORE, LI)
    await console.users.change(
        "sue", by="t", role=Role.SUPERVISOR, projects={TEA}, agent=None, language=None,
        teams={TeamName("red")},
    )  # fmt: skip
    return await visit("sue")


async def the_agent(console: Console, code: str = "1001") -> AgentSettings:
    return (await console.directory.read()).directory.of(AgentSettings)[code]


async def panel(client: Client, path: str = PANEL) -> str:
    answer = await client.get(path, headers=ENGLISH)
    assert answer.status == 200
    return await answer.text()


async def save(
    client: Client, form: dict[str, str], seen: str | None = None, path: str = PANEL
) -> tuple[int, str]:
    if seen is None:
        seen = seen_in(await panel(client, path))
    answer = await client.post(path, {**form, "change.seen": seen}, headers=ENGLISH)
    return answer.status, await answer.text()


def seen_in(text: str) -> str:
    found = re.search(r'name="change.seen" value="(\d+)"', text)
    assert found, text
    return found[1]


async def test_it_shows_the_directorys_settings(sue: Client) -> None:
    text = await panel(sue)
    assert 'name="skills.sales" value="3"' in text
    assert 'name="skills.cards" value=""' in text
    assert '<option value="red" selected>' in text
    assert "Blue" not in text  # not theirs to choose
    assert 'name="wrap_up_s" value=""' in text
    for elsewhere in ('name="name"', 'name="projects"', 'name="station"', "<html"):
        assert elsewhere not in text


async def test_one_change_of_what_it_shows_and_nothing_else(sue: Client, console: Console) -> None:
    before = await the_agent(console)
    status, text = await save(sue, {**FORM, "change.note": "busy Monday", "name": "Mallory"})
    assert status == 200
    skills = {"sales": 7, "cards": 2}
    after = before.model_copy(update={"skills": skills, "wrap_up_s": 45})
    assert await the_agent(console) == after
    change = (await console.directory.history(Kind.AGENT, "1001"))[0]
    assert (change.by, change.note, change.edits) == ("sue", "busy Monday", 1)
    assert f'href="/centre/history/{change.id}"' in text
    assert 'name="skills.sales" value="7"' in text  # and it goes on from there
    assert (await save(sue, {**FORM, "wrap_up_s": ""}, seen_in(text)))[0] == 200
    assert (await the_agent(console)).wrap_up_s is None


async def test_it_says_when_the_change_acts(sue: Client, console: Console) -> None:
    status, text = await save(sue, FORM)
    assert (status, 'data-done="soon"' in text) == (200, True)  # this floor follows nobody
    wished = (await the_agent(console)).model_copy(update={"wrap_up_s": 10.0})
    kept = (await console.directory.read()).directory
    agents = tuple(
        a if a.code != "1001" else replace(a, wrap_up_s=wished.wrap_up_s)
        for a in centre_of(kept).agents
    )
    console.floor.config = replace(console.floor.config, agents=agents)
    status, text = await save(sue, {**FORM, "wrap_up_s": "10"})
    assert (status, 'data-done="next_offer"' in text) == (200, True)
    status, text = await save(sue, {**FORM, "wrap_up_s": "10"})
    assert (status, 'data-done="same"' in text) == (200, True)


async def test_whose_change_came_first_is_said_and_nothing_typed_is_lost(
    sue: Client, console: Console
) -> None:
    seen = seen_in(await panel(sue))
    wang = await the_agent(console)
    other = wang.model_copy(update={"wrap_up_s": 90.0, "name": "王芳芳"})
    await put(console, other)
    status, text = await save(sue, {**FORM, "wrap_up_s": ""}, seen)
    assert status == 409
    assert "offhook has changed this meanwhile. Nothing was saved." in text
    assert "王芳芳" in text and 'name="skills.sales" value="7"' in text
    assert 'name="wrap_up_s" value="90"' in text  # what was not touched is theirs
    assert await the_agent(console) == other
    assert (await save(sue, {**FORM, "wrap_up_s": "90"}, seen_in(text)))[0] == 200
    assert await the_agent(console) == other.model_copy(update={"skills": {"sales": 7, "cards": 2}})


@pytest.mark.parametrize(
    ("form", "status", "says"),
    [
        ({"skills.sales": "11"}, 400, "Enter 10 or less."),
        ({"skills.sales": "<b>"}, 400, 'id="wrong-skills.sales-1"'),
        ({"skills.juggling": "3"}, 400, "Skill “juggling” doesn"),
        ({"wrap_up_s": "-1"}, 400, 'id="wrong-wrap_up_s-1"'),
        ({"team": "green"}, 403, "Your role or your projects don"),
        ({"team": "blue"}, 403, "Your role or your projects don"),
        ({"team": ""}, 403, "Your role or your projects don"),
    ],
)
async def test_what_is_refused_says_why(
    form: dict[str, str], status: int, says: str, sue: Client, console: Console
) -> None:
    before = await the_agent(console)
    answer, text = await save(sue, FORM | form | {"change.note": "kept"})
    assert (answer, says in text, 'value="kept"' in text) == (status, True, True), text
    assert "<b>" not in text
    assert await the_agent(console) == before


async def test_other_teams_are_read_only_and_other_projects_not_there(
    sue: Client, console: Console, visit: Visit
) -> None:
    before = await the_agent(console, "1002")
    text = await panel(sue, "/centre/agent/1002/panel")
    assert 'id="panel-read-only"' in text and "<form" not in text and "Blue" in text
    status, _ = await save(sue, FORM, "1", "/centre/agent/1002/panel")
    assert status == 403
    assert await the_agent(console, "1002") == before
    ben = await visit("ben")
    assert (await ben.get(PANEL)).status == 404
    assert (await ben.post(PANEL, FORM)).status == 404


async def test_somebody_who_may_see_some_projects_loses_none_of_the_others(
    console: Console, visit: Visit
) -> None:
    await put(console, *small_directory(), *MORE)
    await put(console, WANG.model_copy(update={"projects": ("tea", "bank")}))
    otto = await visit("otto")  # operations of tea
    assert 'id="panel-read-only"' in await panel(otto)
    assert (await save(otto, FORM, "2"))[0] == 403
    assert (await the_agent(console)).projects == ("tea", "bank")
    await console.users.change(
        "otto", by="t", role=Role.OPS, projects={TEA, ProjectName("bank")},
        agent=None, language=None,
    )  # fmt: skip
    assert (await save(await visit("otto"), FORM))[0] == 200
    assert (await the_agent(console)).projects == ("tea", "bank")


async def test_an_agent_removed_meanwhile(sue: Client, console: Console) -> None:
    seen = seen_in(await panel(sue))
    await console.directory.change(SYSTEM, [WishedThing(Kind.AGENT, "1001", None, ANY)])
    answer = await sue.post(PANEL, {**FORM, "change.seen": seen})
    assert answer.status == 404


async def test_without_the_forms_token_nothing_happens(sue: Client, console: Console) -> None:
    before = await the_agent(console)
    answer = await sue.http.post(PANEL, data={**FORM, "change.seen": seen_in(await panel(sue))})
    assert answer.status == 403
    assert await the_agent(console) == before
