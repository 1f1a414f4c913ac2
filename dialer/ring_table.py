"""How likely ringing calls are to have been answered at given moments, by lead and ringing time.

A call's chance is a product of two: that it will be answered at all, which depends on the answer
rate of its kind of lead and on how long it has rung; and that this happens by the moment, which
depends on its list's answer times and on how long it has rung. So a kind takes one column and not a
table, for there may be hundreds. Calls of one kind that have rung for as long (in steps of STEP_S)
are counted and looked up once: a thousand cost hardly more than a hundred.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from dialer.ages import Ages, Floats, Ints
from dialer.chances import rows_of, with_moments
from domain.identity import AttemptId, ListName

STEP_S, STEPS = 0.5, 180
Curves = tuple[Floats, Floats]
"""The shares of calls that still ring at each step: of those that people answer, of the others."""
_LEAST = 1e-12
_NONE_YET = -1.0
_ALIKE = 32
"""So many calls for each kind, and they are counted first: hardly any rings for more steps than
twice that."""


class RingTable:
    """Chances by kind of lead and ringing time; ``look`` takes the calls, the rest is about them.

    A list without curves of its own has those of ``others``.
    """

    def __init__(self, others: ListName) -> None:
        self._others = others
        self._lists: dict[ListName, int] = {}
        self._by_then: Floats = np.zeros((0, 0))
        """(lists * STEPS, moments): the chance to be answered by then, if ever."""
        self._still: Floats = np.zeros((0, 0))
        self._missed: Floats = np.zeros((0, 0))
        self._rates: list[float] = []
        """For each kind, the answer rate used; _NONE_YET if none was needed."""
        self._ever: Floats = np.zeros((0, STEPS))
        """For each kind, the chance to be answered at all."""
        self._doubts: Floats = np.zeros(0)
        """For each kind, the variance of its rate, as a fraction of its square."""
        self._rises: Floats = np.zeros(0)
        """For each kind, how many times its rate it may soon be."""
        self._list_of: list[int] = []
        """For each kind, its list's place."""
        self._shifts: Ints = np.zeros(0, dtype=np.int64)
        """For each kind, from its own rows (kind * STEPS + step) to those of its list."""
        self._only: Floats | None = None
        """If there is one kind: (STEPS, 3 * moments), its chances ``with_moments``."""
        self._rows: Ints = self._shifts
        """Of the calls looked at: kind * STEPS + step."""

    @property
    def kinds(self) -> int:
        """The number of kinds it has room for."""
        return len(self._rates)

    def begin(self, curves: Mapping[ListName, Curves], later: Ints) -> None:
        """Start again with these curves; ``later`` are the moments, in steps from now."""
        ages = np.arange(STEPS)[:, None]
        self._lists = {name: place for place, name in enumerate(curves)}
        still = [np.maximum(reached, _LEAST) for reached, _ in curves.values()]
        self._by_then = np.concatenate([1.0 - each[ages + later] / each[ages] for each in still])
        self._still = np.stack([each[:STEPS] for each in still])
        missed = [missed[:STEPS] for _, missed in curves.values()]
        self._missed = np.maximum(np.stack(missed), _LEAST)
        self._rates, self._only = [], None

    def add_kinds(self, lists: Sequence[ListName]) -> None:
        """Make room for kinds that are new; ``lists`` has the list of every kind."""
        others = self._lists[self._others]
        self._list_of = [self._lists.get(name, others) for name in lists]
        self._shifts = (np.array(self._list_of, dtype=np.int64) - np.arange(len(lists))) * STEPS
        self._rates.extend([_NONE_YET] * (len(lists) - len(self._rates)))
        self._only = None
        if len(lists) > len(self._ever):
            more = len(lists) + len(lists) // 2 - len(self._ever)
            self._ever = np.concatenate((self._ever, np.zeros((more, STEPS))))
            self._doubts = np.concatenate((self._doubts, np.zeros(more)))
            self._rises = np.concatenate((self._rises, np.ones(more)))

    def update(
        self,
        kinds: Sequence[int],
        rates: Sequence[float],
        doubts: Sequence[float],
        rises: Sequence[float],
    ) -> None:
        """Use these answer rates for these kinds, these doubts about them, and these factors by
        which they may soon be higher."""
        known, changed = self._rates, []
        for kind, rate, doubt, rise in zip(kinds, rates, doubts, rises, strict=True):
            self._doubts[kind], self._rises[kind] = doubt, rise
            if abs(rate - known[kind]) > 0.01 * rate:
                known[kind] = rate
                changed.append(kind)
        if not changed:
            return
        self._only = None
        lists = [self._list_of[kind] for kind in changed]
        chance = np.array([[known[kind]] for kind in changed])
        ever = chance * self._still[lists]
        self._ever[changed] = ever / (ever + (1.0 - chance) * self._missed[lists])

    def look(self, ringing: Ages[AttemptId], now: float) -> None:
        """Take the calls that are ringing now."""
        rows = rows_of(ringing.ages(now) * (1.0 / STEP_S), STEPS)
        if len(self._rates) > 1:
            rows += ringing.kinds * STEPS
        self._rows = rows

    def sums(self, first: int) -> tuple[Floats, list[float], list[float]]:
        """Return what ``with_moments`` gives for the calls, added up: (3 * moments,); and for the
        ``first`` moments, how far off their number may be because the rates are: a standard
        deviation, as a fraction of the number; and how many times the number it may be if all rates
        rise. All calls of a kind share the error of its rate."""
        if len(self._rates) == 1:
            if self._only is None:
                self._only = with_moments(self._chances(np.arange(STEPS)))
            sums: Floats = np.bincount(self._rows, minlength=STEPS) @ self._only
            doubt, only = float(self._doubts[0]), float(self._rises[0])
            return sums, [doubt**0.5] * first, [only] * first
        rows, counts = self._rows, None
        if len(rows) > _ALIKE * len(self._rates):
            number = np.bincount(rows)
            rows = np.flatnonzero(number)
            counts = number[rows, None]
        moments = with_moments(self._chances(rows))
        if counts is not None:
            moments *= counts
        cells = (rows // STEPS * first)[:, None] + np.arange(first)
        by_kind = np.bincount(cells.ravel(), moments[:, :first].ravel(), len(self._rates) * first)
        by_kind = by_kind.reshape(-1, first)
        squares = by_kind**2 * self._doubts[: len(self._rates), None]
        summed: Floats = np.add.reduce(moments)
        number = np.maximum(summed[:first], _LEAST)
        off = np.sqrt(np.add.reduce(squares)) / number
        rise = self._rises[: len(self._rates)] @ by_kind / number
        return summed, off.tolist(), rise.tolist()

    def chances(self, places: Sequence[int] | None = None) -> Floats:
        """Return (n, moments): the chances of the calls, or of those at these places."""
        if places is None:
            return self._chances(self._rows)
        return self._chances(self._rows.take(np.array(places, dtype=np.int64)))

    def _chances(self, rows: Ints) -> Floats:
        """Return the chances in these rows, which are kind * STEPS + step."""
        chances: Floats = self._by_then.take(rows + self._shifts.take(rows // STEPS), 0)
        chances *= self._ever.ravel().take(rows)[:, None]
        return chances
