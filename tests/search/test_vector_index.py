"""Vectors of length one: exact, of a guaranteed recall, or within a given memory."""

import numpy as np
import pytest

from lookalike.search.product_quantisation import ProductQuantisation
from lookalike.search.vector_index import VectorIndex


@pytest.fixture(scope="module")
def vectors():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 4)) @ rng.normal(size=(4, 16)) + 0.1
    return (X / np.linalg.norm(X, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("options", [{}, {"recall": 0.8}, {"memory": 10**6}], ids=str)
def test_the_nearest_are_those_of_the_definition(vectors, options):
    Q = vectors[:20]
    every = Q.astype(np.float64) @ vectors.T.astype(np.float64)
    index = VectorIndex(vectors, **options)
    cosines, rows = index.nearest(Q, 5)
    order = np.argsort(-every, axis=1, kind="stable")[:, :5]
    np.testing.assert_array_equal(rows, order)
    np.testing.assert_allclose(cosines, np.take_along_axis(every, order, 1), atol=1e-6)
    # So few are searched exactly, and then that is the recall.
    assert index.facts.get("recall") == (1.0 if "recall" in options else None)
    assert index.facts["method"] == "exact"


def test_within_a_memory_codes_find_candidates_and_vectors_order_them(vectors):
    memory = 256 * 16 * 4 + 600 * 5  # centres, and five bytes a vector
    index = VectorIndex(vectors, memory=memory)
    assert index.facts["method"] == "codes of 5 bytes"
    assert index.facts["bytes"] <= memory < 2 * vectors.nbytes
    Q = vectors[::50]
    near = ProductQuantisation(5).fit(vectors).kneighbors(Q, 12, return_distance=False)
    cosines, rows = index.nearest(Q, 3)
    for q, query in enumerate(Q):
        known = sorted(near[q], key=lambda row, q=query: -(vectors[row] @ q))[:3]
        assert rows[q].tolist() == known
        np.testing.assert_allclose(cosines[q], vectors[known] @ query, atol=1e-6)


def test_a_memory_that_holds_no_codes_is_refused(vectors):
    with pytest.raises(ValueError, match="600 vectors of 16 numbers need at least"):
        VectorIndex(vectors, memory=1_000)
