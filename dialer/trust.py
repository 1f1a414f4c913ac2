"""How far to believe a forecast that has a rival: by how well both foretold what came.

The weight of a forecast is the probability that it is the better one: each outcome multiplies the
odds by the ratio of the chances that the two gave it (Bayes). Which of them is better may change at
any time, so a small share of the weight is then divided anew between them (fixed share; Herbster
and Warmuth, Machine Learning 32, 1998). That bounds the odds, and the change is noticed soon.
"""

from math import exp

import numpy as np

from dialer.ages import Floats, Ints

_SHARE = 0.01
_SURPRISE = 0.02
"""Anything may happen with this chance, whatever a forecast says: one outcome that it held to be
impossible must not discredit it for good."""
_MOST = 50.0


class Trust:
    """The weight of one forecast, 0 to 1. Until it has been judged, it is believed."""

    def __init__(self) -> None:
        self.weight = 1.0 - _SHARE

    def judge(self, evidence: float) -> None:
        """Take in the logarithm of how many times more likely it held what came than its rival."""
        ours = self.weight * exp(min(max(evidence, -_MOST), _MOST))
        weight = ours / (ours + 1.0 - self.weight)
        self.weight = weight + _SHARE * (0.5 - weight)


def evidence(ours: Floats, rivals: Floats, moments: Floats, left: Floats) -> float:
    """Return what the ends of several times say for ``ours`` and against ``rivals``: the mean of
    the logarithms of their ratios.

    ``ours`` and ``rivals`` (times, moments): the chances that each would last longer than each of
    the moments, which may be in any order. ``left``: how long each lasted.
    """
    order = np.argsort(moments, kind="stable")
    ended_in = np.searchsorted(moments[order], left, "left")  # between which two of the moments
    ratios = _chance(ours[:, order], ended_in) / _chance(rivals[:, order], ended_in)
    return float(np.log(ratios).mean())


def _chance(lasts: Floats, ended_in: Ints) -> Floats:
    """Return the chance of each end, given those of lasting longer than each moment."""
    count, moments = lasts.shape
    edges = np.ones((count, moments + 2))
    edges[:, 1:-1] = lasts
    edges[:, -1] = 0.0
    each = np.arange(count)
    within = np.maximum(edges[each, ended_in] - edges[each, ended_in + 1], 0.0)
    chance: Floats = (1.0 - _SURPRISE) * within + _SURPRISE / (moments + 1)
    return chance
