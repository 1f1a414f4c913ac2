"""The tail of many unequal coins, against brute force and against many of them."""

from itertools import product
from math import prod, sqrt
from random import Random

import numpy as np
import pytest

from dialer.tail import exact_tail, none_yet, normal_tail, with_coins


def brute_force(chances: list[float], at_least: int) -> float:
    return sum(
        prod(p if head else 1 - p for p, head in zip(chances, heads, strict=True))
        for heads in product((0, 1), repeat=len(chances))
        if sum(heads) >= at_least
    )


@pytest.mark.parametrize("seed", range(5))
def test_exact_is_what_brute_force_says(seed: int) -> None:
    rng = Random(seed)
    rows = [[rng.random() ** 2 for _ in range(9)] for _ in range(4)]
    together = with_coins(none_yet(4), np.array(rows))
    one_by_one = none_yet(4)
    for coin in range(9):
        one_by_one = with_coins(one_by_one, np.array([[row[coin]] for row in rows]))
    for at_least in range(-1, 12):
        expected = [brute_force(row, at_least) for row in rows]
        assert exact_tail(together, at_least) == pytest.approx(expected, abs=1e-12)
        assert exact_tail(one_by_one, at_least) == pytest.approx(expected, abs=1e-12)


def test_a_distribution_sums_to_one() -> None:
    rng = np.random.default_rng(1)
    distribution = with_coins(none_yet(8), rng.random((8, 90)))
    assert distribution.shape == (8, 91)
    assert distribution.sum(axis=1) == pytest.approx(np.ones(8))
    assert (distribution >= 0).all()


def test_certain_coins_are_certain() -> None:
    distribution = with_coins(none_yet(1), np.array([[1.0, 1.0, 0.0]]))
    assert exact_tail(distribution, 2) == [1.0]
    assert exact_tail(distribution, 3) == [0.0]


@pytest.mark.parametrize(("coins", "off"), [(15, 0.012), (40, 0.004), (200, 0.001)])
def test_the_normal_tail_is_near_the_exact_one(coins: int, off: float) -> None:
    rng = Random(coins)
    for _ in range(20):
        chances = [rng.random() * rng.random() for _ in range(coins)]
        distribution = with_coins(none_yet(1), np.array([chances]))
        mean = sum(chances)
        variance = sum(p * (1 - p) for p in chances)
        third = sum(p * (1 - p) * (1 - 2 * p) for p in chances)
        for sigmas in (-2.0, -1.0, 0.0, 1.0, 2.0, 3.0):
            at_least = round(mean + sigmas * sqrt(variance))
            exact = exact_tail(distribution, at_least)[0]
            assert normal_tail(mean, variance, third, at_least) == pytest.approx(exact, abs=off)


def test_the_normal_tail_without_spread_is_a_step() -> None:
    assert normal_tail(3.0, 0.0, 0.0, 3) == 1.0
    assert normal_tail(3.0, 0.0, 0.0, 4) == 0.0


def test_the_normal_tail_is_a_chance_however_far_out() -> None:
    for at_least in (-1_000, 0, 20, 40, 10_000):
        for third in (-20.0, 0.0, 20.0):
            assert 0.0 <= normal_tail(20.0, 10.0, third, at_least) <= 1.0
