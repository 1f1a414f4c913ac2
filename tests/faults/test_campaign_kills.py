"""The controller is killed while sixty calls of a campaign ring. ``./run bench faults`` does the
same a hundred times."""

import random
import re

import pytest

from bench.campaign_kills import AGENTS, RINGING, KilledCampaign
from domain.identity import CallId
from tests.faults.conftest import SceneFactory
from tests.faults.scene import LINE, Scene, story

pytestmark = [pytest.mark.live, pytest.mark.long]

KILLS = 5


async def test_five_kills_orphan_nobody_and_call_nobody_twice(scene: SceneFactory) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    one = await scene(agents=AGENTS, wrap_up_s=0, spare=True)
    campaign = KilledCampaign(
        one.stack, one.far, one.console, one.pool, queue="tea", line=LINE, seed=seed, say=print
    )
    result = await campaign.run(KILLS)
    assert not result.faults, await _told(one, result.faults)
    total = result.total()
    print(total)
    assert total["ringing"] >= KILLS * RINGING * 0.9
    assert total["orphaned"] == total["twice"] == total["neither"] == 0
    assert total["served"] > 0


async def _told(one: Scene, faults: list[str]) -> str:
    """The faults, and what is recorded of the calls that they name."""
    names = {name for fault in faults for name in re.findall(r"pbx1-offhook\.[0-9a-f]+", fault)}
    stored = [await one.calls.get(CallId(name), projects=None) for name in sorted(names)[:10]]
    stories = [f"{story(call)}\n  {call.record.recording}" for call in stored if call is not None]
    return "\n".join([*faults, *stories])
