"""Forecast how many agents will be needed, and how many still busy, when a new call is answered.

The moments that matter are ROWS quantiles of a new call's time to the answer and, for calls that
have been ringing for long, the next few seconds (SOON_S). For each moment, every ringing call has a
chance of having been answered by then, and every busy agent a chance of still being busy, given how
long they have been at it. These chances are kept in tables by age (``dialer.ring_table``,
``dialer.busy``), learnt from what happened and rebuilt now and then; a look adds up those of the
current ages.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from dialer.ages import Floats, Ints
from dialer.answer_rate import AnswerRates
from dialer.busy import Busy
from dialer.chances import with_moments
from dialer.durations import Durations
from dialer.lessons import CutShort, Detected, Lesson, Reached, Talked, WrappedUp
from dialer.pacing_facts import UNKNOWN_LEAD, Lead
from dialer.policy import Situation
from dialer.ring_table import STEP_S, STEPS, Curves, RingTable
from dialer.under_way import UnderWay
from domain.identity import ListName

ROWS = 8
SOON_S = (1.5, 4.0, 7.0)
"""Seconds from now. A call that has been ringing for long is answered by then or hardly ever."""
_MOMENTS = ROWS + len(SOON_S)
_HOUR_S = 3_600.0
_RATES_FOR_S = 0.5
_BEFORE_CUTS = 100
_LEAST = 1e-12


@dataclass(slots=True)
class Needed:
    """How many agents are needed at each of several moments: those still busy, and those wanted by
    a call that has been answered."""

    mean: list[float]
    variance: list[float]
    third: list[float]
    """The three are the sums of p, of p(1-p) and of p(1-p)(1-2p)."""

    def with_coins(self, heads: list[float], number: int) -> "Needed":
        """Return the same with ``number`` more calls, each answered with these chances."""
        return Needed(
            [mean + number * p for mean, p in zip(self.mean, heads, strict=True)],
            [whole + number * p * (1 - p) for whole, p in zip(self.variance, heads, strict=True)],
            [
                whole + number * p * (1 - p) * (1 - 2 * p)
                for whole, p in zip(self.third, heads, strict=True)
            ],
        )

    def without(self, mean: list[float], variance: list[float], third: list[float]) -> "Needed":
        """Return the same without some calls, given their sums."""
        return Needed(
            [whole - part for whole, part in zip(self.mean, mean, strict=True)],
            [max(whole - part, 0.0) for whole, part in zip(self.variance, variance, strict=True)],
            [whole - part for whole, part in zip(self.third, third, strict=True)],
        )

    def moments(self) -> Iterator[tuple[float, float, float]]:
        """Yield the mean, variance and third moment for each moment in time."""
        return zip(self.mean, self.variance, self.third, strict=True)


@dataclass(slots=True)
class Outlook:
    """What to expect, at each of the ROWS moments unless stated otherwise."""

    agents: int
    """The number to plan with: ready and busy agents, but not those who want a break."""
    needed: Needed
    chances: Floats | None
    """(ROWS, n): the chance that each call or agent that is not certain counts in ``needed``; None
    if there are more of them than were asked for."""
    certain: int
    """Persons who are already waiting; they are included in ``needed``."""
    still_busy: list[float]
    """How many of the agents busy now will still be busy."""
    needed_soon: Needed
    """The same as ``needed``, at SOON_S."""
    answers: list[float]
    """Expected answers by each moment, not including those that are certain."""
    doubt: list[float]
    """How far off ``answers`` may be because the answer rates are: a standard deviation in persons.
    All calls of a list or segment share the error of its rate, which independent coins ignore."""
    risen: list[float]
    """The same as ``answers``, if the answer rates were as high as they have been in the last
    hours."""
    unstaged: Needed | None
    """What ``needed`` would be higher by if the stages of scripts were not known; None if none
    is."""
    freed: float
    """Busy agents expected to be free by the last moment."""


class Forecast:
    """Predicts answers and busy agents from what it has learnt."""

    def __init__(self) -> None:
        self._reached: dict[ListName, Durations] = {}
        self._reached_all = _ring_times(mean=10.0, memory=800)
        self._missed = _ring_times(mean=15.0, memory=1_500)
        self.rates = AnswerRates()
        self._persons, self._detected = 1.0, 2.0
        self._cuts = 0
        self._new_rings = self._learnt_rings = 0
        self._moments: Floats = np.zeros(_MOMENTS)
        """All moments looked at, in seconds from now: ROWS quantiles, then SOON_S."""
        self._curves: dict[ListName, Curves] = {}
        self._rings = RingTable(UNKNOWN_LEAD.list)
        self._later: Ints = np.zeros(_MOMENTS, dtype=np.int64)
        """The moments, in steps of ringing time."""
        self._rates_at = -1.0
        self._new_calls: dict[Lead | None, tuple[Floats, float, float]] = {}
        self._build_rings()
        self._busy = Busy(self._moments)

    @property
    def moments(self) -> Floats:
        """The ROWS moments, in seconds from now."""
        return self._moments[:ROWS]

    def learn(self, lesson: Lesson, now: float) -> None:
        """Learn from one lesson."""
        match lesson:
            case Reached(lead, seconds, person, kept):
                self.rates.add(lead, now, person)
                if self._cuts and not kept:  # biased: those that end early are overrepresented
                    return
                if person:
                    self._reached_all.add(seconds, now)
                    self._times_of(lead.list).add(seconds, now)
                else:
                    self._missed.add(seconds, now)
                self._new_rings += 1
            case CutShort(lead, seconds, _):
                self._learn_from_cut(lead, seconds, now)
            case Talked() | WrappedUp():
                self._busy.learn(lesson, now)
            case Detected(_, person):
                self._persons = self._persons * 0.998 + person
                self._detected = self._detected * 0.998 + 1.0

    def look(self, at: Situation, now: float, *, few: int = 0) -> Outlook:
        """Return what to expect from the calls and agents under way, without any new call. Each
        one's chances are included if there are no more than ``few``."""
        under_way, ringing = at.under_way, at.under_way.ringing
        self._refresh(at, now)
        busy = len(under_way.talking) + len(under_way.wrapping_up)
        coins = np.empty((busy + len(under_way.listened), 3 * _MOMENTS))
        unstaged = self._busy.look(under_way, now, coins[:busy])
        if len(under_way.listened):  # a person soon, or a machine
            share = np.full((len(under_way.listened), _MOMENTS), self._persons / self._detected)
            coins[busy:] = with_moments(share)
        sums, off, rise = np.add.reduce(coins), [0.0] * ROWS, [1.0] * ROWS
        self._rings.look(ringing, now)
        if len(ringing):
            ringing_sums, off, rise = self._rings.sums(ROWS)
            sums += ringing_sums
        certain = len(under_way.waiting)
        every: list[float] = sums.tolist()
        still_busy: list[float] = np.add.reduce(coins[:busy, :ROWS]).tolist()
        answers = [all_ - busy_ for all_, busy_ in zip(every[:ROWS], still_busy, strict=True)]
        if certain:
            every[:_MOMENTS] = [mean + certain for mean in every[:_MOMENTS]]
        middle, last = _MOMENTS, 2 * _MOMENTS
        return Outlook(
            agents=under_way.agents,
            needed=_first_rows(every),
            chances=self._chances_of(coins) if len(coins) + len(ringing) <= few else None,
            certain=certain,
            still_busy=still_busy,
            needed_soon=Needed(
                every[ROWS:middle], every[middle + ROWS : last], every[last + ROWS :]
            ),
            answers=answers,
            doubt=[part * number for part, number in zip(off, answers, strict=True)],
            risen=[part * number for part, number in zip(rise, answers, strict=True)],
            unstaged=None if unstaged is None else _first_rows(unstaged.tolist()),
            freed=busy - still_busy[-1],
        )

    def _chances_of(self, others: Floats) -> Floats:
        both: Floats = np.concatenate((others[:, :ROWS], self._rings.chances()[:, :ROWS])).T
        return both

    def new_call(self, lead: Lead | None, now: float) -> tuple[Floats, float, float]:
        """Return the chances (ROWS,) that a call dialled now has been answered by each moment; how
        far off their rate may be: its standard deviation, as a fraction of the rate; and how many
        times the rate it has been in the last hours.

        This is as of the last look; ``lead`` is None if the next lead is not known.
        """
        found = self._new_calls.get(lead)
        if found is None:
            if lead is None:
                rate, curve = self.rates.overall(now), self._curve(UNKNOWN_LEAD.list)
                doubt, rise = self.rates.overall_doubt, self.rates.overall_rise(now)
            else:
                rate, curve = self.rates.rate(lead, now), self._curve(lead.list)
                doubt, rise = self.rates.doubt(lead), self.rates.rise(lead, now)
            found = rate * (1.0 - curve[0][self._later[:ROWS]]), sqrt(doubt), rise
            self._new_calls[lead] = found
        return found

    @property
    def may_cut(self) -> bool:
        """Whether enough is known about how long answers take."""
        return self._reached_all.ended >= _BEFORE_CUTS

    def answers_soon(self, places: Sequence[int]) -> Floats:
        """Return what each of the ringing calls at these places adds to ``needed_soon``, as of the
        last look: (n, 3, moments), the mean, variance and third moment."""
        moments = with_moments(self._rings.chances(places))
        return moments.reshape(len(places), 3, _MOMENTS)[:, :, ROWS:]

    def _learn_from_cut(self, lead: Lead, seconds: float, now: float) -> None:
        """Count a call we cut with the chance that it would have been answered.

        If such calls were left out, those that ring for long would be missing among the unanswered
        ones, and the answer rate would seem to rise with every cut.
        """
        self._cuts += 1
        reached, missed = self._curve(lead.list)
        age = min(int(seconds / STEP_S), len(reached) - 1)
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
        self._busy.refresh(at.under_way, now, self._moments)
        if now >= self._rates_at + _RATES_FOR_S or len(at.under_way.leads) != self._rings.kinds:
            self._rates_at = now
            self._new_calls.clear()
            self._update_rates(at.under_way, now)

    def _build_rings(self) -> None:
        steps = STEPS * 2
        missed = self._missed.survival(STEP_S, steps)
        self._curves = {
            name: (times.survival(STEP_S, steps), missed) for name, times in self._reached.items()
        }
        everyone = self._reached_all.survival(STEP_S, steps)
        self._curves[UNKNOWN_LEAD.list] = (everyone, missed)
        quantiles = (np.arange(ROWS) + 0.5) / ROWS
        steps_to = np.minimum(np.searchsorted(1.0 - everyone, quantiles), STEPS)
        soon = np.array(SOON_S) / STEP_S
        later = np.concatenate((np.maximum(steps_to, 1), soon.astype(np.int64)))
        if not np.array_equal(later, self._later):
            self._later, self._moments = later, later * STEP_S
        self._rings.begin(self._curves, later)
        self._rates_at = -1.0

    def _update_rates(self, under_way: UnderWay, now: float) -> None:
        """Update the rates of the kinds that ring: there may be hundreds of others."""
        leads = under_way.leads
        if len(leads) != self._rings.kinds:
            self._rings.add_kinds([lead.list for lead in leads])
        kinds = sorted(set(under_way.ringing.kinds.tolist()))
        rates = [self.rates.rate(leads[kind], now) for kind in kinds]
        doubts = [self.rates.doubt(leads[kind]) for kind in kinds]
        rises = [self.rates.rise(leads[kind], now) for kind in kinds]
        self._rings.update(kinds, rates, doubts, rises)

    def _times_of(self, name: ListName) -> Durations:
        found = self._reached.get(name)
        if found is None:
            found = self._reached[name] = _ring_times(mean=self._reached_all.mean, memory=500)
        return found

    def _curve(self, name: ListName) -> Curves:
        return self._curves.get(name) or self._curves[UNKNOWN_LEAD.list]


def _first_rows(sums: list[float]) -> Needed:
    """Return the first ROWS moments of sums of coins, as ``with_moments`` arranges them."""
    middle, last = _MOMENTS, 2 * _MOMENTS
    return Needed(sums[:ROWS], sums[middle : middle + ROWS], sums[last : last + ROWS])


def _ring_times(*, mean: float, memory: int) -> Durations:
    return Durations(mean=mean, finest=STEP_S, longest=600.0, memory=memory)
