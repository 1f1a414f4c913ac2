"""How long things take: the life table against known distributions."""

from math import exp
from random import Random

import numpy as np
import pytest

from dialer.durations import Durations


def table(mean: float = 60.0) -> Durations:
    return Durations(mean=mean, finest=1.0)


def end_one_by_one(durations: Durations, calls: list[tuple[float, float]], *, until: float) -> None:
    """Each (began, seconds), in the order in which they end."""
    for end, seconds in sorted((began + seconds, seconds) for began, seconds in calls):
        if end <= until:
            durations.add(seconds, end)


def test_before_anything_ended_it_is_the_prior() -> None:
    survival = table(mean=100.0).survival(10.0, 30)
    assert survival[0] == 1.0
    expected = [exp(-step / 10.0) for step in range(31)]
    assert survival.tolist() == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(
    ("draw", "survives"),
    [
        (lambda rng: rng.expovariate(1 / 30.0), lambda t: exp(-t / 30.0)),
        (lambda rng: rng.uniform(20.0, 40.0), lambda t: min(1.0, max(0.0, (40.0 - t) / 20.0))),
        (
            lambda rng: 5.0 if rng.random() < 0.5 else 90.0,
            lambda t: 1.0 if t < 5 else 0.5 if t < 90 else 0.0,
        ),
    ],
    ids=["exponential", "uniform", "two lengths"],
)
def test_it_learns_what_it_is_shown(draw, survives) -> None:  # type: ignore[no-untyped-def]
    durations, rng = table(), Random(2)
    for call in range(3_000):
        durations.add(draw(rng), float(call))
    survival = durations.survival(1.0, 120)
    # Where it falls at once, a class of age is as fine as it gets.
    off = [abs(survival[t] - survives(t)) for t in range(120) if not (4 <= t < 8 or 80 <= t < 100)]
    assert max(off) < 0.06
    assert durations.jumps <= 1


def test_survival_falls_and_stays_between_0_and_1() -> None:
    durations, rng = table(), Random(4)
    for call in range(500):
        durations.add(rng.lognormvariate(4.0, 1.5), float(call))
    survival = durations.survival(5.0, 2_000, np.array([0.0, 1e6, 7_200.0, 30.0]))
    assert survival[0] == 1.0
    assert (np.diff(survival) <= 0).all()
    assert survival[-1] >= 0.0


def test_what_still_goes_on_counts() -> None:
    durations = table()
    for call in range(100):
        durations.add(10.0, float(call))
    alone = durations.survival(1.0, 60)
    beside = durations.survival(1.0, 60, np.full(50, 300.0))
    assert alone[30] < 0.1
    assert beside[20] > alone[20] + 0.1


def test_after_a_jump_the_old_ones_are_thrown_away() -> None:
    durations, rng = table(), Random(7)
    short = [(float(began), rng.expovariate(1 / 20.0)) for began in range(2_000)]
    long = [(float(began), rng.expovariate(1 / 200.0)) for began in range(2_000, 3_500)]
    end_one_by_one(durations, short + long, until=3_500.0)
    assert durations.jumps >= 1
    assert durations.mean == pytest.approx(200.0, rel=0.3)


def test_a_burst_is_not_taken_for_a_jump() -> None:
    """Hundreds of calls go out at once, and those that fail at once end first."""
    durations, rng = table(mean=15.0), Random(3)
    calls = [(float(began), 24.0 if rng.random() < 0.7 else 1.0) for began in range(500)]
    calls += [(600.0 + n / 500, 24.0 if rng.random() < 0.7 else 1.0) for n in range(1_000)]
    end_one_by_one(durations, calls, until=700.0)
    assert durations.jumps == 0
    assert durations.survival(1.0, 20)[15] == pytest.approx(0.7, abs=0.08)


def test_a_steady_mean_is_not_taken_for_a_jump() -> None:
    jumps = 0
    for seed in range(10):
        durations, rng = table(), Random(seed)
        for call in range(3_000):
            durations.add(rng.lognormvariate(4.0, 0.8), float(call))
        jumps += durations.jumps
    assert jumps <= 10  # of 3,000 looks


@pytest.mark.parametrize("seconds", [-5.0, 0.0, 1e-9, 7_200.0, 1e9])
def test_no_length_is_too_odd(seconds: float) -> None:
    durations = table()
    for call in range(40):
        durations.add(seconds, float(call))
    survival = durations.survival(1.0, 100)
    assert np.isfinite(survival).all()
    assert (survival >= 0).all()
    assert (survival <= 1).all()
