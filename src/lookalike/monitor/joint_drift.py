"""Have the features moved together: can rows of now be told from those of before.

Features that each stay as they were can move together. Two tests see that:

- a *domain classifier*: learned to tell the two apart on some rows, does it on others?
  Its area under the ROC curve is 0.5 where nothing moved;
- the *energy distance*: twice the mean distance between a row of before and one of now,
  less the mean distances within each, 0 where both come from one distribution.

References
----------
.. [1] Lopez-Paz and Oquab (2017). "Revisiting classifier two-sample tests". ICLR.
.. [2] Szekely and Rizzo (2013). "Energy statistics". Journal of Statistical Planning
   and Inference 143(8).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist
from scipy.stats import norm

from lookalike._checks import check_whole
from lookalike._typing import Floats
from lookalike.evaluate import Estimate
from lookalike.evaluate.roc_area import roc_auc, roc_auc_error
from lookalike.learn import DecisionTreeClassifier

LEAF = 50
"""Rows of a leaf of the domain classifier: its scores are then shares of many rows."""
N_FOLDS = 5


@dataclass(frozen=True)
class JointDrift:
    """How well rows of now are told from those of before.

    effect : area under the ROC curve (0.5 is nothing), or the energy distance in mean
        distances of the pooled rows (0 is nothing)
    p_value : of what was seen, if nothing moved
    """

    effect: Estimate
    p_value: float


def domain_classifier(
    reference: ArrayLike,
    current: ArrayLike,
    classifier: Any = None,
    n_folds: int = N_FOLDS,
    random_state: int = 0,
) -> JointDrift:
    """Learn to tell rows of now from the reference, and test on held-out rows.

    Parameters
    ----------
    reference, current : array-like of shape (n_rows, n_features)
        Finite numbers; at least ``n_folds`` rows each.
    classifier : estimator, optional
        With ``fit`` and ``predict_proba``; by default a decision tree with leaves of at
        least 50 rows, or a tenth of the rows where they are few.
    n_folds : int, default=5
        At least 2.
    random_state : int, default=0

    Returns
    -------
    JointDrift
        The mean area of the folds with its interval, and a one-sided p value: an area
        below 0.5 is chance.

    Examples
    --------
    Each feature stays as it was; they become alike.

    >>> rng = np.random.default_rng(0)
    >>> before = rng.normal(size=(1000, 2))
    >>> same = rng.normal(size=(1000, 1))
    >>> now = 0.8 * same + 0.6 * rng.normal(size=(1000, 2))
    >>> found = domain_classifier(before, now)
    >>> found.effect.value > 0.6, found.p_value < 1e-6
    (True, True)
    >>> domain_classifier(before, rng.normal(size=(1000, 2))).p_value > 0.05
    True
    """
    check_whole("n_folds", n_folds, least=2)
    before, now = _rows(reference, current, least=n_folds)
    X = np.concatenate([before, now])
    is_now = np.repeat([False, True], [len(before), len(now)])
    rng = np.random.default_rng(random_state)
    fold = np.empty(len(X), np.int64)
    for side in (~is_now, is_now):
        fold[side] = rng.permutation(int(side.sum())) % n_folds
    leaf = max(1, min(LEAF, len(X) // 10))
    areas, errors = [], []
    for held in range(n_folds):
        train = fold != held
        model = classifier or DecisionTreeClassifier(min_samples_leaf=leaf)
        model.fit(X[train], is_now[train])
        score = model.predict_proba(X[~train])[:, 1]
        areas.append(roc_auc(is_now[~train], score))
        errors.append(roc_auc_error(is_now[~train], score))
    area = float(np.mean(areas))
    error = float(np.sqrt(np.sum(np.square(errors)))) / n_folds
    effect = Estimate(area, area - 1.96 * error, min(1.0, area + 1.96 * error))
    return JointDrift(effect, float(norm.sf((area - 0.5) / max(error, 1e-12))))


def energy_drift(
    reference: ArrayLike,
    current: ArrayLike,
    n_rows: int = 500,
    n_permutations: int = 199,
    random_state: int = 0,
) -> JointDrift:
    """Test with the energy distance, by permutation.

    Parameters
    ----------
    reference, current : array-like of shape (n_rows, n_features)
        Finite numbers, at least 2 rows each. Features are scaled by the standard
        deviations of the reference.
    n_rows : int, default=500
        Rows drawn of each where there are more: the cost is O(n_rows^2).
    n_permutations : int, default=199
        The p value is at least 1 / (n_permutations + 1).
    random_state : int, default=0

    Returns
    -------
    JointDrift
        The interval is of the middle 95% of what permuted rows have, around nothing:
        an effect above its upper end is no chance.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> before = rng.normal(size=(300, 2))
    >>> energy_drift(before, rng.normal(size=(300, 2)) + [0.5, 0]).p_value
    0.005
    """
    check_whole("n_rows", n_rows, least=2)
    check_whole("n_permutations", n_permutations)
    before, now = _rows(reference, current, least=2)
    rng = np.random.default_rng(random_state)
    scale = before.std(axis=0)
    scale[scale == 0] = 1.0
    before, now = (
        each[rng.permutation(len(each))[:n_rows]] / scale for each in (before, now)
    )
    pooled = np.concatenate([before, now])
    distances = cdist(pooled, pooled)
    mean = float(distances.sum()) / (len(pooled) * (len(pooled) - 1)) or 1.0
    first = np.repeat([1.0, 0.0], [len(before), len(now)])
    labels = np.array([first] + [rng.permutation(first) for _ in range(n_permutations)])
    values = _energy(distances, labels) / mean
    low, high = np.quantile(values[1:], [0.025, 0.975])
    p = float(np.mean(values >= values[0] - 1e-12))
    return JointDrift(Estimate(float(values[0]), float(low), float(high)), p)


def _energy(distances: Floats, labels: Floats) -> Floats:
    """Energy distance of each labelling, labels (n, n_rows) of 1 and 0, unbiased."""
    others = 1 - labels
    n, m = labels.sum(axis=1), others.sum(axis=1)
    ours, theirs = labels @ distances, others @ distances
    between = (ours * others).sum(axis=1) / (n * m)
    within = (ours * labels).sum(axis=1) / (n * (n - 1))
    beyond = (theirs * others).sum(axis=1) / (m * (m - 1))
    return np.asarray(2 * between - within - beyond, np.float64)


def _rows(
    reference: ArrayLike, current: ArrayLike, least: int
) -> tuple[Floats, Floats]:
    before, now = (np.asarray(each, np.float64) for each in (reference, current))
    if before.ndim != 2 or now.ndim != 2 or before.shape[1] != now.shape[1]:
        raise ValueError(
            "reference and current must be tables with the same columns, got the "
            f"shapes {before.shape} and {now.shape}."
        )
    if min(len(before), len(now)) < least:
        raise ValueError(
            f"At least {least} rows of each are needed, got {len(before)} and "
            f"{len(now)}."
        )
    if not (np.isfinite(before).all() and np.isfinite(now).all()):
        raise ValueError("reference and current must hold finite numbers.")
    return before, now
