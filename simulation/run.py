"""Many days on many cores. Ctrl-C keeps the days that are done."""

import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product

from simulation.day import DayResult, play_day
from simulation.scenario import PolicySettings, Scenario

_AHEAD = 4
"""So many days are handed out for each process; a Ctrl-C need not wait for more."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be played: every policy with every number of agents on the same days."""

    scenario: Scenario
    policies: dict[str, PolicySettings]
    agents: Sequence[int]
    days: int
    first_seed: int = 0

    @property
    def total(self) -> int:
        """Days in all."""
        return len(self.policies) * len(self.agents) * self.days

    def jobs(self) -> Iterator[tuple[str, int, int]]:
        """Policy, agents and seed of each; all policies' first day comes before any second, so
        that whatever is done when somebody stops can be compared."""
        seeds = range(self.first_seed, self.first_seed + self.days)
        for seed, agents, name in product(seeds, self.agents, self.policies):
            yield name, agents, seed


def play(plan: Plan, *, jobs: int, done: Callable[[DayResult], None]) -> bool:
    """Play all days, handing each to ``done`` as it ends. False: stopped by Ctrl-C before all.

    Raises ValueError for a policy or an option there is not, before anything is played.
    """
    todo = plan.jobs()
    with ProcessPoolExecutor(jobs, initializer=_leave_ctrl_c_to_parent) as pool:
        running: set[Future[DayResult]] = set()

        def hand_out(count: int) -> None:
            for _, (name, agents, seed) in zip(range(count), todo, strict=False):
                chosen = plan.policies[name]
                running.add(
                    pool.submit(play_day, plan.scenario, name, chosen, agents=agents, seed=seed)
                )

        with _ctrl_c() as stopped:
            hand_out(jobs * _AHEAD)
            while running and not stopped():
                finished, _ = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
                for one in finished:
                    running.remove(one)
                    done(one.result())
                hand_out(len(finished))
            for one in running:
                one.cancel()
            return not running


@contextmanager
def _ctrl_c() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed; the second one is as always."""
    pressed = False

    def remember(*_: object) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, remember)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)


def _leave_ctrl_c_to_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
