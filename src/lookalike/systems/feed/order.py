r"""The order of a feed: what each further post of an author or a topic counts less.

With v the value of a post, a and t the numbers of posts of its author and of its topic
that stand above, its gain is

.. math:: v\, \rho^a\, \tau^t \quad (v > 0),

a thousandth of it from the ``cap``-th post of an author on. At each place stands the
post of the greatest gain: the greedy way, which for such diminishing returns is never
far from the best list [1]_. Gains never rise down the list, so that they are its
scores.

References
----------
.. [1] Nemhauser, Wolsey and Fisher (1978). "An analysis of approximations for
   maximizing submodular set functions". Mathematical Programming 14.
"""

import numpy as np

from lookalike._typing import Floats, Ints
from lookalike.kernels.diminishing import diminishing_order

BEYOND = 1e-3  # what counts of a post beyond the cap


def in_order(
    value: Floats, author: Ints, topic: Ints, cap: int, fatigue: float, sameness: float
) -> tuple[Ints, Floats]:
    """Return the rows in the order of their gains, and the gains, both (n,).

    fatigue : rho, in (0, 1]
    sameness : tau, in (0, 1]

    Examples
    --------
    >>> value, author = np.array([1.0, 0.9, 0.8]), np.array([0, 0, 1])
    >>> order, gain = in_order(value, author, np.zeros(3, np.int64), 9, 0.5, 1.0)
    >>> order, gain
    (array([0, 2, 1]), array([1.  , 0.8 , 0.45]))
    """
    n = len(value)
    order, gain = np.empty(n, np.int64), np.empty(n)
    first, second = (np.unique(x, return_inverse=True)[1] for x in (author, topic))
    counts = [np.zeros(int(x.max(initial=0)) + 1, np.int64) for x in (first, second)]
    falls = np.array([fatigue, sameness])
    diminishing_order(
        np.asarray(value, np.float64),
        first,
        second,
        falls,
        cap,
        BEYOND,
        order,
        gain,
        *counts,
    )
    return order, gain
