"""The answer rate: steady lists, jumps, hours, and what must not make it wild."""

from random import Random

import pytest

from dialer.answer_rate import AnswerRate, AnswerRates
from dialer.pacing_facts import Lead
from domain.identity import ListName
from tests.memory import kept

LEADS = Lead(ListName("leads"))


def feed(
    rate: AnswerRate, share: float, *, from_s: float, to_s: float, per_second: float, rng: Random
) -> None:
    calls = int((to_s - from_s) * per_second)
    for call in range(calls):
        rate.add(from_s + call / per_second, float(rng.random() < share))


@pytest.mark.parametrize("share", [0.03, 0.1, 0.3, 0.8])
def test_a_steady_rate_gets_precise(share: float) -> None:
    off = []
    for seed in range(20):
        rate, rng = AnswerRate(), Random(seed)
        feed(rate, share, from_s=0, to_s=7_200, per_second=1.0, rng=rng)
        off.append(rate.believed - share)
    # The longest memory is worth 6,480 calls, of which 7,200 were made: two standard errors.
    assert sum(abs(each) for each in off) / 20 < 2.0 * (share * (1 - share) / 4_000) ** 0.5
    assert abs(sum(off) / 20) < (share * (1 - share) / 4_000) ** 0.5


def test_a_jump_from_10_to_60_percent_is_followed_within_a_minute() -> None:
    after = []
    for seed in range(20):
        rate, rng = AnswerRate(), Random(seed)
        feed(rate, 0.1, from_s=0, to_s=3_600, per_second=1.0, rng=rng)
        assert rate.rate(3_600) < 0.25
        feed(rate, 0.6, from_s=3_600, to_s=3_660, per_second=1.0, rng=rng)
        after.append(rate.rate(3_660))
    assert min(after) > 0.33
    assert sum(after) / 20 > 0.45


def test_a_fall_is_followed_more_slowly_since_it_harms_nobody() -> None:
    for seed in range(20):
        rate, rng = AnswerRate(), Random(seed)
        feed(rate, 0.6, from_s=0, to_s=3_600, per_second=1.0, rng=rng)
        feed(rate, 0.1, from_s=3_600, to_s=3_780, per_second=1.0, rng=rng)
        assert rate.rate(3_780) < 0.3, seed


def test_the_last_minute_may_only_lift_the_rate() -> None:
    rate, rng = AnswerRate(), Random(1)
    feed(rate, 0.3, from_s=0, to_s=3_600, per_second=1.0, rng=rng)
    steady = rate.believed
    for second in range(20):
        rate.add(3_600 + second, 0.0)
    assert rate.rate(3_620) >= rate.believed
    for second in range(20):
        rate.add(3_700 + second, 1.0)
    assert rate.rate(3_720) > max(steady, rate.believed - 1e-9)


def test_a_rate_that_fell_may_come_back_for_two_hours() -> None:
    rate, rng = AnswerRate(), Random(1)
    # Ten minutes of each half hour, as in the campaign "jumps".
    for minute in range(20):
        share, per_second = (0.6, 0.25) if minute >= 10 else (0.06, 3.0)
        begins = 60.0 * minute
        feed(rate, share, from_s=begins, to_s=begins + 60, per_second=per_second, rng=rng)
        rate.peak(begins + 60)
    feed(rate, 0.06, from_s=1_200, to_s=1_800, per_second=3.0, rng=rng)
    assert rate.rate(1_800) < 0.1
    assert 0.4 < rate.peak(1_800) < 0.7
    feed(rate, 0.06, from_s=1_800, to_s=9_000, per_second=3.0, rng=rng)
    assert rate.peak(9_000) < 0.12


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_a_steady_rate_was_never_much_higher(share: float) -> None:
    for seed in range(5):
        rate, rng = AnswerRate(share), Random(seed)
        for minute in range(120):
            begins = 60.0 * minute
            feed(rate, share, from_s=begins, to_s=begins + 60, per_second=1.0, rng=rng)
            rate.peak(begins + 60)
        assert rate.peak(7_200) < 1.4 * share


def test_what_was_assumed_may_be_so_although_nobody_answers() -> None:
    rate = AnswerRate(assumed=0.3)
    assert rate.peak(0.0) == 0.3
    for call in range(1_000):
        rate.add(float(call), 0.0)
    assert rate.rate(1_000.0) < 0.01
    assert rate.peak(1_000.0) == 0.3
    assert rate.peak(7_300.0) < 0.01


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_the_doubt_is_as_large_as_the_error(share: float) -> None:
    """Few calls: the error is that of so many coins, and with ten times as many it is a tenth."""
    doubts = []
    for calls in (100, 1_000):
        squares = told = 0.0
        for seed in range(200):
            rate, rng = AnswerRate(share, 1.0), Random(seed)
            feed(rate, share, from_s=0, to_s=calls, per_second=1.0, rng=rng)
            squares += (rate.believed / share - 1.0) ** 2 / 200
            told += rate.doubt / 200
        assert 0.7 * squares < told < 2.0 * squares
        doubts.append(told)
    assert 5.0 < doubts[0] / doubts[1] < 13.0


def test_after_a_jump_there_is_doubt() -> None:
    rate, rng = AnswerRate(), Random(1)
    feed(rate, 0.1, from_s=0, to_s=3_600, per_second=1.0, rng=rng)
    before = rate.doubt
    feed(rate, 0.6, from_s=3_600, to_s=3_660, per_second=1.0, rng=rng)
    assert rate.doubt > 2.0 * before


def test_nobody_ever_answers_and_everybody_does() -> None:
    for person in (0.0, 1.0):
        rate = AnswerRate()
        for call in range(50_000):
            rate.add(call / 10.0, person)
            if call % 100 == 0:
                assert 0.0 < rate.rate(call / 10.0) <= 1.0
        assert abs(rate.rate(5_000.0) - person) < 0.01


def test_perhaps_leaves_no_dust_that_breaks_the_square_root() -> None:
    rate = AnswerRate()
    for call in range(200_000):
        rate.add(call * 0.5, 0.1 if call < 500 else 0.0)
        if call % 7 == 0:
            assert rate.rate(call * 0.5) > 0.0
    rate = AnswerRate(assumed=1.0)
    for call in range(20_000):
        rate.add(call * 0.5, (0.7, 0.1, 0.2)[call % 3] if call < 500 else 1.0)
        assert rate.rate(call * 0.5) <= 1.0


def test_the_last_minute_is_all_it_keeps_though_nobody_asks() -> None:
    rate = AnswerRate()
    for call in range(10_000):
        rate.add(call * 1.0, 1.0)
    calls = [one for one in kept(rate) if isinstance(one, tuple)]
    assert len(calls) <= 62


def test_each_list_and_each_segment_has_a_rate_of_its_own() -> None:
    rates, rng = AnswerRates(), Random(3)
    good, bad = Lead(ListName("good"), "mobile"), Lead(ListName("good"), "office")
    other = Lead(ListName("other"))
    for call in range(3_000):
        for lead, share in ((good, 0.6), (bad, 0.2), (other, 0.05)):
            rates.add(lead, call * 1.0, float(rng.random() < share))
    assert rates.rate(good, 3_000.0) == pytest.approx(0.6, abs=0.08)
    assert rates.rate(bad, 3_000.0) == pytest.approx(0.2, abs=0.08)
    assert rates.rate(other, 3_000.0) == pytest.approx(0.05, abs=0.06)
    # A new segment begins as its list is.
    assert rates.rate(Lead(ListName("good"), "new"), 3_000.0) == pytest.approx(0.4, abs=0.1)
    assert rates.overall(3_000.0) == pytest.approx(0.283, abs=0.08)


def test_a_guaranteed_lead_is_as_likely_as_any() -> None:
    rates = AnswerRates()
    for call in range(500):
        rates.add(LEADS, call * 1.0, 1.0)
    assert rates.rate(Lead(ListName("leads"), guaranteed=True), 500.0) > 0.9


def test_an_hour_begins_with_what_it_brought_before() -> None:
    rates, rng = AnswerRates(), Random(5)

    def hour(number: int, share: float, calls: int = 2_000) -> None:
        rates.hour_began(number % 24)
        for call in range(calls):
            now = number * 3_600.0 + call * 3_600.0 / calls
            rates.add(LEADS, now, float(rng.random() < share))

    hour(9, 0.1)
    hour(10, 0.5)
    hour(9 + 24, 0.1)
    before = rates.rate(LEADS, 34 * 3_600.0 - 1)
    assert before < 0.2
    rates.hour_began(10)
    learnt = rates.rate(LEADS, 34 * 3_600.0 + 120)
    assert learnt == pytest.approx((0.1 + 0.5) / 2, abs=0.06)


def test_the_same_hour_again_changes_nothing() -> None:
    rates = AnswerRates()
    for call in range(400):
        rates.hour_began(9)
        rates.add(LEADS, call * 1.0, call % 2)
    assert rates.rate(LEADS, 400.0) == pytest.approx(0.5, abs=0.1)
