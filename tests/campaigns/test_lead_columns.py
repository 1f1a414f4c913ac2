"""What the columns of a list are taken for."""

import pytest

from campaigns.lead_columns import (
    ColumnUse,
    MappingFault,
    MappingRefused,
    chosen,
    guessed,
    headings_of,
    letters,
    mapping_of,
)
from documents.sheet_reading import read_sheet
from documents.sheets import SheetLimits, SheetUnreadable, Unreadable


def headings(text: str) -> tuple[int, tuple[str, ...]]:
    limits = SheetLimits(columns=200)
    return headings_of(list(read_sheet(text.encode(), lambda _: False, limits=limits)))


def test_usual_headings_of_two_languages_are_known() -> None:
    for text, use in (
        ("手机", "phone"),
        ("联系电话2", "phone"),
        ("Phone 2", "phone"),
        ("Mobile (home)", "phone"),
        ("客户姓名", "name"),
        ("Time Zone", "timezone"),
        ("语言", "language"),
        ("客户编号", "key"),
        ("授权日期", "consent"),
        ("套餐", "field"),
    ):
        assert guessed([text]).uses == (ColumnUse(use),), text


def test_what_may_come_once_goes_to_the_first_column_and_phones_may_be_several() -> None:
    found = guessed(["姓名", "联系人", "手机", "电话"])
    assert found.uses == (ColumnUse.NAME, ColumnUse.FIELD, ColumnUse.PHONE, ColumnUse.PHONE)
    assert mapping_of(found.plain) == found


def test_what_was_chosen_before_comes_before_the_words() -> None:
    found = guessed(["姓名", "手机"], {"姓名": ColumnUse.IGNORED})
    assert found.uses == (ColumnUse.IGNORED, ColumnUse.PHONE)


@pytest.mark.parametrize(
    ("uses", "fault"),
    [
        ({}, MappingFault.NO_PHONE),
        ({"c": ColumnUse.PHONE}, MappingFault.NO_SUCH_COLUMN),
        ({"a": ColumnUse.NAME, "b": ColumnUse.NAME}, MappingFault.NO_PHONE),
    ],
)
def test_a_mapping_that_makes_no_lead_is_refused(
    uses: dict[str, ColumnUse], fault: MappingFault
) -> None:
    with pytest.raises(MappingRefused) as refused:
        chosen(["a", "b"], uses)
    assert refused.value.fault is fault


def test_two_columns_for_one_thing_are_refused() -> None:
    uses = {"a": ColumnUse.PHONE, "b": ColumnUse.KEY, "c": ColumnUse.KEY}
    with pytest.raises(MappingRefused) as refused:
        chosen(["a", "b", "c"], uses)
    assert (refused.value.fault, refused.value.heading) == (MappingFault.TWICE, "c")


def test_a_title_above_and_columns_without_headings() -> None:
    assert headings("五月名单\n手机,,姓名\n1,2,3\n") == (2, ("手机", "B", "姓名"))
    assert (letters(0), letters(25), letters(26), letters(701)) == ("A", "Z", "AA", "ZZ")


@pytest.mark.parametrize(
    ("text", "why", "name"),
    [
        ("", Unreadable.EMPTY, ""),
        ("手机,姓名,手机\n1,2,3\n", Unreadable.HEADING_TWICE, "手机"),
        ("13800138000,王芳\n13800138001,李\n", Unreadable.NO_HEADINGS, ""),
        (",".join(f"c{n}" for n in range(200)), Unreadable.TOO_MANY_COLUMNS, "100"),
    ],
)
def test_headings_that_are_refused(text: str, why: Unreadable, name: str) -> None:
    with pytest.raises(SheetUnreadable) as refused:
        headings(text)
    assert (refused.value.code, refused.value.name) == (why, name)
