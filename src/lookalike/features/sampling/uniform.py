"""Uniform sampling without replacement."""

from typing import Any

import numpy as np

from lookalike._typing import Ints
from lookalike.features._random import as_generator
from lookalike.kernels.distinct import distinct_draws


def uniform_sample(n_population: int, n_samples: int, random_state: Any = None) -> Ints:
    r"""Choose ``n_samples`` distinct numbers from ``range(n_population)``.

    Floyd's method: for :math:`j = N - n, \dots, N - 1` draw a number from 0 to j; take
    it, or j itself if it was taken before. Every subset is equally likely. One draw an
    element, whatever the size of the population.

    Parameters
    ----------
    n_population, n_samples : int
        N and n, with 0 <= n <= N.
    random_state : int, Generator, RandomState or None, default=None
        Source of chance.

    Returns
    -------
    ndarray of shape (n_samples,), int64
        The subset, in an order that is not uniform: shuffle it if order matters.

    References
    ----------
    .. [1] Bentley and Floyd (1987). "Programming pearls: a sample of brilliance".
       Communications of the ACM 30(9).

    Examples
    --------
    >>> from lookalike.features.sampling import uniform_sample
    >>> chosen = uniform_sample(10**12, 5, random_state=0)
    >>> len(set(chosen.tolist())), bool((chosen < 10**12).all())
    (5, True)
    >>> sorted(uniform_sample(4, 4, random_state=0).tolist())
    [0, 1, 2, 3]
    """
    if not 0 <= n_samples <= n_population:
        raise ValueError(
            f"n_samples must be in [0, {n_population}], got {n_samples!r}."
        )
    rng = as_generator(random_state)
    first = n_population - n_samples
    draws = rng.integers(0, np.arange(first, n_population), endpoint=True)
    distinct_draws(draws, first)
    return draws
