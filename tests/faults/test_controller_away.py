"""The controller stays away: Asterisk's own queue serves, and the records follow later."""

import pytest

from tests.faults.conftest import SceneFactory
from tests.faults.scene import assert_right, bridged_s, kinds, story

pytestmark = [pytest.mark.live, pytest.mark.long]


async def test_callers_are_served_by_asterisk_and_the_record_says_so(scene: SceneFactory) -> None:
    one = await scene(agents=2, fallback_after_s=3, spare=True)
    await one.phones("answer-0,speak-6,hangup")
    talking = [await one.customer("speak-60", f"1380000000{n}") for n in range(2)]
    await one.until_stages(talking=2)
    waiting = [await one.customer("speak-60", f"1390000000{n}") for n in range(2)]
    await one.until_stages(talking=2, queue=2)

    await one.stack.controller.kill()
    unseen = await one.customer("speak-60", "13700000000")
    for call in talking:
        await one.far.ended(call)
    await one.phones("answer-0,speak-2,hangup")
    for call in [*waiting, unseen]:
        await one.far.ended(call)
    # One more is still talking when the controller comes back.
    await one.phones("answer-0,speak-120")
    lasting = await one.customer("speak-60", "13700000001")
    await one.far.event("FarendRinging", Caller="13700000001")
    await one.stack.controller.start()
    board = await one.until_stages(talking=1)
    agent = next(a for a in board["agents"] if a["state"] == "talking")
    assert agent["call"] == board["calls"][0]["id"]
    await one.far.hang_up(lasting)

    callers = [f"1380000000{n}" for n in range(2)]
    fell = ["13900000000", "13900000001", "13700000000", "13700000001"]
    stored = await one.all_ended(callers + fell)
    for found in stored:
        record, text = assert_right(found), story(found)
        assert record.outcome == "answered", text
        by = "caller" if record.caller == fell[3] else "agent"
        assert (record.talk_ended_by, record.cause) == (by, 16), text
        # Nobody else asked for it, or the dialplan did: Asterisk's log can't tell these apart.
        assert record.ended_by in ((by,) if by == "caller" else ("agent", "flow", "system")), text
        assert record.adopted, text
        assert (record.hotline, record.line, record.project) == ("4008001000", "carrier", "tea")
        talks = [leg for leg in record.legs if leg.connected_at]
        assert len(talks) == 1, text
        leg = talks[0]
        assert str(leg.agent) == leg.station, text
        if record.caller in callers:
            assert leg.talk_s > 5.7, text
            assert abs(leg.talk_s - bridged_s(one, record.call, leg.station)) < 0.5, text
        if record.caller in fell:
            assert kinds(found).count("fallback") == 1, text
            assert record.wait_s is not None
            # A caller who never came to a queue of ours waits from when Asterisk's took them.
            assert record.queue is None or record.wait_s > 2.5, text
        else:
            assert "fallback" not in kinds(found), text
    assert {found.record.queue for found in stored} == {"tea", None}
    await one.until_recorded(callers + fell)


async def test_a_call_of_which_no_log_tells_is_closed_all_the_same(scene: SceneFactory) -> None:
    one = await scene(agents=1, spare=True)
    await one.phones("answer-0,speak-3,hangup")
    call = await one.customer("speak-60", "13800000001")
    await one.until_stages(talking=1)
    await one.stack.controller.kill()
    await one.far.ended(call)
    one.stack.instance.cel.unlink()
    await one.stack.controller.start()
    stored = await one.stored("13800000001")
    assert stored.record.ended_by == "unknown", story(stored)
    assert stored.record.why == "the controller was away", story(stored)
    await one.until(lambda b: b["agents"][0]["state"] == "ready")
