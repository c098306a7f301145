"""Pictures of people: the one face on each, and folders of them."""

import os

import numpy as np

from lookalike._typing import Array
from lookalike.core.inputs import ImageInputs
from lookalike.core.progress import ShareCallback
from lookalike.datasets import People, load_pictures
from lookalike.features import face_detection

SHAPE = (112, 92)
"""Height and width of a face, as in the ORL pictures."""
MARGIN = 0.1
"""How much wider than the detector's box a face is cut, as a share of the box."""

INPUTS = ImageInputs(prepare="lookalike.systems.faces.data:the_face")


def load_folder(
    path: str | os.PathLike[str], on_progress: ShareCallback | None = None
) -> People:
    """Read a folder that holds a folder of pictures for each person, or a manifest.

    A picture without one face is left out and told.

    Raises
    ------
    ValueError
        If there are no people, or no pictures that can be used.
    """
    own = load_pictures(path, the_face, "L", on_progress)
    if not any(own.labels):
        raise ValueError(f"The folder {path} holds no folder for each person.")
    images = np.stack(own.pictures)
    return People(own.name, own.checksum, images, own.labels, own.problems)


def the_face(picture: Array) -> Array:
    """Return the one face on a picture, 112 by 92.

    A picture of less than twice that size is taken for a face itself.
    """
    return face_detection.the_face(picture, SHAPE, MARGIN)
