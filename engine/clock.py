"""Two clocks: the floor reckons in monotonic seconds, the record is written in civil time."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

_CLOCK_SET_S = 0.05
_OLDEST_S = 7 * 86_400.0


def epoch(text: str, now: float) -> float:
    """Epoch seconds of a past moment as Asterisk writes it; ``now`` for what can't be one.

    Nothing that happens to a call may depend on what an Asterisk with a wrong clock, or a
    variable with rubbish in it, makes of a number.
    """
    try:
        at = float(text)
    except ValueError:
        return now
    return at if now - _OLDEST_S <= at <= now else now  # what is no number is neither


class Clock:
    """Tells the one by the other."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.now = monotonic
        """Monotonic seconds."""
        self._lead = 0.0

    def civil(self, at: float) -> datetime:
        """The civil time of a monotonic one."""
        return datetime.fromtimestamp(at + self._civil_lead(), UTC)

    def monotonic(self, at: datetime) -> float:
        """The monotonic time of a civil one."""
        return at.timestamp() - self._civil_lead()

    def _civil_lead(self) -> float:
        """How far civil time is ahead of the monotonic one.

        Read anew only when the civil clock was set: callers who came microseconds apart must not
        change places by the time it takes to read two clocks.
        """
        lead = datetime.now(UTC).timestamp() - self.now()
        if abs(lead - self._lead) > _CLOCK_SET_S:
            self._lead = lead
        return self._lead
