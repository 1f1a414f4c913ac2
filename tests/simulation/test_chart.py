"""The picture of a day: well-formed, self-contained, with all that it must show."""

from typing import Any
from xml.etree import ElementTree

import pytest

from simulation.chart import day_chart
from simulation.day import DayResult, play_day
from simulation.scenario import PolicySettings, Scenario

SVG = "{http://www.w3.org/2000/svg}"
WIDTH, HEIGHT = 1_120, 720


def chart(agents: int = 10, **scenario: Any) -> ElementTree.Element:
    world = Scenario.model_validate({"hours": 1.0, **scenario})
    chosen = PolicySettings(policy="progressive")
    day = play_day(world, "progressive", chosen, agents=agents, seed=2, with_chart=True)
    return ElementTree.fromstring(day_chart(day, world))  # noqa: S314


def words(root: ElementTree.Element) -> str:
    return " | ".join("".join(each.itertext()) for each in root.iter(f"{SVG}text"))


def test_it_has_a_title_axes_with_hours_and_numbers_and_a_legend() -> None:
    said = words(chart(campaign="a < b", starts_at_h=13.5))
    for expected in (
        "One day of a < b: progressive, 10 agents",
        "| 13:30 | 13:35 |",
        "| 14:30",
        "Agents",
        "| 10",
        "talk and wrap-up",
        "Calls ringing",
        "Abandoned so far",
        "limit",
    ):
        assert expected in said


def test_it_brings_its_own_background() -> None:
    first = next(chart().iter(f"{SVG}rect"))
    assert (float(first.get("width", 0)), float(first.get("height", 0))) == (WIDTH - 1, HEIGHT - 1)
    assert str(first.get("fill")).startswith("#f")


def test_what_changes_in_the_day_is_said() -> None:
    said = words(chart(changes=[{"at_h": 0.2, "answer_rate": 2.5}, {"at_h": 0.5, "staff": 0}]))
    assert "answers ×2.5" in said
    assert "no agents" in said


@pytest.mark.parametrize(
    ("agents", "scenario"),
    [
        (0, {}),
        (1, {"limit": {"share": 0}}),
        (3, {"limit": {"share": 1}}),
        (5, {"hours": 0.1, "starts_at_h": 23.9}),
        (4, {"lists": [{"name": "all", "answer_rate": 1.0}]}),
    ],
)
def test_nothing_is_drawn_outside(agents: int, scenario: dict[str, Any]) -> None:
    root = chart(agents, **scenario)
    for each in [*root.iter(f"{SVG}polyline"), *root.iter(f"{SVG}polygon")]:
        for point in str(each.get("points")).split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= WIDTH
            assert 0 <= y <= HEIGHT


def test_a_day_whose_moments_were_not_kept_is_refused() -> None:
    with pytest.raises(ValueError, match="with_chart"):
        day_chart(DayResult("a", 1, 1), Scenario())
