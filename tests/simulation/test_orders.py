"""Orders are carried out one after the other, whatever is reported and ordered meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass, field

from dialer.causes import Cause
from dialer.pacing_facts import AgentReady, Dialled, NotAnswered, PacingFact
from domain.identity import AttemptId
from simulation.scenario import Scenario
from simulation.world import World
from tests.simulation.told import Seen

NOBODY_EVER_ANSWERS = Scenario.model_validate(
    {
        "hours": 0.01,
        "lists": [{"name": "leads", "answer_rate": 0.0}],
        "refusals": {"invalid": 0.0, "busy": 0.0},
        "ring_at_most_s": 1_000.0,
    }
)


@dataclass(frozen=True)
class Ordered:
    """So many to dial, these to hang up."""

    count: int = 0
    hang_up: tuple[AttemptId, ...] = ()


@dataclass
class Ordering:
    """Orders ``first`` when an agent comes, ``then`` ten seconds later, and what a fact brings."""

    first: Ordered
    then: Callable[["Ordering"], Ordered]
    brings: Callable[["Ordering", PacingFact], Ordered | None]
    said: list[str] = field(default_factory=list)
    rings: list[AttemptId] = field(default_factory=list)
    deadline: float | None = 10.0

    def handle(self, fact: PacingFact, _now: float) -> Ordered | None:
        match fact:
            case AgentReady():
                return self.first
            case Dialled(attempt):
                self.rings.append(attempt)
                self.said.append(f"dialled {attempt}")
            case NotAnswered(attempt, Cause.CUT):
                self.rings.remove(attempt)
                self.said.append(f"cut {attempt}")
        return self.brings(self, fact)

    def next_deadline(self) -> float | None:
        return self.deadline

    def tick(self, _now: float) -> Ordered | None:
        self.deadline = None
        return self.then(self)


def carried_out(dialler: Ordering) -> list[str]:
    World(NOBODY_EVER_ANSWERS, 1, 1, dialler, Seen()).run()
    return dialler.said


def test_a_thousand_hang_ups_that_each_bring_another_are_not_one_in_the_other() -> None:
    def the_last(dialler: Ordering, fact: PacingFact) -> Ordered | None:
        # Not the next of the order itself: those are hung up in their turn.
        if isinstance(fact, NotAnswered) and dialler.rings:
            return Ordered(hang_up=(dialler.rings[-1],))
        return None

    said = carried_out(
        Ordering(Ordered(2_000), lambda it: Ordered(hang_up=tuple(it.rings[:1_000])), the_last)
    )
    cut = [each for each in said if each.startswith("cut")]
    assert cut[:1_000] == [f"cut {number}" for number in range(1, 1_001)]
    # Each of those asked for the same one, as none of it had been done yet; from then on each
    # hang-up brings the next.
    assert cut[1_000:] == [f"cut {number}" for number in range(2_000, 1_000, -1)]


def test_what_a_dial_brings_waits_until_all_are_dialled() -> None:
    def never_mind(_dialler: Ordering, fact: PacingFact) -> Ordered | None:
        return Ordered(hang_up=(fact.attempt,)) if isinstance(fact, Dialled) else None

    said = carried_out(Ordering(Ordered(3), lambda _: Ordered(), never_mind))
    assert said == ["dialled 1", "dialled 2", "dialled 3", "cut 1", "cut 2", "cut 3"]
