"""The directory is changed while the centre works, or its controller is away."""

import asyncio

import aiohttp
import pytest
import pytest_asyncio

from centre.authority import SYSTEM
from centre.directory_service import ANY, DirectoryService, WishedThing
from centre.directory_store import DirectoryStore
from centre.inbound_settings import QueueSettings
from centre.kinds import Kind, Thing
from centre.organisation_settings import AgentSettings, SkillSettings
from console.kit.guard import SESSION_COOKIE
from console.kit.live import SIGNED_OUT
from domain.identity import AgentCode
from domain.roles import Role
from storage.accounts import accounts_of
from tests.faults.conftest import SceneFactory
from tests.faults.scene import Scene

pytestmark = [pytest.mark.live, pytest.mark.long, pytest.mark.asyncio(loop_scope="module")]

CHANGES = 300
ANSWERS_WITHIN_S = 10.0
"""A desk would ask by itself after 15."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def built(module_scene: SceneFactory) -> Scene:
    """The first of two agents is ready."""
    return await module_scene(agents=2, seated=1, nobody_grace_s=600)


def directory_of(one: Scene) -> DirectoryService:
    """What any other process would change the centre with."""
    return DirectoryService(DirectoryStore(one.pool))


async def put(one: Scene, *things: Thing) -> None:
    wishes = [WishedThing(thing.KIND, thing.key, thing, ANY) for thing in things]
    await directory_of(one).change(SYSTEM, wishes)


async def agent(one: Scene, code: str) -> AgentSettings:
    kept = await directory_of(one).read()
    return kept.directory.of(AgentSettings)[code]


async def test_a_skill_counts_from_the_next_offer(one: Scene) -> None:
    """A skill is taken away during a talk, which goes on; the next caller waits until that is
    undone."""
    await one.phones("answer-0,speak-60")
    first = await one.customer("speak-60", "13800000001")
    await one.until_stages(talking=1)
    service = directory_of(one)
    before = await agent(one, "1001")
    change = await service.change(
        SYSTEM,
        [
            WishedThing(
                Kind.AGENT,
                "1001",
                before.model_copy(update={"skills": {"sales": 3}}),
                (await service.read()).changed[Kind.AGENT, "1001"],
            )
        ],
    )
    await one.talk_on()
    assert (await one.console.board())["calls"][0]["stage"] == "talking"  # it is not disturbed
    await one.far.hang_up(first)
    second = await one.customer("speak-60", "13800000002")
    board = await one.until_stages(queue=1)
    assert board["calls"][0]["agent"] is None  # the agent has after-call work of 1 s, and no skill
    await service.undo(SYSTEM, change.id)
    board = await one.until_stages(talking=1)
    assert board["calls"][0]["agent"] == "1001"
    await one.far.hang_up(second)
    for found in await one.all_ended(["13800000001", "13800000002"]):
        assert found.record.outcome == "answered"


async def test_what_was_changed_while_the_controller_was_away(one: Scene) -> None:
    await one.phones("answer-0,speak-60")
    await one.customer("speak-60", "13800000003")
    await one.until_stages(talking=1)
    await one.stack.controller.kill()
    await put(
        one,
        SkillSettings(name="loans"),
        QueueSettings(name="loans", project="tea", skill="loans"),
        (await agent(one, "1002")).model_copy(update={"name": "Renamed"}),
    )
    await one.stack.controller.start()
    board = await one.until(
        lambda b: (
            any(queue["name"] == "loans" for queue in b["queues"])
            and [call["stage"] for call in b["calls"]] == ["talking"]
        ),
        30,
        "the new queue, and the talk",
    )
    assert {row["code"]: row["name"] for row in board["agents"]}["1002"] == "Renamed"


async def test_many_changes_at_once_end_in_the_last(one: Scene) -> None:
    """Five people change the same centre as fast as they can, while calls go on."""
    await one.command("1002", "log_in", station="1002")
    await one.command("1002", "ready")
    await one.phones("answer-0,speak-60")
    calls = [await one.customer("speak-60", f"1390000000{n}") for n in range(2)]
    await one.until_stages(talking=2)
    before = len(await DirectoryStore(one.pool).history(limit=500))

    async def changes(person: int) -> None:
        for number in range(CHANGES // 5):
            name = f"Agent {person}-{number}"
            await put(one, (await agent(one, "1001")).model_copy(update={"name": name}))

    await asyncio.gather(*map(changes, range(5)))
    last = await agent(one, "1001")
    board = await one.until(
        lambda b: {row["code"]: row["name"] for row in b["agents"]}["1001"] == last.name,
        30,
        "the last change",
    )
    assert [call["stage"] for call in board["calls"]] == ["talking", "talking"]
    assert len(await DirectoryStore(one.pool).history(limit=500)) == before + CHANGES
    for call in calls:
        await one.far.hang_up(call)


async def test_a_removed_agent_is_signed_out_at_once_and_an_undo_lets_them_in(one: Scene) -> None:
    """Their open desk closes; whoever made the change was another process."""
    accounts = accounts_of(one.pool)
    await accounts.users.create(
        "amy", "a long password", Role.AGENT, by="t", agent=AgentCode("1001")
    )
    token = (await accounts.logins.login("amy", "a long password")).token
    url = one.stack.console_url.rstrip("/")
    headers = {"Origin": url, "Cookie": f"{SESSION_COOKIE}={token}"}
    service = directory_of(one)
    async with aiohttp.ClientSession(headers=headers) as browser:
        desk = await browser.ws_connect(f"{url}/desk/live")
        await desk.receive_json(timeout=ANSWERS_WITHIN_S)
        gone = WishedThing(Kind.AGENT, "1001", None, ANY)
        removal = await service.change(SYSTEM, [gone])
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            while (await desk.receive()).type is not aiohttp.WSMsgType.CLOSE:
                pass
        assert desk.close_code == SIGNED_OUT
        async with browser.get(f"{url}/desk", allow_redirects=False) as page:
            assert page.headers["Location"].startswith("/login")
        await service.undo(SYSTEM, removal.id)
        async with browser.get(f"{url}/desk", allow_redirects=False) as page:
            assert page.status == 200
