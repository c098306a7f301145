"""Sequential minimal optimisation: the dual of a support vector machine, by pairs."""

import numpy as np

from lookalike.kernels.compiled import njit

# Sums and maxima may be taken in any order, and there is no NaN in a kernel matrix;
# every step is computed from the result, so rounding does not accumulate.
FAST = {"reassoc", "contract", "nsz", "nnan"}
CONVERGED, MISSING, SPENT, UNBOUNDED = 0, 1, 2, 3
FLAT = 1e-12  # least curvature: rounding may make one zero or less
# Without an upper bound, variables times kernel values grow to (radius / margin)**2: at
# this size the margin is lost in the rounding of single precision.
TOO_FAR = 1e7


@njit(cache=True, nogil=True, fastmath=FAST)
def smo_steps(
    rows, slots, stamps, diagonal, signs, bounds, tol, limit, alpha, residual
):
    r"""Step until the optimum, or until a kernel row is missing.

    The problem is, over alpha in [0, bounds] with :math:`\sum_i y_i \alpha_i = 0`,

    .. math:: \min \frac12 \sum_{ij} y_i y_j \alpha_i \alpha_j K_{ij} - \sum_i \alpha_i

    rows : float32 (n_slots, n_samples), kernel rows in memory
    slots : int64 (n_samples,), where the row of a sample lies in ``rows``; -1 for none
    stamps : int64 (n_slots,), greatest where a row was used last; updated
    diagonal : float64 (n_samples,), K_ii
    signs : float64 (n_samples,), y of +1 and -1
    bounds : float64 (n_samples,), upper ends; positive, perhaps infinite
    tol : stop when the optimality conditions hold to this much
    limit : most steps
    alpha, residual : float64 (n_samples,); updated. ``residual`` is y_i - sum_j y_j
        alpha_j K_ij, the intercept that would put sample i on the margin

    Each step takes the pair (i, j) of the largest violation in i and, for it, the
    largest second-order gain in j (working set selection 2 of Fan, Chen and Lin
    (2005)), and moves both variables to their joint optimum. At the optimum no sample
    that can move the intercept up (i) has a higher residual than one that can move it
    down (j).

    Returns a status, the sample whose row is missing (or -1), the steps made, and the
    highest and lowest residual of the two kinds. O(n_samples) a step.
    """
    n = len(alpha)
    # Zero where a sample can move the intercept, infinite where it cannot.
    up, down = np.zeros(n), np.zeros(n)
    for t in range(n):
        _mark(up, down, signs, alpha, bounds, t)
    gains, clock, steps = np.empty(n), stamps.max() + 1, 0
    while True:
        i, high, low = 0, -np.inf, np.inf
        for t in range(n):
            if residual[t] - up[t] > high:
                i, high = t, residual[t] - up[t]
            low = min(low, residual[t] + down[t])
        if not high - low > tol:
            return CONVERGED, -1, steps, high, low
        if steps == limit:
            return SPENT, -1, steps, high, low
        if slots[i] < 0:
            return MISSING, i, steps, high, low
        row = rows[slots[i]]
        j = _partner(row, diagonal, residual, down, high, diagonal[i], gains)
        if slots[j] < 0:
            return MISSING, j, steps, high, low
        other = rows[slots[j]]
        steps += 1
        stamps[slots[i]] = stamps[slots[j]] = clock + steps
        curvature = max(diagonal[i] + diagonal[j] - 2 * row[j], FLAT)
        room = _room(alpha, bounds, i, signs[i])
        room = min(room, _room(alpha, bounds, j, -signs[j]))
        step = min((high - residual[j]) / curvature, room)
        _move(alpha, bounds, i, signs[i] * step)
        _move(alpha, bounds, j, -signs[j] * step)
        if bounds[i] == np.inf and alpha[i] * diagonal[i] > TOO_FAR:
            return UNBOUNDED, -1, steps, high, low
        _mark(up, down, signs, alpha, bounds, i)
        _mark(up, down, signs, alpha, bounds, j)
        for t in range(n):
            residual[t] -= step * (row[t] - other[t])


@njit(cache=True, nogil=True, fastmath=FAST)
def _partner(row, diagonal, residual, down, high, own, gains):
    """Sample that can move down and with which a step gains most, the first of equals.

    A free step with curvature a and difference b gains b**2 / (2 a).
    """
    for t in range(len(residual)):
        difference = max(high - (residual[t] + down[t]), 0.0)
        curvature = max(own + diagonal[t] - 2 * row[t], FLAT)
        gains[t] = difference * difference / curvature
    best = 0
    for t in range(len(residual)):
        if gains[t] > gains[best]:
            best = t
    return best


@njit(cache=True, nogil=True)
def _mark(up, down, signs, alpha, bounds, t):
    """Mark in which directions sample t can move the intercept."""
    above, below = alpha[t] < bounds[t], alpha[t] > 0
    up[t] = 0.0 if (above if signs[t] > 0 else below) else np.inf
    down[t] = 0.0 if (below if signs[t] > 0 else above) else np.inf


@njit(cache=True, nogil=True)
def _room(alpha, bounds, t, direction):
    """How far variable t can go in a direction."""
    return bounds[t] - alpha[t] if direction > 0 else alpha[t]


@njit(cache=True, nogil=True)
def _move(alpha, bounds, t, step):
    """Move variable t, exactly to an end that it reaches."""
    end = bounds[t] if step > 0 else 0.0
    alpha[t] = end if abs(step) >= abs(end - alpha[t]) else alpha[t] + step
