"""Shared by the decision trees: presorted columns, the grown tree, pruning."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.kernels import tree as kernels
from lookalike.kernels.tree import NONE, Columns, Limits, Targets

UNDEFINED = -2  # feature and threshold of a leaf, as in scikit-learn


@dataclass(frozen=True)
class Tree:
    """A binary tree as arrays over its nodes; names are scikit-learn's.

    Children follow their parent, the left one's subtree before the right one, unless
    the tree was grown best first.
    """

    n_features: int
    children_left: Ints  # (node_count,), -1 for leaves
    children_right: Ints
    feature: Ints  # -2 for leaves
    threshold: Floats  # to the left goes what is at most this; -2 for leaves
    missing_go_to_left: Array  # uint8, whether NaN goes to the left; 0 for leaves
    impurity: Floats
    n_node_samples: Ints
    weighted_n_node_samples: Floats
    value: Floats  # (node_count, n_outputs, max_n_classes) shares, or (..., 1) mean
    depth: Ints  # 0 for the root
    n_classes: Ints  # (n_outputs,), 1 for numbers

    @property
    def node_count(self) -> int:
        """Number of nodes."""
        return len(self.feature)

    @property
    def n_outputs(self) -> int:
        """Number of outputs."""
        return len(self.n_classes)

    @property
    def max_n_classes(self) -> int:
        """Number of classes of the output that has most."""
        return int(self.n_classes.max())

    @property
    def max_depth(self) -> int:
        """Depth of the deepest leaf."""
        return int(self.depth.max())

    @property
    def n_leaves(self) -> int:
        """Number of leaves."""
        return int((self.children_left == NONE).sum())

    def apply(self, X: Array) -> Ints:
        """Leaf of each row."""
        leaves = np.empty(len(X), np.int64)
        kernels.leaves_of(
            X,
            self.children_left,
            self.children_right,
            self.feature,
            self.threshold,
            self.missing_go_to_left,
            leaves,
        )
        return leaves

    def importances(self) -> Floats:
        """Share of each feature in the decrease of impurity."""
        inner = self.children_left != NONE
        left, right = self.children_left[inner], self.children_right[inner]
        mass = self.weighted_n_node_samples * self.impurity
        decrease = np.maximum(mass[inner] - mass[left] - mass[right], 0)  # rounding
        total = np.bincount(
            self.feature[inner], decrease, minlength=self.n_features
        ).astype(np.float64)
        return total / total.sum() if total.sum() > 0 else total

    def without(self, nodes: Array) -> "Tree":
        """The tree in which the given inner nodes are leaves, numbered in preorder."""
        cut = np.zeros(self.node_count, bool)
        cut[nodes] = True
        order, stack = [], [0]
        while stack:
            t = stack.pop()
            order.append(t)
            if not cut[t] and self.children_left[t] != NONE:
                stack += [int(self.children_right[t]), int(self.children_left[t])]
        kept = np.array(order)
        position = np.full(self.node_count + 1, NONE)  # the last is that of NONE
        position[kept] = np.arange(len(kept))
        leaf = cut[kept]

        def pick(values: Array, at_leaves: Any) -> Array:
            return np.where(leaf, at_leaves, values[kept])

        return replace(
            self,
            children_left=position[pick(self.children_left, NONE)],
            children_right=position[pick(self.children_right, NONE)],
            feature=pick(self.feature, UNDEFINED),
            threshold=pick(self.threshold, UNDEFINED),
            missing_go_to_left=pick(self.missing_go_to_left, 0),
            impurity=self.impurity[kept],
            n_node_samples=self.n_node_samples[kept],
            weighted_n_node_samples=self.weighted_n_node_samples[kept],
            value=self.value[kept],
            depth=self.depth[kept],
        )

    def weakest_links(self) -> tuple[Floats, Floats, Ints]:
        r"""Order in which cost-complexity pruning makes leaves of inner nodes.

        With :math:`R(t)` the impurity of node t times its share of the weight, and
        :math:`T_t` the subtree below it, each step cuts the node of least

        .. math:: \alpha(t) = \frac{R(t) - R(T_t)}{|T_t| - 1}.

        Returns the alphas and the impurities of the whole tree, both from the uncut
        tree on, and the nodes cut.
        """
        cost = self.weighted_n_node_samples * self.impurity
        cost /= self.weighted_n_node_samples[0]
        return kernels.weakest_links(self.children_left, self.children_right, cost)

    def pruned(self, ccp_alpha: float) -> "Tree":
        """The smallest subtree of least cost, impurity plus alpha times its leaves."""
        alphas, _, nodes = self.weakest_links()
        n_cuts = int((np.maximum.accumulate(alphas[1:]) <= ccp_alpha).sum())
        return self.without(nodes[:n_cuts])


def sorted_columns(X: Array) -> Columns:
    """Entries of every feature in the order of their values, NaN last.

    Whole numbers of a small range, such as pixels, are sorted by counting.
    """
    n, n_features = X.shape
    small = X.dtype == np.uint8 or n <= 2**16
    # Memory reserved for rows of the default value is never touched.
    rows = np.empty(n * n_features, np.int32)
    ranks = np.empty(n * n_features, np.uint16 if small else np.int32)
    starts, default = np.zeros(n_features + 1, np.int64), np.empty(n_features, np.int64)
    missing = np.full(n_features, NONE)
    values, found = [], np.empty(max(n, 256))
    for j in range(n_features):
        if j % 64 == 0:  # a few columns at a time: X is stored by rows
            block = np.ascontiguousarray(X[:, j : j + 64].T)
        column = block[j % 64]
        out = slice(starts[j], starts[j] + n)
        if X.dtype == np.uint8:
            n_entries, n_values, default[j] = kernels.sort_bytes(
                column, rows[out], ranks[out], found
            )
        else:
            n_entries, n_values, default[j], missing[j] = kernels.rank_sorted(
                column, np.argsort(column), rows[out], ranks[out], found
            )
        starts[j + 1] = starts[j] + n_entries
        values.append(found[:n_values].copy())
    value_starts = np.cumsum([0] + [len(v) for v in values])
    n_entries = starts[-1]
    return Columns(
        rows[:n_entries],
        ranks[:n_entries],
        starts,
        default,
        missing,
        np.concatenate(values),
        value_starts,
    )


def grown(
    X: Array, targets: Targets, limits: Limits, seed: int, n_classes: Ints
) -> Tree:
    """Tree grown on rows of positive weight; ``n_classes`` of each output."""
    columns = sorted_columns(X)
    whole, real, stats = kernels.grow(columns, targets, limits, len(X), seed)
    leaf = whole[:, kernels.LEFT] == NONE
    weight = real[:, kernels.WEIGHT].copy()
    value = np.zeros((len(stats), len(n_classes), n_classes.max()))
    start = int(targets.criterion == kernels.SQUARED_ERROR)  # behind the weight
    for k, n in enumerate(n_classes):
        value[:, k, :n] = stats[:, start : start + n] / weight[:, None]
        start += n
    tree = Tree(
        n_features=X.shape[1],
        children_left=whole[:, kernels.LEFT].copy(),
        children_right=whole[:, kernels.RIGHT].copy(),
        feature=np.where(leaf, UNDEFINED, whole[:, kernels.FEATURE]),
        threshold=np.where(leaf, UNDEFINED, real[:, kernels.THRESHOLD]),
        missing_go_to_left=np.where(leaf, 0, whole[:, kernels.MISSING_LEFT]).astype(
            np.uint8
        ),
        impurity=real[:, kernels.IMPURITY].copy(),
        n_node_samples=whole[:, kernels.N_SAMPLES].copy(),
        weighted_n_node_samples=weight,
        value=value,
        depth=whole[:, kernels.DEPTH].copy(),
        n_classes=n_classes,
    )
    return tree if limits.max_leaf_nodes > 0 else tree.without(np.empty(0, int))
