"""The assignment problem: pairs of rows and columns with the least sum of costs.

Shortest augmenting paths, one row after the other, with the prices of Jonker and
Volgenant in the form of Crouse: "On implementing 2D rectangular assignment algorithms"
(2016), IEEE Transactions on Aerospace and Electronic Systems 52. Ties are broken as
SciPy does, whose answers these are, without the cost of a call for each small problem.
"""

import numpy as np

from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True)
def assign(cost, column_of):
    """Write the column of each row to column_of, -1 where there are fewer columns.

    cost : float64 (n, m), finite
    column_of : int64 (n,)

    Cost: O(min(n, m)**2 * max(n, m)).
    """
    n, m = cost.shape
    if n <= m:
        row_of = np.empty(m, np.int64)
        solve(cost, column_of, row_of)
        return
    turned = np.ascontiguousarray(cost.T)
    of_columns = np.empty(m, np.int64)
    solve(turned, of_columns, column_of)


@njit(cache=True, nogil=True)
def solve(cost, column_of, row_of):
    """Assign a column to each row, of which there are not more.

    cost : float64 (n, m), n <= m
    column_of : int64 (n,); row_of : int64 (m,), -1 where a column has no row; written
    """
    n, m = cost.shape
    u, v = np.zeros(n), np.zeros(m)
    shortest = np.empty(m)
    path, remaining = np.empty(m, np.int64), np.empty(m, np.int64)
    in_rows, in_columns = np.empty(n, np.bool_), np.empty(m, np.bool_)
    for i in range(n):
        column_of[i] = -1
    for j in range(m):
        row_of[j] = -1
        path[j] = -1
    for first in range(n):
        least = 0.0
        n_left = m
        for at in range(m):
            remaining[at] = m - at - 1
            in_columns[at] = False
            shortest[at] = np.inf
        for i in range(n):
            in_rows[i] = False
        i, sink = first, -1
        while sink < 0:
            best, lowest = -1, np.inf
            in_rows[i] = True
            for at in range(n_left):
                j = remaining[at]
                length = least + cost[i, j] - u[i] - v[j]
                if length < shortest[j]:
                    path[j] = i
                    shortest[j] = length
                # Of equal ones a column that is free ends the search.
                if shortest[j] < lowest or (shortest[j] == lowest and row_of[j] < 0):
                    lowest = shortest[j]
                    best = at
            if lowest == np.inf:  # a cost is no number: nothing more is assigned
                return
            least = lowest
            j = remaining[best]
            if row_of[j] < 0:
                sink = j
            else:
                i = row_of[j]
            in_columns[j] = True
            n_left -= 1
            remaining[best] = remaining[n_left]
        u[first] += least
        for i in range(n):
            if in_rows[i] and i != first:
                u[i] += least - shortest[column_of[i]]
        for j in range(m):
            if in_columns[j]:
                v[j] -= least - shortest[j]
        j = sink
        while True:
            i = path[j]
            row_of[j] = i
            before = column_of[i]
            column_of[i] = j
            j = before
            if i == first:
                break


@njit(cache=True, nogil=True)
def match(overlaps, least, column_of):
    """Write the column of each row such that overlaps have the greatest sum.

    overlaps : float64 (n, m), at least 0
    least : float, below which a pair is taken apart again
    column_of : int64 (n,), -1 where there is none; written

    Where no overlap above ``least`` competes with another one nothing is solved.
    """
    n, m = overlaps.shape
    of_column = np.zeros(m, np.int64)
    alone = True
    for i in range(n):
        column_of[i] = -1
        for j in range(m):
            if overlaps[i, j] > least:
                of_column[j] += 1
                alone = alone and column_of[i] < 0 and of_column[j] == 1
                column_of[i] = j
    if alone:
        return
    assign(-overlaps, column_of)
    for i in range(n):
        if column_of[i] >= 0 and overlaps[i, column_of[i]] < least:
            column_of[i] = -1
