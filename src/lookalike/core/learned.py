"""What the learned parts of systems have in common: how they learn and are kept."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Protocol, Self

import numpy as np

from lookalike._typing import Array
from lookalike.core.progress import ShareCallback


class Learned(Protocol):
    """Something that learns from labelled images and can be written as arrays."""

    facts: dict[str, Any]
    """What was found while learning: for the card."""

    def fit(
        self,
        images: Array,
        labels: Array,
        *,
        random_state: int,
        n_jobs: int | None,
        on_progress: ShareCallback,
    ) -> Self:
        """Learn from uint8 images (n, height, width) and their labels."""
        ...

    def arrays(self) -> dict[str, Array]:
        """Return everything that answers need, by name."""
        ...

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return what these arrays were taken from."""
        ...


class LearnedNetwork(ABC):
    """A network of the ``deep`` extra; ``options`` are those of its class."""

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.facts: dict[str, Any] = {}
        self.network: Any = None

    @staticmethod
    @abstractmethod
    def kind() -> Any:
        """Import and return the network's class."""

    @abstractmethod
    def description(self) -> dict[str, str]:
        """Return "features" and "model" of the trained network: for the card."""

    def fit(
        self,
        images: Array,
        labels: Array,
        *,
        random_state: int,
        n_jobs: int | None,
        on_progress: ShareCallback,
    ) -> Self:
        """Train the network."""
        self.network = self.kind()(
            image_shape=images.shape[1:],
            callback=on_progress,
            random_state=random_state,
            n_jobs=n_jobs,
            **self.options,
        )
        self.network.fit(images.reshape(len(images), -1), labels)
        losses = self.network.loss_curve_
        self.facts = {
            **self.description(),
            "loss_curve": [round(loss, 5) for loss in losses],
        }
        self.facts["model"] += (
            f" In {len(losses)} passes over the images the loss fell from "
            f"{losses[0]:.3f} to {losses[-1]:.3f}."
        )
        return self

    def arrays(self) -> dict[str, Array]:
        """Return the weights."""
        weights: dict[str, Array] = self.network.arrays()
        return weights

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the network with these weights."""
        learned = cls()
        learned.network = cls.kind().from_arrays(arrays)
        return learned


def digest_of(about: str, arrays: Mapping[str, Array]) -> str:
    """Twelve hexadecimal digits that differ with the text and with every array."""
    digest = hashlib.sha256(about.encode())
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:12]
