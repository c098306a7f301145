"""Blank pictures: spread beside the plane that fits best, by its definition."""

import numpy as np
import pytest

from lookalike.features.blank import blank_rows, is_blank


def spread(image):
    """Between the hundredths of what least squares leaves of a picture."""
    height, width = image.shape
    down, across = np.mgrid[:height, :width]
    design = np.stack([np.ones(image.size), down.ravel(), across.ravel()], axis=1)
    plane = design @ np.linalg.lstsq(design, image.ravel(), rcond=None)[0]
    rest = np.sort(image.ravel() - plane)
    few = image.size // 100
    return rest[-1 - few] - rest[few]


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (7, 1), (2, 2), (28, 28), (40, 31)])
def test_the_spread_is_that_beside_the_least_squares_plane(shape):
    rng = np.random.default_rng(sum(shape))
    for noise in (0, 3, 40):
        down, across = np.mgrid[: shape[0], : shape[1]]
        image = 90 + 1.5 * down - 0.5 * across + rng.normal(0, noise, shape)
        found = spread(image)
        for least in (0.99 * found - 1e-6, 1.01 * found + 1e-6):
            assert is_blank(image, least) == (found < least)


def test_every_colour_must_be_blank():
    image = np.full((20, 30, 3), 200, np.uint8)
    coloured = image.copy()
    coloured[:, 10:20, 2] = 100
    assert blank_rows([image, coloured, image[:0]]).tolist() == [True, False, True]
