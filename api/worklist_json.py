"""Serves the worklist as JSON, and takes what somebody did with an entry."""

from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from api.flow_answers import answered
from api.flow_models import ApiFault
from console.floor.working import WORKING, country_of, e164_of, work_scope
from worklist.entries import WorkEntry, WorkKind, WorkRefusal, WorkRefused

_MOST_DAYS = 90
_STATUS = {WorkRefusal.NO_SUCH: 404, WorkRefusal.TOO_LONG: 422}
"""All others are 409."""


class WorkItem(BaseModel):
    """Something that a caller has left."""

    model_config = ConfigDict(frozen=True)

    kind: str = Field(description="voicemail, callback or missed")
    ref: str = Field(description="names it, together with the kind")
    project: str
    queue: str | None
    at: datetime = Field(description="when the caller was on the line")
    call: str | None
    caller: str | None = Field(description="null: withheld")
    number: str | None = Field(description="in E.164; null: it can't be called")
    caller_name: str | None
    seconds: float | None = Field(description="of the message, or of the wait")
    short: bool = Field(description="whether some of a message is missing: the disk was full")
    place: str | None = Field(description="how far a missed call had come, or a callback has")
    missed: int = Field(description="how often the caller was missed in a row")
    due_at: datetime | None = Field(description="when a callback is called")
    agent: str | None = Field(description="who has promised it; null: the team")
    in_hand_of: str | None
    done_at: datetime | None
    done_by: str | None
    note: str
    answered_at: datetime | None = Field(description="when a later call made it done by itself")


class WorkItems(BaseModel):
    """The entries of the worklist that the user sees."""

    model_config = ConfigDict(frozen=True)

    entries: list[WorkItem]


class WorkTaken(BaseModel):
    """It was done as asked."""

    model_config = ConfigDict(frozen=True)

    kind: str
    ref: str


async def list_work(request: web.Request) -> web.Response:
    """What callers have left: voicemails, callbacks, missed calls. The open ones, the oldest first
    within each kind, or those that are done, the latest first."""
    scope, now = work_scope(request), datetime.now(UTC)
    days = request.query.get("days", "7")
    plain = days.isascii() and days.isdecimal() and len(days) <= 2
    if not (plain and 0 < int(days) <= _MOST_DAYS):
        return answered(ApiFault(error="bad_filter", about="days"), 400)
    state = request.query.get("state", "open")
    if state not in ("open", "done"):
        return answered(ApiFault(error="bad_filter", about="state"), 400)
    found = await request.app[WORKING].worklist.entries(
        scope, now - timedelta(days=int(days)), done=state == "done"
    )
    items = [_item(request, one, now) for some in found.values() for one in some]
    return answered(WorkItems(entries=items))


async def take_work(request: web.Request) -> web.Response:
    """Take an entry in hand for a quarter of an hour, or keep it for longer."""
    kind, ref, _ = await _named(request)
    service = request.app[WORKING].worklist
    return await _done(kind, ref, service.claim(work_scope(request), kind, ref))


async def give_work_back(request: web.Request) -> web.Response:
    """Give an entry back."""
    kind, ref, _ = await _named(request)
    service = request.app[WORKING].worklist
    return await _done(kind, ref, service.release(work_scope(request), kind, ref))


async def finish_work(request: web.Request) -> web.Response:
    """It is done; of a callback, nobody calls any more."""
    kind, ref, note = await _named(request)
    service, address = request.app[WORKING].worklist, request.remote or ""
    doing = service.finish(work_scope(request), kind, ref, note, address=address)
    return await _done(kind, ref, doing)


async def reopen_work(request: web.Request) -> web.Response:
    """It is not done after all."""
    kind, ref, _ = await _named(request)
    service, address = request.app[WORKING].worklist, request.remote or ""
    return await _done(kind, ref, service.reopen(work_scope(request), kind, ref, address=address))


async def _named(request: web.Request) -> tuple[WorkKind, str, str]:
    form = await request.post()
    kind = str(form.get("kind", ""))
    work_scope(request)  # whoever asks wrongly has asked which projects are theirs, too
    if kind not in set(WorkKind):
        raise web.HTTPBadRequest
    return WorkKind(kind), str(form.get("ref", "")), str(form.get("note", ""))


async def _done(kind: WorkKind, ref: str, doing: Awaitable[object]) -> web.Response:
    try:
        await doing
    except WorkRefused as refused:
        fault = ApiFault(error=refused.why, about=refused.by)
        return answered(fault, _STATUS.get(refused.why, 409))
    return answered(WorkTaken(kind=kind, ref=ref))


def _item(request: web.Request, one: WorkEntry, now: datetime) -> WorkItem:
    return WorkItem(
        kind=one.kind,
        ref=one.ref,
        project=one.project,
        queue=one.queue,
        at=one.at,
        call=one.call,
        caller=one.caller,
        number=e164_of(one.caller, country_of(request, one.line)),
        caller_name=one.caller_name,
        seconds=one.seconds,
        short=one.short,
        place=one.place,
        missed=one.missed,
        due_at=one.due_at,
        agent=one.agent,
        in_hand_of=one.in_hand_of(now),
        done_at=one.done_at,
        done_by=one.done_by,
        note=one.note,
        answered_at=one.answered_at,
    )
