"""How long agents stay busy: survival curves of talk and wrap-up, and the tables built from them.

Where a talk's stage is reported (``dialer.script_stages``), there is a table for that stage, by the
time spent at it; for other talks there is one by the talk's age.

Agents differ most in their wrap-up. Its curve therefore shows wrap-ups as they would be at a pace
of 1 (``dialer.paces``) and is stretched for each *gait*, a class of similar paces. Only gaits that
some agent has get tables; where all agents are alike, that is one.
"""

from math import log

import numpy as np

from dialer.ages import Ages, Floats, Ints
from dialer.campaign_agents import UNKNOWN_STAGE
from dialer.chances import rows_of, with_moments
from dialer.durations import Durations
from dialer.lessons import Talked, WrappedUp
from dialer.paces import Paces
from dialer.script_stages import ROW_OF_SECOND, ROWS_OF_STAGE, ScriptStages, Unaware
from dialer.under_way import UnderWay
from domain.identity import AgentCode, StageName

_STEP_S, _STEPS = 1.0, 1_200
_FEWEST, _MOST = 10, 150
_GAIT = 1.4
"""The ratio of each gait to the one before it."""
_LEAST = 1e-12
_NO_TABLE = -1


class Busy:
    """The probabilities that busy agents will still be busy at given moments."""

    def __init__(self, moments: Floats) -> None:
        self._talks = Durations(mean=100.0, finest=_STEP_S)
        self._wrap_ups = Durations(mean=15.0, finest=0.5, longest=3_600.0)
        self._stages = ScriptStages()
        self._paces = Paces()
        self._learnt = self._new = 0
        self._moments = moments
        self._gaits: Ints = np.zeros(0, dtype=np.int64)
        """For each agent's number, that of the agent's gait in the tables."""
        self._several = False
        """Whether there is more than one gait."""
        self._stage_rows: Ints = np.zeros(0, dtype=np.int64)
        """For each stage's number, the first row of its table for the first gait, or _NO_TABLE;
        empty if no stage has one."""
        self._rows_of_gait = 0
        """The number of rows of all stages' tables for one gait."""
        self._talk_table = self._wrap_up_table = np.zeros((0, 0))
        self._build(None, 0.0)

    @property
    def rows(self) -> int:
        """The number of rows of the talks' table."""
        return len(self._talk_table)

    def learn(self, lesson: Talked | WrappedUp, now: float) -> None:
        """Learn how long somebody was busy."""
        self._new += 1
        if isinstance(lesson, Talked):
            self._talks.add(lesson.seconds, now)
            return
        pace = self._paces.of(lesson.agent)
        self._stages.learn(lesson, pace, now)
        self._wrap_ups.add(lesson.seconds / pace, now)
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
        if strangers > 0:  # new agents use the first gait
            self._gaits = np.concatenate((self._gaits, np.zeros(strangers, dtype=np.int64)))
        new = len(under_way.stage_names) - len(self._stage_rows)
        if new > 0 and len(self._stage_rows):
            self._stage_rows = np.concatenate((self._stage_rows, np.full(new, _NO_TABLE)))

    def look(self, under_way: UnderWay, now: float, chances: Floats) -> None:
        """Fill in each agent's chance of still being busy at each moment, with what
        ``with_moments`` puts beside it: first the agents talking, then those wrapping up."""
        talking, wrapping_up = under_way.talking, under_way.wrapping_up
        if len(talking):
            rows = self._rows(talking, under_way.stages, now)
            self._talk_table.take(rows, 0, chances[: len(talking)], "clip")
        if len(wrapping_up):
            rows = self._rows(wrapping_up, under_way.ended_at, now)
            self._wrap_up_table.take(rows, 0, chances[len(talking) :], "clip")

    def _rows(self, agents: Ages[AgentCode], stages: Ages[AgentCode], now: float) -> Ints:
        """Return each agent's row, given the stages that they are at, or that their talks ended
        at."""
        rows = rows_of(agents.ages(now), _STEPS)
        if self._several:
            gaits = self._gaits.take(agents.kinds)
            rows += gaits * _STEPS
        if not len(self._stage_rows):
            return rows
        first = self._stage_rows.take(stages.kinds)
        at_stage = first + ROW_OF_SECOND.take(rows_of(stages.ages(now), len(ROW_OF_SECOND)))
        if self._several:
            at_stage += gaits * self._rows_of_gait
        return np.where(first == _NO_TABLE, rows, at_stage)

    def _build(self, under_way: UnderWay | None, now: float) -> None:
        self._paces.compare()
        codes = under_way.agent_codes if under_way else []
        classes = [round(log(self._paces.of(code)) / log(_GAIT)) for code in codes]
        gaits = {0: 0}
        for each in classes:
            gaits.setdefault(each, len(gaits))
        self._gaits = np.array([gaits[each] for each in classes], dtype=np.int64)
        self._several = len(gaits) > 1
        talking = wrapping_up = None
        if under_way:
            talking = under_way.talking.ages(now)
            paces = _GAIT ** np.array(classes, dtype=np.float64)
            wrapping_up = under_way.wrapping_up.ages(now) / paces[under_way.wrapping_up.kinds]
        later = np.maximum(1, np.rint(self._moments / _STEP_S)).astype(np.int64)
        steps = _STEPS + int(later.max())
        talk = self._talks.survival(_STEP_S, steps, talking)
        known = self._number_stages(under_way.stage_names if under_way else [], len(gaits))
        talks, wraps, unaware = [], [], []
        for each in gaits:
            # Half steps: on average, a talk ends in the middle of a step.
            half_step = _STEP_S / 2.0 / _GAIT**each
            wrap_up = self._wrap_ups.survival(half_step, 2 * steps, wrapping_up)
            talks.append(_still_busy(talk, wrap_up[1::2], later))
            wraps.append(_still(wrap_up[::2], later))
            if known:
                quarters = self._wrap_ups.survival(
                    half_step / 2.0, 4 * (later.max() + 1), wrapping_up
                )
                unaware.append(Unaware(talks[-1], wraps[-1], quarters, _GAIT**each))
        if known and under_way:
            ages, kinds = under_way.stages.ages(now), under_way.stages.kinds
            at_it = {name: ages[kinds == number] for number, name in known.items()}
            at_stages, after_stages = self._stages.tables(at_it, unaware, self._moments)
            talks += at_stages
            wraps += after_stages
        self._talk_table = with_moments(np.concatenate(talks))
        self._wrap_up_table = with_moments(np.concatenate(wraps))

    def _number_stages(self, names: list[StageName], gaits: int) -> dict[int, StageName]:
        """Return the stages that get tables by number, and note where in the talks' table those
        begin: after the tables by the talk's age."""
        known = {
            number: name
            for number, name in enumerate(names)
            if name != UNKNOWN_STAGE and name in self._stages
        }
        self._rows_of_gait = len(known) * ROWS_OF_STAGE
        self._stage_rows = np.full(len(names) if known else 0, _NO_TABLE)
        for place, number in enumerate(known):
            self._stage_rows[number] = gaits * _STEPS + place * ROWS_OF_STAGE
        return known


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
