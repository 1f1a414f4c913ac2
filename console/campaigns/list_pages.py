"""The list of campaigns, and the history of one."""

from typing import Any

from aiohttp import web

from campaigns.campaign import CampaignState
from campaigns.stored_campaign import CampaignContent
from console.campaigns import words
from console.campaigns.campaign_form import shown_values
from console.campaigns.campaign_services import SERVICES, actor_of, campaign_of
from console.kit.access import can
from console.kit.context import project_titles
from console.kit.rendering import render, says


async def page(request: web.Request) -> web.Response:
    """GET /campaigns"""
    actor = actor_of(request)
    services = request.app[SERVICES]
    found = await services.campaigns.seen_by(actor)
    values = {
        "campaigns": [(one, services.live.view(one.name)) for one in found],
        "alarms": {one.campaign: one for one in await services.alarms.raised(actor)},
        "waits": {
            one.name: plan.until
            for one in found
            if one.state is CampaignState.RUNNING and not (plan := services.plan(one.settings)).open
        },
        "titles": project_titles(request, None if actor.everywhere else _names(actor.projects)),
        "may_make": can(request, "POST", "/campaigns/new"),
        "words": words,
        "notice": says(request, words.REMOVED) if request.query.get("done") == "removed" else "",
    }
    return render(request, "campaigns/campaigns.html", values)


def _names(projects: Any) -> Any:
    return frozenset(projects or ())


async def history(request: web.Request) -> web.Response:
    """GET /campaigns/{campaign}/history"""
    campaign = await campaign_of(request)
    changes = await request.app[SERVICES].campaigns.history(actor_of(request), campaign.name)
    values = {
        "campaign": campaign,
        "changes": [(one, _differences(request, one.before, one.after)) for one in changes],
        "may_undo": can(request, "POST", "/campaigns/{campaign}/undo"),
        "words": words,
    }
    return render(request, "campaigns/history.html", values)


def _differences(
    request: web.Request, before: CampaignContent | None, after: CampaignContent
) -> list[tuple[str, str, str]]:
    """What the change changed: the setting's name, what it was, what it is."""
    was = {} if before is None else shown_values(request, before)
    now = shown_values(request, after)
    return [
        (says(request, words.SETTINGS[name]), was.get(name, ""), value)
        for name, value in now.items()
        if was.get(name, "") != value
    ]
