"""The chances of agents whose stage is known, mixed with those by age alone.

A stage counts for as much as two things allow: how many talks are behind its chances, and how far
it is trusted (``dialer.trust``). Once an agent is free, what it said is compared with what came,
and with what age alone had said. A page that says nothing, a screen that hangs, and a word that
means something else since noon thus cost little, and are believed again when they deserve it.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from dialer.ages import Floats, Ints
from dialer.chances import rows_of, with_moments
from dialer.script_stages import ROW_OF_SECOND, ROWS_OF_STAGE, StageTable
from dialer.trust import Trust, evidence
from domain.identity import StageName

_NO_TABLE = -1
_JUDGED_AT = np.array([0.0, 5.0, 15.0, 40.0])
"""Seconds at a stage at which what it said is compared with what came."""


class StageTables:
    """The tables of one state, talk or wrap-up, for all stages and gaits."""

    def __init__(self) -> None:
        self._numbers: Mapping[StageName, int] = {}
        self._first: Ints = np.zeros(0, dtype=np.int64)
        """For each stage's number, the first row of its table for the first gait, or _NO_TABLE;
        empty if no stage has one."""
        self._rows_of_gait = 0
        self._chances: Floats = np.zeros((0, 0))
        self._sure: Floats = np.zeros(0)
        self._moments: Floats = np.zeros(0)
        self._trust: dict[StageName, Trust] = {}
        self._trusted: Floats = np.zeros(0)
        """The weight of each stage by its number."""

    @property
    def rows(self) -> int:
        """The number of rows of all tables."""
        return len(self._chances)

    def fill(
        self,
        numbers: Mapping[StageName, int],
        names: int,
        tables: Sequence[StageTable],
        moments: Floats,
    ) -> None:
        """Replace the tables. ``numbers`` has the stages that get one, each with its number, of
        which there are ``names``; ``tables`` are in the same order, gait by gait."""
        self._numbers, self._moments = numbers, moments
        self._rows_of_gait = len(numbers) * ROWS_OF_STAGE
        self._first = np.full(names if numbers else 0, _NO_TABLE)
        self._trusted = np.zeros(len(self._first))
        for place, (name, number) in enumerate(numbers.items()):
            self._first[number] = place * ROWS_OF_STAGE
            self._trusted[number] = self._trust.setdefault(name, Trust()).weight
        if numbers:
            self._chances = np.concatenate([each.chances for each in tables])
            self._sure = np.concatenate([each.sure for each in tables])

    def know_of(self, names: int) -> None:
        """Make room for stages that were heard of after the tables were made."""
        new = names - len(self._first)
        if new > 0 and len(self._first):
            self._first = np.concatenate((self._first, np.full(new, _NO_TABLE)))
            self._trusted = np.concatenate((self._trusted, np.zeros(new)))

    def mix(self, chances: Floats, stages: Ints, ages: Floats, gaits: Ints | None) -> Floats | None:
        """Change the chances by age of agents, with what ``with_moments`` puts beside them, to
        those by their stages; ``ages`` are the seconds at it. Return by how much they were higher
        before, all together; None if no stage counts."""
        if not len(self._first):
            return None
        first = self._first.take(stages)
        if first.max() < 0:
            return None
        rows = np.maximum(first, 0) + ROW_OF_SECOND.take(rows_of(ages, len(ROW_OF_SECOND)))
        if gaits is not None:
            rows += gaits * self._rows_of_gait
        # Of a stage without a table, the weight is 0.
        weights = self._trusted.take(stages) * self._sure.take(rows)
        mixed = chances[:, : self._chances.shape[1]]
        by_stage = with_moments(mixed + weights[:, None] * (self._chances.take(rows, 0) - mixed))
        higher: Floats = np.add.reduce(chances) - np.add.reduce(by_stage)
        chances[:] = by_stage
        return higher

    def judge(self, stage: StageName, stayed: float, left: float, by_age: Floats) -> None:
        """Compare what was said of an agent who was at a stage for ``stayed`` seconds, and free
        ``left`` seconds after its beginning, with what came. ``by_age`` (seconds from then on,
        moments): the chances by age."""
        number = self._numbers.get(stage)
        if number is None:
            return
        ages = _JUDGED_AT[: np.searchsorted(_JUDGED_AT, min(stayed, len(by_age) - 1.0), "right")]
        seconds = ages.astype(np.int64)
        rows = self._first[number] + ROW_OF_SECOND.take(seconds)
        said = self._chances.take(rows, 0)
        trust = self._trust[stage]
        trust.judge(evidence(said, by_age.take(seconds, 0), self._moments, left - ages))
        self._trusted[number] = trust.weight
