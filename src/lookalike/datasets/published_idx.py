"""MNIST and Fashion-MNIST as published: four idx files, packed or not."""

from pathlib import Path
from typing import Any

import numpy as np

from lookalike._download import BytesCallback
from lookalike.datasets.idx import ARRAYS, read_idx
from lookalike.datasets.members import Members, plain

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
"""In the order of ``ARRAYS``; some copies write a point before "idx"."""


def convert_idx(files: Members, target: Path, on_progress: BytesCallback) -> list[str]:
    """Write the four files as one ``.npz``; return what was found.

    Raises
    ------
    ValueError
        If one is missing, is no idx file, or has not a label for each image.
    """
    by_name = {
        plain(name).rsplit("/", 1)[-1].replace(".", "-"): name for name in files.names
    }
    missing = [name for name in FILES if name not in by_name]
    if missing:
        raise ValueError(
            f"{files.source} lacks {', '.join(missing)}; expected a folder or an "
            f"archive with {', '.join(FILES)}."
        )
    arrays: dict[str, Any] = {}
    for n, (name, array) in enumerate(zip(FILES, ARRAYS, strict=True)):
        on_progress(n, len(FILES))
        with files.opened(by_name[name]) as stream:
            try:
                arrays[array] = read_idx(stream.read())
            except ValueError as error:
                raise ValueError(
                    f"{by_name[name]} in {files.source}: {error}"
                ) from None
    found = []
    for part, what in (("train", "training"), ("test", "test")):
        images, labels = arrays[f"x_{part}"], arrays[f"y_{part}"]
        if images.ndim != 3 or labels.shape != images.shape[:1]:
            raise ValueError(
                f"{files.source}: expected {what} images (n, height, width) and a "
                f"label each, got {images.shape} and {labels.shape}."
            )
        n, height, width = images.shape
        classes = len(np.unique(labels))
        found.append(f"{n:,} {what} images of {height} by {width}, {classes} classes.")
    with target.open("wb") as stream:
        np.savez_compressed(stream, **arrays)
    return found
