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
from lookalike.features.perceptual_hash import difference_hash, thumbnail
from lookalike.features.preparation import Preparation
from lookalike.systems.images.catalogue import THUMBNAIL

MAX_BYTES = 256 * 1024**2  # of a file
ENDINGS = (
    *(".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"),
    *(".ppm", ".pgm", ".jp2", ".heic", ".ico", ".tga"),
)


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
    """Files that are new or changed."""
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
    """16 by 16 grey levels."""
    thumbnail: bytes
    """A PNG or JPEG file."""
    tile: Array


def changes(root: Path, known: Mapping[bytes, FileState]) -> FolderChanges:
    """Compare the image files below a folder with those that are known of it."""
    found, problems = image_files_below(root)
    to_read, n_unchanged = {}, 0
    for path, state in found.items():
        before = known.get(path)
        if before is None or (before.size, before.modified) != (
            state.size,
            state.modified,
        ):
            to_read[path] = state
        elif before.problem is None:
            n_unchanged += 1
        else:
            problems.append(before.problem)
    vanished = [path for path in known if path not in found]
    return FolderChanges(to_read, vanished, n_unchanged, problems)


def image_files_below(root: Path) -> tuple[dict[bytes, FileState], list[str]]:
    """Image files below a folder by path, and what cannot be read.

    Links are followed; a folder that was seen before is not entered again.
    """
    found: dict[bytes, FileState] = {}
    problems: list[str] = []
    seen: set[tuple[int, int]] = set()
    waiting = [os.fsencode(root)]
    while waiting:
        folder = waiting.pop()
        try:
            facts = os.stat(folder)
            entries = sorted(os.listdir(folder))
        except OSError as error:
            problems.append(f"{readable(folder)} cannot be read: {error.strerror}.")
            continue
        if (facts.st_dev, facts.st_ino) in seen:
            continue
        seen.add((facts.st_dev, facts.st_ino))
        inside = []
        for entry in entries:
            if entry.startswith(b"."):
                continue
            path = os.path.join(folder, entry)
            try:
                facts = os.stat(path)
            except OSError as error:
                problems.append(f"{readable(path)} cannot be read: {error.strerror}.")
                continue
            if stat.S_ISDIR(facts.st_mode):
                inside.append(path)
            elif entry.lower().endswith(tuple(map(os.fsencode, ENDINGS))):
                found[path] = FileState(facts.st_size, facts.st_mtime_ns)
        waiting += reversed(inside)
    return found, problems


def read_file(path: bytes) -> bytes:
    """Return the bytes of a file.

    Raises
    ------
    ValueError
        If it cannot be read or is no image's size, in one sentence.
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
        raise ValueError(f"The image cannot be read: {error.strerror}.") from None


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
        _thumbnail(image),
        preparation.tile(image),
    )


def readable(path: bytes) -> str:
    """Return a path as text; bytes that are no text are escaped."""
    return path.decode("utf-8", "backslashreplace")


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
