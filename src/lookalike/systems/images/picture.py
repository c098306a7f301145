"""What is kept of an image file of a folder."""

import hashlib
import io
from dataclasses import dataclass

from PIL import Image

from lookalike._typing import Array
from lookalike.features.image import read_image
from lookalike.features.perceptual_hash import difference_hash, thumbnail
from lookalike.features.preparation import Preparation
from lookalike.systems.images.catalogue import THUMBNAIL


@dataclass(frozen=True)
class Picture:
    """What is kept of an image, and the tile that is embedded."""

    width: int
    height: int
    look: bytes
    """Perceptual hash, 8 bytes."""
    tiny: bytes
    """16 by 16 cells in colour."""
    pixels: str
    """SHA-256 of the pixels: the same however they are stored."""
    thumbnail: bytes
    """A PNG or JPEG file."""
    tile: Array


def picture_of(data: bytes, preparation: Preparation) -> Picture:
    """Return what is kept of an image file.

    Raises
    ------
    ValueError
        If it is no image that can be read, in one sentence.
    """
    image = read_image(data, mode="RGB")
    height, width = image.shape[:2]
    return Picture(
        width,
        height,
        difference_hash(image).to_bytes(8, "big"),
        thumbnail(image).tobytes(),
        hashlib.sha256(repr(image.shape).encode() + image.tobytes()).hexdigest(),
        _thumbnail(image),
        preparation.tile(image),
    )


def _thumbnail(image: Array) -> bytes:
    small = Image.fromarray(image)
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    stream = io.BytesIO()
    if max(image.shape[:2]) <= THUMBNAIL:
        small.save(stream, "PNG")
    else:
        small.save(stream, "JPEG", quality=80)
    return stream.getvalue()
