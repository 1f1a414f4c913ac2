"""Lists attempts with filters, and what was decided in a minute."""

from datetime import UTC, datetime, timedelta, tzinfo
from urllib.parse import urlencode

from aiohttp import web

from campaigns.stored_campaign import Campaign
from console.campaigns import attempt_words, lead_words
from console.campaigns.attempt_files import attempt_file, result_text
from console.campaigns.attempt_filters import ReadAttempts, place_typed, read_attempts
from console.campaigns.campaign_services import SERVICES, actor_of, campaign_of
from console.campaigns.reason_text import reason_text
from console.floor.disposing import choices_of
from console.kit.access import can, projects_of
from console.kit.context import AGENTS, project_titles, zone_for
from console.kit.rendering import render, says
from console.kit.words import FILTER_MISTAKES

PER_PAGE = 50
MINUTE = timedelta(minutes=1)
_TYPED = "%Y-%m-%dT%H:%M"
"""As a browser's field for a date and a time says it."""


async def attempts(request: web.Request) -> web.Response:
    """GET /campaigns/{campaign}/attempts: from, to, agent, came, result, and before (the place of
    the last attempt of a page)"""
    return await _list(request, await campaign_of(request))


async def all_attempts(request: web.Request) -> web.Response:
    """GET /attempts: the same over all campaigns and calls by hand; also project, campaign"""
    return await _list(request, None)


async def attempts_file(request: web.Request) -> web.StreamResponse:
    """GET /campaigns/{campaign}/attempts.{kind}: those of the filters as a CSV or XLSX file"""
    return await _file(request, await campaign_of(request))


async def all_attempts_file(request: web.Request) -> web.StreamResponse:
    """GET /attempts.{kind}"""
    return await _file(request, None)


async def _file(request: web.Request, campaign: Campaign | None) -> web.StreamResponse:
    read = _read(request, campaign)
    own = projects_of(request)
    if read.mistakes:
        said = (says(request, FILTER_MISTAKES[one]) for one in read.mistakes)
        raise web.HTTPBadRequest(text=" ".join(said))
    if read.asked.project is not None and own is not None and read.asked.project not in own:
        raise web.HTTPNotFound
    return await attempt_file(request, read.asked, request.match_info["kind"])


async def _list(request: web.Request, campaign: Campaign | None) -> web.Response:
    read, own, services = _read(request, campaign), projects_of(request), request.app[SERVICES]
    actor = actor_of(request)
    found = await services.attempts.search(
        actor, read.asked, before=read.before, limit=PER_PAGE + 1
    )
    here = "/attempts" if campaign is None else f"/campaigns/{campaign.name}/attempts"
    kept = {name: value for name, value in read.typed.items() if value}

    def link(path: str, **more: str) -> str:
        query = urlencode(kept | more)
        return f"{path}?{query}" if query else path

    older = None
    if len(found) > PER_PAGE:
        older = link(here, before=place_typed(found[PER_PAGE - 1].place))
    titles = project_titles(request, own)
    seen = await services.campaigns.seen_by(actor, removed=True)
    choices = await choices_of(request, {one.attempt.project for one in found})
    return render(
        request,
        "campaigns/attempts.html",
        {
            "campaign": campaign,
            "attempts": [(one, *result_text(request, one, choices)) for one in found[:PER_PAGE]],
            "newest": link(here) if read.before else None,
            "older": older,
            "list_path": here,
            "file": lambda kind: link(f"{here}.{kind}"),
            "filters": read.typed,
            "filtered": bool(kept),
            "mistakes": [says(request, FILTER_MISTAKES[one]) for one in read.mistakes],
            "projects": titles,
            "campaigns": {one.name: one.settings.title for one in seen},
            "agents": await request.app[AGENTS].names(projects=own),
            "may_read_calls": can(request, "GET", "/calls/{call}"),
            "words": lead_words,
            "attempt_words": attempt_words,
        },
    )


def _read(request: web.Request, campaign: Campaign | None) -> ReadAttempts:
    return read_attempts(
        request.query, zone_for(request), None if campaign is None else campaign.name
    )


async def decisions(request: web.Request) -> web.Response:
    """GET /campaigns/{campaign}/decisions: at, a minute; without it, the one before this"""
    campaign = await campaign_of(request)
    zone = zone_for(request)
    now = datetime.now(UTC).astimezone(zone).replace(second=0, microsecond=0)
    typed = request.query.get("at", "")
    chosen = _minute(typed, zone)
    at = chosen or now - MINUTE
    kept = await request.app[SERVICES].decisions.at(actor_of(request), campaign.name, at)
    here = f"/campaigns/{campaign.name}/decisions"

    def link(moment: datetime) -> str:
        # Instants, not wall clocks: there is an hour that isn't there, and one that is twice.
        there = moment.astimezone(UTC).astimezone(zone)
        at = there.isoformat(timespec="minutes") if there.fold else there.strftime(_TYPED)
        return f"{here}?{urlencode({'at': at})}"

    return render(
        request,
        "campaigns/decisions.html",
        {
            "campaign": campaign,
            "at": at,
            "typed": at.strftime(_TYPED),
            "malformed": bool(typed) and chosen is None,
            "decisions": [
                (one, one.at < at, reason_text(request, one.reason, one.figures)) for one in kept
            ],
            "dialled": sum(one.dialled for one in kept if one.at >= at),
            "earlier": link(at.astimezone(UTC) - MINUTE),
            "later": link(at.astimezone(UTC) + MINUTE),
        },
    )


def _minute(typed: str, zone: tzinfo) -> datetime | None:
    """The minute that was typed, in the viewer's zone; None if it is none. Of an hour that comes
    twice it is in the first, unless it says how far its clock is from UTC."""
    try:
        found = datetime.fromisoformat(typed).replace(second=0, microsecond=0)
        if not 2000 <= found.year <= 2999:
            return None
        return found.replace(tzinfo=zone) if found.tzinfo is None else found.astimezone(zone)
    except (ValueError, OverflowError):
        return None
