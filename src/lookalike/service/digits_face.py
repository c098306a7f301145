"""What the service has to know about the digits system: pictures, votes, evidence."""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from lookalike._typing import Array, Floats
from lookalike.core.generation import Damaged, Generation
from lookalike.features.image import prepare_digit, read_image
from lookalike.systems.digits.embedding import EMBEDDINGS
from lookalike.systems.digits.system import check_images


class DigitsFace:
    """One generation of the digits system: everything but its neighbours.

    Raises
    ------
    Damaged
        If the generation holds no system of digits.
    """

    name = "digits"
    verbs = ("classify", "search")

    def __init__(self, found: Generation) -> None:
        arrays = dict(found.arrays)
        try:
            self.images, self.labels, self.vectors = (
                arrays.pop(key) for key in ("images", "labels", "vectors")
            )
            self.ids = arrays.pop("ids", None)
            self.attributes = arrays.pop("attributes", None)  # JSON, one text an item
            settings = found.about["configuration"]
            self.n_neighbors = int(settings["n_neighbors"])
            self._embedding = EMBEDDINGS[settings["embedding"]].from_arrays(arrays)
            self.embedding_version = str(found.about["embedding_version"])
            self._check()
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise Damaged(
                f"{found.folder} holds no system of digits: {error}"
            ) from None
        self.classes = np.unique(self.labels)
        self.shape = self.images.shape[1:]

    def read(self, data: bytes, max_pixels: int) -> Array:
        """A picture that somebody sent, as the system knows its own."""
        image = prepare_digit(read_image(data, max_pixels=max_pixels))
        check_images(image[None], self.shape)
        return image

    def stored(self, data: bytes) -> Array:
        """A picture that the service keeps: in the right form already."""
        image = read_image(data)
        check_images(image[None], self.shape)
        return image

    def check(self, pixels: Any) -> Array:
        """Pixels that somebody sent, as the system knows its own."""
        try:
            array = np.asarray(pixels)
        except ValueError:
            raise ValueError("The rows of pixels must be of one length.") from None
        return check_images(array[None], self.shape)[0]

    def describe(self, images: Array) -> Array:
        """Vectors of images, float32 (n_images, n_dimensions)."""
        vectors: Array = self._embedding.transform(images)
        return vectors

    def check_label(self, label: Any) -> None:
        """Refuse a label that the vote could not count."""
        if isinstance(label, bool) or label not in self.classes.tolist():
            known = ", ".join(map(str, self.classes.tolist()))
            raise ValueError(f"The label must be one of {known}; got {label!r}.")

    def vote(self, labels: Array) -> tuple[Array, Floats]:
        """Labels and their shares of the vote, from (n_queries, n_neighbors) labels."""
        votes = labels[:, :, None] == self.classes
        shares = votes.mean(axis=1)
        return self.classes[shares.argmax(axis=1)], shares

    def arrays(self) -> Mapping[str, Array]:
        """Arrays of the embedding, for the next generation."""
        return self._embedding.arrays()

    def warm(self) -> None:
        """Compile what has to be compiled before the first user asks."""
        image = np.asarray(self.images[0])
        self.describe(self.read(png_of(image), image.size)[None])

    def _check(self) -> None:
        n = len(self.images)
        if not n == len(self.labels) == len(self.vectors):
            raise ValueError("images, labels and vectors do not belong together.")
        if self.ids is not None and (
            self.ids.shape != (n,) or self.ids.dtype.kind != "U"
        ):
            raise ValueError("ids and images do not belong together.")
        if self.describe(self.images[:1]).shape[1] != self.vectors.shape[1]:
            raise ValueError("embedding and vectors do not belong together.")


def png_of(image: Array) -> bytes:
    """A grey image as a PNG file."""
    stream = io.BytesIO()
    Image.fromarray(np.asarray(image)).save(stream, "PNG", compress_level=1)
    return stream.getvalue()


FACES = {"digits": DigitsFace}
"""By the name of the system."""
