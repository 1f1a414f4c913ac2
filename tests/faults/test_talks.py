"""What a call's record says about agents, transfers and hang-ups."""

import itertools

import pytest
import pytest_asyncio

from centre.directory import Directory
from centre.inbound_settings import QueueSettings
from centre.kinds import Thing
from centre.organisation_settings import AgentSettings
from domain.floor_facts import Transferred
from records.call_queries import StoredCall
from tests.faults.conftest import SceneFactory
from tests.faults.scene import Scene, assert_right, bridged_s, counted, kinds, story

pytestmark = [pytest.mark.live, pytest.mark.long, pytest.mark.asyncio(loop_scope="module")]

_numbers = itertools.count(13_800_000_001)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def built(module_scene: SceneFactory) -> Scene:
    """The first of two agents is ready."""
    return await module_scene(agents=2, seated=1)


def somebody() -> str:
    """The number of a customer who has not called yet."""
    return str(next(_numbers))


async def queue_of(one: Scene, **settings: float) -> None:
    """The queue has these settings until the test is over; returns when the controller has them."""

    def edit(now: Directory) -> list[Thing]:
        queue, second = now.of(QueueSettings)["tea"], now.of(AgentSettings)["1002"]
        # The name shows on the board what the settings don't.
        name = f"{second.name}, {settings}"
        return [queue.model_copy(update=settings), second.model_copy(update={"name": name})]

    await one.change(edit)
    await one.until(
        lambda board: any(agent["name"].endswith(f", {settings}") for agent in board["agents"]),
        what=f"the queue to have {settings}",
    )


async def test_whoever_hangs_up_is_named(one: Scene) -> None:
    first, second, third = somebody(), somebody(), somebody()
    await one.phones("answer-0,speak-2,hangup")
    await one.far.ended(await one.customer("speak-60", first))
    by_agent = await one.stored(first)
    await one.phones("answer-0,speak-60")
    await one.far.ended(await one.customer("speak-3,hangup", second))
    by_caller = await one.stored(second)
    await one.phones("ring")
    call = await one.customer("speak-60", third)
    await one.until_stages(ringing=1)
    await one.far.hang_up(call)
    in_queue = await one.stored(third)

    # The flow goes on after the agent has hung up, and ends the call.
    for stored, talk, call in (
        (by_agent, "agent", "flow"),
        (by_caller, "caller", "caller"),
        (in_queue, None, "caller"),
    ):
        record = assert_right(stored)
        assert (record.talk_ended_by, record.ended_by) == (talk, call), story(stored)
        assert record.cause == 16, story(stored)
    (leg,) = by_agent.record.legs
    assert (leg.agent, leg.outcome) == (by_agent.record.agents[0], "talked")
    assert leg.talk_s > 1.5, story(by_agent)
    assert abs(leg.talk_s - bridged_s(one, by_agent.record.call, leg.station)) < 0.5
    assert (by_agent.record.outcome, in_queue.record.outcome) == ("answered", "abandoned")
    assert in_queue.record.legs[0].outcome == "caller_left", story(in_queue)
    assert "controller_lost" not in kinds(by_agent)


async def test_a_missed_call_sets_the_agent_away_and_the_caller_stays_at_the_head(
    one: Scene,
) -> None:
    await queue_of(one, ring_s=5)
    ahead, behind = somebody(), somebody()
    await one.phones("ring")
    first = await one.customer("speak-60", ahead)
    await one.until_stages(ringing=1)
    second = await one.customer("speak-60", behind)
    await one.until_stages(ringing=1, queue=1)
    board = await one.until(lambda b: b["agents"][0]["state"] == "paused")
    assert board["agents"][0]["reason"] == "missed"
    board = await one.until_stages(queue=2)
    places = {call["caller"]: call["position"] for call in board["calls"]}
    assert places == {ahead: 1, behind: 2}

    await one.phones("answer-0,speak-2,hangup")
    await one.command("1001", "ready")
    await one.until(lambda b: counted(b["calls"], "stage") == {"talking": 1, "queue": 1})
    await one.far.ended(first)
    await one.far.ended(second)
    missed, other = await one.all_ended([ahead, behind])
    assert_right(missed)
    assert_right(other)
    assert [leg.outcome for leg in missed.record.legs] == ["no_answer", "talked"], story(missed)
    assert missed.record.wait_s is not None
    assert missed.record.wait_s > 5
    answered = (missed.record.answered_at, other.record.answered_at)
    assert answered[0] and answered[1] and answered[0] < answered[1]


async def test_an_agent_who_logs_out_while_his_phone_rings_is_left_in_peace(one: Scene) -> None:
    caller = somebody()
    await one.phones("ring")
    call = await one.customer("speak-60", caller)
    await one.until_stages(ringing=1)
    await one.far.event("FarendRinging", Station="1001")
    await one.command("1001", "log_out")
    board = await one.until_stages(queue=1)
    assert board["agents"][0]["state"] == "logged_out"
    names = await one.channels()
    assert not [name for name in names if name.startswith("PJSIP/1001")], names
    await one.far.hang_up(call)
    stored = await one.stored(caller)
    assert_right(stored)
    assert [leg.outcome for leg in stored.record.legs] == ["withdrawn"], story(stored)


async def test_a_blind_transfer_is_in_the_timeline(one: Scene) -> None:
    caller = somebody()
    # Nobody has logged in at the phone that the call is passed to.
    await one.phones("answer-0,speak-2,transfer-blind-1002", ["1001"])
    await one.phones("answer-0,speak-3,hangup", ["1002"])
    await one.far.ended(await one.customer("speak-60", caller))
    stored = await one.stored(caller)
    assert_transferred(stored, "1002")
    for leg, least in zip(stored.record.legs, (1.5, 2.5), strict=True):
        assert leg.talk_s > least, story(stored)
        assert abs(leg.talk_s - bridged_s(one, stored.record.call, leg.station)) < 0.5


async def test_a_talk_does_not_count_against_the_longest_wait(one: Scene) -> None:
    """A transfer that fails after a talk longer than ``max_wait_s`` leads back to the queue."""
    await queue_of(one, max_wait_s=6, wrap_up_s=2)
    caller = somebody()
    await one.phones("answer-0,speak-7,transfer-blind-1002", ["1001"])
    await one.phones("busy", ["1002"])
    call = await one.customer("speak-60", caller)
    await one.until_stages(talking=1)
    await one.phones("answer-0,speak-2,hangup", ["1001"])
    await one.far.ended(call)
    stored = await one.stored(caller)
    record, text = assert_right(stored), story(stored)
    assert "left_queue" not in kinds(stored), text
    assert [leg.outcome for leg in record.legs] == ["transferred", "talked"], text
    assert [(stay.queue, stay.outcome) for stay in record.stays] == [("tea", "answered")], text


async def test_hold_and_an_attended_transfer_are_in_the_timeline(one: Scene) -> None:
    caller = somebody()
    await one.phones("answer-0,speak-1,hold-2,speak-1,transfer-attended-1002,wait-1", ["1001"])
    await one.phones("answer-0,speak-5,hangup", ["1002"])
    await one.far.ended(await one.customer("speak-60", caller))
    stored = await one.stored(caller)
    assert_transferred(stored, "1002")
    first = stored.record.legs[0]
    # The hold key for 2 s, less the time its messages take.
    assert first.hold_s > 1.5, story(stored)
    assert first.talk_s > 1.5, story(stored)
    together = bridged_s(one, stored.record.call, first.station)
    assert abs(first.talk_s + first.hold_s - together) < 0.5, story(stored)
    held = [kind for kind in kinds(stored) if kind in ("held", "resumed")]
    assert held[:2] == ["held", "resumed"], story(stored)


def assert_transferred(stored: StoredCall, to: str) -> None:
    record, text = assert_right(stored), story(stored)
    assert (record.talk_ended_by, record.ended_by) == ("agent", "flow"), text
    assert [leg.station for leg in record.legs] == ["1001", to], text
    assert [leg.agent for leg in record.legs] == ["1001", None], text
    assert [leg.outcome for leg in record.legs] == ["transferred", "talked"], text
    (told,) = [fact.what for fact in stored.timeline if isinstance(fact.what, Transferred)]
    assert told.from_agent == "1001", text
    assert told.to == to, text
    assert "controller_lost" not in kinds(stored), text
