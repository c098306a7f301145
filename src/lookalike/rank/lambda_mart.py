"""LambdaMART: boosted trees that put whole lists in order (needs the rank extra)."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from lookalike._checks import check_sample_weight, check_whole
from lookalike.rank._forest import ForestRanker, learn_forest
from lookalike.rank._growth import check_growth, growth
from lookalike.rank.ranker import group_sizes, lessons

TOP_GRADE = 30  # gains are 2^grade - 1
MOST_ROWS = 10_000  # of a query: LightGBM's limit


class LambdaMART(ForestRanker):
    r"""Score candidates so that the nDCG of their lists is high.

    Boosted trees, whose gradients come from pairs of rows of the same query. For a row
    i that is more relevant than j,

    .. math:: \lambda_{ij} = \frac{|\Delta nDCG_{ij}|}{1 + e^{s_i - s_j}}

    pushes i up and j down: hardest where they are in the wrong order and where
    exchanging the two would change nDCG the most, with gains :math:`2^{y} - 1`.

    Parameters
    ----------
    n_estimators : int, default=200
        Trees.
    truncation : int, default=30
        Pairs whose better-placed row stands below this place are left alone.
    learning_rate : float, default=0.05
    num_leaves : int, default=31
        Most leaves of a tree.
    min_child_samples : int, default=20
        Fewest rows of a leaf.
    reg_lambda : float, default=1.0
        L2 penalty on the values of leaves.
    subsample, colsample : float, default=1.0
        Shares of the rows and of the features that a tree sees.
    random_state : int, default=0
    n_jobs : int or None, default=None

    Attributes
    ----------
    forest_ : Forest
        The trees, as arrays.
    n_features_in_ : int

    Notes
    -----
    LightGBM grows the trees; answering needs it no more. Scores are comparable within
    a query only. Cost of a tree: O(truncation) pairs a row.

    References
    ----------
    .. [1] Burges (2010). "From RankNet to LambdaRank to LambdaMART: an overview".
       Microsoft Research MSR-TR-2010-82.

    Examples
    --------
    >>> import numpy as np
    >>> from lookalike.rank.lambda_mart import LambdaMART
    >>> X = np.random.default_rng(0).uniform(-1, 1, (100, 8))
    >>> grades = (-abs(X)).argsort(axis=1).argsort(axis=1)  # the middle is wanted
    >>> model = LambdaMART(60).fit(X.reshape(-1, 1), grades.ravel(), np.full(100, 8))
    >>> scores = model.score_rows(X.reshape(-1, 1)).reshape(100, 8)
    >>> float((scores.argmax(axis=1) == grades.argmax(axis=1)).mean())
    0.99
    """

    def __init__(
        self,
        n_estimators: int = 200,
        *,
        truncation: int = 30,
        learning_rate: float = 0.05,
        num_leaves: int = 31,
        min_child_samples: int = 20,
        reg_lambda: float = 1.0,
        subsample: float = 1.0,
        colsample: float = 1.0,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.n_estimators = n_estimators
        self.truncation = truncation
        self.learning_rate = learning_rate
        self.num_leaves = num_leaves
        self.min_child_samples = min_child_samples
        self.reg_lambda = reg_lambda
        self.subsample = subsample
        self.colsample = colsample
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        groups: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Learn from features X (n_rows, n_features) and grades y (n_rows,).

        Grades are whole numbers from 0 to 30. ``groups`` are the sizes of the queries,
        whose rows stand together; None is a single query.
        """
        rows, grades = lessons(self, X, y)
        check_growth(self)
        check_whole("truncation", self.truncation)
        sizes = group_sizes(groups, len(rows))
        if sizes.max() > MOST_ROWS:
            raise ValueError(
                f"A query may have {MOST_ROWS:,} rows, got {sizes.max():,}: give the "
                "sizes of the queries as groups."
            )
        if (grades != np.round(grades)).any() or not (
            0 <= grades.min() <= grades.max() <= TOP_GRADE
        ):
            raise ValueError(f"y must be whole numbers from 0 to {TOP_GRADE}.")
        weight = check_sample_weight(sample_weight, rows)
        params = {
            "objective": "lambdarank",
            "lambdarank_truncation_level": self.truncation,
            "label_gain": [2.0**grade - 1 for grade in range(TOP_GRADE + 1)],
            **growth(self),
        }
        self.forest_ = learn_forest(
            params, self.n_estimators, rows, grades, weight, sizes
        )
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = True
        return tags
