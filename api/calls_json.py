"""Serves the list of calls as JSON."""

from datetime import datetime
from typing import Any

from aiohttp import web

from console.kit.access import can, projects_of
from console.kit.context import CALLS, zone_for
from console.kit.rendering import says
from console.kit.words import FILTER_MISTAKES
from records.call_filters import PER_PAGE, place_text, read_filters
from records.call_rows import CallRow


async def calls(request: web.Request) -> web.Response:
    """GET /api/v1/calls: the calls that the page has, newest first. 400 names the filters that make
    no sense.

    ``older`` and ``newer`` lead on: the same filters with ``before=`` the one or ``after=`` the
    other. They are null at the list's ends. ``total`` counts the calls of all pages; if ``more``,
    there are more than that.
    """
    asked = read_filters(request.query, zone_for(request))
    if asked.mistakes:
        return web.json_response(
            {
                "error": "bad_filter",
                "message": " ".join(says(request, FILTER_MISTAKES[m]) for m in asked.mistakes),
            },
            status=400,
        )
    found = await request.app[CALLS].list(
        asked.search,
        projects=projects_of(request),
        before=asked.before,
        after=asked.after,
        per_page=PER_PAGE,
    )
    line = can(request, "GET", "/calls/{call}")  # the roles whose page shows it, too
    return web.json_response(
        {
            "calls": [as_json(row, line=line) for row in found.rows],
            "per_page": PER_PAGE,
            "total": found.total,
            "more": found.more,
            "newer": None if found.newer is None else place_text(found.newer),
            "older": None if found.older is None else place_text(found.older),
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
