"""A day that keeps everything the dialer is fed."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from dialer.pacing import Pacer, Pacing, Settings
from dialer.pacing_facts import PacingFact
from dialer.policies import make
from simulation.scenario import Scenario
from simulation.world import World


class Told:
    """The real pacer, and what it was fed."""

    def __init__(self, pacer: Pacer) -> None:
        self.pacer = pacer
        self.facts: list[tuple[float, PacingFact]] = []

    def handle(self, fact: PacingFact, now: float) -> Pacing | None:
        self.facts.append((now, fact))
        return self.pacer.handle(fact, now)

    def next_deadline(self) -> float | None:
        return self.pacer.next_deadline()

    def tick(self, now: float) -> Pacing | None:
        return self.pacer.tick(now)

    def of(self, *kinds: type[Any]) -> list[tuple[float, Any]]:
        """The facts of these kinds, with their times."""
        return [(now, fact) for now, fact in self.facts if isinstance(fact, kinds)]


class Seen:
    """What an observer is called with."""

    def __init__(self) -> None:
        self.persons: list[tuple[float, bool, float]] = []
        self.machines = 0
        self.idle: list[float] = []
        self.moves: list[tuple[float, str | None, str | None]] = []
        self.ringing_now = 0

    def dialled(self, now: float) -> None: ...

    def person(self, now: float, *, abandoned: bool, waited_s: float, **_: bool) -> None:
        self.persons.append((now, abandoned, waited_s))

    def taken_for_machine(self, _now: float) -> None:
        self.machines += 1

    def refused(self, _now: float) -> None: ...

    def idle_ended(self, seconds: float) -> None:
        self.idle.append(seconds)

    def agent(self, now: float, before: str | None, after: str | None) -> None:
        self.moves.append((now, before, after))

    def ringing(self, _now: float, change: int) -> None:
        self.ringing_now += change
        assert self.ringing_now >= 0


def played(
    policy: str = "progressive",
    *,
    agents: int = 8,
    seed: int = 1,
    options: Mapping[str, Any] | None = None,
    believed_lines: int | None = None,
    **scenario: Any,
) -> tuple[Told, Seen, Scenario]:
    """Such a day, of one hour by default. ``believed_lines``: the number of lines that the dialer
    believes in."""
    return _played(
        policy,
        agents,
        seed,
        json.dumps({"hours": 1.0, **scenario}),  # the order of a script's stages matters
        json.dumps(options or {}),
        believed_lines,
    )


@lru_cache(maxsize=12)  # several tests look at the same days
def _played(
    policy: str, agents: int, seed: int, scenario: str, options: str, believed_lines: int | None
) -> tuple[Told, Seen, Scenario]:
    world = Scenario.model_validate_json(scenario)
    settings = Settings(
        lines=world.lines if believed_lines is None else believed_lines,
        limit=world.limit.limit(),
        detection=world.detection.on,
    )
    told = Told(Pacer(make(policy, **json.loads(options)), settings, now=0.0))
    seen = Seen()
    World(world, agents, seed, told, seen).run()
    return told, seen, world
