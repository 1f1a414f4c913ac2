"""Expected value: as many calls as will, on average, be answered when agents are free.

The classic predictive rule (Samuelson, Interfaces 29(5), 1999, describes its kind): the expected
answers among the ringing calls are held at a fraction of the agents expected to be free when a call
dialled now is answered; the fraction follows the share of abandoned calls. It knows no spread, so
it is too bold with few agents and too shy with many. When few more may be abandoned the fraction
shrinks with their number: to run into the hard stop would cost far more.
"""

from math import exp, inf, log

from dialer.forecast import ROWS, Forecast
from dialer.lessons import Lesson
from dialer.limit import Counted
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
    """``aim``: what is aimed at, as a fraction of the limit's share; ``gain``: how fast; ``start``:
    the fraction of agents at first; ``shy``: with room for fewer abandoned it shrinks."""

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
        """Into the forecast."""
        self._forecast.learn(lesson, now)

    def counted(self, counted: Counted, _now: float) -> None:
        """Bolder with each served person, shyer with each abandoned one."""
        step = self._aim * self._share * counted.base - counted.abandoned
        self.log_fraction = min(max(self.log_fraction + self._gain * step, log(0.05)), log(4.0))

    def decide(self, at: Situation, now: float) -> Wish:
        """As many as are missing to the fraction."""
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
