"""A campaign of the tea project that has called somebody, for tests of its pages."""

from dataclasses import dataclass

from campaigns.pacing_log import PacingLog
from dialer.policies import foresight
from domain.identity import CallId
from storage.database import Database
from tests.campaigns.attempt_facts import missed
from tests.campaigns.campaigns_scene import NOON, SPRING, CampaignScene, after

FIGURES = {
    "agents": 3, "ready": 1, "ringing": 4, "answers": 1.2, "freed": 0.8, "horizon": 9.0,
    "risk": 0.01, "threshold": 0.02, "room": 2,
}  # fmt: skip
REASON: str = vars(foresight)["_AT_THRESHOLD"]


@dataclass(frozen=True, slots=True)
class CalledCampaign:
    """It runs, and its list has one lead that was called at NOON, and one that is due."""

    scene: CampaignScene
    into: int
    called: int
    due: int
    attempt: CallId


async def called_campaign(database: Database) -> CalledCampaign:
    """Make it."""
    scene = CampaignScene(database)
    into = await scene.new_list()
    called = await scene.lead(
        into, "+8613800000001", "+8613800000002", name="Ms Li", fields={"City": "Xi'an", "Age": 40}
    )
    due = await scene.lead(into, "+8613800000003", name="Mr <Wu>")
    await scene.start(lists=[into])
    claimed = next(one for one in await scene.claim(2) if one.lead.lead == called)
    attempt = await scene.reserve(claimed)
    await scene.happened(*missed(attempt))
    await database.pool.execute("update leads set leased_until = null, leased_by = null")
    log = PacingLog(database.pool)
    log.note(SPRING, NOON, REASON, 2, FIGURES)
    log.note(SPRING, after(seconds=70), REASON, 1, FIGURES | {"ready": 2})
    await log.write(after(minutes=5))
    return CalledCampaign(scene, into, called, due, attempt)
