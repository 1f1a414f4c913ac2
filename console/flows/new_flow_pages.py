"""Beginning a flow: from a piece of the library, as a copy of another, or nearly empty."""

import asyncio
from collections.abc import Mapping

from aiohttp import web

from console.flows import words
from console.flows.drafts_here import flow_actor, flow_refusal
from console.flows.flow_pieces import empty_flow, library_pieces, named
from console.kit.context import FLOW_DRAFTS, LANGUAGE, lacks_project, project_titles
from console.kit.rendering import render
from domain.identity import ProjectName
from publishing.flow_words import FlowRefused

_COPY = "copy:"


async def new_flow_page(request: web.Request) -> web.Response:
    """GET /new-flow: copy, the flow that is to be copied"""
    typed = {}
    if copied := request.query.get("copy", ""):
        try:
            await request.app[FLOW_DRAFTS].of(flow_actor(request), copied)
        except FlowRefused as refused:
            raise web.HTTPNotFound from refused
        typed = {"piece": _COPY + copied}
    return await _page(request, typed)


async def make_flow(request: web.Request) -> web.Response:
    """POST /new-flow: flow, project, piece"""
    form = await request.post()
    flow, project = str(form.get("flow", "")).strip(), str(form.get("project", ""))
    piece = str(form.get("piece", ""))
    actor, drafts = flow_actor(request), request.app[FLOW_DRAFTS]
    if not project and not actor.everywhere:
        raise web.HTTPBadRequest
    if actor.everywhere and lacks_project(request, project):
        raise web.HTTPBadRequest
    typed = {"flow": flow, "project": project, "piece": piece}
    try:
        text, tests = await _begun(request, piece, flow)
        if text is None:
            raise web.HTTPBadRequest
        await drafts.add(actor, project, flow, named(text, flow), named(tests, flow))
    except FlowRefused as refused:
        return await _page(request, typed, flow_refusal(request, refused), status=400)
    raise web.HTTPSeeOther(f"/flows/{flow}")


async def _begun(request: web.Request, piece: str, flow: str) -> tuple[str | None, str]:
    """The text and the tests with which it begins; None: there is no such piece. Raises
    FlowRefused."""
    if not piece:
        return empty_flow(flow), ""
    if piece.startswith(_COPY):
        draft = await request.app[FLOW_DRAFTS].of(flow_actor(request), piece.removeprefix(_COPY))
        return draft.text, draft.tests
    for one in await asyncio.to_thread(library_pieces):
        if one.name == piece:
            return one.text, one.tests
    return None, ""


async def _page(
    request: web.Request, typed: Mapping[str, str], mistake: str = "", status: int = 200
) -> web.Response:
    actor = flow_actor(request)
    own = None if actor.everywhere else frozenset(map(ProjectName, actor.projects or ()))
    piece = typed.get("piece", "")
    values = {
        "pieces": await asyncio.to_thread(library_pieces),
        "copied": piece.removeprefix(_COPY) if piece.startswith(_COPY) else "",
        "titles": project_titles(request, own),
        "for_all": actor.everywhere,
        "in_language": request[LANGUAGE],
        "typed": typed,
        "mistake": mistake,
        "words": words,
    }
    return render(request, "flows/new.html", values, status=status)
