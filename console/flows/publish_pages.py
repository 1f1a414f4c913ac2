"""Publishing a flow: what would change, what is in the way, and when callers are to meet it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from console.flows import publish_words
from console.flows.drafts_here import flow_actor, flow_of, flow_refusal, may_change_flow
from console.flows.flow_tabs import flow_tabs
from console.flows.text_difference import text_difference
from console.kit.context import PUBLICATIONS, typed_moment
from console.kit.rendering import render, says
from documents.document_errors import DocumentError
from publishing.flow_checks import warning_key
from publishing.flow_words import FlowProspect, FlowRefusal, FlowRefused

LONGEST_NOTE = 1000


@dataclass(frozen=True, slots=True)
class SaidFault:
    """An error or a warning in the words of whoever reads it."""

    key: str
    """By which a warning is confirmed."""
    line: int
    what: str
    remedy: str


async def publish_page(request: web.Request) -> web.Response:
    """GET /flows/{flow}/publish"""
    return await _page(request, {})


async def publish_flow(request: web.Request) -> web.Response:
    """POST /flows/{flow}/publish: seen (the draft's version), note, confirmed (each warning), when
    (now, or later with at, by the centre's clock)"""
    draft, form = await flow_of(request), await request.post()
    typed = {name: str(form.get(name, "")) for name in ("seen", "note", "when", "at")}
    confirmed = [str(one) for one in form.getall("confirmed", ())]
    seen = typed["seen"]
    if not (seen.isascii() and seen.isdecimal() and len(seen) < 10):
        raise web.HTTPBadRequest
    note = typed["note"].strip()[:LONGEST_NOTE]
    actor, flow = flow_actor(request), draft.flow
    publications = request.app[PUBLICATIONS]
    try:
        if typed["when"] != "later":
            if typed["at"].strip():  # whoever fills in midnight does not mean now
                mistake = says(request, publish_words.TIME_BUT_NOW)
                return await _page(request, typed, mistake, confirmed, 400)
            made = await publications.publish(actor, flow, int(seen), note, confirmed)
            raise web.HTTPSeeOther(f"/flows/{flow}/revisions?done=published&n={made.number}")
        at = typed_moment(request, typed["at"])
        if at is None:
            mistake = says(request, publish_words.NO_TIME)
            return await _page(request, typed, mistake, confirmed, 400)
        planned = await publications.plan(actor, flow, int(seen), note, at, confirmed)
    except FlowRefused as refused:
        mistake = flow_refusal(request, refused)
        changed = refused.why is FlowRefusal.CHANGED_MEANWHILE
        if changed:
            mistake = f"{mistake} {says(request, publish_words.LOOK_AGAIN)}"
        return await _page(request, typed, mistake, confirmed, 409 if changed else 400)
    raise web.HTTPSeeOther(f"/flows/{flow}/revisions?done=planned&n={planned.number}")


def said_faults(request: web.Request, faults: Sequence[DocumentError]) -> list[SaidFault]:
    """Faults of a flow's text, in the request's language."""

    def translate(template: str) -> str:
        return says(request, template)

    return [
        SaidFault(
            warning_key(fault),
            fault.line,
            fault.what.said(translate),
            "" if fault.remedy is None else fault.remedy.said(translate),
        )
        for fault in faults
    ]


async def _page(
    request: web.Request,
    typed: Mapping[str, str],
    mistake: str = "",
    confirmed: Sequence[str] = (),
    status: int = 200,
) -> web.Response:
    draft = await flow_of(request)
    values: dict[str, object] = {
        "flow": draft.flow,
        "tabs": flow_tabs(request),
        "draft": draft,
        "may_change": may_change_flow(request, draft),
        "typed": typed,
        "mistake": mistake,
        "confirmed": set(confirmed),
        "words": publish_words,
        "longest_note": LONGEST_NOTE,
    }
    publications, actor = request.app[PUBLICATIONS], flow_actor(request)
    try:
        found = await publications.prospect(actor, draft.flow)
    except FlowRefused as refused:  # the text calls the flow otherwise
        values |= {"found": None, "mistake": mistake or flow_refusal(request, refused)}
        return render(request, "flows/publish.html", values, status=status)
    planned = await publications.planned(actor, draft.flow)
    values |= await _found(request, found) | {"planned": planned}
    return render(request, "flows/publish.html", values, status=status)


async def _found(request: web.Request, found: FlowProspect) -> dict[str, object]:
    before = "" if found.met is None else found.met.text
    tests = [] if found.played is None else list(found.played.tests)
    failed = [one.fault for one in tests if one.fault is not None]
    if found.tests_fault is not None:
        failed = [found.tests_fault, *found.tests_fault.others]
    return {
        "found": found,
        "difference": await asyncio.to_thread(text_difference, before, found.draft.text),
        "errors": said_faults(request, found.checked.errors),
        "warnings": said_faults(request, found.checked.warnings),
        "tests": tests,
        "failed": said_faults(request, failed),
        "broken": "" if found.refused is None else flow_refusal(request, found.refused),
        "coverage": None if found.played is None else found.played.coverage,
    }
