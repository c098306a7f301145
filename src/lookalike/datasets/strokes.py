"""Digits with two attributes: which digit it is, and how thick its stroke is."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt

from lookalike._typing import Array, Floats
from lookalike.datasets.digits import load_digits_sample
from lookalike.datasets.images import Images, load_mnist

DIGITS = (3, 8)
"""The two digits that are told apart."""
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


def load_strokes_of_mnist() -> Attributed:
    """Load the strokes of MNIST's digits; see :func:`with_strokes`."""
    return with_strokes(load_mnist())


def load_strokes_of_digits_sample() -> Attributed:
    """Load the strokes of the sample of MNIST; see :func:`with_strokes`."""
    return with_strokes(load_digits_sample())


def with_strokes(data: Images) -> Attributed:
    """Take two digits of a data set, and label their strokes by measuring them.

    Of the images of each digit a third has the label thin, those of the narrowest
    strokes, a third thick, and the third between them is left out. The limits are
    those of the training images. The labels are measured, not given by people.
    """
    limits = {}
    for digit in DIGITS:
        widths = stroke_widths(data.x_train[data.y_train == digit])
        if len(widths) == 0:
            raise ValueError(f"There is no {digit} among the training images.")
        limits[digit] = np.quantile(widths, [1 / 3, 2 / 3])
    parts = []
    for x, y in ((data.x_train, data.y_train), (data.x_test, data.y_test)):
        rows = np.flatnonzero(np.isin(y, DIGITS))
        widths = stroke_widths(x[rows])
        low, high = np.array([limits[digit] for digit in y[rows].tolist()]).T
        clear = (widths < low) | (widths > high)
        strokes = np.where(widths > high, STROKES[1], STROKES[0])[clear]
        labels = [
            f"{digit}, {stroke}"
            for digit, stroke in zip(y[rows][clear], strokes, strict=True)
        ]
        parts += [x[rows][clear], np.array(labels)]
    return Attributed(f"strokes_of_{data.name}", data.checksum, *parts)


def stroke_widths(images: Array) -> Floats:
    """Mean width in pixels of the light stroke on each image, (n_images,).

    Across a ribbon of width w the distance to its edge is w / 4 on average; pixels are
    coarse and a ribbon has ends, so 9 pixels are less than three times 3.

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
