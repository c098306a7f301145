"""A ranker of two features: similarity, and attractiveness learned from clicks."""

from collections.abc import Mapping
from typing import Self

import numpy as np
from scipy.special import expit

from lookalike._arrays import named, prefixed
from lookalike._typing import Array, Floats, Ints
from lookalike.rank.clicks import (
    Impressions,
    attractiveness,
    examination,
    relevance_posterior,
)
from lookalike.rank.logistic_ranker import LogisticRanker

ROUNDS = 5  # of expectation-maximisation; the weights no longer move after four


class ClickRanker:
    """Log-odds that an item is relevant, from its similarity and its clicks.

    The examination probability of each position is estimated on the shuffled
    impressions. The attractiveness of items is counted on the first two thirds of the
    impressions. The weights of similarity and attractiveness are learned on the last
    third, so that no click explains itself. At the end the attractiveness is counted on
    all impressions.

    Parameters
    ----------
    n_items : int
        Size of the catalogue.
    corrected : bool, default=True
        False takes every position as examined: the model then learns the position.
    prior : float, default=4
        Clicks by which the attractiveness of an item is drawn to the mean.

    Attributes
    ----------
    examination_ : ndarray of shape (n_positions,)
    attractiveness_ : ndarray of shape (n_items,)
        0 for items that were never shown.
    ranker_ : LogisticRanker
        Of similarity and attractiveness.

    Examples
    --------
    Two items equally alike; the one that stands below is clicked as often.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> n = 6000
    >>> shuffled = np.arange(n) % 5 == 0
    >>> below = np.where(shuffled, rng.integers(0, 2, n), 1)  # where item 1 stands
    >>> position = np.stack([1 - below, below], axis=1).ravel()
    >>> item, query = np.tile([0, 1], n), np.repeat(np.arange(n), 2)
    >>> seen = rng.random(2 * n) < np.array([1.0, 0.3])[position]
    >>> relevant = rng.random(2 * n) < np.array([0.3, 0.6])[item]
    >>> shown = Impressions(query, item, position, seen & relevant, shuffled.repeat(2))
    >>> same = np.full(2 * n, 0.9) + rng.normal(0, 0.01, 2 * n)
    >>> for corrected in (True, False):
    ...     model = ClickRanker(2, corrected=corrected).fit(same, shown)
    ...     print(model.score(np.array([0.9, 0.9]), np.array([0, 1])).argmax())
    1
    0
    """

    examination_: Floats
    attractiveness_: Floats
    ranker_: LogisticRanker

    def __init__(
        self, n_items: int, *, corrected: bool = True, prior: float = 4.0
    ) -> None:
        self.n_items = n_items
        self.corrected = corrected
        self.prior = prior

    def fit(self, similarity: Floats, shown: Impressions) -> Self:
        """Learn from what was shown, in the order of time.

        similarity : (n_impressions,), of each shown item to its query
        """
        n_positions = int(shown.position.max()) + 1
        self.examination_ = np.ones(n_positions)
        if self.corrected:
            self.examination_ = examination(shown, n_positions)
        border = shown.query[len(shown) * 2 // 3]
        late = shown.query >= border
        counted = attractiveness(
            shown.among(~late), self.examination_, self.n_items, self.prior
        )
        late_rows = shown.among(late)
        X = np.column_stack([similarity[late], counted[late_rows.item]])
        self.ranker_ = self._weighed(X, late_rows)
        self.attractiveness_ = attractiveness(
            shown, self.examination_, self.n_items, self.prior
        )
        return self

    def _weighed(self, X: Floats, late_rows: Impressions) -> LogisticRanker:
        """Alternate between posterior relevance and fitting (EM)."""
        examined = self.examination_[late_rows.position]
        start = late_rows.clicked.sum() / examined.sum()
        chance = np.full(len(X), min(float(start), 0.99))
        both, n = np.vstack([X, X]), len(X)
        y = np.repeat([1.0, 0.0], n)
        ranker = LogisticRanker()
        for _ in range(ROUNDS):
            relevant = relevance_posterior(late_rows.clicked, examined, chance)
            ranker.fit(both, y, sample_weight=np.concatenate([relevant, 1 - relevant]))
            chance = expit(ranker.score_rows(X))
            if not self.corrected:
                break
        return ranker

    def score(self, similarity: Floats, items: Ints) -> Floats:
        """Scores of items for a query, higher is better, both of shape (n,)."""
        return self.ranker_.score_rows(
            np.column_stack([similarity, self.attractiveness_[items]])
        )

    def arrays(self) -> dict[str, Array]:
        """Return everything that ``score`` needs, by name."""
        return {
            "examination": self.examination_,
            "attractiveness": self.attractiveness_,
            **prefixed("ranker_", self.ranker_.arrays()),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the ranker from which these arrays were taken."""
        ranker = cls(len(arrays["attractiveness"]))
        ranker.examination_ = np.asarray(arrays["examination"], np.float64)
        ranker.attractiveness_ = np.asarray(arrays["attractiveness"], np.float64)
        ranker.ranker_ = LogisticRanker.from_arrays(named("ranker_", arrays))
        if ranker.ranker_.n_features_in_ != 2 or ranker.attractiveness_.ndim != 1:
            raise ValueError("these are not the arrays of a ClickRanker.")
        return ranker
