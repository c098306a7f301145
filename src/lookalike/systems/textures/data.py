"""A user's own textures: a folder of pictures."""

import os
from pathlib import Path

from lookalike.core.inputs import image_files, read_images
from lookalike.datasets import Pictures, pictures_of


def load_folder(path: str | os.PathLike[str]) -> Pictures:
    """Read the pictures in a folder, each of one texture that its file is named by.

    Raises
    ------
    ValueError
        If the folder holds no images, or a file in it is none.
    """
    files = image_files([path])
    return pictures_of(Path(path).name, [f.stem for f in files], read_images(files))
