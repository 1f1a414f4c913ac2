"""Fixed ratio: keep a set number of calls under way per ready agent, as the oldest dialers do."""

from math import floor

from dialer.abandon_count import Counted
from dialer.lessons import Lesson
from dialer.policy import Reason, Situation, UnsuitableOption, Wish, policy

_REASON = Reason("{ready} ready times {ratio} calls, {open} under way")


@policy("fixed_ratio")
class FixedRatio:
    """Keeps ``ratio`` calls under way per ready agent. Ignores the limit, except the hard stop."""

    def __init__(self, ratio: float = 1.5) -> None:
        if not 0.0 < ratio <= 20.0:
            raise UnsuitableOption("ratio", ratio, "more than 0 and at most 20")
        self._ratio = ratio

    def learn(self, lesson: Lesson, now: float) -> None:
        """Do nothing: a fixed ratio learns nothing."""

    def counted(self, counted: Counted, now: float) -> None:
        """Do nothing: a fixed ratio learns nothing."""

    def decide(self, at: Situation, _now: float) -> Wish:
        """Dial as many as are missing to reach the ratio."""
        ready, under_way = at.under_way.ready, at.open
        figures = {"ready": ready, "ratio": self._ratio, "open": under_way}
        count = floor(self._ratio * ready) - under_way
        return Wish(max(0, count), Reason(_REASON.text, figures))
