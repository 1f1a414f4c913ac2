"""Which alarm lines of a campaign its abandoned share has reached. Pure.

A line is a part of the limit; the limit itself is the part 1. A line that was reached is over only
once the share is clearly below it, or each answered call after an abandoned one would end an alarm
and the next abandoned one begin another.
"""

from collections.abc import Set
from dataclasses import dataclass

THE_LIMIT = 1.0
OVER_BELOW = 0.95
"""A line is over below this part of itself."""


@dataclass(frozen=True, slots=True)
class LineChanges:
    """The lines that have just been reached, and those that are over; lowest first."""

    reached: tuple[float, ...] = ()
    over: tuple[float, ...] = ()


def line_changes(
    lines: Set[float], before: Set[float], *, share: float, limit: float
) -> LineChanges:
    """What has changed since the lines ``before`` were reached.

    ``lines`` are the parts of ``limit`` that the campaign's settings name; one that they no longer
    name is over. ``share`` and ``limit`` are between 0 and 1.
    """
    now = {*lines, THE_LIMIT}
    reached = {line for line in now - before if _reaches(share, line, limit)}
    over = {line for line in before if line not in now or share < line * limit * OVER_BELOW}
    if share <= 0:
        over = set(before)
    return LineChanges(tuple(sorted(reached)), tuple(sorted(over)))


def _reaches(share: float, line: float, limit: float) -> bool:
    if share <= 0:
        return False
    return share > limit if line == THE_LIMIT else share >= line * limit
