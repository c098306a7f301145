"""How image search turns prepared images into vectors of length one.

All encoders have one interface; which one made a vector is its *embedding version*:
twelve digits from the weights, the preparation of images, and the code.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np

from lookalike._typing import Array
from lookalike.core.learned import digest_of
from lookalike.core.progress import ShareCallback
from lookalike.features.photograph_encoder import PhotographEncoder
from lookalike.features.preparation import Preparation
from lookalike.systems.images.encoders.catalogue import CATALOGUE, PublishedEncoder
from lookalike.systems.images.encoders.linear import (
    MetricEncoder,
    PixelEncoder,
    PlainEncoder,
    PrincipalEncoder,
    shrunk,
)
from lookalike.systems.images.encoders.locate import find, is_here
from lookalike.systems.images.encoders.network import (
    ContrastiveEncoder,
    SupervisedEncoder,
)

if TYPE_CHECKING:
    from lookalike.features.text.encoder import TextEncoder

CODE = 1
"""To be raised with every change that makes other vectors of the same weights."""


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
        on_progress: ShareCallback,
        **options: Any,
    ) -> Self:
        """Learn from uint8 images (n, height, width) or (n, height, width, 3)."""
        ...


def learned_encoder(name: str, images: Array, labels: Array, **options: Any) -> Learned:
    """Return an encoder by its name after it has learned from images.

    options : of ``Learned.fit``
    """
    given = shrunk(images) if name in OF_PIXELS else images
    return ENCODERS[name]().fit(given, labels, **options)


def version_of(encoder: Encoder) -> str:
    """Return twelve hexadecimal digits that differ between any two embeddings."""
    about = json.dumps(encoder.preparation.about(), sort_keys=True)
    return digest_of(f"{type(encoder).__name__} {CODE}{about}", encoder.arrays())


def check_training_images(images: Array, labels: Array) -> tuple[Array, Array]:
    """Return images and labels that encoders can learn from, or refuse them."""
    pictures, known = np.asarray(images), np.asarray(labels)
    good = pictures.ndim == 3 or (pictures.ndim == 4 and pictures.shape[3] == 3)
    if not good or pictures.dtype != np.uint8 or pictures.size == 0:
        raise ValueError(
            "Images must be bytes of shape (n, height, width) or (n, height, width, "
            f"3), got {pictures.dtype} of shape {pictures.shape}."
        )
    if known.shape != (len(pictures),):
        raise ValueError(
            f"{len(pictures)} images need as many labels, got shape {known.shape}."
        )
    return pictures, known


ENCODERS: dict[str, type[Learned]] = {
    "linear": MetricEncoder,
    "contrastive": ContrastiveEncoder,
    "labels": SupervisedEncoder,
    "plain": PlainEncoder,
    "principal": PrincipalEncoder,
    "pixels": PixelEncoder,
    "photograph": PhotographEncoder,
}
"""Encoders that learn, by the name that a system's configuration gives."""
NETWORKS = ("contrastive", "labels")
"""Those that are networks."""
OF_PIXELS = "pixels", "principal", "plain"
"""Those that take single pixels, of small images."""
BUILT_IN = "photograph"
"""The one that takes photographs and needs nothing."""
OWN = "onnx"
"""The name of an encoder that is the user's own file."""


def encoder_class(name: str) -> type[Encoder]:
    """Return the class of an encoder by its name in a configuration.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    if name in ENCODERS:
        return ENCODERS[name]
    if name != OWN and name not in CATALOGUE:
        names = ", ".join([*ENCODERS, OWN, *CATALOGUE])
        raise ValueError(f"encoder must be one of {names}; got {name!r}.")
    from lookalike.features.onnx_images import OnnxEncoder

    return OnnxEncoder


def ready_encoder(name: str) -> Encoder:
    """Return an encoder that needs no training: the built-in or a published one.

    Raises
    ------
    ValueError
        If there is none of that name.
    FileNotFoundError
        If it is a published one whose file is not here; the message says how to get it.
    """
    if name == BUILT_IN:
        return PhotographEncoder()
    if name not in CATALOGUE:
        names = ", ".join([BUILT_IN, *CATALOGUE])
        raise ValueError(f"The encoder must be one of {names}, got {name!r}.")
    from lookalike.systems.images.encoders.onnx import published_images

    return published_images(CATALOGUE[name])


def ready_texts(name: str) -> "TextEncoder | None":
    """Return the text side of an encoder by its name, None where none is here."""
    entry = CATALOGUE.get(name)
    if entry is None or not all(is_here(entry, file) for file in entry.files):
        return None
    return published_texts(entry) if entry.text else None


def published_texts(encoder: PublishedEncoder) -> "TextEncoder":
    """Return the text side of an encoder of the catalogue, whose files are here.

    Raises
    ------
    ValueError
        If the encoder has none.
    FileNotFoundError
        If a file is not here; the message says how to get it.
    """
    from lookalike.features.text.encoder import TextEncoder

    side = encoder.text
    if side is None:
        raise ValueError(f"{encoder.name} knows no words.")
    model, tokeniser = (
        np.frombuffer(find(encoder, file).read_bytes(), np.uint8)
        for file in (side.model, side.tokeniser)
    )
    return TextEncoder(
        model,
        tokeniser,
        f"{encoder.name}'s text side",
        output=side.output,
        context=side.context,
        pad=side.pad,
    )


def why_no_texts(name: str) -> str:
    """Return a sentence on what makes an encoder without a text side know words."""
    able = [each for each, entry in CATALOGUE.items() if entry.text]
    if name in able:
        return (
            f"The text side of {name} is not part of this generation: `lookalike "
            f"encoders get {name}` and then `encoders use {name}` make one with it."
        )
    return (
        f"The encoder that answers, {name}, knows no words; {' and '.join(able)} do: "
        f"`lookalike encoders get {able[-1]}`, then `encoders use {able[-1]}`."
    )
