"""The rows of an import that were not taken: as a table on its page, and as a file."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from campaigns.import_progress import ImportProgress
from campaigns.rejected_rows import MOST_ON_A_PAGE, RejectedRow, RejectedWords
from console.kit.rendering import says
from console.lead_lists import words
from console.lead_lists.list_services import LIST_SERVICES, actor_of, import_of

_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_MOST_DIGITS = 9, 4
"""Of a row's number and a fault's place, as the database keeps them."""


@dataclass(frozen=True, slots=True)
class ShownRejection:
    """A fault in words, with what the cell holds."""

    row: int
    field: str
    value: str
    reason: str
    part: bool


@dataclass(frozen=True, slots=True)
class ShownRejections:
    """A page of them. ``after`` is where the next page begins, "" after the last one."""

    rows: Sequence[ShownRejection]
    after: str


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


async def shown_rejections(request: web.Request, found: ImportProgress) -> ShownRejections:
    """Those of the page that ``?after=ROW.PLACE`` names, else the first."""
    rows = await request.app[LIST_SERVICES].rejected.page(
        actor_of(request), found.number, _after(request.query.get("after", ""))
    )
    columns = {heading: place for place, heading in enumerate(found.mapping.headings)}
    shown = [_shown(request, row, columns.get(row.field)) for row in rows]
    is_full = len(rows) == MOST_ON_A_PAGE
    return ShownRejections(shown, f"{rows[-1].row}.{rows[-1].place}" if is_full else "")


def _shown(request: web.Request, row: RejectedRow, column: int | None) -> ShownRejection:
    there = column is not None and column < len(row.cells)
    value = row.cells[column] if column is not None and there else ""
    return ShownRejection(
        row.row, row.field, value, says(request, words.FAULTS[row.reason]), row.part
    )


def _after(text: str) -> tuple[int, int]:
    """(0, 0), the beginning, for what no page of ours links to."""
    row, _, place = text.partition(".")
    for part, most in zip((row, place), _MOST_DIGITS, strict=True):
        if not (part.isascii() and part.isdecimal() and len(part) <= most):
            return 0, 0
    return int(row), int(place)
