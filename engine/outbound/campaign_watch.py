"""Watches the campaigns that are under way: notes how they stand, raises and ends their alarms, and
forgets what is older than the centre keeps it."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import structlog

from campaigns.alarm_lines import line_changes
from campaigns.campaign_alarms import CampaignAlarms
from campaigns.campaign_samples import CampaignSample, CampaignSamples
from campaigns.stored_campaign import Campaign
from domain.agent_facts import AgentState
from domain.identity import CampaignName
from engine.campaign_ports import CampaignView
from machine.one_line import in_one_line
from storage.database_errors import AWAY

log = structlog.get_logger()

LOOK_EVERY_S = 1.0
SAMPLE_EVERY_S = 15.0
FORGET_EVERY_S = 3_600.0

WatchedCampaigns = Callable[[], Iterable[tuple[Campaign, CampaignView]]]
"""The campaigns that are under way here, and what they are doing."""


class CampaignWatch:
    """``keep_days`` says for how many days samples and decisions are kept."""

    def __init__(
        self,
        under_way: WatchedCampaigns,
        samples: CampaignSamples,
        alarms: CampaignAlarms,
        *,
        keep_days: Callable[[], int],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._under_way = under_way
        self._samples = samples
        self._alarms = alarms
        self._keep_days = keep_days
        self._clock = clock
        self._raised: dict[CampaignName, set[float]] | None = None
        """The lines that were reached, as the database has them; None: not read yet."""
        self._sample_at = self._forget_at = datetime.min.replace(tzinfo=UTC)

    async def keep(self) -> None:
        """Watch until cancelled. What can't be written while the database is away is written later,
        but for samples."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self.look()
            except AWAY as error:
                log.info("the watch on campaigns waits for the database", why=in_one_line(error))

    async def look(self) -> None:
        """Look once. Raises one of ``AWAY``."""
        now = self._clock()
        there = list(self._under_way())
        await self._look_at_lines(there, now)
        if there and now >= self._sample_at:
            self._sample_at = now + timedelta(seconds=SAMPLE_EVERY_S)
            await self._samples.write([_sample(view, now) for _, view in there])
        if now >= self._forget_at:
            self._forget_at = now + timedelta(seconds=FORGET_EVERY_S)
            forgotten = await self._samples.forget(now - timedelta(days=self._keep_days()))
            if forgotten:
                log.info("old decisions and samples of campaigns are removed", rows=forgotten)

    async def _look_at_lines(
        self, there: Iterable[tuple[Campaign, CampaignView]], now: datetime
    ) -> None:
        if self._raised is None:
            self._raised = {}
            try:
                for alarm in await self._alarms.raised():
                    self._raised.setdefault(alarm.campaign, set()).add(alarm.part)
            except AWAY:
                self._raised = None
                raise
        gone = set(self._raised)
        for campaign, view in there:
            gone.discard(view.name)
            before = self._raised.get(view.name, set())
            lines = set(campaign.settings.alarm_shares)
            found = line_changes(lines, before, share=view.share, limit=view.limit)
            if not (found.reached or found.over):
                continue
            await self._alarms.change(
                view.name,
                found.reached,
                found.over,
                limit=view.limit,
                abandoned=view.abandoned,
                base=view.base,
                at=now,
            )
            self._raised[view.name] = (before | set(found.reached)) - set(found.over)
            log.info(
                "a campaign's abandoned share has reached a line, or is below it again",
                campaign=view.name,
                share=round(view.share, 4),
                limit=view.limit,
                reached=found.reached,
                over=found.over,
            )
        for name in gone:  # it was stopped: nobody can do anything about it
            over = sorted(self._raised[name])
            await self._alarms.change(name, (), over, limit=0.0, abandoned=0.0, base=0.0, at=now)
            del self._raised[name]


def _sample(view: CampaignView, at: datetime) -> CampaignSample:
    agents = view.agents
    return CampaignSample(
        view.name,
        at,
        ready=agents.get(AgentState.READY, 0),
        busy=agents.get(AgentState.TALKING, 0) + agents.get(AgentState.OFFERED, 0),
        wrap_up=agents.get(AgentState.WRAP_UP, 0),
        ringing=view.ringing,
        waiting=view.waiting,
        abandoned=view.abandoned,
        base=view.base,
    )
