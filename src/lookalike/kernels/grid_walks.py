"""Walking distances on a grid: breadth-first search from many cells."""

import numpy as np

from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True)
def add_walks(is_open, homes, weights, totals, n_reached):
    """Add the walking distances from homes to every open cell.

    is_open : bool (n_rows, n_columns), where one can walk
    homes : int64 (n_homes, 2), cells of the grid, open or not
    weights : float64 (n_homes,), what a step from each home counts
    totals : float64, n_reached : int64, both (n_rows, n_columns); added to where an
        open cell can be reached from a home in steps up, down, left and right

    Cost: O(n_homes * n_rows * n_columns).
    """
    n_rows, n_columns = is_open.shape
    seen = np.full((n_rows, n_columns), -1, dtype=np.int64)  # by which home
    queue = np.empty((n_rows * n_columns + 1, 3), dtype=np.int64)  # row, column, steps
    for h in range(len(homes)):
        queue[0, 0], queue[0, 1], queue[0, 2] = homes[h, 0], homes[h, 1], 0
        seen[homes[h, 0], homes[h, 1]] = h
        head, tail = 0, 1
        while head < tail:
            row, column, steps = queue[head, 0], queue[head, 1], queue[head, 2]
            head += 1
            if is_open[row, column]:
                totals[row, column] += weights[h] * steps
                n_reached[row, column] += 1
            for down, right in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                r, c = row + down, column + right
                inside = 0 <= r < n_rows and 0 <= c < n_columns
                if inside and is_open[r, c] and seen[r, c] != h:
                    seen[r, c] = h
                    queue[tail, 0], queue[tail, 1], queue[tail, 2] = r, c, steps + 1
                    tail += 1
