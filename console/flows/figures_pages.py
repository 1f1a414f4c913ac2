"""The figures of a flow: how calls went through its nodes in the last hour, day or week."""

import asyncio
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from aiohttp import web

from console.flows import figure_words, words
from console.flows.drafts_here import flow_actor, flow_of
from console.flows.figure_rows import NodeRow, figure_rows
from console.flows.flow_pictures import kinds_drawn, picture_of
from console.flows.flow_tabs import flow_tabs
from console.flows.way_services import WAY_SERVICES
from console.kit.access import projects_of
from console.kit.context import FLOW_HISTORY
from console.kit.rendering import render
from ivr_flows.flow import Flow
from ivr_flows.loader import check
from publishing.flow_words import FlowDraft, FlowRefused
from records.flow_figures import FlowFigures, Span


@dataclass(frozen=True, slots=True)
class _Figures:
    draft: FlowDraft
    span: Span
    revision: int | None
    """Whose calls are counted; None: those of all."""
    text: str
    flow: Flow | None
    figures: FlowFigures
    rows: tuple[NodeRow, ...]

    @property
    def calls(self) -> int:
        """How many came in at the flow's start."""
        start = None if self.flow is None else self.figures.nodes.get(self.flow.start)
        return 0 if start is None else start.entered


async def figures_page(request: web.Request) -> web.Response:
    """GET /flows/{flow}/figures: span (hour, day, week), revision (none: all of them)"""
    found = await _found(request)
    values = {
        "flow": found.draft.flow,
        "tabs": flow_tabs(request),
        "found": found,
        "spans": [(span, figure_words.SPANS[span]) for span in Span],
        "revisions": sorted((n for n in found.figures.revisions if n), reverse=True),
        "in_others": found.figures.revisions.get(0, 0),
        "never": [(row.node, exit) for row in found.rows if row.kind for exit in row.never],
        "kinds": words.KIND_TITLES,
        "texts": figure_words.PICTURE_TEXTS,
        "hung_up": sum(row.figures.hung_up for row in found.rows),
    }
    return render(request, "flows/figures.html", values)


async def figures_json(request: web.Request) -> web.Response:
    """GET /flows/{flow}/figures.json: the same for the drawn graph"""
    found = await _found(request)
    nodes = {
        row.node: {
            **asdict(row.figures),
            "exits": {one.name: one.calls for one in row.exits},
            "never": list(row.never),
            "gone": row.kind is None,
        }
        for row in found.rows
    }
    answer = {
        "flow": found.draft.flow,
        "span": found.span.value,
        "since": found.figures.since.isoformat(),
        "revision": found.revision,
        "calls": found.calls,
        "nodes": nodes,
        "kinds": kinds_drawn(request),
        "picture": await asyncio.to_thread(picture_of, request, found.text, found.draft.flow),
    }
    return web.json_response(answer)


async def _found(request: web.Request) -> _Figures:
    draft = await flow_of(request)
    try:
        span = Span(request.query.get("span", Span.DAY.value))
    except ValueError:
        raise web.HTTPBadRequest from None
    revision = _revision(request.query.get("revision", ""))
    figures = await request.app[WAY_SERVICES].figures.of(
        draft.flow, span.since(datetime.now(UTC)), revision, projects=projects_of(request)
    )
    text = await _text(request, draft, revision)
    flow = (await asyncio.to_thread(check, text, f"{draft.flow}.yaml")).flow
    rows = figure_rows(flow, figures)
    return _Figures(draft, span, revision, text, flow, figures, rows)


async def _text(request: web.Request, draft: FlowDraft, revision: int | None) -> str:
    """The text of the nodes that are shown: the revision asked for, the one that calls meet now, or
    else the draft."""
    history, actor = request.app[FLOW_HISTORY], flow_actor(request)
    try:
        if revision is None:
            periods = await history.periods(actor, draft.flow)
            revision = next((one.number for one in periods if one.number), None)
        if revision is not None:
            return (await history.revision(actor, draft.flow, revision)).text
    except FlowRefused:  # there is none of this number
        pass
    return draft.text


def _revision(typed: str) -> int | None:
    if not typed:
        return None
    if not (typed.isascii() and typed.isdecimal() and len(typed) < 9):
        raise web.HTTPBadRequest
    return int(typed)
