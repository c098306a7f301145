"""How the digits system turns an image into a vector."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol, Self

import numpy as np

from lookalike._typing import Array
from lookalike.learn import PCA

Share = Callable[[float], None]


class Embedding(Protocol):
    """A learned map from images to vectors that can be written as arrays."""

    facts: dict[str, Any]
    """What was found while learning: for the card."""

    def fit(
        self,
        images: Array,
        labels: Array,
        *,
        random_state: int,
        n_jobs: int | None,
        report: Share,
    ) -> Self:
        """Learn from uint8 images (n, height, width) and their labels."""
        ...

    def transform(self, images: Array) -> Array:
        """Map uint8 images (n, height, width) to float32 vectors (n, n_dimensions)."""
        ...

    def arrays(self) -> dict[str, Array]:
        """Return everything that ``transform`` needs, by name."""
        ...

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the embedding that these arrays were taken from."""
        ...


def version_of(embedding: Embedding) -> str:
    """Twelve hexadecimal digits that differ between any two embeddings."""
    digest = hashlib.sha256(type(embedding).__name__.encode())
    for name, array in sorted(embedding.arrays().items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:12]


class LinearEmbedding:
    """Principal components, then a linear map; together one matrix of the pixels."""

    matrix: Array
    offset: Array

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}

    def fit(
        self,
        images: Array,
        labels: Array,
        *,
        random_state: int,
        n_jobs: int | None,
        report: Share,
    ) -> Self:
        """Learn the matrix."""
        pixels = _pixels(images)
        n_components = min(60, *pixels.shape)
        pca = PCA(n_components, svd_solver="covariance_eigh").fit(pixels)
        self.matrix = pca.components_.astype(np.float64)
        self.offset = self.matrix @ pca.mean_
        self.facts = {"features": "PCA", "model": "PCA"}
        return self

    def transform(self, images: Array) -> Array:
        """Multiply row by row, so that a batch gets the very digits of its queries.

        One product of matrices would be rounded in another order than the product of
        a single row.
        """
        pixels = _pixels(images).astype(np.float64)
        rows = (self.matrix @ row - self.offset for row in pixels)
        return np.stack(list(rows)).astype(np.float32)

    def arrays(self) -> dict[str, Array]:
        """Return the matrix and the offset."""
        return {"matrix": self.matrix, "offset": self.offset}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the embedding with this matrix and offset."""
        embedding = cls()
        embedding.matrix = np.array(arrays["matrix"])
        embedding.offset = np.array(arrays["offset"])
        return embedding


def _pixels(images: Array) -> Array:
    flat = images.reshape(len(images), -1)
    return flat.astype(np.float32) / 255


EMBEDDINGS: dict[str, type[Embedding]] = {"linear": LinearEmbedding}
