"""Distances of tiles are those of pairs, bit by bit; the smallest those of a sort."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lookalike.kernels import simd
from lookalike.kernels.best import k_smallest
from lookalike.kernels.distances import (
    LANES,
    MANHATTAN,
    SQUARED_EUCLIDEAN,
    distance,
)
from lookalike.kernels.tiled_distances import TILE, tiled_distances
from lookalike.search.rows import norms_for

# Bytes less 128 are stored where the processor has an instruction for them.
KINDS = [np.float32, np.float64, np.uint8, *([np.int8] if simd.HAS_VNNI else [])]
SEEDS = st.integers(0, 10_000)
SIZES = st.one_of(st.integers(1, 2 * LANES + 3), st.sampled_from([100, 128, 200]))


def bits(values):
    return np.asarray(values, np.float64).view(np.int64)


@settings(deadline=None, max_examples=60)
@given(SEEDS, SIZES, st.integers(1, 2 * TILE + 3), st.integers(0, 3))
@example(0, 1, 1, 2)  # products that are -0.0
@pytest.mark.parametrize("kind", KINDS)
def test_a_tile_gives_every_bit_of_every_pair(kind, seed, n_features, n_rows, metric):
    rng = np.random.default_rng(seed)
    scale = 10.0 ** rng.integers(-3, 4)
    if kind in (np.uint8, np.int8):
        metric = (
            SQUARED_EUCLIDEAN if metric == MANHATTAN and kind == np.int8 else metric
        )
        rows = rng.integers(-100, 100, (n_rows, n_features)).astype(kind)
    else:
        rows = (rng.normal(size=(n_rows, n_features)) * scale).astype(kind)
        rows[rng.random(rows.shape) < 0.2] = 0
    Q = (rng.normal(size=(3, n_features)) * scale).astype(
        np.float32 if kind == np.float32 and seed % 2 else np.float64
    )
    Q[rng.random(Q.shape) < 0.2] = -0.0
    norms, own = norms_for(metric, rows), norms_for(metric, Q)
    chosen = rng.integers(0, n_rows, rng.integers(1, 2 * TILE + 3))
    out = np.full((2, len(chosen)), np.nan)
    tiled_distances(rows, norms, chosen, Q, own, metric, 1, 3, out)
    lanes = np.empty(LANES)
    expected = [
        [
            distance(metric, Q[q], rows[i], own[q], norms[i], 0.0, lanes)
            for i in chosen.tolist()
        ]
        for q in (1, 2)
    ]
    np.testing.assert_array_equal(bits(out), bits(expected))


@settings(deadline=None, max_examples=60)
@given(SEEDS, st.integers(1, 300), st.booleans())
def test_the_smallest_are_the_first_of_a_stable_sort(seed, n, ties):
    rng = np.random.default_rng(seed)
    every = rng.integers(0, 5, (3, n)) * 1.0 if ties else rng.normal(size=(3, n))
    k = int(rng.integers(1, n + 1))
    distances, indices = np.empty((3, k)), np.empty((3, k), np.int64)
    k_smallest(every, distances, indices)
    expected = np.argsort(every, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(indices, expected)
    np.testing.assert_array_equal(distances, np.take_along_axis(every, expected, 1))
