"""How image search turns prepared images into vectors of length one.

All encoders have one interface; which one made a vector is its *embedding version*:
twelve digits from the weights, the preparation of images, and the code.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol, Self

import numpy as np

from lookalike._parallel import blas_threads
from lookalike._typing import Array, Floats
from lookalike.features import GradientHistogram, LocalBinaryPattern
from lookalike.features.preparation import Preparation
from lookalike.learn import PCA, NeighbourhoodComponents
from lookalike.search import NearestNeighbors

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


class PlainEncoder:
    """Principal components of gradients beside those of pixels, each of length one.

    No label is needed, and none is seen.
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
            for name, X in _descriptions(images).items():
                n = min(self.n_dimensions, *X.shape)
                pca = PCA(n, svd_solver="covariance_eigh").fit(X)
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
        for name, X in _descriptions(images).items():
            mean, matrix = self._maps[f"{name}_mean"], self._maps[f"{name}_matrix"]
            # Row by row: a product of matrices rounds by how many rows there are.
            rows = [row @ matrix for row in X - mean]
            parts.append(unit(np.stack(rows) if rows else matrix[:0]))
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
        for name, X in _descriptions(blank).items():
            for part in ("mean", "matrix"):
                given = np.array(arrays[f"{name}_{part}"], np.float32)
                encoder._maps[f"{name}_{part}"] = given
                if len(given) != X.shape[1]:
                    raise ValueError("the means and matrices do not fit the images.")
        return encoder


def _descriptions(images: Array) -> dict[str, Array]:
    """Histograms of gradients, and pixels from 0 to 1; both float32."""
    grey = images if images.ndim == 3 else images.mean(axis=3).astype(np.uint8)
    cell = (max(grey.shape[1] // 7, 1), max(grey.shape[2] // 7, 1))
    gradients = GradientHistogram(pixels_per_cell=cell, cells_per_block=(2, 2))
    return {
        "edges": gradients.fit(grey).transform(grey).astype(np.float32),
        "pixels": images.reshape(len(images), -1).astype(np.float32) / 255,
    }


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
    """A small residual network that learned, without labels, what belongs together.

    Two views belong together if their images are neighbours in a plain description.
    The vector is the network's beside the plain one: what was learned, and what it was
    learned from.
    """

    settings: Mapping[str, Any] = {
        "channels": (16, 32, 64, 128),
        "grid": 4,
        "max_iter": 6,
        "learning_rate": 0.05,
    }
    preparation: Preparation
    plain: PlainEncoder
    network: Any

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
        **options: Any,
    ) -> Self:
        """Train the network; ``options`` are those of ``ContrastiveEmbedding``."""
        self.preparation = preparation_of(images)
        self.plain = PlainEncoder().fit(images, labels)
        vectors = self.plain.transform(images)
        index = NearestNeighbors(metric="cosine", n_jobs=n_jobs).fit(vectors)
        k = min(10, len(images) - 1)
        _, near = index.kneighbors(n_neighbors=k)
        report(0.1)
        self.network = _network(
            images, self.settings, random_state, n_jobs, report, options
        )
        self.network.fit(images.reshape(len(images), -1), neighbors=near)
        told = "the view of an image's neighbour in a plain description"
        self.facts = _told(self.network, told)
        self.facts["model"] += f" Beside it: {self.plain.facts['model']}"
        return self

    def transform(self, images: Array) -> Array:
        """Map images to vectors of length one."""
        learned = self.network.transform(images.reshape(len(images), -1))
        return unit(np.hstack([learned, self.plain.transform(images)]))

    def arrays(self) -> dict[str, Array]:
        """Return the weights, and those of the plain description."""
        return {
            **{f"network_{k}": v for k, v in self.network.arrays().items()},
            **{f"plain_{k}": v for k, v in self.plain.arrays().items()},
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], preparation: Preparation) -> Self:
        """Return the encoder with these weights."""
        encoder = cls()
        encoder.preparation = preparation
        encoder.network = _loaded(_named("network_", arrays), preparation)
        plain = _named("plain_", arrays)
        encoder.plain = PlainEncoder.from_arrays(plain, preparation)
        return encoder


class SupervisedEncoder:
    """The same network, told by labels what belongs together.

    It learns from images that are turned, shifted, stretched and lit; then, for the
    last passes, from images that are hardly changed, as those will be that it sees. An
    image and its mirror image are embedded together: their mean is the vector.
    """

    settings: Mapping[str, Any] = {"channels": (16, 48, 96, 128), "max_iter": 14}
    last: Mapping[str, Any] = {"max_iter": 3, "learning_rate": 0.03}
    preparation: Preparation
    network: Any

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
        **options: Any,
    ) -> Self:
        """Train the network; ``options`` are those of ``ContrastiveEmbedding``."""
        from lookalike.learn.contrastive import FAINTEST

        self.preparation = preparation_of(images)
        flat = images.reshape(len(images), -1)
        chance = random_state, n_jobs
        first = _network(
            images, self.settings, *chance, lambda share: report(0.8 * share), options
        )
        first.fit(flat, labels)
        last = {**options, **self.last, "start": first.arrays(), "views": FAINTEST}
        if options.get("checkpoint") is not None:
            last["checkpoint"] = f"{options['checkpoint']}.last"
        self.network = _network(
            images,
            self.settings,
            *chance,
            lambda share: report(0.8 + 0.2 * share),
            last,
        )
        self.network.fit(flat, labels)
        self.facts = _told(first, "the direction of an image's class")
        ends = _told(self.network, "it")["model"].split("passes", 1)[1]
        self.facts["model"] += f" Then {self.network.n_iter_} passes{ends}"
        self.facts["loss_curve"] += _told(self.network, "")["loss_curve"]
        return self

    def transform(self, images: Array) -> Array:
        """Map images to vectors of length one."""
        pairs = np.stack([images, images[:, :, ::-1]], axis=1)
        flat = pairs.reshape(2 * len(images), -1)
        both = self.network.transform(flat).reshape(len(images), 2, -1)
        return unit(both.astype(np.float64).mean(axis=1))

    def arrays(self) -> dict[str, Array]:
        """Return the weights."""
        weights: dict[str, Array] = self.network.arrays()
        return weights

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], preparation: Preparation) -> Self:
        """Return the encoder with these weights."""
        encoder = cls()
        encoder.preparation = preparation
        encoder.network = _loaded(arrays, preparation)
        return encoder


def _network(
    images: Array,
    settings: Mapping[str, Any],
    random_state: int,
    n_jobs: int | None,
    report: Share,
    options: Mapping[str, Any],
) -> Any:
    from lookalike.learn.contrastive import ContrastiveEmbedding

    n_held_out = min(1000, len(images) // 10)
    given = {**settings, "n_held_out": n_held_out, **options}
    return ContrastiveEmbedding(
        image_shape=images.shape[1:],
        callback=report,
        random_state=random_state,
        n_jobs=n_jobs,
        **given,
    )


def _loaded(arrays: Mapping[str, Array], preparation: Preparation) -> Any:
    from lookalike.learn.contrastive import ContrastiveEmbedding

    network = ContrastiveEmbedding.from_arrays(arrays)
    if network.image_shape_ != preparation.shape:
        raise ValueError("the network and the preparation do not fit.")
    return network


def _told(network: Any, partner: str) -> dict[str, Any]:
    losses, recalls = network.loss_curve_, network.recall_curve_
    best = (
        f" Recall@1 of held-out images rose to {max(recalls):.3f}." if recalls else ""
    )
    return {
        "model": f"A residual network of channels {network.channels}, trained in "
        f"{len(losses)} passes to find {partner} among wrong ones: the loss fell from "
        f"{losses[0]:.3f} to {losses[-1]:.3f}.{best}",
        "loss_curve": [round(loss, 5) for loss in losses],
    }


def _named(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    return {
        k.removeprefix(prefix): v
        for k, v in arrays.items()
        if k[: len(prefix)] == prefix
    }


ENCODERS: dict[str, type[Learned]] = {
    "linear": MetricEncoder,
    "contrastive": ContrastiveEncoder,
    "labels": SupervisedEncoder,
    "plain": PlainEncoder,
    "principal": PrincipalEncoder,
    "pixels": PixelEncoder,
}
"""By the name that a system's configuration gives."""
