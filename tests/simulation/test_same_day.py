"""The same scenario and seed make the same day, to the byte: here, there, and in a crowd."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import simulation
from simulation.chosen import choose, load_checked
from simulation.day import DayResult, play_day
from simulation.run import Plan, play

ROOT = Path(simulation.__file__).parent.parent
CAMPAIGNS = sorted((ROOT / "simulation" / "campaigns").glob("*.yaml"))
PLAY = """
import sys
from pathlib import Path
from tests.simulation.test_same_day import half_an_hour
for name in sys.argv[1:]:
    print(repr(half_an_hour(Path(name), "foresight")))
"""


def half_an_hour(path: Path, policy: str, seed: int = 3) -> DayResult:
    scenario = load_checked(path).model_copy(update={"hours": 0.5})
    chosen = choose(scenario, [policy])[policy]
    return play_day(scenario, policy, chosen, agents=6, seed=seed, with_chart=True)


@pytest.mark.parametrize("path", CAMPAIGNS, ids=lambda path: path.stem)
def test_twice_in_this_process(path: Path) -> None:
    first = half_an_hour(path, "vicidial_tapered")
    again = half_an_hour(path, "vicidial_tapered")
    assert repr(first) == repr(again)
    assert first == again
    assert first != half_an_hour(path, "vicidial_tapered", seed=4)


def test_in_another_process_with_other_hashes() -> None:
    names = [str(path) for path in CAMPAIGNS if path.stem in ("segments", "detection")]
    told = subprocess.run(
        [sys.executable, "-c", PLAY, *names],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert told == "".join(f"{half_an_hour(Path(name), 'foresight')!r}\n" for name in names)


def test_to_look_at_a_day_does_not_change_it() -> None:
    scenario = load_checked(CAMPAIGNS[0].with_name("standard.yaml"))
    scenario = scenario.model_copy(update={"hours": 0.5})
    chosen = choose(scenario, ["progressive"])["progressive"]
    plain, charted = (
        play_day(scenario, "progressive", chosen, agents=6, seed=3, with_chart=chart)
        for chart in (False, True)
    )
    assert len(charted.moments) == 180
    charted.moments.clear()
    assert plain == charted


def test_in_many_processes_all_days_are_played_and_are_the_same() -> None:
    scenario = load_checked(CAMPAIGNS[0].with_name("standard.yaml"))
    scenario = scenario.model_copy(update={"hours": 0.2})
    policies = choose(scenario, ["progressive", "fixed_ratio"])
    plan = Plan(scenario, policies, agents=[3, 5], days=3, first_seed=7, chart=("fixed_ratio", 5))
    days: list[DayResult] = []
    assert play(plan, jobs=2, done=days.append)
    assert len(days) == plan.total == 12
    ordered = plan.in_order(days)
    assert [(day.agents, day.policy, day.seed) for day in ordered] == [
        (agents, policy, seed)
        for agents in (3, 5)
        for policy in ("progressive", "fixed_ratio")
        for seed in (7, 8, 9)
    ]
    assert [(day.policy, day.agents, day.seed) for day in ordered if day.moments] == [
        ("fixed_ratio", 5, 7)
    ]
    for day in ordered:
        charted = bool(day.moments)
        assert day == play_day(scenario, day.policy, policies[day.policy], agents=day.agents,
                               seed=day.seed, with_chart=charted)  # fmt: skip
