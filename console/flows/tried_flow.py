"""The draft of a flow, ready to be tried: checked, with the flows that it may lead to, and the
centre's calendars."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from centre.calendars import DayRule, day_of, is_open
from centre.public_holidays import holiday_year
from console.flows.drafts_here import flow_actor
from console.kit.context import FLOW_DRAFTS, FLOW_HISTORY
from domain.centre import Calendar, Centre
from ivr_flows.flow import Flow
from ivr_flows.loader import Checked, check
from ivr_flows.references import Outside
from ivr_flows.steps import OpeningState
from ivr_flows.trying.playing import own_node
from ivr_flows.trying.rehearsal import AsksCalendar
from ivr_flows.trying.rehearsed import PassedNode
from publishing.checked_texts import checked_once
from publishing.flow_words import FlowDraft, FlowRefused

TRYING: web.AppKey[asyncio.Semaphore] = web.AppKey("trying_flows")
"""Held while something is tried: it is work for a processor, and calls go first."""


def prepare_trying(app: web.Application) -> None:
    """Let one flow at a time be tried."""
    app[TRYING] = asyncio.Semaphore(1)


@dataclass(frozen=True, slots=True)
class TriedFlow:
    """A draft that was checked; ``flow`` is None if it has errors. ``others`` are the flows to
    which it may lead: what calls meet, or the draft of one that no call has met yet."""

    found: Checked
    others: Mapping[str, Flow]

    @property
    def flow(self) -> Flow | None:
        """The flow, if it is free of errors."""
        return self.found.flow


async def tried_flow(request: web.Request, draft: FlowDraft) -> TriedFlow:
    """Check a draft by itself and with the flows to which it may lead, without holding up anybody.
    What the centre doesn't have (a queue, an agent) is no hindrance to trying."""
    met = (await request.app[FLOW_HISTORY].newest()).texts
    found = await asyncio.to_thread(checked_once, draft.flow, draft.text)
    others: dict[str, Flow] = {}
    todo = [] if found.flow is None else list(found.flow.entered)
    seen = {draft.flow}
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        text = met.get(name) or await _drafted(request, name)
        other = None if text is None else (await asyncio.to_thread(checked_once, name, text)).flow
        if other is not None:
            others[name] = other
            todo += other.entered
    if others:
        found = await asyncio.to_thread(
            check, draft.text, f"{draft.flow}.yaml", Outside(flows=others)
        )
    return TriedFlow(found, others)


async def _drafted(request: web.Request, name: str) -> str | None:
    try:
        return (await request.app[FLOW_DRAFTS].of(flow_actor(request), name)).text
    except FlowRefused:
        return None


def centre_calendars(centre: Centre, called: str | None) -> AsksCalendar:
    """What the centre's calendars say of a time by its clock; that of the number ``called``, if the
    flow names none."""
    hotline = next((one for one in centre.hotlines if one.number == called), None)
    own = None if hotline is None else hotline.calendar

    def said(name: str | None, at: datetime) -> OpeningState | None:
        calendar = own if name is None else centre.calendars.get(name)
        return None if calendar is None else _state(calendar, at)

    return said


def _state(calendar: Calendar, at: datetime) -> OpeningState:
    """As ``engine.inbound.opening_hours`` says it of a call."""
    if is_open(calendar, at, holiday_year):
        return OpeningState.OPEN
    day = day_of(calendar, at.date(), holiday_year)
    off = not day.spans and day.rule in (DayRule.HOLIDAY, DayRule.EXCEPTION)
    return OpeningState.HOLIDAY if off else OpeningState.CLOSED


def painted_way(flow: Flow, way: Iterable[PassedNode]) -> dict[str, dict[str, Any]]:
    """What a picture of the flow paints of calls that passed these nodes: how often each was, and
    its exits."""
    painted: dict[str, dict[str, Any]] = {}
    for left in way:
        node = own_node(flow, left)
        if node is None:
            continue
        one = painted.setdefault(node, {"entered": 0, "exits": {}})
        one["entered"] += 1
        if left.exit is not None:
            one["exits"][left.exit] = one["exits"].get(left.exit, 0) + 1
    return painted


def called_beginning(centre: Centre, called: str | None) -> Mapping[str, object]:
    """What the number that is called brings to a call: its queue, its languages."""
    hotline = next((one for one in centre.hotlines if one.number == called), None)
    if hotline is None:
        return {}
    languages = hotline.languages or centre.languages
    return {
        "queue": hotline.queue,
        "languages": list(languages),
        "language": hotline.languages[0] if hotline.languages else None,
    }
