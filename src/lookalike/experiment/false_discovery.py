"""Many metrics at once: which differences are more than the luck of looking at many.

References
----------
.. [1] Benjamini and Hochberg (1995). "Controlling the false discovery rate: a practical
   and powerful approach to multiple testing". Journal of the Royal Statistical Society
   B 57(1).
"""

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Floats


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """Return adjusted p-values, (n_tests,).

    Of all tests whose adjusted p-value is at most q, a share of at most q is false, on
    average, if the tests are independent or positively dependent.

    Raises
    ------
    ValueError
        If they are not 1-D numbers from 0 to 1.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03, 0.5]).round(3)
    array([0.04 , 0.053, 0.053, 0.5  ])
    """
    p = np.asarray(p_values, np.float64)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"p-values must be 1-D numbers from 0 to 1, got {p_values!r}.")
    if not len(p):
        return p
    order = np.argsort(p)
    raised = p[order] * len(p) / np.arange(1, len(p) + 1)
    found = np.empty_like(p)
    found[order] = np.minimum.accumulate(raised[::-1])[::-1].clip(max=1)
    return found
