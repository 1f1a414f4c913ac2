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
from dialer.policy import Reason, Situation, UnsuitableOption, Wish, policy
from dialer.tail import exact_tail, none_yet, normal_tail, with_coin, with_coins
from domain.identity import AttemptId

_MOST_AT_ONCE = 100
_LEAST_THRESHOLD, _MOST_THRESHOLD = 1e-6, 0.9
_FARTHEST = 4.0
_CUT_AT = 2.0
_UNSEEN_SIGMAS = 1.5
_FEWEST = 0.03
_LITTLE_DOUBT = 0.1
"""Of the coins' own variance; less than this is not looked at."""
_SURE_AFTER, _SURE_DOUBT = 12, 0.2
"""Nothing is sure until so many persons have answered in all, and some five (1 / _SURE_DOUBT) of
those stand behind the answer rates that are believed now."""
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
    """``aim``: what is aimed at, as a fraction of the limit's share. ``start``: the first
    threshold, as a fraction of the share. ``gain``: how fast it follows; divided by the root of
    agents times share, for a small team's day has few persons to abandon. ``breach``: the chance
    that a call may have to break the limit, as a fraction of the share: room for one more comes
    with ``1 / share`` persons. ``margin`` persons and _UNSEEN_SIGMAS times the root of those unseen
    are kept aside. ``cut``: hang up calls that have rung long enough when there is nobody left for
    them. ``exact``: up to so many coins the risk is reckoned exactly. ``learn``: progressive until
    so many calls have ended."""

    def __init__(
        self,
        aim: float = 1.0,
        gain: float = 0.0465,
        breach: float = 0.07,
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
                raise UnsuitableOption(name, value, f"{least:g} to {most:g}")
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

    def counted(self, counted: Counted, _now: float) -> None:
        """Bolder with each served person, shyer with each abandoned one."""
        gain = self._gain / sqrt(max(self._agents * self._share, _FEWEST))
        step = gain * (self._aim * self._share * counted.base - counted.abandoned)
        self._follows = min(max(self._follows + step, -_FARTHEST), _FARTHEST)

    def decide(self, at: Situation, now: float) -> Wish:
        """As many as keep the risk under the threshold."""
        self._share = at.limit.limit.share
        least = one_for_each(at)
        if at.ended < self._learn:
            figures = {**least.reason.figures, "ended": at.ended, "learn": self._learn}
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
            risk.add(*self._next_call(at, place, now))
        threshold = self.threshold
        # Over the limit already: the further, the less may come to it.
        breach = self._breach * self._share / (1.0 + max(0.0, -room))
        breach = min(max(breach, _LEAST_THRESHOLD), _MOST_THRESHOLD)
        count = 0
        used = first = risk.now(threshold, breach)
        while max(used) < 1.0 and count < _MOST_AT_ONCE:
            risk.add(*self._next_call(at, at.placing + count, now))
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
            sure=self._share > 0.0 and at.reached >= _SURE_AFTER and risk.doubt <= _SURE_DOUBT,
        )

    def _next_call(self, at: Situation, place: int, now: float) -> tuple[Floats, float]:
        """The chances of the call that goes out after ``place`` others, and the doubt of them."""
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

    @property
    def doubt(self) -> float:
        """Of the answers by the last moment: their variance from doubt, as a fraction of their
        square."""
        answers = self._answers[-1]
        return (self._doubt[-1] / answers) ** 2 if answers > 0.0 else 0.0

    def add(self, heads: Floats, doubt: float) -> None:
        """One call more, with these chances to have been answered, and how far off their rate may
        be: as if it were the others' error, too."""
        if self._distribution is not None:
            self._distribution = with_coin(self._distribution, heads)
        chances = heads.tolist()
        self._answers = [a + p for a, p in zip(self._answers, chances, strict=True)]
        self._doubt = [d + doubt * p for d, p in zip(self._doubt, chances, strict=True)]
        self._needed = self._needed.with_coin(chances)

    def now(self, threshold: float, breach: float) -> tuple[float, float]:
        """The risk and the gate's, as fractions of what is allowed: while both are under 1, one
        more may go out. From 1 on it is what is certain already, at least so much; and if the
        risk is, the gate is not asked: 0."""
        used = self._of(self._agents, threshold)
        if used >= 1.0:
            return used, 0.0
        return used, self._of(self._agents + self._spare, breach)

    def _of(self, agents: int, allowed: float) -> float:
        """Mean over the moments of the worst chance from each on, as a fraction of ``allowed``."""
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
            if total + worst * row >= full:  # the others add no less
                return (total + worst * row) / full
        return total / full

    def _tail(self, row: int, agents: int) -> float:
        """The chance that all are taken, of coins whose rate is in doubt: it is taken as drawn
        from a gamma distribution, which adds 3 d a**2 + 2 d**2 a**3 to the third moment of ``a``
        answers with a relative variance of ``d`` (Greenwood and Yule, J. R. Stat. Soc. 83,
        1920)."""
        needed, answers, doubt = self._needed, self._answers[row], self._doubt[row] ** 2
        third = needed.third[row]
        if answers > 0.0:  # more than the answers themselves no skewness corrects
            third += doubt * (3.0 + 2.0 * min(doubt / answers, answers))
        return normal_tail(needed.mean[row], needed.variance[row] + doubt, third, agents)
