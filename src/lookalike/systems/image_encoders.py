"""How image search turns prepared images into vectors of length one.

All encoders have one interface; which one made a vector is its *embedding version*:
twelve digits from the weights, the preparation of images, and the code.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from typing import Any, Protocol, Self

import numpy as np

from lookalike._parallel import blas_threads
from lookalike._typing import Array, Floats
from lookalike.features import GradientHistogram, LocalBinaryPattern
from lookalike.features.preparation import Preparation
from lookalike.learn import PCA, NeighbourhoodComponents

CODE = 1
"""To be raised with every change that makes other vectors of the same weights."""
Share = Callable[[float], None]


class Encoder(Protocol):
    """A map from prepared images to vectors that can be written as arrays."""

    preparation: Preparation
    facts: dict[str, Any]
    """What was found while learning: for the card."""

    def transform(self, images: Array) -> Array:
        """Map uint8 images (n, *preparation.shape) to float32 vectors of length one."""
        ...

    def arrays(self) -> dict[str, Array]:
        """Return everything that ``transform`` needs, by name."""
        ...

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], preparation: Preparation) -> Self:
        """Return the encoder that these arrays were taken from."""
        ...


class Learned(Encoder, Protocol):
    """An encoder that learns from images."""

    def fit(
        self,
        images: Array,
        labels: Array,
        *,
        random_state: int,
        n_jobs: int | None,
        report: Share,
        **options: Any,
    ) -> Self:
        """Learn from uint8 images (n, height, width) or (n, height, width, 3)."""
        ...


def version_of(encoder: Encoder) -> str:
    """Twelve hexadecimal digits that differ between any two embeddings."""
    digest = hashlib.sha256(f"{type(encoder).__name__} {CODE}".encode())
    about = encoder.preparation.about()
    digest.update(json.dumps(about, sort_keys=True).encode())
    for name, array in sorted(encoder.arrays().items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:12]


def preparation_of(images: Array) -> Preparation:
    """The form in which these images are already."""
    height, width = images.shape[1:3]
    return Preparation(height, width, "L" if images.ndim == 3 else "RGB")


def unit(vectors: Array) -> Array:
    """Rows of length one, float32; a row of zeros stays one."""
    lengths = np.sqrt((vectors.astype(np.float64) ** 2).sum(axis=1, keepdims=True))
    return (vectors / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)


class PixelEncoder:
    """The pixels themselves: what every encoder has to beat."""

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


class MatrixEncoder:
    """One matrix over pixels or over histograms of gradients and local patterns."""

    preparation: Preparation
    mean: Floats  # (n_features,)
    matrix: Floats  # (n_features, n_dimensions)
    n_dimensions = 64

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}

    def described(self, images: Array) -> Array:
        """Features of images, float32 (n_images, n_features)."""
        raise NotImplementedError

    def transform(self, images: Array) -> Array:
        """Map images to vectors, each to the same digits whatever the batch."""
        shape = (0, self.matrix.shape[1])
        # Row by row: a product of matrices rounds by how many rows there are.
        rows = [row @ self.matrix for row in self.described(images) - self.mean]
        return unit(np.stack(rows) if rows else np.empty(shape))

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
        n_features = encoder.described(blank).shape[1]
        if encoder.matrix.shape[:1] != (n_features,) != encoder.mean.shape:
            raise ValueError("the mean and the matrix do not belong together.")
        return encoder


class PrincipalEncoder(MatrixEncoder):
    """Principal components of the pixels."""

    def described(self, images: Array) -> Array:
        """Return the pixels, 0 to 1."""
        return images.reshape(len(images), -1).astype(np.float32) / 255

    def fit(self, images: Array, labels: Array, **options: Any) -> Self:
        """Learn the directions of most variance."""
        self.preparation = preparation_of(images)
        X = self.described(images)
        pca = PCA(min(self.n_dimensions, *X.shape), svd_solver="covariance_eigh").fit(X)
        self.mean = pca.mean_.astype(np.float32)
        self.matrix = np.ascontiguousarray(pca.components_.T, np.float32)
        held = float(pca.explained_variance_ratio_.sum())
        self.facts = {
            "model": f"{pca.n_components_} principal components of the pixels, which "
            f"hold {held:.1%} of the variance."
        }
        return self


class MetricEncoder(MatrixEncoder):
    """Gradients and local patterns, then the linear map under which classes part."""

    n_principal = 160

    def described(self, images: Array) -> Array:
        """Histograms of gradients beside roots of histograms of local patterns."""
        grey = images if images.ndim == 3 else images.mean(axis=3).astype(np.uint8)
        height, width = grey.shape[1:]
        cell = (max(height // 7, 1), max(width // 7, 1))
        # What describes an image learns nothing from the images it is fitted to.
        gradients = GradientHistogram(pixels_per_cell=cell, cells_per_block=(2, 2))
        patterns = LocalBinaryPattern(8, 1.0, "uniform", grid=(4, 4), border="edge")
        return np.hstack(
            [
                gradients.fit(grey).transform(grey).astype(np.float32),
                np.sqrt(patterns.fit(grey).transform(grey)).astype(np.float32),
            ]
        )

    def fit(
        self,
        images: Array,
        labels: Array,
        *,
        random_state: int,
        n_jobs: int | None,
        report: Share,
        **options: Any,
    ) -> Self:
        """Learn the matrix from images and their labels."""
        self.preparation = preparation_of(images)
        X = np.concatenate(
            [self.described(part) for part in np.array_split(images, 20) if len(part)]
        )
        report(0.2)
        batch_size = min(max(len(images) // 20, 500), 2000)
        n_epochs = min(max(1, round(200 * batch_size / len(images))), 50)
        pca = PCA(min(self.n_principal, *X.shape), svd_solver="covariance_eigh")
        nca = NeighbourhoodComponents(
            min(self.n_dimensions, *X.shape),
            objective="accuracy",
            batch_size=batch_size,
            max_iter=n_epochs,
            callback=lambda epoch, loss: report(0.2 + 0.8 * epoch / n_epochs),
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


class ContrastiveEncoder:
    """A small residual network that learned which images belong together."""

    uses_labels = False
    preparation: Preparation

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}
        self.network: Any = None

    def fit(
        self,
        images: Array,
        labels: Array,
        *,
        random_state: int,
        n_jobs: int | None,
        report: Share,
        **options: Any,
    ) -> Self:
        """Train the network; ``options`` are those of ``ContrastiveEmbedding``."""
        from lookalike.learn.contrastive import ContrastiveEmbedding

        self.preparation = preparation_of(images)
        given = {"n_held_out": min(2000, len(images) // 10), **options}
        self.network = ContrastiveEmbedding(
            image_shape=self.preparation.shape,
            callback=report,
            random_state=random_state,
            n_jobs=n_jobs,
            **given,
        )
        flat = images.reshape(len(images), -1)
        self.network.fit(flat, labels if self.uses_labels else None)
        losses, recalls = self.network.loss_curve_, self.network.recall_curve_
        kind = "images of one class" if self.uses_labels else "two views of one image"
        self.facts = {
            "model": f"A residual network of channels {self.network.channels}, trained "
            f"in {len(losses)} passes to find {kind} among the others of a batch of "
            f"{self.network.batch_size}: the loss fell from {losses[0]:.3f} to "
            f"{losses[-1]:.3f}"
            + (f", recall@1 on held-out images rose to {max(recalls):.3f}." * 1)
            if recalls
            else ".",
            "loss_curve": [round(loss, 5) for loss in losses],
        }
        return self

    def transform(self, images: Array) -> Array:
        """Map images to vectors of length one."""
        vectors: Array = self.network.transform(images.reshape(len(images), -1))
        return vectors

    def arrays(self) -> dict[str, Array]:
        """Return the weights."""
        weights: dict[str, Array] = self.network.arrays()
        return weights

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], preparation: Preparation) -> Self:
        """Return the encoder with these weights."""
        from lookalike.learn.contrastive import ContrastiveEmbedding

        encoder = cls()
        encoder.preparation = preparation
        encoder.network = ContrastiveEmbedding.from_arrays(arrays)
        if encoder.network.image_shape_ != preparation.shape:
            raise ValueError("the network and the preparation do not fit.")
        return encoder


class SupervisedEncoder(ContrastiveEncoder):
    """The same, told by labels what belongs together."""

    uses_labels = True


ENCODERS: dict[str, type[Learned]] = {
    "linear": MetricEncoder,
    "contrastive": ContrastiveEncoder,
    "labels": SupervisedEncoder,
    "principal": PrincipalEncoder,
    "pixels": PixelEncoder,
}
"""By the name that a system's configuration gives."""


def read_encoder(path: str | os.PathLike[str], **given: Any) -> Encoder:
    """Return the user's own encoder, an ONNX file; see ``OnnxEncoder``."""
    from lookalike.systems.image_onnx import OnnxEncoder

    return OnnxEncoder.read(path, **given)
