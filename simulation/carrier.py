"""The simulated trunk: which calls it takes, and when it fails."""

from collections.abc import Iterator
from heapq import merge
from math import inf
from random import Random

from simulation.scenario import Scenario, TrunkFailure

REFUSES_WITHIN_S = (0.1, 0.4)
REPEATED_AFTER_S = (0.5, 1.5, 3.5, 7.5, 15.5, 31.5)
"""When an INVITE without a reply is sent again, in seconds after the first (RFC 3261, timer A)."""
GIVEN_UP_AFTER_S = 32.0
"""When it is given up (RFC 3261, timer B)."""
_HOUR_S = 3_600.0


class Carrier:
    """What truly carries the day's calls."""

    def __init__(self, scenario: Scenario, rng: Random) -> None:
        self._failures = scenario.failures
        self._rng = rng
        self._refused = scenario.trunk.refused
        self._end = scenario.hours * _HOUR_S
        lines = scenario.trunk.lines
        self.lines = scenario.lines if lines is None else min(lines, scenario.lines)
        """How many calls it carries at once."""

    def failure(self, now: float) -> TrunkFailure | None:
        """Return the failure that goes on, if any."""
        return next((each for each in self._failures if each.goes_on(now)), None)

    def cuts(self) -> Iterator[float]:
        """Yield the times of the day at which it cuts off the calls that ring, in order."""
        return merge(*(self._begins(each) for each in self._failures if each.cuts_ringing))

    def refuses(self) -> bool:
        """Return whether it refuses a call although nothing is wrong with it."""
        return self._refused > 0.0 and self._rng.random() < self._refused

    def refuses_after_s(self) -> float:
        """Return how many seconds it takes to refuse a call."""
        return self._rng.uniform(*REFUSES_WITHIN_S)

    def _begins(self, failure: TrunkFailure) -> Iterator[float]:
        at = failure.at_h * _HOUR_S
        while at < self._end:
            yield at
            at += failure.every_s or inf
