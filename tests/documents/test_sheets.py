"""Sheets as people have them, and files that only look like sheets."""

import io
import random
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from documents.sheet_reading import read_sheet
from documents.sheet_writing import csv_file, xlsx_file
from documents.sheets import (
    MOST_BYTES,
    MOST_TAGS,
    MOST_UNPACKED,
    CellKind,
    SheetCell,
    SheetUnreadable,
    Unreadable,
)


def heading(text: str) -> bool:
    return text in ("工号", "姓名", "Code", "Name")


def texts(data: bytes) -> list[list[str]]:
    return [[cell.text for cell in line.cells] for line in read_sheet(data, heading)]


def numbers(data: bytes) -> list[int]:
    return [line.number for line in read_sheet(data, heading)]


def refusal(data: bytes) -> Unreadable:
    with pytest.raises(SheetUnreadable) as refused:
        list(read_sheet(data, heading))
    return refused.value.code


def workbook(fill: Callable[[Any], None]) -> bytes:
    book = Workbook()
    fill(book.active)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def cells(fill: Callable[[Any], None]) -> list[tuple[SheetCell, ...]]:
    return [line.cells for line in read_sheet(workbook(fill), heading)]


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("utf-8", ""), ("utf-8", "\ufeff"), ("gbk", ""), ("gb18030", ""), ("utf-16", "")],
)
def test_csv_in_each_encoding_that_excel_writes(encoding: str, mark: str) -> None:
    text = f"{mark}工号,姓名\r\n0012,王芳\r\n"
    assert texts(text.encode(encoding)) == [["工号", "姓名"], ["0012", "王芳"]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_with_each_delimiter(delimiter: str) -> None:
    text = f"名单\n工号{delimiter}姓名\n12{delimiter}{'a,b;c' if delimiter == chr(9) else 'a'}\n"
    assert texts(text.encode())[1:] == [
        ["工号", "姓名"],
        ["12", "a,b;c" if delimiter == "\t" else "a"],
    ]


def test_quoted_line_breaks_and_blank_rows_keep_the_numbers_of_a_spreadsheet() -> None:
    data = '工号,姓名\n\n12,"王\n""芳"""\n,,\n13,李\n'.encode()
    assert texts(data) == [["工号", "姓名"], ["12", '王\n"芳"'], ["13", "李"]]
    assert numbers(data) == [1, 3, 5]


def test_a_number_that_excel_rounded_is_marked() -> None:
    (_, line) = read_sheet("工号,姓名\n1.38E+10,a\n".encode(), heading)
    assert line.cells[0].kind is CellKind.ROUNDED


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x00" * 40, Unreadable.ENCODING_UNKNOWN),
        (b"\xff\xff\xff\xff", Unreadable.ENCODING_UNKNOWN),
        (b"\xff\xfe\x00\xd8", Unreadable.ENCODING_UNKNOWN),  # half a surrogate pair
        ('工号,姓名\n12,"王\n'.encode(), Unreadable.QUOTE_LEFT_OPEN),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, Unreadable.OLD_OR_LOCKED),
        (b"PK\x03\x04 not a zip", Unreadable.BROKEN),
        (b"a" * (MOST_BYTES + 1), Unreadable.TOO_LARGE),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(data: bytes, why: Unreadable) -> None:
    assert refusal(data) is why


def test_nothing_is_no_rows() -> None:
    assert texts(b"") == []


def test_numbers_dates_and_other_cells_of_excel() -> None:
    def fill(sheet: Any) -> None:
        sheet.append(
            [12, 12, 1.5, 10.0, 10**16, date(2026, 3, 2), datetime(2026, 3, 2, 9, 30), True, " a "]
        )
        sheet["B1"].number_format = "0000"

    (row,) = cells(fill)
    assert row == (
        SheetCell("12", CellKind.NUMBER),
        SheetCell("0012", CellKind.NUMBER),
        SheetCell("1.5", CellKind.NUMBER),
        SheetCell("10", CellKind.NUMBER),
        SheetCell("1e+16", CellKind.ROUNDED),
        SheetCell("2026-03-02", CellKind.DATE),
        SheetCell("2026-03-02 09:30:00", CellKind.DATE),
        SheetCell("TRUE", CellKind.BOOLEAN),
        SheetCell("a"),
    )


def with_part(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The XLSX file with one of its parts changed."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.infolist():
            text = old.read(part)
            new.writestr(part.filename, change(text) if part.filename == name else text)
    return file.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def test_a_formula_is_its_result_or_marked() -> None:
    def fill(sheet: Any) -> None:
        sheet.append(["=1+1", "=NA()", "=2+2"])

    def worked_out(text: bytes) -> bytes:
        text = text.replace(b"<f>1+1</f><v />", b"<f>1+1</f><v>2</v>").replace(
            b"<f>1+1</f><v/>", b"<f>1+1</f><v>2</v>"
        )
        assert b"<v>2</v>" in text
        return text.replace(b'<c r="B1"><f>NA()</f><v', b'<c r="B1" t="e"><f>NA()</f><v>#N/A</v><v')

    (row,) = [
        line.cells for line in read_sheet(with_part(workbook(fill), SHEET, worked_out), heading)
    ]
    assert row[0] == SheetCell("2", CellKind.NUMBER)
    assert row[1].kind is CellKind.FAILED
    assert row[2] == SheetCell("=2+2", CellKind.FAILED)


def test_a_merged_cell_holds_for_all_that_it_covers() -> None:
    def fill(sheet: Any) -> None:
        for row in (["title"], ["a", "red"], ["b"], [], ["c", "blue"]):
            sheet.append(row)
        sheet.merge_cells("A1:C1")
        sheet.merge_cells("B2:B4")
        sheet.merge_cells("D2:D4")  # nothing in it

    assert [[cell.text for cell in row] for row in cells(fill)] == [
        ["title", "title", "title"],
        ["a", "red"],
        ["b", "red"],
        ["", "red"],
        ["c", "blue"],
    ]


def test_merged_cells_that_overlap_are_refused() -> None:
    """9,000 of them over a million rows took minutes, in a file of 11 kB."""

    def fill(sheet: Any) -> None:
        sheet.append(["a"])
        sheet.append(["x", "y"])
        sheet.merge_cells("A2:B9")

    data = workbook(fill)
    assert texts(data)[1] == ["x", "x"]

    def forged(text: bytes) -> bytes:
        area = b'<mergeCell ref="A2:B9" />'
        assert area in text
        return text.replace(area, area * 2)

    assert refusal(with_part(data, SHEET, forged)) is Unreadable.BROKEN


def test_cells_far_away_take_neither_time_nor_memory() -> None:
    def fill(sheet: Any) -> None:
        sheet["A1"], sheet["XFD2"], sheet["A1048576"] = "a", "too far right", "end"

    data = workbook(fill)
    assert numbers(data) == [1, 1_048_576]
    forged = with_part(data, SHEET, lambda text: text.replace(b"1048576", b"9999999999"))
    assert numbers(forged) == [1]


def test_the_dimensions_that_a_file_claims_are_not_believed() -> None:
    def fill(sheet: Any) -> None:
        for number in range(3):
            sheet.append([str(number), "x"])

    def forged(text: bytes) -> bytes:
        assert b'ref="A1:B3"' in text
        return text.replace(b'ref="A1:B3"', b'ref="A1"')

    assert texts(with_part(workbook(fill), SHEET, forged)) == [["0", "x"], ["1", "x"], ["2", "x"]]


def test_bombs_are_refused() -> None:
    usual = workbook(lambda sheet: sheet.append(["a"]))
    blown = with_part(usual, SHEET, lambda text: text + b" " * MOST_UNPACKED)
    assert len(blown) < MOST_BYTES
    assert refusal(blown) is Unreadable.TOO_LARGE
    rows = b"<row/>" * MOST_TAGS  # half a gigabyte, and a minute
    small = with_part(
        usual, SHEET, lambda text: text.replace(b"</sheetData>", rows + b"</sheetData>")
    )
    assert len(small) < 64 * 1024
    assert refusal(small) is Unreadable.TOO_LARGE
    laughs = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>'
    assert refusal(with_part(usual, SHEET, lambda text: laughs + text)) is Unreadable.BROKEN
    other = laughs.decode().encode("utf-16")
    assert refusal(with_part(usual, SHEET, lambda _: other)) is Unreadable.BROKEN


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_reader_may_rest_at_each_row_of_blanks_too(kind: str) -> None:
    data = b"\n" * 500 if kind == "csv" else workbook(lambda sheet: sheet.cell(500, 1, "a"))
    steps: list[None] = []
    list(read_sheet(data, heading, lambda: steps.append(None)))
    assert len(steps) == 500


def test_a_spoilt_file_is_refused_whatever_is_spoilt() -> None:
    data = bytearray(workbook(lambda sheet: sheet.append(["工号", "姓名"])))
    chance = random.Random(10)
    for _ in range(200):
        spoilt = bytearray(data)
        for _ in range(chance.randrange(1, 20)):
            spoilt[chance.randrange(4, len(spoilt))] = chance.randrange(256)
        try:
            rows = texts(bytes(spoilt))
        except SheetUnreadable:
            continue
        assert len(rows) <= 1


names = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")))
rows = st.lists(
    st.lists(names | st.sampled_from(["=1+1", "+8613", "-1", "@a", "'=x", "''-", "0012", '"', ";"]))
)


def without_blanks(found: list[list[str]]) -> list[list[str]]:
    kept = []
    for row in found:
        while row and not row[-1]:
            row = row[:-1]
        if row:
            kept.append([text.strip() for text in row])
    return kept


@given(rows)
@example([["工号", "姓名"], ["'=x", "＝1"]])
@settings(max_examples=60)
def test_what_is_written_is_read_again(found: list[list[str]]) -> None:
    table = [["工号", "姓名"], *found]
    assert texts(csv_file(table)) == without_blanks(table)
    assert texts(xlsx_file(table)) == without_blanks(table)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", '=HYPERLINK("http://x")', "＝1", "＠a"])
def test_nothing_that_is_written_is_a_formula(text: str) -> None:
    assert csv_file([[text]]).decode("utf-8-sig").lstrip('"').startswith("'")
    with zipfile.ZipFile(io.BytesIO(xlsx_file([[text]]))) as archive:
        assert b"<f>" not in archive.read(SHEET)
