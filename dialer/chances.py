"""Tables of probabilities by age: one row per step of age, one column per moment looked at."""

import numpy as np

from dialer.ages import Floats, Ints


def rows_of(ages: Floats, steps: int) -> Ints:
    """Return the row of each age, given in steps; anything older than the table gets the last."""
    rows: Ints = ages.astype(np.int64)
    return np.minimum(rows, steps - 1, out=rows)


def with_moments(chances: Floats) -> Floats:
    """Return probabilities p (n, moments) with p(1-p) and p(1-p)(1-2p) beside them:
    (n, 3 * moments).

    Summed over coins, these are the mean, variance and third moment of the number of heads.
    """
    variance = chances * (1.0 - chances)
    return np.concatenate((chances, variance, variance * (1.0 - 2.0 * chances)), axis=1)
