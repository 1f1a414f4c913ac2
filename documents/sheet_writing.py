"""Writes sheets as CSV and XLSX files in which nothing is a formula."""

import csv
import io
from collections.abc import Iterable, Sequence

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from documents.sheets import ESCAPED


def csv_file(rows: Iterable[Sequence[str]]) -> bytes:
    """A CSV file that Excel reads as UTF-8, in which nothing is a formula or a rounded number."""
    file = io.StringIO(newline="")
    csv.writer(file).writerows(
        [f"'{text}" if ESCAPED.match(f"'{text}") else text for text in row] for row in rows
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
