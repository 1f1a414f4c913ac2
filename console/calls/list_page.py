"""The list of calls with its filters."""

from urllib.parse import urlencode

from aiohttp import web

from console.calls import words
from console.kit.access import projects_of
from console.kit.context import AGENTS, CALLS, LIVE, project_titles, zone_for
from console.kit.rendering import render, says
from console.kit.words import FILTER_MISTAKES
from records.call_filters import PER_PAGE, place_text, read_filters
from records.call_search_sql import ListPlace


async def page(request: web.Request) -> web.Response:
    """GET /calls: the whole page, or only its list if htmx asks."""
    own = projects_of(request)
    asked = read_filters(request.query, zone_for(request))
    found = await request.app[CALLS].list(
        asked.search, projects=own, before=asked.before, after=asked.after, per_page=PER_PAGE
    )
    centre = request.app[LIVE].centre()
    titles = project_titles(request, own)
    shown = [p for p in centre.projects if own is None or p.name in own]
    names = {p.name for p in shown}
    agents = await request.app[AGENTS].names(projects=own)
    kept = {name: value for name, value in asked.typed.items() if value}

    def page_link(**place: ListPlace) -> str:
        query = {**kept, **{name: place_text(value) for name, value in place.items()}}
        return "/calls" + (f"?{urlencode(query)}" if query else "")

    if not found.rows and found.total:  # an old bookmark, or calls have since left the list
        raise web.HTTPSeeOther(page_link())
    partial = (
        "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers
    )
    response = render(
        request,
        "calls/_calls.html" if partial else "calls/calls.html",
        {
            "found": found,
            "filters": asked.typed,
            "filtered": bool(kept),
            "mistakes": [says(request, FILTER_MISTAKES[m]) for m in asked.mistakes],
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
