"""The limit's arithmetic: room, windows, and what is reported of a wrong setting."""

from dataclasses import replace
from math import inf

import pytest

from dialer.limit import (
    CAUTIOUS,
    DAY_S,
    PRESETS,
    UK,
    AbandonCount,
    ClockStart,
    History,
    Limit,
    Tally,
    Window,
)

SLIDING = Limit(windows=(Window.SLIDING_24H,))


def lose(count: AbandonCount, now: float, persons: int = 1) -> None:
    for _ in range(persons):
        count.abandoned(now, late_s=1.0, by_customer=False, heard=True)


def serve(count: AbandonCount, now: float, persons: int = 1) -> None:
    for _ in range(persons):
        count.connected(now, late_s=-1.0)


def test_room_is_how_many_more_may_be_abandoned() -> None:
    assert Tally(0.0, 97.0).room(0.03) == pytest.approx(3.0)
    # With those three, 3 of 100 are abandoned: not one more.
    assert Tally(3.0, 100.0).room(0.03) == pytest.approx(0.0)
    assert Tally(4.0, 100.0).room(0.03) < 0


def test_nothing_counted_leaves_no_room_and_no_share() -> None:
    assert Tally().room(0.03) == 0.0
    assert Tally().share == 0.0


def test_a_limit_of_0_never_has_room() -> None:
    count = AbandonCount(Limit(share=0.0))
    serve(count, 0.0, 10_000)
    assert count.room(0.0) == 0.0
    lose(count, 0.0)
    assert count.room(0.0) == -1.0


def test_a_limit_of_100_percent_always_has_room() -> None:
    count = AbandonCount(Limit(share=1.0))
    lose(count, 0.0, 10)
    assert count.room(0.0) == inf
    assert count.worst(0.0).share == 1.0


def test_the_window_that_allows_least_decides() -> None:
    count = AbandonCount(CAUTIOUS, day=5, history=History({4: Tally(20.0, 500.0)}))
    serve(count, 0.0, 100)
    assert count.room(0.0) == pytest.approx((0.03 * 600 - 20) / 0.97)
    assert count.worst(0.0) == Tally(20.0, 600.0)


def test_todays_history_goes_on() -> None:
    count = AbandonCount(UK, day=5, history=History({5: Tally(2.0, 50.0), 4: Tally(9.0, 9.0)}))
    lose(count, 0.0)
    assert count.tally(Window.DAY, 0.0) == Tally(3.0, 51.0)


def test_history_is_copied() -> None:
    given = {5: Tally(2.0, 50.0)}
    lose(AbandonCount(UK, day=5, history=History(given)), 0.0)
    assert given == {5: Tally(2.0, 50.0)}


def test_a_day_that_is_over_does_not_begin_again() -> None:
    count = AbandonCount(UK, day=5)
    lose(count, 0.0)
    count.day_began(4)
    count.day_began(5)
    assert count.worst(0.0).abandoned == 1.0
    count.day_began(6)
    assert count.worst(0.0).abandoned == 0.0


def test_30_days_are_today_and_29_before() -> None:
    history = History({day: Tally(1.0, 10.0) for day in range(60)})
    count = AbandonCount(Limit(windows=(Window.DAYS_30,)), day=60, history=history)
    assert count.worst(0.0) == Tally(29.0, 290.0)


def test_24_hours_slide_by_the_minute() -> None:
    count = AbandonCount(SLIDING)
    lose(count, 30.0, 2)
    serve(count, 90.0, 8)
    assert count.worst(90.0) == Tally(2.0, 10.0)
    assert count.worst(DAY_S + 59.0) == Tally(2.0, 10.0)  # the minute is not over
    assert count.worst(DAY_S + 60.0) == Tally(0.0, 8.0)
    assert count.worst(DAY_S + 120.0) == Tally(0.0, 0.0)


def test_24_hours_go_past_midnight() -> None:
    count = AbandonCount(SLIDING)
    lose(count, 1_000.0)
    count.day_began(1)
    assert count.worst(2_000.0).abandoned == 1.0


def restarted(count: AbandonCount, before: float, after: float, *, day: int) -> AbandonCount:
    """Another process with another clock goes on."""
    return AbandonCount(count.limit, now=after, day=day, history=count.history(before))


def test_a_restart_in_the_middle_of_the_day_leaves_the_same_room() -> None:
    limit = Limit(windows=tuple(Window), taken_for_machines=0.2)
    count = AbandonCount(limit, day=5, history=History({4: Tally(1.0, 90.0)}))
    for minute in range(300):
        serve(count, minute * 60.0 + 7.0)
        count.machine(minute * 60.0 + 20.0)
        lose(count, minute * 60.0 + 40.0, minute % 40 == 0)
    now, then = 300 * 60.0, 17.3
    again = restarted(count, now, then, day=5)
    for window in Window:
        tally, other = count.tally(window, now), again.tally(window, then)
        assert (other.abandoned, other.base) == pytest.approx((tally.abandoned, tally.base))
    assert again.room(then) == pytest.approx(count.room(now))
    assert again.unseen == pytest.approx(60.0) == pytest.approx(count.unseen)
    # And so it stays, while both count the same and minute after minute grows too old.
    for later in range(0, int(DAY_S) + 9_000, 600):
        for each, began in ((count, now), (again, then)):
            serve(each, began + later)
            lose(each, began + later, later % 9_000 == 0)
        assert again.room(then + later) == pytest.approx(count.room(now + later))


def test_a_restart_ends_no_minute_too_early() -> None:
    count = AbandonCount(SLIDING)
    lose(count, 100.0)  # its minute began 60 s ago
    again = restarted(count, 120.0, 1_000.5, day=0)
    lose(again, 1_000.5)
    lose(again, 1_001.0)
    assert again.worst(1_000.5 - 20.0 + DAY_S).abandoned == 3.0
    assert again.worst(1_001.0 + DAY_S).abandoned >= 1.0
    assert again.worst(1_001.0 + DAY_S + 60.0).abandoned == 0.0


def test_what_history_says_is_not_counted_on() -> None:
    count = AbandonCount(Limit(windows=tuple(Window)))
    lose(count, 0.0)
    said = count.history(0.0)
    lose(count, 0.0)
    assert said == History({0: Tally(1.0, 1.0)}, ((0.0, Tally(1.0, 1.0)),))


def test_people_unseen_on_another_day_are_not_todays() -> None:
    count = AbandonCount(replace(UK, taken_for_machines=0.5), day=5)
    count.machine(0.0)
    assert restarted(count, 0.0, 0.0, day=5).unseen == 0.5
    assert restarted(count, 0.0, 0.0, day=6).unseen == 0.0


def test_estimates_leave_no_dust_in_24_hours() -> None:
    count = AbandonCount(replace(SLIDING, taken_for_machines=0.1))
    for minute in range(1_000):
        count.machine(minute * 60.0)
    for minute in range(900, 1_100):
        tally = count.worst(DAY_S + minute * 60.0)
        assert tally.abandoned >= 0.0
        assert tally.base >= 0.0
    assert count.worst(3 * DAY_S) == Tally(0.0, 0.0)


def test_a_window_that_is_not_kept_is_not_told() -> None:
    with pytest.raises(ValueError, match="sliding_24h"):
        AbandonCount(UK).tally(Window.SLIDING_24H, 0.0)


def test_a_late_agent_is_an_abandoned_call_and_in_the_base() -> None:
    count = AbandonCount(UK)
    count.connected(0.0, late_s=0.1)
    assert count.worst(0.0) == Tally(1.0, 1.0)


def test_a_machine_counts_nothing_unless_an_estimate_is_given() -> None:
    count = AbandonCount(UK)
    assert count.machine(0.0).base == 0.0
    assert count.worst(0.0) == Tally(0.0, 0.0)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("share", 3.0, "limit.share is 3.0; expected a share between 0 and 1"),
        ("share", -0.01, "expected a share between 0 and 1"),
        ("share", float("nan"), "expected a share between 0 and 1"),
        ("taken_for_machines", 2.0, "limit.taken_for_machines is 2.0"),
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
