"""Tests that are several: what each still says once all of them are counted.

References
----------
.. [1] Holm (1979). "A simple sequentially rejective multiple test procedure".
   Scandinavian Journal of Statistics 6(2).
"""

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Floats


def holm(p_values: ArrayLike) -> Floats:
    """Correct p-values for being several, by Holm's step-down procedure [1]_.

    The chance that any of the tests is significant where no difference exists stays
    below the level, however the tests depend on each other.

    p_values : (n,), in [0, 1]; returns float64 (n,), each at least as large as before

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    """
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    found = np.empty(len(p))
    found[order] = np.minimum(stepped, 1.0)
    return found
