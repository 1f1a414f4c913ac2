"""One simulated day: play a policy in a world and collect the day's figures."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import inf

from dialer.limit import Limit, QuickHangUp, Window
from dialer.pacing import Pacer, Settings
from dialer.policies import make
from simulation.scenario import PolicySettings, Scenario, TrunkFailure
from simulation.world import World

ENOUGH = 100
"""The number of persons who must have answered before a running share means anything."""
NEAR_S = 90.0
"""For this many seconds after a failure of the trunk, what it did to the pacing still shows."""
_WINDOW_S = 3_600.0
_SAMPLE_S = 10.0


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """What the day's chart shows for one moment."""

    at_s: float
    busy: int
    agents: int
    ringing: int
    share: float


@dataclass(slots=True)
class DayResult:
    """A day's figures. Times are in seconds, shares 0 to 1. People whom detection takes for
    machines count as abandoned: this is what happened, not what the dialer could count."""

    policy: str
    agents: int
    seed: int
    busy_s: float = 0.0
    logged_in_s: float = 0.0
    dialled: int = 0
    served: int = 0
    abandoned: int = 0
    taken_for_machines: int = 0
    refused: int = 0
    """Calls that the trunk refused, or cut off while they rang."""
    near_failures: int = 0
    """Persons who answered while the trunk failed, or within NEAR_S after it."""
    lost_near_failures: int = 0
    """Those of them who were abandoned."""
    idle_s: float = 0.0
    idle_times: int = 0
    over_s: float = 0.0
    """How long the running share was over the limit, in seconds, once ENOUGH had answered."""
    day_s: float = 0.0
    worst_running: float = 0.0
    worst_hour: float = 0.0
    """The worst share of any 60 minutes in which ENOUGH had answered."""
    reckoned_share: float = 0.0
    """The abandoned share as the dialer counted it, with its estimate of the people whom nobody
    saw. ``share`` is the truth."""
    reckoned_unseen: float = 0.0
    """That estimate, in persons; ``taken_for_machines`` is the truth."""
    moments: list[ChartPoint] = field(default_factory=list)

    @property
    def use(self) -> float:
        """Talk and wrap-up as a share of the logged-in time without breaks."""
        return self.busy_s / self.logged_in_s if self.logged_in_s else 0.0

    @property
    def share(self) -> float:
        """The abandoned share of all persons."""
        lost = self.abandoned + self.taken_for_machines
        return lost / (lost + self.served) if lost + self.served else 0.0

    @property
    def idle_before_call_s(self) -> float:
        """The mean time in seconds that an agent was ready before a call came."""
        return self.idle_s / self.idle_times if self.idle_times else 0.0

    @property
    def dials_per_contact(self) -> float:
        """Numbers dialled per person served."""
        return self.dialled / self.served if self.served else inf


class Figures:
    """Collects a day's figures as the world reports them."""

    def __init__(
        self,
        result: DayResult,
        limit: Limit,
        failures: Sequence[TrunkFailure] = (),
        *,
        with_chart: bool = False,
    ) -> None:
        self._failures = failures
        self._result = result
        self._limit = limit.share + 1e-12  # a share exactly at the limit is not over it
        self._grace_s = limit.grace_s + 1e-9
        self._quick_hang_ups_count = limit.quick_hang_up is QuickHangUp.ABANDONED
        self._logged_in = self._busy = self._ringing = 0
        self._moved_at = 0.0
        self._persons: deque[tuple[float, bool]] = deque()
        self._lost_in_window = 0
        self._next_sample = 0.0 if with_chart else inf

    def dialled(self, _now: float) -> None:
        self._result.dialled += 1

    def person(
        self, now: float, *, abandoned: bool, waited_s: float, by_customer: bool = False
    ) -> None:
        if by_customer and not self._quick_hang_ups_count:
            return
        self._pass(now)
        lost = abandoned or waited_s > self._grace_s  # after the grace, an agent comes too late
        if lost:
            self._result.abandoned += 1
        else:
            self._result.served += 1
        self._counted(now, lost=lost)

    def taken_for_machine(self, now: float) -> None:
        self._pass(now)
        self._result.taken_for_machines += 1
        self._counted(now, lost=True)

    def refused(self, _now: float) -> None:
        self._result.refused += 1

    def idle_ended(self, seconds: float) -> None:
        self._result.idle_s += seconds
        self._result.idle_times += 1

    def agent(self, now: float, before: str | None, after: str | None) -> None:
        self._pass(now)
        busy = ("talking", "wrap_up")
        self._busy += (after in busy) - (before in busy)
        self._logged_in += (after not in (None, "gone")) - (before not in (None, "gone"))

    def ringing(self, now: float, change: int) -> None:
        if self._next_sample < now:
            self._sample(now)
        self._ringing += change

    def end(self, now: float) -> None:
        """Close the figures at the end of the day."""
        self._pass(now)
        self._result.day_s = now

    def _pass(self, now: float) -> None:
        """Account for the time since something last changed."""
        result, passed = self._result, now - self._moved_at
        if self._next_sample < now:
            self._sample(now)
        if passed <= 0:
            return
        self._moved_at = now
        result.busy_s += self._busy * passed
        result.logged_in_s += self._logged_in * passed
        if self._over():
            result.over_s += passed

    def _sample(self, now: float) -> None:
        """Sample for the chart the state since the last change."""
        share = self._result.share
        while self._next_sample < now:
            self._result.moments.append(
                ChartPoint(self._next_sample, self._busy, self._logged_in, self._ringing, share)
            )
            self._next_sample += _SAMPLE_S

    def _over(self) -> bool:
        result = self._result
        answered = result.served + result.abandoned + result.taken_for_machines
        return answered > ENOUGH and result.share > self._limit

    def _counted(self, now: float, *, lost: bool) -> None:
        result, persons = self._result, self._persons
        if any(failure.goes_on(now, and_after_s=NEAR_S) for failure in self._failures):
            result.near_failures += 1
            result.lost_near_failures += lost
        persons.append((now, lost))
        self._lost_in_window += lost
        while persons[0][0] < now - _WINDOW_S:
            self._lost_in_window -= persons.popleft()[1]
        if len(persons) > ENOUGH:
            result.worst_hour = max(result.worst_hour, self._lost_in_window / len(persons))
        if result.served + result.abandoned + result.taken_for_machines > ENOUGH:
            result.worst_running = max(result.worst_running, result.share)


def play_day(
    scenario: Scenario,
    name: str,
    chosen: PolicySettings,
    *,
    agents: int,
    seed: int,
    with_chart: bool = False,
) -> DayResult:
    """Play one day. Raises ValueError for an unknown policy or option."""
    limit = scenario.limit.limit()
    if chosen.hard_stop is not None:
        limit = replace(limit, hard_stop=chosen.hard_stop)
    settings = Settings(
        lines=scenario.lines,
        calls_per_second=inf if scenario.calls_per_second is None else scenario.calls_per_second,
        limit=limit,
        detection=scenario.detection.on,
    )
    pacer = Pacer(make(chosen.policy, **chosen.options), settings, now=0.0)
    result = DayResult(name, agents, seed)
    figures = Figures(result, limit, scenario.failures, with_chart=with_chart)
    World(scenario, agents, seed, pacer, figures).run()
    figures.end(scenario.hours * 3_600.0)
    result.reckoned_share = pacer.limit.tally(Window.DAY, result.day_s).share
    result.reckoned_unseen = pacer.limit.unseen
    return result
