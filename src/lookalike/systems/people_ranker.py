"""The ranker of people you may know: logistic regression on features and products.

Products of two features let one score count for more where another is low, which a
plain weighted sum cannot say; with 18 features they are still only 189 weights.
"""

from collections.abc import Mapping
from typing import Self

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.learn import LogisticRegression

ARRAYS = ("mean", "scale", "weights")


class QuadraticRanker:
    """Score candidates by the chance that they are friends.

    Attributes
    ----------
    mean, scale : ndarray of shape (n_features,)
        Features are centred and scaled first.
    weights : ndarray of shape (n_features + n_features * (n_features + 1) / 2,)
        Of the features, then of their products. The constant does not change an order
        and is left out.
    """

    mean: Floats
    scale: Floats
    weights: Floats

    def fit(self, features: Floats, is_friend: Array) -> Self:
        """Learn from features (n, n_features) and answers (n,)."""
        self.mean = features.mean(axis=0)
        deviation = features.std(axis=0)
        self.scale = np.where(deviation > 0, deviation, 1.0)
        model = LogisticRegression(max_iter=200, tol=1e-3)
        model.fit(self._expand(features), is_friend)
        self.weights = model.coef_[0].astype(np.float64)
        return self

    def score(self, features: Floats) -> Floats:
        """Scores (n,), higher is better: log-odds but for a constant."""
        expanded = self._expand(features).astype(np.float64)
        # Row by row: a product of matrices rounds by how many rows there are.
        scores: Floats = np.einsum("ij,j->i", expanded, self.weights)
        return scores

    def arrays(self) -> dict[str, Array]:
        """Return what ``score`` needs, by name."""
        return {name: getattr(self, name) for name in ARRAYS}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], n_features: int) -> Self:
        """Return the ranker from which these arrays were taken."""
        ranker = cls()
        for name in ARRAYS:
            setattr(ranker, name, np.asarray(arrays[name]))
        n_weights = n_features + n_features * (n_features + 1) // 2
        fits = ranker.mean.shape == ranker.scale.shape == (n_features,)
        if not fits or ranker.weights.shape != (n_weights,):
            raise ValueError(f"its ranker is not one of {n_features} features.")
        return ranker

    def _expand(self, features: Floats) -> Array:
        centred = ((features - self.mean) / self.scale).astype(np.float32)
        first, second = np.triu_indices(centred.shape[1])
        return np.hstack([centred, centred[:, first] * centred[:, second]])
