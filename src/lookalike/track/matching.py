"""Which detection belongs to which track: the assignment with the greatest overlap.

References
----------
.. [1] Kuhn (1955). "The Hungarian method for the assignment problem". Naval Research
   Logistics Quarterly 2.
.. [2] Crouse (2016). "On implementing 2D rectangular assignment algorithms". IEEE
   Transactions on Aerospace and Electronic Systems 52. (what is used)
"""

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Ints
from lookalike.kernels.assignment import match


def matched(overlaps: ArrayLike, least: float = 0.0) -> tuple[Ints, Ints]:
    """Return rows and columns of pairs whose overlaps have the greatest sum.

    Parameters
    ----------
    overlaps : array-like (n, m), finite
    least : float, default=0
        Pairs below it are taken apart afterwards. Where each row and each column has
        at most one overlap above it, those are the pairs.

    Returns
    -------
    rows, columns : int64, the pairs, by row

    Notes
    -----
    Cost: O(n * m), and O(min(n, m)**2 * max(n, m)) where overlaps compete.

    Examples
    --------
    >>> matched([[0.6, 0.5], [0.7, 0.1]], least=0.3)
    (array([0, 1]), array([1, 0]))
    """
    found = np.ascontiguousarray(overlaps, np.float64)
    if found.ndim != 2 or not np.isfinite(found).all():
        raise ValueError(
            f"overlaps must be finite numbers (n, m), got shape {found.shape}."
        )
    column_of = np.empty(len(found), np.int64)
    match(found, least, column_of)
    rows = np.flatnonzero(column_of >= 0)
    return rows, column_of[rows]
