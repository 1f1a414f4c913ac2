"""The callbacks that were promised, due and to come: moved, passed on and cancelled here."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web

from campaigns.callbacks import (
    CallbackChange,
    CallbackChangeKind,
    CallbackRefusal,
    CallbackRefused,
    PromisedCallback,
)
from campaigns.claims import zone_of
from console.campaigns import callback_words, why_words
from console.campaigns.campaign_services import SERVICES, actor_of
from console.campaigns.why_pages import as_number
from console.floor.disposing import DISPOSING
from console.kit.access import can, projects_of
from console.kit.context import AGENTS, typed_moment, zone_for
from console.kit.rendering import render, says
from domain.identity import AgentCode, CampaignName

OVERDUE_S = 900.0
"""So long after its time a callback that nobody holds up is shown as overdue."""


@dataclass(frozen=True, slots=True)
class ShownCallback:
    """A callback as the page shows it."""

    callback: PromisedCallback
    theirs: datetime | None
    """When it is by the customer's clock; None: as by ours."""
    state: str
    colour: str
    zone: str


async def page(request: web.Request) -> web.Response:
    """GET /callbacks?campaign="""
    return await _page(request)


async def move(request: web.Request) -> web.Response:
    """POST /callbacks/{lead}/move: seen, at (by our clock)"""
    form = await request.post()
    if (at := typed_moment(request, str(form.get("at", "")))) is None:
        return await _page(request, says(request, callback_words.NO_TIME), status=400)
    callbacks, lead = request.app[DISPOSING].callbacks, as_number(request.match_info["lead"])
    return await _done(
        request, callbacks.move(actor_of(request), lead, _seen(form), at), form, "moved"
    )


async def pass_on(request: web.Request) -> web.Response:
    """POST /callbacks/{lead}/pass-on: seen, agent (empty: the team)"""
    form = await request.post()
    code = str(form.get("agent", ""))
    if code and AgentCode(code) not in await request.app[AGENTS].names(
        projects=projects_of(request)
    ):
        raise web.HTTPBadRequest
    callbacks, lead = request.app[DISPOSING].callbacks, as_number(request.match_info["lead"])
    whose = AgentCode(code) if code else None
    return await _done(
        request, callbacks.pass_on(actor_of(request), lead, _seen(form), whose), form, "passed_on"
    )


async def cancel(request: web.Request) -> web.Response:
    """POST /callbacks/{lead}/cancel: seen"""
    form = await request.post()
    callbacks, lead = request.app[DISPOSING].callbacks, as_number(request.match_info["lead"])
    return await _done(
        request, callbacks.cancel(actor_of(request), lead, _seen(form)), form, "cancelled"
    )


async def take_back(request: web.Request) -> web.Response:
    """POST /callbacks/changes/{change}/take-back"""
    form = await request.post()
    callbacks, change = request.app[DISPOSING].callbacks, as_number(request.match_info["change"])
    return await _done(request, callbacks.take_back(actor_of(request), change), form, "restored")


def _seen(form: Mapping[str, object]) -> datetime:
    try:
        seen = datetime.fromisoformat(str(form.get("seen", "")))
    except ValueError:
        raise web.HTTPBadRequest from None
    return seen if seen.tzinfo is not None else seen.replace(tzinfo=UTC)


async def _done(
    request: web.Request, change: Awaitable[object], form: Mapping[str, object], done: str
) -> web.Response:
    try:
        await change
    except CallbackRefused as refused:
        if refused.why is CallbackRefusal.FORBIDDEN:
            raise web.HTTPForbidden from refused
        if refused.why is CallbackRefusal.NO_SUCH:
            raise web.HTTPNotFound from refused
        return await _page(request, says(request, callback_words.REFUSALS[refused.why]), status=409)
    campaign = str(form.get("campaign", ""))
    query = {"done": done} | ({"campaign": campaign} if campaign else {})
    raise web.HTTPSeeOther(f"/callbacks?{urlencode(query)}")


async def _page(request: web.Request, mistake: str = "", *, status: int = 200) -> web.Response:
    own, actor = projects_of(request), actor_of(request)
    campaign = request.query.get("campaign", "")
    services = request.app[DISPOSING]
    found = await services.callbacks.seen_by(
        actor, campaign=CampaignName(campaign) if campaign else None
    )
    changes = await services.callbacks.changes(actor)
    seen = await request.app[SERVICES].campaigns.seen_by(actor)
    titles = {one.name: one.settings.title for one in seen}
    done = callback_words.DONE.get(request.query.get("done", ""))
    return render(
        request,
        "campaigns/callbacks.html",
        {
            "shown": [_shown(request, one) for one in found],
            "changes": [(one, _change_text(request, one)) for one in changes],
            "undoable": _undoable(changes),
            "agents": await request.app[AGENTS].names(projects=own),
            "titles": titles,
            "campaign": campaign,
            "may_change": can(request, "POST", "/callbacks/{lead}/move"),
            "notice": says(request, done) if done else "",
            "mistake": mistake,
        },
        status=status,
    )


def _shown(request: web.Request, one: PromisedCallback) -> ShownCallback:
    ours, now = zone_for(request), datetime.now(UTC)
    zone = zone_of(one.timezone, ZoneInfo("UTC")) if one.timezone else None
    at = one.held_until if one.held_until is not None and one.held_until > one.at else one.at
    theirs = None
    if zone is not None and at.astimezone(zone).utcoffset() != at.astimezone(ours).utcoffset():
        theirs = at.astimezone(zone)
    state, colour = _state(request, one, now)
    return ShownCallback(one, theirs, state, colour, one.timezone or "")


def _state(request: web.Request, one: PromisedCallback, now: datetime) -> tuple[str, str]:
    """What it is waiting for, and the colour that goes with it."""
    if one.in_call:
        return says(request, callback_words.IN_CALL), "green"
    if one.waits_for is not None:
        return says(request, callback_words.WAITS_FOR[one.waits_for]), "red"
    if one.at > now:
        return says(request, callback_words.TO_COME), "secondary"
    if one.held_by is not None and one.held_until is not None and one.held_until > now:
        return says(request, why_words.STEPS.get(one.held_by, one.held_by)), "orange"
    if (now - max(one.at, one.held_until or one.at)).total_seconds() > OVERDUE_S:
        return says(request, callback_words.OVERDUE), "red"
    return says(request, callback_words.DUE), "blue"


def _undoable(changes: tuple[CallbackChange, ...]) -> frozenset[int]:
    """The changes that can be taken back: the last of each callback, if it was somebody's."""
    newest: dict[int, CallbackChange] = {}
    for one in changes:
        newest.setdefault(one.lead, one)
    kinds = (
        CallbackChangeKind.MOVED, CallbackChangeKind.PASSED_ON, CallbackChangeKind.CANCELLED,
    )  # fmt: skip
    return frozenset(one.change for one in newest.values() if one.what in kinds)


def _change_text(request: web.Request, one: CallbackChange) -> str:
    text = says(request, callback_words.CHANGES.get(one.what, "")) or one.what
    if (why := one.detail.get("why")) is not None:
        said = callback_words.DROPPED_FOR.get(why) or why_words.STEPS.get(why, why)
        return f"{text}: {says(request, said)}"
    return text
