"""Each cause has one meaning, whoever reports it."""

import pytest

from dialer.causes import Q850, SIP, Cause, cause_of


@pytest.mark.parametrize(
    ("q850", "cause"),
    [
        (1, Cause.INVALID),
        (17, Cause.BUSY),
        (18, Cause.NO_ANSWER),
        (19, Cause.NO_ANSWER),
        (21, Cause.REJECTED),
        (22, Cause.INVALID),
        (28, Cause.INVALID),
        (34, Cause.CONGESTION),
        (38, Cause.FAILED),
        (41, Cause.FAILED),
        (42, Cause.CONGESTION),
        (102, Cause.FAILED),
    ],
)
def test_what_q850_says(q850: int, cause: Cause) -> None:
    assert cause_of(q850) is cause


@pytest.mark.parametrize(
    ("sip", "cause"),
    [
        (403, Cause.FAILED),
        (404, Cause.INVALID),
        (408, Cause.FAILED),
        (480, Cause.NO_ANSWER),
        (484, Cause.INVALID),
        (486, Cause.BUSY),
        (503, Cause.CONGESTION),
        (603, Cause.REJECTED),
    ],
)
def test_what_sip_says_counts_more(sip: int, cause: Cause) -> None:
    # Asterisk makes 21, rejected, of a carrier's 403; and 18, nobody responded, of no reply.
    assert {cause_of(q850, sip) for q850 in (None, 1, 18, 21, 127)} == {cause}


@pytest.mark.parametrize(
    ("q850", "sip"), [(None, None), (0, None), (99, 699), (-1, 0), (None, 200)]
)
def test_what_nobody_knows_is_no_word_about_the_list(q850: int | None, sip: int | None) -> None:
    assert cause_of(q850, sip) is Cause.FAILED


def test_a_known_cause_counts_where_the_response_is_unknown() -> None:
    assert cause_of(17, 699) is Cause.BUSY


def test_the_trunk_and_the_list() -> None:
    assert {cause for cause in Cause if cause.of_trunk} == {Cause.CONGESTION, Cause.FAILED}
    # We alone cut calls: no line reports that.
    assert Cause.CUT not in {*Q850.values(), *SIP.values()}
    assert all(0 < cause < 128 for cause in Q850)
    assert all(300 <= response < 700 for response in SIP)
