"""What the pages of reports are built on."""

from dataclasses import dataclass

from aiohttp import web

from campaigns.campaign_service import Campaigns
from campaigns.daily_report import DailyReports
from campaigns.lead_lists import LeadLists
from campaigns.lead_report import LeadReports
from console.kit.access import projects_of
from console.kit.context import user_of
from domain.roles import Actor


@dataclass(frozen=True, slots=True)
class ReportServices:
    """The services behind the pages."""

    daily: DailyReports
    campaigns: Campaigns
    lists: LeadLists
    leads: LeadReports


REPORT_SERVICES: web.AppKey[ReportServices] = web.AppKey("report_services")


def reader_of(request: web.Request) -> Actor:
    """Who asks."""
    user, projects = user_of(request), projects_of(request)
    return Actor(user.name, user.role, projects)
