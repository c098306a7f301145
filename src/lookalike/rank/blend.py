"""A sum of several rankers, each divided by the spread of its scores."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Array, Floats
from lookalike.rank.boosted_ranker import BoostedRanker
from lookalike.rank.lambda_mart import LambdaMART
from lookalike.rank.linear_ranker import LinearRanker
from lookalike.rank.logistic_ranker import LogisticRanker
from lookalike.rank.ranker import Ranker

KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (BoostedRanker, LambdaMART, LinearRanker, LogisticRanker)
}


class Blend:
    r"""Score by the sum of several rankers, each divided by the spread of its scores.

    .. math:: s(x) = \sum_r s_r(x) / \sigma_r

    Rankers that minimise different losses make different errors, and a sum averages
    them out.

    Parameters
    ----------
    rankers : sequence of Ranker

    Attributes
    ----------
    spreads : list of float
        Standard deviation of each ranker's scores of the rows in ``fit``.

    Examples
    --------
    >>> X = np.array([[0.0], [1], [2], [3]] * 20)
    >>> model = Blend([LogisticRanker(), LogisticRanker(C=0.01)])
    >>> scores = model.fit(X, X[:, 0] > 1).score_rows(X[:4])
    >>> bool((np.diff(scores) > 0).all()), round(float(scores.std()), 2)
    (True, 2.0)
    """

    spreads: list[float]

    def __init__(self, rankers: Sequence[Ranker]) -> None:
        self.rankers: list[Ranker] = list(rankers)

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        groups: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Fit each ranker; see :meth:`~lookalike.rank.ranker.BaseRanker.fit`."""
        self.spreads = []
        for ranker in self.rankers:
            scores = ranker.fit(X, y, groups, sample_weight).score_rows(X)
            self.spreads.append(max(float(scores.std()), 1e-12))
        return self

    def score_rows(self, X: ArrayLike) -> Floats:
        """Return the score of each row, (n_rows,), higher is better."""
        parts = zip(self.rankers, self.spreads, strict=True)
        total: Floats = sum(  # type: ignore[assignment]
            ranker.score_rows(X) / spread for ranker, spread in parts
        )
        return total

    def arrays(self) -> dict[str, Array]:
        """Return everything that ``score_rows`` needs, by name."""
        arrays: dict[str, Array] = {"spreads": np.array(self.spreads)}
        for number, ranker in enumerate(self.rankers):
            start = f"{number}.{type(ranker).__name__}."
            arrays |= {start + name: each for name, each in ranker.arrays().items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the ranker from which these arrays were taken.

        Raises
        ------
        ValueError
            If a spread is not a positive number, or there is no ranker.
        """
        spreads = np.asarray(arrays["spreads"], np.float64)
        rankers = []
        for number in range(len(spreads)):
            mine = [name for name in arrays if name.startswith(f"{number}.")]
            parts = {name.split(".", 2)[2]: arrays[name] for name in mine}
            rankers.append(KINDS[mine[0].split(".")[1]].from_arrays(parts))
        if not rankers or not (np.isfinite(spreads) & (spreads > 0)).all():
            raise ValueError("its rankers have no scale.")
        blend = cls(rankers)
        blend.spreads = spreads.tolist()
        return blend
