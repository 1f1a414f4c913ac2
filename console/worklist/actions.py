"""What somebody does with an entry: takes it, gives it back, calls, has done it, undoes that.

The script is answered in JSON, and a form without it with the page.
"""

from collections.abc import Awaitable
from typing import Any

from aiohttp import web

from campaigns.caller_callbacks import WishedCallback
from console.floor.working import WORKING, agent_of, country_of, e164_of, work_scope
from console.kit.context import DESKS, user_of
from console.kit.rendering import clock_of, says
from console.worklist import words
from domain.identity import CallId
from domain.reasons import NoCallback
from worklist.entries import WorkEntry, WorkKind, WorkRefused
from worklist.worklist import MOST_NOTE


async def take(request: web.Request) -> web.Response:
    """POST /worklist/take: kind, ref"""
    kind, ref, _ = await _entry(request)
    return await _answer(
        request, request.app[WORKING].worklist.claim(work_scope(request), kind, ref)
    )


async def give_back(request: web.Request) -> web.Response:
    """POST /worklist/give-back: kind, ref"""
    kind, ref, _ = await _entry(request)
    service = request.app[WORKING].worklist
    return await _answer(request, service.release(work_scope(request), kind, ref))


async def done(request: web.Request) -> web.Response:
    """POST /worklist/done: kind, ref, note"""
    kind, ref, form = await _entry(request)
    service, note = request.app[WORKING].worklist, form.get("note", "")
    address = request.remote or ""
    return await _answer(
        request, service.finish(work_scope(request), kind, ref, note, address=address), words.DONE
    )


async def undo(request: web.Request) -> web.Response:
    """POST /worklist/undo: kind, ref"""
    kind, ref, _ = await _entry(request)
    service, address = request.app[WORKING].worklist, request.remote or ""
    return await _answer(
        request, service.reopen(work_scope(request), kind, ref, address=address), words.REOPENED
    )


async def call(request: web.Request) -> web.Response:
    """POST /worklist/call: kind, ref. Dials as a campaign that lets the agent dial by hand, if
    there is one; otherwise the call is the agent's own callback, due now."""
    kind, ref, _ = await _entry(request)
    agent, scope = agent_of(request), work_scope(request)
    if agent is None:
        return _said(request, False, says(request, words.NO_AGENT), 409)
    try:
        entry = await request.app[WORKING].worklist.claim(scope, kind, ref)
    except WorkRefused as refused:
        return _refused(request, refused)
    country = country_of(request, entry.line)
    number = e164_of(entry.caller, country)
    if number is None:
        return _refused_call(request, NoCallback.NOT_DIALLABLE)
    desks = request.app[DESKS]
    ways = [way for way in desks.look(agent.code).ways if way.project == entry.project]
    if ways:
        notice = await desks.dial_by_hand(agent.code, number, ways[0].campaign)
        text = words.DIALLED if notice is None else words.NOT_DIALLED
        return _said(request, notice is None, says(request, text), 200 if notice is None else 409)
    return await _own_callback(request, entry, number, country, agent.code)


async def _own_callback(
    request: web.Request, entry: WorkEntry, number: str, country: str, agent: Any
) -> web.Response:
    if entry.queue is None:
        return _refused_call(request, NoCallback.NO_QUEUE)
    found = await request.app[WORKING].callbacks.book(
        WishedCallback(
            entry.call or CallId(""),
            entry.project,
            number,
            country,
            entry.queue,
            agent=agent,
        )
    )
    if isinstance(found, NoCallback):
        return _refused_call(request, found)
    request.app[WORKING].worklist.touch()
    later = clock_of(request, found.at, "yyyy-MM-dd HH:mm")
    text = says(request, words.BOOKED)
    if found.later:
        text = says(request, words.BOOKED_LATER, {"at": later})
    return _said(request, True, text)


async def _entry(request: web.Request) -> tuple[WorkKind, str, dict[str, str]]:
    form = {name: str(value) for name, value in (await request.post()).items()}
    try:
        return WorkKind(form.get("kind", "")), form.get("ref", ""), form
    except ValueError:
        work_scope(request)  # it asks which projects are theirs, as every page must
        raise web.HTTPBadRequest from None


async def _answer(request: web.Request, doing: Awaitable[object], text: str = "") -> web.Response:
    try:
        await doing
    except WorkRefused as refused:
        return _refused(request, refused)
    return _said(request, True, says(request, text))


def _refused(request: web.Request, refused: WorkRefused) -> web.Response:
    values = {"who": refused.by, "most": MOST_NOTE}
    return _said(request, False, says(request, words.REFUSALS[refused.why], values), 409)


def _refused_call(request: web.Request, why: NoCallback) -> web.Response:
    return _said(request, False, says(request, words.NO_CALLBACK[why]), 409)


def _said(request: web.Request, ok: bool, text: str, status: int = 200) -> web.Response:
    user_of(request)
    if "application/json" in request.headers.get("Accept", ""):
        return web.json_response({"ok": ok, "message": text}, status=status)
    if ok:
        raise web.HTTPSeeOther("/worklist")
    return web.Response(text=text, status=status)
