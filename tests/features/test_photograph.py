"""Photographs as vectors: of length one, alone as in a batch, made of their parts."""

import numpy as np
import pytest
from PIL import Image

from lookalike.features import LocalBinaryPattern
from lookalike.features.photograph import (
    N_DIMENSIONS,
    PREPARATION,
    WEIGHTS,
    describe_photographs,
    parts_of,
)

SIZES = [(40, 60), (200, 120), (128, 128), (1, 1), (300, 17)]


@pytest.fixture(scope="module")
def images():
    """Clouds of colour of several sizes, and a grey one."""
    rng = np.random.default_rng(0)
    made = []
    for height, width in SIZES:
        coarse = rng.integers(0, 256, (height // 4 + 1, width // 4 + 1, 3), np.uint8)
        made.append(coarse.repeat(4, 0).repeat(4, 1)[:height, :width])
    return [*made, made[0][:, :, 0]]


def test_vectors_have_length_one(images):
    found = describe_photographs(images)
    assert found.shape == (6, N_DIMENSIONS)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    assert describe_photographs([]).shape == (0, N_DIMENSIONS)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_batch_is_its_images_to_the_bit(images, n_jobs):
    many = images * 6  # more than are described at once
    together = describe_photographs(many, n_jobs)
    for at in (0, 4, 17, 35):
        alone = describe_photographs([many[at]])[0]
        np.testing.assert_array_equal(together[at], alone)


def test_similarity_is_the_weighted_mean_of_that_of_the_parts(images):
    tiles = np.stack([PREPARATION.tile(image) for image in images[:2]])
    parts = parts_of(tiles)
    assert list(parts) == list(WEIGHTS)
    assert sum(WEIGHTS.values()) == pytest.approx(1)
    expected = sum(WEIGHTS[name] * (part[0] @ part[1]) for name, part in parts.items())
    a, b = describe_photographs(images[:2]).astype(float)
    assert a @ b == pytest.approx(expected, abs=1e-6)


def test_texture_is_local_binary_patterns_of_two_radii_and_sizes(images):
    tile = PREPARATION.tile(images[1])
    grey = np.asarray(Image.fromarray(tile).convert("L"))[None]
    half = grey.reshape(1, 64, 2, 64, 2).mean(axis=(2, 4)).astype(np.uint8)
    each = [
        LocalBinaryPattern(8, radius, grid=(2, 2), border="edge").fit_transform(size)
        for size in (grey, half)
        for radius in (1.0, 2.0)
    ]
    root = np.sqrt(np.stack(each).astype(np.float64))
    expected = root.ravel() / np.linalg.norm(root)
    found = parts_of(tile[None])["texture by regions"][0]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_part_sees_what_it_is_named_for(images):
    picture = PREPARATION.tile(images[1])
    mirrored, inverted = picture[:, ::-1], 255 - picture
    brown = np.full_like(picture, (150, 90, 40))
    parts = parts_of(np.stack([picture, mirrored, inverted, brown]))
    like = {name: part @ part[0] for name, part in parts.items()}
    assert like["colour"][1] == pytest.approx(1)  # the same colours elsewhere
    assert like["colour by regions"][1] < 0.99
    assert like["layout"][1] < 0.99
    assert like["colour"][3] < 0.9
    assert like["edges by regions"][2] == pytest.approx(1)  # light has no direction
    assert like["edges by regions"][3] == 0  # a blank picture has no edges
    assert like["texture"][3] < 0.7


def test_a_grey_image_is_that_of_equal_colours(images):
    grey = images[5]
    same = describe_photographs([grey, np.stack([grey] * 3, axis=2)])
    np.testing.assert_array_equal(same[0], same[1])


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((8, 8, 3)),
        np.zeros((8, 8, 4), np.uint8),
        np.zeros((0, 8, 3), np.uint8),
        np.zeros(8, np.uint8),
    ],
)
def test_what_is_no_image_is_refused(wrong):
    with pytest.raises(
        ValueError, match=r"An image (must hold bytes|has 1 or 3 colours)"
    ):
        describe_photographs([wrong])
