"""A file on its way into a list: uploaded, its columns looked at, imported, undone."""

from collections.abc import Mapping
from datetime import UTC, datetime

from aiohttp import web

from campaigns.import_progress import DuplicatePolicy, ImportProgress, ImportState
from campaigns.lead_columns import MOST_COLUMNS, ColumnUse, MappingRefused
from campaigns.lead_lists import ListRefusal, ListRefused
from campaigns.list_reader import MOST_ROWS
from console.kit.access import can
from console.kit.rendering import render, says
from console.kit.uploads import UPLOAD
from console.lead_lists import words
from console.lead_lists.list_services import (
    LIST_SERVICES,
    actor_of,
    import_of,
    list_of,
    refusal,
)
from console.lead_lists.listing_form import NotADay, listing_of, whose_list
from console.lead_lists.lists_pages import shown_list
from console.lead_lists.rejected_pages import ShownRejections, shown_rejections
from documents.sheets import SheetUnreadable, Unreadable

_LIMITS = {Unreadable.TOO_MANY_ROWS: MOST_ROWS, Unreadable.TOO_MANY_COLUMNS: MOST_COLUMNS}
_ONCE = (ListRefusal.NOT_FROM_HERE, ListRefusal.UNDER_WAY)
"""What a second click is answered: the first one has done it."""


async def upload(request: web.Request) -> web.Response:
    """POST /lists/{list}/upload: a file, to be looked at"""
    found, file = await list_of(request), request[UPLOAD]
    if not file.data:
        return await shown_list(request, found, says(request, words.NO_FILE), status=400)
    try:
        made = await request.app[LIST_SERVICES].imports.upload(
            actor_of(request), found.list, file.name, file.data
        )
    except SheetUnreadable as error:
        text = says(request, words.UNREADABLE[error.code], {"name": error.name})
        return await shown_list(request, found, text, status=400)
    except ListRefused as refused:
        return await shown_list(request, found, refusal(request, refused), status=409)
    raise web.HTTPSeeOther(f"/lists/imports/{made.number}")


async def page(request: web.Request) -> web.Response:
    """GET /lists/imports/{import}: its columns, how far it is, or what came of it"""
    found = await import_of(request)
    if "HX-Request" in request.headers and not found.under_way:
        return web.Response(headers={"HX-Refresh": "true"})
    return await _page(request, found)


async def begin(request: web.Request) -> web.Response:
    """POST /lists/imports/{import}/begin: the columns' uses in their order, and duplicates"""
    found = await import_of(request)
    form = await request.post()
    if found.state is not ImportState.UPLOADED:  # a double click, or an old page
        raise _there(found)
    try:
        uses = {
            heading: ColumnUse(str(form.get(f"use.{place}", "")))
            for place, heading in enumerate(found.mapping.headings)
        }
        duplicates = DuplicatePolicy(str(form.get("duplicates", DuplicatePolicy.SKIP)))
    except ValueError:
        raise web.HTTPBadRequest from None
    try:
        listing = listing_of(request, found, form)
    except NotADay:
        text = says(request, words.NO_DAY)
        return await _page(request, found, text, uses=uses, typed=form, status=400)
    try:
        await request.app[LIST_SERVICES].imports.begin(
            actor_of(request), found.number, uses, duplicates=duplicates, listing=listing
        )
    except MappingRefused as refused:
        text = says(request, words.MAPPING_FAULTS[refused.fault], {"heading": refused.heading})
        return await _page(
            request, found, text, uses=uses, duplicates=duplicates, typed=form, status=400
        )
    except ListRefused as refused:
        if refused.why in _ONCE:
            raise _there(found) from None
        text = refusal(request, refused)
        return await _page(request, found, text, uses=uses, duplicates=duplicates, status=409)
    raise _there(found)


async def resume(request: web.Request) -> web.Response:
    """POST /lists/imports/{import}/resume"""
    found = await import_of(request)
    try:
        await request.app[LIST_SERVICES].imports.resume(actor_of(request), found.number)
    except ListRefused as refused:
        if refused.why in _ONCE:
            raise _there(found) from None
        return await _page(request, found, refusal(request, refused), status=409)
    raise _there(found)


async def undo(request: web.Request) -> web.Response:
    """POST /lists/imports/{import}/undo"""
    found = await import_of(request)
    try:
        await request.app[LIST_SERVICES].imports.undo(actor_of(request), found.number)
    except ListRefused as refused:
        return await _page(request, found, refusal(request, refused), status=409)
    raise _there(found)


def _there(found: ImportProgress) -> web.HTTPSeeOther:
    return web.HTTPSeeOther(f"/lists/imports/{found.number}")


async def _page(
    request: web.Request,
    found: ImportProgress,
    mistake: str = "",
    *,
    uses: Mapping[str, ColumnUse] | None = None,
    duplicates: DuplicatePolicy | None = None,
    typed: Mapping[str, object] | None = None,
    status: int = 200,
) -> web.Response:
    services, actor = request.app[LIST_SERVICES], actor_of(request)
    chosen = uses or dict(zip(found.mapping.headings, found.mapping.uses, strict=True))
    values = {
        "one": found,
        "list": None if found.list is None else await services.lists.get(actor, found.list),
        "offered": words.USES if found.list is not None else words.NUMBER_USES,
        "counts": words.COUNTS if found.list is not None else words.NUMBER_COUNTS,
        "whose": whose_list(request, found),
        "typed": typed or {},
        "mistake": mistake,
        "may_change": can(request, "POST", "/lists"),
        "ends_at": found.ends_at(datetime.now(UTC)),
        "words": words,
        "uses": chosen,
        "duplicates": duplicates or found.duplicates,
    }
    if "HX-Request" in request.headers:
        return render(request, "lead_lists/_progress.html", values)
    if found.state is ImportState.UPLOADED:
        return render(request, "lead_lists/columns.html", values, status=status)
    has_notes = found.rejected + found.partly + found.duplicate + found.elsewhere > 0
    rejected = await shown_rejections(request, found) if has_notes else ShownRejections((), "")
    more = {"rejected": rejected, "why": _why(request, found)}
    return render(request, "lead_lists/import.html", {**values, **more}, status=status)


def _why(request: web.Request, found: ImportProgress) -> str:
    """Why it could not be read to the end."""
    if found.failed_why is None:
        return ""
    code = Unreadable(found.failed_why)
    return says(request, words.UNREADABLE[code], {"name": _LIMITS.get(code, "")})
