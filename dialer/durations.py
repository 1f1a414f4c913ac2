"""How long things take: a life table that forgets.

The actuarial estimator (Kaplan and Meier, JASA 53, 1958; in classes of age as life tables have
them): in each class of age, ends over the time spent in it. What has not ended yet counts with the
time it has spent, so a long talk that still goes on is no surprise when it ends. The hazard is
taken as constant within a class; classes grow with age, as the data thin out.
"""

from collections import deque
from math import sqrt

import numpy as np

from dialer.ages import Floats

_GUARD_OVER = 30
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
            edges.append(edges[-1] + max(finest, 0.08 * edges[-1]))
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
        self._recent: deque[float] = deque(maxlen=_GUARD_OVER)
        self._mean, self._square, self._weight = mean, 2 * mean * mean, _PRIOR
        self.ended = 0
        """How many have been added."""
        self.jumps = 0
        """How often the guard has thrown the old ones away."""

    @property
    def mean(self) -> float:
        """Mean of those that ended, in seconds."""
        return self._mean

    def add(self, seconds: float) -> None:
        """One has ended after so long."""
        seconds = max(0.0, seconds)
        self.ended += 1
        self._recent.append(seconds)
        if self.ended % 10 == 0 and self._has_jumped():
            self._forget_all_but_recent()
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

    def _has_jumped(self) -> bool:
        count = len(self._recent)
        if count < _GUARD_OVER or self._weight < 2 * _GUARD_OVER:
            return False
        spread = sqrt(max(self._square - self._mean**2, 1e-6))
        return abs(sum(self._recent) / count - self._mean) > _GUARD_SIGMAS * spread / sqrt(count)

    def _forget_all_but_recent(self) -> None:
        self.jumps += 1
        self._ends *= 0.0
        self._spent *= 0.0
        self._weight = 0.0
        for seconds in self._recent:
            self._count(seconds)
