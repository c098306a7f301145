"""The order of a list in which what is alike counts less and less."""

import numpy as np

from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True)
def diminishing_order(
    value, first, second, falls, cap, beyond, order, gain, n_first, n_second
):
    """Take the greatest gain at each place in turn, until all are taken.

    value    : float64 (n,)
    first, second : int64 (n,), two groups of each, such as author and topic
    falls    : two factors in (0, 1], by which a positive value shrinks with each item
               of the same group above
    cap      : items of one first group, behind which ``beyond`` multiplies, too
    order    : out, int64 (n,)
    gain     : out, float64 (n,), in that order; it never rises
    n_first, n_second : int64, zeros, one a group; changed

    Ties go to the item that comes first. Cost: O(n^2).
    """
    n = value.shape[0]
    now = value.copy()
    taken = np.zeros(n, np.bool_)
    for place in range(n):
        best = -1
        for i in range(n):
            if not taken[i] and (best < 0 or now[i] > now[best]):
                best = i
        taken[best] = True
        order[place], gain[place] = best, now[best]
        n_first[first[best]] += 1
        n_second[second[best]] += 1
        for i in range(n):
            same = first[i] == first[best]
            if taken[i] or value[i] <= 0 or not (same or second[i] == second[best]):
                continue
            if same:
                now[i] *= falls[0]
                if n_first[first[i]] == cap:
                    now[i] *= beyond
            if second[i] == second[best]:
                now[i] *= falls[1]
