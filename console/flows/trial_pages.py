"""Has a robot call a flow's draft with one of its tests, and shows how that goes."""

import asyncio
from typing import Any

from aiohttp import web

from console.flows import trial_words
from console.flows.drafts_here import flow_of, may_change_flow
from console.flows.fault_words import fault_text
from console.flows.tried_flow import TriedFlow, tried_flow
from console.kit.context import TRIALS, user_of
from console.kit.rendering import render, says
from documents.document_errors import DocumentError
from domain.identity import ProjectName
from engine.trial_ports import TrialWish
from ivr_flows.trying.playing import rehearsal_of
from ivr_flows.trying.rehearsal import Rehearsal
from ivr_flows.trying.scripts import load_scripts
from publishing.flow_words import FlowDraft


async def trial_now(request: web.Request) -> web.Response:
    """GET /flows/{flow}/trial: the last trial call, as a part of the page"""
    return _part(request, await flow_of(request), "")


async def begin_trial(request: web.Request) -> web.Response:
    """POST /flows/{flow}/trial: test, the name of one of the draft's; the part of the page"""
    draft = await flow_of(request)
    if not may_change_flow(request, draft):
        raise web.HTTPForbidden
    test = str((await request.post()).get("test", ""))
    tried = await tried_flow(request, draft)
    try:
        rehearsed = await asyncio.to_thread(_rehearsed, tried, draft, test)
    except DocumentError as error:
        return _part(request, draft, fault_text(request, error))
    if tried.flow is None or rehearsed is None:
        return _part(request, draft, says(request, trial_words.NO_SUCH_TEST))
    wish = TrialWish(
        tried.flow,
        tried.others,
        draft.version,
        test,
        ProjectName(draft.project),
        user_of(request).name,
        rehearsed,
    )
    fault = request.app[TRIALS].begin(wish)
    return _part(request, draft, "" if fault is None else says(request, trial_words.FAULTS[fault]))


async def cancel_trial(request: web.Request) -> web.Response:
    """POST /flows/{flow}/trial/cancel: the part of the page"""
    draft = await flow_of(request)
    if not may_change_flow(request, draft):
        raise web.HTTPForbidden
    request.app[TRIALS].cancel(draft.flow)
    return _part(request, draft, "")


def _rehearsed(tried: TriedFlow, draft: FlowDraft, test: str) -> Rehearsal | None:
    """The test, played to its end; None if there is none. Raises the DocumentError of one that
    fails."""
    if tried.flow is None or not draft.tests.strip():
        return None
    scripts = load_scripts(draft.tests, f"{draft.flow}.tests.yaml")
    if test not in scripts.tests or scripts.flow != draft.flow:
        return None
    return rehearsal_of(tried.flow, scripts, test, tried.others)


def trial_values(request: web.Request, draft: FlowDraft, said: str = "") -> dict[str, Any]:
    """What the part of the page about the trial call needs."""
    return {
        "flow": draft.flow,
        "trial": request.app[TRIALS].report(draft.flow),
        "trial_said": said,
        "trial_words": trial_words,
        "version": draft.version,
        "may_change": may_change_flow(request, draft),
    }


def _part(request: web.Request, draft: FlowDraft, said: str) -> web.Response:
    return render(request, "flows/_trial.html", trial_values(request, draft, said))
