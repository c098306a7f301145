"""The k best so far: a short list in order, a long one as a heap.

A pair (d, i) is better than another if d is lower, or d is equal and i is lower: the
result does not depend on the order of the pairs.
"""

from lookalike.kernels.compiled import njit

HEAP = 128  # more than this are kept in a heap, fewer in order


@njit(cache=True, nogil=True, forceinline=True)
def insert(distances, indices, n, d, i):
    """Insert (d, i) into the ``n`` best so far, in order; returns the new count."""
    k = distances.shape[0]
    if n == k:
        if d > distances[k - 1] or (d == distances[k - 1] and i > indices[k - 1]):
            return n
        slot = k - 1
    else:
        slot = n
        n += 1
    while slot > 0 and (
        d < distances[slot - 1] or (d == distances[slot - 1] and i < indices[slot - 1])
    ):
        distances[slot] = distances[slot - 1]
        indices[slot] = indices[slot - 1]
        slot -= 1
    distances[slot] = d
    indices[slot] = i
    return n


@njit(cache=True, nogil=True, forceinline=True)
def push(distances, indices, n, d, i):
    """Put (d, i) among the ``n`` best so far, a heap, worst first; the new count."""
    if n < distances.shape[0]:
        slot = n
        while slot > 0:
            above = (slot - 1) // 2
            if distances[above] > d or (distances[above] == d and indices[above] > i):
                break
            distances[slot] = distances[above]
            indices[slot] = indices[above]
            slot = above
        distances[slot] = d
        indices[slot] = i
        return n + 1
    if d < distances[0] or (d == distances[0] and i < indices[0]):
        sink(distances, indices, n, d, i)
    return n


@njit(cache=True, nogil=True)
def sink(distances, indices, n, d, i):
    """Replace the worst of a heap of ``n`` by (d, i)."""
    slot = 0
    while 2 * slot + 1 < n:
        worse = 2 * slot + 1
        if worse + 1 < n and (
            distances[worse + 1] > distances[worse]
            or (
                distances[worse + 1] == distances[worse]
                and indices[worse + 1] > indices[worse]
            )
        ):
            worse += 1
        if distances[worse] < d or (distances[worse] == d and indices[worse] < i):
            break
        distances[slot] = distances[worse]
        indices[slot] = indices[worse]
        slot = worse
    distances[slot] = d
    indices[slot] = i


@njit(cache=True, nogil=True)
def sort_heap(distances, indices, n):
    """Bring a heap of ``n`` into order, nearest first."""
    for last in range(n - 1, 0, -1):
        d, i = distances[last], indices[last]
        distances[last], indices[last] = distances[0], indices[0]
        sink(distances, indices, last, d, i)


@njit(cache=True, nogil=True)
def k_smallest(every, distances, indices):
    """The k smallest of each row of ``every``, the earlier of equal ones first.

    every : float64 (n, n_values)
    distances, indices : out, float64 and int64 (n, k), 1 <= k <= n_values
    """
    k = distances.shape[1]
    for q in range(every.shape[0]):
        best, found, filled = distances[q], indices[q], 0
        for i in range(every.shape[1]):
            d = every[q, i]
            if filled < k:
                if k > HEAP:
                    filled = push(best, found, filled, d, i)
                else:
                    filled = insert(best, found, filled, d, i)
            elif k > HEAP:
                if d < best[0]:
                    push(best, found, filled, d, i)
            elif d < best[k - 1]:
                insert(best, found, filled, d, i)
        if k > HEAP:
            sort_heap(best, found, filled)
