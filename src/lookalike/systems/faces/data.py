"""Pictures of people: the one face on each, and folders of them."""

import os
from pathlib import Path

import numpy as np

from lookalike._typing import Array
from lookalike.core.inputs import ImageInputs, image_files, read_images
from lookalike.datasets import People
from lookalike.features.face_detection import faces_on

SHAPE = (112, 92)
"""Height and width of a face, as in the ORL pictures."""
MARGIN = 0.1
"""How much wider than the detector's box a face is cut, as a share of the box."""

INPUTS = ImageInputs(prepare="lookalike.systems.faces.data:the_face")


def load_folder(path: str | os.PathLike[str]) -> People:
    """Read a folder that holds a folder of pictures for each person.

    Raises
    ------
    ValueError
        If it holds none, or there is not one face on a picture.
    """
    folder = Path(path)
    folders = sorted(path for path in folder.iterdir() if path.is_dir())
    if not folders:
        raise ValueError(f"The folder {folder} holds no folder for each person.")
    images, people = [], []
    for place in folders:
        found = read_images(image_files([place]), the_face)
        images += found
        people += [place.name] * len(found)
    return People(folder.name, "", np.stack(images), np.array(people))


def the_face(picture: Array) -> Array:
    """Return the one face on a picture, 112 by 92.

    A picture of less than twice that size is taken for a face itself.
    """
    found = faces_on(picture, SHAPE, MARGIN)
    if len(found) != 1:
        number = f"{len(found)} faces were" if found else "no face was"
        raise ValueError(f"{number} found on the picture; expected one.")
    return found[0][1]
