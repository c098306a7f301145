"""LSH: buckets whose rows agree as often as the theory says."""

import numpy as np
import pytest

from lookalike.search import LSH, NearestNeighbors


def agreement(index, a, b):
    one, two = index._hash(a), index._hash(b)
    return np.mean([s[0] == t[0] for s, t in zip(one, two, strict=True)])


@pytest.mark.parametrize("degrees", [20, 60, 120])
def test_hyperplanes_agree_as_often_as_the_angle_says(degrees):
    angle = np.radians(degrees)
    a, b = np.array([[1.0, 0.0]]), np.array([[np.cos(angle), np.sin(angle)]])
    index = LSH(1, n_tables=4000, n_hashes=1, random_state=0).fit(np.eye(2))
    assert agreement(index, a, b * 7) == pytest.approx(1 - degrees / 180, abs=0.03)


@pytest.mark.parametrize("distance", [0.5, 1.0, 3.0])
def test_p_stable_hashes_agree_as_often_as_the_distance_says(distance):
    a, b = np.zeros((1, 3)), np.array([[0.0, distance, 0.0]])
    index = LSH(
        1, "euclidean", n_tables=4000, n_hashes=1, width=2.0, random_state=0
    ).fit(np.eye(3))
    # Datar et al., section 3.2: the integral over the gap between projections.
    gap = np.linspace(0, 2.0, 4001)
    density = 2 / distance / np.sqrt(2 * np.pi) * np.exp(-((gap / distance) ** 2) / 2)
    expected = np.trapezoid(density * (1 - gap / 2.0), gap)
    assert agreement(index, a, b) == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_more_tables_find_more(metric):
    rng = np.random.default_rng(0)
    X, Q = rng.normal(size=(1500, 12)), rng.normal(size=(60, 12))
    true = NearestNeighbors(5, metric=metric).fit(X).kneighbors(Q)[1]
    found = []
    for n_tables in (2, 30):
        index = LSH(5, metric, n_tables, 6, random_state=0).fit(X)
        rows = index.kneighbors(Q, return_distance=False)
        pairs = zip(true, rows, strict=True)
        found.append(np.mean([np.isin(a, b).mean() for a, b in pairs]))
    assert found[0] + 0.2 < found[1]


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_one_bucket_of_all_rows_is_exact(metric):
    rng = np.random.default_rng(1)
    X, Q = rng.normal(size=(200, 3)), rng.normal(size=(20, 3))
    expected, true = NearestNeighbors(200, metric=metric).fit(X).kneighbors(Q)
    # k is larger than any bucket.
    distances, rows = LSH(200, metric, random_state=0).fit(X).kneighbors(Q)
    np.testing.assert_array_equal(rows, true)
    np.testing.assert_allclose(distances, expected, atol=1e-14)


def test_ties_come_in_the_order_of_the_catalogue():
    index = LSH(3, random_state=0).fit(np.ones((6, 2)))
    np.testing.assert_array_equal(
        index.kneighbors([[2.0, 2.0]], return_distance=False), [[0, 1, 2]]
    )


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"n_neighbors": 0},
            "n_neighbors must be a whole number of at least 1, got 0.",
        ),
        ({"n_tables": 1.5}, "n_tables must be a whole number of at least 1, got 1.5."),
        ({"n_hashes": -1}, "n_hashes must be a whole number of at least 1, got -1."),
        ({"metric": "l1"}, "metric must be 'cosine' or 'euclidean', got 'l1'."),
        ({"width": 0.0}, "width must be None or above 0, got 0.0."),
    ],
)
def test_rejects_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        LSH(**parameters).fit([[0.0], [1.0]])


def test_rejects_more_neighbours_than_rows():
    with pytest.raises(ValueError, match=r"n_neighbors must be in \[1, 2\], got 3"):
        LSH(3).fit([[0.0], [1.0]]).kneighbors([[0.5]])


def test_cosine_distances_lie_between_0_and_2():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(300, 24))
    index = LSH(n_neighbors=300, metric="cosine").fit(rows)
    for Q in (rows * rng.uniform(0.1, 10, (300, 1)), -rows):
        distances, _ = index.kneighbors(Q)
        assert 0.0 <= distances.min() <= distances.max() <= 2.0
