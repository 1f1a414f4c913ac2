"""A new centre's first steps: what is done, next and waits, and forms filled in already."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import expect

from centre.authority import SYSTEM
from centre.directory import Directory, directory_of
from centre.directory_service import WishedThing
from centre.endpoint_settings import StationSettings
from centre.inbound_settings import HotlineSettings, QueueSettings
from centre.kinds import Kind, Thing
from centre.organisation_settings import AgentSettings, TeamSettings
from centre.things import MODELS
from console.centre.fields import fields_of
from console.centre.filled_forms import Typed
from console.centre.first_steps import FirstStep, LiveSigns, StepState, guide
from console.centre.first_values import filled
from console.centre.reach import SeenDirectory
from domain.agent_facts import AgentState
from domain.call_facts import CallEnded, CallEntered
from domain.facts import CallFact
from domain.floor_facts import Queued, TalkBegan
from domain.identity import AgentCode, CallId, LineName, QueueName, SkillName, StationName
from domain.reasons import Party
from domain.roles import Actor, Role
from domain.stations import OWN_PHONES, StationState
from engine.board_ports import CallStage, CallView
from records.writing import write
from storage.database import connection
from storage.fact_codec import stored
from tests.centre.small import BANK, PHONE, QUEUE, SALES, TEA, TEAM
from tests.console.browsing import Open
from tests.console.conftest import ENTERED, Console, Visit
from tests.console.floor import TEA as TEA_NAME

ENGLISH = {"Accept-Language": "en"}
NUMBER = HotlineSettings(number="4009", project="tea", flow="greeting", queue="sales")
OTHER = StationSettings(name="1002")
LI = AgentSettings(code="1002", name="李雷", projects=("tea",), skills={"sales": 3}, station="1001")
REGISTERED = LiveSigns({StationName(n): StationState.IDLE for n in ("1001", "1002")})
AT_WORK = LiveSigns(REGISTERED.phones, {AgentCode("1002"): AgentState.READY})
ANSWERED = LiveSigns(answered=True)
ADMIN = Actor("ada", Role.ADMIN, None, frozenset())


def states(live: LiveSigns, *things: Thing) -> dict[str, str]:
    return {each.step: each.state for each in guide(directory_of(things), live).steps}


@pytest.mark.parametrize(
    ("things", "live", "next_step"),
    [
        ((), LiveSigns(), "project"),
        ((SALES,), LiveSigns(), "project"),
        ((TEA,), LiveSigns(), "skill"),
        ((TEA, SALES), LiveSigns(), "queue"),
        ((TEA, SALES, QUEUE), LiveSigns(), "number"),
        ((TEA, SALES, QUEUE, NUMBER), LiveSigns(), "phones"),
        ((TEA, SALES, QUEUE, NUMBER, PHONE), LiveSigns(), "phones"),
        ((TEA, SALES, QUEUE, NUMBER, PHONE, OTHER), LiveSigns(), "register"),
        ((TEA, SALES, QUEUE, NUMBER, PHONE, OTHER), REGISTERED, "agent"),
        ((TEA, SALES, QUEUE, NUMBER, PHONE, OTHER, LI), REGISTERED, "log_in"),
        ((TEA, SALES, QUEUE, NUMBER, PHONE, OTHER, LI), AT_WORK, "call"),
        ((TEA, SALES, QUEUE, NUMBER, PHONE, OTHER, LI), ANSWERED, None),
        ((TEA, SALES, QUEUE, NUMBER, PHONE, LI), ANSWERED, None),  # an old centre with one phone
    ],
)
def test_one_step_is_next(things: tuple[Thing, ...], live: LiveSigns, next_step: str) -> None:
    assert guide(directory_of(things), live).next == next_step
    assert list(states(live, *things).values()).count(StepState.NEXT) == (next_step is not None)


def test_steps_wait_for_others_and_the_line_may_come_last() -> None:
    found = {each.step: each for each in guide(Directory(), LiveSigns()).steps}
    assert found[FirstStep.QUEUE].waits_for is FirstStep.PROJECT
    assert found[FirstStep.SKILL].state is StepState.POSSIBLE
    assert found[FirstStep.LINE].state is StepState.POSSIBLE
    whole = guide(directory_of((TEA, SALES, QUEUE, NUMBER, PHONE, LI)), ANSWERED)
    assert whole.complete
    assert whole.steps[-1] == found[FirstStep.LINE]


@pytest.mark.parametrize(
    "change", [{"skills": {}}, {"skills": {"tea": 9}}, {"skills": {"sales": 1}}]
)
def test_an_agent_whom_no_queue_would_ring_is_not_enough(change: dict[str, Any]) -> None:
    demanding = QUEUE.model_copy(update={"min_level": 2})
    agent = LI.model_copy(update=change)
    assert states(LiveSigns(), TEA, SALES, demanding, agent)["agent"] != "done"
    assert states(LiveSigns(), TEA, SALES, demanding, LI)["agent"] == "done"


def form_of(
    kind: Kind, *things: Thing, actor: Actor = ADMIN, flows: Any = ("greeting", "hotline")
) -> Typed:
    seen = SeenDirectory(actor, directory_of(things))
    return filled(kind, fields_of(MODELS[kind]), seen, flows)


def test_the_only_choices_are_made_already() -> None:
    assert form_of(Kind.PROJECT) == Typed({"name": "main"})
    assert form_of(Kind.QUEUE, TEA, SALES) == Typed(
        {"name": "main", "project": "tea", "skill": "sales"}
    )
    assert form_of(Kind.HOTLINE, TEA, SALES, QUEUE) == Typed(
        {"project": "tea", "flow": "greeting", "queue": "sales"}
    )
    assert form_of(Kind.AGENT, TEA, SALES, PHONE) == Typed(
        {"code": "1001", "station": "1001", "skills.sales": "5"}, {"projects": frozenset({"tea"})}
    )


def test_what_could_be_one_or_another_is_left_to_the_user() -> None:
    two = form_of(Kind.HOTLINE, TEA, BANK, SALES, QUEUE, QueueSettings(
        name="second", project="tea", skill="sales"
    ))  # fmt: skip
    assert two == Typed({"flow": "greeting"})
    assert form_of(Kind.QUEUE, TEA, BANK, SALES, QUEUE) == Typed({"skill": "sales"})
    assert form_of(Kind.HOTLINE, flows=("shop", "bank")) == Typed({})
    with_hotline = NUMBER.model_copy(update={"flow": "shop"})
    assert form_of(Kind.HOTLINE, TEA, QUEUE, with_hotline) == Typed(
        {"project": "tea", "flow": "shop"}
    )


def test_numbers_go_on_and_never_meet_another() -> None:
    assert form_of(Kind.STATION) == Typed({"name": "101"})
    assert form_of(Kind.STATION, PHONE, OTHER) == Typed({"name": "1003"})
    assert form_of(Kind.STATION, StationSettings(name="099")) == Typed({"name": "100"})
    assert form_of(Kind.STATION, StationSettings(name="99")) == Typed({})
    assert form_of(Kind.STATION, OTHER, PHONE) == Typed({})  # 1002 is there
    number = HotlineSettings(number="101", project="tea", flow="greeting")
    assert form_of(Kind.STATION, number) == Typed({})


def test_a_supervisor_makes_agents_of_their_team() -> None:
    one = Actor("sue", Role.SUPERVISOR, None, frozenset({"red"}))
    assert form_of(Kind.AGENT, TEAM, actor=one).texts["team"] == "red"
    two = Actor("sue", Role.SUPERVISOR, None, frozenset({"red", "blue"}))
    others = TeamSettings(name="blue", title="Blue")
    assert "team" not in form_of(Kind.AGENT, TEAM, others, actor=two).texts


# The pages


async def made(console: Console, *things: Thing) -> None:
    await console.directory.change(
        SYSTEM, [WishedThing(thing.KIND, thing.key, thing, None) for thing in things]
    )


async def call_of(console: Console, *, answered: bool) -> CallId:
    """A call from one of our phones, that has ended."""
    call = CallId("pbx1-1767225600.21")
    happenings = [
        CallEntered("4009", TEA_NAME, OWN_PHONES, "1002", None, "greeting"),
        Queued(QueueName("sales"), SkillName("sales")),
        *([TalkBegan(AgentCode("1001"), StationName("1001"))] if answered else []),
        CallEnded(Party.CALLER, 16, why=None),
    ]
    facts = [stored(CallFact(str(uuid4()), call, ENTERED, what)) for what in happenings]
    async with connection(console.database.pool) as db:
        await write(db, facts)
    return call


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_steps_are_on_the_overview_until_the_centre_takes_calls(
    language: str, visit: Visit, console: Console
) -> None:
    headers = {"Accept-Language": language}
    ada = await visit("ada")

    async def text(path: str = "/centre") -> str:
        return await (await ada.get(path, headers=headers)).text()

    assert 'data-next="project"' in await text()
    await made(console, TEA, SALES, QUEUE, NUMBER, PHONE, OTHER, LI)
    assert 'data-next="register"' in await text()
    console.floor.phones = dict(REGISTERED.phones)
    assert 'data-next="log_in"' in await text()
    call = await call_of(console, answered=False)
    view = console.floor.agents[AgentCode("1002")]
    console.floor.agents[view.code] = replace(view, state=AgentState.READY)
    page = await text("/centre/first-steps")
    assert 'data-next="call"' in page and 'data-outcome="abandoned"' in page
    assert f"/calls/{call}" in page
    console.floor.calls[call] = CallView(
        CallId("pbx1-2.2"), TEA_NAME, "1002", "4009", LineName(OWN_PHONES), CallStage.QUEUE,
        ENTERED, ENTERED,
    )  # fmt: skip
    assert 'id="arrived"' in await text()
    await call_of(console, answered=True)
    page = await text()
    assert 'id="takes-calls"' in page and 'id="first-steps"' not in page
    assert 'data-next=""' in await text("/centre/first-steps")


async def test_what_has_not_changed_is_not_sent_again(visit: Visit, console: Console) -> None:
    ada = await visit("ada")
    asked = {"HX-Request": "true"}
    first = await (await ada.get("/centre/first-steps", headers=asked)).text()
    assert first.startswith("<section") and "<html" not in first
    where = first.partition('hx-get="')[2].partition('"')[0].replace("&amp;", "&")
    assert (await ada.get(where, headers=asked)).status == 204
    await made(console, TEA)
    again = await ada.get(where, headers=asked)
    assert again.status == 200 and 'data-next="skill"' in await again.text()


async def test_whoever_may_not_make_a_thing_is_not_sent_there(
    visit: Visit, console: Console
) -> None:
    """Operations of one project see how far it is."""
    await made(console, TEA, SALES, QUEUE)
    otto, sue = await visit("otto"), await visit("sue")
    page = await (await otto.get("/centre/first-steps", headers=ENGLISH)).text()
    assert 'id="do-number"' in page and 'id="do-phones"' not in page
    assert (await sue.get("/centre/first-steps")).status == 403
    assert 'id="first-steps"' not in await (await sue.get("/centre")).text()
    assert (await sue.get("/centre")).status == 200


async def test_whatever_is_made_leads_on(visit: Visit) -> None:
    ada = await visit("ada")
    form = {"name": "main", "title": "Tea"}
    answer = await ada.post("/centre/new/project", form, headers=ENGLISH)
    text = await (await ada.get(answer.headers["Location"], headers=ENGLISH)).text()
    assert 'id="next-step"' in text and "Next: A skill" in text
    text = await (await ada.get("/centre/project/main", headers=ENGLISH)).text()
    assert 'id="next-step"' not in text
    made_phone = await ada.post("/centre/new/station", {"name": "101"}, headers=ENGLISH)
    text = await made_phone.text()
    assert 'id="credentials"' in text and 'id="next-step"' in text


@pytest.mark.live
async def test_from_nothing_to_a_number_by_keyboard_alone(
    open_page: Open, console: Console
) -> None:
    page = await open_page("/centre", "ada")

    async def create(step: str, **typed: str) -> None:
        button = page.locator(f"#do-{step}")
        await expect(button).to_be_visible()
        await button.focus()
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/centre/new/**")
        for name, text in typed.items():
            await page.locator(f'[id="f-{name}"]').fill(text)
        await page.get_by_role("button", name="Create").focus()
        await page.keyboard.press("Enter")
        if step not in ("phones", "agent"):
            await page.wait_for_url("**?done=created")
        await page.locator("#next-step").focus()
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/centre/first-steps")

    await create("project", title="Tea")
    await create("skill")
    await create("queue")
    await create("number", number="4008009000")
    await create("phones")
    await create("phones")
    await create("agent", name="Wang Fang")
    things = (await console.directory.read()).directory
    number = things.of(HotlineSettings)["4008009000"]
    assert (number.project, number.flow, number.queue) == ("main", "greeting", "main")
    agent = things.of(AgentSettings)["1001"]
    assert (agent.station, agent.skills, agent.projects) == ("101", {"general": 5}, ("main",))
    # The phones are waited for, and appear without a reload.
    await expect(page.locator("#phone-101")).to_have_attribute("data-registered", "no")
    settings = page.locator("#settings-102")
    await settings.focus()
    console.floor.phones[StationName("101")] = StationState.IDLE
    await expect(page.locator("#phone-101")).to_have_attribute("data-registered", "yes")
    await expect(settings).to_be_focused()
    console.floor.phones[StationName("102")] = StationState.IDLE
    await expect(page.locator("#step-register")).to_have_attribute("data-state", "done")
