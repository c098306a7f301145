"""A linear ranker that learns from whole lists: softmax cross-entropy (ListNet)."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from lookalike._checks import check_positive, check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.rank._list_softmax import minimised, softmax_loss, whitener
from lookalike.rank.ranker import BaseRanker, mean_and_scale

ARRAYS = ("mean", "scale", "weights")


class ListwiseRanker(BaseRanker):
    r"""Score candidates so that the relevant ones have the highest scores of a list.

    .. math:: \min_w \; C \sum_q \sum_{i \in q} y_i \Big(\log \sum_{j \in q} e^{s_j}
              - s_i\Big) + \frac{1}{2} \lVert w \rVert^2, \qquad s_i = w'z_i

    with z the features over their spread. It is the cross-entropy of the first place
    [1]_, with the relevance y as it is: the scores are the log of the expected share of
    a list's relevance. Gains :math:`2^g - 1` of grades, clicks, or clicks divided by
    how often they were possible can all be given as y.

    Parameters
    ----------
    C : float, default=1.0
        Weight of the data against the L2 penalty on w.
    max_iter : int, default=200
    tol : float, default=1e-3
        When to stop: about the share of its standard error by which a weight may be
        off, with y taken as counts.

    Attributes
    ----------
    mean_, scale_ : ndarray of shape (n_features,)
        Of the features in ``fit``.
    weights_ : ndarray of shape (n_features,), float64
    n_features_in_ : int

    Notes
    -----
    Scores are comparable within a query only. Sample weights multiply y. A list without
    relevance teaches nothing. Cost of a round: O(n_rows * n_features).

    References
    ----------
    .. [1] Cao, Qin, Liu, Tsai and Li (2007). "Learning to rank: from pairwise approach
       to listwise approach". ICML (the cross-entropy of top-one probabilities).

    Examples
    --------
    In each list the larger values are relevant; in both together the smaller are:

    >>> import numpy as np
    >>> from lookalike.rank.listwise_ranker import ListwiseRanker
    >>> X = np.array([10.0, 11, 12, 13, 1, 2, 3, 4])[:, None]
    >>> y = [0, 0, 0, 1, 0, 1, 1, 1]
    >>> for groups in ([4, 4], [8]):
    ...     print(ListwiseRanker().fit(X, y, groups).weights_.round(2))
    [0.53]
    [-0.26]
    """

    mean_: Floats
    scale_: Floats
    weights_: Floats

    def __init__(
        self, C: float = 1.0, *, max_iter: int = 200, tol: float = 1e-3
    ) -> None:
        self.C = C
        self.max_iter = max_iter
        self.tol = tol

    def _check_parameters(self) -> None:
        check_positive("C", self.C)
        check_positive("tol", self.tol)
        check_whole("max_iter", self.max_iter)

    def _learn(self, rows: Array, y: Floats, sizes: Ints, weight: Array) -> None:
        if y.min() < 0:
            raise ValueError(f"y must be at least 0, got {y.min():g}.")
        target = y * weight
        begins = np.cumsum(sizes) - sizes
        if not (np.add.reduceat(target, begins)[sizes > 1] > 0).any():
            raise ValueError(
                "expected a list of two rows or more with y above 0, got none in "
                f"{len(sizes)} lists of n_samples={len(y)}."
            )
        self.mean_, self.scale_ = mean_and_scale(rows)
        Z = (rows - self.mean_) / self.scale_
        W = whitener(Z, target, sizes, self.C)

        def objective(v: Floats) -> tuple[float, Floats]:
            w = W @ v
            loss, slopes = softmax_loss(Z @ w, target, sizes)
            slope = W.T @ (self.C * (slopes @ Z) + w)
            return self.C * loss + w @ w / 2, slope

        self.weights_ = W @ minimised(objective, Z.shape[1], self.max_iter, self.tol)

    def _score(self, rows: Array) -> Floats:
        Z = (rows - self.mean_) / self.scale_
        # Row by row: the rounding of a matrix product depends on the number of rows.
        scores: Floats = np.einsum("ij,j->i", Z, self.weights_)
        return scores

    def arrays(self) -> dict[str, Array]:
        """Return everything that ``score_rows`` needs, by name."""
        return {"mean": self.mean_, "scale": self.scale_, "weights": self.weights_}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the ranker from which these arrays were taken.

        Raises
        ------
        ValueError
            If the arrays do not fit together.
        """
        found = [np.asarray(arrays[name], np.float64) for name in ARRAYS]
        mean, scale, weights = found
        whole = all(np.isfinite(each).all() for each in found) and (scale > 0).all()
        if {each.shape for each in found} != {(mean.size,)} or not whole:
            raise ValueError("its weights are not those of its features.")
        ranker = cls()
        ranker.mean_, ranker.scale_, ranker.weights_ = mean, scale, weights
        ranker.n_features_in_ = len(mean)
        return ranker

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that y is at least 0."""
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = True
        return tags
