"""Plays many simulated days on many cores. Ctrl-C keeps the days that are done."""

import os
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice, product
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Self, cast

from domain.errors import OffhookError
from simulation.day import DayResult, play_day
from simulation.scenario import PolicySettings, Scenario

_LOOK_S = 0.2
_PARENT_IS_LOOKED_FOR_S = 1.0


@dataclass(frozen=True, slots=True)
class Job:
    """One day to play."""

    policy: str
    agents: int
    seed: int
    with_chart: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What to play: every policy with every number of agents on the same days."""

    scenario: Scenario
    policies: dict[str, PolicySettings]
    agents: Sequence[int]
    days: int
    first_seed: int = 0
    chart: tuple[str, int] | None = None
    """The policy and the number of agents whose first day keeps its moments for a chart."""

    @property
    def total(self) -> int:
        """The number of days in all."""
        return len(self.policies) * len(self.agents) * self.days

    def jobs(self) -> Iterator[Job]:
        """Yield the days to play. Every policy's first day comes before any second, so that the
        days done when the user stops can be compared."""
        seeds = range(self.first_seed, self.first_seed + self.days)
        for seed, agents, name in product(seeds, self.agents, self.policies):
            charted = seed == self.first_seed and self.chart == (name, agents)
            yield Job(name, agents, seed, charted)

    def in_order(self, results: Sequence[DayResult]) -> list[DayResult]:
        """Return the days by agents, then policy, then seed, whatever order they ended in."""
        agents = {number: place for place, number in enumerate(self.agents)}
        names = {name: place for place, name in enumerate(self.policies)}
        return sorted(results, key=lambda day: (agents[day.agents], names[day.policy], day.seed))


class DayError(OffhookError):
    """A day failed: which one, why, and where in the code."""

    def __init__(self, job: Job, why: str, where: str) -> None:
        super().__init__(
            f"the day of {job.policy} with {job.agents} agents and seed {job.seed} failed: {why}"
        )
        self.where = where
        """The traceback."""


def play(plan: Plan, *, jobs: int, done: Callable[[DayResult], None]) -> bool:
    """Play all days in ``jobs`` processes, passing each to ``done`` as it ends.

    Returns False if Ctrl-C stopped it before the last. Raises DayError.
    """
    todo = plan.jobs()
    with _ctrl_c() as stopped, _Players(min(jobs, plan.total), plan) as players:
        for job in todo:
            players.give(job)
            if not players.idle:
                break
        while players.playing and not stopped():
            for result in players.results(_LOOK_S):
                done(result)
                for job in islice(todo, 1):
                    players.give(job)
        return not players.playing


class _Players:
    """A pool of processes that play days. Unlike in the standard pools, a process can be stopped
    in the middle of a day, and the death of a process is noticed."""

    def __init__(self, count: int, plan: Plan) -> None:
        self._processes: dict[Connection, Process] = {}
        self.idle: list[Connection] = []
        self.playing: dict[Connection, Job] = {}
        self._count, self._plan = count, plan

    def __enter__(self) -> Self:
        for _ in range(self._count):
            ours, theirs = Pipe()
            process = Process(target=_player, args=(theirs, self._plan, os.getpid()), daemon=True)
            process.start()
            theirs.close()
            self._processes[ours] = process
            self.idle.append(ours)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._processes.values():
            process.terminate()
        for connection, process in self._processes.items():
            process.join(_LOOK_S)
            if process.is_alive():
                process.kill()
                process.join()
            connection.close()

    def give(self, job: Job) -> None:
        """Give a job to an idle process. If it has died meanwhile, ``results`` tells."""
        connection = self.idle.pop()
        self.playing[connection] = job
        with suppress(OSError):
            connection.send(job)

    def results(self, timeout: float) -> Iterator[DayResult]:
        """Yield the days that have ended, waiting for one for at most ``timeout`` seconds."""
        for ready in cast(list[Connection], wait(list(self.playing), timeout)):
            job = self.playing.pop(ready)
            try:
                answer = ready.recv()
            except (EOFError, OSError):
                self._processes[ready].join(1.0)
                code = self._processes[ready].exitcode
                raise DayError(job, f"its process is gone (exit code {code})", "") from None
            if not isinstance(answer, DayResult):
                raise DayError(job, *answer)
            self.idle.append(ready)
            yield answer


def _player(jobs: Connection, plan: Plan, parent: int) -> None:
    """Play the jobs it receives until the parent is gone."""
    # Ctrl-C reaches all of the terminal's processes; the parent decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while os.getppid() == parent:
        try:
            if not jobs.poll(_PARENT_IS_LOOKED_FOR_S):
                continue
            job: Job = jobs.recv()
        except (EOFError, OSError):
            return
        answer = _answer(job, plan)
        try:
            jobs.send(answer)
        except OSError:
            return


def _answer(job: Job, plan: Plan) -> DayResult | tuple[str, str]:
    try:
        return play_day(
            plan.scenario,
            job.policy,
            plan.policies[job.policy],
            agents=job.agents,
            seed=job.seed,
            with_chart=job.with_chart,
        )
    except Exception as error:  # anything a policy's author overlooked
        return f"{type(error).__name__}: {error}", traceback.format_exc()


@contextmanager
def _ctrl_c() -> Iterator[Callable[[], bool]]:
    """Yield a function that reports whether Ctrl-C was pressed; a second one acts as usual."""
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
