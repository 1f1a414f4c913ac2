"""How quick each agent is, learned from their own calls and from everybody's."""

from math import log, sqrt
from random import Random
from statistics import fmean

import numpy as np
import pytest

from dialer.busy import Busy
from dialer.lessons import Talked, WrappedUp
from dialer.paces import Paces
from dialer.pacing_facts import AgentGone, AgentReady, AgentTalking, AgentWrapUp
from dialer.under_way import UnderWay
from tests.dialer.campaign import agent

AGENTS = 20
SLOW, USUAL, UNKNOWN = agent(0), agent(1), agent(99)
MOMENTS = np.array([4.0, 8.0, 16.0])
WRAP_S = 20.0


def gamma(rng: Random) -> float:
    return rng.gammavariate(2.0, WRAP_S / 2.0)


def compared(factors: list[float], calls: int, seed: int = 1) -> Paces:
    """Agents with these factors, after so many calls of each."""
    paces, rng = Paces(), Random(seed)
    for _ in range(calls):
        for number, factor in enumerate(factors):
            paces.add(agent(number), factor * gamma(rng))
    paces.compare()
    return paces


def test_of_whom_nothing_is_known_is_like_the_others() -> None:
    assert Paces().of(UNKNOWN) == 1.0
    assert compared([3.0, 1.0, 1.0, 1.0], 30).of(UNKNOWN) == 1.0


def test_who_is_three_times_as_slow_comes_out_as_that() -> None:
    factors = [3.0] + [1.0] * (AGENTS - 1)
    assert compared(factors, 30).of(SLOW) > 1.5
    paces = compared(factors, 100)
    others = [paces.of(agent(number)) for number in range(1, AGENTS)]
    assert paces.of(SLOW) / fmean(others) == pytest.approx(3.0, rel=0.2)
    assert fmean(others) == pytest.approx(1.0, abs=0.15)


def test_a_few_calls_say_something_and_many_say_all() -> None:
    rng = Random(3)
    factors = [rng.lognormvariate(-0.18, 0.6) for _ in range(AGENTS)]
    mean = fmean(factors)
    off = {}
    for calls in (1, 10, 100):
        paces = compared(factors, calls)
        errors = [log(paces.of(agent(n)) * mean / factor) for n, factor in enumerate(factors)]
        off[calls] = sqrt(fmean(error * error for error in errors))
    assert off[10] < 0.6 * off[1]
    assert off[100] < 0.15


def test_where_all_are_alike_all_paces_are_1() -> None:
    for seed in range(20):
        for agents, calls in ((2, 50), (5, 20), (AGENTS, 10), (AGENTS, 100)):
            paces = compared([1.0] * agents, calls, seed)
            assert [paces.of(agent(n)) for n in range(agents)] == pytest.approx(
                [1.0] * agents, abs=0.15
            )


@pytest.mark.parametrize("times", [[0.0], [0.0, 0.0], [15.0, 15.0], [1e9, 0.0], [0.0, 1e-9]])
def test_paces_are_never_beyond_belief(times: list[float]) -> None:
    paces = Paces()
    for _ in range(50):
        for number, seconds in enumerate(times):
            paces.add(agent(number), seconds)
        paces.compare()
        assert all(0.125 <= paces.of(agent(n)) <= 8.0 for n in range(len(times)))
    if len(set(times)) == 1:
        assert paces.of(SLOW) == 1.0


def test_who_changes_his_pace_has_the_new_one_soon() -> None:
    paces, rng = Paces(), Random(2)
    for call in range(400):
        for number in range(AGENTS):
            slow = number == 0 and call < 200
            paces.add(agent(number), gamma(rng) * (3.0 if slow else 1.0))
        if call == 199:
            paces.compare()
            assert paces.of(SLOW) > 2.0
    paces.compare()
    assert paces.of(SLOW) < 1.5


def busy_after(calls: int = 200) -> tuple[Busy, UnderWay]:
    """The first of twenty agents is three times as slow; wrap-up is exponential, of WRAP_S."""
    busy, under_way, rng = Busy(MOMENTS), UnderWay(detection=False), Random(4)
    for number in range(AGENTS):
        under_way.fold(AgentReady(agent(number)), 0.0)
    for call in range(calls):
        for number in range(AGENTS):
            busy.learn(Talked(rng.expovariate(1 / 60.0)), float(call))
            factor = 3.0 if number == 0 else 1.0
            busy.learn(WrappedUp(factor * rng.expovariate(1 / WRAP_S), agent(number)), float(call))
        busy.refresh(under_way, float(call), MOMENTS)
    return busy, under_way


def chances(busy: Busy, under_way: UnderWay, now: float) -> dict[str, list[float]]:
    busy.refresh(under_way, now, MOMENTS)
    rows = np.empty((len(under_way.talking) + len(under_way.wrapping_up), 3 * len(MOMENTS)))
    busy.look(under_way, now, rows)
    who = under_way.talking.keys + under_way.wrapping_up.keys
    return dict(zip(who, rows[:, : len(MOMENTS)].tolist(), strict=True))


def test_each_wraps_up_at_his_own_pace() -> None:
    busy, under_way = busy_after()
    for who in (SLOW, USUAL, UNKNOWN):
        under_way.fold(AgentWrapUp(who), 1_000.0)
    still = chances(busy, under_way, 1_010.0)
    for who, mean in ((SLOW, 3 * WRAP_S), (USUAL, WRAP_S), (UNKNOWN, WRAP_S)):
        assert still[who] == pytest.approx(np.exp(-MOMENTS / mean).tolist(), abs=0.08)


def test_who_talks_will_wrap_up_at_his_own_pace() -> None:
    busy, under_way = busy_after()
    for who in (SLOW, USUAL):
        under_way.fold(AgentTalking(who), 1_000.0)
    still = chances(busy, under_way, 1_030.0)
    assert all(slow > usual for slow, usual in zip(still[SLOW], still[USUAL], strict=True))
    assert still[SLOW][-1] > still[USUAL][-1] + 0.02


def test_who_leaves_and_comes_back_keeps_his_pace() -> None:
    busy, under_way = busy_after()
    for fact in (AgentGone(SLOW), AgentReady(UNKNOWN), AgentReady(SLOW)):
        under_way.fold(fact, 900.0)
    for who in (SLOW, USUAL):
        under_way.fold(AgentWrapUp(who), 1_000.0)
    still = chances(busy, under_way, 1_010.0)
    assert still[SLOW][1] > still[USUAL][1] + 0.1
    assert still[SLOW] == pytest.approx(np.exp(-MOMENTS / (3 * WRAP_S)).tolist(), abs=0.08)
