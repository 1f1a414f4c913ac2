"""Sends tables as files: CSV while it is read, however long it is, or XLSX."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress

from aiohttp import web

from console.kit.context import user_of
from console.kit.guard import SESSION_COOKIE
from console.kit.live import until_it_must_end
from console.kit.rendering import says
from console.kit.translations import N_
from documents.sheet_writing import BYTE_ORDER_MARK, SheetValue, csv_part, xlsx_file

MOST_IN_XLSX = 50_000
"""Rows. Such a file is made in memory, in some 10 s."""
TOO_MANY_ROWS = N_(
    "An XLSX file holds at most %(most)s rows, and these are more. Choose less, or CSV."
)
CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
SheetPart = Sequence[Sequence[SheetValue]]
"""Some rows of a table."""


async def send_sheet(
    request: web.Request,
    name: str,
    kind: str,
    headings: Iterable[str],
    parts: AsyncIterator[SheetPart],
) -> web.StreamResponse:
    """A table as the file ``name.kind``. What is wrong with its first part is raised before it is
    sent; if a later one fails, or the asker's session ends, the file breaks off.

    Raises HTTPNotFound for another kind than csv and xlsx, and HTTPBadRequest if there are more
    rows than MOST_IN_XLSX.
    """
    if kind not in CONTENT_TYPES:
        raise web.HTTPNotFound
    if kind == "xlsx":
        rows: list[Sequence[SheetValue]] = [list(headings)]
        async for part in parts:
            rows += part
            if len(rows) > MOST_IN_XLSX + 1:
                values = {"most": f"{MOST_IN_XLSX:,}"}
                raise web.HTTPBadRequest(text=says(request, TOO_MANY_ROWS, values))
        body = await asyncio.to_thread(xlsx_file, rows)
        return web.Response(body=body, headers=file_headers(name, kind))
    first = [list(headings), *await anext(parts, [])]
    response = web.StreamResponse(headers=file_headers(name, kind))
    await response.prepare(request)
    keeper = asyncio.create_task(_cut_in_time(request))
    try:
        await response.write(BYTE_ORDER_MARK + csv_part(first))
        async for part in parts:
            await response.write(await asyncio.to_thread(csv_part, part))
        await response.write_eof()
    finally:
        keeper.cancel()
        with suppress(asyncio.CancelledError):
            await keeper
    return response


def file_headers(name: str, kind: str) -> dict[str, str]:
    """The headers of a file that browsers save as ``name.kind``; the name is ASCII."""
    return {
        "Content-Type": CONTENT_TYPES[kind],
        "Content-Disposition": f'attachment; filename="{name}.{kind}"',
        "Cache-Control": "no-store",
    }


async def _cut_in_time(request: web.Request) -> None:
    token = request.cookies.get(SESSION_COOKIE, "")
    await until_it_must_end(request.app, token, user_of(request))
    if request.transport is not None:
        request.transport.abort()
