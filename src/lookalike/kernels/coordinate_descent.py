"""Coordinate descent for linear support vector machines: the dual, and L1 weights."""

import numpy as np

from lookalike.kernels.compiled import njit

# Sums may be taken in any order: later visits correct the rounding.
FAST = {"reassoc", "contract", "nsz"}


@njit(cache=True, nogil=True, fastmath=FAST)
def dual_pass(
    values,
    columns,
    spans,
    dense,
    signs,
    norms,
    bounds,
    diagonal,
    bias,
    active,
    high,
    low,
    alpha,
    w,
):
    r"""Visit rows once and set the dual variable of each to its best value.

    The dual of a linear machine is, over alpha in [0, bounds],

    .. math:: \min \frac12 \lVert w \rVert^2 + \frac12 \sum_i D_i \alpha_i^2
              - \sum_i \alpha_i, \quad w = \sum_i \alpha_i y_i [x_i, bias]

    values, columns, spans : rows of X, see ``lookalike.learn._linear.row_entries``
    dense : bool, whether every row has an entry for each feature, in order
    signs : float (n_samples,) of +1 and -1
    norms : float64 (n_samples,), squared length of [x, bias], plus D; positive
    bounds : float64 (n_samples,), upper ends, infinite for the squared hinge
    diagonal : float64 (n_samples,), D: zero for the hinge
    bias : float, value of the constant feature, whose weight is w[-1]
    active : int64 (n_active,), rows to visit in this order; those that stay come first
        in it afterwards
    high, low : largest and smallest violation of the pass before
    alpha, w : float64 (n_samples,) and float (n_features + 1,); updated

    A row at an end of its range whose slope points outwards by more than that of any
    row in the last pass is left out of the passes that follow (shrinking, section 3.2
    of Hsieh, Chang, Lin, Keerthi and Sundararajan (2008)). Returns the number of rows
    that stay and the largest and smallest violation: both are 0 at the optimum.
    O(n_entries).
    """
    n_features, kept = len(w) - 1, 0
    most, least = -np.inf, np.inf
    for position in range(len(active)):
        i = active[position]
        begin, first, count = spans[i]
        score = w[n_features] * bias
        if dense:
            for j in range(n_features):
                score += w[j] * values[begin + j]
        else:
            for e in range(count):
                score += w[columns[first + e]] * values[begin + e]
        before = alpha[i]
        slope = signs[i] * score - 1 + before * diagonal[i]
        if before == 0 and slope > 0:
            if slope > high:
                continue
            violation = 0.0
        elif before == bounds[i] and slope < 0:
            if slope < low:
                continue
            violation = 0.0
        else:
            violation = slope
        active[kept], active[position] = i, active[kept]
        kept += 1
        most, least = max(most, violation), min(least, violation)
        if violation == 0:
            continue
        alpha[i] = min(max(before - slope / norms[i], 0.0), bounds[i])
        step = w.dtype.type((alpha[i] - before) * signs[i])
        w[n_features] += step * bias
        if dense:
            for j in range(n_features):
                w[j] += step * values[begin + j]
        else:
            for e in range(count):
                w[columns[first + e]] += step * values[begin + e]
    return kept, most, least


@njit(cache=True, nogil=True, fastmath=FAST)
def lasso_pass(values, rows, spans, signs, costs, order, slacks, w):
    r"""Visit weights once and move each to lower the L1 squared hinge objective.

    .. math:: \min \sum_j |w_j| + \sum_i c_i \max(0, 1 - y_i w' x_i)^2

    values, rows, spans : columns of X, see ``lookalike.learn._linear.row_entries`` of
        its transpose
    signs, costs : float (n_samples,), y and c
    order : int64 (n_steps,), features to visit
    slacks, w : float64 (n_samples,) and (n_features,), 1 - y_i w' x_i and w; updated

    Each weight takes the Newton step of its own one-dimensional problem, halved until
    the objective falls by a hundredth of what the slope predicts. Returns the sum of
    the violations of the optimality conditions. O(n_entries), and the halvings.
    """
    total = 0.0
    for j in order:
        begin, first, count = spans[j]
        slope, curvature = 0.0, 1e-12
        for e in range(count):
            i, x = rows[first + e], values[begin + e]
            if slacks[i] > 0:
                slope -= 2 * costs[i] * signs[i] * x * slacks[i]
                curvature += 2 * costs[i] * x * x
        before = w[j]
        if before == 0:
            total += max(0.0, abs(slope) - 1)
        else:
            total += abs(slope + np.sign(before))
        # The minimum of the quadratic model, soft-thresholded.
        goal = before - slope / curvature
        goal = np.sign(goal) * max(abs(goal) - 1 / curvature, 0.0)
        step = goal - before
        predicted = abs(goal) - abs(before) + slope * step
        for _ in range(30):
            if step == 0:
                break
            change = abs(before + step) - abs(before)
            for e in range(count):
                i, x = rows[first + e], values[begin + e]
                old = max(slacks[i], 0.0)
                new = max(slacks[i] - step * signs[i] * x, 0.0)
                change += costs[i] * (new * new - old * old)
            if change <= 0.01 * predicted:
                w[j] = before + step
                for e in range(count):
                    i, x = rows[first + e], values[begin + e]
                    slacks[i] -= step * signs[i] * x
                break
            step, predicted = step / 2, predicted / 2
    return total
