"""Persons who hang up within the grace left by themselves, and count as the limit's rule says."""

from typing import Any

import pytest

from dialer.limit import Window
from dialer.pacing_facts import Abandoned, Answered, GreetingEnded
from simulation.day import play_day
from simulation.scenario import PolicySettings
from tests.simulation.told import played

GREEDY: dict[str, Any] = {
    "policy": "fixed_ratio",
    "options": {"ratio": 6.0},
    "patience": {"kind": "uniform", "low": 0.5, "high": 3.5},
}


def test_whoever_goes_before_the_grace_is_over_goes_by_himself() -> None:
    told, _, _ = played(**GREEDY, limit={"hard_stop": False})
    answered = {fact.attempt: now for now, fact in told.of(Answered)}
    went = [(now - answered[fact.attempt], fact.by_customer) for now, fact in told.of(Abandoned)]
    assert {by_customer for _, by_customer in went} == {True, False}
    assert all(by_customer is (waited < 2.0) for waited, by_customer in went)


def test_the_grace_begins_where_the_limits_clock_does() -> None:
    told, _, _ = played(
        **GREEDY,
        detection={"on": True},
        limit={"hard_stop": False, "clock": "greeting_end", "people_taken_for_machines": 0.01},
    )
    greeted = {fact.attempt: now for now, fact in told.of(GreetingEnded)}
    went = [(now - greeted[fact.attempt], fact.by_customer) for now, fact in told.of(Abandoned)]
    assert {by_customer for _, by_customer in went} == {True, False}
    assert all(by_customer is (waited < 2.0) for waited, by_customer in went)


def test_whoever_has_the_patience_of_the_grace_is_let_go_by_us() -> None:
    told, _, _ = played("fixed_ratio", options={"ratio": 6.0}, limit={"hard_stop": False})
    went = [fact.by_customer for _, fact in told.of(Abandoned)]
    assert len(went) > 50
    assert not any(went)


@pytest.mark.parametrize("rule", ["not_counted", "abandoned"])
def test_the_days_figures_count_as_the_limit_does(rule: str) -> None:
    limit = {"hard_stop": False, "quick_hang_up": rule}
    told, seen, scenario = played(**GREEDY, limit=limit)
    chosen = PolicySettings(policy="fixed_ratio", options=GREEDY["options"])
    day = play_day(scenario, "x", chosen, agents=8, seed=1)
    went = [fact.by_customer for _, fact in told.of(Abandoned)]
    quick = sum(went)
    assert quick > 20
    late = sum(not lost and waited > 2.0 for _, lost, waited in seen.persons)
    assert day.abandoned - late == len(went) - (quick if rule == "not_counted" else 0)
    tally = told.pacer.limit.tally(Window.DAY, 0.0)
    assert (day.abandoned, day.abandoned + day.served) == (tally.abandoned, tally.base)
