"""Gradient boosting: features in bins, and one tree after another down the loss."""

from collections.abc import Callable

import numpy as np

from lookalike._checks import check_learned
from lookalike._typing import Array, Floats, Ints
from lookalike.kernels.boosting import (
    MOST_BINS,
    Bins,
    Limits,
    Tree,
    bin_edges,
    find_leaves,
    grow_tree,
    list_entries,
)
from lookalike.kernels.forest import LEAF
from lookalike.rank._forest import Forest

Gradient = Callable[[Floats, Floats, Floats], object]
"""Writes gradients and Hessians of the loss by these scores, each (n_rows,)."""


def boost(
    X: Array,
    gradient: Gradient,
    start: float,
    limits: Limits,
    *,
    n_estimators: int,
    learning_rate: float,
    subsample: float,
    colsample: float,
    random_state: int,
) -> Forest:
    """Grow trees, each a Newton step from the sum of those before it.

    X : float32 (n_rows, n_features), finite
    start : score of every row before the first tree
    limits : of each tree
    The others are those of :class:`~lookalike.rank.BoostedRanker`.

    Raises
    ------
    ValueError
        If scores leave the finite numbers.
    """
    edges = [_edges(column) for column in X.T]
    bins = _bins(X, edges)
    n_rows, n_features = X.shape
    rng = np.random.default_rng(random_state)
    histograms = np.empty((limits.num_leaves, bins.starts[-1], 3))
    scores = np.full(n_rows, start)
    gradients, hessians = np.empty(n_rows), np.empty(n_rows)
    leaf_of = np.empty(n_rows, np.int32)
    trees = []
    for _ in range(n_estimators):
        gradient(scores, gradients, hessians)
        rows = _some(n_rows, subsample, rng).astype(np.int32)
        chosen = _some(n_features, colsample, rng)
        tree = _room(limits.num_leaves)
        n_nodes = grow_tree(
            bins, chosen, gradients, hessians, rows, histograms, limits, tree, leaf_of
        )
        tree = Tree(*(part[:n_nodes] for part in tree))
        tree.values[:] *= learning_rate
        if len(rows) < n_rows:
            find_leaves(bins.codes, tree, leaf_of)
        scores += tree.values[leaf_of]
        trees.append(tree)
    check_learned(scores)
    trees[0].values[:] += start
    return _forest(trees, edges)


def _edges(column: Array) -> Floats:
    """Upper limits of a column's bins but the last, rising: bins of about equal size.

    They lie halfway between two values. A value that alone would fill a bin has one.
    """
    values, counts = np.unique(column, return_counts=True)
    edges = np.empty(MOST_BINS - 1)
    return edges[: bin_edges(values.astype(np.float64), counts, edges)]


def _bins(X: Array, edges: list[Floats]) -> Bins:
    codes = np.empty(X.shape[::-1], np.uint8)
    for own, column, limits in zip(codes, X.T, edges, strict=True):
        own[:] = np.searchsorted(limits, column)
    starts = np.cumsum([0, *(len(limits) + 1 for limits in edges)])
    default = np.array([np.bincount(own).argmax() for own in codes])
    row_starts = np.empty(len(X) + 1, np.int64)
    kind = np.uint16 if starts[-1] <= 2**16 else np.uint32
    entries = np.empty(codes.size, kind)
    list_entries(codes, starts, default, row_starts, entries)
    return Bins(codes, starts, default, entries[: row_starts[-1]].copy(), row_starts)


def _some(n: int, share: float, rng: np.random.Generator) -> Ints:
    """A share of the first n numbers, at least one, in order."""
    if share == 1:
        return np.arange(n)
    return np.sort(rng.choice(n, max(1, round(n * share)), replace=False))


def _room(num_leaves: int) -> Tree:
    n_nodes = 2 * num_leaves - 1
    return Tree(
        np.full(n_nodes, LEAF, np.int32),
        np.zeros(n_nodes, np.int32),
        np.zeros(n_nodes),
        np.zeros((n_nodes, 2), np.int32),
    )


def _forest(trees: list[Tree], edges: list[Floats]) -> Forest:
    sizes = [len(tree.features) for tree in trees]
    roots = np.cumsum([0, *sizes[:-1]])
    thresholds, children = [], []
    for root, tree in zip(roots, trees, strict=True):
        inner = tree.features != LEAF
        pairs = zip(tree.features[inner], tree.codes[inner], strict=True)
        own = tree.values.copy()
        own[inner] = [edges[feature][code] for feature, code in pairs]
        thresholds.append(own)
        children.append(np.where(inner[:, None], tree.children + root, 0))
    return Forest(
        roots.astype(np.int64),
        np.concatenate([tree.features for tree in trees]),
        np.concatenate(thresholds),
        np.concatenate(children).astype(np.int32),
        len(edges),
    )
