"""Histograms of oriented gradients, held to scikit-image's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.feature import hog

from lookalike.features import GradientHistogram, LocalBinaryPattern
from lookalike.kernels.gradient_histogram import bin_of


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    shape=st.tuples(st.integers(6, 20), st.integers(6, 20)),
    orientations=st.integers(1, 9),
    cell=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    block=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    norm=st.sampled_from(["L1", "L1-sqrt", "L2", "L2-Hys"]),
    root=st.booleans(),
)
def test_agrees_with_scikit_image_on_every_option(
    seed, shape, orientations, cell, block, norm, root
):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 5, (2, *shape)) * 60.0  # many equal neighbours
    if root:  # roots round: whether 45 degrees are reached would be up to the last bit
        images += rng.random(images.shape)
    ours = GradientHistogram(
        orientations, cell, block, block_norm=norm, transform_sqrt=root
    ).fit_transform(images)
    for image, found in zip(images, ours, strict=True):
        expected = hog(image, orientations, cell, block, norm, transform_sqrt=root)
        # scikit-image sums in single precision.
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 12), k=st.integers(0, 11))
def test_an_angle_on_the_edge_of_a_bin_belongs_to_the_next(n, k):
    angle = 180.0 / n * min(k, n - 1)
    assert bin_of(angle, n) == min(k, n - 1)
    assert bin_of(180.0, n) == n - 1


def test_threads_and_batches_do_not_change_the_numbers():
    images = np.random.default_rng(0).integers(0, 255, (700, 24, 24)).astype(np.uint8)
    alone = GradientHistogram(cells_per_block=(2, 2)).fit(images)
    together = GradientHistogram(cells_per_block=(2, 2), n_jobs=2).fit(images)
    expected = np.vstack([alone.transform(image[None]) for image in images[::100]])
    np.testing.assert_array_equal(alone.transform(images)[::100], expected)
    np.testing.assert_array_equal(together.transform(images)[::100], expected)


def test_bytes_give_the_same_numbers_as_floats():
    images = np.random.default_rng(0).integers(0, 256, (2, 40, 33)).astype(np.uint8)
    model = GradientHistogram(7, (8, 9), (2, 2)).fit(images)
    expected = model.transform(images.astype(np.float64))
    np.testing.assert_array_equal(model.transform(images), expected)


@pytest.mark.parametrize("kind", [GradientHistogram, LocalBinaryPattern])
@pytest.mark.parametrize(("said", "shape"), [((12, 20), (12, 20)), ("line", (1, 240))])
def test_flat_rows_of_a_shape_that_is_said_are_those_images(kind, said, shape):
    images = np.random.default_rng(0).integers(0, 255, (3, *shape)).astype(np.uint8)
    size = {"pixels_per_cell": (1, 4), "cells_per_block": (1, 2)}
    options = size if kind is GradientHistogram else {}
    model = kind(**options, image_shape=said).fit(images.reshape(3, -1))
    assert model.image_shape_ == shape
    expected = kind(**options).fit_transform(images)
    np.testing.assert_array_equal(model.transform(images.reshape(3, -1)), expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"orientations": 0},
            "orientations must be a whole number of at least 1, got 0",
        ),
        ({"pixels_per_cell": (0, 2)}, "pixels_per_cell must be two whole"),
        ({"cells_per_block": (9, 9)}, "hold no whole block"),
        ({"block_norm": "L3"}, "block_norm must be one of"),
        ({"image_shape": (3, 3)}, "has 9 pixels, but X has 256 features"),
    ],
)
def test_bad_parameters_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        GradientHistogram(**options).fit(np.zeros((2, 256)))


def test_negative_grey_levels_have_no_root_and_shapes_must_agree():
    model = GradientHistogram(transform_sqrt=True, cells_per_block=(1, 1))
    model.fit(np.zeros((2, 16, 16)))
    with pytest.raises(ValueError, match="no negative grey levels"):
        model.transform(np.full((1, 16, 16), -1.0))
    with pytest.raises(ValueError, match="Images are 8 by 32, but fit had 16 by 16"):
        model.transform(np.zeros((1, 8, 32)))


@pytest.mark.parametrize("kind", [GradientHistogram, LocalBinaryPattern])
def test_grey_levels_whose_differences_overflow_are_refused(kind):
    images = np.zeros((1, 48, 48))
    model = kind().fit(images)
    images[0, ::2] = 1e308
    for call in (model.fit, model.transform):
        with pytest.raises(ValueError, match="squares overflow float64"):
            call(images)


@pytest.mark.parametrize("name", ["pixels_per_cell", "cells_per_block"])
@pytest.mark.parametrize("value", [8, (4.0, 4.0), (4,), (0, 4), "88", None])
def test_pairs_of_sizes_are_checked(name, value):
    with pytest.raises(
        ValueError, match=f"{name} must be two whole numbers of at least 1, got"
    ):
        GradientHistogram(**{name: value}).fit(np.zeros((1, 48, 48)))
