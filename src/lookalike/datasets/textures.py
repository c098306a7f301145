"""Brick, grass and gravel: three pictures that come with scikit-image."""

import hashlib
from dataclasses import dataclass

from lookalike._typing import Array


@dataclass(frozen=True)
class Pictures:
    """Grey pictures of homogeneous textures."""

    name: str
    """Which data set this is."""
    checksum: str
    """SHA-256 of names and pixels."""
    labels: tuple[str, ...]
    """Texture of each picture."""
    pictures: tuple[Array, ...]
    """One uint8 array (height, width) for each label."""


def pictures_of(name: str, labels: list[str], pictures: list[Array]) -> Pictures:
    """Return labelled pictures as a data set with a checksum."""
    digest = hashlib.sha256()
    for label, picture in zip(labels, pictures, strict=True):
        digest.update(f"{label} {picture.shape}\n".encode())
        digest.update(picture.tobytes())
    return Pictures(name, digest.hexdigest(), tuple(labels), tuple(pictures))


def load_textures() -> Pictures:
    """Load brick, grass and gravel, 512 by 512 each.

    Raises
    ------
    ModuleNotFoundError
        If scikit-image is not installed; the message says how to install it.
    """
    try:
        from skimage import data
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "The pictures of textures come with scikit-image: "
            'pip install "lookalike[vision]"'
        ) from error
    labels = ["brick", "grass", "gravel"]
    return pictures_of("textures", labels, [getattr(data, name)() for name in labels])
