"""The forests laid out so that twenty people cost little more than one.

A forest goes from node to node, and what comes next is known only when the node before
was asked. Trees of at most 32 leaves can do without: every node is asked for all people
at once, each takes the leaves away that a person does not reach, and one is left
(``kernels.small_trees``). The scores are the same bits.
"""

from typing import Protocol

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.kernels.small_trees import MOST_LEAVES, add_small_trees

_LEAF = -1


class Nodes(Protocol):
    """A forest's arrays, as ``kernels.forest`` describes them."""

    roots: Ints
    features: Array
    thresholds: Floats
    children: Array


class FlatTrees:
    """One forest, ready to score many rows at once.

    Raises
    ------
    ValueError
        If a tree has more than 32 leaves.
    """

    def __init__(self, forest: Nodes) -> None:
        features: list[int] = []
        thresholds: list[float] = []
        gone: list[int] = []
        leaves: list[float] = []
        first_node, first_leaf = [0], [0]
        kinds, values = forest.features.tolist(), forest.thresholds.tolist()
        children = forest.children.tolist()

        def flatten(node: int, begin: int) -> None:
            """Add what is below a node, the leaves from left to right."""
            if kinds[node] == _LEAF:
                leaves.append(values[node])
                return
            at, low = len(gone), len(leaves) - begin
            features.append(kinds[node])
            thresholds.append(values[node])
            gone.append(0)
            flatten(children[node][0], begin)
            high = len(leaves) - begin
            gone[at] = ~((1 << high) - (1 << low))
            flatten(children[node][1], begin)

        for root in forest.roots.tolist():
            flatten(root, len(leaves))
            first_node.append(len(features))
            first_leaf.append(len(leaves))
            if first_leaf[-1] - first_leaf[-2] > MOST_LEAVES:
                raise ValueError(
                    f"A tree may have at most {MOST_LEAVES} leaves, got "
                    f"{first_leaf[-1] - first_leaf[-2]}."
                )
        masks = np.array(gone, np.int64) & 0xFFFFFFFF
        self._nodes = (
            np.array(first_node),
            np.array(features, np.int32),
            _below(np.array(thresholds)),
            masks.astype(np.uint32).view(np.int32),
            np.array(first_leaf),
            np.array(leaves),
        )

    def scores(self, X: Array) -> Floats:
        """Return sums of leaves, (n,), for float32 rows (n, n_features)."""
        scores = np.empty(len(X))
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
