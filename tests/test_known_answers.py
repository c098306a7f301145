"""What the source experiments found on the whole of MNIST, digit for digit."""

import os

import numpy as np
import pytest

from lookalike.datasets import load_mnist
from lookalike.evaluate import accuracy
from lookalike.learn import PCA, KNeighborsClassifier
from lookalike.search import NearestNeighbors

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(
        not os.environ.get("LOOKALIKE_DATA"), reason="LOOKALIKE_DATA is not set"
    ),
]


@pytest.fixture(scope="module")
def mnist():
    """Pixels and labels; the first 50,000 training images are the database."""
    images = load_mnist()
    flat = images.x_train.reshape(60_000, -1), images.x_test.reshape(10_000, -1)
    return *flat, images.y_train, images.y_test


def test_squared_euclidean_neighbours_of_the_first_ten(mnist):
    x, q, _, _ = mnist
    index = NearestNeighbors(1, metric="sqeuclidean").fit(x[:50_000])
    rows = index.kneighbors(q[:10], return_distance=False)
    expected = [38620, 28882, 46512, 29044, 40094, 30809, 18279, 41982, 35628, 5044]
    np.testing.assert_array_equal(rows[:, 0], expected)


def test_squared_distance_of_the_first_two_images(mnist):
    x = mnist[0][:2] / 256
    index = NearestNeighbors(2, metric="sqeuclidean").fit(x)
    distances, _ = index.kneighbors(x[:1])
    assert distances[0, 1] == pytest.approx(86.9492, abs=5e-5)


def test_cosine_neighbours_and_their_accuracy(mnist):
    x, q, y, truth = mnist
    index = NearestNeighbors(1, metric="cosine", n_jobs=-1).fit(x[:50_000])
    rows = index.kneighbors(q, return_distance=False)[:, 0]
    np.testing.assert_array_equal(rows[:3], [44566, 28882, 15224])
    np.testing.assert_array_equal(rows[-3:], [3261, 1311, 22424])
    assert accuracy(truth, y[rows]) == pytest.approx(0.9708, abs=0.0005)


def test_cosine_after_sixty_principal_components(mnist):
    x, q, y, truth = mnist
    pca = PCA(60, random_state=0).fit(x[:50_000].astype(np.float32))
    index = NearestNeighbors(1, metric="cosine", n_jobs=-1)
    index.fit(pca.transform(x[:50_000].astype(np.float32)))
    queries = pca.transform(q.astype(np.float32))
    rows = index.kneighbors(queries, return_distance=False)[:, 0]
    assert accuracy(truth, y[rows]) == pytest.approx(0.9703, abs=0.0005)


def test_three_nearest_neighbours_on_raw_pixels(mnist):
    x, q, y, truth = mnist
    model = KNeighborsClassifier(n_neighbors=3, n_jobs=-1).fit(x, y)
    assert accuracy(truth, model.predict(q)) == pytest.approx(0.9705, abs=0.00005)
