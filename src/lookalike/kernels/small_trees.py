"""Sums over trees of few leaves, of several rows at once and without a branch."""

import numpy as np

from lookalike.kernels.compiled import njit

MOST_LEAVES = 32
_MOST_ROWS = 64  # that are asked at once

# Where the only bit that is set stands, by the top five bits of its product with a
# number in which every five bits on end differ (de Bruijn).
_DE_BRUIJN = np.uint32(0x077CB531)
_PLACES = np.zeros(32, np.int64)
for _place in range(32):
    _PLACES[((int(_DE_BRUIJN) << _place) & 0xFFFFFFFF) >> 27] = _place


@njit(cache=True, nogil=True)
def add_small_trees(
    X, first_tree, first_node, features, thresholds, gone, first_leaf, leaves, scores
):
    """``scores[f, i]`` = sum over trees of forest f of the leaf that row i falls into.

    X          : float32 (n_rows, n_features)
    first_tree : int64 (n_forests + 1,), where the trees of each forest begin
    first_node : int64 (n_trees + 1,), where the inner nodes of each tree begin
    features   : int32 (n_inner,), feature that a node compares
    thresholds : float32 (n_inner,)
    gone       : int32 (n_inner,): a bit for each leaf, from left to right, 0 where a
                 row whose value is above the threshold does not reach it
    first_leaf : int64 (n_trees + 1,), where the leaves of each tree begin
    leaves     : float64 (n_leaves,), of a tree from left to right, at most 32
    scores     : out, float64 (n_forests, n_rows)

    Every node is asked, and the leftmost leaf that is left is the row's [1]_. Trees are
    added in their order, as ``forest.add_trees`` does, so that both return the same
    bits. Cost: O(n_inner + n_trees) a row, in blocks of rows for which one comparison
    is a few instructions.

    .. [1] Lucchese et al. (2015). "QuickScorer: a fast algorithm to rank documents with
       additive ensembles of regression trees". SIGIR.
    """
    # A whole number of registers; a constant here would be unrolled, and not be fast.
    wide = min(_MOST_ROWS, max(8, -(-X.shape[0] // 8) * 8))
    columns = np.zeros((X.shape[1], wide), np.float32)
    alive = np.empty(wide, np.int32)
    total = np.empty(wide)
    keep = np.int32(-1)
    for begin in range(0, X.shape[0], wide):
        n = min(wide, X.shape[0] - begin)
        for i in range(n):
            for j in range(X.shape[1]):
                columns[j, i] = X[begin + i, j]
        for forest in range(first_tree.shape[0] - 1):
            total[:] = 0.0
            for tree in range(first_tree[forest], first_tree[forest + 1]):
                alive[:] = keep
                for node in range(first_node[tree], first_node[tree + 1]):
                    values, threshold = columns[features[node]], thresholds[node]
                    left = gone[node]
                    for i in range(wide):
                        alive[i] &= left if values[i] > threshold else keep
                at = first_leaf[tree]
                for i in range(n):
                    lowest = np.uint32(alive[i] & -alive[i])
                    place = np.uint32(lowest * _DE_BRUIJN) >> np.uint32(27)
                    total[i] += leaves[at + _PLACES[place]]
            for i in range(n):
                scores[forest, begin + i] = total[i]
