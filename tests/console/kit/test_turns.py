"""Whose turn it is to be served: by time alone, and spread out."""

from hypothesis import given
from hypothesis import strategies as st

from console.kit.turns import Turns, moment


@given(
    now=st.floats(0, 1e9),
    pace_s=st.floats(0.05, 10),
    share=st.floats(0, 1, exclude_max=True),
)
def test_the_next_moment_is_later_and_at_most_one_pace_away(
    now: float, pace_s: float, share: float
) -> None:
    at = moment(now, pace_s, share)
    assert now < at <= now + pace_s * 1.001 + 1e-6
    assert at < moment(at, pace_s, share) <= at + pace_s * 1.001 + 1e-6


def test_a_change_that_concerns_all_is_shown_to_one_after_the_other() -> None:
    turns: Turns[int] = Turns()
    for key in range(350):
        turns.join(key, 0.75)
        turns.ask_at_moment(key, 1000.0)
    times = []
    while (at := turns.next()) is not None:
        assert turns.take(at - 1e-6) is None
        assert turns.take(at) is not None
        times.append(at)
    assert len(times) == 350
    assert times[0] > 1000.0 and times[-1] <= 1000.75
    in_each_hundredth = [sum(1000 + n / 100 <= at < 1000.01 + n / 100 for at in times)
                         for n in range(75)]  # fmt: skip
    assert max(in_each_hundredth) <= 8  # 4.7 if it were perfect


def test_whoever_should_have_had_their_turn_first_goes_first() -> None:
    """When there is no time for all, nobody is passed over."""
    turns: Turns[str] = Turns()
    for key in ("a", "b", "c"):
        turns.join(key, 1.0)
    turns.ask("a", 3.0)
    turns.ask("b", 1.0)
    turns.ask("c", 2.0)
    turns.ask("c", 9.0)  # they have an earlier one
    served = []
    for _ in range(9):
        one = turns.take(5.0)
        assert one is not None
        served.append(one)
        turns.ask(one, 5.0)  # they want the next one at once
    assert served == ["b", "c", "a"] * 3


def test_an_earlier_wish_counts_and_gives_one_turn() -> None:
    turns: Turns[str] = Turns()
    turns.join("desk", 1.0)
    turns.ask("desk", 4.0)
    turns.ask("desk", 1.0)
    assert turns.take(1.0) == "desk"
    assert turns.next() is None and turns.take(10.0) is None


def test_whoever_left_gets_no_turn_and_is_forgotten() -> None:
    turns: Turns[int] = Turns()
    for key in range(1_000):
        turns.join(key, 1.0)
        turns.ask(key, 1.0)
        turns.leave(key)
    turns.ask(1, 0.5)
    assert turns.take(2.0) is None and turns.next() is None
