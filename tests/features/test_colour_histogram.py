"""Colour histograms: against scikit-image, against the definition, region by region."""

import numpy as np
import pytest

from lookalike.features.colour_histogram import RANGES, colour_histogram, lab_of


@pytest.fixture(scope="module")
def image():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (12, 20, 3), dtype=np.uint8)


def test_lab_is_that_of_scikit_image(image):
    color = pytest.importorskip("skimage.color")
    np.testing.assert_allclose(lab_of(image), color.rgb2lab(image), atol=1e-3)


def definition(lab, bins):
    """Every pixel gives each bin of an axis 1 less its distance in widths of a bin."""
    total = np.zeros(bins)
    for pixel in lab.reshape(-1, 3):
        shares = []
        for value, (low, high), n in zip(pixel, RANGES, bins, strict=True):
            place = np.clip((value - low) / (high - low) * n - 0.5, 0, n - 1)
            shares.append(np.maximum(1 - np.abs(np.arange(n) - place), 0))
        total += np.einsum("i,j,k", *shares)
    return total.ravel() / total.sum()


@pytest.mark.parametrize("bins", [(4, 6, 6), (1, 3, 2), (2, 1, 1)])
def test_a_histogram_is_its_definition(image, bins):
    lab = lab_of(image)
    found = colour_histogram(lab, bins)
    assert found.shape == (1, 1, np.prod(bins))
    np.testing.assert_allclose(found[0, 0], definition(lab, bins), atol=1e-12)


def test_a_cell_is_the_histogram_of_its_pixels(image):
    lab = lab_of(image)
    found = colour_histogram(lab, grid=(2, 4))
    np.testing.assert_allclose(found.sum(axis=2), 1)
    for row in range(2):
        for column in range(4):
            part = lab[6 * row : 6 * row + 6, 5 * column : 5 * column + 5]
            whole = colour_histogram(part)[0, 0]
            np.testing.assert_allclose(found[row, column], whole, atol=1e-12)


def test_colours_beyond_the_ranges_are_in_the_ends():
    far = np.array([[[100.0, 128.0, -128.0]]])
    end = np.array([[[100.0, 60.0, -60.0]]])
    np.testing.assert_array_equal(colour_histogram(far), colour_histogram(end))
