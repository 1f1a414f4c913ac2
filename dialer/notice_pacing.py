"""How many numbers to dial for a campaign without agents: as many as lines, rate and trunk allow.

Who hears a notice can't be abandoned, so there is nothing to foresee. In a flow a customer may ask
for an agent: while one waits for that, nobody is dialled. Pure: ``now`` is in monotonic seconds.
"""

from dataclasses import dataclass
from math import floor, inf

from dialer.call_rate import CallRate
from dialer.line_rate import ANY_NUMBER, LineRateNow
from dialer.pacing_facts import (
    Answered,
    Dialled,
    NotAnswered,
    PacingFact,
    PersonConnected,
    Ringing,
)
from dialer.policy import Reason
from dialer.trunk import Trunk, TrunkState
from domain.identity import AttemptId
from domain.reasons import Cause

_NOTICE = Reason("{open} calls under way: a notice is played to whoever answers")
_FLOW = Reason("{open} calls under way: whoever answers enters the flow")
_FULL = Reason("{open} calls under way, as many as there are lines")
_TRUNK = Reason("{open} calls under way: no more while the trunk refuses calls")
_RATE = Reason("{open} calls under way, limited to {per_second} calls a second")
_LINE_RATE = Reason(
    "{open} calls under way: the line takes {line_per_second} calls a second from all together"
)
_WAITING = Reason("{open} calls under way: no more while a customer waits for an agent")
_NO_LEADS = Reason("{open} calls under way, and no lead is due")


@dataclass(frozen=True, slots=True)
class NoticePace:
    """How many to dial now, why no more, and how soon to ask again, in seconds."""

    count: int
    reason: Reason
    again_s: float
    wants_more: bool = False
    """Whether the rate of the line is what holds it."""


class NoticePacing:
    """Paces one campaign: ``lines`` calls at once and ``per_second`` new ones at most."""

    def __init__(self, lines: int, per_second: float) -> None:
        self.lines = lines
        self._per_second = per_second
        self._rate = CallRate(per_second)
        self._trunk = Trunk()
        self._open: set[AttemptId] = set()

    @property
    def under_way(self) -> int:
        """How many calls have gone out and are not over."""
        return len(self._open)

    def handle(self, fact: PacingFact, now: float) -> None:
        """Take in what happened to a call."""
        match fact:
            case Dialled():
                self._open.add(fact.attempt)
                self._rate.went_out(now)
                self._trunk.sent(fact.attempt, now, in_use=self.under_way)
            case Ringing() | Answered() | PersonConnected():
                self._trunk.carried(fact.attempt, now, in_use=self.under_way)
            case NotAnswered():
                self._open.discard(fact.attempt)
                if fact.cause.of_trunk:
                    self._trunk.refused(fact.attempt, now, in_use=self.under_way)
                elif fact.cause is Cause.CUT:
                    self._trunk.over(fact.attempt)
                else:
                    self._trunk.carried(fact.attempt, now, in_use=self.under_way)

    def over(self, attempt: AttemptId) -> None:
        """The call is over."""
        self._open.discard(attempt)
        self._trunk.over(attempt)

    def decide(
        self,
        now: float,
        *,
        free: int,
        leads: int,
        going: int,
        waiting: int | None = None,
        line: LineRateNow = ANY_NUMBER,
    ) -> NoticePace:
        """How many to dial now. ``free``: channels that the line has left; ``line``: how many more
        calls it takes now; ``leads``: those at hand; ``going``: calls on their way out, which
        ``handle`` doesn't know yet; ``waiting``: customers who have asked for an agent and have
        none yet; None: nobody can ask."""
        in_use = self.under_way + going
        figures = {
            "open": in_use,
            "per_second": f"{self._per_second:g}",
            "line_per_second": f"{line.per_second:g}",
        }
        borne = self._trunk.free(now, in_use=in_use)
        bounds = (
            (min(self.lines - in_use, free), _FULL),
            (inf if self._trunk.state is TrunkState.CLEAR else floor(borne), _TRUNK),
            (self._rate.left(now) - going, _RATE),
            (line.left, _LINE_RATE),
            (0 if waiting else inf, _WAITING),
            (leads, _NO_LEADS),
        )
        least, reason = min(bounds, key=lambda bound: bound[0])
        count = max(0, int(least))
        text = (_NOTICE if waiting is None else _FLOW).text if count else reason.text
        again_s = max(0.02, min(1.0, 1.0 / self._per_second, line.more_at - now))
        return NoticePace(count, Reason(text, figures), again_s, wants_more=reason is _LINE_RATE)
