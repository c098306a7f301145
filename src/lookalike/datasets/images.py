"""Labelled images of one size: MNIST, Fashion-MNIST, and one's own."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from lookalike._typing import Array
from lookalike.datasets.catalogue import CATALOGUE
from lookalike.datasets.locate import UNREADABLE, checksum, find
from lookalike.datasets.own_pictures import Prepare, ShareCallback, load_pictures
from lookalike.datasets.picture_files import is_picture_data
from lookalike.features.preparation import Preparation

TILE = Preparation(128, 128, "RGB")
"""Form of pictures of one's own, which come in any size."""


@dataclass(frozen=True)
class Images:
    """Labelled images of one size, in a training and a test part."""

    name: str
    """Which data set this is, or the path of one's own."""
    checksum: str
    """The catalogue's checksum of the contents."""
    x_train: Array
    """uint8 (n_train, height, width), 0 is the background; or in colour (..., 3)"""
    y_train: Array
    """int64 (n_train,), or str of one's own"""
    x_test: Array
    """uint8, of the same form"""
    y_test: Array
    """(n_test,)"""
    problems: tuple[str, ...] = ()
    """What was found wrong with one's own files, in a few sentences."""


def load_mnist(path: str | os.PathLike[str] | None = None) -> Images:
    """Load MNIST: 60,000 training and 10,000 test digits of 28 by 28.

    Parameters
    ----------
    path : path, default=None
        The file ``mnist.npz`` or its folder; None looks where
        :func:`lookalike.datasets.find` looks.
    """
    return _load("mnist", find("mnist", path))


def load_fashion_mnist(path: str | os.PathLike[str] | None = None) -> Images:
    """Load Fashion-MNIST: 60,000 training and 10,000 test images of clothes.

    Images have 28 by 28 pixels. Labels are 0 T-shirt, 1 trousers, 2 pullover, 3 dress,
    4 coat, 5 sandal, 6 shirt, 7 sneaker, 8 bag and 9 ankle boot.

    Parameters
    ----------
    path : path, default=None
        As in :func:`load_mnist`, with ``fashion_mnist.npz``.
    """
    return _load("fashion_mnist", find("fashion_mnist", path))


def load_images(
    path: str | os.PathLike[str],
    on_progress: ShareCallback | None = None,
    prepare: Prepare = TILE.tile,
    mode: Literal["L", "RGB"] = "RGB",
) -> Images:
    """Load images of one's own: pictures in folders, or an ``.npz`` of arrays.

    Parameters
    ----------
    path : path
        A folder of class folders, a flat folder or a CSV manifest, as
        ``datasets.own_pictures`` reads them; or a file with ``x_train``, ``y_train``,
        ``x_test`` and ``y_test``.
    on_progress : callable, optional
        Called with the share of the pictures that were read.
    prepare, mode
        How a picture comes to the size of all; by default 128 by 128 in colour.

    Raises
    ------
    ValueError
        If it is none of these. Systems check the contents of the arrays.
    """
    path = Path(path)
    if is_picture_data(path):
        own = load_pictures(path, prepare, mode, on_progress)
        if own.is_test.all() or not own.is_test.any():
            raise ValueError(
                f"Some pictures of {path} must be for testing, and no near copies of "
                "those that are learned from; got none."
            )
        known, tested = own.take(~own.is_test), own.take(own.is_test)
        return Images(
            own.name,
            own.checksum,
            np.array(known.pictures),
            known.labels,
            np.array(tested.pictures),
            tested.labels,
            own.problems,
        )
    try:
        # Opened here, because np.load leaves files open that are not archives.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            found = [
                arrays[name] for name in ("x_train", "y_train", "x_test", "y_test")
            ]
    except (IsADirectoryError, FileNotFoundError):
        raise ValueError(f"{path} is not a file; expected an .npz of images.") from None
    except KeyError as error:
        raise ValueError(
            f"{path} must hold x_train, y_train, x_test and y_test; {error.args[0]}."
        ) from None
    except UNREADABLE as error:
        raise ValueError(f"{path} is not an .npz that can be read: {error}") from None
    return Images(path.stem, checksum(path), *found)


def _load(name: str, path: Path) -> Images:
    with np.load(path, allow_pickle=False) as arrays:
        return Images(
            name=name,
            checksum=CATALOGUE[name].files[0].sha256,
            x_train=arrays["x_train"],
            y_train=arrays["y_train"].astype(np.int64),
            x_test=arrays["x_test"],
            y_test=arrays["y_test"].astype(np.int64),
        )
