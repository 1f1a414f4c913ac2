"""Chooses which lead to dial next: draws from the lists in the order in which leads come up."""

from collections import deque
from collections.abc import Sequence
from math import inf
from random import Random

from dialer.pacing_facts import Lead
from domain.identity import ListName
from simulation.scenario import LeadList

_HOPPER = 40


class Leads:
    """The leads of a day. ``next`` takes from a hopper that the caller must ``fill``.

    A single endless list without segments needs no hopper, and the dialler is not given the leads
    that come next.
    """

    def __init__(self, lists: Sequence[LeadList], rng: Random) -> None:
        self._lists = lists
        self._rng = rng
        self._left: dict[str, float] = {
            each.name: inf if each.leads is None else each.leads for each in lists
        }
        self._hopper: deque[Lead] = deque()
        self.has_hopper = len(lists) > 1 or any(
            each.segments or each.leads is not None for each in lists
        )
        self.runs_low = False
        """Set by ``next`` when the hopper needs filling."""
        self._only = None if self.has_hopper else Lead(ListName(lists[0].name))
        self.rates = _rates(lists)
        """The chance that a person answers, at the start of the day."""

    def next(self) -> Lead | None:
        """Return the next lead; None if there is none."""
        if self._only is not None:
            return self._only
        if not self._hopper:
            self.runs_low = False  # it is being filled, or all lists are used up
            return None
        lead = self._hopper.popleft()
        self.runs_low = len(self._hopper) < _HOPPER // 2
        return lead

    def fill(self) -> tuple[Lead, ...]:
        """Fill the hopper from the lists and return the leads in it."""
        lists = [each for each in self._lists if self._left[each.name] > 0]
        while lists and len(self._hopper) < _HOPPER:
            chosen = self._rng.choices(lists, [each.weight for each in lists])[0]
            self._left[chosen.name] -= 1
            self._hopper.append(_lead(chosen, self._rng))
            lists = [each for each in lists if self._left[each.name] > 0]
        return tuple(self._hopper)


def _rates(lists: Sequence[LeadList]) -> dict[Lead, float]:
    rates: dict[Lead, float] = {}
    for each in lists:
        if each.answer_rate is not None:
            rates[Lead(ListName(each.name))] = each.answer_rate
        for name, segment in each.segments.items():
            rates[Lead(ListName(each.name), name)] = segment.answer_rate
    return rates


def _lead(chosen: LeadList, rng: Random) -> Lead:
    if not chosen.segments:
        return Lead(ListName(chosen.name))
    names = list(chosen.segments)
    weights = [chosen.segments[name].share for name in names]
    return Lead(ListName(chosen.name), rng.choices(names, weights)[0])
