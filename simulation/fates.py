"""Draws what becomes of a call that the trunk carries: it is answered, refused, or rings out.

The world draws from here, and so does whoever plays the same world on real phones
(``bench.live_customers``).
"""

from dataclasses import dataclass
from random import Random

from dialer.causes import Cause
from simulation.scenario import Scenario

_LEAST_DELAY_S = 0.001
"""Seconds. If all times were 0, time would stand still and the day would never end."""
_BUSY_WITHIN_S = 3.0


@dataclass(slots=True)  # one per call; a frozen one takes twice as long to make
class Fate:
    """What becomes of one call. Times are in seconds."""

    delay_s: float
    """From dialling to ringing, or to the refusal of a dead number."""
    rings_s: float | None
    """From then to the end, if there is any ringing."""
    cause: Cause | None
    """Why it ends unanswered; None: it is answered."""
    person: bool
    """Whether a person answers, not a machine."""


class Fates:
    """Draws the fates of a scenario's calls."""

    def __init__(self, scenario: Scenario) -> None:
        self._machines = scenario.machines
        self._refusals = scenario.refusals
        self._ring_at_most_s = scenario.ring_at_most_s
        self._draw_delay = scenario.delay.draw()
        self._draw_ring = scenario.ring.draw()

    def draw(self, rng: Random, rate: float) -> Fate:
        """Draw the fate of a call that a person answers with the chance ``rate``, if they are given
        the time."""
        delay_s = max(_LEAST_DELAY_S, self._draw_delay(rng))
        chance = rng.random()
        if chance < rate + self._machines:
            ring_s = self._draw_ring(rng)
            if ring_s < self._ring_at_most_s:
                return Fate(delay_s, ring_s, None, chance < rate)
            return Fate(delay_s, self._ring_at_most_s, Cause.NO_ANSWER, person=False)
        kind = rng.random()
        if kind < self._refusals.invalid:
            return Fate(delay_s, None, Cause.INVALID, person=False)
        if kind < self._refusals.invalid + self._refusals.busy:
            return Fate(delay_s, rng.uniform(0.0, _BUSY_WITHIN_S), Cause.BUSY, person=False)
        return Fate(delay_s, self._ring_at_most_s, Cause.NO_ANSWER, person=False)
