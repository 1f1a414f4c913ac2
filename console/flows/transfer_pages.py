"""Exporting flows into a file, and taking in such a file after a look at what it would do."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from aiohttp import web

from console.flows import words
from console.flows.drafts_here import flow_actor, flow_refusal
from console.flows.imports_in_hand import IMPORTS, ImportInHand
from console.flows.publish_pages import said_faults
from console.flows.transfer_words import FATES, FILE_GONE, KINDS, NO_FILE
from console.kit.access import can
from console.kit.context import FLOW_DRAFTS, FLOW_TRANSFERS, project_titles, user_of, zone_for
from console.kit.rendering import render, says
from console.kit.uploads import UPLOAD
from documents.document_errors import DocumentError
from domain.identity import ProjectName
from ivr_flows.kind import NameOf
from publishing.flow_files import LARGEST_BYTES
from publishing.flow_transfers import FlowFate, LackingName
from publishing.flow_words import FlowRefusal, FlowRefused

MOST_FAULTS = 100
"""Of a flow. Thousands of them would keep the page, and calls, waiting."""
MOST_FAULTS_IN_ALL = 500
LEAST_FAULTS = 5
"""Of a flow, however many flows have some."""
PATIENCE_S = 1.0
"""After so long a page shows how far the look has come, instead of what came of it."""
SMALL = 100_000
"""A look at so few characters is waited for: it takes a second or two at worst."""


async def export_page(request: web.Request) -> web.Response:
    """GET /export-flows"""
    actor = flow_actor(request)
    values = {
        "flows": await request.app[FLOW_DRAFTS].all(actor),
        "titles": _titles(request),
        "words": words,
        "may_import": can(request, "POST", "/import-flows"),
    }
    return render(request, "flows/export.html", values)


async def export_file(request: web.Request) -> web.Response:
    """GET /export-flows/flows.yaml: flow (each; none: all), what (draft or met)"""
    wanted = request.query.getall("flow", [])
    try:
        found = await request.app[FLOW_TRANSFERS].exported(
            flow_actor(request), wanted or None, met=request.query.get("what") == "met"
        )
    except FlowRefused as refused:
        raise web.HTTPNotFound from refused
    data = await request.app[FLOW_TRANSFERS].written(found)
    name = found[0].flow if len(found) == 1 else f"flows-{datetime.now(zone_for(request)):%Y-%m-%d}"
    return web.Response(
        body=data,
        content_type="application/yaml",
        charset="utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}.yaml"',
            "Cache-Control": "no-store",
        },
    )


async def import_page(request: web.Request) -> web.Response:
    """GET /import-flows"""
    return _choose(request)


async def take_file(request: web.Request) -> web.Response:
    """POST /import-flows: a file, and project, for flows that are new here"""
    upload, actor = request[UPLOAD], flow_actor(request)
    project = upload.fields.get("project", "")
    if project not in _titles(request) and not (project == "" and actor.everywhere):
        raise web.HTTPBadRequest
    if not upload.data:
        return _choose(request, project, says(request, NO_FILE))
    name = upload.name or "flows.yaml"
    try:
        flows = await request.app[FLOW_TRANSFERS].read(upload.data, name)
    except DocumentError as error:
        return _choose(request, project, faults=(error, *error.others))
    one = ImportInHand(user_of(request).name, name, project, flows)
    request.app[IMPORTS].add(one)
    raise web.HTTPSeeOther(f"/import-flows/{one.id}")


async def look_page(request: web.Request) -> web.Response:
    """GET /import-flows/{import}: what taking it in would do, or how far the look at it has come"""
    one = _in_hand(request)
    if "HX-Request" in request.headers and (one is None or one.look is None or one.look.over):
        return web.Response(headers={"HX-Refresh": "true"})
    if one is None:
        return _choose(request, "", says(request, FILE_GONE), status=404)
    return await _look(request, one)


async def look_or_take(request: web.Request) -> web.Response:
    """POST /import-flows/{import}: name.N (in the place of the Nth missing name), only (each flow
    to take in), do (look again, or take)"""
    one = _in_hand(request)
    if one is None:
        return _choose(request, "", says(request, FILE_GONE), status=404)
    form = await request.post()
    given = {key: str(value) for key, value in form.items()}
    transfers, actor = request.app[FLOW_TRANSFERS], flow_actor(request)
    before, one.mistake = one.look, ""
    if before is None or not before.shown:
        return await _look(request, one)  # they can't have seen what it would do
    one.names = _names(one.lacking, given)
    if given.get("do") != "take":
        one.look_anew(transfers, actor)
        return await _look(request, one)
    only = {str(flow) for flow in form.getall("only", ())}
    try:
        if (changed := await transfers.changed_since(before.result())) is not None:
            raise FlowRefused(FlowRefusal.CHANGED_MEANWHILE, changed.changed_by or changed.flow)
        look = before
        if (before.actor, before.names) != (actor, one.names):
            look = one.look_anew(transfers, actor)
            await look.wait(_patience_s(one))
            if not look.over:
                return await _look(request, one)  # it takes long: they see first what it would do
        taken = await transfers.take_in(actor, look.result(), only)
    except FlowRefused as refused:
        one.mistake = flow_refusal(request, refused)
        one.look_anew(transfers, actor)
        return await _look(request, one)
    request.app[IMPORTS].drop(one)
    if len(taken) == 1:
        raise web.HTTPSeeOther(f"/flows/{taken[0]}")
    raise web.HTTPSeeOther("/flows")


def _names(
    missing: Sequence[LackingName], given: Mapping[str, str]
) -> dict[tuple[NameOf, str], str]:
    found = {}
    for index, lacking in enumerate(missing):
        chosen = given.get(f"name.{index}", "")
        if chosen in lacking.choices:
            found[lacking.of, lacking.name] = chosen
    return found


async def _look(request: web.Request, one: ImportInHand) -> web.Response:
    part = "HX-Request" in request.headers
    under_way = one.look_of(request.app[FLOW_TRANSFERS], flow_actor(request))
    await under_way.wait(0 if part else _patience_s(one))
    if not under_way.over:
        if request.method == "POST":
            # The page that shows how far it is reloads itself, and a reload must not post again.
            raise web.HTTPSeeOther(f"/import-flows/{one.id}")
        name = "flows/_looking.html" if part else "flows/import_looking.html"
        return render(request, name, {"one": one, "look": under_way})
    under_way.shown = True
    look, mistake = under_way.result(), one.mistake
    one.lacking, one.mistake = look.lacking, ""
    faulty = sum(bool(flow.errors) for flow in look.flows)
    most = min(MOST_FAULTS, max(LEAST_FAULTS, MOST_FAULTS_IN_ALL // max(1, faulty)))
    values = {
        "one": one,
        "look": look,
        "lacking": look.lacking,
        "chosen": one.names,
        "faults": {flow.flow: said_faults(request, flow.errors[:most]) for flow in look.flows},
        "titles": _titles(request),
        "fates": FATES,
        "kinds": KINDS,
        "takes": {FlowFate.NEW, FlowFate.CHANGED},
        "mistake": mistake,
        "words": words,
    }
    return render(request, "flows/import_look.html", values, status=409 if mistake else 200)


def _patience_s(one: ImportInHand) -> float | None:
    """How long a page waits for the look; None: until it is over."""
    size = sum(len(flow.text) + len(flow.tests) for flow in one.flows)
    return None if size <= SMALL else PATIENCE_S


def _choose(
    request: web.Request,
    project: str = "",
    mistake: str = "",
    faults: tuple[DocumentError, ...] = (),
    status: int = 0,
) -> web.Response:
    values = {
        "titles": _titles(request),
        "for_all": flow_actor(request).everywhere,
        "project": project,
        "mistake": mistake,
        "faults": said_faults(request, faults[:MOST_FAULTS]),
        "file": faults[0].source if faults else "",
        "megabytes": LARGEST_BYTES // 1_000_000,
        "words": words,
    }
    status = status or (400 if mistake or faults else 200)
    return render(request, "flows/import.html", values, status=status)


def _in_hand(request: web.Request) -> ImportInHand | None:
    flow_actor(request)  # whose projects they are, the look decides
    return request.app[IMPORTS].get(request.match_info["import"], user_of(request).name)


def _titles(request: web.Request) -> dict[ProjectName, str]:
    actor = flow_actor(request)
    own = None if actor.everywhere else frozenset(map(ProjectName, actor.projects or ()))
    return project_titles(request, own)
