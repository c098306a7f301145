"""A user's own photographs: a folder for each class."""

import os

from lookalike.core.progress import ShareCallback
from lookalike.datasets import LabelledPictures, load_pictures
from lookalike.features.photograph import PREPARATION

LEAST = 3
"""Photographs of each class to learn from."""


def load_folder(
    path: str | os.PathLike[str], on_progress: ShareCallback | None = None
) -> LabelledPictures:
    """Read photographs in class folders or a manifest; see ``datasets.own_pictures``.

    Raises
    ------
    ValueError
        If there are not two classes with enough photographs that can be read.
    """
    own = load_pictures(path, PREPARATION.tile, "RGB", on_progress)
    own.check_classes(LEAST)
    return own
