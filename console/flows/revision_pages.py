"""The revisions of a flow: who let callers meet what, how they differ, and the way back."""

import asyncio
from collections.abc import Sequence

from aiohttp import web

from console.flows import publish_words
from console.flows.drafts_here import flow_actor, flow_of, flow_refusal, may_change_flow
from console.flows.flow_tabs import flow_tabs
from console.flows.publish_pages import said_faults
from console.flows.text_difference import text_difference
from console.kit.context import FLOW_DRAFTS, FLOW_HISTORY, PUBLICATIONS
from console.kit.rendering import render, says
from publishing.flow_words import (
    FlowDraft,
    FlowPeriod,
    FlowRefusal,
    FlowRefused,
    FlowRevision,
)

DRAFT = "draft"
"""In place of a revision's number."""


async def revisions_page(request: web.Request) -> web.Response:
    """GET /flows/{flow}/revisions"""
    return await _page(request)


async def difference_page(request: web.Request) -> web.Response:
    """GET /flows/{flow}/difference: from and to, each a revision's number or "draft"."""
    draft = await flow_of(request)
    names = [request.query.get(name, "") for name in ("from", "to")]
    before, after = [await _text(request, draft, name) for name in names]
    values = {
        "flow": draft.flow,
        "tabs": flow_tabs(request),
        "before": names[0],
        "after": names[1],
        "difference": await asyncio.to_thread(text_difference, before[0], after[0]),
        "tests": await asyncio.to_thread(text_difference, before[1], after[1]),
        "words": publish_words,
    }
    return render(request, "flows/difference.html", values)


async def roll_back(request: web.Request) -> web.Response:
    """POST /flows/{flow}/roll-back: number"""
    draft, form = await flow_of(request), await request.post()
    number = _number(str(form.get("number", "")))
    try:
        await request.app[PUBLICATIONS].roll_back(flow_actor(request), draft.flow, number)
    except FlowRefused as refused:
        return await _page(request, refused)
    raise web.HTTPSeeOther(f"/flows/{draft.flow}/revisions?done=rolled_back&n={number}")


async def call_off(request: web.Request) -> web.Response:
    """POST /flows/{flow}/call-off: plan"""
    draft, form = await flow_of(request), await request.post()
    plan = _number(str(form.get("plan", "")))
    try:
        await request.app[PUBLICATIONS].call_off(flow_actor(request), draft.flow, plan)
    except FlowRefused as refused:
        return await _page(request, refused)
    raise web.HTTPSeeOther(f"/flows/{draft.flow}/revisions?done=called_off")


async def retire_flow(request: web.Request) -> web.Response:
    """POST /flows/{flow}/retire"""
    draft = await flow_of(request)
    try:
        await request.app[PUBLICATIONS].retire(flow_actor(request), draft.flow)
    except FlowRefused as refused:
        return await _page(request, refused)
    raise web.HTTPSeeOther(f"/flows/{draft.flow}/revisions?done=retired")


async def throw_away(request: web.Request) -> web.Response:
    """POST /flows/{flow}/throw-away: seen, the draft's version"""
    draft, form = await flow_of(request), await request.post()
    seen = _number(str(form.get("seen", "")))
    try:
        await request.app[FLOW_DRAFTS].throw_away(flow_actor(request), draft.flow, seen)
    except FlowRefused as refused:
        return await _page(request, refused)
    raise web.HTTPSeeOther("/flows")


def before_this(periods: Sequence[FlowPeriod]) -> int | None:
    """The revision that calls met before the one that they meet now; None: none."""
    now = periods[0].number if periods else None
    if now is None:
        return None
    return next((one.number for one in periods[1:] if one.number != now), None)


def _warnings(request: web.Request, revision: FlowRevision) -> list[tuple[str, bool]]:
    """The warnings that were confirmed, and whether each is in English."""

    def translated(text: str) -> str:
        return says(request, text)

    said = [one.said(translated) for one in revision.sentences]
    return [(text, text == str(one)) for text, one in zip(said, revision.sentences, strict=True)]


async def _page(request: web.Request, refused: FlowRefused | None = None) -> web.Response:
    draft = await flow_of(request)
    mistake = "" if refused is None else flow_refusal(request, refused)
    faults = [] if refused is None or refused.checked is None else refused.checked.errors
    publications, actor = request.app[PUBLICATIONS], flow_actor(request)
    history = request.app[FLOW_HISTORY]
    periods = await history.periods(actor, draft.flow)
    now = periods[0].number if periods else None
    done, number = request.query.get("done", ""), request.query.get("n", "")
    if done in publish_words.OF_NOW and number != str(now):
        done = ""  # somebody has published something else meanwhile
    notice = publish_words.NOTICES.get(done, "") if not mistake else ""
    values = {
        "flow": draft.flow,
        "tabs": flow_tabs(request),
        "draft": draft,
        "may_change": may_change_flow(request, draft),
        "revisions": await history.revisions(actor, draft.flow),
        "warnings_of": lambda revision: _warnings(request, revision),
        "periods": periods,
        "now": now,
        "users": await publications.users_of(actor, draft.flow) if now else (),
        "given_up": await publications.given_up(actor, draft.flow),
        "planned": await publications.planned(actor, draft.flow),
        "undo_to": before_this(periods) if done == "published" else None,
        "notice": says(request, notice, {"n": number}) if notice else "",
        "mistake": mistake,
        "faults": said_faults(request, faults),
        "words": publish_words,
    }
    return render(request, "flows/revisions.html", values, status=409 if mistake else 200)


async def _text(request: web.Request, draft: FlowDraft, name: str) -> tuple[str, str]:
    """The text and the tests of a revision, or of the draft."""
    if name == DRAFT:
        return draft.text, draft.tests
    try:
        found = await request.app[FLOW_HISTORY].revision(
            flow_actor(request), draft.flow, _number(name)
        )
    except FlowRefused as refused:
        if refused.why is not FlowRefusal.UNKNOWN:
            raise
        raise web.HTTPNotFound from refused
    return found.text, found.tests


def _number(typed: str) -> int:
    if not (typed.isascii() and typed.isdecimal() and len(typed) < 10):
        raise web.HTTPBadRequest
    return int(typed)
