"""Which system indexes a folder: the one that was named, or what is in it says."""

import os
from pathlib import Path
from typing import Annotated

import typer

SYSTEMS = ("images", "documents", "videos")
IndexedBy = Annotated[
    str | None,
    typer.Option("--system", help="images, documents or videos; else what is in it."),
]


def indexed_by(named: str | None, place: Path | None, folder: Path | None) -> str:
    """Return the system that indexes a folder, or that something is indexed for.

    A folder with an image is one of images, whatever else is in it, and one with a
    video and no image one of videos. Where neither these nor texts are in it, or no
    folder is given, it is the only one of them that there is.

    named : as the user said it
    place : the folder that is to be indexed
    folder : where systems are, None is the user's own place

    Raises
    ------
    ValueError
        If another one is named.
    """
    from lookalike.core.library import libraries_in

    if named is not None:
        if named not in SYSTEMS:
            raise ValueError(
                f"Folders are indexed by {', '.join(SYSTEMS)}; got {named!r}."
            )
        return named
    there = [name for name in SYSTEMS if name in libraries_in(folder)]
    if folder is None or not there:
        kind = None if place is None else _kind_of(place)
        if kind is not None:
            return kind
    return there[0] if len(there) == 1 else SYSTEMS[0]


def _kind_of(place: Path) -> str | None:
    """What the files below a folder are; it is left as soon as an image is found."""
    from lookalike.features.folder_files import IMAGES, TEXTS
    from lookalike.features.video.opening import VIDEOS

    has_texts = has_videos = False
    for _, _, names in os.walk(place):
        for name in map(str.lower, names):
            if name.startswith("."):
                continue
            if name.endswith(IMAGES):
                return "images"
            has_texts = has_texts or name.endswith(TEXTS)
            has_videos = has_videos or name.endswith(VIDEOS)
    if has_videos:
        return "videos"
    return "documents" if has_texts else None
