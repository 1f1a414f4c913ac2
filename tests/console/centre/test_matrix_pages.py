"""The matrix of agents and skills: what its page shows, and what saving it answers."""

import re
from typing import Any

import pytest

from centre.authority import SYSTEM
from centre.directory_service import ANY, WishedThing
from centre.kinds import Kind
from centre.organisation_settings import AgentSettings, SkillSettings
from console.centre.skill_matrix import MOST_CELLS
from domain.identity import TeamName
from domain.roles import Role
from tests.centre.small import SALES, TEAM, WANG
from tests.console.browserless import Client
from tests.console.centre.test_things import ENGLISH, page, set_up
from tests.console.conftest import Console, Visit
from tests.console.floor import TEA as TEA_PROJECT

CHEN = AgentSettings(code="1005", name="陈静", projects=("tea", "bank"), team="red")
LI = AgentSettings(code="1006", name="<b>Li</b>", projects=("tea",), skills={"english": 10})
BANKS = AgentSettings(code="1008", name="孙丽", projects=("bank",))


@pytest.fixture
async def centre(console: Console) -> Console:
    """Four agents and two skills, made by change 1."""
    await set_up(console, SkillSettings(name="english", title="English"), CHEN, LI, BANKS)
    return console


async def skills_of(console: Console, code: str) -> Any:
    return (await console.directory.read()).directory.of(AgentSettings)[code].skills


async def changes(console: Console) -> int:
    return len(await console.directory.history())


async def send(client: Client, *fields: str, note: str = "") -> tuple[int, Any]:
    if not client.token:
        await client.get("/centre/matrix")
    form = [("csrf", client.token), ("change.note", note), *(("agent", one) for one in fields)]
    headers = {**ENGLISH, "Accept": "application/json"}
    answer = await client.http.post(
        "/centre/matrix", data=form, headers=headers, allow_redirects=False
    )
    return answer.status, await answer.json()


def row(text: str, code: str) -> str:
    found = re.search(rf'<tr data-agent="{code}".*?</tr>', text, re.DOTALL)
    assert found, text
    return found[0]


async def test_a_new_centre_says_what_to_do_first(visit: Visit, console: Console) -> None:
    ada, otto = await visit("ada"), await visit("otto")
    text = await page(ada, "/centre/matrix")
    assert "There is no skill yet" in text and 'href="/centre/new/skill"' in text
    assert 'href="/centre/new/skill"' not in await page(otto, "/centre/matrix")
    await console.directory.change(SYSTEM, [WishedThing(Kind.SKILL, "sales", SALES, None)])
    text = await page(ada, "/centre/matrix")
    assert "There is no agent yet" in text and 'href="/centre/new/agent"' in text


@pytest.mark.usefixtures("centre")
@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_page_shows_levels_and_is_linked_to(language: str, visit: Visit) -> None:
    ada = await visit("ada")
    text = await page(ada, "/centre/matrix", language)
    assert re.findall(r'data-skill="(\w+)"', text) == ["sales", "english"]
    assert re.findall("<td>(.*?)</td>", row(text, "1001")) == ["3", ""]
    assert re.findall("<td>(.*?)</td>", row(text, "1006")) == ["", "10"]
    assert "<b>Li" not in text and "The reds" in row(text, "1001")
    for path in ("/centre", "/centre/agent", "/centre/skill"):
        assert 'href="/centre/matrix"' in await page(ada, path, language)
    assert 'href="/centre/matrix"' not in await page(ada, "/centre/queue", language)


@pytest.mark.usefixtures("centre")
@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("q=li", ["1006"]),
        ("team=red&project=bank", ["1005"]),
        ("q=%20&team=&project=&page=99999999999", ["1001", "1005", "1006", "1008"]),
        ("q=nobody", []),
        ("team=%00", None),
    ],
)
async def test_agents_are_filtered(query: str, codes: list[str] | None, visit: Visit) -> None:
    ada = await visit("ada")
    if codes is None:
        assert (await ada.get(f"/centre/matrix?{query}")).status == 400
        return
    text = await page(ada, f"/centre/matrix?{query}")
    assert re.findall(r'data-agent="(\d+)"', text) == codes
    assert ("No agent fits these filters" in text) == (codes == [])


async def test_many_agents_are_on_several_pages(visit: Visit, console: Console) -> None:
    many = [WANG.model_copy(update={"code": str(code)}) for code in range(5_000, 5_450)]
    await set_up(console, *many)
    ada = await visit("ada")
    text = await page(ada, "/centre/matrix?q=5&team=red")
    assert text.count("<tr data-agent") == 400
    assert 'href="/centre/matrix?q=5&amp;team=red&amp;page=2"' in text
    text = await page(ada, "/centre/matrix?q=5&team=red&page=2")
    assert text.count("<tr data-agent") == 50 and 'aria-rowcount="451"' in text
    assert 'data-agent="5400" data-seen="1" aria-rowindex="402"' in text


async def test_all_cells_are_saved_as_one_change_that_can_be_undone(
    visit: Visit, centre: Console
) -> None:
    ada = await visit("ada")
    status, answer = await send(
        ada, "1001 1 sales.0 english.7", "1005 1 english.10", note="English day"
    )
    assert (status, answer["ok"]) == (200, True)
    assert answer["agents"]["1001"] == {"seen": 2, "levels": {"english": 7}}
    assert 'href="/centre/history/2"' in answer["html"]
    assert await skills_of(centre, "1001") == {"english": 7}
    assert await skills_of(centre, "1005") == {"english": 10}
    text = await page(ada, "/centre/history/2")
    assert "English day" in text and text.count('href="/centre/agent/') >= 2
    assert (await ada.post("/centre/history/2/undo")).status == 303
    assert await skills_of(centre, "1001") == {"sales": 3}
    status, answer = await send(ada, "1001 3 sales.3")
    assert (status, await changes(centre)) == (200, 3)
    assert "Nothing had changed" in answer["html"] and answer["agents"]["1001"]["seen"] == 3


async def test_what_others_changed_meanwhile_is_shown_and_not_overwritten(
    visit: Visit, centre: Console
) -> None:
    ada = await visit("ada")
    theirs = WANG.model_copy(update={"skills": {"sales": 5}, "wrap_up_s": 45.0})
    await centre.directory.change(SYSTEM, [WishedThing(Kind.AGENT, "1001", theirs, 1)], note="hot")
    status, answer = await send(ada, "1001 1 english.7", "1006 1 english.0")
    assert (status, answer["ok"], await changes(centre)) == (409, False, 2)
    for said in ("offhook", 'href="/centre/history/2"', "hot", "After-call", "45"):
        assert said in answer["html"], said
    assert answer["agents"] == {"1001": {"seen": 2, "levels": {"sales": 5}}}
    status, answer = await send(ada, "1001 2 english.7", "1006 1 english.0")
    assert (status, await changes(centre)) == (200, 3)
    assert await skills_of(centre, "1001") == {"sales": 5, "english": 7}
    agent = (await centre.directory.read()).directory.of(AgentSettings)["1001"]
    assert agent.wrap_up_s == 45


async def test_who_or_what_has_gone_meanwhile_is_named(visit: Visit, centre: Console) -> None:
    ada = await visit("ada")
    gone = [
        WishedThing(Kind.AGENT, "1006", None, ANY),
        WishedThing(Kind.SKILL, "english", None, ANY),
    ]
    await centre.directory.change(SYSTEM, gone)
    status, answer = await send(ada, "1001 1 sales.4", "1006 1 english.0")
    assert (status, answer["locked_agents"]) == (409, ["1006"])
    assert "1006" in answer["message"] and "Nothing was saved" in answer["message"]
    status, answer = await send(ada, "1001 1 sales.4 english.2")
    assert (status, answer["locked_skills"]) == (409, ["english"])
    assert await skills_of(centre, "1001") == {"sales": 3}


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        (["9999 1 sales.3"], 409, "no_such_agent"),
        (["1001 1 sales.3 nothing.4"], 409, "no_such_skill"),
        (["1001 1 <script>.4"], 409, "no_such_skill"),
        (["1001 1 sales.11"], 400, "no_such_level"),
        (["1001 1 sales.-1"], 400, "no_such_level"),
        (["1001 1 sales.4 sales.5"], 400, "twice"),
        (["1001 1 sales.4", "1001 1 english.5"], 400, "twice"),
        (["1001 sales.4"], 400, "unreadable"),
        (["1001 1 sales.4", ""], 400, "unreadable"),
        ([f"1001 1 {' '.join(f's{n}.1' for n in range(MOST_CELLS + 1))}"], 400, "too_many"),
        ([f"1001 1 {' '.join(f'{n}.1' for n in range(100_000))}"], 413, "too_large"),
    ],
)
async def test_hostile_input_is_one_clear_error(
    fields: list[str], status: int, error: str, visit: Visit, centre: Console
) -> None:
    ada = await visit("ada")
    found, answer = await send(ada, "1006 1 english.9", *fields)
    assert (found, answer["error"]) == (status, error)
    assert answer["message"] and not answer.get("ok")
    assert (await changes(centre), await skills_of(centre, "1006")) == (1, {"english": 10})


async def test_nothing_is_sent(visit: Visit, centre: Console) -> None:
    status, answer = await send(await visit("ada"))
    assert (status, answer["agents"], await changes(centre)) == (200, {}, 1)


async def test_operations_of_some_projects_change_their_own(visit: Visit, centre: Console) -> None:
    otto = await visit("otto")
    text = await page(otto, "/centre/matrix")
    assert re.findall(r'data-agent="(\d+)"', text) == ["1001", "1005", "1006"]
    assert "aria-readonly" not in row(text, "1001")
    assert row(text, "1005").count('<td aria-readonly="true">') == 2
    assert "bank" not in text.casefold()
    for agent, status, error in (
        ("1005", 403, "not_theirs"),
        ("1008", 409, "no_such_agent"),
    ):
        found, answer = await send(otto, "1001 1 sales.9", f"{agent} 1 sales.9")
        assert (found, answer["error"], answer["locked_agents"]) == (status, error, [agent])
    assert (await changes(centre), await skills_of(centre, "1001")) == (1, {"sales": 3})
    assert (await send(otto, "1001 1 sales.9"))[0] == 200


async def test_supervisors_change_agents_of_their_teams(visit: Visit, centre: Console) -> None:
    sue = await visit("sue")
    assert 'id="save"' not in await page(sue, "/centre/matrix")
    assert (await send(sue, "1001 1 sales.9"))[0] == 403
    await centre.users.change(
        "sue", by="test", role=Role.SUPERVISOR, projects={TEA_PROJECT}, agent=None, language=None,
        teams={TeamName(TEAM.name)},
    )  # fmt: skip
    sue = await visit("sue")
    text = await page(sue, "/centre/matrix")
    assert 'id="save"' in text and "aria-readonly" not in row(text, "1001")
    assert "aria-readonly" in row(text, "1005") and "aria-readonly" in row(text, "1006")
    assert (await send(sue, "1006 1 english.1"))[0] == 403
    assert (await send(sue, "1001 1 sales.9"))[0] == 200
    moved = WANG.model_copy(update={"team": None, "skills": {"sales": 9}})
    await centre.directory.change(SYSTEM, [WishedThing(Kind.AGENT, "1001", moved, 2)])
    status, answer = await send(sue, "1001 2 sales.1")
    assert (status, answer["error"]) == (403, "not_theirs")
    assert await skills_of(centre, "1001") == {"sales": 9}


async def test_others_projects_are_not_in_a_conflict(visit: Visit, centre: Console) -> None:
    """Somebody takes an agent out of a project that the asker doesn't know."""
    both = WANG.model_copy(update={"projects": ("tea", "bank")})
    await centre.directory.change(SYSTEM, [WishedThing(Kind.AGENT, "1001", both, 1)])
    await centre.directory.change(SYSTEM, [WishedThing(Kind.AGENT, "1001", WANG, 2)])
    status, answer = await send(await visit("otto"), "1001 2 sales.9")
    assert status == 409
    assert "bank" not in answer["html"].casefold()
