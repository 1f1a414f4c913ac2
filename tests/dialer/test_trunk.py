"""What a trunk bears: refusals that are too many, holding, trying, and the number of lines."""

from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import inf
from random import Random

import pytest

from dialer.trunk import FAILED_FOR_S, Trunk, TrunkState
from domain.identity import AttemptId
from tests.memory import count_kept


@dataclass
class Line:
    """A trunk, and what calls do on it: each is carried after 2 s and lasts for 20 more."""

    trunk: Trunk = field(default_factory=Trunk)
    now: float = 0.0
    lines: float = inf
    works: bool = True
    silent: bool = False
    refuses: float = 0.0
    dialled: int = 0
    refused: int = 0
    in_use: int = 0
    rng: Random = field(default_factory=lambda: Random(1))
    coming: list[tuple[float, int, str]] = field(default_factory=list)
    carried: int = 0

    def dial(self) -> None:
        self.dialled += 1
        attempt = AttemptId(str(self.dialled))
        carries = self.works and self.carried < self.lines and self.rng.random() >= self.refuses
        self.in_use += 1
        self.carried += carries
        self.trunk.sent(attempt, self.now, in_use=self.in_use)
        if carries:
            heappush(self.coming, (self.now + 2.0, self.dialled, "rings"))
            heappush(self.coming, (self.now + 22.0, self.dialled, "ends"))
        else:
            after = 32.0 if self.silent else self.rng.uniform(0.1, 0.4)
            heappush(self.coming, (self.now + after, self.dialled, "refused"))

    def run(self, seconds: float, *, wanted: int = 40, a_second: int = 20) -> "Line":
        """Let time pass, with ``wanted`` calls at once as far as the trunk bears them."""
        end = self.now + seconds
        while self.now < end:
            self.now += 1.0 / a_second
            while self.coming and self.coming[0][0] <= self.now:
                at, number, what = heappop(self.coming)
                attempt = AttemptId(str(number))
                if what == "rings":
                    self.trunk.carried(attempt, at, in_use=self.in_use)
                    continue
                self.in_use -= 1
                if what == "refused":
                    self.refused += 1
                    self.trunk.refused(attempt, at, in_use=self.in_use)
                else:
                    self.carried -= 1
            free = self.trunk.free(self.now, in_use=self.in_use)
            if free >= 1 and self.in_use < wanted:
                self.dial()
        return self


def state_of(trunk: Trunk) -> TrunkState:
    """Its state now; mypy would hold on to the last one that was asserted."""
    return trunk.state


@pytest.mark.parametrize("share", [0.0, 0.01, 0.05])
def test_a_trunk_that_refuses_a_few_calls_is_left_alone(share: float) -> None:
    line = Line(refuses=share).run(1_800.0)
    assert state_of(line.trunk) is TrunkState.CLEAR
    assert line.trunk.free(line.now, in_use=line.in_use) == inf


@pytest.mark.parametrize("share", [0.2, 0.4, 0.6])
def test_a_trunk_that_refuses_many_calls_still_carries_what_it_can(share: float) -> None:
    line = Line(refuses=share).run(600.0)  # it learns how many it usually refuses
    before = line.dialled
    line.run(1_800.0)
    # 40 calls of 22 s each: 1.8 a second, and those refused are dialled again at once.
    possible = 1_800.0 * 40 / 22.0 / (1.0 - share)
    assert line.dialled - before > 0.9 * possible


@pytest.mark.parametrize("seconds", [20.0, 30.0, 60.0, 600.0, 3_600.0])
def test_a_trunk_that_fails_is_held_and_tried_with_single_calls(seconds: float) -> None:
    line = Line().run(300.0)
    line.works = False
    line.run(seconds)
    assert state_of(line.trunk) is TrunkState.HELD
    # A few before it was noticed, then the wait doubles up to 20 s.
    assert line.refused <= 16 + seconds / 20.0
    line.works = True
    line.run(25.0)
    assert state_of(line.trunk) is TrunkState.BOUNDED
    assert line.trunk.returned == 1
    line.run(30.0)
    assert line.in_use >= 36  # as many calls as before


def test_a_trunk_that_refuses_most_calls_is_still_seen_to_fail() -> None:
    line = Line(refuses=0.9).run(1_800.0, wanted=10)
    line.works = False
    before = line.refused
    line.run(600.0, wanted=10)
    assert line.trunk.state is TrunkState.HELD
    assert line.refused - before < 300  # of 12,000 that could have been dialled


def test_a_call_that_rings_is_evidence() -> None:
    """Calls dialled before the failure begin to ring in it: that doesn't speak for the trunk. One
    that was dialled after the refusals does."""
    trunk = Trunk()
    for number in range(20):
        trunk.sent(AttemptId(f"old {number}"), 0.05 * number, in_use=number + 1)
    for number in range(4):
        attempt = AttemptId(f"refused {number}")
        trunk.sent(attempt, 2.0 + 0.1 * number, in_use=21)
        trunk.carried(AttemptId(f"old {number}"), 2.1 + 0.1 * number, in_use=21)
        trunk.refused(attempt, 2.15 + 0.1 * number, in_use=20)
    assert state_of(trunk) is TrunkState.HELD
    trunk.carried(AttemptId("old 10"), 2.6, in_use=20)
    assert state_of(trunk) is TrunkState.HELD
    assert trunk.free(2.7, in_use=19) == 1
    trunk.sent(AttemptId("try"), 2.7, in_use=20)
    assert trunk.free(2.8, in_use=18) == 0
    trunk.carried(AttemptId("try"), 4.0, in_use=20)
    assert state_of(trunk) is TrunkState.BOUNDED
    assert trunk.returned == 0  # it was not gone for FAILED_FOR_S


@pytest.mark.parametrize("lines", [1, 4, 26, 100])
def test_the_real_number_of_lines_is_learnt(lines: int) -> None:
    line = Line(lines=lines).run(600.0, wanted=180)
    assert lines - 1 <= line.trunk.lines <= lines
    refused, dialled, returned = line.refused, line.dialled, line.trunk.returned
    line.run(3_600.0, wanted=180)
    assert line.refused - refused <= 3_600.0 / 45.0  # once a minute it looks whether there are more
    assert line.dialled - dialled > 0.9 * 3_600.0 * lines / 22.0
    assert line.trunk.returned == returned  # it is full, and never fails
    # Somebody adds lines: they are found.
    line.lines = 3 * lines
    line.run(180.0, wanted=180)
    assert line.in_use >= min(180, 3 * lines) - 2


def test_a_trunk_that_loses_lines_during_the_day() -> None:
    line = Line().run(300.0)
    line.lines = 10
    line.run(120.0)
    assert line.trunk.lines == pytest.approx(10, abs=1)
    assert line.carried == 10


def test_a_trunk_without_a_line() -> None:
    line = Line(lines=0).run(3_600.0)
    assert line.trunk.lines == 0
    assert 100 < line.refused < 250


def test_a_trunk_that_does_not_reply_is_held_before_its_calls_are_given_up() -> None:
    line = Line().run(300.0)
    line.works, line.silent = False, True
    line.run(31.0)
    assert state_of(line.trunk) is TrunkState.HELD
    assert line.trunk.free(line.now, in_use=0) <= 1
    line.works = True
    line.run(60.0)
    assert state_of(line.trunk) is TrunkState.BOUNDED
    assert line.trunk.returned == 1


def test_a_trunk_that_never_says_that_a_call_rings_is_not_held_for_it() -> None:
    """Analog lines say nothing until somebody answers, or nobody does for a minute."""
    trunk = Trunk()
    for number in range(400):
        trunk.sent(AttemptId(str(number)), float(number), in_use=60)
        if number >= 60:
            trunk.carried(AttemptId(str(number - 60)), float(number), in_use=60)
        assert trunk.free(float(number), in_use=60) == inf


def test_calls_that_are_cut_off_while_they_ring_are_refusals() -> None:
    line = Line().run(60.0)
    ringing = [AttemptId(str(number)) for number in range(line.dialled - 8, line.dialled + 1)]
    for attempt in ringing:
        line.trunk.refused(attempt, line.now, in_use=0)
    assert state_of(line.trunk) is TrunkState.HELD


def test_a_short_hold_is_no_failure_and_a_long_one_is() -> None:
    for seconds in (FAILED_FOR_S - 3.0, 4.0 * FAILED_FOR_S):
        line = Line().run(60.0)
        line.works = False
        line.run(seconds)
        line.works = True
        line.run(20.0)
        assert line.trunk.returned == (seconds > FAILED_FOR_S)


def test_reports_of_unknown_calls_and_repeated_ones_change_nothing() -> None:
    line = Line().run(60.0)
    for number in range(100):
        line.trunk.refused(AttemptId(f"unknown {number}"), line.now, in_use=10)
        line.trunk.carried(AttemptId(f"unknown {number}"), line.now, in_use=10)
    attempt = AttemptId(str(line.dialled))
    for _ in range(100):
        line.trunk.refused(attempt, line.now, in_use=10)
    assert state_of(line.trunk) is TrunkState.CLEAR


def test_calls_of_which_nothing_is_ever_heard_take_no_memory() -> None:
    def feed(trunk: Trunk, calls: int) -> None:
        for number in range(calls):
            trunk.sent(AttemptId(str(number)), number * 0.1, in_use=1)
            trunk.free(number * 0.1, in_use=1)

    few, many = Trunk(), Trunk()
    feed(few, 5_000)
    feed(many, 50_000)
    assert count_kept(many) < 1.2 * count_kept(few)


def heard_of(trunk: Trunk, calls: int) -> None:
    """So many calls, one each second, carried after 2 s."""
    for number in range(calls):
        trunk.sent(AttemptId(f"heard {number}"), float(number), in_use=1)
        trunk.carried(AttemptId(f"heard {number}"), number + 2.0, in_use=1)


def test_a_held_trunk_is_tried_again_however_many_calls_are_without_news() -> None:
    """A try that is lost behind a hundred older calls must not be waited for."""
    trunk = Trunk()
    heard_of(trunk, 40)
    for number in range(100):
        trunk.sent(AttemptId(f"lost {number}"), 50.0 + 0.05 * number, in_use=number)
    trunk.free(61.5, in_use=100)
    assert state_of(trunk) is TrunkState.HELD
    assert trunk.free(61.6, in_use=99) == 1
    trunk.sent(AttemptId("try"), 61.6, in_use=100)
    assert trunk.free(66.0, in_use=99) == 0  # it may still be heard of
    assert trunk.free(68.0, in_use=99) == 0  # it has failed; not again at once
    assert trunk.free(70.0, in_use=99) == 1


def test_silence_is_noticed_behind_calls_whose_news_was_lost() -> None:
    trunk = Trunk()
    for number in range(100):
        trunk.sent(AttemptId(f"lost {number}"), 0.0, in_use=1)
    heard_of(trunk, 40)
    assert trunk.free(60.0, in_use=100) == inf
    for number in range(3):
        trunk.sent(AttemptId(f"silent {number}"), 60.0, in_use=1)
    assert trunk.free(65.0, in_use=1) == inf
    trunk.free(66.5, in_use=1)
    assert state_of(trunk) is TrunkState.HELD


def test_calls_without_news_are_forgotten_however_many_there_are() -> None:
    trunk = Trunk()
    for number in range(10_000):
        trunk.sent(AttemptId(str(number)), 0.0, in_use=1)
    before = count_kept(trunk)
    trunk.free(301.0, in_use=0)
    assert count_kept(trunk) < before / 20


def send(trunk: Trunk, name: str, at: float, *, in_use: int = 5) -> AttemptId:
    trunk.sent(AttemptId(name), at, in_use=in_use)
    return AttemptId(name)


def is_held_after(*calls: tuple[float, str]) -> bool:
    """Whether calls that went out at these times, and were carried, refused or not heard of 0.2 s
    later, hold a trunk that usually carries all."""
    trunk = Trunk()
    heard_of(trunk, 200)
    for number, (at, fate) in enumerate(calls):
        attempt = send(trunk, str(number), 300.0 + at)
        if fate == "carried":
            trunk.carried(attempt, 300.2 + at, in_use=5)
        elif fate == "refused":
            trunk.refused(attempt, 300.2 + at, in_use=5)
    return trunk.state is TrunkState.HELD


def test_refusals_before_a_call_that_was_carried_no_longer_count() -> None:
    assert is_held_after((0.0, "refused"), (0.1, "refused"), (0.2, "refused"))
    assert not is_held_after(
        (0.0, "refused"), (0.1, "refused"), (0.2, "carried"), (0.3, "refused"), (0.4, "refused")
    )


def test_a_call_that_would_have_been_refused_by_now_counts_as_carried() -> None:
    assert is_held_after((0.0, "refused"), (0.1, "refused"), (0.2, "silent"), (0.3, "refused"))
    assert not is_held_after((0.0, "refused"), (0.1, "refused"), (0.2, "silent"), (5.0, "refused"))


def test_a_try_that_we_hang_up_ourselves_is_not_waited_for() -> None:
    trunk = Trunk()
    heard_of(trunk, 200)
    for number in range(3):
        trunk.refused(send(trunk, str(number), 300.0), 300.1, in_use=5)
    trunk.over(send(trunk, "try", 300.2))
    assert state_of(trunk) is TrunkState.HELD
    assert trunk.free(300.3, in_use=4) == 1


def test_tries_that_are_refused_together_double_the_wait_once() -> None:
    trunk = Trunk()
    heard_of(trunk, 200)
    for number in range(3):
        trunk.refused(send(trunk, f"full {number}", 300.0, in_use=11), 300.1, in_use=10)
    trunk.carried(send(trunk, "try", 301.0, in_use=10), 303.0, in_use=10)
    assert state_of(trunk) is TrunkState.BOUNDED
    for attempt in [send(trunk, f"{in_use}", 303.0, in_use=in_use) for in_use in (11, 12)]:
        trunk.carried(attempt, 305.0, in_use=12)
    assert trunk.free(306.0, in_use=12) == 8  # two, four, eight more
    tries = [send(trunk, f"more {number}", 306.0, in_use=13 + number) for number in range(8)]
    assert trunk.free(306.1, in_use=20) == 0
    for attempt in tries:
        trunk.refused(attempt, 306.2, in_use=12)
    assert trunk.lines == 12
    assert trunk.free(307.0, in_use=11) == 1
    assert trunk.free(307.0, in_use=12) == 0
    assert trunk.free(308.3, in_use=12) == 1  # one more is tried after 2 s, not after 256
    # The next wait is twice as long; and the first one again, once a call beyond was carried.
    trunk.refused(send(trunk, "again", 308.3, in_use=13), 308.5, in_use=12)
    assert trunk.free(311.5, in_use=12) == 0
    assert trunk.free(312.6, in_use=12) == 1
    trunk.carried(send(trunk, "wider", 312.6, in_use=13), 314.6, in_use=13)
    trunk.refused(send(trunk, "full", 315.0, in_use=14), 315.2, in_use=13)
    assert trunk.free(317.3, in_use=13) == 1


def held_with_30_lines() -> Trunk:
    trunk = Trunk()
    heard_of(trunk, 200)
    for number in range(3):
        trunk.refused(send(trunk, f"first {number}", 300.0, in_use=31), 300.1, in_use=30)
    assert state_of(trunk) is TrunkState.HELD
    assert trunk.lines == 30
    return trunk


@pytest.mark.parametrize(("seconds", "lines"), [(2.0, 29), (20.0, 11)])
def test_after_a_failure_its_lines_are_counted_anew(seconds: float, lines: int) -> None:
    trunk = held_with_30_lines()
    trunk.refused(send(trunk, "try", 300.2, in_use=30), 300.3, in_use=29)
    trunk.carried(send(trunk, "works", 300.0 + seconds, in_use=11), 301.0 + seconds, in_use=11)
    assert trunk.returned == (seconds > FAILED_FOR_S)
    assert trunk.lines == lines


@pytest.mark.parametrize(("in_use", "returned"), [(25, 0), (10, 1)])
def test_a_trunk_that_was_full_for_a_minute_has_not_failed(in_use: int, returned: int) -> None:
    """It has if calls ended and no other found a line."""
    trunk = held_with_30_lines()
    trunk.refused(send(trunk, "beyond", 302.0, in_use=31), 302.1, in_use=30)
    trunk.carried(send(trunk, "works", 360.0, in_use=in_use), 362.0, in_use=in_use)
    assert trunk.returned == returned
