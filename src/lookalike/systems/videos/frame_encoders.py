"""How frames become vectors: the built-in encoder of photographs, or an ONNX file."""

import json
from collections.abc import Mapping
from typing import Any, Protocol, Self

from lookalike._typing import Array
from lookalike.core.learned import digest_of
from lookalike.features.photograph_encoder import PhotographEncoder
from lookalike.features.preparation import Preparation
from lookalike.features.text.encoder import TextEncoder
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


def encoder_class(name: str) -> type[FrameEncoder]:
    """Return the class of an encoder by its name in a configuration."""
    if name == BUILT_IN:
        return PhotographEncoder
    if name != OWN:
        raise ValueError(f"encoder must be {BUILT_IN} or {OWN}, got {name!r}.")
    from lookalike.features.onnx_images import OnnxEncoder

    return OnnxEncoder


def opened(
    encoder: str,
    image_encoder: str | None,
    text_encoder: str | None,
    tokenizer: str | None,
) -> tuple[FrameEncoder, TextEncoder | None]:
    """Return an encoder of frames, and that of texts of the same origin, if given.

    Raises
    ------
    ValueError
        If the files are not those that the encoder's name needs, or do not fit.
    """
    kind = encoder_class(encoder)
    if (text_encoder is None) != (tokenizer is None):
        raise ValueError("A text side is two files: an ONNX file and a tokeniser.")
    is_own = encoder == OWN
    if (image_encoder is not None) != is_own or (text_encoder and not is_own):
        raise ValueError(
            "image_encoder, and text_encoder with it, are of encoder='onnx', which "
            "needs the first."
        )
    if image_encoder is None:
        return PhotographEncoder(), None
    from lookalike.features.onnx_images import OnnxEncoder

    assert issubclass(kind, OnnxEncoder)
    frames = kind.read(image_encoder)
    if text_encoder is None or tokenizer is None:
        return frames, None
    texts = TextEncoder.read(text_encoder, tokenizer)
    texts.check(frames.n_dimensions)
    return frames, texts


def version_of(encoder: FrameEncoder, sampling: Sampling) -> str:
    """Return twelve digits that differ between two encoders, or two samplings."""
    about: dict[str, Any] = {
        "preparation": encoder.preparation.about(),
        "sampling": sampling.about(),
    }
    name = type(encoder).__name__
    return digest_of(f"{name} {json.dumps(about, sort_keys=True)}", encoder.arrays())
