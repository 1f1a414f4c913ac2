"""The lists of leads, and the page of one list."""

from collections.abc import Mapping

from aiohttp import web

from campaigns.lead_lists import ListOfLeads, ListRefused
from campaigns.stored_leads import ListState
from console.kit.access import can
from console.kit.context import project_titles
from console.kit.rendering import render
from console.lead_lists import words
from console.lead_lists.list_services import LIST_SERVICES, actor_of, list_of, refusal
from domain.identity import ProjectName


async def page(request: web.Request) -> web.Response:
    """GET /lists"""
    return await _page(request)


async def make(request: web.Request) -> web.Response:
    """POST /lists: title, project, country"""
    form = await request.post()
    title, country = str(form.get("title", "")), str(form.get("country", "")).strip().upper()
    project = ProjectName(str(form.get("project", "")))
    if not project:
        raise web.HTTPBadRequest
    try:
        made = await request.app[LIST_SERVICES].lists.make(
            actor_of(request), project, title, country
        )
    except ListRefused as refused:
        typed = {"title": title, "project": project, "country": country}
        return await _page(request, refusal(request, refused), typed=typed, status=400)
    raise web.HTTPSeeOther(f"/lists/{made.list}")


async def list_page(request: web.Request) -> web.Response:
    """GET /lists/{list}; its imports alone, while they are under way"""
    return await shown_list(request, await list_of(request))


async def change(request: web.Request) -> web.Response:
    """POST /lists/{list}/settings: title, country"""
    found = await list_of(request)
    form = await request.post()
    title, country = str(form.get("title", "")), str(form.get("country", "")).strip().upper()
    try:
        await request.app[LIST_SERVICES].lists.change(
            actor_of(request), found.list, title=title, country=country
        )
    except ListRefused as refused:
        typed, text = {"title": title, "country": country}, refusal(request, refused)
        return await shown_list(request, found, text, typed=typed, status=400)
    raise web.HTTPSeeOther(f"/lists/{found.list}")


async def move(request: web.Request) -> web.Response:
    """POST /lists/{list}/state: to"""
    found = await list_of(request)
    form = await request.post()
    try:
        state = ListState(str(form.get("to", "")))
    except ValueError:
        raise web.HTTPBadRequest from None
    try:
        await request.app[LIST_SERVICES].lists.change(actor_of(request), found.list, state=state)
    except ListRefused as refused:
        return await shown_list(request, found, refusal(request, refused), status=409)
    raise web.HTTPSeeOther("/lists" if state is ListState.REMOVED else f"/lists/{found.list}")


async def shown_list(
    request: web.Request,
    found: ListOfLeads,
    mistake: str = "",
    *,
    typed: Mapping[str, str] | None = None,
    status: int = 200,
) -> web.Response:
    """The page of a list."""
    services, actor = request.app[LIST_SERVICES], actor_of(request)
    values = {
        "list": found,
        "imports": await services.imports.of_list(actor, found.list),
        "mistake": mistake,
        "typed": typed or {},
        "may_change": can(request, "POST", "/lists"),
        "may_pause": can(request, "POST", "/lists/{list}/state"),
        "words": words,
    }
    if "HX-Request" in request.headers:
        return render(request, "lead_lists/_imports.html", values)
    return render(request, "lead_lists/list.html", values, status=status)


async def _page(
    request: web.Request,
    mistake: str = "",
    *,
    typed: Mapping[str, str] | None = None,
    status: int = 200,
) -> web.Response:
    actor = actor_of(request)
    own = None if actor.everywhere else frozenset(map(ProjectName, actor.projects or ()))
    found = await request.app[LIST_SERVICES].lists.seen_by(actor)
    values = {
        "lists": found,
        "titles": project_titles(request, own),
        "mistake": mistake,
        "typed": typed or {},
        "may_change": can(request, "POST", "/lists"),
        "words": words,
    }
    return render(request, "lead_lists/lists.html", values, status=status)
