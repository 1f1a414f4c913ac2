"""A campaign's attempts, and what was decided in a minute."""

from datetime import UTC, datetime, timedelta, tzinfo
from urllib.parse import urlencode

from aiohttp import web

from campaigns.attempt_pages import AttemptPlace
from console.campaigns import lead_words
from console.campaigns.campaign_services import SERVICES, actor_of, campaign_of
from console.campaigns.reason_text import reason_text
from console.kit.access import can, projects_of
from console.kit.context import AGENTS, zone_for
from console.kit.rendering import render
from domain.identity import CallId

PER_PAGE = 50
MINUTE = timedelta(minutes=1)
_TYPED = "%Y-%m-%dT%H:%M"
"""As a browser's field for a date and a time says it."""


async def attempts(request: web.Request) -> web.Response:
    """GET /campaigns/{campaign}/attempts: before (the place of the last attempt of a page)"""
    campaign = await campaign_of(request)
    before = _place(request.query.get("before", ""))
    found = await request.app[SERVICES].attempts.page(
        actor_of(request), campaign.name, before=before, limit=PER_PAGE + 1
    )
    here = f"/campaigns/{campaign.name}/attempts"
    older = None
    if len(found) > PER_PAGE:
        last = found[PER_PAGE - 1].place
        older = f"{here}?{urlencode({'before': f'{last.reserved_at.isoformat()}~{last.attempt}'})}"
    return render(
        request,
        "campaigns/attempts.html",
        {
            "campaign": campaign,
            "attempts": found[:PER_PAGE],
            "newest": here if before else None,
            "older": older,
            "agents": await request.app[AGENTS].names(projects=projects_of(request)),
            "may_read_calls": can(request, "GET", "/calls/{call}"),
            "words": lead_words,
        },
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
        there = (moment.astimezone(UTC)).astimezone(zone)
        return f"{here}?{urlencode({'at': there.strftime(_TYPED)})}"

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


def _minute(typed: str, zone: tzinfo | None) -> datetime | None:
    """The minute that was typed, in the viewer's zone; None if it is none."""
    try:
        found = datetime.strptime(typed[:16], _TYPED)
        if not 2000 <= found.year <= 2999:
            return None
        return found.replace(tzinfo=zone) if zone is not None else found.astimezone()
    except (ValueError, OverflowError):
        return None


def _place(text: str) -> AttemptPlace | None:
    """A place in the list from an address; None (the newest) if it is none."""
    at, _, attempt = text.partition("~")
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        return None
    if found.tzinfo is None or not 2000 <= found.year <= 2999:
        return None
    return AttemptPlace(found, CallId(attempt))
