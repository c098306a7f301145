"""What the rankers made of boosted trees share: limits of growth, scores, arrays."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Self

from lookalike._checks import check_positive, check_whole
from lookalike._typing import Array, Floats
from lookalike.kernels.boosting import Limits
from lookalike.rank._boosting import Gradient, boost
from lookalike.rank._forest import Forest
from lookalike.rank.ranker import BaseRanker

MIN_CHILD_HESSIAN = 1e-3  # LightGBM's default


@dataclass(eq=False, repr=False)
class ForestRanker(BaseRanker):
    """A ranker that adds up trees, each grown to lower the loss of those before it.

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

    def _grow(self, rows: Array, gradient: Gradient, start: float = 0.0) -> None:
        """Grow the trees down a loss, from the score ``start``."""
        limits = Limits(
            self.num_leaves,
            self.min_child_samples,
            MIN_CHILD_HESSIAN,
            float(self.reg_lambda),
        )
        self.forest_ = boost(
            rows,
            gradient,
            start,
            limits,
            n_estimators=self.n_estimators,
            learning_rate=self.learning_rate,
            subsample=self.subsample,
            colsample=self.colsample,
            random_state=self.random_state,
        )

    def _score(self, rows: Array) -> Floats:
        return self.forest_.scores(rows, self.n_jobs)
