"""Shared by the descriptions of images: the shape of images, whole or in flat rows."""

from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils.validation import check_is_fitted, validate_data

from lookalike._checks import check_choice, check_pair
from lookalike._typing import Array
from lookalike._validation import check_range


class ImageDescriptor(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """A transformer of images (n, height, width), or flat (n, height * width)."""

    image_shape: tuple[int, int] | str | None
    image_shape_: tuple[int, int]
    _n_features_out: int

    def _fit_shape(self, X: ArrayLike, dtype: Any) -> None:
        """Set ``image_shape_``."""
        flat, shape = _flat(X)
        flat = validate_data(self, flat, dtype=dtype)
        check_range(flat, dtype=np.float64)
        self.image_shape_ = shape or self._shape_of_rows(flat.shape[1])

    def _images(self, X: ArrayLike, dtype: Any) -> Array:
        """Checked images of the shape of ``fit``, C-contiguous."""
        check_is_fitted(self)
        flat, shape = _flat(X)
        if shape is not None and shape != self.image_shape_:
            raise ValueError(
                f"Images are {shape[0]} by {shape[1]}, but fit had "
                f"{self.image_shape_[0]} by {self.image_shape_[1]}."
            )
        flat = validate_data(self, flat, dtype=dtype, order="C", reset=False)
        check_range(flat, dtype=np.float64)
        return flat.reshape(len(flat), *self.image_shape_)

    def _shape_of_rows(self, n_features: int) -> tuple[int, int]:
        if isinstance(self.image_shape, str):
            check_choice("image_shape", self.image_shape, ("line",))
            return 1, n_features
        if self.image_shape is not None:
            check_pair("image_shape", self.image_shape)
            height, width = self.image_shape
            if height * width != n_features:
                raise ValueError(
                    f"image_shape={self.image_shape} has {height * width} pixels, but "
                    f"X has {n_features} features."
                )
            return height, width
        side = isqrt(n_features)
        if side * side != n_features:
            raise ValueError(
                f"Rows of {n_features} pixels are no squares: give images of shape "
                "(n_images, height, width), or say image_shape=(height, width), or "
                "'line' for rows that are one line of pixels each."
            )
        return side, side


def _flat(X: Any) -> tuple[Any, tuple[int, int] | None]:
    """Images as rows of pixels, and their shape if they came as images."""
    X = X if hasattr(X, "shape") else np.asarray(X)
    if len(X.shape) != 3:
        return X, None
    return X.reshape(len(X), -1), X.shape[1:]
