"""An agent's pace: how many times as long as all agents' mean his work takes.

A few calls say little, so he is believed to be like the others until his own say otherwise. His
mean gets the weight ``n / (n + k)``: ``n`` calls of his, ``k`` the variance of one agent's times
over the variance between the agents' true means (Bühlmann, ASTIN Bulletin 4, 1967). Both are
estimated from everybody's calls, as Bühlmann and Straub do (Mitt. Ver. Schweiz. Vers.-Math. 70,
1970). But of the differences between agents only what chance would hardly make is believed: where
all are alike, all paces are 1.
"""

from dataclasses import dataclass
from math import inf, sqrt

from domain.identity import AgentCode

_MEMORY = 100
"""So many of his calls, or so, are remembered."""
_SIGMAS = 4.0
"""So many standard deviations beyond what chance makes, and differences are believed."""
_LEAST_K = 2.0
_LEAST_S = 0.1
"""Whoever has less to do on average has nothing to be quick or slow at."""
_SLOWEST = 8.0


@dataclass(slots=True)
class _Times:
    """An agent's last calls, the older the less they count."""

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
    """The pace of each agent at one kind of work; 1 of whom nothing is known."""

    def __init__(self) -> None:
        self._times: dict[AgentCode, _Times] = {}
        self._paces: dict[AgentCode, float] = {}

    def add(self, agent: AgentCode, seconds: float) -> None:
        """It has taken him so long."""
        times = self._times.get(agent)
        if times is None:
            times = self._times[agent] = _Times()
        times.add(seconds)

    def of(self, agent: AgentCode) -> float:
        """His pace, as of the last time that they were compared."""
        return self._paces.get(agent, 1.0)

    def compare(self) -> None:
        """Reckon all paces anew."""
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
        """So many calls of his own, and an agent's mean counts half."""
        every = self._times.values()
        others = len(every) - 1
        if others < 1 or calls - others < 2.0:
            return inf
        spread = sum(each.squares - each.seconds * each.mean for each in every)
        free = calls - len(every)
        within = max(spread / free, 0.0)
        # Of equal agents, this sum over ``within`` would be ``others`` times an F of so many and
        # ``free`` degrees of freedom.
        apart = sum(each.calls * (each.mean - mean) ** 2 for each in every)
        apart -= within * (others + _SIGMAS * sqrt(2.0 * others * (1.0 + others / free)))
        if apart <= 0.0:
            return inf
        between = apart / (calls - sum(each.calls**2 for each in every) / calls)
        return max(within / between, _LEAST_K)
