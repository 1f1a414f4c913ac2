"""Makes the run of a campaign, of the kind that its mode needs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from campaigns.campaign import CampaignSettings, Mode
from campaigns.claims import LeadClaims
from campaigns.judging import CentresZone
from campaigns.lead_skips import LeadSkips
from campaigns.plan import ALWAYS, PlanState
from campaigns.stored_campaign import Campaign
from dialer.abandon_count import History
from engine.agents.live_floor import LiveFloor
from engine.calls.live_calls import LiveCalls
from engine.clock import Clock
from engine.outbound.campaign_run import CampaignRun, OnDecision
from engine.outbound.desk_dials import DeskDials
from engine.outbound.live_run import LiveRun
from engine.outbound.notice_run import NoticeRun
from engine.outbound.preview_run import PreviewRun
from engine.outbound.way_out import WayOut
from machine.local_zone import zone_here

MakeSound = Callable[[Campaign], Awaitable[str]]
"""Makes the campaign's message, as Asterisk finds it; "" if there is none."""

ReadHistory = Callable[[Campaign, ZoneInfo], Awaitable[History]]
"""Reads what counts for the campaign's limit from before, by days that begin in this zone."""

ReadPlan = Callable[[CampaignSettings], PlanState]
"""Says what the plan of these settings lets the campaign do now."""

_KINDS: dict[Mode, type[LiveRun]] = {Mode.PREVIEW: PreviewRun, Mode.AGENTLESS: NoticeRun}
"""Those of the modes that aren't paced."""


async def _no_sound(_: Campaign) -> str:
    return ""


async def _no_history(*_: object) -> History:
    return History()


@dataclass(frozen=True, slots=True)
class RunMaker:
    """What runs of campaigns are made of."""

    calls: LiveCalls
    door: WayOut
    claims: LeadClaims
    clock: Clock
    desks: DeskDials
    skips: LeadSkips
    floor: LiveFloor
    sound: MakeSound = _no_sound
    history: ReadHistory = _no_history
    decided: OnDecision = lambda *_: None
    zone: CentresZone = zone_here
    plan: ReadPlan = lambda _: ALWAYS
    flow_is_there: Callable[[str], bool] = lambda _: True
    """Whether there is a flow of this name."""

    def open_now(self, settings: CampaignSettings) -> bool:
        """Whether the plan of these settings lets a campaign dial now."""
        return self.plan(settings).open

    @staticmethod
    def fits(run: LiveRun, campaign: Campaign) -> bool:
        """Whether the run is of the kind that the campaign's mode needs."""
        return type(run) is _KINDS.get(campaign.settings.mode, CampaignRun)

    async def make(self, campaign: Campaign) -> LiveRun:
        """A run of this campaign, which begins at once."""
        sound = await self.sound(campaign)
        if campaign.settings.mode is Mode.PREVIEW:
            return PreviewRun(
                campaign,
                self.calls,
                self.door,
                self.claims,
                self.clock,
                self.desks,
                self.skips,
                self.floor,
                sound=sound,
                open_now=self.open_now,
            )
        if campaign.settings.mode is Mode.AGENTLESS:
            return NoticeRun(
                campaign,
                self.calls,
                self.door,
                self.claims,
                self.clock,
                sound=sound,
                decided=self.decided,
                open_now=self.open_now,
                flow_is_there=self.flow_is_there,
            )
        zone = self.zone()  # for as long as it runs: its count goes on by the same days
        return CampaignRun(
            campaign,
            self.calls,
            self.door,
            self.claims,
            self.clock,
            zone,
            sound=sound,
            history=await self.history(campaign, zone),
            decided=self.decided,
            open_now=self.open_now,
        )
