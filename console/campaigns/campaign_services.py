"""What the pages of campaigns are built on, and how a refusal is answered."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web

from campaigns.attempt_pages import AttemptPages
from campaigns.campaign import CampaignSettings
from campaigns.campaign_alarms import CampaignAlarms
from campaigns.campaign_refusals import CampaignRefusal, CampaignRefused
from campaigns.campaign_samples import CampaignSamples
from campaigns.campaign_service import Campaigns
from campaigns.funnel import CampaignFunnel
from campaigns.judging import DaysOff, no_days_off
from campaigns.lead_lists import LeadLists
from campaigns.lead_service import LeadService
from campaigns.pacing_log import PacingLog
from campaigns.plan import ALWAYS, PlanState
from campaigns.stored_campaign import Campaign
from console.campaigns import words
from console.kit.access import projects_of
from console.kit.context import user_of
from console.kit.rendering import says
from domain.identity import CallId
from domain.roles import Actor
from engine.campaign_ports import LiveCampaigns, NoTestCall


class CallTester(Protocol):
    """Places test calls."""

    async def place(self, campaign: Campaign, typed: str, by: str) -> CallId | NoTestCall:
        """Call this number for a user; the call's id."""
        ...


@dataclass(frozen=True, slots=True)
class CampaignServices:
    """The services behind the pages."""

    campaigns: Campaigns
    lists: LeadLists
    funnel: CampaignFunnel
    live: LiveCampaigns
    leads: LeadService
    decisions: PacingLog
    attempts: AttemptPages
    samples: CampaignSamples
    alarms: CampaignAlarms
    tests: CallTester
    plan: Callable[[CampaignSettings], PlanState] = lambda _: ALWAYS
    """What a campaign's plan says now."""
    days_off: DaysOff = no_days_off
    """Of the centre's calendars."""


SERVICES: web.AppKey[CampaignServices] = web.AppKey("campaign_services")


def actor_of(request: web.Request) -> Actor:
    """Who asks."""
    user, projects = user_of(request), projects_of(request)
    return Actor(user.name, user.role, projects)


async def campaign_of(request: web.Request) -> Campaign:
    """The campaign that the address names. Raises HTTPNotFound."""
    services = request.app[SERVICES]
    try:
        return await services.campaigns.get(actor_of(request), request.match_info["campaign"])
    except CampaignRefused as refused:
        raise web.HTTPNotFound from refused


def refusal(request: web.Request, refused: CampaignRefused) -> str:
    """Why nothing was changed, in words. Raises HTTPForbidden if it isn't theirs to change."""
    if refused.why is CampaignRefusal.FORBIDDEN:
        raise web.HTTPForbidden
    values = {
        "setting": says(request, words.SETTINGS.get(refused.setting, refused.setting)),
        "value": refused.value,
    }
    return says(request, words.REFUSALS[refused.why], values)
