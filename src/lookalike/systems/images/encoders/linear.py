"""Encoders of image search that are a matrix or two, learned with labels or without."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from lookalike import _arrays
from lookalike._arrays import product_by_row
from lookalike._parallel import blas_threads
from lookalike._typing import Array, Floats
from lookalike.core.progress import ShareCallback
from lookalike.features import GradientHistogram, LocalBinaryPattern
from lookalike.features.preparation import Preparation
from lookalike.learn import PCA, NeighbourhoodComponents


def preparation_of(images: Array) -> Preparation:
    """The form in which these images are already."""
    height, width = images.shape[1:3]
    return Preparation(height, width, "L" if images.ndim == 3 else "RGB")


MOST_NUMBERS = 4096
"""Of an image whose pixels are numbers of a vector."""
_SMALL = 32  # pixels a side


def shrunk(images: Array) -> Array:
    """Images as encoders of single pixels learn from them: large ones 32 by 32.

    A photograph has so many pixels that their covariance fits into no memory.
    """
    if not len(images) or images[0].size <= MOST_NUMBERS:
        return images
    form = Preparation(_SMALL, _SMALL, "L" if images.ndim == 3 else "RGB")
    return np.stack([form.tile(image) for image in images])


def unit(vectors: Array) -> Array:
    """Rows of length one, computed in double precision and kept as float32."""
    return _arrays.unit(vectors.astype(np.float64)).astype(np.float32)


class PixelEncoder:
    """The pixels themselves: the baseline of every encoder."""

    def __init__(self, preparation: Preparation | None = None) -> None:
        self.preparation = preparation or Preparation(28, 28)
        self.facts: dict[str, Any] = {"model": "The pixels themselves."}

    def fit(self, images: Array, labels: Array, **options: Any) -> Self:
        """Learn nothing but the size."""
        self.preparation = preparation_of(images)
        return self

    def transform(self, images: Array) -> Array:
        """Pixels as vectors of length one."""
        return unit(images.reshape(len(images), -1).astype(np.float32))

    def arrays(self) -> dict[str, Array]:
        """Nothing was learned."""
        return {}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], preparation: Preparation) -> Self:
        """Return the encoder."""
        return cls(preparation)


class MatrixEncoder(ABC):
    """One matrix over pixels or over histograms of gradients and local patterns."""

    preparation: Preparation
    mean: Floats  # (n_features,)
    matrix: Floats  # (n_features, n_dimensions)
    n_dimensions = 64

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}

    @abstractmethod
    def features(self, images: Array) -> Array:
        """Features of images, float32 (n_images, n_features)."""

    def transform(self, images: Array) -> Array:
        """Map images to vectors, each to the same digits whatever the batch."""
        return unit(product_by_row(self.features(images) - self.mean, self.matrix))

    def arrays(self) -> dict[str, Array]:
        """Return the mean and the matrix."""
        return {"mean": self.mean, "matrix": self.matrix}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], preparation: Preparation) -> Self:
        """Return the encoder with this mean and matrix."""
        encoder = cls()
        encoder.preparation = preparation
        encoder.mean = np.array(arrays["mean"], np.float32)
        encoder.matrix = np.array(arrays["matrix"], np.float32)
        blank = np.zeros((1, *preparation.shape), np.uint8)
        n_features = encoder.features(blank).shape[1]
        if not encoder.matrix.shape[:1] == (n_features,) == encoder.mean.shape:
            raise ValueError("the mean and the matrix do not belong together.")
        return encoder


class PrincipalEncoder(MatrixEncoder):
    """Principal components of the pixels."""

    def features(self, images: Array) -> Array:
        """Return the pixels, 0 to 1."""
        return images.reshape(len(images), -1).astype(np.float32) / 255

    def fit(self, images: Array, labels: Array, **options: Any) -> Self:
        """Learn the directions of most variance."""
        self.preparation = preparation_of(images)
        X = self.features(images)
        pca = _components(X, self.n_dimensions)
        self.mean = pca.mean_.astype(np.float32)
        self.matrix = np.ascontiguousarray(pca.components_.T, np.float32)
        held = float(pca.explained_variance_ratio_.sum())
        self.facts = {
            "model": f"{pca.n_components_} principal components of the pixels, which "
            f"hold {held:.1%} of the variance."
        }
        return self


class PlainEncoder:
    """Principal components of gradients beside those of pixels, each of length one.

    Learns without labels.
    """

    preparation: Preparation
    n_dimensions = 64  # of each

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}
        self._maps: dict[str, Array] = {}

    def fit(self, images: Array, labels: Array, **options: Any) -> Self:
        """Learn the directions of most variance of each."""
        self.preparation = preparation_of(images)
        held = []
        # One thread: what is learned must not depend on how many there are.
        with blas_threads(1, len(images)):
            for name, X in _feature_sets(images).items():
                pca = _components(X, self.n_dimensions)
                self._maps[f"{name}_mean"] = pca.mean_.astype(np.float32)
                matrix = np.ascontiguousarray(pca.components_.T, np.float32)
                self._maps[f"{name}_matrix"] = matrix
                held.append(float(pca.explained_variance_ratio_.sum()))
        self.facts = {
            "model": f"{self.n_dimensions} principal components of histograms of "
            f"gradients and as many of the pixels, which hold {held[0]:.1%} and "
            f"{held[1]:.1%} of the variance."
        }
        return self

    def transform(self, images: Array) -> Array:
        """Map images to vectors, each to the same digits whatever the batch."""
        parts = []
        for name, X in _feature_sets(images).items():
            mean, matrix = self._maps[f"{name}_mean"], self._maps[f"{name}_matrix"]
            parts.append(unit(product_by_row(X - mean, matrix)))
        return unit(np.hstack(parts))

    def arrays(self) -> dict[str, Array]:
        """Return the means and the matrices."""
        return dict(self._maps)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], preparation: Preparation) -> Self:
        """Return the encoder with these means and matrices."""
        encoder = cls()
        encoder.preparation = preparation
        blank = np.zeros((1, *preparation.shape), np.uint8)
        for name, X in _feature_sets(blank).items():
            for part in ("mean", "matrix"):
                given = np.array(arrays[f"{name}_{part}"], np.float32)
                encoder._maps[f"{name}_{part}"] = given
                if len(given) != X.shape[1]:
                    raise ValueError("the means and matrices do not fit the images.")
        return encoder


def _feature_sets(images: Array) -> dict[str, Array]:
    """Histograms of gradients, and pixels from 0 to 1; both float32."""
    return {
        "edges": _edges(_grey(images)),
        "pixels": images.reshape(len(images), -1).astype(np.float32) / 255,
    }


def _grey(images: Array) -> Array:
    return images if images.ndim == 3 else images.mean(axis=3).astype(np.uint8)


def _components(X: Array, n: int) -> PCA:
    """At most n principal components, by whichever of the two matrices is smaller."""
    wide = X.shape[1] > X.shape[0]
    solver = "full" if wide else "covariance_eigh"
    return PCA(min(n, *X.shape), svd_solver=solver).fit(X)


def _edges(grey: Array) -> Array:
    """Histograms of gradients of seven by seven cells, float32."""
    cell = (max(grey.shape[1] // 7, 1), max(grey.shape[2] // 7, 1))
    gradients = GradientHistogram(pixels_per_cell=cell, cells_per_block=(2, 2))
    # What describes an image learns nothing from the images it is fitted to.
    return gradients.fit(grey).transform(grey).astype(np.float32)


class MetricEncoder(MatrixEncoder):
    """Gradients and local patterns, then a linear map that separates the classes."""

    n_principal = 160

    def features(self, images: Array) -> Array:
        """Histograms of gradients beside roots of histograms of local patterns."""
        grey = _grey(images)
        patterns = LocalBinaryPattern(8, 1.0, "uniform", grid=(4, 4), border="edge")
        roots = np.sqrt(patterns.fit(grey).transform(grey)).astype(np.float32)
        return np.hstack([_edges(grey), roots])

    def fit(
        self,
        images: Array,
        labels: Array,
        *,
        random_state: int,
        n_jobs: int | None,
        on_progress: ShareCallback,
        **options: Any,
    ) -> Self:
        """Learn the matrix from images and their labels."""
        self.preparation = preparation_of(images)
        X = np.concatenate(
            [self.features(part) for part in np.array_split(images, 20) if len(part)]
        )
        on_progress(0.2)
        batch_size = min(max(len(images) // 20, 500), 2000)
        n_epochs = min(max(1, round(200 * batch_size / len(images))), 50)
        pca = PCA(min(self.n_principal, *X.shape), svd_solver="covariance_eigh")
        nca = NeighbourhoodComponents(
            min(self.n_dimensions, *X.shape),
            objective="accuracy",
            batch_size=batch_size,
            max_iter=n_epochs,
            callback=lambda epoch, loss: on_progress(0.2 + 0.8 * epoch / n_epochs),
            random_state=random_state,
        )
        with blas_threads(1, len(X)):
            nca.fit(pca.fit_transform(X), labels)
        self.mean = pca.mean_.astype(np.float32)
        matrix = nca.components_ @ pca.components_
        self.matrix = np.ascontiguousarray(matrix.T, np.float32)
        losses = nca.loss_curve_
        self.facts = {
            "model": f"{X.shape[1]} numbers from histograms of gradients and of local "
            f"binary patterns, {pca.n_components_} principal components of them, then "
            f"neighbourhood components to {len(nca.components_)}: one matrix. The loss "
            f"fell from {losses[0]:.3f} to {losses[-1]:.3f}."
        }
        return self
