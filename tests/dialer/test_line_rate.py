"""The turns of one line."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.call_rate import most_within
from dialer.line_rate import ANY_NUMBER, LineRate


def test_a_line_without_a_rate_takes_any_number() -> None:
    line = LineRate()
    for _ in range(10_000):
        assert line.take(1.0)
        line.goes_out(1.0)
    assert line.now(1.0) == ANY_NUMBER and line.next_at() == inf


def test_a_turn_is_held_until_the_call_has_gone_out_and_a_second_longer() -> None:
    line = LineRate(2.0)
    assert line.take(0.0) and line.take(0.0) and not line.take(0.0)
    assert not line.take(50.0), "the database is slow: neither has gone out"
    assert line.next_at() == inf
    line.goes_out(50.0)
    assert line.next_at() == 51.0
    assert not line.take(50.9) and line.take(51.0)


def test_a_call_that_wont_go_out_gives_its_turn_back() -> None:
    line = LineRate(1.0)
    assert line.take(0.0)
    line.give_back()
    assert line.take(0.0)


def test_what_is_left_is_told_without_those_who_wait() -> None:
    line = LineRate(5.0)
    assert line.now(3.0).left == 5
    assert line.now(3.0, waiting=2).left == 3 and line.now(3.0, waiting=9).left == 0
    assert line.take(3.0)
    line.goes_out(3.0)
    now = line.now(3.5)
    assert (now.per_second, now.left, now.more_at) == (5.0, 4, 4.0)


def test_turns_that_come_shortly_after_one_another_are_waited_for_together() -> None:
    line = LineRate(5.0)
    for at in (0.0, 0.05, 0.09, 0.5):
        assert line.take(at)
        line.goes_out(at)
    assert line.now(0.6).more_at == pytest.approx(1.09)


def test_a_fraction_is_one_call_every_so_many_seconds() -> None:
    line = LineRate(0.25)
    assert line.take(0.0)
    line.goes_out(0.0)
    assert not line.take(3.9) and line.take(4.0)


def test_another_rate_holds_for_what_went_out_before() -> None:
    line = LineRate(5.0)
    for _ in range(3):
        assert line.take(0.0)
        line.goes_out(0.0)
    line.change(2.0)
    assert not line.take(0.5), "more are gone than it takes now"
    assert line.left(0.5) < 0 and line.now(0.5).left == 0
    line.change(4.0)
    assert line.take(0.5) and not line.take(0.5)


@given(
    per_second=st.sampled_from([0.1, 0.5, 2.5, 1.0, 3.0, 7.0, 60.5]),
    steps=st.lists(
        st.tuples(st.floats(0.0, 0.4), st.sampled_from(["take", "goes", "back"])), max_size=200
    ),
)
def test_never_more_go_out_than_the_rate_says_however_long_one_takes(
    per_second: float, steps: list[tuple[float, str]]
) -> None:
    line, now, held, went = LineRate(per_second), 0.0, 0, list[float]()
    for wait, step in steps:
        now += wait
        if step == "take":
            held += line.take(now)
        elif held:
            held -= 1
            if step == "goes":
                line.goes_out(now)
                went.append(now)
            else:
                line.give_back()
    most, within_s = most_within(per_second)
    for first, beyond in zip(went, went[most:], strict=False):
        assert first + within_s <= beyond
