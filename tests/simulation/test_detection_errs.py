"""Detection takes people for machines: one estimate keeps the limit at every answer rate."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from simulation.day import DayResult, play_day
from simulation.scenario import PolicySettings, Scenario

HOURS, AGENTS = 2.0, 20


@dataclass(frozen=True)
class World:
    """Machines answer 30 % of the numbers that no person answers."""

    answer_rate: float
    clock: str = "greeting_end"

    @property
    def scenario(self) -> Scenario:
        settings: dict[str, Any] = {
            "hours": HOURS,
            "machines": 0.3 * (1.0 - self.answer_rate),
            "detection": {
                "on": True,
                "seconds": {"kind": "uniform", "low": 0.8, "high": 1.8},
                "people_taken_for_machines": 0.02,
                "machines_taken_for_people": 0.1,
            },
            "limit": {"clock": self.clock, "people_taken_for_machines": 0.02},
            "lists": [{"name": "leads", "answer_rate": self.answer_rate}],
        }
        return Scenario.model_validate(settings)


@cache
def day(world: World, policy: str = "foresight") -> DayResult:
    chosen = PolicySettings(policy=policy)
    return play_day(world.scenario, policy, chosen, agents=AGENTS, seed=11)


def evenly(result: DayResult) -> float:
    """The day's share if just 2 % of the people had been taken for machines: how many they really
    were in two hours is luck, which no dialer can know of."""
    found = result.served + result.abandoned
    unseen = found * 0.02 / 0.98
    return (result.abandoned + unseen) / (found + unseen)


@pytest.mark.parametrize(("answer_rate", "gain"), [(0.1, 0.1), (0.3, 0.1), (0.6, 0.02)])
def test_one_estimate_keeps_the_limit_at_every_answer_rate(answer_rate: float, gain: float) -> None:
    world = World(answer_rate)
    result = day(world)
    assert evenly(result) < 0.03
    assert result.reckoned_share < 0.03
    # The estimate is neither doubled nor lost, and machines given to agents are taken out. What the
    # dialer can't know is which of the abandoned were machines: it counts them.
    assert evenly(result) - 0.001 < result.reckoned_share < evenly(result) + 0.003
    assert result.use > day(world, "progressive").use + gain


def test_nothing_hangs_on_where_the_graces_clock_starts() -> None:
    greeting, answer = day(World(0.3)), day(World(0.3, clock="answer"))
    assert evenly(answer) < 0.03
    assert answer.use == pytest.approx(greeting.use, abs=0.04)
