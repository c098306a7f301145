"""One boosted tree on binned features: histograms, splits, growth leaf by leaf.

Every value is a code, the number of its bin. A leaf's histogram holds, for each bin,
the sums of the gradients and Hessians of its rows and their number. The best split of a
leaf is read from it in one pass.

Two things save most of the work. Of two children only the smaller one's rows are
counted: the larger one's histogram is the difference to the parent's. And the most
frequent code of a feature is not counted at all: it is what the other codes leave of
the leaf's sums (many features of documents are zero nearly everywhere).
"""

from typing import NamedTuple

import numpy as np

from lookalike.kernels.compiled import njit
from lookalike.kernels.forest import LEAF

GRADIENT, HESSIAN, ROWS = range(3)  # what is summed in each bin
MOST_BINS = 256  # of a feature: codes are bytes


class Bins(NamedTuple):
    """The codes of all rows, by feature and by row."""

    codes: np.ndarray  # uint8 (n_features, n_rows), C-contiguous
    starts: np.ndarray  # int64 (n_features + 1,), first bin of each feature
    default: np.ndarray  # int64 (n_features,), most frequent code
    entries: np.ndarray  # uint16 or uint32 (n_entries,), bins of all codes but those
    row_starts: np.ndarray  # int64 (n_rows + 1,), first entry of each row


class Limits(NamedTuple):
    """Where growth ends."""

    num_leaves: int
    min_child_samples: int
    min_child_hessian: float
    reg_lambda: float


class Tree(NamedTuple):
    """Room for the 2 * num_leaves - 1 nodes of a tree; children follow their parent."""

    features: np.ndarray  # int32, LEAF at leaves
    codes: np.ndarray  # int32, the last code that goes left
    values: np.ndarray  # float64, of leaves
    children: np.ndarray  # int32 (n_nodes, 2)


@njit(cache=True, nogil=True)
def bin_edges(values, counts, edges):
    """Limits between bins of about equally many rows; returns how many there are.

    values : float64 (n_values,), rising
    counts : int64 (n_values,), rows of each
    edges  : out, float64, as many as bins are allowed, less one

    Where there are no more values than bins, each has its own. Otherwise a value with
    its share of the rows or more has its own, and the others are put together until
    they have theirs.
    """
    n_values, n_left, n_bins = values.shape[0], counts.sum(), edges.shape[0] + 1
    n_edges, filled = 0, 0
    for i in range(n_values - 1):
        filled += counts[i]
        share = n_left / (n_bins - n_edges)
        full = n_values <= n_bins or filled >= share or counts[i + 1] >= share
        if full and n_edges < edges.shape[0]:
            edges[n_edges] = 0.5 * values[i] + 0.5 * values[i + 1]
            n_edges += 1
            n_left -= filled
            filled = 0
    return n_edges


@njit(cache=True, nogil=True)
def list_entries(codes, starts, default, row_starts, entries):
    """Fill ``row_starts`` and ``entries`` of ``Bins``; they are long enough."""
    n_entries = 0
    for i in range(codes.shape[1]):
        row_starts[i] = n_entries
        for j in range(codes.shape[0]):
            if codes[j, i] != default[j]:
                entries[n_entries] = starts[j] + codes[j, i]
                n_entries += 1
    row_starts[codes.shape[1]] = n_entries


@njit(cache=True, nogil=True, error_model="numpy")
def grow_tree(
    bins, chosen, gradients, hessians, rows, histograms, limits, tree, leaf_of
):
    """Grow one tree, always splitting the leaf whose split gains the most.

    chosen     : int64 (n_chosen,), features that may be split
    gradients, hessians : float64 (n_rows,), of the loss by the score
    rows       : int32 (n_used,), rows to grow from, rising; they are reordered
    histograms : float64 (num_leaves, n_bins, 3), scratch
    tree       : out
    leaf_of    : out, int32 (n_rows,), of the rows that are used: the node they end in

    A split of the sums G, H into left and right gains

        G_l^2 / (H_l + reg_lambda) + G_r^2 / (H_r + reg_lambda) - G^2 / (H + reg_lambda)

    and the value of a leaf is -G / (H + reg_lambda), a Newton step, or 0 where nothing
    is divided by. Of equal gains the first feature and the smallest code win. Returns
    the number of nodes.

    Cost: O(depth * n_entries + num_leaves * n_bins).
    """
    most = limits.num_leaves
    node_of = np.zeros(most, np.int64)
    slot = np.arange(most)  # where the histogram of each leaf lies
    first, last = np.zeros(most, np.int64), np.zeros(most, np.int64)
    sums = np.zeros((most, 3))
    gain = np.full(most, -np.inf)
    split = np.empty((most, 2), np.int64)  # feature and code
    scratch = np.empty_like(rows)
    starts = bins.starts

    last[0] = rows.shape[0]
    add_rows(bins, gradients, hessians, rows, histograms[0], sums[0])
    whole = _term(sums[0, GRADIENT], sums[0, HESSIAN], limits)
    for j in chosen:
        part = histograms[0, starts[j] : starts[j + 1]]
        fill_default(part, bins.default[j], sums[0])
        gain[0] = better_split(part, j, sums[0], whole, limits, gain[0], split[0])
    n_leaves, n_nodes = 1, 1
    while n_leaves < most:
        leaf = np.argmax(gain[:n_leaves])
        if not gain[leaf] > 0.0:
            break
        feature, code = split[leaf]
        node, new = node_of[leaf], n_leaves
        tree.features[node], tree.codes[node] = feature, code
        tree.children[node, 0], tree.children[node, 1] = n_nodes, n_nodes + 1
        node_of[leaf], node_of[new] = n_nodes, n_nodes + 1
        own = rows[first[leaf] : last[leaf]]
        middle = first[leaf] + partition(bins.codes[feature], code, own, scratch)
        first[new], last[new], last[leaf] = middle, last[leaf], middle
        n_leaves, n_nodes = n_leaves + 1, n_nodes + 2

        few, many = leaf, new
        if last[leaf] - first[leaf] > last[new] - first[new]:
            few, many = new, leaf
        slot[few], slot[many] = new, slot[leaf]  # the parent's becomes that of the many
        for part in range(3):
            sums[many, part] = sums[leaf, part]
        own = rows[first[few] : last[few]]
        fewer, more = histograms[slot[few]], histograms[slot[many]]
        add_rows(bins, gradients, hessians, own, fewer, sums[few])
        for part in range(3):
            sums[many, part] -= sums[few, part]
        gain[few] = gain[many] = -np.inf
        whole = _term(sums[few, GRADIENT], sums[few, HESSIAN], limits)
        rest = _term(sums[many, GRADIENT], sums[many, HESSIAN], limits)
        for j in chosen:
            one, other = (
                fewer[starts[j] : starts[j + 1]],
                more[starts[j] : starts[j + 1]],
            )
            fill_default(one, bins.default[j], sums[few])
            subtract(other, one)
            gain[few] = better_split(
                one, j, sums[few], whole, limits, gain[few], split[few]
            )
            gain[many] = better_split(
                other, j, sums[many], rest, limits, gain[many], split[many]
            )
    for leaf in range(n_leaves):
        node = node_of[leaf]
        tree.features[node] = LEAF
        curvature = sums[leaf, HESSIAN] + limits.reg_lambda
        # Without curvature there is no step: nothing is left to learn, or nothing was.
        tree.values[node] = -sums[leaf, GRADIENT] / curvature if curvature > 0 else 0.0
        for p in range(first[leaf], last[leaf]):
            leaf_of[rows[p]] = node
    return n_nodes


@njit(cache=True, nogil=True, error_model="numpy")
def _term(gradient, hessian, limits):
    return gradient * gradient / (hessian + limits.reg_lambda)


@njit(cache=True, nogil=True)
def add_rows(bins, gradients, hessians, rows, histogram, sums):
    """Sums over some rows: of each entry's bin, and of all."""
    histogram[:] = 0.0
    entries, row_starts = bins.entries, bins.row_starts
    gradient, hessian = 0.0, 0.0
    for i in rows:
        g, h = gradients[i], hessians[i]
        gradient += g
        hessian += h
        for place in entries[row_starts[i] : row_starts[i + 1]]:
            # All loads before the stores: else each store waits for the one before.
            a, b, c = histogram[place, 0], histogram[place, 1], histogram[place, 2]
            histogram[place, 0] = a + g
            histogram[place, 1] = b + h
            histogram[place, 2] = c + 1.0
    sums[GRADIENT], sums[HESSIAN], sums[ROWS] = gradient, hessian, rows.shape[0]


@njit(cache=True, nogil=True)
def fill_default(part, default, sums):
    """Give the most frequent code of a feature what the others leave of the sums."""
    g, h, n = 0.0, 0.0, 0.0
    for code in range(part.shape[0]):
        g += part[code, GRADIENT]
        h += part[code, HESSIAN]
        n += part[code, ROWS]
    part[default, GRADIENT] = sums[GRADIENT] - g
    part[default, HESSIAN] = max(sums[HESSIAN] - h, 0.0)
    part[default, ROWS] = sums[ROWS] - n


@njit(cache=True, nogil=True)
def subtract(part, other):
    """Take another histogram of a feature off."""
    for code in range(part.shape[0]):
        for each in range(3):
            part[code, each] -= other[code, each]


@njit(cache=True, nogil=True, error_model="numpy")
def better_split(part, feature, sums, whole, limits, best, split):
    """Write the best split of one feature if it gains more than ``best``; return which.

    part : (n_codes, 3), a feature's histogram
    sums : (3,), of the leaf
    """
    least, least_hessian = limits.min_child_samples, limits.min_child_hessian
    g, h, n = 0.0, 0.0, 0.0
    for code in range(part.shape[0] - 1):
        if part[code, ROWS] == 0.0:
            continue
        g += part[code, GRADIENT]
        h += part[code, HESSIAN]
        n += part[code, ROWS]
        if n < least or h < least_hessian:
            continue
        rest, rest_hessian = sums[GRADIENT] - g, sums[HESSIAN] - h
        if sums[ROWS] - n < least or rest_hessian < least_hessian:
            break
        left, right = h + limits.reg_lambda, rest_hessian + limits.reg_lambda
        # One division for both terms.
        gain = (g * g * right + rest * rest * left) / (left * right) - whole
        if gain > best:
            best = gain
            split[0], split[1] = feature, code
    return best


@njit(cache=True, nogil=True)
def find_leaves(codes, tree, leaf_of):
    """The node of a tree that each row ends in, int32 (n_rows,)."""
    for i in range(codes.shape[1]):
        node = 0
        while tree.features[node] != LEAF:
            right = codes[tree.features[node], i] > tree.codes[node]
            node = tree.children[node, 1 if right else 0]
        leaf_of[i] = node


@njit(cache=True, nogil=True)
def partition(codes, code, rows, scratch):
    """Bring rows with a code of at most ``code`` to the front, in order; count them."""
    n_left, n_right = 0, 0
    for i in rows:
        left = codes[i] <= code
        rows[n_left] = i
        scratch[n_right] = i
        n_left += left
        n_right += not left
    for p in range(n_right):
        rows[n_left + p] = scratch[p]
    return n_left
