"""Boosted trees, and logistic regression on the leaves that a row falls into."""

from collections.abc import Mapping
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from lookalike._arrays import named, prefixed
from lookalike._checks import check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.rank._codes import (
    MOST_CODES,
    checked_batch,
    checked_clicks,
    checked_codes,
)
from lookalike.rank.boosted_ranker import BoostedRanker
from lookalike.rank.ranker import BaseRanker
from lookalike.rank.sparse_logistic import SparseLogistic

TREES = "trees."
LINEAR = "linear."


class LeafLogistic(BaseRanker):
    r"""Score a row by weights of the leaves of boosted trees, and of its own codes.

    .. math:: s(x) = b + \sum_t w_{\ell_t(x)} + \sum_{c \in x} u_c,

    with :math:`\ell_t(x)` the leaf of tree t. Trees find which numbers matter together
    [1]_; the weights are learned on all rows at once, and keep up with new rows by
    ``partial_fit`` while the trees stay.

    Parameters
    ----------
    n_numbers : int or None, default=None
        The first columns, which the trees see; the others are codes. None is all.
    n_codes : int, default=0
        Codes of the other columns lie below it.
    n_estimators : int, default=60
    num_leaves : int, default=16
    learning_rate : float, default=0.1
    min_child_samples : int, default=50
        Of the trees, see :class:`BoostedRanker`.
    alpha : float, default=10.0
        Penalty on the weights, see :class:`SparseLogistic`.
    tol : float, default=1e-6
    max_iter : int, default=50
    random_state : int, default=0
    n_jobs : int or None, default=None

    Attributes
    ----------
    trees_ : BoostedRanker
    linear_ : SparseLogistic
        Over the leaves, and then the codes.
    n_features_in_ : int

    References
    ----------
    .. [1] He et al. (2014). "Practical lessons from predicting clicks on ads at
       Facebook". ADKDD, section 3.1.

    Examples
    --------
    >>> import numpy as np
    >>> from lookalike.rank.leaf_logistic import LeafLogistic
    >>> X = np.random.default_rng(0).uniform(-1, 1, (2000, 2))
    >>> model = LeafLogistic(n_estimators=20).fit(X, X[:, 0] * X[:, 1] > 0)
    >>> np.sign(model.score_rows([[0.5, 0.5], [0.5, -0.5], [-0.5, -0.5]]))
    array([ 1., -1.,  1.])
    """

    trees_: BoostedRanker
    linear_: SparseLogistic

    def __init__(
        self,
        n_numbers: int | None = None,
        n_codes: int = 0,
        *,
        n_estimators: int = 60,
        num_leaves: int = 16,
        learning_rate: float = 0.1,
        min_child_samples: int = 50,
        alpha: float = 10.0,
        tol: float = 1e-6,
        max_iter: int = 50,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.n_numbers = n_numbers
        self.n_codes = n_codes
        self.n_estimators = n_estimators
        self.num_leaves = num_leaves
        self.learning_rate = learning_rate
        self.min_child_samples = min_child_samples
        self.alpha = alpha
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _check_parameters(self) -> None:
        check_whole("n_codes", self.n_codes, least=0)
        if self.n_numbers is not None:
            check_whole("n_numbers", self.n_numbers)

    def _learn(self, rows: Array, y: Floats, sizes: Ints, weight: Array) -> None:
        checked_clicks(y)
        n = rows.shape[1] if self.n_numbers is None else self.n_numbers
        if n > rows.shape[1]:
            raise ValueError(
                f"n_numbers must be at most the {rows.shape[1]} columns, got {n}."
            )
        self._n_numbers = n
        self.trees_ = BoostedRanker(
            self.n_estimators,
            learning_rate=self.learning_rate,
            num_leaves=self.num_leaves,
            min_child_samples=self.min_child_samples,
            random_state=self.random_state,
            n_jobs=self.n_jobs,
        ).fit(rows[:, :n], y, sample_weight=weight)
        n_codes = self.trees_.forest_.n_leaves + self.n_codes
        if n_codes > MOST_CODES:
            raise ValueError(f"Leaves and codes must be at most {MOST_CODES}.")
        self.linear_ = SparseLogistic(
            n_codes, alpha=self.alpha, tol=self.tol, max_iter=self.max_iter
        ).fit(self._joined(rows), y, sample_weight=weight)

    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Let the weights learn from further rows; the trees stay."""
        if not hasattr(self, "linear_"):
            return self.fit(X, y, sample_weight=sample_weight)
        rows, clicked, weight = checked_batch(self, X, y, sample_weight)
        self.linear_.partial_fit(self._joined(rows), clicked, weight)
        return self

    def _joined(self, rows: Array) -> Array:
        """Leaves, and behind them the codes, float32."""
        forest, n = self.trees_.forest_, self._n_numbers
        leaves = forest.leaves(np.ascontiguousarray(rows[:, :n]))
        if n == rows.shape[1]:
            return leaves.astype(np.float32)
        codes = checked_codes(rows[:, n:], self.n_codes)
        moved = np.where(codes >= 0, codes + forest.n_leaves, -1)
        return np.hstack([leaves, moved]).astype(np.float32)

    def _score(self, rows: Array) -> Floats:
        return self.linear_.score_rows(self._joined(rows))

    def arrays(self) -> dict[str, Array]:
        """Return everything that ``score_rows`` and ``partial_fit`` need, by name."""
        sizes = np.array([self._n_numbers, self.n_codes, self.n_features_in_])
        return {
            "sizes": sizes,
            **prefixed(TREES, self.trees_.arrays()),
            **prefixed(LINEAR, self.linear_.arrays()),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the ranker from which these arrays were taken.

        Raises
        ------
        ValueError
            If the arrays do not fit together.
        """
        n_numbers, n_codes, n_features = np.asarray(arrays["sizes"]).tolist()
        ranker = cls(n_numbers, n_codes)
        ranker._n_numbers, ranker.n_features_in_ = n_numbers, n_features
        ranker.trees_ = BoostedRanker.from_arrays(named(TREES, arrays))
        ranker.linear_ = SparseLogistic.from_arrays(named(LINEAR, arrays))
        whole = ranker.trees_.forest_.n_leaves + n_codes
        if ranker.trees_.n_features_in_ != n_numbers or whole != ranker.linear_.n_codes:
            raise ValueError("its weights are not those of its leaves.")
        return ranker
