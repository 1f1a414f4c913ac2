"""Serves files of flows: exports them, looks an import over, and takes it in."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from api.flow_answers import answered, api_actor, bad, fault_items
from api.flow_models import ApiFault, ArrivingItem, ImportAnswer, LackingItem
from api.flows_json import refusing
from console.kit.access import projects_of
from console.kit.context import FLOW_TRANSFERS, project_titles
from console.kit.uploads import UPLOAD
from documents.document_errors import DocumentError
from ivr_flows.kind import NameOf
from publishing.flow_transfers import ImportLook


@refusing
async def export_flows(request: web.Request) -> web.Response:
    """Flows as one YAML file; without ``flow``, all. ``what`` is draft or met."""
    wanted = request.query.getall("flow", [])
    found = await request.app[FLOW_TRANSFERS].exported(
        api_actor(request), wanted or None, met=request.query.get("what") == "met"
    )
    return web.Response(
        body=await request.app[FLOW_TRANSFERS].written(found),
        content_type="application/yaml",
        charset="utf-8",
        headers={"Cache-Control": "no-store"},
    )


@refusing
async def import_flows(request: web.Request) -> web.Response:
    """Look over a file of flows, and with ``dry_run=no`` make the drafts. ``project`` is that of
    flows that are new here; ``names`` a JSON object: kind to names, each with the one in its place.
    """
    upload, actor = request[UPLOAD], api_actor(request)
    project, dry = upload.fields.get("project", ""), upload.fields.get("dry_run", "yes") != "no"
    if project not in project_titles(request, projects_of(request)) and not (
        project == "" and actor.everywhere
    ):
        return bad("bad_field", "project")
    names = _names(upload.fields.get("names", "{}"))
    if names is None:
        return bad("bad_field", 'names: expected {"queue": {"theirs": "ours"}}')
    name = upload.name or "flows.yaml"
    try:
        flows = await request.app[FLOW_TRANSFERS].read(upload.data, name)
    except DocumentError as error:
        faults = fault_items(request, (error, *error.others))
        return answered(ApiFault(error="bad_file", about=name, errors=faults), 422)
    transfers = request.app[FLOW_TRANSFERS]
    look = await transfers.look_over(actor, project, flows, name, names)
    made = () if dry else await transfers.take_in(actor, look)
    # In a thread: a file may have ten thousands of errors, and calls go on meanwhile.
    return await asyncio.to_thread(lambda: answered(_answer(request, look, made, dry)))


def _answer(request: web.Request, look: ImportLook, made: Sequence[str], dry: bool) -> ImportAnswer:
    return ImportAnswer(
        dry_run=dry,
        flows=[
            ArrivingItem(
                flow=one.flow,
                project=one.project,
                fate=one.fate,
                errors=fault_items(request, one.errors),
            )
            for one in look.flows
        ],
        missing=[
            LackingItem(
                kind=one.of,
                name=one.name,
                places=[f"{flow}:{line}" for flow, line in one.places],
                choices=list(one.choices),
            )
            for one in look.lacking
        ],
        made=list(made),
    )


def _names(text: str) -> dict[tuple[NameOf, str], str] | None:
    try:
        given: Any = json.loads(text)
        return {
            (NameOf(kind), str(old)): str(new)
            for kind, pairs in given.items()
            for old, new in pairs.items()
        }
    except (ValueError, AttributeError, RecursionError):
        return None
