"""Prevalence: the share of what people see that is harmful, from a labelled sample.

What counts is views, and a few posts have most of them. Posts are drawn by their
views, with replacement: each draw is then a view, the harmful share of the draws
estimates the harmful share of views without bias [1]_, and its interval is that of a
share, however unequal the views are.

References
----------
.. [1] Hansen and Hurwitz (1943). "On the theory of sampling from finite populations".
   Annals of Mathematical Statistics 14(4).
"""

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Ints
from lookalike.evaluate.interval import Estimate, share_interval


def sample_by_views(
    views: ArrayLike, n: int, random_state: int | np.random.Generator | None = 0
) -> Ints:
    """Draw n views, and return the post of each; a post may come more than once.

    Parameters
    ----------
    views : array-like of shape (n_posts,), at least 0 and not all 0
    n : int
    random_state : int, Generator or None, default=0

    Examples
    --------
    >>> sample_by_views([0, 1, 0, 3], 6)
    array([3, 3, 1, 1, 3, 3])
    """
    counts = np.asarray(views, np.float64)
    if counts.ndim != 1 or not (counts >= 0).all() or not counts.any():
        raise ValueError("views must be one number a post, at least 0 and not all 0.")
    rng = np.random.default_rng(random_state)
    # The default of choice is one number a draw and a search, the same on any machine.
    return rng.choice(len(counts), n, p=counts / counts.sum()).astype(np.int64)


def prevalence(harmful: ArrayLike, level: float = 0.95) -> Estimate:
    """Return the harmful share of views, with its interval, see ``share_interval``.

    Parameters
    ----------
    harmful : array-like of shape (n_draws,)
        Label of the post of each drawn view, of :func:`sample_by_views`.
    level : float, default=0.95

    Examples
    --------
    >>> print(prevalence([1] * 3 + [0] * 997))
    0.0030 [0.0010, 0.0088]
    >>> print(prevalence([0] * 1000))
    0.0000 [0.0000, 0.0038]
    """
    labels = np.asarray(harmful, np.float64)
    if labels.ndim != 1 or not len(labels) or not np.isin(labels, (0, 1)).all():
        raise ValueError("harmful must be 0 or 1 for each view that was drawn.")
    return share_interval(float(labels.mean()), len(labels), level)
