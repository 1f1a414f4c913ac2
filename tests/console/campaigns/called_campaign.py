"""A campaign of the tea project that has called somebody, for tests of its pages."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from campaigns.campaign_alarms import CampaignAlarms
from campaigns.campaign_samples import CampaignSample, CampaignSamples
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


def now_ago(minutes: float) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


def sample(at: datetime, *, abandoned: float = 1.0, base: float = 50.0) -> CampaignSample:
    """Ten agents, half of them busy."""
    return CampaignSample(SPRING, at, 3, 5, 2, 7, 1, abandoned, base)


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
    await CampaignSamples(database.pool).write([sample(now_ago(minutes)) for minutes in (9, 6, 3)])
    await CampaignAlarms(database.pool).change(
        SPRING, (0.83, 1.0), (), limit=0.03, abandoned=4.0, base=100.0, at=now_ago(6)
    )
    return CalledCampaign(scene, into, called, due, attempt)
