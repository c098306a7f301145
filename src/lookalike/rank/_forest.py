"""Boosted trees as arrays; every index is checked when they are read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from lookalike._parallel import run_slices
from lookalike._typing import Array, Floats, Ints
from lookalike.kernels.forest import LEAF, add_trees, leaves_of

GRAIN = 256  # rows a thread takes at a time


@dataclass(frozen=True)
class Forest:
    """The nodes of all trees, concatenated; see ``lookalike.kernels.forest.add_trees``.

    roots : int64 (n_trees,), first node of each tree
    features : int32 (n_nodes,), feature that a node compares; ``LEAF`` at leaves
    thresholds : float64 (n_nodes,); at leaves the value that is added to the score
    children : int32 (n_nodes, 2), next node where feature <= threshold, and where not
    """

    roots: Ints
    features: Array
    thresholds: Floats
    children: Array
    n_features: int

    def scores(self, X: Array, n_jobs: int | None = None) -> Floats:
        """Sum of the leaves, (n_rows,), for X float32 (n_rows, n_features)."""
        scores = np.empty(len(X))
        nodes = (self.roots, self.features, self.thresholds, self.children)

        def work(first: int, last: int) -> None:
            add_trees(X, *nodes, first, last, scores)

        run_slices(work, len(X), n_jobs, GRAIN)
        return scores

    @property
    def n_leaves(self) -> int:
        """Leaves of all trees."""
        return int((self.features == LEAF).sum())

    def leaves(self, X: Array) -> Array:
        """Number of the leaf of each tree, int32 (n_rows, n_trees), below n_leaves.

        No two leaves of the forest have the same number.
        """
        found = np.empty((len(X), len(self.roots)), np.int32)
        nodes = (self.roots, self.features, self.thresholds, self.children)
        leaves_of(X, *nodes, found)
        number = np.cumsum(self.features == LEAF) - 1
        return number.astype(np.int32)[found]

    def arrays(self) -> dict[str, Array]:
        """Return the arrays by name."""
        return {
            "roots": self.roots,
            "features": self.features,
            "thresholds": self.thresholds,
            "children": self.children,
            "n_features": np.array([self.n_features], np.int64),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Return the forest of these arrays.

        Raises
        ------
        ValueError
            If an index leads outside the arrays or backwards.
        """
        forest = cls(
            np.ascontiguousarray(arrays["roots"], np.int64),
            np.ascontiguousarray(arrays["features"], np.int32),
            np.ascontiguousarray(arrays["thresholds"], np.float64),
            np.ascontiguousarray(arrays["children"], np.int32),
            int(arrays["n_features"][0]),
        )
        forest._check()
        return forest

    def _check(self) -> None:
        n = len(self.features)
        inner = self.features != LEAF
        later = self.children > np.arange(n)[:, None]  # so that every walk ends
        whole = (
            self.thresholds.shape == (n,)
            and self.children.shape == (n, 2)
            and np.isfinite(self.thresholds).all()
            and ((self.features >= LEAF) & (self.features < self.n_features)).all()
            and (later & (self.children < n))[inner].all()
            and ((self.roots >= 0) & (self.roots < n)).all()
        )
        if not whole:
            raise ValueError("its trees are not trees.")
