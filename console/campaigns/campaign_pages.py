"""A campaign's own page: what it is doing, and why, with the buttons that start and stop it."""

from datetime import date, datetime
from typing import Any

from aiohttp import web

from campaigns.campaign import NEXT, CampaignState
from campaigns.campaign_refusals import CampaignRefused
from campaigns.judging import closed_days
from campaigns.rule_faults import rule_faults
from campaigns.stored_campaign import Campaign
from console.campaigns import watch_pages, why_pages, why_words, words
from console.campaigns.campaign_services import SERVICES, actor_of, campaign_of, refusal
from console.campaigns.reason_text import reason_text
from console.floor.disposing import DISPOSING
from console.kit.access import can
from console.kit.context import LIVE, zone_for
from console.kit.rendering import render, says

_DONE = words.DONE | why_words.LOOKED


async def page(request: web.Request) -> web.Response:
    """GET /campaigns/{campaign}"""
    return await _page(request, await campaign_of(request))


async def now(request: web.Request) -> web.Response:
    """GET /campaigns/{campaign}/now: the part of the page that changes by itself"""
    campaign = await campaign_of(request)
    return render(request, "campaigns/_now.html", _values(request, campaign))


async def move(request: web.Request) -> web.Response:
    """POST /campaigns/{campaign}/state: to, and cut=yes to hang up what rings"""
    campaign = await campaign_of(request)
    form = await request.post()
    try:
        to = CampaignState(str(form.get("to", "")))
    except ValueError:
        raise web.HTTPBadRequest from None
    services = request.app[SERVICES]
    try:
        await services.campaigns.move(actor_of(request), campaign.name, to)
    except CampaignRefused as refused:
        return await _page(request, campaign, refusal(request, refused), status=409)
    if form.get("cut") == "yes":
        services.live.cut_ringing(campaign.name)
    raise web.HTTPSeeOther(f"/campaigns/{campaign.name}")


async def _page(
    request: web.Request, campaign: Campaign, mistake: str = "", *, status: int = 200
) -> web.Response:
    done = _DONE.get(request.query.get("done", ""))
    values = _values(request, campaign) | await why_pages.values(request, campaign)
    values |= await watch_pages.chart_values(request, campaign)
    due, promised = await request.app[DISPOSING].callbacks.counts(campaign.name)
    values |= {
        "callbacks_due": due,
        "callbacks": promised,
        "may_see_callbacks": can(request, "GET", "/callbacks"),
        "mistake": mistake,
        "notice": says(request, done) if done else "",
        "may_change": can(request, "GET", "/campaigns/{campaign}/settings"),
        "may_report": can(request, "GET", "/reports/outbound"),
        "may_drive": can(request, "POST", "/campaigns/{campaign}/state"),
    }
    return render(request, "campaigns/campaign.html", values, status=status)


def _values(request: web.Request, campaign: Campaign) -> dict[str, Any]:
    view = request.app[SERVICES].live.view(campaign.name)
    return {
        "campaign": campaign,
        "moves": [state for state in words.MOVES if state in NEXT[campaign.state]],
        "view": view,
        "plan": request.app[SERVICES].plan(campaign.settings),
        "beyond_rules": [refusal(request, each) for each in rule_faults(campaign.settings)],
        "calendar_gone": _calendar_gone(request, campaign),
        "next_day_off": _next_day_off(request, campaign),
        "trouble": "" if view is None else why_pages.trouble_text(request, view),
        "reason": "" if view is None else reason_text(request, view.reason, view.reason_figures),
        "words": words,
    }


def _calendar_gone(request: web.Request, campaign: Campaign) -> bool:
    calendar = campaign.settings.calendar
    return calendar is not None and calendar not in request.app[LIVE].centre().calendars


def _next_day_off(request: web.Request, campaign: Campaign) -> date | None:
    today = datetime.now(zone_for(request)).date()
    days = closed_days(campaign.settings, request.app[SERVICES].days_off)
    return min((day for day in days if day >= today), default=None)
