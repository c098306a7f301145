r"""Have labels moved, and has what they mean: label drift and concept drift.

*Label drift*: positives became more or fewer. *Concept drift*: rows with the same score
have other labels than they had. Of a model with probability s the labels are compared
with :math:`\operatorname{logit} P(y) = a + b \operatorname{logit} s`, fitted on the
reference and on the rows of now; the likelihood ratio of one line for both against two
lines is chi-squared with two degrees of freedom. A shift a of now says that all rows
became likelier, a slope b near 0 that scores no longer say anything.

References
----------
.. [1] Cox (1958). "Two further applications of a model for binary regression".
   Biometrika 45(3/4). (recalibration by a line)
.. [2] Wilks (1938). "The large-sample distribution of the likelihood ratio".
   Annals of Mathematical Statistics 9(1).
.. [3] Newcombe (1998). "Interval estimation for the difference between independent
   proportions". Statistics in Medicine 17(8). (method 10)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, expit, log_expit, logit, ndtr

from lookalike._typing import Floats
from lookalike.evaluate import Estimate
from lookalike.evaluate.interval import share_interval

CLOSEST = 1e-6
"""Probabilities are kept so far from 0 and 1, whose logits are infinite."""
_RIDGE = 1e-4  # of the slope and intercept: lines exist where labels are separated


@dataclass(frozen=True)
class LabelDrift:
    """How the share of positives moved.

    difference : now less the reference, with its 95% interval
    p_value : of two equal shares
    """

    difference: Estimate
    p_value: float


@dataclass(frozen=True)
class ConceptDrift:
    """How the labels of equal scores moved.

    intercept, slope : of the rows of now; 0 and 1 where probabilities are true
    reference_intercept, reference_slope : of the reference
    p_value : of one line for both
    """

    intercept: float
    slope: float
    reference_intercept: float
    reference_slope: float
    p_value: float


def label_drift(reference: ArrayLike, current: ArrayLike) -> LabelDrift:
    """Compare two shares of positives.

    reference, current : array-like of shape (n_rows,), 0s and 1s

    Examples
    --------
    >>> found = label_drift([0] * 90 + [1] * 10, [0] * 70 + [1] * 30)
    >>> print(found.difference, round(found.p_value, 4))
    0.2000 [0.0900, 0.3058] 0.0004
    """
    before, now = (_labels(n, each) for n, each in _named(reference, current))
    (p, n), (q, m) = ((float(each.mean()), len(each)) for each in (before, now))
    pooled = (before.sum() + now.sum()) / (n + m)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    value = float(2 * ndtr(-abs(q - p) / error)) if error else 1.0
    own, other = share_interval(p, n), share_interval(q, m)
    down = np.hypot(q - other.low, own.high - p)
    up = np.hypot(other.high - q, p - own.low)
    return LabelDrift(Estimate(q - p, q - p - float(down), q - p + float(up)), value)


def concept_drift(
    reference_label: ArrayLike,
    reference_score: ArrayLike,
    label: ArrayLike,
    score: ArrayLike,
) -> ConceptDrift:
    """Compare what the same scores mean now and in the reference.

    Parameters
    ----------
    reference_label, label : array-like of shape (n_rows,), 0s and 1s
    reference_score, score : array-like of shape (n_rows,)
        Probabilities of one model, which has learned from none of the rows.

    Raises
    ------
    ValueError
        If columns differ in length, are empty, or hold other values.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> score = rng.random(4000)
    >>> label = rng.random(4000) < score
    >>> concept_drift(label[:2000], score[:2000], label[2000:], score[2000:]).p_value > 0.05
    True
    >>> shuffled = rng.permutation(label[2000:])
    >>> found = concept_drift(label[:2000], score[:2000], shuffled, score[2000:])
    >>> abs(found.slope) < 0.1, found.p_value < 1e-6
    (True, True)
    """  # noqa: E501
    lines = []
    parts = []
    for which, y, s in (
        ("reference", reference_label, reference_score),
        ("current", label, score),
    ):
        labels = _labels(f"{which} labels", y)
        logits = _logits(f"{which} scores", s, len(labels))
        parts.append((labels, logits))
        lines.append(fit_line(labels, logits))
    both = [np.concatenate(each) for each in zip(*parts, strict=True)]
    one = fit_line(both[0], both[1])
    apart = sum(
        _likelihood(line, *part) for line, part in zip(lines, parts, strict=True)
    )
    gain = max(0.0, 2 * (apart - _likelihood(one, both[0], both[1])))
    (a0, b0), (a, b) = lines
    return ConceptDrift(
        float(a), float(b), float(a0), float(b0), float(chdtrc(2, gain))
    )


def fit_line(label: Floats, logits: Floats) -> Floats:
    """Fit logit P(y) = a + b x by Newton's steps; returns float64 (2,), a and b.

    label, logits : float64 (n_rows,)

    Examples
    --------
    >>> x = np.repeat([-1.0, 1.0], 100)
    >>> y = np.r_[np.repeat([0.0, 1.0], [80, 20]), np.repeat([0.0, 1.0], [20, 80])]
    >>> fit_line(y, x).round(2)
    array([0.  , 1.39])
    """
    X = np.column_stack([np.ones(len(logits)), logits])
    line = np.array([0.0, 1.0])
    pull = _RIDGE * np.eye(2)
    best = _penalised(line, label, logits)
    for _ in range(50):
        chance = expit(X @ line)
        gradient = X.T @ (label - chance) - pull @ (line - [0.0, 1.0])
        hessian = (X * (chance * (1 - chance))[:, None]).T @ X + pull
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        while size > 1e-8:
            found = _penalised(line + size * step, label, logits)
            if found >= best:
                break
            size /= 2
        line, gained, best = line + size * step, found - best, found
        if gained < 1e-10:
            break
    return line


def _penalised(line: Floats, label: Floats, logits: Floats) -> float:
    away = line - [0.0, 1.0]
    return _likelihood(line, label, logits) - _RIDGE / 2 * float(away @ away)


def _likelihood(line: Floats, label: Floats, logits: Floats) -> float:
    height = line[0] + line[1] * logits
    return float(np.sum(label * log_expit(height) + (1 - label) * log_expit(-height)))


def _named(
    reference: ArrayLike, current: ArrayLike
) -> tuple[tuple[str, ArrayLike], tuple[str, ArrayLike]]:
    return ("reference labels", reference), ("current labels", current)


def _labels(name: str, values: ArrayLike) -> Floats:
    found = np.asarray(values, np.float64)
    if found.ndim != 1 or not len(found) or not np.isin(found, (0, 1)).all():
        raise ValueError(
            f"{name} must be one column of 0s and 1s, with at least a row."
        )
    return found


def _logits(name: str, values: ArrayLike, n: int) -> Floats:
    found = np.asarray(values, np.float64)
    if found.shape != (n,) or not ((found >= 0) & (found <= 1)).all():
        raise ValueError(f"{name} must be a probability for each of the {n} labels.")
    return np.asarray(logit(np.clip(found, CLOSEST, 1 - CLOSEST)), np.float64)
