"""Asterisk is killed and comes back."""

import pytest

from tests.faults.conftest import SceneFactory
from tests.faults.scene import assert_right, counted, story

pytestmark = [pytest.mark.live, pytest.mark.long]


async def test_agents_stay_calls_are_closed_and_new_ones_flow(scene: SceneFactory) -> None:
    one = await scene(agents=3)
    await one.phones("answer-0,speak-60")
    far = [await one.customer("speak-120", f"1380000000{n}") for n in range(3)]
    await one.until_stages(talking=3)
    far += [await one.customer("speak-120", f"1390000000{n}") for n in range(2)]
    await one.until_stages(talking=3, queue=2)

    one.stack.instance.process.kill()
    await one.until(lambda b: not b["nodes"][0]["up"])
    await one.stack.instance.stop()  # nothing is left to stop: it waits for the last of it
    for call in far:
        await one.far.hang_up(call)
    await one.stack.instance.start()
    await one.far.register()
    board = await one.until(
        lambda b: b["nodes"][0]["up"] and counted(b["agents"], "state") == {"ready": 3}
    )
    assert board["calls"] == []
    for talked in await one.all_ended([f"1380000000{n}" for n in range(3)]):
        record, text = assert_right(talked), story(talked)
        assert (record.outcome, record.ended_by) == ("answered", "system"), text
        assert record.why == "Asterisk ended during the call", text
    for waited in await one.all_ended([f"1390000000{n}" for n in range(2)]):
        record, text = assert_right(waited), story(waited)
        assert (record.outcome, record.ended_by) == ("lost", "system"), text

    await one.phones("answer-0,speak-2,hangup")
    await one.until(lambda b: all(a["station_state"] == "idle" for a in b["agents"]))
    for n in range(3):
        await one.customer("speak-60", f"1370000000{n}")
    for new in await one.all_ended([f"1370000000{n}" for n in range(3)]):
        assert assert_right(new).outcome == "answered", story(new)


async def test_both_die_at_once(scene: SceneFactory) -> None:
    """A power cut: nobody was there to see the end."""
    one = await scene(agents=1, spare=True)
    await one.phones("answer-0,speak-60")
    far = await one.customer("speak-120", "13800000000")
    await one.until_stages(talking=1)
    await one.stack.controller.kill()
    one.stack.instance.process.kill()
    await one.stack.instance.stop()  # nothing is left to stop: it waits for the last of it
    await one.far.hang_up(far)
    await one.stack.instance.start()
    await one.stack.controller.start()
    stored = await one.stored("13800000000")
    assert assert_right(stored).ended_by == "system", story(stored)
    assert stored.record.why == "Asterisk ended during the call", story(stored)
    await one.far.register()
    await one.until(lambda b: counted(b["agents"], "state") == {"ready": 1})
