r"""Heads of one language brought together: what one says of another, where that helps.

Each head becomes a weighted sum of all heads. The weights are those of a logistic
regression of the head's labels on the scores of all heads, of posts from which the
heads had not learned (stacking [1]_, of several responses [2]_), with a penalty

.. math:: \lambda \sum_j (b_j - b \, [j = own])^2

that draws them to the head alone, b being its weight alone. How strong it is is chosen
by cross-validation, up to infinity, which is the head alone: so a head is brought
together with others only where they help it.

References
----------
.. [1] Wolpert (1992). "Stacked generalization". Neural Networks 5(2).
.. [2] Breiman and Friedman (1997). "Predicting multivariate responses in multiple
   linear regression". Journal of the Royal Statistical Society B 59(1).
"""

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from lookalike._typing import Array, Floats, Ints

N_FOLDS = 3
PENALTIES = (10.0, 30.0, 100.0, 300.0, 1000.0, np.inf)
"""That are tried, of scores whose deviation is one."""


def weights_together(scores: Floats, y: Ints, own: int, folds: Ints) -> Floats | None:
    """Return the weight of each head in one of them; None where it does best alone.

    Parameters
    ----------
    scores : (n_posts, n_heads), of deviation one
    y : (n_posts,), labels 0 and 1 of the head
    own : the head's column
    folds : (n_posts,), by which the penalty is chosen

    Examples
    --------
    The second head knows half of what the first one has to tell:

    >>> rng = np.random.default_rng(0)
    >>> scores = rng.normal(size=(3000, 2))
    >>> y = (scores.sum(axis=1) + rng.logistic(size=3000) > 0).astype(int)
    >>> weights_together(scores, y, 0, np.arange(3000) % 3).round(1)
    array([1., 1.])

    and here it knows nothing:

    >>> y = (scores[:, 0] + rng.logistic(size=3000) > 0).astype(int)
    >>> found = weights_together(scores, y, 0, np.arange(3000) % 3)
    >>> found is None or bool(abs(found[1] / found[0]) < 0.1)
    True
    """
    losses = np.zeros(len(PENALTIES))
    for fold in range(N_FOLDS):
        known, asked = folds != fold, folds == fold
        if not 0 < y[known].sum() < known.sum():
            return None
        for at, penalty in enumerate(PENALTIES):
            weights, base = _fitted(scores[known], y[known], own, penalty)
            found = scores[asked] @ weights + base
            losses[at] += (np.logaddexp(0, found) - y[asked] * found).sum()
    best = PENALTIES[int(losses.argmin())]
    return None if np.isinf(best) else _fitted(scores, y, own, best)[0]


def _fitted(scores: Floats, y: Ints, own: int, penalty: float) -> tuple[Floats, float]:
    """Weights of heads and the base, under a penalty."""
    alone, base = _least(scores[:, [own]], y, np.zeros(1), 0.0)
    drawn_to = np.zeros(scores.shape[1])
    drawn_to[own] = alone[0]
    if np.isinf(penalty):
        return drawn_to, base
    return _least(scores, y, drawn_to, penalty)


def _least(
    scores: Floats, y: Ints, drawn_to: Floats, penalty: float
) -> tuple[Floats, float]:
    def loss(point: Floats) -> tuple[float, Array]:
        weights, base = point[:-1], point[-1]
        found, away = scores @ weights + base, weights - drawn_to
        slope = expit(found) - y
        value = (np.logaddexp(0, found) - y * found).sum() + penalty * away @ away
        return value, np.append(scores.T @ slope + 2 * penalty * away, slope.sum())

    found = minimize(loss, np.append(drawn_to, 0.0), jac=True, method="L-BFGS-B").x
    return found[:-1], float(found[-1])
