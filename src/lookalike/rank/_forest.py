"""Boosted trees as arrays: grown by LightGBM, evaluated without it.

LightGBM's parser of model files trusts the file. Here a forest is four arrays, and
every index is checked when they are read. Scores are those of LightGBM to the last
digit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from lookalike._parallel import run_slices
from lookalike._typing import Array, Floats, Ints
from lookalike.kernels.forest import LEAF, add_trees

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


def learn_forest(
    params: Mapping[str, Any],
    n_estimators: int,
    X: Array,
    y: Floats,
    weight: Floats | None,
    groups: Ints | None = None,
) -> Forest:
    """Let LightGBM grow ``n_estimators`` trees; the same seed grows the same ones."""
    try:
        import lightgbm
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "Boosted trees need lightgbm: pip install 'lookalike[rank]'."
        ) from error
    fixed = {
        "verbosity": -1,
        "deterministic": True,
        "force_row_wise": True,
        "use_missing": False,
        "feature_pre_filter": False,
    }
    rows = lightgbm.Dataset(X, y, weight=weight, group=groups, params=fixed)
    booster = lightgbm.train({**fixed, **params}, rows, n_estimators)
    return read_forest(booster.model_to_string(), X.shape[1])


def read_forest(text: str, n_features: int) -> Forest:
    """Return the forest of a LightGBM model text without categorical splits.

    Raises
    ------
    ValueError
        If the text does not hold trees.
    """
    parts = [_tree(part) for part in text.split("\nTree=")[1:]]
    roots = np.cumsum([0, *(len(features) for features, _, _ in parts)])[:-1]
    children = [
        np.where(features[:, None] == LEAF, 0, below + root)
        for root, (features, _, below) in zip(roots, parts, strict=True)
    ]
    forest = Forest(
        roots.astype(np.int64),
        np.concatenate([features for features, _, _ in parts]).astype(np.int32),
        np.concatenate([thresholds for _, thresholds, _ in parts]),
        np.concatenate(children).astype(np.int32),
        n_features,
    )
    forest._check()
    return forest


def _tree(text: str) -> tuple[Array, Floats, Array]:
    """Features, thresholds and children of one tree: its splits, then its leaves."""
    fields = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    values = np.array(fields["leaf_value"].split(), np.float64)
    n_splits = len(values) - 1
    no_children = np.zeros((len(values), 2), np.int64)
    leaves = np.full(len(values), LEAF)
    if not n_splits:
        return leaves, values, no_children
    split = {
        name: np.array(fields[name].split(), kind)
        for name, kind in (
            *(("split_feature", np.int64), ("threshold", np.float64)),
            *(("left_child", np.int64), ("right_child", np.int64)),
        )
    }
    below = np.stack([split["left_child"], split["right_child"]], axis=1)
    below = np.where(below < 0, n_splits - 1 - below, below)  # -1 - i is its leaf i
    return (
        np.concatenate([split["split_feature"], leaves]),
        np.concatenate([split["threshold"], values]),
        np.concatenate([below, no_children]),
    )
