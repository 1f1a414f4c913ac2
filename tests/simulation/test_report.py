"""Intervals against values from the books, and the table that shows them."""

import csv
import json
from io import StringIO

import pytest

from simulation.day import DayResult
from simulation.report import as_csv, as_json, rows_of, table, told


def day(policy: str = "a", agents: int = 5, seed: int = 0, **figures: float) -> DayResult:
    result = DayResult(policy, agents, seed)
    for name, value in figures.items():
        setattr(result, name, value)
    return result


def test_the_interval_of_a_mean_is_students() -> None:
    uses = (0.1, 0.2, 0.3, 0.4, 0.5)
    days = [day(busy_s=100 * use, logged_in_s=100.0) for use in uses]
    (row,) = rows_of(days, 0.03)
    # sd 0.158114, t of 4 degrees of freedom 2.776445
    assert row.use.value == pytest.approx(0.3)
    assert row.use.error == pytest.approx(2.776445 * 0.158114 / 5**0.5, rel=1e-5)


@pytest.mark.parametrize(
    ("count", "quantile"),
    [(2, 12.7062), (10, 2.26216), (11, 2.22814), (31, 2.04227), (201, 1.97190)],
)
def test_students_quantiles(count: int, quantile: float) -> None:
    days = [day(busy_s=float(n % 2), logged_in_s=1.0) for n in range(count)]
    (row,) = rows_of(days, 0.03)
    mean = (count // 2) / count
    sd = (count * mean * (1 - mean) / (count - 1)) ** 0.5
    assert row.use.error == pytest.approx(quantile * sd / count**0.5, rel=1e-4)


@pytest.mark.parametrize(
    ("over", "count", "low", "high"),
    [(0, 300, 0.0, 0.012643), (5, 100, 0.021543, 0.111751), (10, 10, 0.722467, 1.0)],
)
def test_days_over_have_wilsons_interval(over: int, count: int, low: float, high: float) -> None:
    days = [day(served=90, abandoned=10 if n < over else 0) for n in range(count)]
    (row,) = rows_of(days, 0.03)
    assert row.days_over == over / count
    assert row.days_over_low == pytest.approx(low, abs=1e-5)
    assert row.days_over_high == pytest.approx(high, abs=1e-5)


def test_a_share_that_is_the_limit_is_not_over_it() -> None:
    (row,) = rows_of([day(served=97, abandoned=3)], 0.03)
    assert row.days_over == 0


def test_whoever_is_taken_for_a_machine_is_abandoned() -> None:
    assert day(served=90, abandoned=4, taken_for_machines=6).share == pytest.approx(0.1)


def test_a_single_day_has_no_interval_and_a_day_without_contacts_no_ratio() -> None:
    (row,) = rows_of([day(dialled=10)], 0.03)
    assert row.use.error is None
    assert row.dials_per_contact is None
    cells = [cell.strip() for cell in table([row]).splitlines()[-1].strip("|").split("|")]
    assert cells[:4] == ["a", "5", "1", "0.0"]
    assert cells[-1] == "-"


def test_the_table_is_markdown_in_line_with_a_row_for_each_policy_and_team() -> None:
    days = [day(policy, agents) for agents in (5, 20) for policy in ("foresight", "a")]
    lines = table(rows_of(days, 0.03)).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["foresight", "a"] * 2


def test_csv_and_json_can_be_read_by_machines() -> None:
    days = [day(seed=seed, served=50, abandoned=1, dialled=170) for seed in (1, 2)]
    read = list(csv.DictReader(StringIO(as_csv([("x", days), ("y", days[:1])]))))
    assert [(line["campaign"], line["seed"], line["dialled"]) for line in read] == [
        ("x", "1", "170"),
        ("x", "2", "170"),
        ("y", "1", "170"),
    ]
    read_again = json.loads(as_json(told(rows_of(days, 0.03), campaign="x")))
    assert read_again["campaign"] == "x"
    assert read_again["rows"][0]["dials_per_contact"] == {"mean": 3.4, "error": 0.0}
