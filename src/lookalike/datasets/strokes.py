"""Drawings with two attributes: digits by the thickness of their stroke, one's own."""

import os
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt

from lookalike._typing import Array, Floats
from lookalike.datasets.digits import load_digits_sample, load_own_digits
from lookalike.datasets.images import Images, load_mnist
from lookalike.datasets.own_pictures import ShareCallback

DIGITS = (3, 8)
"""The two digits of the data set."""
STROKES = ("thin", "thick")


@dataclass(frozen=True)
class Attributed:
    """Images whose class is a combination of two attributes, such as "3, thin"."""

    name: str
    checksum: str
    x_train: Array  # uint8 (n_train, height, width)
    y_train: Array  # str (n_train,)
    x_test: Array
    y_test: Array
    problems: tuple[str, ...] = ()
    """What was found wrong with one's own files, in a few sentences."""


def load_strokes_of_mnist() -> Attributed:
    """Load digits of MNIST with their strokes; see :func:`with_strokes`."""
    return with_strokes(load_mnist())


def load_strokes_of_digits_sample() -> Attributed:
    """Load digits of the sample with their strokes; see :func:`with_strokes`."""
    return with_strokes(load_digits_sample())


def load_own_attributes(
    path: str | os.PathLike[str], on_progress: ShareCallback | None = None
) -> Attributed:
    """Load drawings of one's own, in folders that their attributes are named by.

    A class is a combination such as "star, thick". Drawings come into the form of
    digits, 28 by 28, as the system's inputs do.

    Raises
    ------
    ValueError
        If there are no drawings that can be read, or a label is not two attributes.
    """
    own = load_own_digits(path, on_progress)
    for label in np.unique(np.concatenate([own.y_train, own.y_test])).tolist():
        if len(str(label).split(", ")) != 2:
            raise ValueError(
                "Each label must be two attributes, such as 'star, thick', got "
                f"{str(label)!r}."
            )
    return Attributed(**vars(own))


def with_strokes(data: Images) -> Attributed:
    """Select two digits of a data set, and label their strokes as thin or thick.

    Labels are measured, not given by people. The third of the images of a digit with
    the narrowest strokes is thin, the third with the widest strokes is thick, and the
    third between them is left out. The limits are those of the training images.

    Raises
    ------
    ValueError
        If a digit does not occur among the training images.
    """
    measured = []
    for x, y in ((data.x_train, data.y_train), (data.x_test, data.y_test)):
        rows = np.isin(y, DIGITS)
        measured.append((x[rows], y[rows], stroke_widths(x[rows])))
    _, digits, widths = measured[0]
    limits = {}
    for digit in DIGITS:
        if digit not in digits:
            raise ValueError(f"There is no {digit} among the training images.")
        limits[digit] = np.quantile(widths[digits == digit], [1 / 3, 2 / 3])
    parts = []
    for images, digits, widths in measured:
        low, high = np.array([limits[digit] for digit in digits.tolist()]).T
        clear = (widths < low) | (widths > high)
        strokes = np.where(widths > high, STROKES[1], STROKES[0])[clear]
        labels = [
            f"{digit}, {stroke}"
            for digit, stroke in zip(digits[clear], strokes, strict=True)
        ]
        parts += [images[clear], np.array(labels)]
    return Attributed(f"strokes_of_{data.name}", data.checksum, *parts)


def stroke_widths(images: Array) -> Floats:
    """Return the mean width in pixels of the light stroke on each image, (n_images,).

    The mean distance to the edge of a ribbon of width w is w / 4. Because pixels are
    coarse and a ribbon has ends, the width of short strokes is underestimated.

    images : uint8 (n_images, height, width)

    Examples
    --------
    >>> images = np.zeros((2, 20, 20), np.uint8)
    >>> images[0, :, 8:11] = images[1, :, 5:14] = 255
    >>> thin, thick = stroke_widths(images)
    >>> print(f"{thick / thin:.2f}")
    1.88
    """
    widths = []
    for image in images:
        ink = image > 127
        inside = distance_transform_edt(np.pad(ink, 1))[1:-1, 1:-1]
        widths.append(4 * float(inside[ink].mean()) if ink.any() else 0.0)
    return np.array(widths)
