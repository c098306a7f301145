"""A user's own faces: a folder for each emotion."""

import os

import numpy as np

from lookalike._typing import Array
from lookalike.core.progress import ShareCallback
from lookalike.datasets import Expressions, load_pictures
from lookalike.features import face_detection

SHAPE = (48, 48)
"""Height and width of a face, as in FER-2013."""
MARGIN = 0.05
"""How much wider than the detector's box a face is cut, as a share of the box."""


def load_folder(
    path: str | os.PathLike[str], on_progress: ShareCallback | None = None
) -> Expressions:
    """Read pictures of faces, each in a folder that its emotion is named by.

    Of a photograph the face is cut out; one without a face, or with several, is left
    out and told. A manifest, and folders of parts, are read too; see
    ``datasets.picture_files``.

    Raises
    ------
    ValueError
        If there are not two emotions with pictures that can be used.
    """
    own = load_pictures(path, the_face, "L", on_progress)
    own.check_classes()
    label = np.searchsorted(own.classes, own.labels)
    faces = np.stack(own.pictures)
    parts = {
        f"{axis}_{name}": values[rows]
        for name, rows in (
            ("train", own.is_train),
            ("validation", own.is_validation),
            ("test", own.is_test),
        )
        for axis, values in (("x", faces), ("y", label))
    }
    return Expressions(
        own.name, own.checksum, own.classes, problems=own.problems, **parts
    )


def the_face(picture: Array) -> Array:
    """Return the one face on a grey picture, 48 by 48.

    A picture of less than twice that size is taken for a face itself.
    """
    return face_detection.the_face(picture, SHAPE, MARGIN)
