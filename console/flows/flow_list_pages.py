"""The list of flows: which there are, and what becomes of callers with each."""

from aiohttp import web

from console.flows import words
from console.flows.drafts_here import flow_actor
from console.kit.access import can
from console.kit.context import FLOW_DRAFTS, LANGUAGE, project_titles
from console.kit.rendering import render
from domain.identity import ProjectName
from publishing.flow_words import FlowOverview


async def flows_page(request: web.Request) -> web.Response:
    """GET /flows: q, a part of what one looks for"""
    actor = flow_actor(request)
    found = await request.app[FLOW_DRAFTS].all(actor)
    own = None if actor.everywhere else frozenset(map(ProjectName, actor.projects or ()))
    titles = project_titles(request, own)
    wanted = request.query.get("q", "").strip()
    values = {
        "flows": [one for one in found if _fits(one, wanted.casefold(), titles)],
        "all": len(found),
        "wanted": wanted,
        "titles": titles,
        "language": request[LANGUAGE],
        "may_change": can(request, "POST", "/new-flow"),
        "words": words,
    }
    return render(request, "flows/list.html", values)


def _fits(one: FlowOverview, wanted: str, titles: dict[ProjectName, str]) -> bool:
    title = titles.get(ProjectName(one.project), "")
    texts = (one.flow, *one.titles.values(), one.project, title, one.changed_by)
    return any(wanted in text.casefold() for text in texts)
