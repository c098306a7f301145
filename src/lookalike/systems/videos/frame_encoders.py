"""How frames become vectors: the built-in encoder of photographs, or an ONNX file."""

import json
from collections.abc import Mapping
from typing import Any, Protocol, Self

import numpy as np

from lookalike._typing import Array
from lookalike.core.learned import digest_of
from lookalike.features.photograph import (
    CODE,
    N_DIMENSIONS,
    PREPARATION,
    WEIGHTS,
    describe_photographs,
)
from lookalike.features.preparation import Preparation
from lookalike.features.video.sampling import Sampling

BUILT_IN = "photograph"
OWN = "onnx"


class FrameEncoder(Protocol):
    """A map from prepared frames to vectors of length one, written as arrays."""

    preparation: Preparation

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


class PhotographFrames:
    """Colour, texture, edges and layout of a frame; see ``features.photograph``."""

    def __init__(self) -> None:
        self.preparation = PREPARATION

    def transform(self, images: Array) -> Array:
        """Map frames to vectors of length one."""
        if not len(images):
            return np.empty((0, N_DIMENSIONS), np.float32)
        return describe_photographs(list(images))

    def arrays(self) -> dict[str, Array]:
        """Return what tells this encoder from one of another release."""
        return {"code": np.array(CODE), "weights": np.array(list(WEIGHTS.values()))}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], preparation: Preparation) -> Self:
        """Return the encoder; its version shows whether it is the one that was kept."""
        return cls()


def encoder_class(name: str) -> type[FrameEncoder]:
    """Return the class of an encoder by its name in a configuration."""
    if name == BUILT_IN:
        return PhotographFrames
    if name != OWN:
        raise ValueError(f"encoder must be {BUILT_IN} or {OWN}, got {name!r}.")
    from lookalike.features.onnx_images import OnnxEncoder

    return OnnxEncoder


def version_of(encoder: FrameEncoder, sampling: Sampling) -> str:
    """Return twelve digits that differ between two encoders, or two samplings."""
    about: dict[str, Any] = {
        "preparation": encoder.preparation.about(),
        "sampling": sampling.about(),
    }
    name = type(encoder).__name__
    return digest_of(f"{name} {json.dumps(about, sort_keys=True)}", encoder.arrays())
