"""Factorisation machines over rows of codes: scores, and steps down the logistic loss.

Equation numbers are those of Rendle (2010), "Factorization machines", ICDM.
"""

import numpy as np

from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True)
def factorisation_scores(codes, intercept, weights, factors, out):
    """Score each row by its codes and by all of their pairs.

    codes : int32 (n_rows, n_slots), below n_codes; below 0 is none
    weights : float64 (n_codes,)
    factors : float64 (n_codes, n_factors), C-contiguous
    out : float64 (n_rows,), overwritten

    The sum over pairs is half of the square of the sum less the sum of the squares
    (lemma 3.1): O(n_rows * n_slots * n_factors), not n_slots ** 2.
    """
    n_factors = factors.shape[1]
    sums = np.empty(n_factors)
    for i in range(codes.shape[0]):
        out[i] = _score(codes[i], intercept, weights, factors, sums)


@njit(cache=True, nogil=True)
def _score(row, intercept, weights, factors, sums):
    """Score of one row; ``sums`` becomes the sum of the factors of its codes."""
    total = intercept
    sums[:] = 0.0
    squares = 0.0
    for s in range(len(row)):
        code = row[s]
        if code >= 0:
            total += weights[code]
            for f in range(len(sums)):
                value = factors[code, f]
                sums[f] += value
                squares += value * value
    pairs = 0.0
    for f in range(len(sums)):
        pairs += sums[f] * sums[f]
    return total + 0.5 * (pairs - squares)


@njit(cache=True, nogil=True)
def factorisation_steps(
    codes, labels, sample, order, first, weights, factors, slopes, bends, rate, penalty
):
    """Take a step of AdaGrad down the logistic loss for each row, in this order.

    codes : int32 (n_rows, n_slots), below n_codes; below 0 is none
    labels, sample : float64 (n_rows,), 0 or 1, and the weight of each row
    order : int64 (n,), rows to learn from
    first : float64 (2,), the intercept and the sum of its squared slopes; changed
    weights, slopes : float64 (n_codes,), and the sums of squared slopes; changed
    factors, bends : float64 (n_codes, n_factors), likewise; changed
    rate : length of the steps
    penalty : float64 (2,), of squares of weights and of factors, where they occur

    Returns the sum of the losses before each step. The slope of a factor needs only the
    sum of the factors of the row (equation 4): O(n * n_slots * n_factors).
    """
    n_factors = factors.shape[1]
    sums = np.empty(n_factors)
    loss = 0.0
    for i in order:
        row = codes[i]
        z = _score(row, first[0], weights, factors, sums)
        small = np.exp(-abs(z))
        loss += sample[i] * (np.log1p(small) + max(z, 0.0) - z * labels[i])
        chance = (1.0 if z >= 0 else small) / (1.0 + small)
        slope = sample[i] * (chance - labels[i])
        first[1] += slope * slope
        first[0] -= rate * slope / np.sqrt(first[1] + 1e-8)
        for s in range(len(row)):
            code = row[s]
            if code < 0:
                continue
            step = slope + penalty[0] * weights[code]
            slopes[code] += step * step
            weights[code] -= rate * step / np.sqrt(slopes[code] + 1e-8)
            for f in range(n_factors):
                value = factors[code, f]
                step = slope * (sums[f] - value) + penalty[1] * value
                bends[code, f] += step * step
                factors[code, f] = value - rate * step / np.sqrt(bends[code, f] + 1e-8)
    return loss
