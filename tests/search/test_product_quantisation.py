"""Product quantisation: distances from tables, centres, and what it finds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.kernels.product_quantisation import table_sums
from lookalike.search import NearestNeighbors
from lookalike.search.product_quantisation import ProductQuantisation


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 9999), n=st.integers(1, 40), m=st.integers(1, 9))
def test_the_kernel_adds_up_the_table(seed, n, m):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 256, (n, m), dtype=np.uint8)
    table = rng.integers(0, 5, (m, 256)).astype(np.float32)
    start = rng.integers(0, n)
    out = np.full(n, -1, np.float32)
    table_sums(codes, table, start, n, out)
    expected = table[np.arange(m), codes].sum(axis=1)
    np.testing.assert_array_equal(out[start:], expected[start:])
    assert (out[:start] == -1).all()


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("n_pieces", [1, 3, 8])
def test_distances_are_those_to_what_stands_for_each_row(n_pieces, n_jobs):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(700, 8)).astype(np.float32)
    Q = rng.normal(size=(5, 8)).astype(np.float32)
    index = ProductQuantisation(n_pieces, n_jobs=n_jobs).fit(X)
    stands = np.hstack(
        [centres[index.codes_[:, j]] for j, centres in enumerate(index.centres_)]
    )
    expected = np.linalg.norm(Q[:, None] - stands, axis=2)
    order = np.argsort(expected.round(5), axis=1, kind="stable")[:, :20]
    distances, rows = index.kneighbors(Q, 20)
    np.testing.assert_allclose(
        distances, np.take_along_axis(expected, order, 1), rtol=1e-4
    )
    np.testing.assert_allclose(
        np.take_along_axis(expected, rows, 1), distances, rtol=1e-4
    )


def test_each_row_has_the_nearest_centre_of_each_piece():
    X = np.random.default_rng(1).normal(size=(900, 6)).astype(np.float32)
    index = ProductQuantisation(2).fit(X)
    for j, centres in enumerate(index.centres_):
        piece = X[:, 3 * j : 3 * j + 3]
        far = ((piece[:, None] - centres) ** 2).sum(axis=2)
        chosen = far[np.arange(900), index.codes_[:, j]]
        np.testing.assert_allclose(chosen, far.min(axis=1), atol=1e-4)


def test_centres_are_the_means_of_what_is_near_them():
    """So that they stand for it better than as many rows drawn at random do."""
    X = np.random.default_rng(4).normal(size=(8000, 4)).astype(np.float32)
    [centres] = ProductQuantisation(1).fit(X).centres_
    drawn = X[:256]
    error = [
        ((X[:, None] - stands) ** 2).sum(axis=2).min(axis=1).mean()
        for stands in (centres, drawn)
    ]
    assert error[0] < 0.85 * error[1]


def test_few_rows_are_their_own_centres_and_are_found_exactly():
    X = np.random.default_rng(2).normal(size=(60, 12)).astype(np.float32)
    index = ProductQuantisation(4).fit(X)
    distances, rows = index.kneighbors(X, 1)
    np.testing.assert_array_equal(rows[:, 0], np.arange(60))
    np.testing.assert_allclose(distances, 0, atol=1e-6)


def test_longer_codes_find_more_and_hold_more():
    rng = np.random.default_rng(3)
    X = (rng.normal(size=(3000, 6)) @ rng.normal(size=(6, 32))).astype(np.float32)
    truth = NearestNeighbors(10).fit(X).kneighbors(X[:100], return_distance=False)
    found, held = [], []
    for n_pieces in (2, 8, 32):
        index = ProductQuantisation(n_pieces).fit(X)
        rows = index.kneighbors(X[:100], 10, return_distance=False)
        shared = [np.isin(a, b).mean() for a, b in zip(rows, truth, strict=True)]
        found.append(np.mean(shared))
        held.append(index.memory_ - 256 * 32 * 4)
    assert found[0] < found[1] < found[2]
    assert found[2] > 0.8
    assert held == [3000 * 2, 3000 * 8, 3000 * 32]


@pytest.mark.parametrize("n_neighbors", [1, 10, 13])
def test_as_many_are_found_as_told_unless_the_call_says_otherwise(n_neighbors):
    X = np.random.default_rng(5).normal(size=(40, 6))
    index = ProductQuantisation(2, n_neighbors=n_neighbors).fit(X)
    for found, all_ in zip(index.kneighbors(X), index.kneighbors(X, 40), strict=True):
        np.testing.assert_array_equal(found, all_[:, :n_neighbors])


def test_equal_distances_come_by_row():
    X = np.repeat(np.eye(4, dtype=np.float32), 3, axis=0)
    rows = ProductQuantisation(2).fit(X).kneighbors(X[[4]], 6, return_distance=False)
    assert rows[0, :3].tolist() == [3, 4, 5]
    assert rows[0, 3:].tolist() == sorted(rows[0, 3:].tolist())


@pytest.mark.parametrize(
    ("options", "k", "sentence"),
    [
        ({"n_pieces": 0}, 1, "n_pieces must be a whole number of at least 1, got 0"),
        (
            {"n_neighbors": 0},
            1,
            "n_neighbors must be a whole number of at least 1, got 0",
        ),
        ({}, 21, r"n_neighbors must be in \[1, 20\], got 21"),
        ({}, 0, r"n_neighbors must be in \[1, 20\], got 0"),
    ],
)
def test_parameters_out_of_range_are_refused(options, k, sentence):
    X = np.random.default_rng(0).normal(size=(20, 4))
    with pytest.raises(ValueError, match=sentence):
        ProductQuantisation(**options).fit(X).kneighbors(X, k)
