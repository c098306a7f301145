"""The images that are searched: those of the generation, or a catalogue that is given.

A catalogue is one state of a collection and never changes. ``lookalike.service`` has
another one, of the user's own folders.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from lookalike._typing import Array, Ints
from lookalike.search.vector_index import VectorIndex
from lookalike.systems.images.ranking import CatalogueMetadata

THUMBNAIL = 96
"""Pixels of the longer side of a small picture."""


class Catalogue(Protocol):
    """What image search has to know of the images that it searches."""

    @property
    def ids(self) -> list[str]:
        """What a log calls each image; an id never names another image."""
        ...

    @property
    def labels(self) -> Array:
        """Labels, or the names of files; shape (n_items,)."""
        ...

    @property
    def metadata(self) -> CatalogueMetadata:
        """Vectors, and what the rules have to know."""
        ...

    @property
    def index(self) -> VectorIndex | None:
        """Over the vectors; None where there are none."""
        ...

    def name(self, row: int) -> str:
        """Return what an image is called in explanations."""
        ...

    def picture(self, row: int) -> Array:
        """Return a small picture of an image, uint8."""
        ...


@dataclass(frozen=True)
class GenerationCatalogue:
    """The images that a system has learned from.

    vectors : float32 (n_items, n_dimensions), of length one
    images : uint8 (n_items, height, width) or (n_items, height, width, 3)
    labels : (n_items,)
    index : over the vectors, None where there are none
    """

    vectors: Array
    images: Array
    labels: Array
    index: VectorIndex | None

    def __post_init__(self) -> None:
        if not len(self.vectors) == len(self.images) == len(self.labels):
            raise ValueError("vectors, images and labels do not fit.")

    @cached_property
    def ids(self) -> list[str]:
        """Numbers of the rows."""
        return list(map(str, range(len(self.vectors))))

    @cached_property
    def metadata(self) -> CatalogueMetadata:
        """Images with the same pixels are one group; none is hidden or new."""
        n = len(self.vectors)
        return CatalogueMetadata(
            self.vectors,
            _same_pixels(self.images),
            np.full(n, ""),
            np.zeros(n, np.int64),
        )

    def name(self, row: int) -> str:
        """Return number and label of an image."""
        return f"item {row} ({self.labels[row]})"

    def picture(self, row: int) -> Array:
        """Return an image as it was learned from."""
        return np.asarray(self.images[row])


def _same_pixels(images: Array) -> Ints:
    """Row of the first image with the same pixels, (n_images,)."""
    if not len(images):
        return np.empty(0, np.int64)
    flat = np.ascontiguousarray(images.reshape(len(images), -1))
    whole = flat.view(f"V{flat.shape[1]}").ravel()
    _, first, inverse = np.unique(whole, return_index=True, return_inverse=True)
    groups: Ints = first[inverse]
    return groups
