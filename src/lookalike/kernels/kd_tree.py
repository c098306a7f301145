"""Search in a k-d tree: boxes too far away are skipped."""

import numpy as np

from lookalike.kernels.best import insert
from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True)
def search(X, order, lower, upper, left, start, stop, Q, first, last, best, rows):
    """The k nearest rows of queries ``first`` to ``last - 1``, nearest first.

    X     : float64 (n_samples, n_features)
    order : int64 (n_samples,), rows so that each node owns a stretch
    lower, upper : float64 (n_nodes, n_features), the box of each node
    left  : int64 (n_nodes,), first of two children side by side, -1 for a leaf
    start, stop : int64 (n_nodes,), the stretch of each node
    best  : out, float64 (n_queries, k), squared distances, 1 <= k <= n_samples
    rows  : out, int64 (n_queries, k), ties by row
    """
    k = best.shape[1]
    nodes = np.empty(left.shape[0], np.int64)
    bounds = np.empty(left.shape[0])
    for q in range(first, last):
        filled = 0
        nodes[0], bounds[0] = 0, 0.0
        waiting = 1
        while waiting > 0:
            waiting -= 1
            node = nodes[waiting]
            if filled == k and bounds[waiting] > best[q, k - 1]:
                continue
            if left[node] < 0:
                for a in range(start[node], stop[node]):
                    i = order[a]
                    d = 0.0
                    for j in range(X.shape[1]):
                        d += (Q[q, j] - X[i, j]) ** 2
                    filled = insert(best[q], rows[q], filled, d, i)
                continue
            one, two = left[node], left[node] + 1
            to_one = _to_box(Q[q], lower[one], upper[one])
            to_two = _to_box(Q[q], lower[two], upper[two])
            if to_one < to_two:
                one, two, to_one, to_two = two, one, to_two, to_one
            # The nearer box is on top of the stack: it is visited next.
            nodes[waiting], bounds[waiting] = one, to_one
            nodes[waiting + 1], bounds[waiting + 1] = two, to_two
            waiting += 2


@njit(cache=True, nogil=True)
def within(
    X, order, lower, upper, left, start, stop, Q, radii, first, last, ends, best, rows
):
    """The rows no further than a radius from queries ``first`` to ``last - 1``.

    radii : float64 (n_queries,), of distances that are not squared
    ends  : int64 (n_queries,), where the rows of each query end in the two below;
        where those have no room, the numbers of rows, out
    best  : out, float64 (n_found,), distances, or none where rows are only counted
    rows  : out, int64 (n_found,), in the order of the tree

    The other parameters are those of ``search``.
    """
    nodes = np.empty(left.shape[0], np.int64)
    for q in range(first, last):
        at = ends[q - 1] if q > 0 and best.shape[0] > 0 else 0
        found = 0
        nodes[0] = 0
        waiting = 1
        while waiting > 0:
            waiting -= 1
            node = nodes[waiting]
            if np.sqrt(_to_box(Q[q], lower[node], upper[node])) > radii[q]:
                continue
            if left[node] >= 0:
                nodes[waiting], nodes[waiting + 1] = left[node], left[node] + 1
                waiting += 2
                continue
            for a in range(start[node], stop[node]):
                i = order[a]
                d = 0.0
                for j in range(X.shape[1]):
                    d += (Q[q, j] - X[i, j]) ** 2
                d = np.sqrt(d)
                if d <= radii[q]:
                    if best.shape[0] > 0:
                        best[at + found], rows[at + found] = d, i
                    found += 1
        if best.shape[0] == 0:
            ends[q] = found


@njit(cache=True, nogil=True, forceinline=True)
def _to_box(q, lower, upper):
    """Squared distance of a point to a box, never above that to a row inside.

    Each term is at most the row's own, rounded alike and summed in the same order.
    """
    total = 0.0
    for j in range(q.shape[0]):
        gap = max(lower[j] - q[j], q[j] - upper[j], 0.0)
        total += gap**2
    return total
