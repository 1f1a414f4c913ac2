"""Tries a flow's draft out: somebody clicks what the caller does, and sees what becomes of them.

Nothing is kept here between two clicks: the form carries all that was done, and each time it is
done again from the beginning.
"""

import asyncio
import json
from typing import Any

from aiohttp import web
from multidict import MultiDictProxy

from console.flows import try_words, words
from console.flows.drafts_here import flow_actor, flow_of, flow_refusal, may_change_flow
from console.flows.fault_words import fault_text
from console.flows.flow_pictures import kinds_drawn, picture_of
from console.flows.flow_tabs import flow_tabs
from console.flows.tried_flow import (
    TRYING,
    TriedFlow,
    centre_calendars,
    painted_way,
    tried_flow,
)
from console.flows.tried_talk import TriedTalk, beginning_of, steps_json, talk_asked, usual_setup
from console.kit.context import FLOW_DRAFTS, LIVE
from console.kit.rendering import render, says
from documents.document_errors import DocumentError
from ivr_flows.nodes.look_up import LookUpNode
from ivr_flows.steps import OpeningState
from ivr_flows.trying.conversing import Conversed, conversed, with_test
from ivr_flows.trying.rehearsal import AsksCalendar, Rehearsal
from publishing.flow_words import FlowDraft, FlowRefused


async def try_page(request: web.Request) -> web.Response:
    """GET /flows/{flow}/try"""
    draft = await flow_of(request)
    return await _page(request, draft, TriedTalk(usual_setup(request), (), ""))


async def try_step(request: web.Request) -> web.Response:
    """POST /flows/{flow}/try: the setup, steps (what was done up to now), do (what is done now);
    the part of the page with the conversation, or the whole page where scripts don't run"""
    draft = await flow_of(request)
    form: MultiDictProxy[str] = await request.post()  # type: ignore[assignment]
    return await _page(request, draft, talk_asked(request, form))


async def keep_test(request: web.Request) -> web.Response:
    """POST /flows/{flow}/try/keep: as before, and the name of the test; version, the draft's as it
    was seen"""
    draft = await flow_of(request)
    form: MultiDictProxy[str] = await request.post()  # type: ignore[assignment]
    asked = talk_asked(request, form)
    seen = str(form.get("version", ""))
    if not (seen.isascii() and seen.isdecimal() and len(seen) < 10):
        raise web.HTTPBadRequest
    name = str(form.get("name", "")).strip().replace(" ", "_")[:64]
    said = await _kept(request, draft, asked, name, int(seen))
    if not said:
        there = f"/flows/{draft.flow}/tests"
        if _is_part(request):
            return web.Response(headers={"HX-Redirect": there})
        raise web.HTTPSeeOther(there)
    draft = await flow_of(request)
    return await _page(request, draft, TriedTalk(asked.setup, asked.steps, said, name))


async def _kept(
    request: web.Request, draft: FlowDraft, asked: "TriedTalk", name: str, seen: int
) -> str:
    """Add the conversation to the draft's tests; why that could not be done, or nothing."""
    if not name:
        return says(request, try_words.NAME_WANTED)
    tried = await tried_flow(request, draft)
    if tried.flow is None:
        return says(request, try_words.HAS_ERRORS)
    found = await asyncio.to_thread(_conversed, request, tried, asked)
    try:
        text = with_test(draft.tests, draft.flow, name, found.as_test(beginning_of(request, asked)))
        await request.app[FLOW_DRAFTS].save(flow_actor(request), draft.flow, seen, draft.text, text)
    except DocumentError as error:
        return fault_text(request, error)
    except FlowRefused as refused:
        return flow_refusal(request, refused)
    return ""


def _calendar(request: web.Request, asked: TriedTalk) -> AsksCalendar:
    wanted = asked.setup["hours"]
    if wanted in tuple(OpeningState):
        return lambda _name, _at: OpeningState(wanted)
    return centre_calendars(request.app[LIVE].centre(), asked.setup["called"] or None)


def _conversed(request: web.Request, tried: TriedFlow, asked: TriedTalk) -> Conversed:
    assert tried.flow is not None  # noqa: S101 - looked at
    beginning, calendar = beginning_of(request, asked), _calendar(request, asked)
    return conversed(tried.flow, beginning, asked.steps, tried.others, calendar)


def _example(tried: TriedFlow, call: Rehearsal) -> str:
    """An answer with all that the look-up takes of it, to begin with; "" at another node."""
    assert tried.flow is not None  # noqa: S101 - looked at
    if call.awaits is None:
        return ""
    *outer, name = call.awaits.node.split(">")
    node = tried.flow.nodes.get(name) if not outer else None
    if node is None or not isinstance(node.settings, LookUpNode):
        return "{}"
    answer: dict[str, Any] = {}
    for path in node.settings.take.values():
        *parts, last = path.split(".")
        if any(part.isdecimal() for part in (*parts, last)):
            continue  # lists are written by hand
        here = answer
        for part in parts:
            inner = here.setdefault(part, {})
            here = inner if isinstance(inner, dict) else {}
        here.setdefault(last, "")
    return json.dumps(answer, ensure_ascii=False, indent=2)


def _is_part(request: web.Request) -> bool:
    """Whether the page is there already, and wants the part that changes."""
    return request.headers.get("HX-Request") == "true"


async def _page(request: web.Request, draft: FlowDraft, asked: TriedTalk) -> web.Response:
    tried = await tried_flow(request, draft)
    values: dict[str, Any] = {
        "flow": draft.flow,
        "draft": draft,
        "setup": asked.setup,
        "said": asked.said,
        "test_name": asked.name,
        "errors": [(e.line, fault_text(request, e)) for e in tried.found.errors],
        "may_change": may_change_flow(request, draft),
        "words": words,
        "try_words": try_words,
        "spoken": (),
        "way": None,
        "found": None,
    }
    if tried.flow is not None:
        async with request.app[TRYING]:
            found = await asyncio.to_thread(_conversed, request, tried, asked)
        if not found.fitted and not asked.said:
            values["said"] = says(request, try_words.DOES_NOT_FIT)
        values |= {
            "found": found,
            "call": found.call,
            "step": found.call.awaits,
            "way": {
                "nodes": painted_way(tried.flow, found.call.way),
                "here": try_words.own_node(found.call.awaits.node) if found.call.awaits else None,
            },
            "shown": try_words.events(request, found.call),
            "variables": try_words.variables(request, found.call),
            "spoken": tried.flow.languages,
            "awaits": try_words.awaited(found.call),
            "example": _example(tried, found.call),
            "steps": steps_json(found.done),
        }
    if _is_part(request):
        return render(request, "flows/_talk.html", values)
    picture = await asyncio.to_thread(picture_of, request, draft.text, draft.flow)
    values |= {
        "drawn": {"picture": picture, "kinds": kinds_drawn(request)},
        "tabs": flow_tabs(request),
        "numbers": [one.number for one in request.app[LIVE].centre().hotlines],
    }
    return render(request, "flows/try.html", values)
