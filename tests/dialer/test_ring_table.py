"""Ringing calls counted together are the same as each looked up, and cheaper."""

from random import Random

import numpy as np
import pytest

from dialer import ring_table
from dialer.ages import Ages, Floats
from dialer.chances import with_moments
from dialer.ring_table import STEPS, RingTable
from domain.identity import AttemptId, ListName

LATER = np.array([1, 4, 9, 20, 40])
SHORT, LONG = ListName("short"), ListName("long")


def table(kinds: int) -> RingTable:
    """Kinds of leads of two lists in turn, each with a rate of its own."""
    ages: Floats = np.arange(2 * STEPS + 1, dtype=np.float64)
    short: Floats = 0.9**ages
    long: Floats = 0.97**ages
    missed: Floats = np.where(ages < 50.0, 1.0, 0.5 ** (ages - 49.0))
    curves = {SHORT: (short, missed), LONG: (long, missed)}
    made = RingTable(SHORT)
    made.begin(curves, LATER)
    made.add_kinds([(SHORT, LONG)[kind % 2] for kind in range(kinds)])
    rates = [0.02 + 0.9 * kind / kinds for kind in range(kinds)]
    doubts = [0.01 * (kind + 1) for kind in range(kinds)]
    made.update(range(kinds), rates, doubts, [1.0 + kind for kind in range(kinds)])
    return made


def ringing(calls: int, kinds: int) -> Ages[AttemptId]:
    """So many, which have rung for up to a hundred seconds at 100."""
    rng, column = Random(calls), Ages[AttemptId]()
    for call in range(calls):
        column.add(AttemptId(str(call)), rng.uniform(0.0, 100.0), rng.randrange(kinds))
    return column


@pytest.mark.parametrize("kinds", [1, 2, 7])
@pytest.mark.parametrize("calls", [1, 10, 300, 3_000])
def test_the_sums_are_those_of_each_call(kinds: int, calls: int) -> None:
    looked, column = table(kinds), ringing(calls, kinds)
    looked.look(column, 100.0)
    chances = looked.chances()
    assert chances.shape == (calls, len(LATER))
    sums, off, rise = looked.sums(3)
    assert sums.tolist() == pytest.approx(with_moments(chances).sum(axis=0).tolist())
    by_kind = [chances[column.kinds == kind, :3].sum(axis=0) for kind in range(kinds)]
    variance = sum(0.01 * (kind + 1) * each**2 for kind, each in enumerate(by_kind))
    assert off == pytest.approx((np.sqrt(variance) / chances[:, :3].sum(axis=0)).tolist())
    risen = sum((1.0 + kind) * each for kind, each in enumerate(by_kind))
    assert rise == pytest.approx((risen / chances[:, :3].sum(axis=0)).tolist())


def test_a_call_has_the_chance_of_its_kind_list_and_age() -> None:
    looked, column = table(4), Ages[AttemptId]()
    column.add(AttemptId("a"), 90.0, 3)
    column.add(AttemptId("b"), 95.0, 0)
    looked.look(column, 100.0)
    for place, (rate, stays, steps) in enumerate([(0.695, 0.97, 20), (0.02, 0.9, 10)]):
        still = rate * stays**steps
        expected = still / (still + 1.0 - rate) * (1.0 - stays**LATER)
        assert looked.chances([place])[0].tolist() == pytest.approx(expected.tolist())


@pytest.mark.parametrize("kinds", [1, 3])
def test_ten_thousand_calls_are_no_ten_thousand_rows(
    kinds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[int] = []

    def counted(chances: Floats) -> Floats:
        rows.append(len(chances))
        return with_moments(chances)

    monkeypatch.setattr(ring_table, "with_moments", counted)
    looked = table(kinds)
    looked.look(ringing(10_000, kinds), 100.0)
    looked.sums(3)
    assert rows == [kinds * STEPS]


def test_a_thousand_kinds_take_little_room() -> None:
    looked = table(1_000)
    arrays = [each for each in vars(looked).values() if isinstance(each, np.ndarray)]
    assert sum(each.nbytes for each in arrays) < 3_000_000


def test_new_kinds_leave_the_others_as_they_are() -> None:
    looked, column = table(5), ringing(40, 5)
    looked.look(column, 100.0)
    before = looked.chances()
    for kinds in range(6, 30):
        looked.add_kinds([(SHORT, LONG)[kind % 2] for kind in range(kinds)])
    assert looked.kinds == 29
    looked.look(column, 100.0)
    assert looked.chances().tolist() == before.tolist()
