"""How long agents stay busy: survival curves of talk and wrap-up, and the tables built from them.

The tables go by the talk's age. Where a talk's stage is reported (``dialer.script_stages``), there
is another for that stage, by the time spent at it, and the two are mixed (``dialer.stage_tables``).

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
from dialer.script_stages import Gait, ScriptStages
from dialer.stage_tables import StageTables
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
        self._stages = ScriptStages()
        self._paces = Paces()
        self._learnt = self._new = 0
        self._moments = moments
        self._gaits: Ints = np.zeros(0, dtype=np.int64)
        """For each agent's number, that of the agent's gait in the tables."""
        self._several = False
        """Whether there is more than one gait."""
        self._at_stage, self._after_stage = StageTables(), StageTables()
        self._talk_table = self._wrap_up_table = np.zeros((0, 0))
        self._build(None, 0.0)

    @property
    def rows(self) -> int:
        """The number of rows of the talks' tables."""
        return len(self._talk_table) + self._at_stage.rows

    def learn(self, lesson: Talked | WrappedUp, now: float) -> None:
        """Learn how long somebody was busy."""
        self._new += 1
        if isinstance(lesson, Talked):
            self._talks.add(lesson.seconds, now)
            return
        self._judge_stages(lesson)
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
        for tables in (self._at_stage, self._after_stage):
            tables.know_of(len(under_way.stage_names))

    def look(self, under_way: UnderWay, now: float, chances: Floats) -> Floats | None:
        """Fill in each agent's chance of still being busy at each moment, with what
        ``with_moments`` puts beside it: first the agents talking, then those wrapping up.

        Return by how much all of these together would be higher if no stage were known; None if
        none is."""
        count = len(under_way.talking)
        parts = (
            (chances[:count], under_way.talking, self._talk_table),
            (chances[count:], under_way.wrapping_up, self._wrap_up_table),
        )
        staged = (
            (self._at_stage, under_way.stages), (self._after_stage, under_way.ended_at)
        )  # fmt: skip
        higher: Floats | None = None
        for (part, agents, table), (tables, stages) in zip(parts, staged, strict=True):
            if not len(agents):
                continue
            rows, gaits = self._rows(agents, now)
            table.take(rows, 0, part, "clip")
            more = tables.mix(part, stages.kinds, stages.ages(now), gaits)
            if more is not None:
                higher = more if higher is None else higher + more
        return higher

    def _rows(self, agents: Ages[AgentCode], now: float) -> tuple[Ints, Ints | None]:
        """Return each agent's row, and gait if there are several."""
        rows = rows_of(agents.ages(now), _STEPS)
        if not self._several:
            return rows, None
        gaits = self._gaits.take(agents.kinds)
        rows += gaits * _STEPS
        return rows, gaits

    def _judge_stages(self, lesson: WrappedUp) -> None:
        """Compare what was said of an agent who is free now with what came. That the agent may have
        another gait than the first matters little: it is the same for both that are compared."""
        talk, moments = lesson.talk, len(self._moments)
        if talk is None or not talk.stages:
            return
        free = talk.seconds + lesson.seconds
        by_age = self._talk_table[:_STEPS, :moments]
        ends = [*(began for _, began in talk.stages[1:]), talk.seconds]
        for (name, began), ended in zip(talk.stages, ends, strict=True):
            since = by_age[min(int(began), _STEPS - 1) :]
            self._at_stage.judge(name, ended - began, free - began, since)
        after = self._wrap_up_table[:_STEPS, :moments]
        self._after_stage.judge(talk.stages[-1][0], lesson.seconds, lesson.seconds, after)

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
        names = under_way.stage_names if under_way else []
        known = {
            name: number
            for number, name in enumerate(names)
            if name != UNKNOWN_STAGE and name in self._stages
        }
        talks, wraps, wrap_ups = [], [], []
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
                wrap_ups.append(Gait(quarters, _GAIT**each))
        self._talk_table = with_moments(np.concatenate(talks))
        self._wrap_up_table = with_moments(np.concatenate(wraps))
        if known and under_way:
            ages, kinds = under_way.stages.ages(now), under_way.stages.kinds
            at_it = {name: ages[kinds == number] for name, number in known.items()}
            at_stages, after_stages = self._stages.tables(at_it, wrap_ups, self._moments)
            self._at_stage.fill(known, len(names), at_stages, self._moments)
            self._after_stage.fill(known, len(names), after_stages, self._moments)


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
