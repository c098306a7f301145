"""Factorisation machine: every pair of codes interacts through a few factors."""

from collections.abc import Mapping
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from lookalike._checks import check_learned, check_positive, check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.kernels.factorisation import factorisation_scores, factorisation_steps
from lookalike.rank._codes import (
    check_n_codes,
    checked_batch,
    checked_clicks,
    checked_codes,
    log_odds_of_rate,
)
from lookalike.rank.ranker import BaseRanker

ARRAYS = ("weights", "slopes", "factors", "bends", "first")


class FactorisationMachine(BaseRanker):
    r"""Score a row by its codes and, by the products of their factors, all their pairs.

    .. math::

       s(x) = b + \sum_{c \in x} w_c + \sum_{c < d \in x} v_c' v_d, \qquad
       \sum_{c < d} v_c' v_d
       = \tfrac12 \Bigl\| \sum_c v_c \Bigr\|^2 - \tfrac12 \sum_c \| v_c \|^2

    A pair that was never seen together has a score, from what each was seen with.

    Parameters
    ----------
    n_codes : int, default=2**18
        Codes lie below it.
    n_factors : int, default=16
        Length of v.
    alpha, alpha_factors : float, default=0.02 and 0.05
        Penalties on the squares of weights and of factors, at each row that has them.
    learning_rate : float, default=0.02
        Of AdaGrad.
    max_iter : int, default=8
        Passes over the rows.
    init_scale : float, default=0.02
        Standard deviation of the factors at the start.
    random_state : int, default=0

    Attributes
    ----------
    weights_ : ndarray of shape (n_codes,)
    factors_ : ndarray of shape (n_codes, n_factors)
    intercept_ : float
    loss_curve_ : list of float
        Mean loss of each pass.
    n_features_in_ : int
        Slots of a row.

    Notes
    -----
    Cost of a pass and of scoring: O(n_rows * n_slots * n_factors).

    References
    ----------
    .. [1] Rendle (2010). "Factorization machines". ICDM, equation 1 and lemma 3.1.
    .. [2] Duchi, Hazan and Singer (2011). "Adaptive subgradient methods for online
       learning and stochastic optimization". JMLR 12.

    Examples
    --------
    >>> import numpy as np
    >>> from lookalike.rank.factorisation_machine import FactorisationMachine
    >>> who, what = np.indices((6, 6)).reshape(2, -1)
    >>> X = np.tile(np.column_stack([who, what + 6]), (20, 1))
    >>> y = (X[:, 0] % 2) == (X[:, 1] % 2)  # a matter of the pair alone
    >>> seen = np.arange(len(X)) % 36 != 0  # never the first with the first
    >>> model = FactorisationMachine(12, learning_rate=0.1, max_iter=30)
    >>> _ = model.fit(X[seen], y[seen])
    >>> np.sign(model.score_rows([[0, 6], [0, 7], [1, 6], [1, 7]]))
    array([ 1., -1., -1.,  1.])
    """

    weights_: Floats
    factors_: Floats
    loss_curve_: list[float]

    def __init__(
        self,
        n_codes: int = 1 << 18,
        *,
        n_factors: int = 16,
        alpha: float = 0.02,
        alpha_factors: float = 0.05,
        learning_rate: float = 0.02,
        max_iter: int = 8,
        init_scale: float = 0.02,
        random_state: int = 0,
    ) -> None:
        self.n_codes = n_codes
        self.n_factors = n_factors
        self.alpha = alpha
        self.alpha_factors = alpha_factors
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.init_scale = init_scale
        self.random_state = random_state

    @property
    def intercept_(self) -> float:
        """The intercept b."""
        return float(self._first[0])

    def _check_parameters(self) -> None:
        check_n_codes(self.n_codes)
        check_whole("n_factors", self.n_factors)
        check_whole("max_iter", self.max_iter)
        check_positive("learning_rate", self.learning_rate)
        check_positive("init_scale", self.init_scale)
        check_positive("alpha", self.alpha, zero=True)
        check_positive("alpha_factors", self.alpha_factors, zero=True)

    def _learn(self, rows: Array, y: Floats, sizes: Ints, weight: Array) -> None:
        clicked = checked_clicks(y)
        codes = checked_codes(rows, self.n_codes)
        first = log_odds_of_rate(clicked, weight)
        rng = np.random.default_rng(self.random_state)
        shape = (self.n_codes, self.n_factors)
        self.weights_, self._slopes = np.zeros(self.n_codes), np.zeros(self.n_codes)
        self.factors_ = rng.normal(scale=self.init_scale, size=shape)
        self._bends = np.zeros(shape)
        self._first = np.array([first, 0.0])
        self.loss_curve_ = []
        for _ in range(self.max_iter):
            self._pass(codes, clicked, weight, rng.permutation(len(clicked)))

    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Take one more pass, over these rows in their order.

        Parameters are those of ``fit``; here the rows may all be of one class.
        """
        if not hasattr(self, "weights_"):
            return self.fit(X, y, sample_weight=sample_weight)
        self._check_parameters()
        rows, clicked, weight = checked_batch(self, X, y, sample_weight)
        codes = checked_codes(rows, self.n_codes)
        self._pass(codes, clicked, weight, np.arange(len(rows)))
        return self

    def _pass(self, codes: Array, y: Floats, weight: Array, order: Ints) -> None:
        sample = weight.astype(np.float64)
        penalty = np.array([self.alpha, self.alpha_factors], np.float64)
        loss = factorisation_steps(
            *(codes, y, sample, order, self._first),
            *(self.weights_, self.factors_, self._slopes, self._bends),
            *(float(self.learning_rate), penalty),
        )
        mean = loss / float(sample.sum())
        check_learned(mean)
        self.loss_curve_.append(mean)

    def _score(self, rows: Array) -> Floats:
        scores = np.empty(len(rows))
        codes = checked_codes(rows, self.n_codes)
        factorisation_scores(
            codes, self._first[0], self.weights_, self.factors_, scores
        )
        return scores

    def arrays(self) -> dict[str, Array]:
        """Return everything that ``score_rows`` and ``partial_fit`` need, by name."""
        first = np.array([*self._first, self.n_features_in_])
        found = (self.weights_, self._slopes, self.factors_, self._bends, first)
        return dict(zip(ARRAYS, found, strict=True))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the ranker from which these arrays were taken.

        Raises
        ------
        ValueError
            If the arrays do not fit together.
        """
        found = [np.array(arrays[name], np.float64) for name in ARRAYS]
        weights, slopes, factors, bends, first = found
        n = len(weights)
        whole = all(np.isfinite(each).all() for each in found)
        fits = slopes.shape == (n,) and factors.ndim == 2 and len(factors) == n
        if not (whole and fits and bends.shape == factors.shape and len(first) == 3):
            raise ValueError("its factors are not those of its codes.")
        ranker = cls(n, n_factors=factors.shape[1])
        ranker.weights_, ranker._slopes = weights, slopes
        ranker.factors_, ranker._bends = factors, bends
        ranker._first, ranker.n_features_in_ = first[:2], int(first[2])
        ranker.loss_curve_ = []
        return ranker
