"""How much longer agents are busy, given the stage that their script is at and since when.

A semi-Markov model (Howard, Dynamic Probabilistic Systems II, 1971) that looks one step ahead. What
is learnt for each stage: how long talks stay at it; what comes next, which depends on how long they
stayed (those who hang up do so early); how long it takes from its start until the agent is free;
and how long wrap-up lasts after talks that end at it. An agent who has been at a stage for ``a``
is then still busy ``t`` later with the chance of

    P(stays longer than a + t) + sum over u < t and over what comes next:
        P(leaves after a + u) * P(that comes next) * P(busy with it for longer than t - u)

given that they stayed longer than ``a``. The fewer talks are known that stayed that long, the less
that counts against the chance by age (``dialer.stage_tables``). The same holds for the wrap-up
after a stage.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dialer.ages import Floats, Ints, Kinds
from dialer.durations import Durations
from dialer.lessons import WrappedUp
from domain.identity import StageName

_STEP_S = 0.5
_FINE_UPTO, _GROWTH, _LONGEST = 50, 1.02, 1_200
_MEMORY = 500
_UNSURE = 4.0
"""At this many talks, what the stage says counts half."""
_EXIT_AGES = np.array([4, 6, 9, 13, 20, 30, 45, 70, 100, 150])
"""Seconds at a stage: the bounds of the classes in which the next stages are counted."""
_OVERALL = 8.0
"""The share of each next stage in all classes together counts like this many in each of them."""
_LEAST = 1e-12


def _first_seconds() -> Ints:
    """Return the first second of each row of a table: wider when older, as in ``Durations``."""
    firsts, at = [], 0.0
    while at < _LONGEST:
        firsts.append(round(at))
        at = at + 1.0 if at < _FINE_UPTO else at * _GROWTH
    return np.array(firsts, dtype=np.int64)


_FIRSTS = _first_seconds()
ROWS_OF_STAGE = len(_FIRSTS)
"""The number of rows of a stage's table."""
ROW_OF_SECOND: Ints = np.searchsorted(_FIRSTS, np.arange(_LONGEST), "right") - 1
"""The row for each whole second; for any longer time the last one."""
_AT: Ints = _FIRSTS + np.append(_FIRSTS[1:], _LONGEST)
"""The middle of each row in steps; a second has two."""
_STEPS = 2 * _LONGEST


@dataclass(frozen=True, slots=True)
class Gait:
    """How agents of one gait wrap up, whatever the stage."""

    wrap_up: Floats
    """The survival of wrap-up by quarters of a second."""
    pace: float


@dataclass(frozen=True, slots=True)
class StageTable:
    """What is known of the agents of one gait at one stage, or of those who wrap up after it."""

    chances: Floats
    """(ROWS_OF_STAGE, moments): the chance of still being busy at each moment, in seconds from
    now."""
    sure: Floats
    """(ROWS_OF_STAGE,): how much they count by the number of talks behind them, 0 to 1."""


class _Stage:
    """What is known of one stage."""

    def __init__(self) -> None:
        self.stays = Durations(mean=30.0, finest=_STEP_S, longest=3_600.0, memory=_MEMORY)
        self.free = Durations(mean=115.0, finest=_STEP_S, memory=_MEMORY)
        """From its start until the agent is free."""
        self.wrap_ups = Durations(mean=15.0, finest=0.5, longest=3_600.0, memory=_MEMORY)
        """After talks that ended at it, at a pace of 1."""
        self.exits: Floats = np.zeros((1, len(_EXIT_AGES) + 1))
        """How many left, by what came next (0: the end; n + 1: the stage of number n) and by how
        long they had stayed."""
        self.talks = 0.0
        """How many talks are remembered."""

    def learn(self, stayed: float, free: float, to: int, now: float) -> None:
        keep = 1.0 - 1.0 / _MEMORY
        self.stays.add(stayed, now - (free - stayed))
        self.free.add(free, now)
        if to >= len(self.exits):
            more = np.zeros((to + 1 - len(self.exits), self.exits.shape[1]))
            self.exits = np.concatenate((self.exits, more))
        self.exits *= keep
        self.exits[to, np.searchsorted(_EXIT_AGES, stayed, "right")] += 1.0
        self.talks = self.talks * keep + 1.0

    def shares(self) -> Floats:
        """Return (what comes next, class of age): the share of each."""
        each = self.exits.sum(axis=1, keepdims=True)
        overall = each / max(float(each.sum()), _LEAST)
        counted = self.exits + _OVERALL * overall
        shares: Floats = counted / counted.sum(axis=0)
        return shares

    @property
    def ended(self) -> float:
        """How many of the talks that are remembered ended at it."""
        return float(self.exits[0].sum())


class ScriptStages:
    """What is known of all stages of a campaign's scripts. Their number is bounded by whoever
    reports them: ``dialer.campaign_agents`` tells no more than STAGES apart."""

    def __init__(self) -> None:
        self._numbers: Kinds[StageName] = Kinds()
        self._stages: list[_Stage] = []

    def __contains__(self, stage: StageName) -> bool:
        return stage in self._numbers

    def learn(self, lesson: WrappedUp, pace: float, now: float) -> None:
        """Learn from the stages of a talk, once its agent is free; ``pace`` is the agent's."""
        talk = lesson.talk
        if talk is None or not talk.stages:
            return
        stages = talk.stages
        free = talk.seconds + lesson.seconds
        for place, (name, began) in enumerate(stages):
            ends, to = talk.seconds, 0
            if place + 1 < len(stages):
                following, ends = stages[place + 1]
                to = self._of(following) + 1
            self._stages[self._of(name)].learn(ends - began, free - began, to, now)
        self._stages[self._of(stages[-1][0])].wrap_ups.add(lesson.seconds / pace, now)

    def _of(self, name: StageName) -> int:
        number = self._numbers.of(name)
        if number == len(self._stages):
            self._stages.append(_Stage())
        return number

    def tables(
        self, at_it: Mapping[StageName, Floats], gaits: Sequence[Gait], moments: Floats
    ) -> tuple[list[StageTable], list[StageTable]]:
        """Return two tables for each gait and stage: of agents who are at the stage, and of those
        who wrap up after it.

        ``at_it`` has the stages wanted, all of them known, and for how long agents are at them.
        """
        later = np.maximum(1, np.rint(moments / _STEP_S)).astype(np.int64)
        # At half steps, as what ends within a step ends in its middle, on average.
        left = np.array(
            [each.free.survival(_STEP_S / 2.0, 2 * int(later.max()))[1::2] for each in self._stages]
        )
        at_stages = [
            _AtStage(self._stages[self._of(name)], ages, left, later)
            for name, ages in at_it.items()
        ]
        talking, wrapping_up = [], []
        for gait in gaits:
            for each in at_stages:
                wrap_up, begun = each.wrapping_up(gait)
                wrapping_up.append(wrap_up)
                talking.append(each.talking(begun))
        return talking, wrapping_up


class _AtStage:
    """Makes the tables of one stage. ``left`` (stages, steps): the chance of being busy for longer
    than so many and a half steps, from the start of each."""

    def __init__(self, stage: _Stage, at_it: Floats, left: Floats, later: Ints) -> None:
        self._stage, self._later = stage, later
        stays = stage.stays.survival(_STEP_S, _STEPS + int(later.max()), at_it)
        ends = stays[:-1] - stays[1:]
        classes = np.searchsorted(_EXIT_AGES, np.arange(len(ends)) * _STEP_S, "right")
        shares = stage.shares()
        self._still = stays[_AT]
        # For each row and step from now: how many leave in it, and their class of age.
        leaves = _AT[:, None] + np.arange(int(later.max()))
        leave, class_ = ends[leaves], classes[leaves]
        after = shares[1:].T @ left[: len(shares) - 1]  # (class of age, steps)
        self._in_talk = stays[_AT[:, None] + later]
        """(rows, moments): how many are then still at the stage, or busy with one that follows."""
        for column, steps in enumerate(later.tolist()):
            then = after[class_[:, :steps], np.arange(steps - 1, -1, -1)]
            self._in_talk[:, column] += np.einsum("rs,rs->r", leave[:, :steps], then)
        self._end = leave * shares[0][class_]
        """(rows, steps): how many end the talk in each step from now."""

    def wrapping_up(self, gait: Gait) -> tuple[StageTable, Floats]:
        """Return the table of those who wrap up, and the chance that a wrap-up that begins now
        lasts for longer than so many and a half steps."""
        stage, later, longest = self._stage, self._later, int(self._later.max())
        curve = stage.wrap_ups.survival(_STEP_S / 2.0 / gait.pace, 2 * (_STEPS + longest))
        still = curve[2 * _AT]
        chances = curve[2 * (_AT[:, None] + later)] / np.maximum(still, _LEAST)[:, None]
        ended = stage.ended
        usual = gait.wrap_up[1 : 2 * longest : 2]
        begun = usual + ended / (ended + _UNSURE) * (curve[1 : 2 * longest : 2] - usual)
        return StageTable(chances, _sure(ended * still)), begun

    def talking(self, wrap_up: Floats) -> StageTable:
        """Return the table of those who are at the stage. ``wrap_up``: the chance that one after it
        lasts for longer than so many and a half steps."""
        longest = int(self._later.max())
        # For each moment, the chance that who ended the talk in a step wraps up until then.
        until = self._later - 1 - np.arange(longest)[:, None]
        wraps_up = self._end @ np.where(until >= 0, wrap_up[np.maximum(until, 0)], 0.0)
        busy = (self._in_talk + wraps_up) / np.maximum(self._still, _LEAST)[:, None]
        return StageTable(np.minimum(busy, 1.0), _sure(self._stage.talks * self._still))


def _sure(talks: Floats) -> Floats:
    """Return what a stage's chances count when so many talks are behind them."""
    sure: Floats = talks / (talks + _UNSURE)
    return sure
