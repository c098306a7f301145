"""Logistic regression over rows of codes, by Newton's method, batch after batch."""

import warnings
from collections.abc import Mapping
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit
from sklearn.exceptions import ConvergenceWarning

from lookalike._checks import check_positive, check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.kernels.code_rows import code_curvature, code_sums, code_totals
from lookalike.rank._codes import (
    check_n_codes,
    checked_batch,
    checked_clicks,
    checked_codes,
    log_odds_of_rate,
)
from lookalike.rank.ranker import BaseRanker

ARRAYS = ("weights", "precision", "intercept")
_FORCING = 0.1  # how much of the slope a step may leave


class SparseLogistic(BaseRanker):
    r"""Score a row by the log-odds of a click, a sum of the weights of its codes.

    .. math::

       s(x) = b + \sum_{c \in x} w_c, \qquad
       \min_{w, b} \; \sum_i \ln(1 + e^{-\tilde y_i s(x_i)})
       + \tfrac12 \sum_c q_c (w_c - m_c)^2, \quad \tilde y = \pm 1

    In ``fit`` every :math:`m_c` is 0 and :math:`q_c` is ``alpha``. ``partial_fit``
    begins where the rows before have led: m are their weights, and q has grown by the
    second derivatives that their rows had [1]_ (algorithm 3), so that a weight of which
    much is known moves little.

    Parameters
    ----------
    n_codes : int, default=2**18
        Codes lie below it.
    alpha : float, default=1.0
        Penalty on the weights, in rows; the intercept has none.
    tol : float, default=1e-6
        Newton's steps stop when what is left to gain, as the last step foretold, is
        below this share of the entropy of the rate of clicks. Where clicks are rare
        the entropy is small, too: a tolerance of a fixed size would stop at once.
    max_iter : int, default=50
        Steps; a ``ConvergenceWarning`` says where they are not enough.

    Attributes
    ----------
    weights_, precision_ : ndarray of shape (n_codes,)
        w and q.
    intercept_ : float
    n_iter_ : int
    n_features_in_ : int
        Slots of a row.

    Notes
    -----
    Each step is solved by conjugate gradients with the diagonal for a preconditioner.
    Cost: O(n_rows * n_slots) for each of their iterations.

    References
    ----------
    .. [1] Chapelle, Manavoglu and Rosales (2014). "Simple and scalable response
       prediction for display advertising". ACM TIST 5(4).
    .. [2] Lin, Weng and Keerthi (2008). "Trust region Newton method for large-scale
       logistic regression". JMLR 9.

    Examples
    --------
    >>> import numpy as np
    >>> from lookalike.rank.sparse_logistic import SparseLogistic
    >>> X = [[0, 2], [0, 3], [1, 2], [1, 3]] * 50  # who, and what
    >>> y = [1, 0, 0, 0] * 40 + [0, 1, 0, 0] * 10
    >>> model = SparseLogistic(4).fit(X, y)
    >>> model.score_rows([[0, 2], [0, 3], [1, 2], [1, -1]]).round(1)
    array([ 1. , -1.3, -3.2, -4.4])
    """

    weights_: Floats
    precision_: Floats
    intercept_: float
    n_iter_: int

    def __init__(
        self,
        n_codes: int = 1 << 18,
        *,
        alpha: float = 1.0,
        tol: float = 1e-6,
        max_iter: int = 50,
    ) -> None:
        self.n_codes = n_codes
        self.alpha = alpha
        self.tol = tol
        self.max_iter = max_iter

    def _check_parameters(self) -> None:
        check_n_codes(self.n_codes)
        check_positive("alpha", self.alpha)
        check_positive("tol", self.tol)
        check_whole("max_iter", self.max_iter)

    def _learn(self, rows: Array, y: Floats, sizes: Ints, weight: Array) -> None:
        clicked = checked_clicks(y)
        codes = checked_codes(rows, self.n_codes)
        self.weights_ = np.zeros(self.n_codes)
        self.precision_ = np.full(self.n_codes, float(self.alpha))
        self.intercept_ = log_odds_of_rate(clicked, weight)
        self._update(codes, clicked, weight.astype(np.float64))

    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Learn from further rows, from what was learned before.

        Parameters are those of ``fit``; here the rows may all be of one class.
        """
        if not hasattr(self, "weights_"):
            return self.fit(X, y, sample_weight=sample_weight)
        self._check_parameters()
        rows, clicked, weight = checked_batch(self, X, y, sample_weight)
        codes = checked_codes(rows, self.n_codes)
        self._update(codes, clicked, weight.astype(np.float64))
        return self

    def _update(self, codes: Array, y: Floats, weight: Floats) -> None:
        """Newton's method from the weights so far; they are the centre of the penalty.

        Their precision grows by the curvature that is found.
        """
        centre, q = self.weights_, self.precision_
        w, b = centre.copy(), self.intercept_
        enough = self.tol * _entropy(y, weight)
        scores, slope, product = np.empty(len(y)), np.empty(len(w)), np.empty(len(w))

        def loss_at(w: Floats, b: float) -> float:
            code_sums(codes, w, scores)
            np.add(scores, b, out=scores)
            rows = np.logaddexp(0, scores) - y * scores
            return float(weight @ rows + 0.5 * q @ (w - centre) ** 2)

        loss, left = loss_at(w, b), np.inf
        for step_number in range(1, self.max_iter + 1):
            self.n_iter_ = step_number
            chance = expit(scores)
            residual = weight * (chance - y)
            code_totals(codes, residual, slope)
            slope += q * (w - centre)
            bend = weight * chance * (1 - chance)
            d, d0 = self._direction(codes, bend, slope, residual.sum(), product)
            left = -(slope @ d + residual.sum() * d0) / 2
            step = 1.0
            while True:
                tried = loss_at(w + step * d, b + step * d0)
                if tried <= loss - 1e-4 * step * left or step < 1e-8:
                    break
                step /= 2
            if tried <= loss:
                w, b, loss = w + step * d, b + step * d0, tried
            else:  # nothing is left that numbers of this precision can tell
                loss_at(w, b)
                left = 0.0
            if left <= enough:
                break
        if left > enough:
            warnings.warn(
                f"{self.n_iter_} steps are not enough: {left / enough:.3g} times what "
                "tol allows is left to gain; increase max_iter.",
                ConvergenceWarning,
                stacklevel=4,
            )
        chance = expit(scores)
        code_totals(codes, weight * chance * (1 - chance), slope)
        self.weights_, self.intercept_, self.precision_ = w, float(b), q + slope

    def _direction(
        self, codes: Array, bend: Floats, slope: Floats, first: float, product: Floats
    ) -> tuple[Floats, float]:
        """Solve for Newton's step by conjugate gradients, weights and intercept."""
        q, whole = self.precision_, float(bend.sum()) + 1e-9
        scale = np.empty(len(q))
        code_totals(codes, bend, scale)
        scale += q
        d, d0 = np.zeros(len(q)), 0.0
        r, r0 = -slope, -first
        z, z0 = r / scale, r0 / whole
        p, p0 = z.copy(), z0
        size = begin = float(r @ z + r0 * z0)
        for _ in range(100):
            if size <= _FORCING**2 * begin:
                break
            top = code_curvature(codes, bend, p, p0, product)
            np.add(product, q * p, out=product)
            step = size / float(p @ product + p0 * top)
            d += step * p
            d0 += step * p0
            r -= step * product
            r0 -= step * top
            z, z0 = r / scale, r0 / whole
            before, size = size, float(r @ z + r0 * z0)
            p = z + size / before * p
            p0 = z0 + size / before * p0
        return d, d0

    def _score(self, rows: Array) -> Floats:
        scores = np.empty(len(rows))
        code_sums(checked_codes(rows, self.n_codes), self.weights_, scores)
        return scores + self.intercept_

    def contributions(self, X: ArrayLike) -> Floats:
        """Return the weight of each slot of each row, (n_rows, n_slots), 0 of none."""
        codes = checked_codes(np.asarray(X, np.float32), self.n_codes)
        found: Floats = np.where(codes >= 0, self.weights_[codes], 0.0)
        return found

    def arrays(self) -> dict[str, Array]:
        """Return everything that ``score_rows`` and ``partial_fit`` need, by name."""
        first = np.array([self.intercept_, self.n_features_in_])
        return dict(zip(ARRAYS, (self.weights_, self.precision_, first), strict=True))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the ranker from which these arrays were taken.

        Raises
        ------
        ValueError
            If the arrays do not fit together.
        """
        weights, precision, first = (np.array(arrays[n], np.float64) for n in ARRAYS)
        whole = all(np.isfinite(each).all() for each in (weights, precision, first))
        if weights.shape != precision.shape or first.shape != (2,) or not whole:
            raise ValueError("its weights are not those of its codes.")
        ranker = cls(len(weights))
        ranker.weights_, ranker.precision_ = weights, precision
        ranker.intercept_, ranker.n_features_in_ = float(first[0]), int(first[1])
        return ranker


def _entropy(y: Floats, weight: Floats) -> float:
    """Loss of the rate of clicks alone, in all rows; above 0."""
    n, k = float(weight.sum()), float(weight @ y)
    rate = min(max(k / n, 0.5 / n), 1 - 0.5 / n) if n > 1 else 0.5
    return -n * float(rate * np.log(rate) + (1 - rate) * np.log(1 - rate))
