"""Which of two forecasts is believed."""

from math import log

import numpy as np
import pytest

from dialer.trust import Trust, evidence

MOMENTS = np.array([10.0, 2.0, 20.0])
ALIKE = np.array([[0.5, 0.75, 0.25]])


def test_a_forecast_is_believed_until_it_has_been_judged() -> None:
    assert Trust().weight > 0.98


def test_one_that_is_worse_loses_its_weight_and_one_that_is_better_has_it_again() -> None:
    trust = Trust()
    weights = []
    for said in [-1.0] * 12 + [1.0] * 12:
        trust.judge(said)
        weights.append(trust.weight)
    assert weights[:12] == sorted(weights[:12], reverse=True)
    assert weights[11] < 0.02
    assert weights[12:] == sorted(weights[12:])
    assert weights[-1] > 0.98


def test_it_may_be_right_again_after_any_time() -> None:
    trust = Trust()
    for _ in range(10_000):
        trust.judge(-1e9)
    assert trust.weight > 0.0
    for _ in range(10):
        trust.judge(1.0)
    assert trust.weight > 0.9


@pytest.mark.parametrize(
    ("left", "chance"), [(1.0, 0.1), (2.0, 0.1), (5.0, 0.6), (12.0, 0.3), (300.0, 0.0)]
)
def test_what_came_speaks_for_whoever_held_it_more_likely(left: float, chance: float) -> None:
    """One says where the end lies, the other that it may be anywhere."""
    ours = np.array([[0.3, 0.9, 0.0]])
    expected = log((0.98 * chance + 0.005) / (0.98 * 0.25 + 0.005))
    assert evidence(ours, ALIKE, MOMENTS, np.array([left])) == pytest.approx(expected)
    assert evidence(ALIKE, ours, MOMENTS, np.array([left])) == pytest.approx(-expected)


def test_several_ends_count_by_their_mean() -> None:
    ours, rivals = np.array([[0.3, 0.9, 0.0]] * 2), np.concatenate((ALIKE, ALIKE))
    each = [evidence(ours[:1], ALIKE, MOMENTS, np.array([left])) for left in (5.0, 300.0)]
    both = evidence(ours, rivals, MOMENTS, np.array([5.0, 300.0]))
    assert both == pytest.approx(sum(each) / 2.0)


def test_what_was_held_to_be_impossible_is_no_infinite_evidence() -> None:
    sure = np.array([[0.0, 0.0, 0.0]])
    assert -5.0 < evidence(sure, ALIKE, MOMENTS, np.array([300.0])) < -3.0
