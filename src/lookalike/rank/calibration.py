"""Scores to probabilities of a click: Platt, isotonic, and shifts of the log-odds."""

from collections.abc import Mapping

import numpy as np
from scipy.optimize import brentq, isotonic_regression
from scipy.special import expit, logit

from lookalike._checks import check_choice
from lookalike._typing import Array, Floats

KINDS = ("none", "shift", "platt", "isotonic")
DOUBT = 20.0
"""Clicks, about, that log-odds as they are count for beside those of "shift" and
"platt": few clicks would say little but chance."""
LEAST = 1e-7  # no probability is 0 or 1: a loss of it could be infinite


class Calibration:
    r"""Map log-odds to probabilities that clicks have confirmed.

    "none" takes the log-odds s as they are; "shift" is
    :math:`\operatorname{logit} p = s + b`, which follows a rate that drifts; "platt"
    [1]_ is :math:`\operatorname{logit} p = a s + b`, with a and b held near 1 and 0;
    "isotonic" [2]_ is the rising step function of s that fits best, with straight lines
    between the middles of its steps.

    Parameters
    ----------
    kind : {"none", "shift", "platt", "isotonic"}, default="platt"

    References
    ----------
    .. [1] Platt (1999). "Probabilistic outputs for support vector machines".
    .. [2] Zadrozny and Elkan (2002). "Transforming classifier scores into accurate
       multiclass probability estimates". KDD.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.normal(-1, 1, 20_000)
    >>> y = rng.random(20_000) < expit(truth)
    >>> model = Calibration("platt").fit(3 * truth + 2, y)  # far too sure
    >>> np.round(model.chances(np.array([2.0, -1.0])), 2), expit([0, -1.0]).round(2)
    (array([0.5 , 0.27]), array([0.5 , 0.27]))
    """

    def __init__(self, kind: str = "platt") -> None:
        check_choice("calibration", kind, KINDS)
        self.kind = kind
        self.x, self.y = np.array([1.0, 0.0]), np.empty(0)

    def fit(
        self, scores: Floats, clicked: Array, weight: Floats | None = None
    ) -> "Calibration":
        """Learn from log-odds and the clicks that followed, of rows not learned from.

        Where all were clicked or none, nothing is learned.
        """
        y = np.asarray(clicked, np.float64)
        w = np.ones(len(y)) if weight is None else np.asarray(weight, np.float64)
        if self.kind == "none" or not 0 < w @ y < w.sum():
            return self
        if self.kind == "isotonic":
            order = np.argsort(scores, kind="stable")
            found = isotonic_regression(y[order], weights=w[order])
            begin = np.asarray(found.blocks)
            held = w[order]
            total = np.add.reduceat(held * scores[order], begin[:-1])
            self.x = total / np.add.reduceat(held, begin[:-1])
            self.y = np.asarray(found.x)[begin[:-1]]
            return self
        self.x = _line(scores, y, w, slope=self.kind == "platt")
        return self

    def chances(self, scores: Floats) -> Floats:
        """Return the probabilities of scores, (n,), rising with them."""
        if len(self.y):
            found = np.interp(scores, self.x, self.y)
        else:
            found = expit(self.x[0] * scores + self.x[1])
        clipped: Floats = np.clip(found, LEAST, 1 - LEAST)
        return clipped

    def arrays(self) -> dict[str, Array]:
        """Return what was learned, by name."""
        return {"x": self.x, "y": self.y}

    @classmethod
    def from_arrays(cls, kind: str, arrays: Mapping[str, Array]) -> "Calibration":
        """Return the calibration from which these arrays were taken.

        Raises
        ------
        ValueError
            If they are not those of this kind.
        """
        found = cls(kind)
        found.x = np.asarray(arrays["x"], np.float64)
        found.y = np.asarray(arrays["y"], np.float64)
        fits = found.x.shape == (found.y.shape if len(found.y) else (2,))
        if not fits or not (np.isfinite(found.x).all() and np.isfinite(found.y).all()):
            raise ValueError("its calibration is not whole.")
        return found


def _line(scores: Floats, y: Floats, w: Floats, slope: bool) -> Floats:
    """Slope and intercept of the likeliest line in log-odds, by Newton's method."""
    a, b = 1.0, float(logit(w @ y / w.sum()) - logit(w @ expit(scores) / w.sum()))
    for _ in range(100):
        p = expit(a * scores + b)
        residual, bend = w * (p - y), w * p * (1 - p) + 1e-12
        if not slope:
            first = residual.sum() + DOUBT * b
            step = np.array([0.0, first / (bend.sum() + DOUBT)])
        else:
            gradient = np.array([residual @ scores, residual.sum()])
            gradient += DOUBT * np.array([a - 1, b])
            cross = bend @ scores
            hessian = [[bend @ scores**2, cross], [cross, bend.sum()]]
            step = np.linalg.solve(hessian + DOUBT * np.eye(2), gradient)
        step = np.clip(step, -2.0, 2.0)
        a, b = max(a - step[0], 1e-3), b - step[1]
        if np.abs(step).max() < 1e-9:
            break
    return np.array([a, b])


def log_odds_shift(chances: Floats, rate: float) -> float:
    r"""Return the b with which :math:`\operatorname{logit} p + b` has this mean rate.

    So probabilities follow a rate of clicks that has moved, while their order stays.

    Raises
    ------
    ValueError
        If the rate is not between 0 and 1.

    Examples
    --------
    >>> p = np.array([0.1, 0.2, 0.3])
    >>> b = log_odds_shift(p, 0.1)
    >>> float(expit(logit(p) + b).mean())
    0.1
    """
    if not 0 < rate < 1:
        raise ValueError(f"The rate must lie between 0 and 1, got {rate!r}.")
    odds = logit(np.clip(chances, LEAST, 1 - LEAST))
    # So far out every probability is 0, or 1, in floating point.
    return float(brentq(lambda b: expit(odds + b).mean() - rate, -800.0, 800.0))
