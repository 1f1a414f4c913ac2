"""What the floor may cost."""

import sys
from collections.abc import Callable
from types import FrameType

from acd.events import Away, CallGone, CallQueued, Connected, Ready
from bench.bench_floor import memory
from tests.acd.centre import Q_SALES, A, Driver, call


def test_callers_who_have_left_leave_nothing_behind() -> None:
    figures = memory()
    assert figures["growth_bytes"] < 10_000
    assert figures["bytes_per_waiting_caller"] < 2_000


def test_a_decision_walks_over_nobody_who_waits() -> None:
    """Its work is counted; its time would say how busy the machine is; bench.bench_floor has it."""

    def work(callers: int) -> int:
        floor = Driver()
        floor.ready(A)
        floor.tell(Away(A, "break"))
        for number in range(callers):
            floor.tell(CallQueued(call(number), Q_SALES, floor.now))
        return calls_made(
            lambda: [
                floor.tell(Ready(A)),
                floor.tell(Connected(call(0), A)),
                floor.tell(CallGone(call(0))),
                floor.tell(CallQueued(call(callers), Q_SALES, floor.now)),
            ]
        )

    few, many = work(20), work(2_000)
    assert few > 50
    assert many < 1.5 * few


def calls_made(do: Callable[[], object]) -> int:
    """How many functions were called, Python's own included."""
    count = 0

    def tell(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(tell)
    try:
        do()
    finally:
        sys.setprofile(None)
    return count
