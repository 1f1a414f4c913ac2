"""A caller's number and name, in the bytes and words of many networks."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.caller import LONGEST_NAME, name_of, number_of


@pytest.mark.parametrize(
    "absent",
    ["", "unknown", "<unknown>", "anonymous", "Anonymous", "+", "*#", "13a", "1" * 33, "1\n"],
)
def test_a_withheld_number_is_none(absent: str) -> None:
    assert number_of(absent) is None


@pytest.mark.parametrize("number", ["13800138000", "+8613800138000", "*12", "1001"])
def test_a_number_stays_as_it_is(number: str) -> None:
    assert number_of(number) == number


@pytest.mark.parametrize(
    ("name", "encodings"),
    [
        ("张伟", "utf-8 gbk gb18030 gb2312"),
        ("招商银行信用卡中心", "utf-8 gbk gb18030 gb2312"),
        ("鎔", "utf-8 gbk gb18030"),
        ("㐂", "utf-8 gb18030"),
        ("Müller", "utf-8 gb18030"),
    ],
)
def test_a_name_is_readable_in_any_encoding(name: str, encodings: str) -> None:
    for encoding in encodings.split():
        assert name_of(quote(b'"%s" ' % name.encode(encoding))) == name


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_name_that_was_cut_off_ends_with_a_whole_character(encoding: str) -> None:
    raw = b'"' + ("张伟" * 20).encode(encoding)
    for end in range(4, len(raw)):
        name = name_of(quote(raw[:end]))
        assert name is not None
        assert ("张伟" * 20).startswith(name)


def test_a_long_name_is_cut_between_characters() -> None:
    assert name_of(quote("张" * 100)) == "张" * LONGEST_NAME
    cut = name_of(quote("x" * (LONGEST_NAME - 1) + "q\u0323z"))  # q and its dot are one
    assert cut == "x" * (LONGEST_NAME - 1)


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b'"a \\"b\\" c" ', 'a "b" c'),
        (b"Li Wei ", "Li Wei"),
        (b'"a\r\nEvent: x\x00"', "a Event: x"),
        ('"\u202eabc\u200b\u2028d"'.encode(), "abc d"),
        (b'"Anonymous"', None),
        (b'"<unknown>"', None),
        (b'""', None),
        (b"", None),
        (b'"13800138000"', None),
    ],
)
def test_a_name_is_what_a_person_reads(raw: bytes, name: str | None) -> None:
    assert name_of(quote(raw), "13800138000") == name


@given(st.binary())
def test_no_bytes_make_a_name_that_breaks_a_line(raw: bytes) -> None:
    name = name_of(quote(raw))
    assert name is None or (name.isprintable() and 0 < len(name) <= LONGEST_NAME)
