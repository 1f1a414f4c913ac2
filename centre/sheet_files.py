"""Reads the cells of a sheet from a CSV or XLSX file as people have them, and writes such files.

A file comes from a browser: it may be of any size and kind, and whatever it holds is text to us.
"""

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import islice
from typing import Any
from xml.etree import ElementTree

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils import range_boundaries

from domain.errors import OffhookError

MOST_BYTES = 4 * 1024 * 1024
"""Of a file."""
MOST_UNPACKED = 24 * 1024 * 1024
"""Of the XML in an XLSX file."""
MOST_TAGS = 1_500_000
"""In the XML of an XLSX file; 5,000 agents have a fifth of them."""
MOST_COLUMNS = 60
"""Those to the right are not read."""

_MOST_ROWS = 1_048_576  # of Excel
_MOST_MERGED = 10_000
_DELIMITERS = (",", ";", "\t")
_XLSX = b"PK\x03\x04"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_FORMULAS = "=+-@＝＋－＠"
_ROUNDED = r"[0-9](?:\.[0-9]+)?[eE]\+?[0-9]+"
_ESCAPED = re.compile(rf"'+(?:[{re.escape(_FORMULAS)}]|{_ROUNDED}\Z)")
_EXACT = 10**15
"""From here on Excel rounds numbers."""

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINKS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"


class Unreadable(StrEnum):
    """Why nothing can be read of a file."""

    TOO_LARGE = "too large"
    OLD_OR_LOCKED = "old or locked"
    """An .xls file of Excel 2003 and before, or one with a password."""
    BROKEN = "broken"
    ENCODING_UNKNOWN = "encoding unknown"
    QUOTE_LEFT_OPEN = "quote left open"
    EMPTY = "empty"
    NO_HEADINGS = "no headings"
    """None of the first rows names the columns."""
    HEADING_TWICE = "heading twice"
    TOO_MANY_ROWS = "too many rows"


class SheetUnreadable(OffhookError):  # noqa: N818
    """Nothing can be read of a file. ``name`` is the heading or the limit in question."""

    def __init__(self, code: Unreadable, name: str = "") -> None:
        super().__init__(code, name)
        self.code = code
        self.name = name


class CellKind(StrEnum):
    """What a cell holds."""

    TEXT = "text"
    NUMBER = "number"
    """``text`` has it in digits, with the zeros in front that the cell's format shows."""
    ROUNDED = "rounded"
    """A number that may have lost digits: 1.38E+10 in a CSV file, or 16 digits in Excel."""
    DATE = "date"
    BOOLEAN = "boolean"
    FAILED = "failed"
    """A formula that came to nothing, such as #N/A, or that was never worked out."""


@dataclass(frozen=True, slots=True)
class SheetCell:
    """A cell, without space around its text."""

    text: str = ""
    kind: CellKind = CellKind.TEXT


_BLANK = SheetCell()


@dataclass(frozen=True, slots=True)
class SheetLine:
    """A row that has something in it, with the number that a spreadsheet shows for it."""

    number: int
    cells: tuple[SheetCell, ...]


def read_sheet(
    data: bytes,
    is_heading: Callable[[str], bool],
    step: Callable[[], object] = lambda: None,
) -> Iterator[SheetLine]:
    """The rows of a CSV file, or of the first sheet of an XLSX file. Raises SheetUnreadable, also
    on the way.

    Takes some 100 ms for a thousand rows of XLSX, so call it in a thread. What separates the values
    of a CSV file is found by ``is_heading``. ``step`` is called for each row, also for the millions
    of blank ones that a file may have; it may rest, or raise.
    """
    if len(data) > MOST_BYTES:
        raise SheetUnreadable(Unreadable.TOO_LARGE, str(MOST_BYTES))
    if data.startswith(_OLD_EXCEL):
        raise SheetUnreadable(Unreadable.OLD_OR_LOCKED)
    rows = _xlsx(data) if data.startswith(_XLSX) else _csv(_text(data), is_heading)
    for number, row in enumerate(rows, 1):
        step()
        while row and not row[-1].text:
            row.pop()
        if row:
            yield SheetLine(number, tuple(row))


def csv_file(rows: Iterable[Sequence[str]]) -> bytes:
    """A CSV file that Excel reads as UTF-8, in which nothing is a formula or a rounded number."""
    file = io.StringIO(newline="")
    csv.writer(file).writerows(
        [f"'{text}" if _ESCAPED.match(f"'{text}") else text for text in row] for row in rows
    )
    return file.getvalue().encode("utf-8-sig")


def xlsx_file(rows: Iterable[Sequence[str]]) -> bytes:
    """An XLSX file in which each cell is text."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        cells = []
        for text in row:
            cell = WriteOnlyCell(sheet, text or None)
            if text:
                cell.data_type = "s"  # also what begins with =
            cell.number_format = "@"
            cells.append(cell)
        sheet.append(cells)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _text(data: bytes) -> str:
    encodings = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise SheetUnreadable(Unreadable.ENCODING_UNKNOWN)


def _csv(text: str, is_heading: Callable[[str], bool]) -> Iterator[list[SheetCell]]:
    def known(delimiter: str) -> int:
        """The most headings in one of the first rows."""
        try:
            first = list(islice(_records(text, delimiter), 10))
        except csv.Error:
            return 0
        return max((sum(map(is_heading, record)) for record in first), default=0)

    try:
        for record in _records(text, max(_DELIMITERS, key=known)):
            yield [_csv_cell(value) for value in record[:MOST_COLUMNS]]
    except csv.Error as error:
        raise SheetUnreadable(Unreadable.QUOTE_LEFT_OPEN) from error


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)


def _csv_cell(value: str) -> SheetCell:
    text = value.strip()
    if re.fullmatch(_ROUNDED, text):
        return SheetCell(text, CellKind.ROUNDED)
    # As csv_file writes it.
    return SheetCell(text[1:] if _ESCAPED.match(text) else text)


def _xlsx(data: bytes) -> Iterator[list[SheetCell]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _refuse_bombs(archive)
            merged = _merged(archive)
        yield from _filled(_cells(data), merged)
    except SheetUnreadable:
        raise
    except Exception as error:  # whatever a file that nobody vouches for makes a parser raise
        raise SheetUnreadable(Unreadable.BROKEN) from error


def _refuse_bombs(archive: zipfile.ZipFile) -> None:
    parts = [part for part in archive.infolist() if part.filename.endswith((".xml", ".rels"))]
    if sum(part.file_size for part in parts) > MOST_UNPACKED:  # no more than this is unpacked
        raise SheetUnreadable(Unreadable.TOO_LARGE, str(MOST_UNPACKED))
    tags = 0
    for part in parts:
        text = archive.read(part)
        tags += text.count(b"<")
        if tags > MOST_TAGS:
            raise SheetUnreadable(Unreadable.TOO_LARGE, str(MOST_UNPACKED))
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
    rows: Iterable[list[SheetCell]], merged: Sequence[tuple[int, int, int, int]]
) -> Iterator[list[SheetCell]]:
    """The rows, with what a merged cell holds in all cells that it covers."""
    coming = iter([*merged, None])
    following = next(coming)
    open_ones: list[tuple[int, int, int, SheetCell]] = []
    for number, found in enumerate(rows, 1):
        row = found
        open_ones = [each for each in open_ones if each[2] >= number]
        if open_ones and not row:
            row = [_BLANK] * MOST_COLUMNS
        while following is not None and following[1] <= number:
            left, _, right, bottom = following
            if left <= len(row) and row[left - 1].text:
                open_ones.append((left, min(right, len(row)), bottom, row[left - 1]))
            following = next(coming)
        for left, right, _, cell in open_ones:
            row[left - 1 : right] = [cell] * (right - left + 1)
        yield row


def _cells(data: bytes) -> Iterator[list[SheetCell]]:
    # Once as the results of formulas, and once as the formulas themselves.
    shown, written = _rows(data, results=True), _rows(data, results=False)
    blank: Sequence[Any] | None = None
    for row, formulas in zip(shown, written, strict=True):
        # There may be a million blank rows; openpyxl returns one object for all between others.
        if formulas is blank or all(cell.value is None for cell in formulas):
            blank = formulas
            yield []
        else:
            yield [_xlsx_cell(cell, there) for cell, there in zip(row, formulas, strict=True)]


def _rows(data: bytes, *, results: bool) -> Iterator[Sequence[Any]]:
    book = load_workbook(io.BytesIO(data), read_only=True, data_only=results, keep_links=False)
    sheet = book.worksheets[0]
    sheet.reset_dimensions()  # a file may say anything there
    rows: Iterator[Sequence[Any]] = sheet.iter_rows(max_row=_MOST_ROWS, max_col=MOST_COLUMNS)
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
