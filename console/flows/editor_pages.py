"""The editor of a flow: its page, saving the draft, and what somebody else has saved meanwhile."""

from typing import Any

from aiohttp import web

from console.flows import words
from console.flows.drafts_here import (
    flow_actor,
    flow_of,
    flow_refusal,
    may_change_flow,
)
from console.flows.flow_tabs import flow_tabs
from console.kit.context import FLOW_DRAFTS, FLOW_FILES
from console.kit.rendering import clock_of, render
from console.kit.uploads import UPLOAD
from documents.document import FLOW
from publishing.flow_words import FlowDraft, FlowRefusal, FlowRefused

_MINUTE = "yyyy-MM-dd HH:mm"


async def editor_page(request: web.Request) -> web.Response:
    """GET /flows/{flow}"""
    draft = await flow_of(request)
    values = {
        "flow": draft.flow,
        "tabs": flow_tabs(request),
        "draft": draft,
        "file": request.app[FLOW_FILES]().get(draft.flow),
        "may_change": may_change_flow(request, draft),
        "longest": FLOW.characters,
        "words": words,
    }
    return render(request, "flows/editor.html", values)


async def draft_now(request: web.Request) -> web.Response:
    """GET /flows/{flow}/draft: the draft as it is saved now, as JSON"""
    return web.json_response(_said(request, await flow_of(request)))


async def save_draft(request: web.Request) -> web.Response:
    """POST /flows/{flow}/draft: seen (the version that was edited), and the text as a file.

    If somebody else has saved meanwhile, the answer (409) has their draft.
    """
    before, upload = await flow_of(request), request[UPLOAD]
    seen = upload.fields.get("seen", "")
    if not (seen.isascii() and seen.isdecimal() and len(seen) < 10):
        raise web.HTTPBadRequest
    text = text_sent(request)
    try:
        saved = await request.app[FLOW_DRAFTS].save(
            flow_actor(request), before.flow, int(seen), text, before.tests
        )
    except FlowRefused as refused:
        answer: dict[str, Any] = {"ok": False, "message": flow_refusal(request, refused)}
        if refused.why is FlowRefusal.CHANGED_MEANWHILE:
            answer["theirs"] = _said(request, await flow_of(request))
            return web.json_response(answer, status=409)
        return web.json_response(answer, status=400)
    return web.json_response({"ok": True, **_said(request, saved)})


def text_sent(request: web.Request) -> str:
    """The flow's text of a form in which it is the file. Raises HTTPBadRequest."""
    try:
        return request[UPLOAD].data.decode()
    except UnicodeDecodeError:
        raise web.HTTPBadRequest from None


def _said(request: web.Request, draft: FlowDraft) -> dict[str, Any]:
    return {
        "version": draft.version,
        "text": draft.text,
        "by": draft.changed_by,
        "at": clock_of(request, draft.changed_at, _MINUTE),
    }
