"""A folder of images: what is in it, what changed, what cannot be read.

Files are told apart by path, size and time, and by content where these changed. Paths
are bytes: some names are no text.
"""

import hashlib
import io
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from lookalike._typing import Array
from lookalike.features.image import read_image
from lookalike.features.image_files import folder_contents, readable
from lookalike.features.perceptual_hash import difference_hash, thumbnail
from lookalike.features.preparation import Preparation
from lookalike.systems.images.catalogue import THUMBNAIL

MAX_BYTES = 256 * 1024**2  # of a file


@dataclass(frozen=True)
class FileState:
    """What tells whether a file changed, and what was found wrong with it.

    size : bytes
    modified : nanoseconds since 1970
    """

    size: int
    modified: int
    problem: str | None = None


@dataclass(frozen=True)
class FolderChanges:
    """A folder beside what was known of it."""

    to_read: dict[bytes, FileState] = field(default_factory=dict)
    """Files that are new or changed, or could not be used."""
    vanished: list[bytes] = field(default_factory=list)
    n_unchanged: int = 0
    """Of the files that could be read."""
    problems: list[str] = field(default_factory=list)
    """One sentence for each file or folder that cannot be read."""


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


def changes(root: Path, known: Mapping[bytes, FileState]) -> FolderChanges:
    """Compare the image files below a folder with those that are known of it.

    A file that could not be used is read again. What could not be looked into has not
    vanished.
    """
    found = folder_contents(root)
    to_read, n_unchanged = {}, 0
    for path, facts in found.images.items():
        state = FileState(facts.st_size, facts.st_mtime_ns)
        if known.get(path) == state:
            n_unchanged += 1
        else:
            to_read[path] = state
    gone = [path for path in known if path not in found.images]
    vanished = [path for path in gone if not found.hides(path)]
    return FolderChanges(to_read, vanished, n_unchanged, found.problems)


class UnreadableError(ValueError):
    """A file is there and cannot be read now: what is in it may be what it was."""


def read_file(path: bytes) -> bytes:
    """Return the bytes of a file.

    Raises
    ------
    UnreadableError
        If it cannot be read, in one sentence.
    ValueError
        If it is no image's size, in one sentence.
    """
    try:
        facts = os.stat(path)
        if not stat.S_ISREG(facts.st_mode):
            raise ValueError("The image is not a regular file.")
        if facts.st_size == 0:
            raise ValueError("The image is empty (0 bytes).")
        if facts.st_size > MAX_BYTES:
            raise ValueError(f"The image has more than {MAX_BYTES:,} bytes.")
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise UnreadableError(f"The image cannot be read: {error.strerror}.") from None


def digest_of(data: bytes) -> str:
    """Return the SHA-256 of a file's bytes: images are told apart by it."""
    return hashlib.sha256(data).hexdigest()


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


def named_problem(path: bytes, problem: str) -> str:
    """Return a sentence on an image as one that names the file."""
    name = readable(path)
    if name in problem:
        return problem
    if problem.startswith("The image "):
        return f"{name}{problem.removeprefix('The image')}"
    return f"{name}: {problem}"


def _thumbnail(image: Array) -> bytes:
    small = Image.fromarray(image)
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    stream = io.BytesIO()
    if max(image.shape[:2]) <= THUMBNAIL:
        small.save(stream, "PNG")
    else:
        small.save(stream, "JPEG", quality=80)
    return stream.getvalue()
