"""Sides of a recording on which nothing is to be heard for long, though the other speaks.

A recording may be as long as it should be and still lack a voice: Asterisk drops what a sender
sends whose RTP sequence has stepped back (docs/decisions/0006-recording.md). A caller whose phone
suppresses silence, or who is muted, looks the same in the file: it is reported, not judged.
"""

from collections.abc import Sequence
from itertools import groupby

from domain.facts import Silence
from domain.reasons import Party
from recordings.waveform import Waveform

LONG_S = 60.0
"""Listening, nobody is quite still for so long."""
STILL = 0.0003
"""Not louder than A-law's zero, which isn't quite one."""


def silences(waveform: Waveform, *, long_s: float = LONG_S) -> tuple[Silence, ...]:
    """Each stretch of ``long_s`` or more in which one side is still and the other is not."""
    sides: Sequence[tuple[Party, list[float], list[float]]] = (
        (Party.CALLER, waveform.caller, waveform.agent),
        (Party.AGENT, waveform.agent, waveform.caller),
    )
    found: list[tuple[float, Silence]] = []
    for side, own, other in sides:
        at = 0
        for still, bars in groupby(peak <= STILL for peak in own):
            end = at + sum(1 for _ in bars)
            if (
                still
                and (end - at) * waveform.bar_s >= long_s
                and max(other[at:end], default=0.0) > STILL
            ):
                begin, over = round(at * waveform.bar_s, 1), round(end * waveform.bar_s, 1)
                found.append((begin, Silence(side, begin, over)))
            at = end
    return tuple(silence for _, silence in sorted(found, key=lambda each: each[0]))
