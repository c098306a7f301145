"""What is known of the images of folders, and the catalogue that is searched."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike._typing import Array, Ints
from lookalike.features.folder_files import readable
from lookalike.features.perceptual_hash import groups_of
from lookalike.search.vector_index import VectorIndex
from lookalike.service.database.tables import folder_files, folder_images, folder_marks
from lookalike.systems.images.ranking import CatalogueMetadata


@dataclass(frozen=True)
class FolderCatalogue:
    """All images of the folders, in the order in which they came.

    numbers : (n_images,)
    labels : str (n_images,), the first file of each
    options : of the index
    thumbnail : returns the small picture of an image by its number
    """

    numbers: Ints
    labels: Array
    metadata: CatalogueMetadata
    options: Mapping[str, Any]
    thumbnail: Callable[[int], Array]

    @cached_property
    def ids(self) -> list[str]:
        """Numbers of the images."""
        return list(map(str, self.numbers.tolist()))

    @cached_property
    def index(self) -> VectorIndex:
        """Over the vectors."""
        return VectorIndex(self.metadata.vectors, **self.options)

    def name(self, row: int) -> str:
        """Return the first file of an image."""
        return str(self.labels[row])

    def picture(self, row: int) -> Array:
        """Return a small picture of an image, uint8 (height, width, 3)."""
        return self.thumbnail(int(self.numbers[row]))


@dataclass(frozen=True)
class KnownImage:
    """An image that is indexed: its files, its mark, and how it looks."""

    digest: str
    paths: list[bytes]
    mark: str
    look: bytes
    tiny: bytes

    @property
    def file(self) -> bytes:
        """The first file of it; one that is there where it has several."""
        there = (p for p in self.paths if len(self.paths) == 1 or os.path.exists(p))
        return next(there, self.paths[0])

    @property
    def label(self) -> str:
        """The path of that file as text."""
        return readable(self.file)


def holds_image(system: str) -> Any:
    """Condition on the files that hold an image."""
    c = folder_files.c
    return (c.system == system) & c.digest.is_not(None)


def is_held(system: str) -> Any:
    """Condition on the images that a file holds."""
    held = sa.select(folder_files.c.digest).where(holds_image(system))
    return (folder_images.c.system == system) & folder_images.c.digest.in_(held)


def known_images(connection: Connection, system: str) -> list[KnownImage]:
    """Return images that a file holds, in the order of numbers, with their marks."""
    c, f, m = folder_images.c, folder_files.c, folder_marks.c
    query = sa.select(c.digest, c.pixels, c.look, c.tiny).where(is_held(system))
    marked = sa.select(m.key, m.mark).where(m.system == system)
    marks = {row.key: row.mark for row in connection.execute(marked)}
    files = sa.select(f.digest, f.path, f.key).where(holds_image(system))
    paths: dict[str, list[bytes]] = {}
    of_path: dict[str, str] = {}
    for digest, path, key in connection.execute(files):
        paths.setdefault(digest, []).append(path)
        if key in marks:
            of_path[digest] = marks[key]
    return [
        KnownImage(
            digest,
            sorted(paths[digest]),
            marks.get(digest) or marks.get(pixels) or of_path.get(digest, ""),
            look,
            tiny,
        )
        for digest, pixels, look, tiny in connection.execute(query.order_by(c.number))
    ]


def first_alike(images: Sequence[KnownImage]) -> Ints:
    """Return the row of the first image that looks like each, (n_images,)."""
    hashes = np.frombuffer(b"".join(each.look for each in images), ">u8")
    small = np.frombuffer(b"".join(each.tiny for each in images), np.uint8)
    width = len(images[0].tiny) if images else 1
    return groups_of(hashes.astype(np.uint64), small.reshape(-1, width))
