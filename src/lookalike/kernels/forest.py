"""Sums over the trees of a forest."""

import numpy as np

from lookalike.kernels.compiled import njit

LEAF = -1  # in place of a feature


@njit(cache=True, nogil=True)
def add_trees(X, roots, features, thresholds, children, first, last, scores):
    """``scores[i]`` = sum over trees of the leaf that row i falls into.

    X          : float32 (n_rows, n_features), C-contiguous, finite
    roots      : int64 (n_trees,), first node of each tree
    features   : int32 (n_nodes,), below n_features, or LEAF
    thresholds : float64 (n_nodes,), a leaf's is its value
    children   : int32 (n_nodes, 2), below n_nodes and after their parent: where a value
                 of at most the threshold goes, and where a larger one
    scores     : out, float64 (n_rows,), of which ``first`` to ``last - 1`` are written

    Trees are added in their order, one row at a time, so that a row's score does not
    depend on the others. Cost: O(n_trees * depth) a row.
    """
    for i in range(first, last):
        total = 0.0
        for tree in range(roots.shape[0]):
            node = roots[tree]
            while features[node] != LEAF:
                right = np.float64(X[i, features[node]]) > thresholds[node]
                node = children[node, 1 if right else 0]
            total += thresholds[node]
        scores[i] = total


@njit(cache=True, nogil=True)
def leaves_of(X, roots, features, thresholds, children, leaf):
    """Number of the leaf of each tree that each row falls into.

    X, roots, features, thresholds, children : as in ``add_trees``
    leaf : out, int32 (n_rows, n_trees), the node at which the row ends

    Cost: O(n_trees * depth) a row.
    """
    for i in range(X.shape[0]):
        for tree in range(roots.shape[0]):
            node = roots[tree]
            while features[node] != LEAF:
                right = np.float64(X[i, features[node]]) > thresholds[node]
                node = children[node, 1 if right else 0]
            leaf[i, tree] = node
