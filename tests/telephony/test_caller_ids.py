"""Which number customers see, and in which header it goes out."""

from dataclasses import replace

import pytest

from domain.centre import CallerHeader, CarrierAccount, Line, LineKind
from domain.identity import LineName
from telephony.caller_ids import caller_id_headers, caller_id_of

LINE = Line(LineName("carrier"), LineKind.TRUNK, host="192.0.2.7:5080")
ACCOUNT = CarrierAccount("8621000@ims.example")
ASSERTED, REMOTE = CallerHeader.ASSERTED, CallerHeader.REMOTE_PARTY


def test_a_campaigns_number_goes_before_the_lines_and_the_accounts() -> None:
    line = replace(LINE, caller_id="+862100", account=ACCOUNT)
    assert caller_id_of(line, "4008001000") == "4008001000"
    assert caller_id_of(line) == "+862100"
    assert caller_id_of(replace(line, caller_id=None)) == "8621000"
    assert caller_id_of(LINE) is None


def test_from_carries_it_unless_the_carrier_wants_its_account_there() -> None:
    assert caller_id_headers(LINE, "+862100") == {}
    assert caller_id_headers(replace(LINE, caller_id_header=ASSERTED), None) == {}


@pytest.mark.parametrize(
    ("line", "domain"),
    [
        (LINE, "192.0.2.7"),
        (replace(LINE, account=ACCOUNT), "ims.example"),
        (replace(LINE, host="[2001:db8::1]:5060"), "[2001:db8::1]"),
        (replace(LINE, host="2001:db8::1"), "[2001:db8::1]"),
        (replace(LINE, host="sip.carrier.example"), "sip.carrier.example"),
        (replace(LINE, host=None), "offhook.invalid"),
        (replace(LINE, host="a>\r\nX: y"), "offhook.invalid"),
    ],
)
def test_the_other_headers_name_the_carriers_domain(line: Line, domain: str) -> None:
    asserted = caller_id_headers(replace(line, caller_id_header=ASSERTED), "+862100")
    assert asserted == {"P-Asserted-Identity": f"<sip:+862100@{domain}>"}
    remote = caller_id_headers(replace(line, caller_id_header=REMOTE), "+862100")
    assert remote == {
        "Remote-Party-ID": f"<sip:+862100@{domain}>;party=calling;privacy=off;screen=no"
    }


@pytest.mark.parametrize("number", ["", "+", "1\r\nX: y", "1>", "anonymous", "1" * 21])
def test_what_is_no_number_gets_into_no_header(number: str) -> None:
    with pytest.raises(ValueError, match="can't be a number"):
        caller_id_headers(replace(LINE, caller_id_header=ASSERTED), number)
