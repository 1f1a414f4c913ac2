"""Foresight, our own policy: forecast each ringing call and each busy agent separately.

At ROWS moments, quantiles of a new call's time to the answer, the number of agents needed is a sum
of unequal coins (``dialer.forecast``, ``dialer.tail``). The *risk* of a call dialled now is the
mean, over the moments, of the highest chance from that moment on that all agents are taken. Later
moments count because a new call also harms those already ringing. We dial while the risk is under a
threshold.

The threshold is the price of the limit: after each person, its logarithm moves by
``gain * (aim * persons - abandoned)`` (Robbins and Monro, Ann. Math. Stat. 22, 1951), so the day's
share settles at the aim. In addition, no call goes out that has more than a small chance of
abandoning more than the limit has room for: this is the same risk, with that many more agents.
Dialling may thus continue while nobody may be abandoned, as long as an agent is free: the more
agents are free, the less likely it is that more of them will be wanted.

That gate also looks at what would happen if the answer rates were again as high as they have been
in the last hours, or if the stages of scripts said nothing. A rise is noticed only when people
answer, and a word that has changed its meaning when talks end; until then too many are dialled.
"""

from collections import Counter
from collections.abc import Iterable
from copy import copy
from dataclasses import replace
from math import exp, floor, inf, sqrt

import numpy as np

from dialer.abandon_count import Counted
from dialer.ages import Floats
from dialer.forecast import ROWS, Forecast, Needed, Outlook
from dialer.lessons import Lesson, WrappedUp
from dialer.policies.progressive import one_for_each
from dialer.policy import Reason, Situation, UnsuitableOption, Wish, policy
from dialer.tail import exact_tail, none_yet, normal_tail, with_coins
from domain.identity import AttemptId

_MOST_AT_ONCE = 100
_LEAST_THRESHOLD, _MOST_THRESHOLD = 1e-6, 0.9
_FARTHEST = 4.0
_CUT_AT = 2.0
_UNSEEN_SIGMAS = 2.0
"""With two standard deviations (Poisson) held back, one day in 50 is over by people unseen."""
_FEWEST = 0.03
_LITTLE_DOUBT = 0.1
"""As a fraction of the coins' own variance; less doubt than this is ignored."""
_SURE_AFTER, _SURE_DOUBT = 12, 0.2
"""Nothing is sure until _SURE_AFTER persons have answered in all, and about five of them
(1 / _SURE_DOUBT) support the answer rates believed now."""
_RISES = 0.002
"""The chance that a call goes out into a rise of the answer rate that nobody has noticed yet: that
takes some ten seconds, and there is a rise every hour and a half."""
_NO_RISE = 1.5
"""Up to this many times the rate, what was higher in the last hours was chance: of many estimates
the highest is too high."""
_MISLED = 0.02
"""The chance that the stages of scripts mislead all at once, as when all screens show the same page
after a reload."""
_SCENE = (
    "{agents} agents, {ready} ready; {ringing} calls ringing; {answers:.1f} answers and"
    " {freed:.1f} free agents expected within {horizon:.0f} s; "
)
_AT_THRESHOLD = (
    _SCENE + "risk {risk:.1%}, at most {threshold:.1%} is accepted; {room} more may be abandoned"
)
_AT_GATE = (
    _SCENE + "{room} more may be abandoned; risk of exceeding that {risk:.2%}, at most"
    " {threshold:.2%} is accepted"
)
_LEARNING = "learning ({ended} of {learn} calls have ended): "


@policy("foresight")
class Foresight:
    """``aim``: the target, as a fraction of the limit's share. ``start``: the first threshold, as a
    fraction of the share. ``gain``: how fast the threshold follows; divided by the root of agents
    times share, because a small team's day has few persons to abandon. ``breach``: the highest
    chance a call may have of breaking the limit, as a fraction of the share: it takes ``1 / share``
    persons to make room for one more. ``margin`` persons are held back from the room. ``cut``: hang
    up calls that have rung long enough when no agent is left for them. ``exact``: the risk is
    calculated exactly up to this many coins. ``learn``: dial progressively until this many calls
    have ended. ``stages``: whether to learn from the stages of scripts how long agents stay busy.

    With detection, people whom nobody sees take part of the limit. The first threshold is between
    the limit's share and what they leave of it (``AbandonCount.share_of_found``). There may be more
    of them than estimated: ``unseen`` is the fraction of their number that is held back once that
    is more than the margin, but at most _UNSEEN_SIGMAS times the root of their number.
    """

    def __init__(
        self,
        aim: float = 1.0,
        gain: float = 0.0465,
        breach: float = 0.07,
        start: float = 0.8,
        cut: bool = True,
        margin: float = 1.0,
        unseen: float = 0.12,
        exact: int = 14,
        learn: int = 50,
        stages: bool = True,
    ) -> None:
        for name, value, least, most in (
            ("aim", aim, 0.0, 1.0),
            ("gain", gain, 0.0, 1.0),
            ("breach", breach, 1e-3, 100.0),
            ("start", start, 1e-3, 100.0),
            ("margin", margin, 0.0, 100.0),
            ("unseen", unseen, 0.0, 10.0),
        ):
            if not least <= value <= most:
                raise UnsuitableOption(name, value, f"{least:g} to {most:g}")
        self._aim, self._gain, self._breach, self._cut = aim, gain, breach, cut
        self._start, self._follows = start, 0.0
        self._exact, self._learn, self._margin = exact, learn, margin
        self._stages = stages
        self._unseen = unseen
        self._forecast = Forecast()
        self._share = self._own = 0.03
        """The limit's share, and what the people unseen leave of it."""
        self._agents = 1

    @property
    def threshold(self) -> float:
        """The risk at which dialling stops."""
        # The risk that a campaign bears falls more slowly than the share that is left.
        threshold = self._start * sqrt(self._own * self._share) * exp(self._follows)
        return min(max(threshold, _LEAST_THRESHOLD), _MOST_THRESHOLD)

    def learn(self, lesson: Lesson, now: float) -> None:
        """Pass the lesson to the forecast."""
        if not self._stages and isinstance(lesson, WrappedUp) and lesson.talk is not None:
            lesson = replace(lesson, talk=None)
        self._forecast.learn(lesson, now)

    def counted(self, counted: Counted, _now: float) -> None:
        """Become bolder with each person served, more timid with each one abandoned."""
        gain = self._gain / sqrt(max(self._agents * self._share, _FEWEST))
        allowed = self._aim * self._share * counted.base - self._unseen * counted.unseen
        step = gain * (allowed - counted.abandoned)
        self._follows = min(max(self._follows + step, -_FARTHEST), _FARTHEST)

    def decide(self, at: Situation, now: float) -> Wish:
        """Dial as many as keep the risk under the threshold."""
        self._share, self._own = at.limit.limit.share, at.limit.share_of_found
        least = one_for_each(at)
        if at.ended < self._learn:
            figures = {**least.reason.figures, "ended": at.ended, "learn": self._learn}
            reason = Reason(_LEARNING + least.reason.text, figures)
            if at.under_way.agents:
                return Wish(least.count, reason)
            look = self._forecast.look(at, now)
            return Wish(least.count, reason, self._to_cut(at, look.needed_soon, now))
        look = self._forecast.look(at, now, few=self._exact)
        self._agents = look.agents
        room = at.limit.room(now)
        unseen = at.limit.unseen
        perhaps = min(self._unseen * unseen, _UNSEEN_SIGMAS * sqrt(unseen))
        aside = max(self._margin, perhaps)
        spare = _MOST_AT_ONCE if room == inf else max(0, floor(room - aside))
        risk = _Risk(look, spare)
        if at.placing:
            risk.add(self._next_calls(at, 0, at.placing, now))
        threshold = self.threshold
        # If we are over the limit already, allow less the further over we are.
        breach = self._breach * self._share / (1.0 + max(0.0, -room))
        breach = min(max(breach, _LEAST_THRESHOLD), _MOST_THRESHOLD)
        first = risk.now(threshold, breach)
        count, used = 0, first
        longest = most = min(_MOST_AT_ONCE, max(at.most, 0) + 1)
        while max(used) < 1.0 and count < most:
            more = min(risk.stride(count), longest, most - count)
            calls = self._next_calls(at, at.placing + count, more, now)
            farther = risk if more == 1 else copy(risk)
            farther.add(calls)
            farther_used = farther.now(threshold, breach)
            if more > 1 and max(farther_used) >= 1.0:  # too far
                longest = more // 2
                continue
            risk, used = farther, farther_used
            count += more
        at_gate = used[1] > used[0]
        allowed = breach if at_gate else threshold
        hang_up = self._to_cut(at, look.needed_soon, now)
        figures = {
            "agents": look.agents,
            "ready": at.under_way.ready,
            "ringing": len(at.under_way.ringing),
            "answers": look.answers[-1],
            "freed": look.freed,
            "horizon": float(self._forecast.moments[-1]),
            "risk": first[at_gate] * allowed,
            "threshold": allowed,
            "room": spare,
        }
        return Wish(
            max(count, least.count),
            Reason(_AT_GATE if at_gate else _AT_THRESHOLD, figures),
            hang_up,
            at_least=max(used) < 1.0,
            sure=self._share > 0.0 and at.reached >= _SURE_AFTER and risk.doubt <= _SURE_DOUBT,
        )

    def _next_calls(
        self, at: Situation, place: int, count: int, now: float
    ) -> list[tuple[Floats, float, float, int]]:
        """Return what to expect of the calls that go out after ``place`` others: the chances, their
        doubt, their rise, and how many of ``count`` are like this."""
        leads = at.next_leads
        if not leads:
            return [(*self._forecast.new_call(None, now), count)]
        number = Counter(leads[place : place + count])
        number[leads[-1]] += count - number.total()  # more than are known: like the last one
        return [(*self._forecast.new_call(lead, now), of) for lead, of in number.items() if of]

    def _to_cut(self, at: Situation, soon: Needed, now: float) -> tuple[AttemptId, ...]:
        """Return the calls to hang up, oldest first: those that have rung long enough and, if
        answered soon, would find no agent with more than _CUT_AT times the chance accepted for a
        new call. If all agents have gone, all that have rung long enough."""
        nobody_left = at.under_way.agents == 0
        if not self._cut or not (nobody_left or self._forecast.may_cut):
            return ()
        most = 0.0 if nobody_left else _CUT_AT * self.threshold
        under_way, least = at.under_way, at.limit.limit.min_ring_s
        if _taken(soon, under_way.agents) < most:  # nor is it more without one of them
            return ()
        ringing = under_way.ringing
        ages = ringing.ages(now)
        old = np.flatnonzero(ages >= least)
        may = [
            place
            for place in old[np.argsort(-ages[old], kind="stable")].tolist()
            if under_way.may_be_cut(ringing.keys[place], now, least_s=least)
        ]
        # The more are hung up, the fewer agents are needed: hang up the most that don't bring the
        # chance below ``most``.
        added_up = np.cumsum(self._forecast.answers_soon(may), axis=0)
        fewest, upto = 0, len(may)
        while fewest < upto:
            count = (fewest + upto + 1) // 2
            if _taken(soon.without(*added_up[count - 1].tolist()), under_way.agents) < most:
                upto = count - 1
            else:
                fewest = count
        return tuple(ringing.keys[place] for place in may[:fewest])


def _taken(needed: Needed, agents: int) -> float:
    """Return the chance that all agents are taken, averaged over the moments."""
    tails = [normal_tail(*each, agents) for each in needed.moments()]
    return sum(tails) / len(tails)


class _Risk:
    """The risk of one more call, updated as calls are added."""

    def __init__(self, look: Outlook, spare: int) -> None:
        self._agents, self._spare = look.agents, spare
        self._certain = look.certain
        self._needed = look.needed
        self._answers, self._doubt, self._risen = look.answers, look.doubt, look.risen
        self._unstaged = look.unstaged
        self._distribution: Floats | None = None
        if look.chances is not None:
            self._distribution = with_coins(none_yet(ROWS), look.chances)

    @property
    def doubt(self) -> float:
        """The variance that doubt adds to the answers by the last moment, as a fraction of their
        square."""
        answers = self._answers[-1]
        return (self._doubt[-1] / answers) ** 2 if answers > 0.0 else 0.0

    def stride(self, count: int) -> int:
        """Return how many calls to add at once after ``count``: the risk hardly ever falls with
        another call, so it need not be looked at after each."""
        return 1 if self._distribution is not None else max(1, count // 2)

    def add(self, calls: Iterable[tuple[Floats, float, float, int]]) -> None:
        """Add calls: for each kind, the chances of having been answered, their doubt, their rise,
        and how many. ``doubt`` is how far off their rate may be; it is added as if the other calls
        shared the same error. ``rise`` is how many times their rate may be."""
        for heads, doubt, rise, number in calls:
            if self._distribution is not None:
                coins = np.broadcast_to(heads[:, None], (ROWS, number))
                self._distribution = with_coins(self._distribution, coins)
            chances = heads.tolist()
            self._answers = [a + number * p for a, p in zip(self._answers, chances, strict=True)]
            rise *= number
            self._risen = [r + rise * p for r, p in zip(self._risen, chances, strict=True)]
            doubt *= number
            self._doubt = [d + doubt * p for d, p in zip(self._doubt, chances, strict=True)]
            self._needed = self._needed.with_coins(chances, number)

    def now(self, threshold: float, breach: float) -> tuple[float, float]:
        """Return the risk and the gate's risk, as fractions of what is allowed: while both are
        under 1, one more call may go out. A value of 1 or more is a lower bound; and if the risk
        is 1 or more, the gate is not evaluated and its value is 0."""
        used = self._of(self._agents, threshold)
        if used >= 1.0:
            return used, 0.0
        agents = self._agents + self._spare
        gate = self._of(agents, breach)
        if gate < 1.0:
            gate += self._after_a_rise(agents, breach, 1.0 - gate)
        if gate < 1.0:
            gate += self._if_misled(agents, breach, 1.0 - gate)
        return used, gate

    def _after_a_rise(self, agents: int, allowed: float, left: float) -> float:
        """Return the chance that the call meets a rise of the answer rate and all agents are taken
        at some moment after it, as a fraction of ``allowed``; 0 if it is less than ``left`` in any
        case. The moment is the worst one, because the rise comes to all calls alike: what counts is
        how many it leaves alone."""
        answers, risen = self._answers[-1], self._risen[-1]
        if risen <= _NO_RISE * answers:
            return 0.0
        # For each answer that is expected, a rise brings so many more (Bayes).
        odds = _RISES * (risen / answers - _NO_RISE)
        meets = odds / (1.0 + odds) / allowed
        if meets < left:
            return 0.0
        needed, worst = self._needed, 0.0
        for row in range(ROWS - 1, -1, -1):
            more = self._risen[row] - self._answers[row]
            mean, variance, third = needed.mean[row], needed.variance[row], needed.third[row]
            worst = max(worst, normal_tail(mean + more, variance + more, third + more, agents))
            if worst * meets >= left:
                break
        return worst * meets

    def _if_misled(self, agents: int, allowed: float, left: float) -> float:
        """Return the chance that the stages mislead and all agents are taken at some moment, as a
        fraction of ``allowed``; 0 if it is less than ``left`` in any case."""
        unstaged, meets = self._unstaged, _MISLED / allowed
        if unstaged is None or meets < left:
            return 0.0
        worst = 0.0
        for needed, more in zip(self._needed.moments(), unstaged.moments(), strict=True):
            if more[0] > 0.0:
                mean, variance, third = (a + b for a, b in zip(needed, more, strict=True))
                worst = max(worst, normal_tail(mean, variance, third, agents))
                if worst * meets >= left:
                    break
        return worst * meets

    def _of(self, agents: int, allowed: float) -> float:
        """Return the mean, over the moments, of the highest chance from each moment on, as a
        fraction of ``allowed``."""
        exact = self._distribution
        tails = None if exact is None else exact_tail(exact, agents - self._certain)
        worst, total, full = 0.0, 0.0, allowed * ROWS
        for row in range(ROWS - 1, -1, -1):
            if tails is None:
                tail = self._tail(row, agents)
            elif self._doubt[row] ** 2 > _LITTLE_DOUBT * self._needed.variance[row]:
                tail = max(tails[row], self._tail(row, agents))
            else:
                tail = tails[row]
            if tail > worst:
                worst = tail
            total += worst
            if total + worst * row >= full:  # the remaining rows add at least this much
                return (total + worst * row) / full
        return total / full

    def _tail(self, row: int, agents: int) -> float:
        """Return the chance that all agents are taken when the coins' rate is in doubt. The rate is
        taken as drawn from a gamma distribution, which adds 3 d a**2 + 2 d**2 a**3 to the third
        moment of ``a`` answers with a relative variance of ``d`` (Greenwood and Yule, J. R. Stat.
        Soc. 83, 1920)."""
        needed, answers, doubt = self._needed, self._answers[row], self._doubt[row] ** 2
        third = needed.third[row]
        if answers > 0.0:  # capped: skewness can correct no more than the answers
            third += doubt * (3.0 + 2.0 * min(doubt / answers, answers))
        return normal_tail(needed.mean[row], needed.variance[row] + doubt, third, agents)
