"""The forms in which campaigns are made and changed."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from campaigns.campaign import CampaignSettings
from campaigns.campaign_refusals import CampaignRefusal, CampaignRefused
from campaigns.stored_campaign import Campaign
from console.campaigns import plan_words, words
from console.campaigns.campaign_form import settings_of_form, typed_of
from console.campaigns.campaign_services import SERVICES, actor_of, campaign_of, refusal
from console.campaigns.form_fault import FormFault
from console.kit.context import FLOWS, LIVE, project_titles
from console.kit.rendering import render, says
from dialer.rules import PRESETS
from domain.identity import ProjectName

_FIRST = CampaignSettings(title="-", queue="-", line="-")


async def new_page(request: web.Request) -> web.Response:
    """GET /campaigns/new"""
    typed = typed_of(_FIRST) | {"title": "", "queue": "", "line": ""}
    return await _form(request, typed)


async def make(request: web.Request) -> web.Response:
    """POST /campaigns/new"""
    form = await request.post()
    typed = {name: str(value) for name, value in form.items()}
    settings, faults = settings_of_form(request, typed, None)
    if settings is None:
        return await _form(request, typed, faults=faults, status=400)
    project = ProjectName(typed.get("project", ""))
    try:
        made = await request.app[SERVICES].campaigns.make(
            actor_of(request), typed.get("name", "").strip(), project, settings
        )
    except CampaignRefused as refused:
        fault = FormFault(refused.setting, refusal(request, refused))
        return await _form(request, typed, faults=[fault], status=400)
    raise web.HTTPSeeOther(f"/campaigns/{made.name}/settings?made=yes#lists")


async def settings_page(request: web.Request) -> web.Response:
    """GET /campaigns/{campaign}/settings"""
    campaign = await campaign_of(request)
    return await _form(request, typed_of(campaign.settings), campaign)


async def change(request: web.Request) -> web.Response:
    """POST /campaigns/{campaign}/settings"""
    campaign = await campaign_of(request)
    form = await request.post()
    typed = {name: str(value) for name, value in form.items()}
    lists = [int(str(one)) for one in form.getall("lists", ()) if _is_number(str(one))]
    settings, faults = settings_of_form(request, typed, campaign.settings)
    if settings is None:
        return await _form(request, typed, campaign, faults=faults, lists=lists, status=400)
    seen = typed.get("seen", "")
    try:
        await request.app[SERVICES].campaigns.change(
            actor_of(request),
            campaign.name,
            int(seen) if _is_number(seen) else 0,
            settings=settings,
            lists=lists,
        )
    except CampaignRefused as refused:
        fault = FormFault(refused.setting, refusal(request, refused))
        status = 409 if refused.why is CampaignRefusal.CHANGED_MEANWHILE else 400
        return await _form(request, typed, campaign, faults=[fault], lists=lists, status=status)
    raise web.HTTPSeeOther(f"/campaigns/{campaign.name}?done=changed")


async def remove(request: web.Request) -> web.Response:
    """POST /campaigns/{campaign}/remove"""
    campaign = await campaign_of(request)
    try:
        await request.app[SERVICES].campaigns.remove(
            actor_of(request), campaign.name, campaign.change
        )
    except CampaignRefused as refused:
        fault = FormFault("", refusal(request, refused))
        typed = typed_of(campaign.settings)
        return await _form(request, typed, campaign, faults=[fault], status=409)
    raise web.HTTPSeeOther("/campaigns?done=removed")


async def undo(request: web.Request) -> web.Response:
    """POST /campaigns/{campaign}/undo: change"""
    campaign = await campaign_of(request)
    number = str((await request.post()).get("change", ""))
    if not _is_number(number):
        raise web.HTTPBadRequest
    try:
        await request.app[SERVICES].campaigns.undo(actor_of(request), campaign.name, int(number))
    except CampaignRefused as refused:
        fault = FormFault("", refusal(request, refused))
        typed = typed_of(campaign.settings)
        return await _form(request, typed, campaign, faults=[fault], status=409)
    raise web.HTTPSeeOther(f"/campaigns/{campaign.name}?done=undone")


async def _form(
    request: web.Request,
    typed: Mapping[str, str],
    campaign: Campaign | None = None,
    *,
    faults: Sequence[FormFault] = (),
    lists: Sequence[int] | None = None,
    status: int = 200,
) -> web.Response:
    actor = actor_of(request)
    centre = request.app[LIVE].centre()
    titles = project_titles(request, None if actor.everywhere else _names(actor.projects))
    project = None if campaign is None else campaign.project
    found = await request.app[SERVICES].lists.seen_by(actor)
    values = {
        "campaign": campaign,
        "typed": typed,
        "faults": faults,
        "wrong": {fault.field for fault in faults},
        "titles": titles,
        "queues": [q for q in centre.queues if q.project in ({project} if project else titles)],
        "lines": centre.lines,
        "flows": request.app[FLOWS](None if actor.everywhere else actor.projects),
        "calendars": sorted(centre.calendars),
        "plan_words": plan_words,
        "lists": [one for one in found if one.project == project],
        "chosen": set(campaign.lists if campaign and lists is None else lists or ()),
        "made": request.query.get("made") == "yes",
        "words": words,
        "must_say": _must_say(request, typed.get("rules", "")),
    }
    return render(request, "campaigns/form.html", values, status=status)


def _must_say(request: web.Request, rules: str) -> list[str]:
    """What the message must say by these rules, in words."""
    if rules not in PRESETS:
        return []
    wanted = PRESETS[rules].message.must_say
    return [says(request, text) for part, text in words.MESSAGE_PARTS.items() if part in wanted]


def _is_number(text: str) -> bool:
    """Whether PostgreSQL has a number like this."""
    return text.isascii() and text.isdecimal() and len(text) <= 17


def _names(projects: Any) -> Any:
    return frozenset(projects or ())
