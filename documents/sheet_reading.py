"""Reads the cells of a sheet from a CSV or XLSX file as people have them.

A file comes from a browser: it may be of any size and kind, and whatever it holds is text to us.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice

from documents.sheets import (
    ESCAPED,
    ROUNDED_NUMBER,
    SMALL_SHEET,
    CellKind,
    SheetCell,
    SheetLimits,
    SheetLine,
    SheetUnreadable,
    Unreadable,
)
from documents.workbook_reading import workbook_rows

_DELIMITERS = (",", ";", "\t")
_XLSX = b"PK\x03\x04"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"


def read_sheet(
    data: bytes,
    is_heading: Callable[[str], bool],
    step: Callable[[], object] = lambda: None,
    *,
    limits: SheetLimits = SMALL_SHEET,
) -> Iterator[SheetLine]:
    """The rows of a CSV file, or of the first sheet of an XLSX file. Raises SheetUnreadable, also
    on the way.

    Takes some 100 ms for a thousand rows of XLSX, so call it in a thread. What separates the values
    of a CSV file is found by ``is_heading``. ``step`` is called for each row, also for the millions
    of blank ones that a file may have; it may rest, or raise.
    """
    if len(data) > limits.bytes:
        raise SheetUnreadable(Unreadable.TOO_LARGE, str(limits.bytes))
    if data.startswith(_OLD_EXCEL):
        raise SheetUnreadable(Unreadable.OLD_OR_LOCKED)
    if data.startswith(_XLSX):
        rows = workbook_rows(data, limits)
    else:
        rows = _csv(_text(data), is_heading, limits)
    for number, row in enumerate(rows, 1):
        step()
        while row and not row[-1].text:
            row.pop()
        if row:
            yield SheetLine(number, tuple(row))


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


def _csv(
    text: str, is_heading: Callable[[str], bool], limits: SheetLimits
) -> Iterator[list[SheetCell]]:
    def known(delimiter: str) -> tuple[int, int]:
        """The most headings in one of the first rows, and the most values."""
        first: list[list[str]] = []
        with suppress(csv.Error):  # a quote left open is not the other delimiters' merit
            first.extend(islice(_records(text, delimiter, limits), 10))
        headings = max((sum(map(is_heading, record)) for record in first), default=0)
        return headings, max(map(len, first), default=0)

    try:
        for record in _records(text, max(_DELIMITERS, key=known), limits):
            yield [_csv_cell(value) for value in record[: limits.columns]]
    except csv.Error as error:
        raise SheetUnreadable(Unreadable.QUOTE_LEFT_OPEN) from error


def _records(text: str, delimiter: str, limits: SheetLimits) -> Iterator[list[str]]:
    return csv.reader(_lines(text, limits.characters), delimiter=delimiter, strict=True)


def _lines(text: str, most: int) -> Iterator[str]:
    for line in io.StringIO(text, newline=""):
        if len(line) > most:
            raise SheetUnreadable(Unreadable.LINE_TOO_LONG, str(most))
        yield line


def _csv_cell(value: str) -> SheetCell:
    text = value.strip()
    if re.fullmatch(ROUNDED_NUMBER, text):
        return SheetCell(text, CellKind.ROUNDED)
    # As csv_file writes it.
    return SheetCell(text[1:] if ESCAPED.match(text) else text)
