"""How long things take: a life table that forgets old data.

This is the actuarial estimator (Kaplan and Meier, JASA 53, 1958; in age classes, as in life
tables): for each age class, the number of ends over the time spent in it. What has not ended yet
counts with the time it has spent so far, so a long talk is no surprise when it ends. The hazard is
taken as constant within a class. Classes widen with age, as the data thin out, but only a little:
where all talks have one length, agents become free together, and being a few seconds early would
mean too many calls at once.
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
"""The largest share of those reaching an age class that may end in it."""


class Durations:
    """The distribution of durations in seconds, learnt from about the last ``memory`` of them.

    ``finest`` is the width of the narrowest class in seconds; ``mean`` is assumed until something
    has ended.
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
        # A class too old even for the prior keeps the prior's hazard.
        self._prior_ends += 1e-9 / mean
        self._prior_spent += 1e-9
        self._ends: Floats = np.zeros(len(spread))
        self._spent: Floats = np.zeros(len(spread))
        self._keep = 1.0 - 1.0 / memory
        self._recent: deque[tuple[float, float]] = deque(maxlen=_GUARD_AMONG)
        """The start and duration of each recent one, in the order of their ends."""
        self._mean, self._square, self._weight = mean, 2 * mean * mean, _PRIOR
        self.ended = 0
        """How many have been added."""
        self.jumps = 0
        """How often the guard has discarded the old ones."""

    @property
    def mean(self) -> float:
        """The mean of those that ended, in seconds."""
        return self._mean

    def add(self, seconds: float, now: float) -> None:
        """Record one that ended now, after ``seconds``."""
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
        """Return the chances of lasting longer than 0, step, 2 * step ...: ``steps`` + 1 values.

        ``going_on`` holds the ages of those that have not ended.
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
        # Half the class, wherever in it the end was: otherwise durations that are all alike, and
        # lie at one end of their class, would look spread out.
        self._spent[last] += self._widths[last] / 2.0
        self._weight = self._weight * self._keep + 1.0
        part = 1.0 / self._weight
        self._mean += (seconds - self._mean) * part
        self._square += (seconds * seconds - self._square) * part

    def _class_of(self, seconds: float) -> int:
        return min(int(np.searchsorted(self._edges, seconds, "right")) - 1, len(self._ends) - 1)

    def _lately(self, now: float) -> list[tuple[float, float]]:
        """Return the last _GUARD_OVER to begin, from a time whose calls have nearly all ended.

        Picking them by their ends would give others: in a burst of calls, those that fail at once
        end first, many in a row, and all calls would seem to have become short.
        """
        recent = self._recent
        longest = sorted(seconds for _, seconds in recent)[int(_GUARD_LONGEST * len(recent))]
        # Some of those that began before the first of these ended are no longer in the deque.
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
