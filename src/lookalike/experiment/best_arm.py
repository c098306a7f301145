"""The probability that each of several independent unknowns is the greatest.

P(i is greatest) is the integral over x of the product of the other distribution
functions at x, by the distribution of i. It is summed over points that follow every
arm's own scale: a rectangle has the change of arm i's distribution function there times
the product of the others in its middle. The error is some 1e-4, and the sum is made 1.
"""

import numpy as np
from scipy import special

from lookalike._typing import Floats

_AT = np.concatenate([np.linspace(-7, -3, 9)[:-1], np.linspace(-3, 3, 49), [4, 5, 7]])
_TINY = 1e-300


def best_of_beta(a: Floats, b: Floats) -> Floats:
    """Return the probability of each Beta(a, b) to be the greatest, (n_arms,).

    Examples
    --------
    >>> best_of_beta(np.array([1.0, 1.0]), np.array([1.0, 1.0]))
    array([0.5, 0.5])
    >>> best_of_beta(np.array([2.0, 1.0]), np.array([1.0, 1.0]))  # 2/3
    array([0.667, 0.333])
    """
    mean = a / (a + b)
    spread = np.sqrt(mean * (1 - mean) / (a + b + 1))
    points = (mean[:, None] + spread[:, None] * _AT).ravel()
    even = np.linspace(0, 1, 33)
    edges = np.unique(np.clip(np.concatenate([points, even]), 0, 1))
    return _greatest(special.betainc(a[:, None], b[:, None], _halved(edges)))


def best_of_normal(mean: Floats, spread: Floats) -> Floats:
    """Return the probability of each N(mean, spread**2) to be the greatest, (n_arms,).

    Examples
    --------
    >>> best_of_normal(np.array([0.0, 1.0]), np.array([1.0, 1.0]))  # Phi(1 / sqrt(2))
    array([0.24, 0.76])
    """
    edges = np.unique((mean[:, None] + spread[:, None] * _AT).ravel())
    return _greatest(special.ndtr((_halved(edges) - mean[:, None]) / spread[:, None]))


def _halved(edges: Floats) -> Floats:
    """Edges with the middles between them."""
    found = np.empty(2 * len(edges) - 1)
    found[::2] = edges
    found[1::2] = (edges[1:] + edges[:-1]) / 2
    return found


def _greatest(values: Floats) -> Floats:
    """From distribution functions (n_arms, n_points) at edges and middles in turn."""
    change = np.diff(values[:, ::2], axis=1)
    log = np.log(np.maximum(values[:, 1::2], _TINY))
    others = np.exp(log.sum(axis=0) - log)
    found = (change * others).sum(axis=1)
    return found / found.sum()
