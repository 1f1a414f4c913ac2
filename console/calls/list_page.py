"""The list of calls with its filters, as a page and as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from console.calls import words
from console.kit.access import can, projects_of
from console.kit.context import AGENTS, CALLS, INSTALLATION, LIVE, project_titles
from console.kit.rendering import render, says
from console.kit.translations import N_
from domain.identity import AgentCode, ProjectName, QueueName
from records.call_queries import CallFilter, CallRow
from records.fold import Outcome

PER_PAGE = 50
_DIGITS = frozenset("0123456789+*#")


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters as typed, the search they stand for, and what was wrong with them."""

    typed: Mapping[str, str]
    search: CallFilter
    page: int
    mistakes: tuple[str, ...]


_FIELDS = ("from", "to", "project", "hotline", "queue", "agent", "outcome", "caller", "withheld")


def read_filters(query: Mapping[str, str], zone: tzinfo | None) -> Asked:
    """Reads the filters from a query. Those that make no sense are left out and named."""
    typed = {name: query.get(name, "").strip()[:100] for name in _FIELDS}
    mistakes: list[str] = []
    start = _midnight(typed["from"], zone, mistakes)
    last = _midnight(typed["to"], zone, mistakes, days=1)
    outcome: Outcome | None = None
    if typed["outcome"]:
        try:
            outcome = Outcome(typed["outcome"])
        except ValueError:
            mistakes.append(N_("There is no such outcome."))
    if start and last and last <= start:
        mistakes.append(N_("The end date is before the start date."))
    try:
        page = max(1, int(query.get("page", "1")))
    except ValueError:
        page = 1
    caller = "".join(c for c in typed["caller"] if c in _DIGITS)
    if typed["caller"] and not caller:
        mistakes.append(N_("A caller's number contains only digits."))
    search = CallFilter(
        project=ProjectName(typed["project"]) if typed["project"] else None,
        start=start,
        end=last,
        hotline=typed["hotline"] or None,
        queue=QueueName(typed["queue"]) if typed["queue"] else None,
        agent=AgentCode(typed["agent"]) if typed["agent"] else None,
        outcome=outcome,
        caller=caller or None,
        withheld=bool(typed["withheld"]),
    )
    return Asked(typed, search, page, tuple(mistakes))


def _midnight(
    typed: str, zone: tzinfo | None, mistakes: list[str], *, days: int = 0
) -> datetime | None:
    if not typed:
        return None
    try:
        day = date.fromisoformat(typed) + timedelta(days)
        return datetime.combine(day, time(), zone).astimezone(UTC)
    except (ValueError, OverflowError):
        mistakes.append(N_("A date must look like 2026-01-31."))
        return None


async def page(request: web.Request) -> web.Response:
    """GET /calls: the whole page, or only its list if htmx asks."""
    own = projects_of(request)
    asked = read_filters(request.query, request.app[INSTALLATION].timezone)
    found = await request.app[CALLS].list(
        asked.search, projects=own, page=asked.page, per_page=PER_PAGE
    )
    centre = request.app[LIVE].centre()
    titles = project_titles(request, own)
    shown = [p for p in centre.projects if own is None or p.name in own]
    names = {p.name for p in shown}
    agents = await request.app[AGENTS].names(projects=own)
    pages = max(1, -(-found.total // PER_PAGE))
    kept = {name: value for name, value in asked.typed.items() if value}

    def page_link(number: int) -> str:
        return "/calls?" + urlencode({**kept, "page": number})

    if found.page > pages:  # an old bookmark, or calls have since left the list
        raise web.HTTPSeeOther(page_link(pages))
    partial = (
        "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers
    )
    response = render(
        request,
        "calls/_calls.html" if partial else "calls/calls.html",
        {
            "found": found,
            "pages": pages,
            "filters": asked.typed,
            "filtered": bool(kept),
            "mistakes": [says(request, m) for m in asked.mistakes],
            "projects": shown,
            "hotlines": [h for h in centre.hotlines if h.project in names],
            "queues": [q for q in centre.queues if q.project in names],
            "queue_titles": {q.name: q.title for q in centre.queues},
            "agents": dict(sorted(agents.items())),
            "titles": titles,
            "words": words,
            "page_link": page_link,
        },
    )
    response.headers["Vary"] = "HX-Request"
    return response


async def api(request: web.Request) -> web.Response:
    """GET /api/v1/calls: the same list and filters. 400 names the filters that make no sense."""
    asked = read_filters(request.query, request.app[INSTALLATION].timezone)
    if asked.mistakes:
        return web.json_response(
            {
                "error": "bad_filter",
                "message": " ".join(says(request, mistake) for mistake in asked.mistakes),
            },
            status=400,
        )
    found = await request.app[CALLS].list(
        asked.search, projects=projects_of(request), page=asked.page, per_page=PER_PAGE
    )
    line = can(request, "GET", "/calls/{call}")  # the roles whose page shows it, too
    return web.json_response(
        {
            "calls": [as_json(row, line=line) for row in found.rows],
            "page": found.page,
            "per_page": found.per_page,
            "total": found.total,
            "more": found.more,
        },
        headers={"Cache-Control": "no-store"},
    )


def as_json(row: CallRow, *, line: bool) -> dict[str, Any]:
    """A call of the list as JSON, with times in ISO 8601 (UTC) and without its recording's path.

    ``line``: whether to include the line it came in on.
    """
    return {
        "call": row.call,
        "project": row.project,
        "hotline": row.hotline,
        "line": row.line if line else None,
        "caller": row.caller,
        "caller_name": row.caller_name,
        "language": row.language,
        "queue": row.queue,
        "queues": list(row.queues),
        "outcome": row.outcome.value,
        "entered_at": _iso(row.entered_at),
        "queued_at": _iso(row.queued_at),
        "answered_at": _iso(row.answered_at),
        "ended_at": _iso(row.ended_at),
        "ended_by": row.ended_by,
        "talk_ended_by": row.talk_ended_by,
        "wait_s": row.wait_s,
        "talk_s": row.talk_s,
        "hold_s": row.hold_s,
        "agents": list(row.agents),
        "score": row.score,
        "recorded": row.recording_file is not None,
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
