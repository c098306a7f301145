"""MNIST and Fashion-MNIST in their original order and splits."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lookalike._typing import Array, Ints
from lookalike.datasets.catalogue import CATALOGUE
from lookalike.datasets.locate import UNREADABLE, checksum, find


@dataclass(frozen=True)
class Images:
    """Labelled grey images with the split of their publisher."""

    name: str
    """Which data set this is."""
    checksum: str
    """The catalogue's checksum of the contents."""
    x_train: Array
    """uint8 (n_train, height, width); 0 is the background."""
    y_train: Ints
    """int64 (n_train,)"""
    x_test: Array
    """uint8 (n_test, height, width)"""
    y_test: Ints
    """int64 (n_test,)"""


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


def load_images(path: str | os.PathLike[str]) -> Images:
    """Load an ``.npz`` file with the four arrays of :class:`Images`.

    Parameters
    ----------
    path : path
        A file with ``x_train``, ``y_train``, ``x_test`` and ``y_test``.

    Raises
    ------
    ValueError
        If it is not such a file. Systems check the contents of the arrays.
    """
    path = Path(path)
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
