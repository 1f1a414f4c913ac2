"""Expected value: dial as many calls as will, on average, be answered when agents are free.

This is the classic predictive rule (Samuelson, Interfaces 29(5), 1999, describes its kind). It
holds the expected answers among the ringing calls at a fraction of the agents expected to be free
when a call dialled now is answered; the fraction follows the share of abandoned calls. The rule
ignores spread, so it is too bold with few agents and too timid with many. When few more calls may
be abandoned, the fraction shrinks with their number: running into the hard stop would cost far
more.
"""

from math import exp, inf, log

from dialer.abandon_count import Counted
from dialer.forecast import ROWS, Forecast
from dialer.lessons import Lesson
from dialer.policies.progressive import one_for_each
from dialer.policy import Reason, Situation, UnsuitableOption, Wish, policy

_REASON = Reason(
    "{agents:.1f} agents free within {horizon:.0f} s, {answers:.1f} answers on their way, held at"
    " {fraction:.0%}"
)
_LEARNT = 50
_MOST = 100


@policy("expected_value")
class ExpectedValue:
    """``aim``: the target, as a fraction of the limit's share; ``gain``: how fast the fraction of
    agents follows it; ``start``: that fraction at first; ``shy``: with room for fewer abandoned
    calls than this, it shrinks."""

    def __init__(
        self, aim: float = 0.9, gain: float = 0.04, start: float = 0.3, shy: float = 4.0
    ) -> None:
        for name, value in (("start", start), ("shy", shy)):
            if not 0.0 < value < inf:
                raise UnsuitableOption(name, value, "more than 0")
        self._aim, self._gain, self._shy = aim, gain, shy
        self.log_fraction = log(start)
        self._forecast = Forecast()
        self._share = 0.03

    def learn(self, lesson: Lesson, now: float) -> None:
        """Pass the lesson to the forecast."""
        self._forecast.learn(lesson, now)

    def counted(self, counted: Counted, _now: float) -> None:
        """Become bolder with each person served, more timid with each one abandoned."""
        step = self._aim * self._share * counted.base - counted.abandoned
        self.log_fraction = min(max(self.log_fraction + self._gain * step, log(0.05)), log(4.0))

    def decide(self, at: Situation, now: float) -> Wish:
        """Dial as many as are missing to reach the fraction."""
        self._share = at.limit.limit.share
        if at.ended < _LEARNT:
            return one_for_each(at)
        look = self._forecast.look(at, now)
        middle = ROWS // 2
        each = float(self._forecast.new_call(None, now)[0][-1])
        free = look.agents - look.still_busy[middle]
        answers = look.answers[-1] + at.placing * each + look.certain
        room = max(0.0, at.limit.room(now))
        fraction = exp(self.log_fraction) * min(1.0, room / self._shy)
        missing = fraction * max(0.0, free) - answers
        count = min(_MOST, round(missing / max(each, 0.002))) if missing > 0 else 0
        figures = {
            "agents": free,
            "horizon": float(self._forecast.moments[middle]),
            "answers": answers,
            "fraction": fraction,
        }
        least = one_for_each(at)
        return least if least.count > count else Wish(count, Reason(_REASON.text, figures))
