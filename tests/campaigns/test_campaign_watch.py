"""What is noted of campaigns that are under way, over a real database."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from campaigns.campaign import CampaignSettings
from campaigns.campaign_alarms import CampaignAlarms
from campaigns.campaign_refusals import CampaignRefused
from campaigns.campaign_samples import CampaignSample, CampaignSamples
from campaigns.pacing_log import PacingLog
from campaigns.stored_campaign import Campaign
from domain.agent_facts import AgentState
from domain.roles import Actor, Role
from engine.campaign_ports import CampaignView
from engine.outbound.campaign_watch import CampaignWatch
from storage.database import close_pool, make_pool
from storage.database_errors import AWAY
from tests.campaigns.campaigns_scene import BANK, NOON, OPS, SETTINGS, SPRING, CampaignScene, after

pytestmark = pytest.mark.live
OTHER = Actor("otto", Role.OPS, frozenset({BANK}))
AGENTS = {AgentState.READY: 1, AgentState.TALKING: 2, AgentState.OFFERED: 1, AgentState.WRAP_UP: 3}


@dataclass
class Watched:
    """A watch whose campaigns and clock the test moves."""

    scene: CampaignScene
    now: datetime = NOON
    there: list[tuple[Campaign, CampaignView]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.samples = CampaignSamples(self.scene.database.pool)
        self.alarms = CampaignAlarms(self.scene.database.pool)
        self.watch = self.another()

    def another(self) -> CampaignWatch:
        return CampaignWatch(
            lambda: self.there, self.samples, self.alarms, keep_days=lambda: 30,
            clock=lambda: self.now,
        )  # fmt: skip

    async def stands(
        self, abandoned: float, base: float = 1_000.0, settings: CampaignSettings = SETTINGS
    ) -> None:
        """The campaign's count is this now; look."""
        campaign = await self.scene.campaigns.get(OPS, SPRING)
        view = CampaignView(
            SPRING, self.now, AGENTS, 4, 1, 2, 9, 40, 12, 11, 1, abandoned, base, 0.03
        )
        changed = Campaign(
            SPRING, campaign.project, campaign.state, settings, (), 0, self.now, self.now
        )
        self.there = [(changed, view)]
        await self.watch.look()
        self.now += timedelta(seconds=1)

    async def raised(self) -> list[float]:
        return [alarm.part for alarm in await self.alarms.raised(OPS)]


@pytest.fixture
async def watched(scene: CampaignScene) -> Watched:
    await scene.start()
    return Watched(scene)


async def test_an_alarm_is_raised_once_and_kept_when_it_is_over(watched: Watched) -> None:
    for abandoned in (24.0, 25.0, 26.0, 28.5, 31.0, 31.0):
        await watched.stands(abandoned)
    assert await watched.raised() == [0.83, 0.93, 1.0]
    watched.watch = watched.another()  # the controller was restarted
    await watched.stands(29.0)
    assert await watched.raised() == [0.83, 0.93, 1.0]
    await watched.stands(26.0)
    assert await watched.raised() == [0.83]
    await watched.stands(0.0, 0.0)  # a new day
    assert await watched.raised() == []
    kept = await watched.alarms.of(OPS, SPRING)
    assert [(one.part, one.abandoned, one.base) for one in reversed(kept)] == [
        (0.83, 25.0, 1_000.0), (0.93, 28.5, 1_000.0), (1.0, 31.0, 1_000.0),
    ]  # fmt: skip
    assert all(one.cleared_at is not None and one.cleared_at > one.raised_at for one in kept)
    assert kept[0].share == pytest.approx(0.031) and kept[0].title == "Spring"


async def test_an_alarm_ends_with_its_campaign_or_its_line(watched: Watched) -> None:
    await watched.stands(26.0)
    await watched.stands(26.0, settings=SETTINGS.model_copy(update={"alarm_shares": (0.5,)}))
    assert await watched.raised() == [0.5]
    watched.there = []
    await watched.watch.look()
    assert await watched.raised() == []


async def test_alarms_of_other_projects_are_not_shown(watched: Watched) -> None:
    await watched.stands(31.0)
    assert await watched.alarms.raised(OTHER) == []
    with pytest.raises(CampaignRefused):
        await watched.alarms.of(OTHER, SPRING)
    with pytest.raises(CampaignRefused):
        await watched.samples.columns(OTHER, SPRING, NOON, after(hours=1), 10)


async def test_while_the_database_is_away_an_alarm_waits(watched: Watched, dsn: str) -> None:
    pool = await make_pool(dsn)
    await close_pool(pool)
    there = watched.alarms
    watched.alarms, watched.samples = CampaignAlarms(pool), CampaignSamples(pool)
    watched.watch = watched.another()
    with pytest.raises(AWAY):
        await watched.stands(26.0)
    watched.alarms, watched.samples = there, CampaignSamples(watched.scene.database.pool)
    watched.watch = watched.another()
    await watched.stands(26.0)
    assert await watched.raised() == [0.83]


async def test_samples_are_taken_now_and_then_and_come_back_in_columns(watched: Watched) -> None:
    for _ in range(31):
        await watched.stands(3.0, 200.0)
    columns = await watched.samples.columns(OPS, SPRING, NOON, after(hours=1), 60)
    assert len(columns) == 1  # 12:00:00, :15 and :30 are of one minute
    (one,) = columns
    assert (one.at, one.ready, one.busy, one.wrap_up) == (NOON, 1.0, 3.0, 3.0)
    assert (one.ringing, one.most_ringing, one.share) == (4.0, 4, 0.015)
    taken = await watched.scene.database.pool.fetchval("select count(*) from campaign_samples")
    assert taken == 3


async def test_what_is_older_than_the_centre_keeps_it_is_forgotten(watched: Watched) -> None:
    log = PacingLog(watched.scene.database.pool)
    for days in (-31, -29):
        log.note(SPRING, after(days=days), "why", 1, {})
        at = after(days=days)
        await watched.samples.write([CampaignSample(SPRING, at, 1, 1, 1, 1, 1, 0.0, 0.0)])
    await log.write(NOON)
    await watched.stands(0.0)
    kept = await watched.scene.database.pool.fetch("select at from pacing_decisions")
    assert [row["at"] for row in kept] == [after(days=-29)]
    columns = await watched.samples.columns(OPS, SPRING, after(days=-40), NOON, 40)
    assert [column.at for column in columns] == [after(days=-29)]
