"""Converts between two clocks: the floor's monotonic seconds and the record's civil time."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

_CLOCK_SET_S = 0.05
_OLDEST_S = 7 * 86_400.0


def epoch(text: str, now: float) -> float:
    """A past moment in epoch seconds, as Asterisk writes it; ``now`` if it can't be one.

    An Asterisk with a wrong clock, or rubbish in a variable, must not change what happens to a
    call.
    """
    try:
        at = float(text)
    except ValueError:
        return now
    return at if now - _OLDEST_S <= at <= now else now  # NaN is neither


@dataclass(frozen=True, slots=True)
class ReportTiming:
    """How long AMI may take to report what a session knows already; all in seconds."""

    late_s: float = 1.0
    """An event may be this late before Asterisk is asked, or does without it."""
    rung_out_s: float = 2.0
    """This long after a phone's ringing time Dial has ended, unless the phone was answered."""


class Clock:
    """Converts monotonic time to civil time and back."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.now = monotonic
        """The monotonic clock, in seconds."""
        self._lead = 0.0

    def civil(self, at: float) -> datetime:
        """A monotonic time as civil time."""
        return datetime.fromtimestamp(at + self._civil_lead(), UTC)

    def monotonic(self, at: datetime) -> float:
        """A civil time as monotonic time."""
        return at.timestamp() - self._civil_lead()

    def _civil_lead(self) -> float:
        """How far civil time is ahead of monotonic time.

        Updated only if the civil clock was set: callers who came microseconds apart must not change
        places because reading two clocks takes time. On a busy machine it may even take so long
        that the clock only seems to have been set.
        """
        before = self.now()
        lead = datetime.now(UTC).timestamp() - before
        if abs(lead - self._lead) > _CLOCK_SET_S:
            at_once = self.now() - before < _CLOCK_SET_S / 2
            if at_once or not self._lead:
                self._lead = lead
        return self._lead
