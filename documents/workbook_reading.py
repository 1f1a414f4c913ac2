"""Reads the first sheet of an XLSX file, one that nobody vouches for."""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from xml.etree import ElementTree

from openpyxl import load_workbook
from openpyxl.utils import range_boundaries

from documents.sheets import CellKind, SheetCell, SheetLimits, SheetUnreadable, Unreadable

_MOST_ROWS = 1_048_576  # of Excel
_MOST_MERGED = 10_000
_BLANK = SheetCell()
_FORMULA = re.compile(rb"[<:]f[\s/>]")
_EXACT = 10**15
"""From here on Excel rounds numbers."""

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINKS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"


def workbook_rows(data: bytes, limits: SheetLimits) -> Iterator[list[SheetCell]]:
    """The rows of the first sheet, blank ones too. Raises SheetUnreadable, also on the way."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _refuse_bombs(archive, limits)
            merged = _merged(archive)
            formulas = _FORMULA.search(archive.read(_first_sheet(archive))) is not None
        yield from _filled(_cells(data, limits.columns, formulas), merged, limits.columns)
    except SheetUnreadable:
        raise
    except Exception as error:  # whatever a file that nobody vouches for makes a parser raise
        raise SheetUnreadable(Unreadable.BROKEN) from error


def _refuse_bombs(archive: zipfile.ZipFile, limits: SheetLimits) -> None:
    parts = [part for part in archive.infolist() if part.filename.endswith((".xml", ".rels"))]
    if sum(part.file_size for part in parts) > limits.unpacked:  # no more than this is unpacked
        raise SheetUnreadable(Unreadable.TOO_LARGE, str(limits.unpacked))
    tags = 0
    for part in parts:
        text = archive.read(part)
        tags += text.count(b"<")
        if tags > limits.tags:
            raise SheetUnreadable(Unreadable.TOO_LARGE, str(limits.unpacked))
        if b"<!DOCTYPE" in text or b"\0" in text:  # Excel writes neither; the one makes entities
            raise SheetUnreadable(Unreadable.BROKEN)


class _MergedRanges:
    """Takes what a parser reads, and keeps the merged cells alone: a tree would be very large."""

    def __init__(self) -> None:
        self._ranges: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == f"{_MAIN}mergeCell":
            self._ranges.append(attributes.get("ref", ""))

    def close(self) -> list[str]:
        return self._ranges


def _merged(archive: zipfile.ZipFile) -> list[tuple[int, int, int, int]]:
    """The merged cells of the first sheet: their first column, first row, last column, last row."""
    found = _MergedRanges()
    parser = ElementTree.XMLParser(target=found)  # noqa: S314 (no entities in it)
    with archive.open(_first_sheet(archive)) as sheet:
        while piece := sheet.read(64 * 1024):
            parser.feed(piece)
    ranges = found.close()
    if len(ranges) > _MOST_MERGED:
        raise SheetUnreadable(Unreadable.BROKEN)
    areas = sorted((range_boundaries(each) for each in ranges), key=lambda each: each[1])
    return [(left, top, right, bottom) for left, top, right, bottom in areas]


def _first_sheet(archive: zipfile.ZipFile) -> str:
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314
    links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    sheets = {
        link.get("Id"): link.get("Target", "")
        for link in links
        if link.get("Type", "").endswith("/worksheet")
    }
    first = next(
        sheets[found]
        for sheet in book.iter(f"{_MAIN}sheet")
        if (found := sheet.get(f"{_LINKS}id")) in sheets
    )
    return first[1:] if first.startswith("/") else f"xl/{first}"


def _filled(
    rows: Iterable[list[SheetCell]],
    merged: Sequence[tuple[int, int, int, int]],
    columns: int,
) -> Iterator[list[SheetCell]]:
    """The rows, with what a merged cell holds in all cells that it covers."""
    coming = iter([*merged, None])
    following = next(coming)
    open_ones: list[tuple[int, int, int, SheetCell]] = []
    for number, found in enumerate(rows, 1):
        row = found
        open_ones = [each for each in open_ones if each[2] >= number]
        if open_ones and not row:
            row = [_BLANK] * columns
        while following is not None and following[1] <= number:
            left, _, right, bottom = following
            if left <= len(row) and row[left - 1].text:
                if any(left <= each[1] and each[0] <= right for each in open_ones):
                    raise SheetUnreadable(Unreadable.BROKEN)  # Excel lets no two overlap
                open_ones.append((left, min(right, len(row)), bottom, row[left - 1]))
            following = next(coming)
        for left, right, _, cell in open_ones:
            row[left - 1 : right] = [cell] * (right - left + 1)
        yield row


def _cells(data: bytes, columns: int, formulas: bool) -> Iterator[list[SheetCell]]:
    shown = _rows(data, columns, results=True)
    rows: Iterable[tuple[Sequence[Any], Sequence[Any]]]
    if formulas:  # once as their results, and once as the formulas themselves
        rows = zip(shown, _rows(data, columns, results=False), strict=True)
    else:
        rows = ((row, row) for row in shown)
    blank: Sequence[Any] | None = None
    for row, written in rows:
        # There may be a million blank rows; openpyxl returns one object for all between others.
        if written is blank or all(cell.value is None for cell in written):
            blank = written
            yield []
        else:
            yield [_xlsx_cell(cell, there) for cell, there in zip(row, written, strict=True)]


def _rows(data: bytes, columns: int, *, results: bool) -> Iterator[Sequence[Any]]:
    book = load_workbook(io.BytesIO(data), read_only=True, data_only=results, keep_links=False)
    sheet = book.worksheets[0]
    sheet.reset_dimensions()  # a file may say anything there
    rows: Iterator[Sequence[Any]] = sheet.iter_rows(max_row=_MOST_ROWS, max_col=columns)
    return rows


def _xlsx_cell(cell: Any, formula: Any) -> SheetCell:
    value, form = cell.value, cell.number_format
    if cell.data_type == "e" or (value is None and formula.data_type == "f"):
        return SheetCell(str(formula.value if value is None else value), CellKind.FAILED)
    match value:
        case None:
            return _BLANK
        case bool():
            return SheetCell(str(value).upper(), CellKind.BOOLEAN)
        case datetime() if value.time() == time():
            return SheetCell(value.date().isoformat(), CellKind.DATE)
        case datetime() | date() | time() | timedelta():
            return SheetCell(str(value), CellKind.DATE)
        case int() | float() if not abs(value) < _EXACT:
            return SheetCell(f"{value:.6g}", CellKind.ROUNDED)
        case int() | float() if value == int(value):
            width = len(form) if form and not form.strip("0") else 0
            return SheetCell(f"{int(value):0{width}}", CellKind.NUMBER)
        case int() | float():
            return SheetCell(f"{value:.15g}", CellKind.NUMBER)
        case _:
            return SheetCell(str(value).strip())
