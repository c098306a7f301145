import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics.pairwise import rbf_kernel

from lookalike.kernels.byte_products import HAS_BYTE_PRODUCTS, LONGEST
from lookalike.learn import (
    SVC,
    LinearDiscriminantAnalysis,
    _bytes,
    _svm_kernels,
    discriminant,
)
from lookalike.learn._bytes import (
    PackedImages,
    as_bytes,
    class_sums,
    scatter_of_bytes,
)
from lookalike.learn._svm_kernels import Kernel

needs_byte_products = pytest.mark.skipif(
    not HAS_BYTE_PRODUCTS, reason="this processor has no products of bytes"
)


def shades(seed, *shape):
    """Bytes with many black and white ones."""
    rng = np.random.default_rng(seed)
    return rng.integers(-100, 356, size=shape).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("white", [255.0, 1.0])
def test_every_shade_is_recognised_in_either_range(dtype, white):
    images = np.arange(256, dtype=np.uint8).reshape(16, 16)
    X = (images.astype(dtype) * dtype(white) / dtype(255)).astype(dtype)
    np.testing.assert_array_equal(as_bytes(X, white), images)
    np.testing.assert_array_equal(as_bytes(X * dtype(1 / 255), white / 255), images)


@pytest.mark.parametrize("odd", [-1, 0.5, 256, 3.0001, np.inf, -np.inf, np.nan, 1e-30])
@pytest.mark.parametrize("cell", [(0, 0), (8, 4)])
def test_one_number_that_is_no_shade_makes_no_image(odd, cell):
    X = np.full((9, 5), 7.0)
    X[cell] = odd
    assert as_bytes(X) is None
    assert as_bytes(X / 255, 1.0) is None


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 40) | st.sampled_from([1024, 1025, 2047, 2048, 2051]),
    d=st.integers(1, 140),
)
def test_scatter_of_bytes_equals_its_definition(seed, n, d):
    images = shades(seed, n, d)
    images[:, 0] = 0
    X = images.astype(np.int64)
    np.testing.assert_array_equal(scatter_of_bytes(images), X.T @ X)
    np.testing.assert_array_equal(_bytes._scatter_in_floats(images), X.T @ X)
    labels = np.random.default_rng(seed).integers(3, size=n)
    sums = [X[labels == k].sum(axis=0) for k in range(3)]
    np.testing.assert_array_equal(class_sums(images, labels, 3), sums)


@needs_byte_products
@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 140),
    m=st.integers(1, 140),
    d=st.integers(1, 20),
)
def test_distances_of_bytes_equal_their_definition(seed, n, m, d):
    A, B = shades(seed, n, d), shades(seed + 1, m, d)
    out = np.full((n, m), np.nan)
    PackedImages(A).fill_distances(PackedImages(B), 0.25, out)
    difference = A[:, None].astype(int) - B
    np.testing.assert_array_equal(out, 0.25 * (difference**2).sum(axis=2))


def test_sums_of_single_precision_stay_exact_for_the_whitest_and_blackest_rows():
    for shade in (0, 1, 255):
        images = np.full((3000, 2), shade, np.uint8)
        images[0, 0] = 254
        X = images.astype(np.int64)
        np.testing.assert_array_equal(_bytes._scatter_in_floats(images), X.T @ X)


@needs_byte_products
def test_the_largest_sums_fit():
    white, black = (
        np.full((2, LONGEST), 255, np.uint8),
        np.zeros((3, LONGEST), np.uint8),
    )
    out = np.empty((2, 3))
    PackedImages(white).fill_distances(PackedImages(black), 1.0, out)
    assert (out == 255.0**2 * LONGEST).all()
    PackedImages(white).fill_distances(PackedImages(white), 1.0, out[:, :2])
    assert (out[:, :2] == 0).all()
    assert not _bytes.fits(LONGEST + 1)


@pytest.mark.parametrize("solver", ["svd", "lsqr", "eigen"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_discriminants_of_images_are_those_of_numbers(solver, dtype, monkeypatch):
    images = shades(0, 400, 30)
    images[:, 3], images[:, 4] = 0, 200
    X, y = images.astype(dtype), np.arange(400) % 3
    X[y == 1, :5] //= 2
    model = LinearDiscriminantAnalysis(solver=solver)
    scores = model.fit(X, y).decision_function(X)
    monkeypatch.setattr(discriminant, "as_bytes", lambda X: None)
    expected = model.fit(X, y).decision_function(X)
    rtol = 1e-9 if dtype == np.float64 else 1e-3
    np.testing.assert_allclose(scores, expected, rtol=rtol, atol=rtol)


def test_images_are_multiplied_as_bytes_whatever_the_sizes_of_the_classes(monkeypatch):
    seen = []
    whole = discriminant.scatter_of_images
    monkeypatch.setattr(
        discriminant, "scatter_of_images", lambda *a: seen.append(1) or whole(*a)
    )
    for sizes in ([1, 2, 4, 6, 9], [3, 7, 11, 13, 100], [977, 12, 49]):
        X = shades(2, sum(sizes), 4).astype(np.float32)
        LinearDiscriminantAnalysis().fit(X, np.repeat(range(len(sizes)), sizes))
    assert len(seen) == 3


def test_scatter_with_priors_is_not_taken_for_one_where_samples_weigh_alike():
    images = shades(1, 100, 6).astype(float)
    labels = np.repeat([0, 1], [30, 70])
    _, S = discriminant.scatter(images, labels, np.array([0.5, 0.5]))
    parts = [np.cov(images[labels == k].T, bias=True) for k in (0, 1)]
    np.testing.assert_allclose(S, np.mean(parts, axis=0))


@needs_byte_products
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("white", [255.0, 1.0])
def test_the_kernel_of_images_is_that_of_numbers(dtype, white, monkeypatch):
    A, B = (shades(s, 70, 50).astype(dtype) / dtype(255 / white) for s in (0, 1))
    A[0] = B[0]
    gamma = 0.1 / white**2
    kernel = Kernel("rbf", gamma, 0.0, 3)
    expected = rbf_kernel(A.astype(float), B.astype(float), gamma=gamma)
    rtol = 3e-6 if dtype == np.float32 else 1e-11
    monkeypatch.setattr(_svm_kernels, "varying_columns", None)  # which numbers need
    np.testing.assert_allclose(kernel(A, B), expected, rtol=rtol)
    assert kernel(A, B)[0, 0] == 1


@needs_byte_products
def test_queries_that_are_no_images_are_compared_as_numbers():
    X = shades(0, 60, 9).astype(float)
    model = SVC(gamma=1e-5).fit(X, X[:, 0] > 100)
    Q = np.vstack([X[:5], X[:5] + 0.25])
    each = [model.decision_function(q[None])[0] for q in Q]
    np.testing.assert_allclose(model.decision_function(Q), each)
