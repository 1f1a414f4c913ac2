"""Tells from Asterisk's counters whether anything still comes from the parties of talks. No I/O.

A phone may rightly send no sound for minutes (silence suppression, a hold), so silence alone proves
nothing: whoever asks here also asks whether the phone can be reached.
"""

import re
from dataclasses import dataclass

from domain.identity import ChannelId

SILENT_S = 40.0
"""How long neither RTP nor RTCP must have come before we check on a phone."""

COUNTERS = "CHANNEL(rtcp,all)"
"""The dialplan function that returns a channel's counters in one line."""

_OURS = re.compile(r"\btxcount=\d+;?")
"""What we have sent grows without the phone. Everything else changes only by its packets: what it
sent and lost, and what its reports say about us, with the time they took."""


@dataclass(slots=True)
class _Beat:
    counters: str
    at: float


class RtpActivity:
    """When something last came from each channel that is checked regularly."""

    def __init__(self) -> None:
        self._last: dict[ChannelId, _Beat] = {}

    def counted(self, channel: ChannelId, counters: str, now: float) -> float:
        """Take a channel's counters; returns for how long (s) nothing has come on it.

        Time begins with the first look at a channel: nobody knows what was before.
        """
        counters = _OURS.sub("", counters)
        last = self._last.get(channel)
        if last is None or last.counters != counters:
            self._last[channel] = last = _Beat(counters, now)
        return now - last.at

    def keep(self, channels: set[ChannelId]) -> None:
        """Forget all other channels."""
        for channel in self._last.keys() - channels:
            del self._last[channel]
