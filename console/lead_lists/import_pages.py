"""A file on its way into a list: uploaded, its columns looked at, imported, undone."""

from collections.abc import Mapping
from datetime import UTC, datetime

from aiohttp import web

from campaigns.import_progress import DuplicatePolicy, ImportProgress, ImportState
from campaigns.lead_columns import ColumnUse, MappingRefused
from campaigns.lead_lists import ListRefused
from campaigns.rejected_rows import RejectedWords
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
from console.lead_lists.lists_pages import shown_list
from documents.sheets import SheetUnreadable

_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


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
    try:
        uses = {
            heading: ColumnUse(str(form.get(f"use.{place}", "")))
            for place, heading in enumerate(found.mapping.headings)
        }
        duplicates = DuplicatePolicy(str(form.get("duplicates", DuplicatePolicy.SKIP)))
    except ValueError:
        raise web.HTTPBadRequest from None
    try:
        await request.app[LIST_SERVICES].imports.begin(
            actor_of(request), found.number, uses, duplicates=duplicates
        )
    except MappingRefused as refused:
        text = says(request, words.MAPPING_FAULTS[refused.fault], {"heading": refused.heading})
        return await _page(request, found, text, uses=uses, status=400)
    except ListRefused as refused:
        return await _page(request, found, refusal(request, refused), uses=uses, status=409)
    raise web.HTTPSeeOther(f"/lists/imports/{found.number}")


async def resume(request: web.Request) -> web.Response:
    """POST /lists/imports/{import}/resume"""
    found = await import_of(request)
    try:
        await request.app[LIST_SERVICES].imports.resume(actor_of(request), found.number)
    except ListRefused as refused:
        return await _page(request, found, refusal(request, refused), status=409)
    raise web.HTTPSeeOther(f"/lists/imports/{found.number}")


async def undo(request: web.Request) -> web.Response:
    """POST /lists/imports/{import}/undo"""
    found = await import_of(request)
    try:
        await request.app[LIST_SERVICES].imports.undo(actor_of(request), found.number)
    except ListRefused as refused:
        return await _page(request, found, refusal(request, refused), status=409)
    raise web.HTTPSeeOther(f"/lists/imports/{found.number}")


async def rejected(request: web.Request) -> web.Response:
    """GET /lists/imports/{import}/rejected/{kind}: the rows that were not taken, as a file"""
    found, kind = await import_of(request), request.match_info["kind"]
    if kind not in _TYPES:
        raise web.HTTPNotFound
    said = {name: says(request, text) for name, text in words.REJECTED.items()}
    reasons = {fault: says(request, text) for fault, text in words.FAULTS.items()}
    body = await request.app[LIST_SERVICES].rejected.file(
        actor_of(request),
        found.number,
        RejectedWords(**said, reasons=reasons),
        "csv" if kind == "csv" else "xlsx",
    )
    headers = {
        "Content-Type": _TYPES[kind],
        "Content-Disposition": f'attachment; filename="rejected-{found.number}.{kind}"',
        "Cache-Control": "no-store",
    }
    return web.Response(body=body, headers=headers)


async def _page(
    request: web.Request,
    found: ImportProgress,
    mistake: str = "",
    *,
    uses: Mapping[str, ColumnUse] | None = None,
    status: int = 200,
) -> web.Response:
    services, actor = request.app[LIST_SERVICES], actor_of(request)
    chosen = uses or dict(zip(found.mapping.headings, found.mapping.uses, strict=True))
    values = {
        "one": found,
        "list": await services.lists.get(actor, found.list),
        "mistake": mistake,
        "may_change": can(request, "POST", "/lists"),
        "ends_at": found.ends_at(datetime.now(UTC)),
        "words": words,
        "uses": chosen,
    }
    if "HX-Request" in request.headers:
        return render(request, "lead_lists/_progress.html", values)
    if found.state is ImportState.UPLOADED:
        return render(request, "lead_lists/columns.html", values, status=status)
    rows = await services.rejected.page(actor, found.number) if found.rejected else ()
    return render(request, "lead_lists/import.html", {**values, "rejected": rows}, status=status)
