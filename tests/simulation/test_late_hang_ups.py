"""A switch that carries out hang-ups late is ordered once for each call."""

from collections import Counter
from pathlib import Path

import simulation
from dialer.causes import Cause
from dialer.pacing import Pacer, Pacing, Settings
from dialer.pacing_facts import Answered, NotAnswered, PacingFact
from dialer.policies import make
from domain.identity import AttemptId
from simulation.chosen import load_checked
from simulation.day import DayResult, Figures
from simulation.world import World

WORLD = Path(simulation.__file__).parent / "campaigns" / "late_hang_ups.yaml"


class Ordering:
    """A pacer whose orders are counted, with what becomes of the calls."""

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer
        self.next_deadline = pacer.next_deadline
        self.orders: Counter[AttemptId] = Counter()
        self.cut: set[AttemptId] = set()
        self.ended_before: set[AttemptId] = set()

    def handle(self, fact: PacingFact, now: float) -> Pacing | None:
        if isinstance(fact, NotAnswered) and fact.cause is Cause.CUT:
            self.cut.add(fact.attempt)
        elif isinstance(fact, Answered | NotAnswered) and fact.attempt in self.orders:
            self.ended_before.add(fact.attempt)
        return self._noted(self._pacer.handle(fact, now))

    def tick(self, now: float) -> Pacing | None:
        return self._noted(self._pacer.tick(now))

    def _noted(self, pacing: Pacing | None) -> Pacing | None:
        if pacing is not None:
            self.orders.update(pacing.hang_up)
        return pacing


def test_each_call_is_ordered_to_be_hung_up_once() -> None:
    scenario = load_checked(WORLD).model_copy(update={"hours": 1.0})
    limit = scenario.limit.limit()
    ordering = Ordering(Pacer(make("foresight"), Settings(limit=limit), now=0.0))
    figures = Figures(DayResult("foresight", 20, 5), limit, with_chart=False)
    World(scenario, 20, 5, ordering, figures).run()
    assert len(ordering.orders) > 100
    assert max(ordering.orders.values()) == 1
    assert ordering.ended_before
    assert not ordering.cut & ordering.ended_before
    under_way = len(ordering.orders) - len(ordering.cut) - len(ordering.ended_before)
    assert 0 <= under_way < 10
