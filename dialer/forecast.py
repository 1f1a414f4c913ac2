"""Who will need an agent, and who will still be busy, when a call dialled now is answered.

The moments that matter are ROWS quantiles of a new call's time to the answer. For each, every
ringing call has a chance to have been answered by then, and every busy agent one to be busy still,
given how long they have been at it. All chances stand in tables by age, learnt from what happened
and rebuilt now and then; a look takes the columns of the ages there are, and adds them up.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dialer.ages import Floats, Ints
from dialer.answer_rate import AnswerRates
from dialer.busy import Busy
from dialer.chances import rows_of, with_moments
from dialer.durations import Durations
from dialer.facts import UNKNOWN_LEAD, Lead
from dialer.lessons import CutShort, Detected, Lesson, Reached, Talked, WrappedUp
from dialer.policy import Situation
from domain.identity import ListName

ROWS = 8
_RING_STEP_S, _RING_STEPS = 0.5, 180
_HOUR_S = 3_600.0
_RATES_FOR_S = 0.5
_BEFORE_CUTS = 100
_LEAST = 1e-12


@dataclass(slots=True)
class Outlook:
    """What is to be expected at each of the ROWS moments."""

    agents: int
    """To plan with: ready and busy ones, but not those who want a break."""
    mean: list[float]
    """Expected number of agents needed: still busy, or wanted by an answered call."""
    variance: list[float]
    third: list[float]
    chances: Sequence[Floats]
    """(ROWS and more, n): in the first ROWS rows the chance that each call or agent is one of
    them; of all that are not certain."""
    certain: int
    """Persons who wait already, and count in ``mean``."""
    still_busy: list[float]
    """Of those, agents who are busy now."""
    answers: float
    """Expected answers by the last moment."""
    freed: float
    """Busy agents expected to be free by the last moment."""


class Forecast:
    """Learns from lessons, and looks ahead."""

    def __init__(self) -> None:
        self._reached: dict[ListName, Durations] = {}
        self._reached_all = _ring_times(mean=10.0, memory=800)
        self._missed = _ring_times(mean=15.0, memory=1_500)
        self.rates = AnswerRates()
        self._persons, self._detected = 1.0, 2.0
        self._cuts = 0
        self._new_rings = self._learnt_rings = 0
        self.moments: Floats = np.zeros(ROWS)
        """The moments looked at, in seconds from now."""
        self._curves: dict[ListName, tuple[Floats, Floats]] = {}
        self._ring_table: Floats = np.zeros((0, 3 * ROWS))
        self._rings: Floats = self._ring_table
        """The rows of those that rang at the last look."""
        self._later: Ints = np.zeros(ROWS, dtype=np.int64)
        """The moments in steps of the ringing."""
        self._ring_rates: list[float] = []
        self._rates_at = -1.0
        self._new_calls: dict[Lead | None, Floats] = {}
        self._build_rings()
        self._busy = Busy(self.moments)

    def learn(self, lesson: Lesson, now: float) -> None:
        """Take in what was learnt."""
        match lesson:
            case Reached(lead, seconds, person, kept):
                self.rates.add(lead, now, person)
                if self._cuts and not kept:  # those that end early are too many among them
                    return
                if person:
                    self._reached_all.add(seconds)
                    self._times_of(lead.list).add(seconds)
                else:
                    self._missed.add(seconds)
                self._new_rings += 1
            case CutShort(lead, seconds, _):
                self._learn_from_cut(lead, seconds, now)
            case Talked() | WrappedUp():
                self._busy.learn(lesson)
            case Detected(_, person):
                self._persons = self._persons * 0.998 + person
                self._detected = self._detected * 0.998 + 1.0

    def look(self, at: Situation, now: float) -> Outlook:
        """What is to be expected, without any call that is not under way."""
        under_way, ringing = at.under_way, at.under_way.ringing
        self._refresh(at, now)
        busy = len(under_way.talking) + len(under_way.wrapping_up)
        upto = busy + len(ringing)
        # One array for all: with ten rows numpy's calls cost more than what they do.
        coins = np.empty((upto + len(under_way.listened), 3 * ROWS))
        self._busy.look(under_way, now, coins[:busy])
        self._rings = coins[busy:upto]
        if len(ringing):
            rows = rows_of(ringing.ages(now) * (1.0 / _RING_STEP_S), _RING_STEPS)
            if len(self._ring_rates) > 1:
                rows += ringing.kinds * _RING_STEPS
            self._ring_table.take(rows, 0, self._rings, "clip")
        if len(under_way.listened):  # a person soon, or a machine
            share = np.full((len(under_way.listened), ROWS), self._persons / self._detected)
            coins[upto:] = with_moments(share)
        certain = len(under_way.waiting)
        every: list[float] = np.add.reduce(coins).tolist()
        still_busy: list[float] = np.add.reduce(coins[:busy, :ROWS]).tolist()
        mean = every[:ROWS]
        return Outlook(
            agents=under_way.agents,
            mean=[value + certain for value in mean] if certain else mean,
            variance=every[ROWS : 2 * ROWS],
            third=every[2 * ROWS :],
            chances=(coins.T,),
            certain=certain,
            still_busy=still_busy,
            answers=mean[-1] - still_busy[-1],
            freed=busy - still_busy[-1],
        )

    def new_call(self, lead: Lead | None, now: float) -> Floats:
        """The chances (ROWS,) that a call dialled now has been answered at each moment.

        As of the last look; ``lead`` is None if nobody knows whose turn it is.
        """
        found = self._new_calls.get(lead)
        if found is None:
            if lead is None:
                rate, curve = self.rates.overall(now), self._curve(UNKNOWN_LEAD.list)
            else:
                rate, curve = self.rates.rate(lead, now), self._curve(lead.list)
            found = rate * (1.0 - curve[0][self._later])
            self._new_calls[lead] = found
        return found

    @property
    def may_cut(self) -> bool:
        """Enough is known of how long answers take."""
        return self._reached_all.ended >= _BEFORE_CUTS

    def ringing_chances(self, at: Situation, now: float, which: Ints) -> Floats:
        """(ROWS, n) chances of the ringing calls at these places, as of the last look."""
        chances: Floats = self._rings.take(which, 0)[:, :ROWS].T
        return chances

    def _learn_from_cut(self, lead: Lead, seconds: float, now: float) -> None:
        """Nobody will know whether he would have answered: counted with the chance that he would.

        Left out, the patient ones would be missing among those not answered, and the answer rate
        would seem to rise with every cut.
        """
        self._cuts += 1
        reached, missed = self._curve(lead.list)
        age = min(int(seconds / _RING_STEP_S), len(reached) - 1)
        rate = self.rates.rate(lead, now)
        would = rate * float(reached[age])
        chance = would / max(would + (1.0 - rate) * float(missed[age]), _LEAST)
        self.rates.add(lead, now, chance)

    # Tables

    def _refresh(self, at: Situation, now: float) -> None:
        self.rates.hour_began(int((now - at.midnight) // _HOUR_S) % 24)
        if self._new_rings > max(15, min(self._learnt_rings // 12, 200)):
            self._learnt_rings += self._new_rings
            self._new_rings = 0
            self._build_rings()
        self._busy.refresh(at.under_way, now, self.moments)
        leads = at.under_way.leads
        if now >= self._rates_at + _RATES_FOR_S or len(leads) != len(self._ring_rates):
            self._rates_at = now
            self._new_calls.clear()
            rates = [self.rates.rate(lead, now) for lead in leads]
            self._build_ring_table(leads, rates)

    def _build_rings(self) -> None:
        steps = _RING_STEPS * 2
        missed = self._missed.survival(_RING_STEP_S, steps)
        self._curves = {
            name: (times.survival(_RING_STEP_S, steps), missed)
            for name, times in self._reached.items()
        }
        everyone = self._reached_all.survival(_RING_STEP_S, steps)
        self._curves[UNKNOWN_LEAD.list] = (everyone, missed)
        quantiles = (np.arange(ROWS) + 0.5) / ROWS
        steps_to = np.minimum(np.searchsorted(1.0 - everyone, quantiles), _RING_STEPS)
        later = np.maximum(steps_to, 1)
        if not np.array_equal(later, self._later):
            self._later, self.moments = later, later * _RING_STEP_S
        self._ring_rates = []
        self._rates_at = -1.0

    def _build_ring_table(self, leads: list[Lead], rates: list[float]) -> None:
        known = self._ring_rates
        if len(known) == len(rates) and all(
            abs(rate - old) <= 0.01 * old for rate, old in zip(rates, known, strict=True)
        ):
            return
        blocks = []
        ages = np.arange(_RING_STEPS)[:, None]
        for lead, rate in zip(leads, rates, strict=True):
            reached, missed = self._curve(lead.list)
            still = np.maximum(reached, _LEAST)
            by_then = 1.0 - still[ages + self._later] / still[ages]
            alive = rate * still[ages]
            chance = alive / (alive + (1.0 - rate) * np.maximum(missed[ages], _LEAST)) * by_then
            blocks.append(with_moments(chance))
        self._ring_table = np.concatenate(blocks) if blocks else np.zeros((0, 3 * ROWS))
        self._ring_rates = list(rates)

    def _times_of(self, name: ListName) -> Durations:
        found = self._reached.get(name)
        if found is None:
            found = self._reached[name] = _ring_times(mean=self._reached_all.mean, memory=500)
        return found

    def _curve(self, name: ListName) -> tuple[Floats, Floats]:
        return self._curves.get(name) or self._curves[UNKNOWN_LEAD.list]


def _ring_times(*, mean: float, memory: int) -> Durations:
    return Durations(mean=mean, finest=_RING_STEP_S, longest=600.0, memory=memory)
