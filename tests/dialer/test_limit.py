"""The limit's settings: what is reported of a wrong one, and what the presets say."""

from dataclasses import replace
from math import inf

import pytest

from dialer.limit import PRESETS, UK, ClockStart


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("share", 3.0, "limit.share is 3.0; expected a share between 0 and 1"),
        ("share", -0.01, "expected a share between 0 and 1"),
        ("share", float("nan"), "expected a share between 0 and 1"),
        ("people_taken_for_machines", 1.0, "limit.people_taken_for_machines is 1.0; expected"),
        ("people_taken_for_machines", -0.1, "a share from 0 to less than 1"),
        ("people_taken_for_machines", float("nan"), "limit.people_taken_for_machines is nan"),
        ("machines_abandoned", -1.0, "limit.machines_abandoned is -1.0"),
        ("grace_s", -1.0, "limit.grace_s is -1.0; expected seconds, 0 or more"),
        ("min_ring_s", inf, "limit.min_ring_s is inf; expected seconds, 0 or more"),
        ("min_ring_s", 14.9, "limit.min_ring_s is 14.9; expected 15 or more"),
        ("windows", (), "limit.windows is empty"),
    ],
)
def test_a_mistake_is_said_with_what_was_expected(field: str, value: object, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        replace(UK, **{field: value})  # type: ignore[arg-type]


def test_presets_agree_with_the_table() -> None:
    for limit in PRESETS.values():
        assert limit.share == 0.03
        assert limit.grace_s == 2.0
        assert limit.min_ring_s == 15.0
        assert limit.hard_stop
    assert {name: limit.clock for name, limit in PRESETS.items()} == {
        "uk": ClockStart.SPEECH,
        "us": ClockStart.GREETING_END,
        "cautious": ClockStart.ANSWER,
    }
