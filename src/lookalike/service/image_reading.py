"""Files of images, read and embedded in batches: what is wrong with one is its own."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from lookalike._shown import shown
from lookalike._typing import Array
from lookalike.features.folder_changes import (
    UnreadableError,
    digest_of,
    named_problem,
    read_file,
)
from lookalike.systems.images.encoders.base import Encoder
from lookalike.systems.images.picture import Picture, picture_of

Embedded = tuple[Picture, Array]
"""What is kept of an image, and its vector."""


@dataclass(frozen=True)
class FilesRead:
    """What is in some files.

    digests : of the content of each file that is an image
    embedded : by digest, what was not known before
    problems : one sentence for each other file
    unreadable : those of them that could not be read now
    """

    digests: dict[bytes, str] = field(default_factory=dict)
    embedded: dict[str, Embedded] = field(default_factory=dict)
    problems: dict[bytes, str] = field(default_factory=dict)
    unreadable: set[bytes] = field(default_factory=set)


def read_files(
    paths: Iterable[bytes], encoder: Encoder, is_known: Callable[[str], bool]
) -> FilesRead:
    """Read files, and embed the images that are not known by their digest."""
    found = FilesRead()
    pictures: dict[str, Picture] = {}
    for path in paths:
        try:
            data = read_file(path)
        except ValueError as error:
            found.problems[path] = named_problem(path, str(error))
            if isinstance(error, UnreadableError):
                found.unreadable.add(path)
            continue
        digest = digest_of(data)
        if digest not in pictures and not is_known(digest):
            try:
                pictures[digest] = picture_of(data, encoder.preparation)
            except Exception as error:
                found.problems[path] = named_problem(path, _said(error))
                continue
        found.digests[path] = digest
    embedded, failed = _embedded(pictures, encoder)
    found.embedded.update(embedded)
    for path, digest in list(found.digests.items()):
        if digest in failed:
            found.problems[path] = named_problem(path, failed[digest])
            del found.digests[path]
    return found


def _embedded(
    pictures: Mapping[str, Picture], encoder: Encoder
) -> tuple[dict[str, Embedded], dict[str, str]]:
    """Pictures with their vectors, and what is wrong with those that have none."""
    if not pictures:
        return {}, {}
    try:
        vectors = encoder.transform(np.stack([each.tile for each in pictures.values()]))
        found = zip(pictures.values(), vectors, strict=True)
        return dict(zip(pictures, found, strict=True)), {}
    # What an encoder cannot embed is said of that picture alone.
    except Exception as error:
        if len(pictures) == 1:
            return {}, dict.fromkeys(pictures, _said(error))
    embedded: dict[str, Embedded] = {}
    failed: dict[str, str] = {}
    for digest, picture in pictures.items():
        one, problem = _embedded({digest: picture}, encoder)
        embedded |= one
        failed |= problem
    return embedded, failed


def _said(error: Exception) -> str:
    """An error as a sentence on an image."""
    if isinstance(error, ValueError):
        return shown(str(error))
    said = shown(str(error)) or type(error).__name__
    return f"The image cannot be used: {said.rstrip('.')}."
