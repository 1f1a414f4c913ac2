"""How likely a dialled number is to bring a person, learnt from the results of earlier calls.

Several memories run side by side, from the last few dozen calls to the last few thousand. We
believe the longest one that no shorter one contradicts (Lepski, Theory Probab. Appl. 35, 1990):
steady lists get a steady rate, and after a jump the short memories take over at once. Too low a
rate abandons customers; too high a rate only wastes time. The last minute may therefore raise the
rate, to what it shows less one standard error.

What has been may come back: when a match is over, or when a trunk works again, many of the numbers
dialled in the last seconds are answered at once. So the highest rate of the last hours is kept.
"""

from collections import deque
from math import inf, sqrt

from dialer.pacing_facts import Lead

_MEMORIES = (40, 120, 360, 1_080, 3_240)
_CONTRADICTED = 2.5  # standard errors
_FAST_S = 60.0
_FAST_FEWEST = 5
_FAST_SIGMAS = 1.0
_PEAK_FOR_S = 7_200.0
_PEAK_EVERY_S = 5.0
_PEAK_FEWEST = 30.0
_PEAK_SIGMAS = 1.0
_ASSUMED_FOR_S = 1_800.0
_LEAST = 0.002
_ASSUMED = 0.3
_ASSUMED_WEIGHT = 5.0
_SEGMENT_WEIGHT = 25.0
_HOUR_WEIGHT = 150.0


class AnswerRate:
    """A running estimate of the share of dialled numbers that bring a person, 0 to 1."""

    def __init__(self, assumed: float = _ASSUMED, weight: float = _ASSUMED_WEIGHT) -> None:
        self._fast: deque[tuple[float, float]] = deque()
        self._fast_reached = 0.0
        self._peaks: deque[tuple[float, float]] = deque()
        """Since when a rate is in the past, and the rate: only those that no later one exceeds."""
        self._peak_at = -inf
        self._assumed = assumed
        self.begin(assumed, weight)

    def begin(self, assumed: float, weight: float) -> None:
        """Forget everything and start from this rate, with the weight of this many calls."""
        self._sums = [assumed * weight] * len(_MEMORIES)
        self._weights = [weight] * len(_MEMORIES)
        self._believed: float | None = assumed
        self._behind = weight

    def add(self, now: float, person: float) -> None:
        """Record that a dialled number brought a person (1) or not (0), or perhaps (in between)."""
        self._believed = None
        for place, memory in enumerate(_MEMORIES):
            keep = 1.0 - 1.0 / memory
            self._sums[place] = self._sums[place] * keep + person
            self._weights[place] = self._weights[place] * keep + 1.0
        self._fast.append((now, person))
        self._fast_reached += person
        self._forget_before(now - _FAST_S)

    def rate(self, now: float) -> float:
        """Return the chance that the next number brings a person."""
        self._forget_before(now - _FAST_S)
        rate, fast = self.believed, len(self._fast)
        if fast >= _FAST_FEWEST:
            seen = min(max((self._fast_reached + rate) / (fast + 1), 0.0), 1.0)
            rate = max(rate, seen - _FAST_SIGMAS * sqrt(seen * (1.0 - seen) / fast))
        return min(max(rate, _LEAST), 1.0)

    def peak(self, now: float) -> float:
        """Return the highest rate believed in the last two hours, less its standard error. What was
        assumed at first counts among them for half an hour: nobody knows whether it held a minute
        ago."""
        peaks = self._peaks
        if now >= self._peak_at:
            if self._peak_at == -inf:
                peaks.append((now - _PEAK_FOR_S + _ASSUMED_FOR_S, self._assumed))
            self._peak_at = now + _PEAK_EVERY_S
            believed = min(self.believed, 1.0)
            if self._behind >= _PEAK_FEWEST:
                error = sqrt(believed * (1.0 - believed) / self._behind)
                peak = believed - _PEAK_SIGMAS * error
                while peaks and peaks[-1][1] <= peak:
                    peaks.pop()
                peaks.append((now, peak))
            while peaks and peaks[0][0] < now - _PEAK_FOR_S:
                peaks.popleft()
        return peaks[0][1] if peaks else 0.0

    def _forget_before(self, then: float) -> None:
        fast = self._fast
        while fast and fast[0][0] < then:
            self._fast_reached -= fast.popleft()[1]

    @property
    def weight(self) -> float:
        """How many calls support the rate, at most the length of the longest memory."""
        return self._weights[-1]

    @property
    def believed(self) -> float:
        """The rate in the longest memory that no shorter one contradicts, but not less than 1 in
        n + 2 for the n calls behind it: a dead trunk does not make a list without people."""
        if self._believed is None:
            believed, self._behind = self._longest_uncontradicted()
            self._believed = max(believed, 1.0 / (self._behind + 2.0))
        return self._believed

    @property
    def doubt(self) -> float:
        """The variance of the believed rate, as a fraction of its square: about 1 / persons. An
        exponential memory is worth twice as many; this errs on the safe side."""
        believed = min(max(self.believed, _LEAST), 1.0)
        return (1.0 - believed) / (believed * self._behind)

    def _longest_uncontradicted(self) -> tuple[float, float]:
        """Return the rate in that memory, and how many calls support it."""
        means = [total / weight for total, weight in zip(self._sums, self._weights, strict=True)]
        believed, behind = means[0], self._weights[0]
        for longer in range(1, len(means)):
            mean = (self._sums[longer] + 1.0) / (self._weights[longer] + 2.0)
            variance = mean * (1.0 - mean)
            for shorter in range(longer):
                # An exponential memory of m calls is worth 2m of them.
                worth = 2.0 * self._weights[shorter]
                apart = abs(means[shorter] - means[longer])
                if apart > _CONTRADICTED * sqrt(variance / worth):
                    return believed, behind
            believed, behind = means[longer], self._weights[longer]
        return believed, behind


class AnswerRates:
    """A rate for each list and each of its segments. Each hour starts from what that hour brought
    before."""

    def __init__(self) -> None:
        self._all = AnswerRate()
        self._rates: dict[tuple[str, str], AnswerRate] = {}
        self._hours: dict[tuple[tuple[str, str], int], float] = {}
        self._hour: int | None = None

    def hour_began(self, hour: int) -> None:
        """Start a new hour of the day, 0 to 23, in the campaign's time zone."""
        before, self._hour = self._hour, hour
        if before is None or before == hour:
            return
        for key, rate in self._rates.items():
            if rate.weight > _HOUR_WEIGHT:
                self._hours[key, before] = rate.believed
            known = self._hours.get((key, hour))
            if known is not None:
                rate.begin((rate.believed + known) / 2.0, _HOUR_WEIGHT)

    def add(self, lead: Lead, now: float, person: float) -> None:
        """Record that a dialled lead brought a person (1) or not (0), or perhaps (in between)."""
        self._of(lead.list, lead.segment).add(now, person)
        if lead.segment:
            self._of(lead.list, "").add(now, person)
        self._all.add(now, person)

    def rate(self, lead: Lead, now: float) -> float:
        """Return the chance that a lead like this brings a person."""
        return self._of(lead.list, lead.segment).rate(now)

    def rise(self, lead: Lead, now: float) -> float:
        """Return how many times its rate that of leads like this has been in the last two hours; 1
        if it has not been higher."""
        rate = self._of(lead.list, lead.segment)
        return max(rate.peak(now) / rate.rate(now), 1.0)

    def doubt(self, lead: Lead) -> float:
        """Return how far off that may be: its variance, as a fraction of its square."""
        return self._of(lead.list, lead.segment).doubt

    def overall(self, now: float) -> float:
        """Return the chance that a number we know nothing about brings a person."""
        return self._all.rate(now)

    def overall_rise(self, now: float) -> float:
        """Return how many times the overall rate has been in the last two hours, 1 or more."""
        return max(self._all.peak(now) / self._all.rate(now), 1.0)

    @property
    def overall_doubt(self) -> float:
        """How far off the overall rate may be: its variance, as a fraction of its square."""
        return self._all.doubt

    def _of(self, name: str, segment: str) -> AnswerRate:
        found = self._rates.get((name, segment))
        if found is None:
            parent = self._of(name, "") if segment else self._all
            weight = min(_SEGMENT_WEIGHT if segment else _ASSUMED_WEIGHT, parent.weight)
            found = self._rates[name, segment] = AnswerRate(parent.believed, weight)
        return found
