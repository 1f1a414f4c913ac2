"""A caller has one number, whichever line they call over; carriers get what they want to read."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.centre import Line, LineKind, NumberFormat
from domain.identity import LineName
from telephony.numbers import for_carrier, from_carrier

AS_SENT, E164 = NumberFormat.AS_SENT, NumberFormat.E164
INTERNATIONAL, NATIONAL = NumberFormat.INTERNATIONAL, NumberFormat.NATIONAL


def line(form: NumberFormat, country: str = "CN") -> Line:
    return Line(
        LineName("carrier"), LineKind.TRUNK, numbers_in=form, numbers_out=form, country=country
    )


@pytest.mark.parametrize(
    ("form", "country", "sent", "known"),
    [
        (NATIONAL, "CN", "13800138000", "+8613800138000"),
        (NATIONAL, "CN", "013800138000", "+8613800138000"),  # as from another province
        (NATIONAL, "CN", "01012345678", "+861012345678"),
        (NATIONAL, "CN", "4008001000", "+864008001000"),
        (NATIONAL, "CN", "0014155552671", "+14155552671"),
        (NATIONAL, "CN", "+14155552671", "+14155552671"),
        (NATIONAL, "US", "4155552671", "+14155552671"),
        (NATIONAL, "IT", "0612345678", "+390612345678"),  # Italy keeps its zeros
        (INTERNATIONAL, "CN", "008613800138000", "+8613800138000"),
        (INTERNATIONAL, "CN", "8613800138000", "+8613800138000"),
        (E164, "CN", "+8613800138000", "+8613800138000"),
        (E164, "CN", "8613800138000", "+8613800138000"),
        (E164, "CN", "14155552671", "+14155552671"),
        (AS_SENT, "CN", "008613800138000", "008613800138000"),
    ],
)
def test_a_callers_number_is_made_whole(
    form: NumberFormat, country: str, sent: str, known: str
) -> None:
    assert from_carrier(sent, line(form, country)) == known


@pytest.mark.parametrize("short", ["110", "10086", "95588", "12345", "8001", "*10", "#1", "+"])
@pytest.mark.parametrize("form", NumberFormat)
def test_a_short_number_stays_as_it_is(form: NumberFormat, short: str) -> None:
    assert from_carrier(short, line(form)) == short
    assert for_carrier(short, line(form)) == short


@pytest.mark.parametrize(
    ("form", "number", "dialled"),
    [
        (NATIONAL, "+8613800138000", "13800138000"),
        (NATIONAL, "+861012345678", "01012345678"),
        (NATIONAL, "+14155552671", "0014155552671"),
        (NATIONAL, "13800138000", "13800138000"),
        (INTERNATIONAL, "13800138000", "008613800138000"),
        (INTERNATIONAL, "+14155552671", "0014155552671"),
        (E164, "01012345678", "+861012345678"),
        (AS_SENT, "+8613800138000", "+8613800138000"),
    ],
)
def test_a_carrier_gets_what_it_wants(form: NumberFormat, number: str, dialled: str) -> None:
    assert for_carrier(number, line(form)) == dialled


def test_an_analog_line_is_not_told_to_dial_a_plus() -> None:
    gateway = Line(LineName("gateway"), LineKind.FXO)
    assert for_carrier("+8613800138000", gateway) == "13800138000"
    assert for_carrier("+14155552671", gateway) == "0014155552671"
    assert for_carrier("01012345678", gateway) == "01012345678"
    e164 = replace(gateway, numbers_out=E164)  # as it was told
    assert for_carrier("+8613800138000", e164) == "+8613800138000"


def test_the_way_out_of_a_country_is_its_own() -> None:
    assert for_carrier("+8613800138000", line(INTERNATIONAL, "US")) == "0118613800138000"
    assert for_carrier("+8613800138000", line(INTERNATIONAL, "ZZ")) == "008613800138000"


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.sampled_from(NumberFormat))
def test_what_a_carrier_gets_is_what_it_would_send(mobile: str, form: NumberFormat) -> None:
    whole = from_carrier(mobile, line(NATIONAL))
    assert whole == f"+86{mobile}"
    assert from_carrier(for_carrier(whole, line(form)), line(form)) == whole


@given(st.text(alphabet="+*#0123456789", max_size=32), st.sampled_from(NumberFormat))
def test_nothing_that_is_sent_fails(text: str, form: NumberFormat) -> None:
    from_carrier(text, line(form))
    for_carrier(text, line(form))
