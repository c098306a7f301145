"""Blank pictures: nothing is on them, so nothing can be said of them."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Array

LEAST_SPREAD = 8.0
"""Levels, of 255, between the darkest and the lightest of a picture that is not blank.

Sensors and compression leave some two or three on a white wall.
"""


def is_blank(image: ArrayLike, least: float = LEAST_SPREAD) -> bool:
    """Whether a picture is one colour, or an even change of it.

    A plane is taken off each colour; of what is left, all but the lowest and the
    highest hundredth must lie within ``least`` levels. So a speck on white paper does
    not count, nor does light that falls from one side.

    Parameters
    ----------
    image : numbers from 0 to 255, shape (height, width) or (height, width, 3)
    least : float, default=8
        Levels between the darkest and the lightest of a picture that is not blank.

    Notes
    -----
    Cost: linear in the pixels.

    Examples
    --------
    >>> import numpy as np
    >>> ramp = np.tile(np.arange(40.0), (30, 1))
    >>> is_blank(ramp), is_blank(ramp + 20 * (ramp > 10))
    (True, False)
    """
    levels = np.atleast_3d(np.asarray(image, np.float64))
    if not levels.size:
        return True
    return all(_spread(levels[:, :, c]) < least for c in range(levels.shape[2]))


def blank_rows(images: Any, least: float = LEAST_SPREAD) -> Array:
    """Return which pictures of a batch are blank, bool (n_images,)."""
    return np.array([is_blank(image, least) for image in images], bool)


def check_not_blank(image: ArrayLike, expected: str) -> None:
    """Refuse a blank picture.

    expected : what should be on it, such as "a face"

    Raises
    ------
    ValueError
        If it is blank.
    """
    if is_blank(image):
        raise ValueError(
            f"There is not {expected} on the picture: its pixels are all alike."
        )


def _spread(levels: Array) -> float:
    """Levels between low and high, with the plane that fits best taken off."""
    down, across = map(_centred, levels.shape)
    # Rows and columns about their middles are orthogonal: each slope by itself.
    falling = down * (down @ levels.sum(axis=1) / (_squares(down) * levels.shape[1]))
    rising = across * (across @ levels.sum(axis=0) / (_squares(across) * len(levels)))
    rest = ((levels - falling[:, None]) - rising).ravel()
    few = len(rest) // 100
    rest.partition([few, len(rest) - 1 - few])
    return float(rest[-1 - few] - rest[few])


@lru_cache(256)
def _centred(n: int) -> Array:
    """Places of n pixels about their middle."""
    return np.arange(n) - (n - 1) / 2


def _squares(places: Array) -> float:
    """The sum of their squares; 1 of a single place, which has no slope."""
    return len(places) * (len(places) ** 2 - 1) / 12 or 1.0
