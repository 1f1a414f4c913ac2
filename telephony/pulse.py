"""Whether anything comes from the parties of talks, by what Asterisk counts. No I/O.

A phone may rightly send no sound for minutes (silence suppression, a hold), so silence alone
says nothing: who asks here also asks whether the phone can be reached.
"""

import re
from dataclasses import dataclass

from domain.identity import ChannelId

SILENT_S = 40.0
"""So long nothing has come, neither RTP nor RTCP, before a phone is looked for."""

COUNTERS = "CHANNEL(rtcp,all)"
"""The dialplan function that gives a channel's counters in one line."""

_OURS = re.compile(r"\btxcount=\d+;?")
"""What we have sent goes on without the phone. All else moves by its packets only: what it
sent and lost, and what its reports say of us, with the time they took."""


@dataclass(slots=True)
class _Beat:
    counters: str
    at: float


class RtpActivity:
    """When something came last, for each channel that is looked at again and again."""

    def __init__(self) -> None:
        self._last: dict[ChannelId, _Beat] = {}

    def counted(self, channel: ChannelId, counters: str, now: float) -> float:
        """Take a channel's counters; returns for how long (s) nothing has come on it.

        The first look at a channel begins its time: what was before nobody knows.
        """
        counters = _OURS.sub("", counters)
        last = self._last.get(channel)
        if last is None or last.counters != counters:
            self._last[channel] = last = _Beat(counters, now)
        return now - last.at

    def keep(self, channels: set[ChannelId]) -> None:
        """Forget all others."""
        for channel in self._last.keys() - channels:
            del self._last[channel]
