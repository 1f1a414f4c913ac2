"""When a demo may report that every call is accounted for."""

from dataclasses import replace

import pytest

from farend.working_day import figures_of, unaccounted
from records.call_queries import Summary

GOOD = Summary(
    offered=20,
    answered=17,
    answered_within=12,
    abandoned=2,
    short_abandoned=1,
    unserved=0,
    lost=0,
    waiting=0,
    open=0,
    self_service=0,
    mean_wait_s=6.789,
    mean_answer_s=5.0,
    recordings=17,
    call_records=20,
    service_level_s=20.0,
    short_abandon_s=5.0,
)


def test_all_is_well() -> None:
    assert unaccounted(GOOD, 20) == []
    assert figures_of(GOOD) == {
        "offered": 20,
        "answered": 17,
        "abandoned": 3,
        "short_abandoned": 1,
        "service_level": 0.6,
        "mean_wait_s": 6.79,
        "recordings": 17,
        "call_records": 20,
    }


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (replace(GOOD, call_records=19), "20 calls were made, 19 are recorded"),
        (replace(GOOD, offered=19, abandoned=1, self_service=1), "20 calls were made, 19 reached"),
        (replace(GOOD, open=1), "1 calls have no end"),
        (replace(GOOD, recordings=14), "17 were answered, 14 have a recording"),
        (replace(GOOD, abandoned=1), "20 entered a queue, 17 + 2 left it"),
        (replace(GOOD, abandoned=1, lost=1), "20 entered a queue, 17 + 2 left it"),
        (replace(GOOD, abandoned=1, waiting=1), "20 entered a queue, 17 + 2 left it"),
    ],
)
def test_what_does_not_add_up_is_told(wrong: Summary, said: str) -> None:
    (told,) = unaccounted(wrong, 20)
    assert told.startswith(said)


def test_nobody_called() -> None:
    empty = replace(GOOD, offered=0, answered=0, answered_within=0, abandoned=0, short_abandoned=0)
    empty = replace(empty, recordings=0, call_records=0, mean_wait_s=0.0)
    assert unaccounted(empty, 0) == []
    assert figures_of(empty)["service_level"] is None
