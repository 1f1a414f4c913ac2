"""How long agents stay busy: survival curves of talk and wrap-up, and the tables built from them.

Agents differ most in their wrap-up. Its curve therefore shows wrap-ups as they would be at a pace
of 1 (``dialer.paces``) and is stretched for each *gait*, a class of similar paces. Only gaits that
some agent has get tables; where all agents are alike, that is one.
"""

from math import log

import numpy as np

from dialer.ages import Ages, Floats, Ints
from dialer.chances import rows_of, with_moments
from dialer.durations import Durations
from dialer.lessons import Talked, WrappedUp
from dialer.paces import Paces
from dialer.under_way import UnderWay
from domain.identity import AgentCode

_STEP_S, _STEPS = 1.0, 1_200
_FEWEST, _MOST = 10, 150
_GAIT = 1.4
"""The ratio of each gait to the one before it."""
_LEAST = 1e-12


class Busy:
    """The probabilities that busy agents will still be busy at given moments."""

    def __init__(self, moments: Floats) -> None:
        self._talks = Durations(mean=100.0, finest=_STEP_S)
        self._wrap_ups = Durations(mean=15.0, finest=0.5, longest=3_600.0)
        self._paces = Paces()
        self._learnt = self._new = 0
        self._moments = moments
        self._gaits: Ints = np.zeros(0, dtype=np.int64)
        """For each agent's number, the first row of that agent's gait in the tables."""
        self._talk_table = self._wrap_up_table = np.zeros((0, 0))
        self._build(None, 0.0)

    def learn(self, lesson: Talked | WrappedUp, now: float) -> None:
        """Learn how long somebody was busy."""
        self._new += 1
        if isinstance(lesson, Talked):
            self._talks.add(lesson.seconds, now)
            return
        self._wrap_ups.add(lesson.seconds / self._paces.of(lesson.agent), now)
        self._paces.add(lesson.agent, lesson.seconds)

    def refresh(self, under_way: UnderWay, now: float, moments: Floats) -> None:
        """Rebuild the tables if enough has changed; ``moments`` are seconds from now."""
        due = self._new > max(_FEWEST, min(self._learnt // 12, _MOST))
        if due or moments is not self._moments:
            self._moments = moments
            self._learnt += self._new
            self._new = 0
            self._build(under_way, now)
        strangers = len(under_way.agent_codes) - len(self._gaits)
        if strangers > 0:
            self._gaits = np.concatenate((self._gaits, np.zeros(strangers, dtype=np.int64)))

    def look(self, under_way: UnderWay, now: float, chances: Floats) -> None:
        """Fill in each agent's chance of still being busy at each moment, with what
        ``with_moments`` puts beside it: first the agents talking, then those wrapping up."""
        talking, wrapping_up = under_way.talking, under_way.wrapping_up
        if len(talking):
            self._talk_table.take(self._rows(talking, now), 0, chances[: len(talking)], "clip")
        if len(wrapping_up):
            rows = self._rows(wrapping_up, now)
            self._wrap_up_table.take(rows, 0, chances[len(talking) :], "clip")

    def _rows(self, agents: Ages[AgentCode], now: float) -> Ints:
        rows = rows_of(agents.ages(now), _STEPS)
        if len(self._talk_table) > _STEPS:
            rows += self._gaits.take(agents.kinds)
        return rows

    def _build(self, under_way: UnderWay | None, now: float) -> None:
        self._paces.compare()
        codes = under_way.agent_codes if under_way else []
        classes = [round(log(self._paces.of(code)) / log(_GAIT)) for code in codes]
        tables = {0: 0}  # new agents use the first
        for each in classes:
            tables.setdefault(each, len(tables))
        self._gaits = np.array([tables[each] * _STEPS for each in classes], dtype=np.int64)
        talking = wrapping_up = None
        if under_way:
            talking = under_way.talking.ages(now)
            paces = _GAIT ** np.array(classes, dtype=np.float64)
            wrapping_up = under_way.wrapping_up.ages(now) / paces[under_way.wrapping_up.kinds]
        later = np.maximum(1, np.rint(self._moments / _STEP_S)).astype(np.int64)
        steps = _STEPS + int(later.max())
        talk = self._talks.survival(_STEP_S, steps, talking)
        talks, wraps = [], []
        for each in tables:
            # Half steps: on average, a talk ends in the middle of a step.
            half_step = _STEP_S / 2.0 / _GAIT**each
            wrap_up = self._wrap_ups.survival(half_step, 2 * steps, wrapping_up)
            talks.append(_still_busy(talk, wrap_up[1::2], later))
            wraps.append(_still(wrap_up[::2], later))
        self._talk_table = with_moments(np.concatenate(talks))
        self._wrap_up_table = with_moments(np.concatenate(wraps))


def _still(curve: Floats, later: Ints) -> Floats:
    """Return (ages, moments): the chance of lasting ``later`` more steps from each age."""
    ages = np.arange(_STEPS)[:, None]
    still: Floats = curve[ages + later] / np.maximum(curve[ages], _LEAST)
    return still


def _still_busy(talk: Floats, wrap_up: Floats, later: Ints) -> Floats:
    """Return the same for a talk and the wrap-up after it; ``wrap_up`` is at mid-step."""
    ends = talk[:-1] - talk[1:]
    wraps_up = np.empty((_STEPS, len(later)))
    for column, steps in enumerate(later.tolist()):
        wraps_up[:, column] = np.correlate(
            ends[: _STEPS + steps - 1], wrap_up[steps - 1 :: -1], "valid"
        )
    wraps_up /= np.maximum(talk[:_STEPS, None], _LEAST)
    return np.minimum(_still(talk, later) + wraps_up, 1.0)
