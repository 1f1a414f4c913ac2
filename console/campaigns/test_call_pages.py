"""A campaign's test call: placed to a phone of the staff, and what became of it."""

from typing import Any

from aiohttp import web

from campaigns.campaign import Mode
from campaigns.stored_campaign import Campaign
from console.campaigns import test_call_words, words
from console.campaigns.campaign_services import SERVICES, actor_of, campaign_of
from console.kit.rendering import render, says
from domain.identity import CallId
from engine.campaign_ports import NoTestCall


async def place(request: web.Request) -> web.Response:
    """POST /campaigns/{campaign}/test-call: number; answers with the part of the page"""
    campaign = await campaign_of(request)
    typed = str((await request.post()).get("number", ""))
    came = await request.app[SERVICES].tests.place(campaign, typed, actor_of(request).name)
    if isinstance(came, NoTestCall):
        fault = says(request, test_call_words.FAULTS[came], {"number": typed[:40]})
        values = {"campaign": campaign, "fault": fault, "attempt": None}
        return render(request, "campaigns/_test_call.html", values)
    return render(request, "campaigns/_test_call.html", await _values(request, campaign, came))


async def result(request: web.Request) -> web.Response:
    """GET /campaigns/{campaign}/test-call: call, the test call's id; what has become of it"""
    campaign = await campaign_of(request)
    call = CallId(request.query.get("call", "")[:200])
    return render(request, "campaigns/_test_call.html", await _values(request, campaign, call))


async def _values(request: web.Request, campaign: Campaign, call: CallId) -> dict[str, Any]:
    attempt = await request.app[SERVICES].attempts.attempt(call)
    if attempt is None or attempt.project != campaign.project or attempt.mode != Mode.TEST:
        raise web.HTTPNotFound
    return {
        "campaign": campaign,
        "fault": "",
        "attempt": attempt,
        "words": words,
        "said": says(request, test_call_words.stage_text(attempt)),
        "spoken": bool(campaign.settings.message),
    }
