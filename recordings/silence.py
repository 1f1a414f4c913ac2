"""Finds long stretches of a recording in which one side is silent while the other speaks.

A recording may have the right length and still lack a voice: Asterisk drops packets after a
sender's RTP sequence steps back (docs/decisions/0006-recording.md). A phone that suppresses silence
or is muted looks the same in the file, so silence is only reported.
"""

from collections.abc import Sequence
from itertools import groupby

from domain.reasons import Party
from domain.recording_facts import Silence
from recordings.waveform import Waveform

LONG_S = 60.0
"""Nobody who listens is completely silent for this long."""
STILL = 0.0003
"""The loudest sample that counts as silence: A-law's zero, which isn't quite 0."""


def silences(waveform: Waveform, *, long_s: float = LONG_S) -> tuple[Silence, ...]:
    """Each stretch of at least ``long_s`` in which one side is silent and the other is not."""
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
