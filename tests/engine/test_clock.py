"""Two clocks: the floor's and the record's."""

from collections.abc import Iterator

from engine.clock import Clock


def test_a_process_that_stood_still_between_two_readings_has_not_seen_the_clock_set() -> None:
    monotonic = 100.0
    stalls: Iterator[float] = iter(())

    def read() -> float:
        nonlocal monotonic
        at = monotonic
        monotonic += next(stalls, 0.0)  # after this reading
        return at

    clock = Clock(read)
    before = clock.civil(100.0)
    monotonic -= 1.0  # as if civil time had gone on for a second, while we stood still
    stalls = iter([1.0])
    assert clock.civil(100.0) == before
    monotonic += 3600.0
    assert (before - clock.civil(100.0)).total_seconds() > 3500  # it really was set back
