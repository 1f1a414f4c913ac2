"""The figures of ``./run bench dialer:rate``, from times that are given."""

from bench.dialer_rate import TARGET_PER_S, WARM_S, SentCall, rate_figures


def _evenly(per_s: float, seconds: float) -> list[SentCall]:
    count = round(per_s * seconds)
    return [SentCall(n / per_s, n / per_s + 0.005, n / per_s + 0.02) for n in range(count)]


def test_calls_before_and_after_the_measured_time_do_not_count() -> None:
    found = rate_figures(_evenly(TARGET_PER_S, WARM_S + 20), 10.0)
    assert found["placed_per_s"] == TARGET_PER_S and found["calls"] == 500
    assert found["slowest_second"] >= TARGET_PER_S - 1 and found["met"]
    assert found["decision_to_invite_ms"]["p99"] == 20.0
    assert found["decision_to_row_and_fact_ms"]["p50"] == 5.0


def test_a_second_without_calls_is_shown() -> None:
    calls = [call for call in _evenly(60.0, WARM_S + 10) if not 6.0 <= call.invited < 7.0]
    found = rate_figures(calls, 10.0)
    assert found["slowest_second"] < 5 and found["met"]


def test_no_calls_are_no_rate() -> None:
    found = rate_figures([], 10.0)
    assert found["placed_per_s"] == 0.0 and not found["met"]
