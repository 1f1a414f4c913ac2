"""What the floor may cost."""

from bench.floor import decisions, memory


def test_callers_who_have_left_leave_nothing_behind() -> None:
    figures = memory()
    assert figures["growth_bytes"] < 10_000
    assert figures["bytes_per_waiting_caller"] < 2_000


def test_a_decision_stays_far_under_a_millisecond() -> None:
    figures = decisions(350, 1_000, rounds=300)["an agent is free, an offer follows"]
    assert isinstance(figures, dict)
    assert figures["mean_us"] < 500  # some 30 on an idle machine; this one may be busy
