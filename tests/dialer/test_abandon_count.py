"""The limit's arithmetic: room, windows, people whom nobody sees, and machines taken out again."""

from dataclasses import replace
from math import inf

import pytest

from dialer.abandon_count import DAY_S, REMEMBERED, AbandonCount, History, Tally
from dialer.limit import CAUTIOUS, UK, Limit, Window
from domain.identity import AttemptId

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
    history = count.history(before)
    return AbandonCount(count.limit, detection=True, now=after, day=day, history=history)


def test_a_restart_in_the_middle_of_the_day_leaves_the_same_room() -> None:
    limit = Limit(windows=tuple(Window), people_taken_for_machines=0.02)
    count = AbandonCount(limit, detection=True, day=5, history=History({4: Tally(1.0, 90.0)}))
    for minute in range(300):
        serve(count, minute * 60.0 + 7.0)
        lose(count, minute * 60.0 + 40.0, minute % 40 == 0)
    now, then = 300 * 60.0, 17.3
    again = restarted(count, now, then, day=5)
    for window in Window:
        tally, other = count.tally(window, now), again.tally(window, then)
        assert (other.abandoned, other.base) == pytest.approx((tally.abandoned, tally.base))
    assert again.room(then) == pytest.approx(count.room(now))
    assert again.unseen == count.unseen == pytest.approx(308 * 0.02 / 0.98)
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
    count = AbandonCount(replace(UK, people_taken_for_machines=0.5), detection=True, day=5)
    serve(count, 0.0)
    assert restarted(count, 0.0, 0.0, day=5).unseen == 1.0
    assert restarted(count, 0.0, 0.0, day=6).unseen == 0.0


def test_estimates_leave_no_dust_in_24_hours() -> None:
    count = AbandonCount(replace(SLIDING, people_taken_for_machines=0.1), detection=True)
    for minute in range(1_000):
        serve(count, minute * 60.0)
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


# People whom nobody sees


def test_people_taken_for_machines_are_reckoned_from_the_people_found() -> None:
    # 2 % of those who answer are taken for machines: 49 found, one not.
    limit = Limit(people_taken_for_machines=0.02)
    count = AbandonCount(limit, detection=True)
    serve(count, 0.0, 97)
    lose(count, 0.0)
    assert count.unseen == pytest.approx(2.0)
    assert count.worst(0.0).abandoned == pytest.approx(3.0)
    assert count.worst(0.0).base == pytest.approx(100.0)


def test_without_detection_nobody_is_taken_for_a_machine() -> None:
    count = AbandonCount(UK)  # its estimate is for campaigns with detection
    serve(count, 0.0)
    assert count.worst(0.0) == Tally(0.0, 1.0)
    assert count.unseen == 0.0


def test_whoever_hangs_up_quickly_was_found_all_the_same() -> None:
    count = AbandonCount(replace(UK, people_taken_for_machines=0.5), detection=True)
    count.abandoned(0.0, late_s=-1.0, by_customer=True, heard=True)
    assert count.worst(0.0) == Tally(1.0, 1.0)  # not themselves, but the one for each found


def test_whoever_hangs_up_on_detection_was_not_found() -> None:
    limit = Limit(people_taken_for_machines=0.5)
    count = AbandonCount(limit, detection=True)
    count.abandoned(0.0, late_s=-1.0, by_customer=True, heard=False)
    assert count.worst(0.0) == Tally(1.0, 1.0)
    assert count.unseen == 0.0


def test_people_unseen_leave_a_smaller_share_for_those_found() -> None:
    limit = Limit(people_taken_for_machines=0.02)
    count = AbandonCount(limit, detection=True)
    # Of 98 found, one may be abandoned: with the two unseen, that is 3 of 100.
    assert count.share_of_found == pytest.approx(1.0 / 98.0)
    assert AbandonCount(limit).share_of_found == limit.share
    assert AbandonCount(replace(limit, share=0.01), detection=True).share_of_found == 0.0


# Machines given to agents

EVERY = Limit(windows=tuple(Window), people_taken_for_machines=0.02)


def given(count: AbandonCount, now: float, name: str, *, late_s: float = -1.0) -> AttemptId:
    attempt = AttemptId(name)
    count.connected(now, late_s=late_s, attempt=attempt)
    return attempt


def counted(count: AbandonCount, now: float) -> list[tuple[float, float]]:
    tallies = [count.tally(window, now) for window in Window]
    return [(round(tally.abandoned, 9), round(tally.base, 9)) for tally in tallies]


@pytest.mark.parametrize("late_s", [-1.0, 1.0])
def test_a_machine_given_to_an_agent_leaves_every_window_as_it_was(late_s: float) -> None:
    count = AbandonCount(EVERY, detection=True, day=5, history=History({4: Tally(2.0, 50.0)}))
    serve(count, 0.0, 30)
    before, unseen = counted(count, 0.0), count.unseen
    machine = given(count, 70.0, "machine", late_s=late_s)
    serve(count, 130.0)
    took_out = count.given_machine(machine)
    assert (took_out.abandoned < 0.0, took_out.base < 0.0) == (True, True)
    one = 1.0 / 0.98
    for (lost, base), then in zip(counted(count, 130.0), before, strict=True):
        assert (lost, base) == pytest.approx((then[0] + one - 1.0, then[1] + one))
    assert count.unseen == pytest.approx(unseen + one - 1.0)


def test_a_machine_is_taken_out_once_however_often_it_is_reported() -> None:
    count = AbandonCount(EVERY, detection=True)
    serve(count, 0.0, 10)
    machine = given(count, 0.0, "machine")
    count.given_machine(machine)
    after = counted(count, 0.0)
    assert count.given_machine(machine).base == 0.0
    assert counted(count, 0.0) == after


def test_a_machine_that_was_reported_before_it_was_passed_on_is_not_counted() -> None:
    count = AbandonCount(EVERY, detection=True)
    machine = AttemptId("machine")
    assert count.given_machine(machine).base == 0.0
    assert count.connected(0.0, late_s=-1.0, attempt=machine).base == 0.0
    assert counted(count, 0.0) == [(0.0, 0.0)] * 3


def test_a_machine_reported_after_midnight_is_taken_out_of_the_day_before() -> None:
    count = AbandonCount(EVERY, detection=True, day=5)
    serve(count, 0.0, 10)
    machine = given(count, 0.0, "machine")
    count.day_began(6)
    serve(count, 60.0)
    today, unseen = count.tally(Window.DAY, 60.0), count.unseen
    count.given_machine(machine)
    assert count.tally(Window.DAY, 60.0) == today
    assert count.unseen == unseen
    one = 1.0 / 0.98
    for window in (Window.SLIDING_24H, Window.DAYS_30):
        assert count.tally(window, 60.0).base == pytest.approx(11 * one)
    assert count.history(60.0).days[5].base == pytest.approx(10 * one)


def test_a_machine_reported_when_its_windows_are_over_makes_nothing_negative() -> None:
    count = AbandonCount(EVERY, detection=True)
    machine = given(count, 0.0, "machine")
    old = given(count, 0.0, "old", late_s=1.0)
    count.day_began(1)
    serve(count, DAY_S + 60.0)
    now = counted(count, DAY_S + 60.0)
    count.given_machine(machine)  # neither of the day nor of the 24 hours any more
    assert counted(count, DAY_S + 60.0)[:2] == now[:2]
    count.day_began(60)
    count.given_machine(old)
    assert min(min(pair) for pair in counted(count, DAY_S + 60.0)) >= 0.0


def test_machines_alone_leave_nothing_and_nothing_negative() -> None:
    count = AbandonCount(replace(EVERY, people_taken_for_machines=0.3), detection=True)
    machines = [given(count, 7.0 * n, f"machine {n}", late_s=n % 3 - 1.0) for n in range(50)]
    for machine in machines[::2] + machines[1::2]:
        count.given_machine(machine)
        for window in Window:
            tally = count.tally(window, 350.0)
            assert tally.abandoned >= 0.0
            assert tally.base >= 0.0
        assert count.unseen >= 0.0
    assert counted(count, 350.0) == [(0.0, 0.0)] * 3


def test_only_so_many_calls_are_remembered() -> None:
    count = AbandonCount(EVERY, detection=True)
    first = given(count, 0.0, "first")
    second = given(count, 0.0, "second")
    for number in range(REMEMBERED - 1):
        given(count, 0.0, str(number))
    assert count.given_machine(first).base == 0.0
    assert count.given_machine(second).base < 0.0


def test_a_machine_of_before_a_restart_stays_counted() -> None:
    count = AbandonCount(EVERY, detection=True)
    serve(count, 0.0, 5)
    machine = given(count, 0.0, "machine")
    again = restarted(count, 0.0, 0.0, day=0)
    assert again.given_machine(machine).base == 0.0
    assert counted(again, 0.0) == counted(count, 0.0)
