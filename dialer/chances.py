"""Chances by age: tables with a row for each step of age, a column for each moment looked at."""

import numpy as np

from dialer.ages import Floats, Ints


def rows_of(ages: Floats, steps: int) -> Ints:
    """The row of each age, given in steps; the last one is for all that are older."""
    rows: Ints = ages.astype(np.int64)
    return np.minimum(rows, steps - 1, out=rows)


def with_moments(chances: Floats) -> Floats:
    """Chances p (n, moments), with p(1-p) and p(1-p)(1-2p) beside them: (n, 3 * moments).

    Summed over coins these are mean, variance and third moment of the number of heads.
    """
    variance = chances * (1.0 - chances)
    return np.concatenate((chances, variance, variance * (1.0 - 2.0 * chances)), axis=1)
