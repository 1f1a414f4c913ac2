"""Hours on the phones against simulated ones: the same world, and what is said of the two."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest

from bench.bench_dialer import ON_DEMAND, PARTS, WITH_OPTIONS
from bench.dialer_live import PAGE, options
from bench.live_customers import (
    CALLS_PER_S,
    LEAST_TALK_S,
    LINES,
    PREDICTIVE,
    PROGRESSIVE,
    customers,
    scenario,
    settings,
)
from bench.live_hour import HourFigures, as_played, read_figures
from bench.live_table import SimulatedHours, central, measured_text, page_with, verdicts
from campaigns.campaign import Mode
from dialer.causes import Cause
from farend.phone_steps import called_steps
from simulation.fates import Fate

WORLD = scenario(1.0)
HOUR = HourFigures(
    "foresight 1", PREDICTIVE, 1, 20, 3_600.0, played_s=3_600.0, busy_s=84.0, at_work_s=100.0,
    dialled=2_000, served=588, abandoned=12,
)  # fmt: skip
HOURS = SimulatedHours(
    [0.80 + 0.0005 * n for n in range(200)], [0.025] * 200, [2_000.0] * 200, [600.0] * 200
)
SLOW = SimulatedHours([0.6] * 200, [0.0] * 200, [1_400.0] * 200, [420.0] * 200)


@pytest.mark.parametrize("policy", [PREDICTIVE, PROGRESSIVE])
def test_the_campaign_has_the_limit_and_the_lines_of_the_simulation(policy: str) -> None:
    found = settings(policy)
    assert found.limit == WORLD.limit.limit()
    assert (found.lines, found.calls_per_second) == (WORLD.lines, WORLD.calls_per_second)
    assert (WORLD.lines, WORLD.calls_per_second) == (LINES, CALLS_PER_S)
    assert found.mode is (Mode.PROGRESSIVE if policy == PROGRESSIVE else Mode.PREDICTIVE)


def test_the_far_end_knows_what_every_customer_does() -> None:
    for customer in islice(customers(WORLD, 1), 2_000):
        called_steps(customer.steps)  # raises if it doesn't


def test_customers_meet_the_fates_of_the_world() -> None:
    found = list(islice(customers(WORLD, 1), 20_000))
    causes = Counter(each.fate.cause for each in found)
    # Some of those who would answer are not given the time to.
    assert 0.28 < causes[None] / len(found) < 0.30
    assert abs(causes[Cause.INVALID] / len(found) - 0.105) < 0.01
    assert abs(causes[Cause.BUSY] / len(found) - 0.105) < 0.01
    assert min(each.talk_s for each in found) >= LEAST_TALK_S
    assert len({each.number for each in found}) == len(found)


def test_the_same_seed_has_the_same_customers() -> None:
    first, again = (list(islice(customers(WORLD, 4), 50)) for _ in range(2))
    assert first == again
    assert list(islice(customers(WORLD, 5), 50)) != first


def test_a_dead_number_does_not_ring() -> None:
    dead = next(each for each in customers(WORLD, 1) if each.fate.cause is Cause.INVALID)
    assert dead.steps == f"wait-{dead.fate.delay_s:.3f},refuse-404"


def test_all_is_well_if_the_hours_are_like_the_simulated_ones() -> None:
    slow = replace(HOUR, policy=PROGRESSIVE, busy_s=60.0)
    found = verdicts([HOUR, slow], {PREDICTIVE: HOURS, PROGRESSIVE: SLOW})
    assert found["met"] and found["each_within"]
    assert found["above_progressive"] == pytest.approx(0.24)
    assert found["use_off_by"] == pytest.approx(0.84 - 0.84975, abs=1e-4)


@pytest.mark.parametrize(
    "otherwise",
    [{"busy_s": 78.0}, {"busy_s": 90.5}, {"abandoned": 30}, {"played_s": 1_000.0}],
)
def test_an_hour_that_is_otherwise_is_not_met(otherwise: dict[str, float]) -> None:
    found = verdicts([HOUR, replace(HOUR, **otherwise)], {PREDICTIVE: HOURS})  # type: ignore[arg-type]
    assert found["met"] is False


def test_hours_that_were_broken_off_say_nothing() -> None:
    found = verdicts([replace(HOUR, played_s=100.0)], {PREDICTIVE: HOURS})
    assert found["met"] is None and found["use_off_by"] is None


def test_the_central_95_percent_leave_out_a_fortieth_at_either_end() -> None:
    low, high = central(HOURS.use)
    assert sum(use < low for use in HOURS.use) == 4
    assert sum(use > high for use in HOURS.use) == 5


def test_the_page_keeps_what_is_around_the_table() -> None:
    page = PAGE.read_text("utf-8")
    text = measured_text(
        [HOUR, replace(HOUR, name="foresight 2", played_s=120.0, troubles={"paused dropped": 2})],
        {PREDICTIVE: HOURS},
        made="2026-11-27",
        machine="2 processors",
        command="./run bench dialer:live",
    )
    assert "| 84.0 % | 85.0 % |" in text and "foresight 2 (only 2 min)" in text
    assert "paused dropped, 2 times" in text
    once = page_with(page, text)
    assert text in once and once.startswith(page[:400])
    assert page_with(once, text) == once
    with pytest.raises(ValueError, match="has no lines"):
        page_with("nothing", text)


def test_what_was_played_is_compared_with_what_was_drawn() -> None:
    customer = replace(
        next(iter(customers(WORLD, 1))), fate=Fate(2.0, 5.0, None, person=True), talk_s=10.0
    )
    began = datetime(2026, 11, 27, tzinfo=UTC)
    at = {name: began + timedelta(seconds=s) for name, s in (
        ("reserved_at", 0), ("rang_at", 2.5), ("answered_at", 7.5), ("talk_at", 8.0),
        ("ended_at", 18.25),
    )}  # fmt: skip
    found = as_played([{"number": customer.number, **at}], {customer.number: customer})
    assert found["delay_mean_s"] == 0.5 and found["ring_mean_s"] == 0.0
    assert found["wait_p99_s"] == 0.5 and found["talk_mean_s"] == 0.25


def test_an_hour_that_has_written_nothing_has_no_figures(tmp_path: Path) -> None:
    assert read_figures(tmp_path / "0.json") is None


def test_what_takes_an_hour_runs_only_when_named() -> None:
    assert set(ON_DEMAND) <= set(WITH_OPTIONS) <= set(PARTS)
    asked = options(["--hours", "2", "--side-by-side", "3"])
    assert (asked.hours, asked.side_by_side, asked.minutes) == (2, 3, 60.0)
    with pytest.raises(SystemExit):
        options(["--hour-s", "2"])
