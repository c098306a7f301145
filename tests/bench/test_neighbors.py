"""The benchmark of exact neighbours: a wrong answer is seen, whatever was asked."""

import numpy as np
import pytest

from lookalike.search import NearestNeighbors
from lookalike_bench import neighbors


@pytest.fixture
def drawn(monkeypatch, tmp_path):
    rng = np.random.default_rng(0)
    X, Q = (rng.integers(4, size=(n, 3)).astype(np.uint8) for n in (300, 40))
    monkeypatch.setattr(neighbors, "load", lambda data: (X, Q))
    monkeypatch.setattr(neighbors, "ONE_BY_ONE", 7)
    monkeypatch.setenv("LOOKALIKE_BENCH_ANSWERS", str(tmp_path))
    return NearestNeighbors(5, metric="sqeuclidean").fit(X), Q


def test_a_row_that_is_missing_within_a_radius_is_seen(drawn):
    index, Q = drawn
    distances, rows = index.radius_neighbors(Q, 3.5)
    assert neighbors.is_exact_within((distances, rows), "drawn", 3.5)
    distances[9], rows[9] = distances[9][:-1], rows[9][:-1]
    assert not neighbors.is_exact_within((distances, rows), "drawn", 3.5)


def test_answers_one_by_one_are_compared_with_the_definition(drawn):
    call, describe = neighbors.lookalike_one_by_one("drawn", 5, 1)
    taken, found = call()
    assert describe((taken, found))["exact"] is True
    found[3][1][0, -1] += 1
    assert describe((taken, found))["exact"] is False


def test_a_batch_without_some_of_its_answers_is_not_exact(drawn):
    index, Q = drawn
    distances, rows = index.kneighbors(Q)
    assert neighbors.is_exact((distances, rows), "drawn", 5, "sqeuclidean")
    fewer = distances[:-1], rows[:-1]
    assert not neighbors.is_exact(fewer, "drawn", 5, "sqeuclidean")
