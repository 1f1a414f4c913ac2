"""The probability that too many of a set of unequal coins come up heads.

Each coin is a call that may be answered or an agent who may still be busy, with a probability of
its own, so the number of heads has a Poisson binomial distribution. For few coins it is built up
exactly, coin by coin. For many, we use a normal distribution corrected for skewness (the refined
normal approximation, Volkova 1996; Hong, Comput. Stat. Data Anal. 59, 2013), whose three moments
are sums. Every array has one row per moment in time looked at.
"""

from math import erfc, exp, pi, sqrt

import numpy as np

from dialer.ages import Floats

_SKEW = 1.0 / (6.0 * sqrt(2.0 * pi))
_ROOT_2 = sqrt(2.0)


def none_yet(rows: int) -> Floats:
    """Return the distribution of the number of heads among no coins: (rows, 1)."""
    return np.ones((rows, 1))


def with_coins(distribution: Floats, chances: Floats) -> Floats:
    """Return the distribution with more coins, which have ``chances`` (rows, coins)."""
    rows, coins = chances.shape
    length = distribution.shape[1]
    more = np.zeros((rows, length + coins))
    more[:, :length] = distribution
    tails = 1.0 - chances
    for coin in range(coins):
        end = length + coin
        falls = more[:, :end] * chances[:, coin : coin + 1]
        more[:, :end] *= tails[:, coin : coin + 1]
        more[:, 1 : end + 1] += falls
    return more


def exact_tail(distribution: Floats, at_least: int) -> list[float]:
    """Return, for each row, the probability of ``at_least`` heads or more."""
    if at_least <= 0:
        return [1.0] * len(distribution)
    tail: list[float] = distribution[:, at_least:].sum(axis=1).tolist()
    return tail


def normal_tail(mean: float, variance: float, third: float, at_least: float) -> float:
    """Return the same from the moments: the sums of p, of p(1-p) and of p(1-p)(1-2p)."""
    if variance < 1e-9:
        return 1.0 if mean >= at_least - 0.5 else 0.0
    deviation = sqrt(variance)
    x = (at_least - 0.5 - mean) / deviation
    if x > 12.0:
        return 0.0
    skew = third / (variance * deviation)
    tail = 0.5 * erfc(x / _ROOT_2) - _SKEW * skew * (1.0 - x * x) * exp(-0.5 * x * x)
    if tail < 0.0:  # neither min nor max: this is called some dozen times for each decision
        return 0.0
    return tail if tail < 1.0 else 1.0
