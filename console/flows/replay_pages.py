"""Replays last week's calls through a draft: who would go elsewhere than they went."""

import asyncio
from collections.abc import AsyncIterator, Hashable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from aiohttp import web

from console.flows import replay_words
from console.flows.drafts_here import flow_actor, flow_of
from console.flows.flow_tabs import flow_tabs
from console.flows.replay_runs import (
    MOST_CALLS,
    MOST_SHOWN,
    REPLAY_RUNS,
    CallsToReplay,
    LeadsOne,
    ReplayRun,
    TooManyReplays,
    reasons,
)
from console.flows.tried_flow import called_beginning, centre_calendars, tried_flow
from console.flows.way_services import WAY_SERVICES
from console.kit.access import can, projects_of
from console.kit.context import FLOW_HISTORY, LIVE, zone_for
from console.kit.rendering import render, says
from domain.identity import CallId, QueueName
from ivr_flows.flow import Flow
from ivr_flows.loader import check
from ivr_flows.references import Outside
from ivr_flows.trying.replay import Destination, Destinations, MadeCall, Replayed, replay
from publishing.flow_words import FlowDraft, FlowRefused
from records.flow_ways import WalkedCall
from storage.database_errors import AWAY

REACH = timedelta(days=7)
AT_ONCE = 50


async def replay_page(request: web.Request) -> web.Response:
    """GET /flows/{flow}/replay: how far it is, or what came of it; a part of the page for its own
    script"""
    draft = await flow_of(request)
    return await _page(request, draft, request.app[REPLAY_RUNS].of(_key(request, draft)))


async def begin_replay(request: web.Request) -> web.Response:
    """POST /flows/{flow}/replay: begin"""
    draft = await flow_of(request)
    tried = await tried_flow(request, draft)
    if tried.flow is None:
        return await _page(request, draft, None, says(request, replay_words.HAS_ERRORS), 409)
    prepare = partial(_calls, request, draft.flow, tried.flow, tried.others)
    try:
        request.app[REPLAY_RUNS].begin(_key(request, draft), prepare)
    except TooManyReplays:
        return await _page(request, draft, None, says(request, replay_words.TOO_MANY), 503)
    raise web.HTTPSeeOther(f"/flows/{draft.flow}/replay")


async def cancel_replay(request: web.Request) -> web.Response:
    """POST /flows/{flow}/replay/cancel"""
    draft = await flow_of(request)
    request.app[REPLAY_RUNS].cancel(_key(request, draft))
    raise web.HTTPSeeOther(f"/flows/{draft.flow}/replay")


def _key(request: web.Request, draft: FlowDraft) -> Hashable:
    """Who may see the same projects sees the same replay of the same draft."""
    return draft.flow, draft.version, projects_of(request)


async def _page(
    request: web.Request,
    draft: FlowDraft,
    run: ReplayRun | None,
    mistake: str = "",
    status: int = 200,
) -> web.Response:
    found = None
    if run is not None and run.done:
        try:
            found = run.result()
        except AWAY:
            run, mistake = None, says(request, replay_words.FAILED)
    values = {
        "flow": draft.flow,
        "tabs": flow_tabs(request),
        "run": run,
        "found": found,
        "mistake": mistake,
        "most": MOST_CALLS,
        "shown": MOST_SHOWN,
        "pairs": [] if found is None else found.pairs.most_common(50),
        "reasons": [] if found is None else reasons(found),
        "place": partial(_place_text, request),
        "may_see_calls": can(request, "GET", "/calls/{call}"),
        "words": replay_words,
    }
    part = request.headers.get("HX-Request") == "true"
    return render(
        request, "flows/_replayed.html" if part else "flows/replay.html", values, status=status
    )


def _place_text(request: web.Request, places: Destinations) -> str:
    """Destinations in words, in order."""

    def said(place: Destination) -> str:
        return says(request, replay_words.PLACES[place.kind], {"name": place.name})

    return " → ".join(map(said, places)) or says(request, replay_words.NOWHERE)


async def _calls(
    request: web.Request, name: str, draft: Flow, others: Mapping[str, Flow]
) -> CallsToReplay:
    since = datetime.now(UTC) - REACH
    calls = await request.app[WAY_SERVICES].ways.newest(
        name, since, MOST_CALLS, projects=projects_of(request)
    )
    return CallsToReplay(len(calls), _some(request, name, draft, others, calls))


async def _some(
    request: web.Request,
    name: str,
    draft: Flow,
    others: Mapping[str, Flow],
    calls: Sequence[CallId],
) -> AsyncIterator[Sequence[LeadsOne]]:
    """What leads the calls through the draft, a few at a time."""
    met: dict[int | None, Flow | None] = {None: None}
    zone, centre = zone_for(request), request.app[LIVE].centre()

    def led(one: WalkedCall) -> Replayed:
        at = one.entered_at.astimezone(zone).replace(tzinfo=None)
        made = _made(one, at, called_beginning(centre, one.hotline))
        calendar = centre_calendars(centre, one.hotline)
        return replay(made, met[one.revision], draft, others, calendar)

    for first in range(0, len(calls), AT_ONCE):
        some = await request.app[WAY_SERVICES].ways.walked(calls[first : first + AT_ONCE])
        for revision in {one.revision for one in some} - met.keys():
            met[revision] = await _met(request, name, revision or 0, others)
        yield [partial(led, one) for one in some]


async def _met(
    request: web.Request, name: str, revision: int, others: Mapping[str, Flow]
) -> Flow | None:
    """A revision of the flow; None: it is not there any more, or this version can't read it."""
    try:
        found = await request.app[FLOW_HISTORY].revision(flow_actor(request), name, revision)
    except FlowRefused:
        return None
    outside = Outside(flows=others)
    return (await asyncio.to_thread(check, found.text, f"{name}.yaml", outside)).flow


def _made(one: WalkedCall, at: datetime, begins: Mapping[str, object]) -> MadeCall:
    queue, languages, usual = (begins.get(key) for key in ("queue", "languages", "language"))
    return MadeCall(
        one.call,
        at,
        one.caller,
        one.hotline,
        one.nodes,
        QueueName(queue) if isinstance(queue, str) else None,
        tuple(languages) if isinstance(languages, list) else (),
        usual if isinstance(usual, str) else None,
        one.placed,
    )
