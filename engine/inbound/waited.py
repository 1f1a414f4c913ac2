"""Works out how long a caller has waited in a queue, without talks and failed transfers."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise

from domain.facts import CallFact
from domain.floor_facts import TalkBegan


def waited_s(
    since: datetime, returns: Sequence[datetime], facts: Iterable[CallFact], now: datetime
) -> float:
    """Seconds spent waiting from ``since`` until ``now``.

    The caller waited from ``since``, and from each of ``returns`` to the queue, until an agent
    answered. Returns that an earlier controller saw are not known, so the waiting after those is
    not counted.
    """
    answers = sorted(fact.at for fact in facts if isinstance(fact.what, TalkBegan))
    total = 0.0
    for start, end in pairwise([since, *sorted(at for at in returns if at > since), now]):
        until = next((at for at in answers if start <= at < end), end)
        total += max(0.0, (until - start).total_seconds())
    return total
