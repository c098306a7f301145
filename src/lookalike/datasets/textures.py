"""Brick, grass and gravel: three pictures that come with scikit-image."""

import hashlib
from dataclasses import dataclass

from lookalike._typing import Array


@dataclass(frozen=True)
class Pictures:
    """Grey pictures, each of one kind of thing all over."""

    name: str
    """Which data set this is."""
    checksum: str
    """SHA-256 of names and pixels."""
    labels: tuple[str, ...]
    """What each picture is of."""
    pictures: tuple[Array, ...]
    """uint8 (height, width) each."""


def pictures_of(name: str, labels: list[str], pictures: list[Array]) -> Pictures:
    """Put pictures together under a name, with their checksum."""
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
        If scikit-image is not installed; the message is the line that installs it.
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
