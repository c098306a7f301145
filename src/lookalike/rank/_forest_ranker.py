"""What the rankers made of boosted trees share: limits of growth, scores, arrays."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Self

from joblib import effective_n_jobs

from lookalike._checks import check_positive, check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.rank._forest import Forest, learn_forest
from lookalike.rank.ranker import BaseRanker


@dataclass(eq=False, repr=False)
class ForestRanker(BaseRanker):
    """A ranker whose trees are grown by LightGBM and answer without it.

    The fields are the parameters; scikit-learn reads them from the generated
    ``__init__``.
    """

    n_estimators: int = 200
    _: KW_ONLY
    learning_rate: float = 0.05
    num_leaves: int = 31
    min_child_samples: int = 20
    reg_lambda: float = 1.0
    subsample: float = 1.0
    colsample: float = 1.0
    random_state: int = 0
    n_jobs: int | None = None
    forest_: Forest = field(init=False)

    def arrays(self) -> dict[str, Array]:
        """Return everything that ``score_rows`` needs, by name."""
        return self.forest_.arrays()

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the ranker from which these arrays were taken.

        Raises
        ------
        ValueError
            If the arrays are not those of trees.
        """
        ranker = cls()
        ranker.forest_ = Forest.from_arrays(arrays)
        ranker.n_features_in_ = ranker.forest_.n_features
        return ranker

    def _check_parameters(self) -> None:
        check_whole("n_estimators", self.n_estimators)
        check_whole("num_leaves", self.num_leaves, least=2)
        check_whole("min_child_samples", self.min_child_samples)
        check_positive("learning_rate", self.learning_rate)
        check_positive("reg_lambda", self.reg_lambda, zero=True)
        for name in ("subsample", "colsample"):
            share = getattr(self, name)
            check_positive(name, share)
            if share > 1:
                raise ValueError(f"{name} must lie in (0, 1], got {share!r}.")

    def _grow(
        self,
        objective: Mapping[str, Any],
        rows: Array,
        y: Floats,
        weight: Array,
        sizes: Ints | None = None,
    ) -> None:
        """Let LightGBM grow the trees for an objective, given in its parameters."""
        limits = {
            "learning_rate": self.learning_rate,
            "num_leaves": self.num_leaves,
            "min_data_in_leaf": self.min_child_samples,
            "lambda_l2": self.reg_lambda,
            "bagging_fraction": self.subsample,
            "bagging_freq": int(self.subsample < 1),
            "feature_fraction": self.colsample,
            "seed": self.random_state,
            "num_threads": effective_n_jobs(self.n_jobs),
        }
        params = {**objective, **limits}
        self.forest_ = learn_forest(params, self.n_estimators, rows, y, weight, sizes)

    def _score(self, rows: Array) -> Floats:
        return self.forest_.scores(rows, self.n_jobs)
