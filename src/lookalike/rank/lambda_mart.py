"""LambdaMART: boosted trees that order whole lists (needs the rank extra)."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lookalike._checks import check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.rank._forest_ranker import ForestRanker

MAX_GRADE = 30  # gains are 2^grade - 1
MAX_QUERY_ROWS = 10_000  # LightGBM's limit


@dataclass(eq=False, repr=False)
class LambdaMART(ForestRanker):
    r"""Score candidates so that the nDCG of their lists is high.

    The trees are boosted on gradients that come from pairs of rows of the same query.
    For a row i that is more relevant than a row j,

    .. math:: \lambda_{ij} = \frac{|\Delta nDCG_{ij}|}{1 + e^{s_i - s_j}}

    is added to the gradient of i and subtracted from that of j. It is largest where the
    two are in the wrong order and where exchanging them would change the nDCG the most.
    Grades y are whole numbers from 0 to 30, with gains :math:`2^{y} - 1`.

    Parameters
    ----------
    n_estimators : int, default=200
        Number of trees.
    truncation : int, default=30
        A pair is compared only if one of its rows is among this many best scores of its
        query.
    learning_rate, num_leaves, min_child_samples, reg_lambda, subsample, colsample
        As in :class:`~lookalike.rank.BoostedRanker`.
    random_state, n_jobs
        As in :class:`~lookalike.rank.BoostedRanker`.

    Attributes
    ----------
    forest_ : Forest
        The trees, as arrays.
    n_features_in_ : int

    Notes
    -----
    LightGBM grows the trees; scoring does not need it. Scores are comparable within a
    query only. A query may have 10,000 rows. Cost of a tree: O(truncation) pairs a row.

    References
    ----------
    .. [1] Burges (2010). "From RankNet to LambdaRank to LambdaMART: an overview".
       Microsoft Research MSR-TR-2010-82.

    Examples
    --------
    >>> import numpy as np
    >>> from lookalike.rank.lambda_mart import LambdaMART
    >>> X = np.random.default_rng(0).uniform(-1, 1, (100, 8))
    >>> grades = (-abs(X)).argsort(axis=1).argsort(axis=1)  # best in the middle
    >>> model = LambdaMART(60).fit(X.reshape(-1, 1), grades.ravel(), np.full(100, 8))
    >>> scores = model.score_rows(X.reshape(-1, 1)).reshape(100, 8)
    >>> float((scores.argmax(axis=1) == grades.argmax(axis=1)).mean())
    0.99
    """

    truncation: int = field(default=30, kw_only=True)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_whole("truncation", self.truncation)

    def _learn(self, rows: Array, y: Floats, sizes: Ints, weight: Array) -> None:
        if sizes.max() > MAX_QUERY_ROWS:
            raise ValueError(
                f"A query may have {MAX_QUERY_ROWS:,} rows, got {sizes.max():,}: give "
                "the sizes of the queries as groups."
            )
        if (y != np.round(y)).any() or not 0 <= y.min() <= y.max() <= MAX_GRADE:
            raise ValueError(f"y must be whole numbers from 0 to {MAX_GRADE}.")
        objective = {
            "objective": "lambdarank",
            "lambdarank_truncation_level": self.truncation,
            "label_gain": [2.0**grade - 1 for grade in range(MAX_GRADE + 1)],
        }
        self._grow(objective, rows, y, weight, sizes)

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that y must not be negative."""
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = True
        return tags
