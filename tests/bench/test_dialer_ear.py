"""The figures of ``./run bench dialer:ear``, from times that are given."""

from bench.dialer_ear import ToEarTimes, figures, percentiles


def test_percentiles_are_values_that_occurred() -> None:
    found = percentiles([float(n) for n in range(1, 201)])
    assert found == {"n": 200, "p50": 100.0, "p95": 190.0, "p99": 198.0, "max": 200.0}


def test_what_nobody_heard_has_no_percentiles() -> None:
    assert percentiles([]) == {"n": 0} | dict.fromkeys(("p50", "p95", "p99", "max"), float("inf"))


def test_what_offhook_adds_is_compared_with_plain_dialplan() -> None:
    plain = ToEarTimes(4, [10.0, 10.0, 12.0, 14.0], {})
    ours = ToEarTimes(4, [20.0, 20.0, 22.0, 30.0], {"answered_to_queued": [1.0]})
    found = figures(ours, plain)
    assert found["to_ear_ms"]["added"] == {"p50": 10.0, "p95": 16.0, "p99": 16.0, "max": 16.0}
    assert found["met"]
    slower = ToEarTimes(4, [20.0, 20.0, 22.0, 34.1], {})
    assert not figures(slower, plain)["met"]


def test_a_customer_whom_nobody_heard_is_a_failure() -> None:
    plain = ToEarTimes(2, [10.0, 10.0], {})
    found = figures(ToEarTimes(3, [10.0, 10.0], {}), plain)
    assert found["not_heard"] == {"offhook": 1, "plain_dialplan": 0} and not found["met"]
