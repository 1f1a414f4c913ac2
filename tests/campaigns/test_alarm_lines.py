"""When an alarm line is reached, and when that is over."""

import pytest

from campaigns.alarm_lines import LineChanges, line_changes

LINES = {0.83, 0.93}


def changes(share: float, before: set[float] | None = None, limit: float = 0.03) -> LineChanges:
    return line_changes(LINES, before or set(), share=share, limit=limit)


@pytest.mark.parametrize(
    ("share", "reached"),
    [
        (0.0, ()),
        (0.0248, ()),
        (0.0249, (0.83,)),
        (0.028, (0.83, 0.93)),
        (0.03, (0.83, 0.93)),  # as many as are allowed
        (0.0301, (0.83, 0.93, 1.0)),
        (0.5, (0.83, 0.93, 1.0)),
    ],
)
def test_lines_are_reached_on_the_way_to_the_limit(
    share: float, reached: tuple[float, ...]
) -> None:
    assert changes(share) == LineChanges(reached)


def test_a_line_is_reached_once_and_over_once_clearly_below() -> None:
    assert changes(0.026, {0.83}) == LineChanges()
    assert changes(0.0245, {0.83}) == LineChanges()
    assert changes(0.0236, {0.83}) == LineChanges(over=(0.83,))
    assert changes(0.0, {0.83, 0.93, 1.0}) == LineChanges(over=(0.83, 0.93, 1.0))


def test_lines_follow_the_settings() -> None:
    assert line_changes({0.5}, {0.83}, share=0.026, limit=0.03) == LineChanges((0.5,), (0.83,))
    assert line_changes(set(), set(), share=0.026, limit=0.03) == LineChanges()


def test_with_a_limit_of_nothing_the_first_one_is_too_many() -> None:
    assert changes(0.0, limit=0.0) == LineChanges()
    assert changes(0.001, limit=0.0) == LineChanges((0.83, 0.93, 1.0))
    assert changes(0.0, {0.83, 0.93, 1.0}, limit=0.0) == LineChanges(over=(0.83, 0.93, 1.0))
