"""A lead's page: who it is, what holds it, and its story; it is paused, opened or removed here."""

from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web

from campaigns.disposition_choices import title_in
from campaigns.lead_lists import ListRefused
from campaigns.lead_service import LeadChange, LeadChangeKind, LeadStory
from campaigns.project_choices import KeptChoices
from campaigns.skip_choices import Skips, skip_of
from campaigns.stored_leads import LeadState
from console.campaigns import lead_words
from console.campaigns.campaign_services import SERVICES, actor_of
from console.campaigns.why import ENDLESS
from console.campaigns.why_pages import as_number, step_text
from console.floor.disposing import DISPOSING, disposal_text
from console.kit.access import can, projects_of
from console.kit.context import AGENTS, LANGUAGE, project_titles, zone_for
from console.kit.rendering import clock, render, says
from domain.identity import AgentCode


@dataclass(frozen=True, slots=True)
class LeadMoment:
    """Something that happened to a lead, and who did it."""

    at: datetime
    by: str
    what: str
    note: str = ""


async def page(request: web.Request) -> web.Response:
    """GET /leads/{lead}"""
    return await _page(request, as_number(request.match_info["lead"]))


async def move(request: web.Request) -> web.Response:
    """POST /leads/{lead}/state: to"""
    lead = as_number(request.match_info["lead"])
    form = await request.post()
    try:
        to = LeadState(str(form.get("to", "")))
    except ValueError:
        raise web.HTTPBadRequest from None
    services, actor = request.app[SERVICES], actor_of(request)
    try:
        before = (await services.leads.story(actor, lead)).lead.state
        if to not in lead_words.NEXT[before]:
            return await _page(request, lead, mistake="not_from_here", status=409)
        await services.leads.move(actor, lead, to)
    except ListRefused as refused:
        if refused.why == "forbidden":
            raise web.HTTPForbidden from refused
        return await _page(request, lead, mistake=refused.why, status=409)
    raise web.HTTPSeeOther(f"/leads/{lead}")


async def _page(
    request: web.Request, number: int, mistake: str = "", *, status: int = 200
) -> web.Response:
    services, actor = request.app[SERVICES], actor_of(request)
    try:
        story = await services.leads.story(actor, number)
        hold = await services.funnel.hold_of(actor, number, datetime.now(UTC))
    except ListRefused as refused:
        raise web.HTTPNotFound from refused
    own = projects_of(request)
    agents = await request.app[AGENTS].names(projects=own)
    kept = await request.app[DISPOSING].choices.of(story.lead.project)
    return render(
        request,
        "campaigns/lead.html",
        {
            "lead": story.lead,
            "attempts": story.attempts,
            "listed": story.listed,
            "moments": _moments(request, story, agents, kept),
            "hold": step_text(request, hold.step),
            "hold_until": None if hold.step in ENDLESS else hold.until,
            "agents": agents,
            "titles": project_titles(request, own),
            "moves": lead_words.NEXT[story.lead.state],
            "may_move": can(request, "POST", "/leads/{lead}/state"),
            "may_read_calls": can(request, "GET", "/calls/{call}"),
            "mistake": says(request, lead_words.REFUSALS.get(mistake, "")),
            "words": lead_words,
        },
        status=status,
    )


def _detail(request: web.Request, change: LeadChange, skips: Skips) -> str:
    """What belongs to a change besides its name."""
    if change.what == "edited":
        return ", ".join(change.detail)
    if change.what != LeadChangeKind.SKIPPED:
        return ""
    code = str(change.detail.get("reason", ""))
    reason = skip_of(skips, code)
    title = code if reason is None else title_in(reason.titles, request[LANGUAGE])
    parts = (title, change.detail.get("note"))
    return " · ".join(str(part) for part in parts if part)


def _moments(
    request: web.Request,
    story: LeadStory,
    agents: dict[AgentCode, str],
    kept: KeptChoices,
) -> list[LeadMoment]:
    """What people did with the lead, and what came of calls, the newest first."""
    found = [
        LeadMoment(
            one.at,
            agents.get(AgentCode(one.by), one.by) if one.what == LeadChangeKind.SKIPPED else one.by,
            says(request, lead_words.CHANGES.get(one.what, "")) or one.what,
            _detail(request, one, kept.skips),
        )
        for one in story.changes
    ]
    for said in story.dispositions:
        title, sub = disposal_text(request, kept.choices, said)
        when = (
            ""
            if said.callback_at is None
            else clock(said.callback_at, request[LANGUAGE], zone_for(request), "yyyy-MM-dd HH:mm")
        )
        parts = (sub, when, said.callback_number or "", said.note)
        note = " · ".join(part for part in parts if part)
        found.append(LeadMoment(said.at, agents.get(said.agent, said.agent), title, note))
    for change in story.listings:
        text = lead_words.LISTED.get(change.what, "%(number)s: " + change.what.replace("%", "%%"))
        source = says(request, lead_words.SOURCES.get(change.source, ""))
        note = " · ".join(part for part in (source, change.reason) if part)
        what = says(request, text, {"number": change.number})
        found.append(LeadMoment(change.at, change.by, what, note))
    return sorted(found, key=lambda one: one.at, reverse=True)
