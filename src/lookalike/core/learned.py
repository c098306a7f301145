"""What the learned parts of systems have in common: how they learn and are kept."""

import hashlib
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


def digest_of(about: str, arrays: Mapping[str, Array]) -> str:
    """Twelve hexadecimal digits that differ with the text and with every array."""
    digest = hashlib.sha256(about.encode())
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:12]
