"""A campaign's customers: repeatable, in the shares asked for, on a sheet that can be read."""

import csv
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farend.ami_client import FarEndError
from farend.called_customers import REACHED, TONES, USUAL, Conduct, customers, key_of
from farend.lead_sheet import HEADINGS, lead_sheet
from farend.phone_steps import called_steps
from telephony.numbers import whole


def test_the_same_seed_gives_the_same_customers() -> None:
    assert customers(300, seed=1) == customers(300, seed=1)
    assert customers(300, seed=1) != customers(300, seed=2)


@given(
    st.integers(0, 400),
    st.dictionaries(st.sampled_from(Conduct), st.floats(0.01, 9), min_size=1),
    st.integers(),
)
def test_each_conduct_has_its_share(count: int, shares: dict[Conduct, float], seed: int) -> None:
    found = Counter(each.conduct for each in customers(count, seed=seed, shares=shares))
    assert found.total() == count and set(found) <= set(shares)
    for conduct, share in shares.items():
        assert abs(found[conduct] - count * share / sum(shares.values())) < 1


def test_each_has_a_number_a_name_a_voice_and_steps_of_their_own() -> None:
    found = customers(1000, seed=7)
    numbers = [each.number for each in found]
    assert numbers[0] == "+8613700000000" and len(set(numbers)) == 1000
    assert all(int(b) - int(a) == 1 for a, b in pairwise(numbers))
    assert all(whole(number, "CN") == number for number in numbers)
    assert all(each.tone in TONES and each.tone % 50 == 0 for each in found)
    assert {each.language for each in found} == {"zh-CN", "en"}
    assert all(each.name.isascii() or each.language == "zh-CN" or "ü" in each.name
               for each in found)  # fmt: skip
    assert {each.conduct for each in found} == set(USUAL)
    for conduct in Conduct:  # no conduct has a step that the far end doesn't know
        (one,) = customers(1, seed=1, shares={conduct: 1})
        called_steps(one.steps)
        assert (conduct in REACHED) == one.steps.startswith(("answer", "pick", "wait-4,answer",
                                                             "announce-3,answer"))  # fmt: skip


@pytest.mark.parametrize("shares", [{}, {Conduct.TALKS: 0.0}, {Conduct.TALKS: -1.0}])
def test_shares_that_are_none_are_refused(shares: dict[Conduct, float]) -> None:
    with pytest.raises(FarEndError, match="weights"):
        customers(3, seed=1, shares=shares)


def test_numbers_may_run_out() -> None:
    assert customers(9, seed=1, first="+8699999999990")[-1].number == "+8699999999998"
    with pytest.raises(FarEndError, match="no 20 numbers"):
        customers(20, seed=1, first="+9999999999990")


def test_a_number_is_one_however_it_is_written() -> None:
    for ways in (
        ("+8613800138000", "008613800138000", "13800138000"),
        ("+861012345678", "00861012345678", "01012345678"),
        ("+4930123456", "004930123456"),
    ):
        assert len({key_of(way) for way in ways}) == 1
    for wrong in ("", "+", "138 0013", "abc", "1\n2"):
        with pytest.raises(FarEndError, match="not a number"):
            key_of(wrong)


def test_the_sheet_has_a_row_for_each() -> None:
    found = customers(50, seed=3)
    for language, headings in HEADINGS.items():
        text = lead_sheet(found, headings=language).decode("utf-8-sig")
        first, *rows = csv.reader(text.splitlines())
        assert tuple(first) == headings
        assert [row[1:] for row in rows] == [[c.name, c.number, c.language] for c in found]
        assert len({row[0] for row in rows}) == 50
    zoned = lead_sheet(found, timezone="+08:00").decode("utf-8-sig")
    assert {(row["时区"], len(row)) for row in csv.DictReader(zoned.splitlines())} == {
        ("+08:00", 5)
    }
