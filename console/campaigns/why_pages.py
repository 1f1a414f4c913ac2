"""Answers "why isn't it dialling?" on a campaign's page, and lists the leads that a step holds."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from campaigns.campaign import CampaignState
from campaigns.stored_campaign import Campaign
from console.campaigns import lead_words, why_words
from console.campaigns.campaign_services import SERVICES, actor_of, campaign_of
from console.campaigns.look_overs import LOOK_OVERS
from console.campaigns.reason_text import reason_text
from console.campaigns.why import WhyAnswer, free_at, why
from console.campaigns.why_words import Holding
from console.kit.access import can
from console.kit.context import LANGUAGE, zone_for
from console.kit.rendering import clock, render, says
from engine.campaign_ports import CampaignView

PER_PAGE = 50
WAIT_S = 3.0
"""How long "look again" waits for the end of it."""


async def page(request: web.Request) -> web.Response:
    """GET /campaigns/{campaign}/why: the card, which changes by itself"""
    campaign = await campaign_of(request)
    return render(request, "campaigns/_why.html", await values(request, campaign))


async def look_again(request: web.Request) -> web.Response:
    """POST /campaigns/{campaign}/look-over: judge the leads of a campaign that isn't running"""
    campaign = await campaign_of(request)
    whole = True
    if campaign.state is not CampaignState.RUNNING:
        funnel = request.app[SERVICES].funnel
        whole = await request.app[LOOK_OVERS].look(
            campaign.name, lambda: funnel.look_over(campaign.name, datetime.now(UTC)), WAIT_S
        )
    done = "looked" if whole else "looking"
    raise web.HTTPSeeOther(f"/campaigns/{campaign.name}?done={done}")


async def held(request: web.Request) -> web.Response:
    """GET /campaigns/{campaign}/leads: step, and after (the last lead of the page before)"""
    campaign = await campaign_of(request)
    step = request.query.get("step", "due")
    after = as_number(request.query.get("after", "0"))
    found = await request.app[SERVICES].funnel.leads_held_by(
        actor_of(request), campaign.name, step, datetime.now(UTC), after=after, limit=PER_PAGE + 1
    )
    here = f"/campaigns/{campaign.name}/leads"
    more = found[PER_PAGE - 1].lead if len(found) > PER_PAGE else None
    return render(
        request,
        "campaigns/held.html",
        {
            "campaign": campaign,
            "step": step_text(request, step),
            "leads": found[:PER_PAGE],
            "first": f"{here}?{urlencode({'step': step})}" if after else None,
            "older": f"{here}?{urlencode({'step': step, 'after': more})}" if more else None,
            "lead_words": lead_words,
        },
    )


async def values(request: web.Request, campaign: Campaign) -> dict[str, Any]:
    """What the card shows."""
    services, actor, now = request.app[SERVICES], actor_of(request), datetime.now(UTC)
    steps = await services.funnel.funnel(actor, campaign.name, now)
    forecast = await services.funnel.forecast(actor, campaign.name, now, steps=steps)
    view = services.live.view(campaign.name)
    answer = why(campaign, steps, view, services.plan(campaign.settings))
    order = [*why_words.STEPS, *sorted(steps.keys() - why_words.STEPS.keys())]
    running = campaign.state is CampaignState.RUNNING
    return {
        "campaign": campaign,
        "answer": _sentence(request, campaign, answer, view),
        "answer_colour": why_words.COLOURS.get(answer.holding, "warning"),
        "holding": answer.holding,
        "steps": [
            (steps[code], step_text(request, code), free_at(steps[code]))
            for code in order
            if code in steps
        ],
        "leads_in_all": sum(step.leads for step in steps.values()),
        "forecast": forecast,
        "looking": request.app[LOOK_OVERS].looks(campaign.name),
        "may_look": not running and can(request, "POST", "/campaigns/{campaign}/look-over"),
    }


def step_text(request: web.Request, step: str) -> str:
    """What a step of the funnel is, in words."""
    known = why_words.STEPS.get(step)
    return says(request, known) if known else says(request, why_words.OTHER_STEP, {"step": step})


def as_number(text: str) -> int:
    """A number of a lead from an address. Raises HTTPBadRequest."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise web.HTTPBadRequest
    return int(text)


def _sentence(
    request: web.Request, campaign: Campaign, answer: WhyAnswer, view: CampaignView | None
) -> str:
    if answer.holding is Holding.NOT_RUNNING:
        return says(request, why_words.NOT_RUNNING[campaign.state])
    filled: dict[str, object] = {}
    if answer.until is not None:
        pattern = "EEEE yyyy-MM-dd HH:mm" if answer.holding is Holding.PLAN else "yyyy-MM-dd HH:mm"
        filled["until"] = clock(answer.until, request[LANGUAGE], zone_for(request), pattern)
    if view is not None:
        filled |= {"share": f"{view.share * 100:.2f}", "limit": f"{view.limit * 100:g}"}
        if answer.holding is Holding.TROUBLE:
            filled["why"] = trouble_text(request, view)
        else:
            filled["why"] = reason_text(request, view.reason, view.reason_figures)
    return says(request, why_words.HOLDINGS[answer.holding], filled)


def trouble_text(request: web.Request, view: CampaignView) -> str:
    """What is broken, in the viewer's language if it is known there."""
    trouble = view.trouble or ""
    known = why_words.TROUBLES.get(trouble.partition(":")[0])
    return says(request, known) if known else trouble
