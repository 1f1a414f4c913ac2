"""Measures what a pacing decision and a simulated day cost.

Decisions are timed in a world of 300 agents and about a thousand ringing calls (thin lists), from
the incoming fact to the resulting order, including any tables rebuilt on the way. A campaign in
which hardly anybody answers is measured by its processor time, the world's included: there, few
agents dial as many numbers as two hundred do elsewhere.
"""

import json
import sys
from time import perf_counter_ns, process_time
from typing import Any

from bench.rig import percentile
from dialer.pacing import Pacer, Pacing, Settings
from dialer.pacing_facts import PacingFact
from dialer.policies import make
from simulation.chosen import choose
from simulation.day import DayResult, Figures, play_day
from simulation.scenario import LeadList, Scenario
from simulation.world import World

AGENTS, ANSWER_RATE = 300, 0.043
WARM_S, MEASURED_H = 600.0, 0.25
MEAN_MS, P99_MS = 0.3, 2.0
DAYS = {"foresight": 5.0, "expected_value": None, "progressive": 0.5}
"""How long an eight-hour day of 20 agents may take on one core, in seconds; None: no limit."""
FEW_ANSWER, FEW_ANSWER_H, FEW_ANSWER_S = 0.02, 1.5, 4.0
"""An answer rate, hours, and the most seconds of processor time for each hour of 20 agents."""


class _Timed:
    """Wraps a pacer and times its decisions; facts that lead to none are not counted."""

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer
        self.ms: list[float] = []
        self.ringing: list[int] = []

    def handle(self, fact: PacingFact, now: float) -> Pacing | None:
        began = perf_counter_ns()
        order = self._pacer.handle(fact, now)
        self._took(began, order, now)
        return order

    def tick(self, now: float) -> Pacing | None:
        began = perf_counter_ns()
        order = self._pacer.tick(now)
        self._took(began, order, now)
        return order

    def next_deadline(self) -> float | None:
        return self._pacer.next_deadline()

    def _took(self, began: int, order: Pacing | None, now: float) -> None:
        if order is not None and now > WARM_S:
            self.ms.append((perf_counter_ns() - began) / 1e6)
            self.ringing.append(len(self._pacer.under_way.ringing))


def measure() -> dict[str, Any]:
    """Return milliseconds per decision and seconds per day, ready for JSON."""
    scenario = Scenario(
        hours=WARM_S / 3_600.0 + MEASURED_H,
        lists=[LeadList(name="leads", answer_rate=ANSWER_RATE)],
    )
    settings = Settings(limit=scenario.limit.limit())
    timed = _Timed(Pacer(make("foresight"), settings, now=0.0))
    figures = Figures(DayResult("foresight", AGENTS, 1), settings.limit, with_chart=False)
    World(scenario, AGENTS, 1, timed, figures).run()
    mean, p99 = sum(timed.ms) / len(timed.ms), percentile(timed.ms, 0.99)
    days = {name: _day(name) for name in DAYS}
    few_answer = _hour_in_which_few_answer()
    return {
        "decision_ms": {
            "mean": round(mean, 3),
            "p50": round(percentile(timed.ms, 0.5), 3),
            "p99": round(p99, 3),
            "max": round(max(timed.ms), 3),
            "decisions": len(timed.ms),
            "agents": AGENTS,
            "ringing_mean": round(sum(timed.ringing) / len(timed.ringing)),
            "target_mean_ms": MEAN_MS,
            "target_p99_ms": P99_MS,
        },
        "eight_hours_of_20_agents_s": days,
        "target_s": DAYS,
        "hour_of_20_agents_at_2_percent_s": few_answer,
        "target_hour_s": FEW_ANSWER_S,
        "met": mean <= MEAN_MS
        and p99 <= P99_MS
        and few_answer <= FEW_ANSWER_S
        and all(limit is None or days[name] <= limit for name, limit in DAYS.items()),
    }


def _day(name: str) -> float:
    return round(_seconds(Scenario(), name), 2)


def _hour_in_which_few_answer() -> float:
    scenario = Scenario(
        hours=FEW_ANSWER_H,
        calls_per_second=20.0,
        lists=[LeadList(name="leads", answer_rate=FEW_ANSWER)],
    )
    return round(_seconds(scenario, "foresight") / FEW_ANSWER_H, 2)


def _seconds(scenario: Scenario, name: str) -> float:
    """Return the processor time that the campaign takes with 20 agents."""
    (chosen,) = choose(scenario, [name]).values()
    began = process_time()
    play_day(scenario, name, chosen, agents=20, seed=1)
    return process_time() - began


if __name__ == "__main__":
    json.dump(measure(), sys.stdout, indent=2)
    print()
