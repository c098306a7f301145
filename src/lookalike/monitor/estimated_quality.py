r"""Quality before labels come: what the model's own probabilities say of it.

A row with probability p is a positive with chance p, if probabilities are true. Counts
of right and wrong answers, and the area under the ROC curve, then have expected values
that need no label:

.. math:: \widehat{AUC} = \frac{\sum_{i,j} p_i (1 - p_j) [s_i > s_j]}
                               {\sum_i p_i \sum_j (1 - p_j)}

(ties are halves). Probabilities are made true by isotonic regression on a reference
with labels. What is estimated is quality on rows that are distributed otherwise; where
equal rows have other labels than they had (concept drift), nothing without labels sees
it: :func:`check_estimate` says so when they have come.

References
----------
.. [1] Bialek, Kuberski, Perrakis and Bifet (2024). "Estimating model performance under
   covariate shift without labels". arXiv:2401.08348. (confidence-based estimation)
.. [2] Zadrozny and Elkan (2002). "Transforming classifier scores into accurate
   multiclass probability estimates". KDD. (isotonic calibration)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import isotonic_regression
from scipy.stats import rankdata

from lookalike._typing import Floats
from lookalike.evaluate import Estimate

METRICS = ("roc_auc", "accuracy", "precision", "recall")
_N_DRAWS = 200
_SEEN = 2_000
"""Rows of a draw at most: the spread of more is that of these, by the square root."""


@dataclass(frozen=True)
class ScoreCalibration:
    """Scores to chances: a step for each score where the chance rises.

    scores : float64 (n_steps,), ascending; chances : float64 (n_steps,), not falling.
    Between two steps the chance is on a line.
    """

    scores: Floats
    chances: Floats

    @classmethod
    def fit(cls, label: ArrayLike, score: ArrayLike) -> Self:
        """Learn from labels that have come.

        label : array-like of shape (n_rows,), 0s and 1s, both at least once
        score : array-like of shape (n_rows,), finite, of a model that has not learned
            from these rows

        Examples
        --------
        >>> found = ScoreCalibration.fit([0, 0, 1, 0, 1, 1], [1, 1, 2, 2, 3, 3])
        >>> found(np.array([0, 1, 2, 2.5, 9])).tolist()
        [0.0, 0.0, 0.5, 0.75, 1.0]
        """
        labels, scores = _column("label", label), _column("score", score)
        if len(labels) != len(scores) or set(np.unique(labels)) != {0.0, 1.0}:
            raise ValueError(
                "label must be 0 or 1 for each score, and both must occur; got "
                f"{len(labels)} labels of {len(scores)} scores."
            )
        distinct, which, counts = np.unique(
            scores, return_inverse=True, return_counts=True
        )
        means = np.bincount(which, labels) / counts
        chances = isotonic_regression(means, weights=counts).x
        kept = np.ones(len(distinct), bool)  # the ends of each step
        kept[1:-1] = (chances[1:-1] != chances[:-2]) | (chances[1:-1] != chances[2:])
        return cls(distinct[kept], np.asarray(chances[kept], np.float64))

    def __call__(self, score: ArrayLike) -> Floats:
        """Return the chance of a positive for each score."""
        found = np.interp(np.asarray(score, np.float64), self.scores, self.chances)
        return np.asarray(found, np.float64)

    def state(self) -> dict[str, Any]:
        """Return all that it knows, as JSON has it."""
        return {"scores": self.scores.tolist(), "chances": self.chances.tolist()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the calibration that had this state."""
        scores, chances = (np.asarray(state[k], float) for k in ("scores", "chances"))
        return cls(scores, chances)


def estimate_quality(
    calibration: ScoreCalibration,
    score: ArrayLike,
    threshold: float = 0.5,
    random_state: int = 0,
) -> dict[str, Estimate]:
    """Estimate the quality of a model on rows without labels.

    Parameters
    ----------
    calibration : ScoreCalibration
        Of the same model.
    score : array-like of shape (n_rows,)
        At least one row.
    threshold : float, default=0.5
        Scores of at least this are answered with a positive.
    random_state : int, default=0

    Returns
    -------
    dict of Estimate
        "roc_auc", "accuracy", "precision" and "recall" as they will be measured on
        these rows, with an interval of 95%: of labels drawn with their chances. It
        knows neither of concept drift nor of the error of the calibration. nan where a
        metric has no value.

    Notes
    -----
    Cost: O(n_rows log n_rows), and 200 draws of at most 2,000 rows.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> score = rng.random(4000)
    >>> calibration = ScoreCalibration.fit(rng.random(4000) < score, score)
    >>> narrow = rng.uniform(0.3, 0.7, 2000)
    >>> found = estimate_quality(calibration, narrow)
    >>> round(found["roc_auc"].value, 2), round(found["accuracy"].value, 2)
    (0.63, 0.59)
    >>> measured = measured_quality(rng.random(2000) < narrow, narrow)
    >>> check_estimate(found, measured)["roc_auc"]
    True
    """
    scores = _column("score", score)
    chance = calibration(scores)
    values = _expected(scores, chance, threshold)
    rng = np.random.default_rng(random_state)
    some = rng.permutation(len(scores))[:_SEEN]
    labels = (rng.random((_N_DRAWS, len(some))) < chance[some]).astype(np.float64)
    drawn = [_expected(scores[some], each, threshold) for each in labels]
    shrink = np.sqrt(len(some) / len(scores))
    found = {}
    for name, value in values.items():
        column = np.array([each[name] for each in drawn])
        known = column[np.isfinite(column)]
        half = 1.96 * float(known.std()) * shrink if len(known) else np.nan
        found[name] = Estimate(value, max(0.0, value - half), min(1.0, value + half))
    return found


def measured_quality(
    label: ArrayLike, score: ArrayLike, threshold: float = 0.5
) -> dict[str, float]:
    """Measure the same metrics with labels.

    label : array-like of shape (n_rows,), 0s and 1s

    Examples
    --------
    >>> measured_quality([0, 1, 1, 1], [0.1, 0.9, 0.4, 0.7])["recall"]
    0.6666666666666666
    """
    labels, scores = _column("label", label), _column("score", score)
    if labels.shape != scores.shape or not np.isin(labels, (0, 1)).all():
        raise ValueError(
            f"label must be 0 or 1 for each score, got {len(labels)} labels of "
            f"{len(scores)} scores."
        )
    return _expected(scores, labels, threshold)


def check_estimate(
    estimated: Mapping[str, Estimate], measured: Mapping[str, float]
) -> dict[str, bool]:
    """Return of each metric whether what was measured lies in the estimate's interval.

    False says that equal scores have other labels than in the reference.

    Examples
    --------
    >>> check_estimate({"roc_auc": Estimate(0.8, 0.78, 0.82)}, {"roc_auc": 0.71})
    {'roc_auc': False}
    """
    return {
        name: bool(each.low <= measured[name] <= each.high)
        for name, each in estimated.items()
    }


def _expected(scores: Floats, chance: Floats, threshold: float) -> dict[str, float]:
    """Metrics of rows that are positive with these chances; labels are 0s and 1s."""
    yes = scores >= threshold
    positives, said = float(chance.sum()), float(yes.sum())
    right = float(chance[yes].sum())
    negatives = len(scores) - positives
    return {
        "roc_auc": _weighted_auc(scores, chance, positives, negatives),
        "accuracy": (right + float((1 - chance)[~yes].sum())) / len(scores),
        "precision": right / said if said else float("nan"),
        "recall": right / positives if positives else float("nan"),
    }


def _weighted_auc(
    scores: Floats, chance: Floats, positives: float, negatives: float
) -> float:
    if positives <= 0 or negatives <= 0:
        return float("nan")
    rank = rankdata(scores, method="dense").astype(np.int64) - 1
    up = np.bincount(rank, chance)
    down = np.bincount(rank, 1 - chance)
    below = np.cumsum(down) - down / 2
    return float(up @ below) / (positives * negatives)


def _column(name: str, values: ArrayLike) -> Floats:
    found = np.asarray(values, np.float64)
    if found.ndim != 1 or not len(found) or not np.isfinite(found).all():
        raise ValueError(f"{name} must be one column of finite numbers, at least one.")
    return found
