"""Rows of lists as people have them: what becomes a lead, and what is said of the rest."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.lead_columns import ColumnMapping, ColumnUse
from campaigns.lead_numbers import FoundNumber, LeadFault, number_of, numbers_in
from campaigns.lead_places import zone_named
from campaigns.lead_rows import JudgedRow, RowFault, lead_of_row
from documents.sheets import CellKind, SheetCell

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
USES = {
    "手机": ColumnUse.PHONE,
    "电话": ColumnUse.PHONE,
    "姓名": ColumnUse.NAME,
    "时区": ColumnUse.TIMEZONE,
    "语言": ColumnUse.LANGUAGE,
    "编号": ColumnUse.KEY,
    "授权": ColumnUse.CONSENT,
    "套餐": ColumnUse.FIELD,
    "备注": ColumnUse.FIELD,
    "内部": ColumnUse.IGNORED,
}
MAPPING = ColumnMapping(tuple(USES), tuple(USES.values()))


def row(**cells: str | SheetCell) -> JudgedRow:
    found = [cells.get(heading, "") for heading in MAPPING.headings]
    sheet = [cell if isinstance(cell, SheetCell) else SheetCell(cell) for cell in found]
    return lead_of_row(sheet, MAPPING, country="CN", now=NOW, zone=ZONE)


def made(**cells: str | SheetCell) -> Any:
    judged = row(**({"手机": "13800138000"} | cells))
    assert judged.lead is not None, judged.faults
    return judged.lead


def faults(**cells: str | SheetCell) -> list[tuple[str, str]]:
    judged = row(**({"手机": "13800138000"} | cells))
    assert judged.lead is None
    return [(fault.field, fault.why.value) for fault in judged.faults]


@pytest.mark.parametrize(
    ("text", "e164"),
    [
        ("13800138000", "+8613800138000"),
        ("+86 138-0013-8000", "+8613800138000"),
        ("008613800138000", "+8613800138000"),
        ("１３８００１３８０００", "+8613800138000"),
        ("138 0013 8000", "+8613800138000"),
        ("13800138000.0", "+8613800138000"),
        ("010-65529988", "+861065529988"),
        ("1065529988", "+861065529988"),
        ("(010) 6552 9988", "+861065529988"),
        ("+1 650-253-0000", "+16502530000"),
        ("\u202a13800138000", None),
    ],
)
def test_a_number_however_it_is_written(text: str, e164: str | None) -> None:
    (found,) = numbers_in(SheetCell(text), "CN")
    assert (found.e164 if isinstance(found, FoundNumber) else None) == e164


@pytest.mark.parametrize(
    ("text", "country", "why"),
    [
        ("13800138000", "", LeadFault.NO_COUNTRY),
        ("008613800138000", "", LeadFault.NO_COUNTRY),
        ("1.38E+10", "CN", LeadFault.ROUNDED),
        ("010-65529988 转 5", "CN", LeadFault.EXTENSION),
        ("010-65529988 ext. 5", "CN", LeadFault.EXTENSION),
        ("010-65529988#5", "CN", LeadFault.EXTENSION),
        ("1380013800", "CN", LeadFault.NOT_IN_USE),
        ("138001", "CN", LeadFault.TOO_SHORT),
        ("138001380001380013800", "CN", LeadFault.TOO_LONG),
        ("+999 13800138000", "CN", LeadFault.NOT_IN_USE),
        ("19900138000x", "CN", LeadFault.NOT_A_NUMBER),
        ("1-800-FLOWERS", "US", LeadFault.NOT_A_NUMBER),
        ("=cmd|' /C calc'!A0", "CN", LeadFault.NOT_A_NUMBER),
        ("1.5", "CN", LeadFault.NOT_A_NUMBER),
        ("+1 900 253 0000", "CN", LeadFault.PREMIUM),
    ],
)
def test_what_is_no_number_is_said_with_the_reason(text: str, country: str, why: LeadFault) -> None:
    assert number_of(text, country) is why


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (CellKind.ROUNDED, LeadFault.ROUNDED),
        (CellKind.DATE, LeadFault.DATE),
        (CellKind.FAILED, LeadFault.FORMULA_FAILED),
        (CellKind.BOOLEAN, LeadFault.NOT_A_NUMBER),
    ],
)
def test_cells_that_a_spreadsheet_has_spoilt(kind: CellKind, why: LeadFault) -> None:
    assert numbers_in(SheetCell("13800138000", kind), "CN") == [why]


def test_several_numbers_in_a_cell() -> None:
    cell = SheetCell("13800138000、13800138001；010-65529988\n+16502530000")
    assert [getattr(one, "e164", one) for one in numbers_in(cell, "CN")] == [
        *("+8613800138000", "+8613800138001", "+861065529988", "+16502530000"),
    ]


def test_a_whole_row() -> None:
    lead = made(
        电话="010-65529988",
        姓名='O\'Brien "Bob" | x',
        时区="广东省",
        语言="普通话",
        编号="0012",
        授权="2026-01-05",
        备注='=HYPERLINK("http://x")',
        套餐="A",
        内部="\0",
    )
    assert [(number.e164, number.kind) for number in lead.numbers] == [
        ("+8613800138000", "mobile"),
        ("+861065529988", "fixed"),
    ]
    assert lead.name == 'O\'Brien "Bob" | x'
    assert (lead.timezone, lead.language, lead.key) == ("Asia/Shanghai", "zh-CN", "=0012")
    assert lead.consent_at == datetime(2026, 1, 5, tzinfo=ZONE)
    assert list(lead.fields.items()) == [("套餐", "A"), ("备注", '=HYPERLINK("http://x")')]


def test_without_a_key_the_numbers_are_it_in_whatever_order() -> None:
    assert made(电话="13800138001").key == made(手机="13800138001", 电话="13800138000").key


def test_the_zone_is_the_numbers_if_the_sheet_says_none() -> None:
    assert made().timezone == "Asia/Shanghai"
    assert made(手机="+1 650 253 0000").timezone == "America/Los_Angeles"
    assert made(手机="+1 650 253 0000", 时区="Asia/Tokyo").timezone == "Asia/Tokyo"


def test_a_row_keeps_its_good_numbers_and_the_bad_ones_are_told() -> None:
    judged = row(手机="13800138000", 电话="138001")
    assert judged.lead is not None and len(judged.lead.numbers) == 1
    assert judged.faults == (RowFault("电话", LeadFault.TOO_SHORT),)


def test_a_row_without_a_good_number_is_rejected() -> None:
    assert faults(手机="", 姓名="王") == [("手机", "no_number")]
    assert faults(手机="1.38E+10", 电话="138001") == [("手机", "rounded"), ("电话", "too_short")]


def test_all_that_is_wrong_with_a_row_is_told() -> None:
    assert faults(电话="138001", 时区="月亮", 语言="?", 授权="maybe") == [
        ("电话", "too_short"),
        ("时区", "zone_unknown"),
        ("语言", "language_unknown"),
        ("授权", "consent_unreadable"),
    ]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("是", NOW),
        ("Yes", NOW),
        ("否", None),
        ("", None),
        ("2026/1/5", datetime(2026, 1, 5, tzinfo=ZONE)),
        ("2026年1月5日", datetime(2026, 1, 5, tzinfo=ZONE)),
        ("2026-01-05 09:30:00", datetime(2026, 1, 5, 9, 30, tzinfo=ZONE)),
        ("2026-01-05T09:30:00Z", datetime(2026, 1, 5, 9, 30, tzinfo=UTC)),
    ],
)
def test_consent_as_people_write_it(text: str, at: datetime | None) -> None:
    assert made(授权=text).consent_at == at


def test_nobody_has_consented_tomorrow() -> None:
    assert faults(授权="2026-03-05") == [("授权", "consent_ahead")]


@pytest.mark.parametrize("text", ["a\0b", "a\x1bb", "\ud800"])
def test_control_characters_are_refused(text: str) -> None:
    assert faults(备注=text) == [("备注", "unprintable")]


def test_what_is_too_much_is_refused() -> None:
    assert faults(备注="x" * 2001) == [("备注", "too_much_text")]
    assert faults(编号="x" * 201) == [("编号", "too_much_text")]
    assert faults(手机="1" * 401) == [("手机", "too_much_text")]
    many = "，".join(f"138001380{n}" for n in range(10, 21))
    judged = row(手机=many)
    assert judged.lead is not None and len(judged.lead.numbers) == 10
    assert [fault.why for fault in judged.faults] == [LeadFault.TOO_MANY_NUMBERS]


def test_a_rounded_key_is_refused() -> None:
    assert faults(编号=SheetCell("1.2E+15", CellKind.ROUNDED)) == [("编号", "rounded")]


def test_the_headings_in_the_middle_of_a_list_and_a_cell_beyond_them() -> None:
    again = [SheetCell(heading) for heading in MAPPING.headings]
    judged = lead_of_row(again, MAPPING, country="CN", now=NOW, zone=ZONE)
    assert [fault.why for fault in judged.faults] == [LeadFault.HEADINGS_AGAIN]
    cells = [SheetCell("13800138000"), *[SheetCell()] * len(USES), SheetCell("x")]
    judged = lead_of_row(cells, MAPPING, country="CN", now=NOW, zone=ZONE)
    assert [fault.why for fault in judged.faults] == [LeadFault.MORE_THAN_HEADINGS]


@pytest.mark.parametrize(
    ("text", "hours"),
    [("Asia/Shanghai", 8), ("asia/kolkata", 5.5), ("+08:00", 8), ("UTC-5", -5), ("北京市", 8),
     ("新疆维吾尔自治区", 8), ("香港特别行政区", 8), ("UTC", 0)],
)  # fmt: skip
def test_zones_by_name_offset_or_region(text: str, hours: float) -> None:
    zone = zone_named(text)
    assert zone is not None
    assert zone.utcoffset(datetime(2026, 1, 5)) == timedelta(hours=hours)


def test_a_form_gives_no_path_of_a_file_for_a_zone() -> None:
    for text in ("../../etc/passwd", "/etc/localtime", "+99", "a" * 100, "\0"):
        assert zone_named(text) is None


texts = st.text(max_size=30) | st.from_regex(r"\+?[0-9 ().\-]{0,20}", fullmatch=True)
sheet_cells = st.builds(SheetCell, texts.map(str.strip), st.sampled_from(CellKind))


@given(st.lists(sheet_cells, max_size=12), st.sampled_from(["CN", "US", "GB", ""]))
@settings(max_examples=300)
def test_any_row_is_a_lead_with_good_numbers_or_has_faults(
    cells: list[SheetCell], country: str
) -> None:
    judged = lead_of_row(cells, MAPPING, country=country, now=NOW, zone=ZONE)
    if judged.lead is None:
        assert judged.faults
        return
    assert judged.lead.numbers
    assert judged.lead.key
    for number in judged.lead.numbers:
        assert phonenumbers.is_valid_number(phonenumbers.parse(number.e164))
        assert number.zone is None or ZoneInfo(number.zone)
    assert "\0" not in "".join([judged.lead.name, judged.lead.key, *judged.lead.fields.values()])
