"""Pictures as vectors: small pixels and edges, or what an ONNX encoder says of them.

Without a file, a picture is brought to 32 by 32 pixels; its pixels and histograms of
the directions of its edges stand side by side, and the directions in which those of
the training pictures vary most are kept. With ``picture_encoder`` it is the vector of
the user's own ONNX file.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Self

import numpy as np

from lookalike._arrays import product_by_row
from lookalike._typing import Array
from lookalike.features.gradient_histogram import GradientHistogram
from lookalike.features.preparation import Preparation
from lookalike.learn import PCA

if TYPE_CHECKING:
    from lookalike.features.onnx_images import OnnxEncoder

SMALL = Preparation(32, 32, "RGB")
N_DIRECTIONS = 64
"""Most of the directions that are kept."""
MOST_PICTURES = 5_000
"""Pictures from which directions are learned, at most."""
_NOTHING = np.zeros(0, np.float32)
SCALE = 3.0
"""Pixels vary by about so much in their first direction: vectors are divided by it."""


class PictureVectors:
    """Map pictures of any size to vectors, float32 (n, n_dimensions).

    mean : float32 (n_numbers,), of the training pictures; empty with an encoder
    directions : float32 (n_numbers, n_dimensions)
    encoder : of the user's own file, with its preparation; None is the small pixels
    """

    def __init__(
        self, mean: Array, directions: Array, encoder: "OnnxEncoder | None" = None
    ) -> None:
        self._mean, self._directions, self._encoder = mean, directions, encoder

    @classmethod
    def learned(
        cls, pictures: Sequence[Array], file: str | None, random_state: int
    ) -> Self:
        """Learn directions from pictures, or read the user's own encoder.

        Raises
        ------
        ValueError
            If the file is no encoder of pictures, in one sentence.
        """
        if file is not None:
            from lookalike.features.onnx_images import OnnxEncoder

            return cls(_NOTHING, _NOTHING[:, None], OnnxEncoder.read(file))
        rng = np.random.default_rng(random_state)
        some = rng.permutation(len(pictures))[:MOST_PICTURES]
        numbers = _numbers([pictures[at] for at in some.tolist()])
        pca = PCA(min(N_DIRECTIONS, *numbers.shape), random_state=random_state)
        pca.fit(numbers)
        return cls(
            pca.mean_.astype(np.float32),
            np.ascontiguousarray(pca.components_.T / SCALE, np.float32),
        )

    def transform(self, pictures: Sequence[Array]) -> Array:
        """Vectors of pictures, each the same to the last digit alone and in a batch."""
        if not len(pictures):
            return np.zeros((0, self.n_dimensions), np.float32)
        if self._encoder is not None:
            tile = self._encoder.preparation.tile
            vectors = self._encoder.transform(np.stack([tile(p) for p in pictures]))
            return vectors * np.float32(np.sqrt(vectors.shape[1]))
        return product_by_row(_numbers(pictures) - self._mean, self._directions)

    @property
    def n_dimensions(self) -> int:
        """How many numbers a vector has."""
        if self._encoder is not None:
            return self._encoder.n_dimensions
        return int(self._directions.shape[1])

    def arrays(self) -> dict[str, Array]:
        """Return what ``from_arrays`` takes."""
        if self._encoder is None:
            return {"mean": self._mean, "directions": self._directions}
        about = json.dumps(self._encoder.preparation.about()).encode()
        return {
            **self._encoder.arrays(),
            "preparation": np.frombuffer(about, np.uint8),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Take up what ``arrays`` returned."""
        if "directions" in arrays:
            return cls(np.asarray(arrays["mean"]), np.asarray(arrays["directions"]))
        from lookalike.features.onnx_images import OnnxEncoder

        about = json.loads(np.asarray(arrays["preparation"]).tobytes())
        encoder = OnnxEncoder.from_arrays(arrays, Preparation.of(about))
        return cls(_NOTHING, _NOTHING[:, None], encoder)


def _numbers(pictures: Sequence[Array]) -> Array:
    """Pixels and edges of each picture, float32 (n, n_numbers)."""
    tiles = np.stack([SMALL.tile(each) for each in pictures])
    grey = tiles.mean(axis=3)
    edges = GradientHistogram(
        cells_per_block=(2, 2), image_shape=(SMALL.height, SMALL.width)
    ).fit_transform(grey.reshape(len(grey), -1) / 255)
    pixels = tiles.reshape(len(tiles), -1).astype(np.float32) / np.float32(255)
    return np.hstack([pixels, np.asarray(edges, np.float32)])
