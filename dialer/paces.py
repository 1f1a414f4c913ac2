"""How fast each agent works: the time their work takes, as a multiple of the mean of all agents.

A few calls say little, so an agent is assumed to be like the others until their own calls say
otherwise. Their mean gets the weight ``n / (n + k)``: ``n`` is the number of their calls, ``k`` the
variance of one agent's times over the variance between the agents' true means (Bühlmann, ASTIN
Bulletin 4, 1967). Both variances are estimated from everybody's calls, as Bühlmann and Straub do
(Mitt. Ver. Schweiz. Vers.-Math. 70, 1970). Differences between agents are believed only as far as
chance is unlikely to produce them: where all agents are alike, every pace is 1.
"""

from dataclasses import dataclass
from math import inf, sqrt

from domain.identity import AgentCode

_MEMORY = 100
"""About how many of an agent's calls are remembered."""
_SIGMAS = 4.0
"""Differences are believed from this many standard deviations above what chance produces."""
_LEAST_K = 2.0
_LEAST_S = 0.1
"""Seconds. If the mean is shorter, there is nothing to be quick or slow at."""
_SLOWEST = 8.0


@dataclass(slots=True)
class _Times:
    """An agent's recent calls; the older a call, the less it counts."""

    calls: float = 0.0
    seconds: float = 0.0
    squares: float = 0.0

    def add(self, seconds: float) -> None:
        keep = 1.0 - 1.0 / _MEMORY
        self.calls = self.calls * keep + 1.0
        self.seconds = self.seconds * keep + seconds
        self.squares = self.squares * keep + seconds * seconds

    @property
    def mean(self) -> float:
        return self.seconds / self.calls


class Paces:
    """The pace of each agent at one kind of work; 1 for an agent we know nothing about."""

    def __init__(self) -> None:
        self._times: dict[AgentCode, _Times] = {}
        self._paces: dict[AgentCode, float] = {}

    def add(self, agent: AgentCode, seconds: float) -> None:
        """Record that the work took an agent this long."""
        times = self._times.get(agent)
        if times is None:
            times = self._times[agent] = _Times()
        times.add(seconds)

    def of(self, agent: AgentCode) -> float:
        """Return an agent's pace as of the last comparison."""
        return self._paces.get(agent, 1.0)

    def compare(self) -> None:
        """Recalculate every pace."""
        calls = sum(each.calls for each in self._times.values())
        mean = sum(each.seconds for each in self._times.values()) / calls if calls else 0.0
        self._paces.clear()
        if mean < _LEAST_S:
            return
        k = self._k(calls, mean)
        if k == inf:
            return
        for agent, times in self._times.items():
            own = times.calls / (times.calls + k)
            pace = 1.0 + own * (times.mean / mean - 1.0)
            self._paces[agent] = min(max(pace, 1.0 / _SLOWEST), _SLOWEST)

    def _k(self, calls: float, mean: float) -> float:
        """Return the number of calls at which an agent's own mean counts half."""
        every = self._times.values()
        others = len(every) - 1
        if others < 1 or calls - others < 2.0:
            return inf
        spread = sum(each.squares - each.seconds * each.mean for each in every)
        free = calls - len(every)
        within = max(spread / free, 0.0)
        # If the agents were equal, this sum over ``within`` would be ``others`` times an F
        # variable with ``others`` and ``free`` degrees of freedom.
        apart = sum(each.calls * (each.mean - mean) ** 2 for each in every)
        apart -= within * (others + _SIGMAS * sqrt(2.0 * others * (1.0 + others / free)))
        if apart <= 0.0:
            return inf
        between = apart / (calls - sum(each.calls**2 for each in every) / calls)
        return max(within / between, _LEAST_K)
