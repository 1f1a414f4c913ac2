"""How long things take: a life table that forgets.

The actuarial estimator (Kaplan and Meier, JASA 53, 1958; in classes of age as life tables have
them): in each class of age, ends over the time spent in it. What has not ended yet counts with the
time it has spent, so a long talk that still goes on is no surprise when it ends. The hazard is
taken as constant within a class; classes grow with age, as the data thin out, but little: where all
talks are of one length, agents are free together, and seconds too early would be too many at once.
"""

from collections import deque
from math import inf, sqrt

import numpy as np

from dialer.ages import Floats

_GROWTH = 0.02
_GUARD_OVER = 30
_GUARD_AMONG = 600
_GUARD_LONGEST = 0.95
_GUARD_SIGMAS = 6.0
_PRIOR = 3.0
_MOST_END = 1.0 - 1e-6
"""So many at most of those who reach a class of age end in it."""


class Durations:
    """Durations in seconds, the last ``memory`` or so of them.

    ``finest`` is the narrowest class in seconds, ``mean`` what is assumed until something ended.
    """

    def __init__(
        self, *, mean: float, finest: float, longest: float = 7_200.0, memory: int = 1_500
    ) -> None:
        edges = [0.0]
        while edges[-1] < longest:
            edges.append(edges[-1] + max(finest, _GROWTH * edges[-1]))
        self._edges: Floats = np.array(edges)
        self._widths: Floats = np.diff(self._edges)
        survival = np.exp(-self._edges / mean)
        spread = survival[:-1] - survival[1:]
        self._prior_ends: Floats = _PRIOR * spread
        self._prior_spent: Floats = _PRIOR * mean * spread
        # A class that even the prior has never seen keeps the prior's hazard.
        self._prior_ends += 1e-9 / mean
        self._prior_spent += 1e-9
        self._ends: Floats = np.zeros(len(spread))
        self._spent: Floats = np.zeros(len(spread))
        self._keep = 1.0 - 1.0 / memory
        self._recent: deque[tuple[float, float]] = deque(maxlen=_GUARD_AMONG)
        """When each of the last ones began, and how long it took, by their ends."""
        self._mean, self._square, self._weight = mean, 2 * mean * mean, _PRIOR
        self.ended = 0
        """How many have been added."""
        self.jumps = 0
        """How often the guard has thrown the old ones away."""

    @property
    def mean(self) -> float:
        """Mean of those that ended, in seconds."""
        return self._mean

    def add(self, seconds: float, now: float) -> None:
        """One has ended now, after so long."""
        seconds = max(0.0, seconds)
        self.ended += 1
        self._recent.append((now - seconds, seconds))
        if self.ended % _GUARD_OVER == 0 and self._weight >= 2 * _GUARD_OVER:
            lately = self._lately(now)
            if self._has_jumped(lately):
                self._forget_all_but(lately)
                return
        self._count(seconds)

    def survival(self, step: float, steps: int, going_on: Floats | None = None) -> Floats:
        """The chance to last longer than 0, step, 2 * step ..., ``steps`` + 1 values.

        ``going_on`` are the ages of those that have not ended.
        """
        ends, spent = self._ends + self._prior_ends, self._spent + self._prior_spent
        if going_on is not None and len(going_on):
            inside = np.clip(going_on[:, None] - self._edges[None, :-1], 0.0, self._widths[None, :])
            spent = spent + inside.sum(axis=0)
        share = np.minimum(ends / (spent / self._widths + ends / 2.0), _MOST_END)
        hazard = np.concatenate(([0.0], np.cumsum(-np.log1p(-share))))
        at = np.arange(steps + 1) * step
        survival: Floats = np.exp(-np.interp(at, self._edges, hazard))
        return survival

    def _count(self, seconds: float) -> None:
        last = self._class_of(seconds)
        self._ends *= self._keep
        self._spent *= self._keep
        self._ends[last] += 1.0
        self._spent[:last] += self._widths[:last]
        # Half the class, wherever in it the end was: else durations that are all alike, and stand
        # at one end of their class, would look like spread ones.
        self._spent[last] += self._widths[last] / 2.0
        self._weight = self._weight * self._keep + 1.0
        part = 1.0 / self._weight
        self._mean += (seconds - self._mean) * part
        self._square += (seconds * seconds - self._square) * part

    def _class_of(self, seconds: float) -> int:
        return min(int(np.searchsorted(self._edges, seconds, "right")) - 1, len(self._ends) - 1)

    def _lately(self, now: float) -> list[tuple[float, float]]:
        """The last _GUARD_OVER to begin of which, but for a few, all have ended.

        By their ends it would be others: in a burst of calls those that fail at once end first,
        many in a row, and it would seem that all calls had become short.
        """
        recent = self._recent
        longest = sorted(seconds for _, seconds in recent)[int(_GUARD_LONGEST * len(recent))]
        # Of those that began before the first of these ended, some are gone from here.
        since = sum(recent[0]) if len(recent) == _GUARD_AMONG else -inf
        whole = sorted(each for each in recent if since <= each[0] <= now - longest)
        return whole[-_GUARD_OVER:]

    def _has_jumped(self, lately: list[tuple[float, float]]) -> bool:
        count = len(lately)
        if count < _GUARD_OVER:
            return False
        spread = sqrt(max(self._square - self._mean**2, 1e-6))
        mean = sum(seconds for _, seconds in lately) / count
        return abs(mean - self._mean) > _GUARD_SIGMAS * spread / sqrt(count)

    def _forget_all_but(self, lately: list[tuple[float, float]]) -> None:
        self.jumps += 1
        self._ends *= 0.0
        self._spent *= 0.0
        self._weight = 0.0
        newer = [each for each in self._recent if each >= lately[0]]
        self._recent.clear()
        self._recent.extend(newer)
        for _, seconds in lately:
            self._count(seconds)
