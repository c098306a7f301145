"""Groups of vectors compared with several that ask: exact scores, and bounds of them.

For each vector that asks the best of a group counts, and the mean of these is the
group's score.
"""

import numpy as np

from lookalike.kernels.compiled import njit
from lookalike.kernels.distances import LANES, sum_of_products


@njit(cache=True, nogil=True)
def group_scores(vectors, ends, groups, asked, out):
    """Write the score of some groups, in float64; of an empty one it is 0.

    vectors : float32 (n_vectors, n_dimensions)
    ends    : int64 (n_groups + 1,), group i has the rows ``ends[i]`` to ``ends[i + 1]``
    groups  : int64 (n,)
    asked   : float32 (n_asked, n_dimensions)
    out     : float64 (n,), overwritten

    A score does not depend on the other groups, to the last bit. Cost: O(vectors of the
    groups * n_asked * n_dimensions).
    """
    lanes = np.empty(LANES)
    for at in range(groups.shape[0]):
        first, last = ends[groups[at]], ends[groups[at] + 1]
        total = 0.0
        if last > first:
            for a in range(asked.shape[0]):
                best = -np.inf
                for row in range(first, last):
                    found = sum_of_products(asked[a], vectors[row], 0.0, lanes)
                    best = max(best, found)
                total += best
        out[at] = total / asked.shape[0]


@njit(cache=True, nogil=True)
def byte_steps(vectors, codes, steps, errors):
    """Round each vector to bytes: write codes, the size of a step, and what is missed.

    vectors : float32 (n, n_dimensions)
    codes   : int8 of the same shape, overwritten
    steps   : float32 (n,), overwritten; the vector is about ``steps * codes``
    errors  : float32 (n,), overwritten; length of the difference, rounded up
    """
    for row in range(vectors.shape[0]):
        largest = 0.0
        for j in range(vectors.shape[1]):
            largest = max(largest, abs(np.float64(vectors[row, j])))
        step = np.float32(largest / 127.0)
        missed = 0.0
        for j in range(vectors.shape[1]):
            code = 0
            if step > 0:
                code = min(max(int(np.rint(vectors[row, j] / step)), -127), 127)
            codes[row, j] = code
            missed += (vectors[row, j] - np.float64(step) * code) ** 2
        steps[row] = step
        errors[row] = np.float32(np.sqrt(missed) * (1 + 1e-6) + 1e-7)


@njit(cache=True, nogil=True)
def group_bounds(codes, steps, errors, ends, asked, asked_steps, asked_errors, out):
    """Write what the score of each group is at most; of an empty group it is 0.

    codes, steps, errors : of the groups' vectors, as ``byte_steps`` writes them
    ends : as in ``group_scores``
    asked, asked_steps, asked_errors : the same of the vectors that ask
    out : float64 (n_groups,), overwritten

    With x' and q' the rounded vectors, x.q differs from x'.q' by no more than
    |x - x'| |q| + |x'| |q - q'|; all are taken to be of length one at most. Cost:
    O(n_vectors * n_asked * n_dimensions) operations of bytes.
    """
    width = codes.shape[1]
    for group in range(ends.shape[0] - 1):
        first, last = ends[group], ends[group + 1]
        total = 0.0
        if last > first:
            for a in range(asked.shape[0]):
                best = -np.inf
                mine = asked[a]
                for row in range(first, last):
                    other = codes[row]
                    dot = np.int32(0)
                    for j in range(width):
                        dot += np.int32(mine[j]) * np.int32(other[j])
                    found = np.float64(steps[row]) * dot * asked_steps[a]
                    found += errors[row] + (1.0 + errors[row]) * asked_errors[a]
                    best = max(best, found)
                total += best + 1e-6
        out[group] = total / asked.shape[0]
