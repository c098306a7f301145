"""Active learning: which rows to label next.

References
----------
.. [1] Lewis and Gale (1994). "A sequential algorithm for training text classifiers".
   SIGIR.   (uncertainty sampling)
.. [2] Settles (2009). "Active learning literature survey". University of Wisconsin,
   report 1648, section 3.1.
"""

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Array, Ints


def most_uncertain(
    probability: ArrayLike, n: int, labelled: ArrayLike | None = None
) -> Ints:
    """Return the n rows whose probability is nearest to one half.

    Parameters
    ----------
    probability : array-like of shape (n_rows,)
        Of the positive class.
    n : int
        How many; fewer come where fewer are left.
    labelled : array-like of bool, shape (n_rows,), optional
        Rows that have a label already, and are left out.

    Notes
    -----
    Ties go to the earlier row. O(n_rows log n_rows).

    Examples
    --------
    >>> most_uncertain([0.9, 0.4, 0.5, 0.05], 2)
    array([2, 1])
    >>> most_uncertain([0.9, 0.4, 0.5, 0.05], 2, [False, False, True, False])
    array([1, 0])
    """
    doubt = np.abs(np.asarray(probability, np.float64) - 0.5)
    left: Array = np.ones(len(doubt), bool)
    if labelled is not None:
        left = ~np.asarray(labelled, bool)
    order = np.argsort(np.where(left, doubt, np.inf), kind="stable")
    return order[: min(n, int(left.sum()))]
