"""Forests laid out so that twenty rows cost little more than one.

A forest goes from node to node, and what comes next is known only when the node before
was asked. Trees of at most 32 leaves can do without: every node is asked for all rows
at once, each takes the leaves away that a row does not reach, and one is left
(``kernels.small_trees``). The scores are the same bits.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.kernels.forest import LEAF
from lookalike.kernels.small_trees import MOST_LEAVES, add_small_trees
from lookalike.rank.boosted_ranker import BoostedRanker


class _Lists(NamedTuple):
    features: list[int]
    thresholds: list[float]
    children: list[list[int]]


class FlatTrees:
    """The forests of a few rankers, ready to score many rows at once.

    Raises
    ------
    ValueError
        If a tree has more than 32 leaves.
    """

    def __init__(self, rankers: Iterable[BoostedRanker]) -> None:
        features: list[int] = []
        thresholds: list[float] = []
        gone: list[int] = []
        leaves: list[float] = []
        first_tree, first_node, first_leaf = [0], [0], [0]

        def flatten(nodes: _Lists, node: int) -> None:
            """Add what is below a node, the leaves from left to right."""
            if nodes.features[node] == LEAF:
                leaves.append(nodes.thresholds[node])
                return
            at, low = len(gone), len(leaves) - first_leaf[-1]
            features.append(nodes.features[node])
            thresholds.append(nodes.thresholds[node])
            gone.append(0)
            left, right = nodes.children[node]
            flatten(nodes, left)
            high = len(leaves) - first_leaf[-1]
            gone[at] = ~((1 << high) - (1 << low)) & 0xFFFFFFFF
            flatten(nodes, right)

        for forest in (ranker.forest_ for ranker in rankers):
            lists = _Lists(
                forest.features.tolist(),
                forest.thresholds.tolist(),
                forest.children.tolist(),
            )
            for root in forest.roots.tolist():
                flatten(lists, root)
                n = len(leaves) - first_leaf[-1]
                if n > MOST_LEAVES:
                    raise ValueError(
                        f"A tree may have at most {MOST_LEAVES} leaves, got {n}."
                    )
                first_node.append(len(features))
                first_leaf.append(len(leaves))
            first_tree.append(len(first_leaf) - 1)
        self._nodes = (
            np.array(first_tree),
            np.array(first_node),
            np.array(features, np.int32),
            _below(np.array(thresholds, np.float64)),
            np.array(gone, np.uint32).view(np.int32),
            np.array(first_leaf),
            np.array(leaves),
        )
        self._n_forests = len(first_tree) - 1

    def scores(self, X: Array) -> Floats:
        """Return sums of leaves, (n_forests, n), for float32 rows (n, n_features)."""
        scores = np.empty((self._n_forests, len(X)))
        add_small_trees(X, *self._nodes, scores)
        return scores


def _below(thresholds: Floats) -> Array:
    """Return the largest float32 not above each: no float32 lies between the two.

    Examples
    --------
    >>> _below(np.array([0.5, 0.1])) > np.array([0.5, 0.1])
    array([False, False])
    """
    found = thresholds.astype(np.float32)
    return np.where(
        found.astype(np.float64) > thresholds,
        np.nextafter(found, np.float32(-np.inf)),
        found,
    )
