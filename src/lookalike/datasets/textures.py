"""Pictures of textures: brick, grass and gravel of scikit-image, and one's own."""

import hashlib
import os
from dataclasses import dataclass

from lookalike._typing import Array
from lookalike.datasets.own_pictures import ShareCallback, load_pictures


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
    is_test: tuple[bool, ...] = ()
    """Which whole pictures are for testing; empty: the right half of each."""
    problems: tuple[str, ...] = ()
    """What was found wrong with one's own files, in a few sentences."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Each texture once, in the order of the pictures."""
        return tuple(dict.fromkeys(self.labels))


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


def load_own_textures(
    path: str | os.PathLike[str], on_progress: ShareCallback | None = None
) -> Pictures:
    """Load pictures of one's own: a folder a texture, or one picture named by it.

    Where every texture has several pictures, no two near copies of each other, about a
    quarter of them is for testing; else the right half of each picture is.

    Raises
    ------
    ValueError
        If there are no pictures that can be read.
    """
    own = load_pictures(path, mode="L", on_progress=on_progress, named="file")
    tested = set(own.labels[own.is_test].tolist())
    learned = set(own.labels[~own.is_test].tolist())
    is_apart = tested == learned
    return Pictures(
        own.name,
        own.checksum,
        tuple(own.labels.tolist()),
        tuple(own.pictures),
        tuple(own.is_test.tolist()) if is_apart else (),
        own.problems,
    )
