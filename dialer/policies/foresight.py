"""Foresight: ours. Each ringing call and each busy agent is foreseen, with chances of its own.

At ROWS moments, quantiles of a new call's time to the answer, the number of agents needed is a sum
of unequal coins (``dialer.forecast``, ``dialer.tail``). The *risk* of a call dialled now is the
mean over the moments of the worst chance, from that moment on, that all agents are taken: from
there on, as a new call also harms those that ring already. Dial while it is under a threshold.

The threshold is what the limit costs: after each person its logarithm moves by
``gain * (aim * persons - abandoned)`` (Robbins and Monro, Ann. Math. Stat. 22, 1951), so the day's
share settles at the aim. And no call goes out that could, with more than a small chance, abandon
more than the limit has room for: the same risk, with so many agents more. So it may dial on while
nobody may be abandoned, as long as an agent is free: the more agents are, the less chance has it
that more than they are wanted.
"""

from math import exp, floor, inf, sqrt

import numpy as np

from dialer.ages import Floats
from dialer.forecast import ROWS, Forecast, Needed, Outlook
from dialer.lessons import Lesson
from dialer.limit import Counted
from dialer.policies.progressive import one_for_each
from dialer.policy import Reason, Situation, Wish, policy
from dialer.tail import exact_tail, none_yet, normal_tail, with_coin, with_coins
from domain.identity import AttemptId

_MOST_AT_ONCE = 100
_LEAST_THRESHOLD, _MOST_THRESHOLD = 1e-6, 0.9
_FARTHEST = 4.0
_CUT_AT = 2.0
_UNSEEN_SIGMAS = 1.5
_FEWEST = 0.03
_LITTLE_DOUBT = 0.01
_LEARN_PERSONS, _LEARN_TIMES = 12, 6
_SCENE = (
    "{agents} agents, {ready} ready; {ringing} calls ring, {answers:.1f} answers to come and"
    " {freed:.1f} agents to be free within {horizon:.0f} s; "
)
_AT_THRESHOLD = (
    _SCENE + "risk {risk:.1%} of at most {threshold:.1%}; room for {room} more abandoned"
)
_AT_GATE = (
    _SCENE + "room for {room} more abandoned; risk {risk:.2%} of at most {threshold:.2%} of more"
)
_LEARNING = "learning ({ended} calls have ended, {reached} people answered): "


@policy("foresight")
class Foresight:
    """``aim``: what is aimed at, as a fraction of the limit's share. ``start``: the first
    threshold, as a fraction of the share. ``gain``: how fast it follows; divided by the root of
    agents times share, for a small team's day has few persons to abandon. ``breach``: the chance
    that a call may have to break the limit, as a fraction of the share: room for one more comes
    with ``1 / share`` persons. ``margin`` persons and _UNSEEN_SIGMAS times the root of those unseen
    are kept aside. ``cut``: hang up calls that have rung long enough when there is nobody left for
    them. ``exact``: up to so many coins the risk is reckoned exactly. ``learn``: progressive until
    so many calls have ended and _LEARN_PERSONS of them were answered, or _LEARN_TIMES as many have
    ended."""

    def __init__(
        self,
        aim: float = 1.0,
        gain: float = 0.0465,
        breach: float = 0.1,
        start: float = 0.8,
        cut: bool = True,
        margin: float = 1.0,
        exact: int = 14,
        learn: int = 50,
    ) -> None:
        for name, value, least, most in (
            ("aim", aim, 0.0, 1.0),
            ("gain", gain, 0.0, 1.0),
            ("breach", breach, 1e-3, 100.0),
            ("start", start, 1e-3, 100.0),
            ("margin", margin, 0.0, 100.0),
        ):
            if not least <= value <= most:
                raise ValueError(f"{name} is {value}; expected {least:g} to {most:g}")
        self._aim, self._gain, self._breach, self._cut = aim, gain, breach, cut
        self._start, self._follows = start, 0.0
        self._exact, self._learn, self._margin = exact, learn, margin
        self._forecast = Forecast()
        self._share = 0.03
        self._agents = 1

    @property
    def threshold(self) -> float:
        """The risk at which no more is dialled."""
        threshold = self._start * self._share * exp(self._follows)
        return min(max(threshold, _LEAST_THRESHOLD), _MOST_THRESHOLD)

    def learn(self, lesson: Lesson, now: float) -> None:
        """Into the forecast."""
        self._forecast.learn(lesson, now)

    def counted(self, counted: Counted, now: float) -> None:
        """Bolder with each served person, shyer with each abandoned one."""
        gain = self._gain / sqrt(max(self._agents * self._share, _FEWEST))
        step = gain * (self._aim * self._share * counted.base - counted.abandoned)
        self._follows = min(max(self._follows + step, -_FARTHEST), _FARTHEST)

    def decide(self, at: Situation, now: float) -> Wish:
        """As many as keep the risk under the threshold."""
        self._share = at.limit.limit.share
        least = one_for_each(at)
        if self._knows_too_little(at):
            figures = {**least.reason.figures, "ended": at.ended, "reached": at.reached}
            reason = Reason(_LEARNING + least.reason.text, figures)
            if at.under_way.agents:
                return Wish(least.count, reason)
            look = self._forecast.look(at, now)
            return Wish(least.count, reason, self._to_cut(at, look.needed_soon, now))
        look = self._forecast.look(at, now)
        self._agents = look.agents
        room = at.limit.room(now)
        aside = self._margin + _UNSEEN_SIGMAS * sqrt(at.limit.unseen)
        spare = _MOST_AT_ONCE if room == inf else max(0, floor(room - aside))
        risk = _Risk(look, spare, exact=self._exact)
        for place in range(at.placing):
            risk.add(self._next_call(at, place, now))
        threshold = self.threshold
        breach = min(max(self._breach * self._share, _LEAST_THRESHOLD), _MOST_THRESHOLD)
        count = 0
        used = first = risk.now(threshold, breach)
        while max(used) < 1.0 and count < _MOST_AT_ONCE:
            risk.add(self._next_call(at, at.placing + count, now))
            count += 1
            used = risk.now(threshold, breach)
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
            sure=count > least.count and self._share > 0.0,
        )

    def _knows_too_little(self, at: Situation) -> bool:
        """Of answers, not only of calls: where one number in ten answers, fifty say little."""
        if at.ended < self._learn:
            return True
        return at.reached < _LEARN_PERSONS and at.ended < _LEARN_TIMES * self._learn

    def _next_call(self, at: Situation, place: int, now: float) -> Floats:
        """The chances of the call that goes out after ``place`` others."""
        leads = at.next_leads
        lead = leads[min(place, len(leads) - 1)] if leads else None
        return self._forecast.new_call(lead, now)

    def _to_cut(self, at: Situation, soon: Needed, now: float) -> tuple[AttemptId, ...]:
        """Of those who have rung long enough, the oldest first, whoever would find no agent if he
        answered soon: with more than _CUT_AT times the chance that a new call may have. If all
        agents have gone, everybody."""
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
        # The more are hung up, the less is needed: as many as leave more than enough needed.
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
    """The chance that all agents are taken, mean of the moments."""
    tails = [normal_tail(*each, agents) for each in needed.moments()]
    return sum(tails) / len(tails)


class _Risk:
    """The risk of one call more, as calls are added."""

    def __init__(self, look: Outlook, spare: int, *, exact: int) -> None:
        self._agents, self._spare = look.agents, spare
        self._certain = look.certain
        self._needed = look.needed
        self._answers, self._doubt = look.answers, look.doubt
        self._distribution: Floats | None = None
        if look.chances.shape[1] <= exact:
            self._distribution = with_coins(none_yet(ROWS), look.chances)

    def add(self, heads: Floats) -> None:
        """One call more, with these chances to have been answered."""
        if self._distribution is not None:
            self._distribution = with_coin(self._distribution, heads)
        chances = heads.tolist()
        self._answers = [a + p for a, p in zip(self._answers, chances, strict=True)]
        self._needed = self._needed.with_coin(chances)

    def now(self, threshold: float, breach: float) -> tuple[float, float]:
        """The risk and the gate's, as fractions of what is allowed: while both are under 1, one more
        may go out. From 1 on it is what is certain already, at least so much; and if the risk
        is, the gate is not asked: 0."""
        used = self._of(self._agents, threshold)
        if used >= 1.0:
            return used, 0.0
        return used, self._of(self._agents + self._spare, breach, doubt=self._doubt)

    def _of(self, agents: int, allowed: float, doubt: float = 0.0) -> float:
        """Mean over the moments of the worst chance from each on, as a fraction of ``allowed``.

        The threshold follows what doubt does; the gate has to reckon with it.
        """
        exact = self._distribution if doubt < _LITTLE_DOUBT else None
        tails = None if exact is None else exact_tail(exact, agents - self._certain)
        needed, worst, total, full = self._needed, 0.0, 0.0, allowed * ROWS
        for row in range(ROWS - 1, -1, -1):
            if tails is None:
                variance = needed.variance[row] + doubt * self._answers[row] ** 2
                tail = normal_tail(needed.mean[row], variance, needed.third[row], agents)
            else:
                tail = tails[row]
            if tail > worst:
                worst = tail
            total += worst
            if total + worst * row >= full:  # the others add no less
                return (total + worst * row) / full
        return total / full
