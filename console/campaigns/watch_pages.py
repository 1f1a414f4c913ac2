"""A campaign's chart of the day, its alarms, and the notice of alarms that go on."""

from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from campaigns.stored_campaign import Campaign
from console.campaigns.campaign_services import SERVICES, actor_of, campaign_of
from console.campaigns.day_chart import COLUMNS, HEIGHT, WIDTH, campaign_chart
from console.kit.context import zone_for
from console.kit.rendering import render

_A_DAY = timedelta(days=1)
_YEARS = range(2000, 3000)


async def chart(request: web.Request) -> web.Response:
    """GET /campaigns/{campaign}/chart: today's, which changes by itself; day=, another day's;
    part=hours, the same in figures"""
    campaign = await campaign_of(request)
    hours = request.query.get("part") == "hours"
    template = "campaigns/_chart_hours.html" if hours else "campaigns/_chart.html"
    return render(request, template, await chart_values(request, campaign))


async def chart_values(request: web.Request, campaign: Campaign) -> dict[str, Any]:
    """What the card with chart and alarms shows."""
    services, actor, zone = request.app[SERVICES], actor_of(request), zone_for(request)
    now = datetime.now(UTC)
    today = now.astimezone(zone).date()
    day = today
    if "day" in request.query:
        try:
            day = datetime.strptime(request.query["day"], "%Y-%m-%d").date()
            if day.year not in _YEARS:
                raise ValueError
        except ValueError:
            raise web.HTTPBadRequest from None
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    start = midnight.astimezone(UTC)
    # An hour more: the day on which clocks are put back has 25.
    end = start + _A_DAY + timedelta(hours=1)
    columns = [
        one
        for one in await services.samples.columns(actor, campaign.name, start, end, COLUMNS)
        if one.at.astimezone(zone).date() == day
    ]
    limit = campaign.settings.limit.share
    return {
        "campaign": campaign,
        "chart": campaign_chart(
            columns, limit=limit, alarms=campaign.settings.alarm_shares, zone=zone, now=now
        ),
        "box": (WIDTH, HEIGHT),
        "limit": limit,
        "lines": [f"{part * limit * 100:.2g}" for part in campaign.settings.alarm_shares],
        "day": day,
        "today": day == today,
        "alarms": await services.alarms.of(actor, campaign.name),
    }


async def alarms(request: web.Request) -> web.Response:
    """GET /alarms: seen; the notice of the alarms that go on, or nothing if it says the same."""
    raised = await request.app[SERVICES].alarms.raised(actor_of(request))
    highest = {one.campaign: one for one in raised}  # they come lowest first
    seen = "-".join(str(one.alarm) for one in highest.values())
    if request.query.get("seen") == seen:
        return web.Response(status=204)
    return render(
        request, "campaigns/_alarms.html", {"alarms": list(highest.values()), "seen": seen}
    )
