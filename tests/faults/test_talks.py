"""What a call's record says about agents, transfers and hang-ups."""

import pytest

from domain.floor_facts import Transferred
from records.call_queries import StoredCall
from tests.faults.conftest import SceneFactory
from tests.faults.scene import assert_right, bridged_s, counted, kinds, story

pytestmark = [pytest.mark.live, pytest.mark.long]


async def test_whoever_hangs_up_is_named(scene: SceneFactory) -> None:
    one = await scene(agents=2)
    await one.phones("answer-0,speak-2,hangup")
    await one.far.ended(await one.customer("speak-60", "13800000001"))
    by_agent = await one.stored("13800000001")
    await one.phones("answer-0,speak-60")
    await one.far.ended(await one.customer("speak-3,hangup", "13800000002"))
    by_caller = await one.stored("13800000002")
    await one.phones("ring")
    call = await one.customer("speak-60", "13800000003")
    await one.until_stages(ringing=1)
    await one.far.hang_up(call)
    in_queue = await one.stored("13800000003")

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
    scene: SceneFactory,
) -> None:
    one = await scene(agents=2, seated=1, ring_s=5)
    await one.phones("ring")
    first = await one.customer("speak-60", "13800000001")
    await one.until_stages(ringing=1)
    second = await one.customer("speak-60", "13800000002")
    await one.until_stages(ringing=1, queue=1)
    board = await one.until(lambda b: b["agents"][0]["state"] == "paused")
    assert board["agents"][0]["reason"] == "missed"
    board = await one.until_stages(queue=2)
    places = {call["caller"]: call["position"] for call in board["calls"]}
    assert places == {"13800000001": 1, "13800000002": 2}

    await one.phones("answer-0,speak-2,hangup")
    await one.command("1001", "ready")
    await one.until(lambda b: counted(b["calls"], "stage") == {"talking": 1, "queue": 1})
    await one.far.ended(first)
    await one.far.ended(second)
    missed, other = await one.all_ended(["13800000001", "13800000002"])
    assert_right(missed)
    assert_right(other)
    assert [leg.outcome for leg in missed.record.legs] == ["no_answer", "talked"], story(missed)
    assert missed.record.wait_s is not None
    assert missed.record.wait_s > 5
    answered = (missed.record.answered_at, other.record.answered_at)
    assert answered[0] and answered[1] and answered[0] < answered[1]


async def test_an_agent_who_logs_out_while_his_phone_rings_is_left_in_peace(
    scene: SceneFactory,
) -> None:
    one = await scene(agents=2, seated=1)
    await one.phones("ring")
    call = await one.customer("speak-60", "13800000001")
    await one.until_stages(ringing=1)
    await one.far.event("FarendRinging", Station="1001")
    await one.command("1001", "log_out")
    board = await one.until_stages(queue=1)
    assert board["agents"][0]["state"] == "logged_out"
    names = await one.channels()
    assert not [name for name in names if name.startswith("PJSIP/1001")], names
    await one.far.hang_up(call)
    stored = await one.stored("13800000001")
    assert_right(stored)
    assert [leg.outcome for leg in stored.record.legs] == ["withdrawn"], story(stored)


async def test_a_blind_transfer_is_in_the_timeline(scene: SceneFactory) -> None:
    one = await scene(agents=2, seated=1)
    # Nobody has logged in at the phone that the call is passed to.
    await one.phones("answer-0,speak-2,transfer-blind-1002", ["1001"])
    await one.phones("answer-0,speak-3,hangup", ["1002"])
    await one.far.ended(await one.customer("speak-60", "13800000001"))
    stored = await one.stored("13800000001")
    assert_transferred(stored, "1002")
    for leg, least in zip(stored.record.legs, (1.5, 2.5), strict=True):
        assert leg.talk_s > least, story(stored)
        assert abs(leg.talk_s - bridged_s(one, stored.record.call, leg.station)) < 0.5


async def test_a_talk_does_not_count_against_the_longest_wait(scene: SceneFactory) -> None:
    """A transfer that fails after a talk longer than ``max_wait_s`` leads back to the queue."""
    one = await scene(agents=2, seated=1, max_wait_s=6, wrap_up_s=2)
    await one.phones("answer-0,speak-7,transfer-blind-1002", ["1001"])
    await one.phones("busy", ["1002"])
    call = await one.customer("speak-60", "13800000001")
    await one.until_stages(talking=1)
    await one.phones("answer-0,speak-2,hangup", ["1001"])
    await one.far.ended(call)
    stored = await one.stored("13800000001")
    record, text = assert_right(stored), story(stored)
    assert "left_queue" not in kinds(stored), text
    assert [leg.outcome for leg in record.legs] == ["transferred", "talked"], text
    assert [(stay.queue, stay.outcome) for stay in record.stays] == [("tea", "answered")], text


async def test_hold_and_an_attended_transfer_are_in_the_timeline(scene: SceneFactory) -> None:
    one = await scene(agents=2, seated=1)
    await one.phones("answer-0,speak-1,hold-2,speak-1,transfer-attended-1002,wait-1", ["1001"])
    await one.phones("answer-0,speak-5,hangup", ["1002"])
    await one.far.ended(await one.customer("speak-60", "13800000001"))
    stored = await one.stored("13800000001")
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
