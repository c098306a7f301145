"""Encoders of image search that are a small network, of the ``deep`` extra."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from lookalike._arrays import named, prefixed
from lookalike._typing import Array, Ints
from lookalike.core.progress import ShareCallback
from lookalike.features.preparation import Preparation
from lookalike.search import NearestNeighbors
from lookalike.systems.images.encoders.linear import PlainEncoder, preparation_of, unit


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
        on_progress: ShareCallback,
        **options: Any,
    ) -> Self:
        """Train the network; ``options`` are those of ``ContrastiveEmbedding``."""
        self.preparation = preparation_of(images)
        self.plain = PlainEncoder().fit(images, labels)
        vectors = self.plain.transform(images)
        index = NearestNeighbors(metric="cosine", n_jobs=n_jobs).fit(vectors)
        k = min(10, len(images) - 1)
        _, near = index.kneighbors(n_neighbors=k)
        on_progress(0.1)
        self.network = _network(
            images, self.settings, random_state, n_jobs, on_progress, options
        )
        self.network.fit(images.reshape(len(images), -1), neighbors=near)
        target = "the view of an image's neighbour in a plain description"
        self.facts = _facts_of(self.network, target)
        self.facts["model"] += f" Beside it: {self.plain.facts['model']}"
        return self

    def learn_pairs(self, images: Array, pairs: Ints, **options: Any) -> None:
        """Go on learning: rows of images that belong together; see ``_by_pairs``."""
        self.network = _by_pairs(self.network, images, pairs, **options)

    def transform(self, images: Array) -> Array:
        """Map images to vectors of length one."""
        learned = self.network.transform(images.reshape(len(images), -1))
        return unit(np.hstack([learned, self.plain.transform(images)]))

    def arrays(self) -> dict[str, Array]:
        """Return the weights, and those of the plain description."""
        return {
            **prefixed("network_", self.network.arrays()),
            **prefixed("plain_", self.plain.arrays()),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], preparation: Preparation) -> Self:
        """Return the encoder with these weights."""
        encoder = cls()
        encoder.preparation = preparation
        encoder.network = _loaded(named("network_", arrays), preparation)
        plain = named("plain_", arrays)
        encoder.plain = PlainEncoder.from_arrays(plain, preparation)
        return encoder


class SupervisedEncoder:
    """The same network, trained with labels.

    It learns from images that are shifted by up to two pixels, and mirrored. An image
    and its mirror image are embedded together: their mean is the vector.
    """

    settings: Mapping[str, Any] = {
        "channels": (16, 32, 64, 128),
        "max_iter": 20,
        "alpha": 1e-3,
    }
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
        on_progress: ShareCallback,
        **options: Any,
    ) -> Self:
        """Train the network; ``options`` are those of ``ContrastiveEmbedding``."""
        self.preparation = preparation_of(images)
        chance = random_state, n_jobs
        self.network = _network(images, self.settings, *chance, on_progress, options)
        self.network.fit(images.reshape(len(images), -1), labels)
        self.facts = _facts_of(self.network, "the direction of an image's class")
        return self

    def learn_pairs(self, images: Array, pairs: Ints, **options: Any) -> None:
        """Go on learning: rows of images that belong together; see ``_by_pairs``."""
        self.network = _by_pairs(self.network, images, pairs, **options)

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
    on_progress: ShareCallback,
    options: Mapping[str, Any],
) -> Any:
    from lookalike.learn.contrastive import ContrastiveEmbedding

    n_held_out = min(1000, len(images) // 10)
    given = {**settings, "n_held_out": n_held_out, **options}
    return ContrastiveEmbedding(
        image_shape=images.shape[1:],
        callback=on_progress,
        random_state=random_state,
        n_jobs=n_jobs,
        **given,
    )


def _by_pairs(
    network: Any,
    images: Array,
    pairs: Ints,
    *,
    random_state: int,
    n_jobs: int | None,
    on_progress: ShareCallback,
    **options: Any,
) -> Any:
    """The network, trained further on pairs, for a few passes at a low rate.

    A tenth of the pairs is held out, and the best pass by it is kept.
    """
    settings: dict[str, Any] = {
        "channels": network.channels,
        "grid": network.grid,
        "n_components": network.n_components,
        "init": network.arrays(),
        "max_iter": 4,
        "learning_rate": 0.01,
        "n_held_out": min(1000, len(pairs) // 10),
    }
    chance = random_state, n_jobs
    network = _network(images, settings, *chance, on_progress, settings | options)
    return network.fit(images.reshape(len(images), -1), pairs=pairs)


def _loaded(arrays: Mapping[str, Array], preparation: Preparation) -> Any:
    from lookalike.learn.contrastive import ContrastiveEmbedding

    network = ContrastiveEmbedding.from_arrays(arrays)
    if network.image_shape_ != preparation.shape:
        raise ValueError("the network and the preparation do not fit.")
    return network


def _facts_of(network: Any, target: str) -> dict[str, Any]:
    losses, recalls = network.loss_curve_, network.recall_curve_
    best = (
        f" Recall@1 of held-out images rose to {max(recalls):.3f}." if recalls else ""
    )
    return {
        "model": f"A residual network of channels {network.channels}, trained in "
        f"{len(losses)} passes to find {target} among wrong ones: the loss fell from "
        f"{losses[0]:.3f} to {losses[-1]:.3f}.{best}",
        "loss_curve": [round(loss, 5) for loss in losses],
    }
