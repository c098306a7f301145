"""Boosted trees on bins, beside their definitions."""

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from lookalike.kernels.boosting import (
    Limits,
    bin_edges,
    find_leaves,
    grow_tree,
    partition,
)
from lookalike.kernels.forest import LEAF
from lookalike.rank._boosting import _bins, _edges, _room

SEEDS = st.integers(0, 2**32 - 1)


def grown(X, gradients, hessians, rows, chosen, limits):
    edges = [_edges(column) for column in X.T]
    bins = _bins(X, edges)
    histograms = np.full((limits.num_leaves, bins.starts[-1], 3), np.nan)
    tree, leaf_of = _room(limits.num_leaves), np.full(len(X), -7, np.int32)
    n = grow_tree(
        bins,
        np.asarray(chosen),
        gradients,
        hessians,
        np.array(rows, np.int32),
        histograms,
        limits,
        tree,
        leaf_of,
    )
    return bins.codes, type(tree)(*(part[:n] for part in tree)), leaf_of


def leaf_by_leaf(codes, gradients, hessians, rows, chosen, limits):
    """Sets of rows of the leaves, and their values, by trying every split.

    Gains that only rounding tells apart have no right order: there it gives up.
    """
    gains = []

    def term(own):
        return gradients[own].sum() ** 2 / (hessians[own].sum() + limits.reg_lambda)

    def best(own):
        found = (0.0, None, None)
        for feature in chosen:
            for code in range(codes[feature].max()):
                left = own[codes[feature, own] <= code]
                right = own[codes[feature, own] > code]
                if min(len(left), len(right)) < limits.min_child_samples:
                    continue
                least = min(hessians[left].sum(), hessians[right].sum())
                gain = term(left) + term(right) - term(own)
                gains.append(gain)
                if least >= limits.min_child_hessian and gain > found[0]:
                    found = gain, left, right
        return found

    leaves = [(best(np.asarray(rows)), np.asarray(rows))]
    while len(leaves) < limits.num_leaves:
        at = int(np.argmax([found[0] for found, _ in leaves]))
        (gain, left, right), _ = leaves[at]
        if gain <= 0:
            break
        leaves[at] = best(left), left
        leaves.append((best(right), right))
    apart = np.diff(np.unique([0.0, *gains]))
    assume((apart > 1e-9).all())
    return {
        tuple(sorted(own)): -gradients[own].sum()
        / (hessians[own].sum() + limits.reg_lambda)
        for _, own in leaves
    }


@settings(deadline=None, max_examples=60)
@given(SEEDS)
def test_the_leaf_whose_split_gains_most_is_split_first(seed):
    rng = np.random.default_rng(seed)
    n, n_features = rng.integers(2, 40), rng.integers(1, 5)
    X = rng.integers(0, rng.integers(1, 6), (n, n_features)).astype(np.float32)
    # Powers of two add up without rounding: equal gains are equal.
    gradients = rng.integers(-4, 5, n) / 4.0
    hessians = rng.integers(0, 3, n) / 2.0
    rows = np.sort(rng.choice(n, rng.integers(1, n + 1), replace=False))
    chosen = np.sort(rng.choice(n_features, rng.integers(1, n_features + 1), False))
    limits = Limits(int(rng.integers(2, 9)), int(rng.integers(1, 4)), 1e-3, 0.5)
    codes, tree, leaf_of = grown(X, gradients, hessians, rows, chosen, limits)
    expected = leaf_by_leaf(codes, gradients, hessians, rows, chosen, limits)
    found = {
        tuple(rows[leaf_of[rows] == leaf]): tree.values[leaf]
        for leaf in np.unique(leaf_of[rows])
    }
    assert found.keys() == expected.keys()
    for own, value in found.items():
        assert value == pytest.approx(expected[own], rel=1e-12, abs=1e-12)
    again = np.empty(n, np.int32)
    find_leaves(codes, tree, again)
    np.testing.assert_array_equal(again[rows], leaf_of[rows])
    others = np.setdiff1d(np.arange(n), rows)
    assert (leaf_of[others] == -7).all()
    assert (tree.features[again] == LEAF).all()


@settings(deadline=None, max_examples=60)
@given(SEEDS)
def test_rows_are_parted_in_order(seed):
    rng = np.random.default_rng(seed)
    n = rng.integers(0, 30)
    codes = rng.integers(0, 4, 40).astype(np.uint8)
    rows = np.sort(rng.choice(40, n, replace=False)).astype(np.int32)
    left, right = rows[codes[rows] <= 1], rows[codes[rows] > 1]
    parted = rows.copy()
    assert partition(codes, 1, parted, np.empty_like(rows)) == len(left)
    np.testing.assert_array_equal(parted, np.concatenate([left, right]))


@settings(deadline=None, max_examples=60)
@given(SEEDS, st.integers(1, 12))
@example(1035, 7)  # two bins end early, and the shares after them are larger
def test_bins_lie_between_values_and_are_about_equal(seed, n_bins):
    rng = np.random.default_rng(seed)
    values = np.cumsum(rng.integers(1, 5, rng.integers(1, 40))).astype(float)
    counts = rng.integers(1, 30, len(values))
    edges = np.empty(n_bins - 1)
    edges = edges[: bin_edges(values, counts, edges)]
    assert (np.diff(edges) > 0).all()
    sizes = np.bincount(np.searchsorted(edges, values), counts)
    assert (sizes > 0).all()
    assert len(sizes) == len(edges) + 1 <= n_bins
    if len(values) <= n_bins:
        np.testing.assert_array_equal(edges, (values[1:] + values[:-1]) / 2)
    else:  # a bin ends when it has its share of what is left
        left = counts.sum() - np.cumsum(sizes) + sizes
        shares = left / (n_bins - np.arange(len(sizes)))
        assert (sizes < shares + counts.max()).all()


def test_neighbouring_and_extreme_numbers_have_bins_of_their_own():
    tiny, most = np.float32(1e-45), np.finfo(np.float32).max
    column = np.array(
        [-most, -tiny, -0.0, 0.0, tiny, 1, np.nextafter(np.float32(1), 2)]
    )
    column = np.append(column, most).astype(np.float32)
    codes = np.searchsorted(_edges(column), column)
    np.testing.assert_array_equal(codes, [0, 1, 2, 2, 3, 4, 5, 6])
