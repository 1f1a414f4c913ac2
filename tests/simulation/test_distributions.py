"""Each distribution has the mean it was asked for, and the spread."""

from math import sqrt
from random import Random
from statistics import fmean, stdev

import pytest

from simulation.distributions import (
    Constant,
    Distribution,
    Empirical,
    Exponential,
    Gamma,
    LogNormal,
    Mixture,
    Part,
    Uniform,
)

DRAWS = 20_000

GAMMA = Gamma(kind="gamma", mean=20.0, shape=2.0)
LONG = LogNormal(kind="lognormal", mean=150.0, sd=120.0)
KINDS: list[tuple[Distribution, float, float]] = [
    (Constant(kind="constant", value=2.0), 2.0, 0.0),
    (Uniform(kind="uniform", low=1.0, high=4.0), 2.5, 3.0 / sqrt(12.0)),
    (Exponential(kind="exponential", mean=7.0), 7.0, 7.0),
    (GAMMA, 20.0, 20.0 / sqrt(2.0)),
    (Gamma(kind="gamma", mean=1.8, shape=6.0), 1.8, 1.8 / sqrt(6.0)),
    (LONG, 150.0, 120.0),
    (Empirical(kind="empirical", values=[1.0, 2.0, 9.0]), 4.0, sqrt(38.0 / 3.0)),
    (
        Mixture(kind="mixture", parts=[Part(share=0.2, of=GAMMA), Part(share=0.6, of=LONG)]),
        0.25 * 20.0 + 0.75 * 150.0,
        # Of a mixture: the parts' variances, and that of their means.
        sqrt(0.25 * 200.0 + 0.75 * 14_400.0 + 0.25 * 0.75 * 130.0**2),
    ),
]


@pytest.mark.parametrize(
    ("made", "mean", "sd"), KINDS, ids=lambda value: getattr(value, "kind", "")
)
def test_mean_and_spread_are_as_asked_for(made: Distribution, mean: float, sd: float) -> None:
    draw, rng = made.draw(), Random(1)
    drawn = [draw(rng) for _ in range(DRAWS)]
    assert made.mean == pytest.approx(mean)
    assert fmean(drawn) == pytest.approx(mean, abs=4 * sd / sqrt(DRAWS) + 1e-9)
    assert stdev(drawn) == pytest.approx(sd, rel=0.1, abs=1e-9)
    assert min(drawn) >= 0


@pytest.mark.parametrize("made", [made for made, _, _ in KINDS], ids=lambda made: made.kind)
def test_the_same_seed_draws_the_same(made: Distribution) -> None:
    draw, again = made.draw(), made.draw()
    one, other = Random(5), Random(5)
    assert [draw(one) for _ in range(50)] == [again(other) for _ in range(50)]
