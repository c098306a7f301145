"""Shared by the linear metric learners: initial maps and the transform."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils.validation import check_array, check_is_fitted

from lookalike._checks import check_choice, check_whole
from lookalike._typing import Array, Ints
from lookalike._validation import validate_data
from lookalike.learn._linear import FLOATS
from lookalike.learn.discriminant import LinearDiscriminantAnalysis
from lookalike.learn.pca import PCA

INITS = ("auto", "pca", "lda", "identity", "random")


class LinearMap(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """A transformer whose ``fit`` leaves ``components_``: z = components_ x."""

    components_: Array
    n_features_in_: int

    def transform(self, X: ArrayLike) -> Array:
        """Map X (n_samples, n_features) to (n_samples, n_components)."""
        check_is_fitted(self)
        rows: Array = validate_data(self, X, dtype=FLOATS, reset=False)
        return rows @ self.components_.T

    @property
    def _n_features_out(self) -> int:
        return len(self.components_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def check_classes(y: Ints) -> None:
    """Refuse labels without two classes, or without two samples of one class."""
    counts = np.bincount(y)
    if len(counts) < 2:
        raise ValueError(f"y must have at least two classes, got {len(counts)} class.")
    if counts.max() < 2:
        raise ValueError("y must have a class of two samples or more, got none.")


def chosen_width(n_components: Any, init: Any, n_features: int) -> int:
    """Rows of the map: n_components, or as many as ``init`` has, or n_features."""
    if n_components is None:
        return n_features if isinstance(init, str) else len(np.atleast_2d(init))
    check_whole("n_components", n_components)
    if n_components > n_features:
        raise ValueError(
            f"n_components must be at most n_features={n_features}, got {n_components}."
        )
    return int(n_components)


def first_map(
    X: Array, y: Ints | None, n_components: int, init: Any, rng: Any
) -> Array:
    """Initial map, (n_components, n_features)."""
    n_features = X.shape[1]
    if not isinstance(init, str):
        given: Array = check_array(init, dtype=X.dtype.type, copy=True)
        if given.shape != (n_components, n_features):
            raise ValueError(
                f"init must have shape ({n_components}, {n_features}), "
                f"got {given.shape}."
            )
        return given
    check_choice("init", init, INITS)
    if init == "auto":
        init = "pca" if n_components < min(X.shape) else "identity"
    if init == "random":
        return rng.standard_normal((n_features, n_components)).T.astype(X.dtype)
    if init == "identity":
        return np.eye(n_components, n_features, dtype=X.dtype)
    if init == "pca":
        return PCA(n_components, random_state=rng).fit(X).components_
    if y is None:
        raise ValueError("init='lda' needs y.")
    model = LinearDiscriminantAnalysis(n_components=n_components).fit(X, y)
    directions = model.scalings_[:, :n_components].T
    if len(directions) < n_components:
        raise ValueError(
            f"init='lda' finds {len(directions)} directions in these data, "
            f"n_components={n_components} were requested."
        )
    return np.ascontiguousarray(directions, X.dtype)
