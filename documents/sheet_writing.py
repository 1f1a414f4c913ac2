"""Writes sheets as CSV and XLSX files in which nothing is a formula."""

import csv
import io
from collections.abc import Iterable, Sequence

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from documents.sheets import ESCAPED

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""By which Excel knows that a CSV file is in UTF-8."""


class Percent(float):
    """A share from 0 to 1, which sheets show in percent."""


SheetValue = str | int | Percent
"""Text, a count, or a share. Text that looks like a number stays text."""


def csv_file(rows: Iterable[Sequence[SheetValue]]) -> bytes:
    """A CSV file that Excel reads as UTF-8, in which nothing is a formula or a rounded number."""
    return BYTE_ORDER_MARK + csv_part(rows)


def csv_part(rows: Iterable[Sequence[SheetValue]]) -> bytes:
    """Some rows of a CSV file, for files that are sent while they are read. The first part of a
    file comes after BYTE_ORDER_MARK."""
    file = io.StringIO(newline="")
    csv.writer(file).writerows([_in_csv(value) for value in row] for row in rows)
    return file.getvalue().encode("utf-8")


def xlsx_file(rows: Iterable[Sequence[SheetValue]]) -> bytes:
    """An XLSX file in which text is text, also if it begins with =, and counts and shares can be
    added up."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet, None if value == "" else value)
            if isinstance(value, str):
                if value:
                    cell.data_type = "s"  # also what begins with =
                cell.number_format = "@"
            elif isinstance(value, Percent):
                cell.number_format = "0.0%"
            cells.append(cell)
        sheet.append(cells)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _in_csv(value: SheetValue) -> str:
    if isinstance(value, str):
        return f"'{value}" if ESCAPED.match(f"'{value}") else value
    return f"{value:.1%}" if isinstance(value, Percent) else str(value)
