"""One pass of the perceptron rule over the rows, for many two-class problems at once.

Problem k errs on row x with sign y where y (W[k] x + b[k]) <= 0, and then steps by
y * rate * weight along x. Both kernels below do this, one for dense and one for CSR
rows; they share the parts without x.

What their arguments have in common:

labels : int64 (n_samples,)
weights : float (n_samples,)
order : int64 (n_steps,), rows to visit
targets : int64 (n_problems,), the label that problem k calls positive
rates : float (n_problems, 2), step for a negative and for a positive row
intercept : bool, whether b moves
decay : float in [0, 1], factor of W at each row: the L2 penalty
lasso : float, L1 penalty of each weight at each row; 0 for none
due : float (1,), cumulative L1 penalty; updated
paid : float, of the shape of W (not read where ``lasso`` is 0), the part of it that has
    been applied to each weight; updated

The cumulative L1 penalty follows Tsuruoka, Tsujii and Ananiadou (2009): a weight moves
by the penalty that is due but stops at zero. Both return the number of errors and the
sum of max(0, -y score) of each problem, (n_problems,).
"""

import numpy as np

from lookalike.kernels.compiled import njit

# Sums may be taken in any order: a score is one of many noisy steps.
FAST = {"reassoc", "contract", "nsz"}


@njit(cache=True, nogil=True, fastmath=FAST)
def dense_pass(
    X,
    labels,
    weights,
    order,
    targets,
    rates,
    intercept,
    decay,
    lasso,
    W,
    b,
    due,
    paid,
):
    """Visit dense rows.

    X : float (n_samples, n_features), C-contiguous
    W, b : float (n_problems, n_features) and (n_problems,); moved

    O(n_steps * n_problems * n_features).
    """
    n_problems, n_features = W.shape
    errors, losses = np.zeros(n_problems, np.int64), np.zeros(n_problems)
    steps, scale = np.zeros_like(b), 1.0  # the weights are scale * W
    for i in order:
        x = X[i]
        for k in range(n_problems):
            w, total = W[k], b[k] * 0
            for j in range(n_features):
                total += w[j] * x[j]
            steps[k] = scale * total + b[k]
        _steps_of(steps, labels[i], weights[i], targets, rates, errors, losses)
        scale = _decay(W, scale, decay)
        for k in range(n_problems):
            if steps[k] != 0:
                w, step = W[k], b.dtype.type(steps[k] / scale)
                for j in range(n_features):
                    w[j] += step * x[j]
                b[k] += steps[k] * intercept
        if lasso > 0:
            due[0] += lasso
            _penalise_all(W, due[0], paid, scale)
    W *= b.dtype.type(scale)
    return errors, losses


@njit(cache=True, nogil=True, fastmath=FAST)
def sparse_pass(
    values,
    columns,
    begins,
    labels,
    weights,
    order,
    targets,
    rates,
    intercept,
    decay,
    lasso,
    W,
    b,
    due,
    paid,
):
    """Visit sparse rows.

    values, columns, begins : data, indices and indptr of a CSR matrix
    W, b : float (n_features, n_problems), so that an entry meets the weights of all
        problems side by side, and (n_problems,); moved

    The L1 penalty of a weight is applied when a row next uses it.
    O(n_problems * n_entries).
    """
    n_problems = len(b)
    errors, losses = np.zeros(n_problems, np.int64), np.zeros(n_problems)
    steps, scale = np.zeros_like(b), 1.0  # the weights are scale * W
    for i in order:
        row = range(begins[i], begins[i + 1])
        steps[:] = 0
        for e in row:
            j, x = columns[e], values[e]
            for k in range(n_problems):
                if lasso > 0:
                    _penalise(W, due[0], paid, j, k, scale)
                steps[k] += x * W[j, k]
        for k in range(n_problems):
            steps[k] = scale * steps[k] + b[k]
        _steps_of(steps, labels[i], weights[i], targets, rates, errors, losses)
        scale = _decay(W, scale, decay)
        if steps.any():
            for k in range(n_problems):
                b[k] += steps[k] * intercept
                steps[k] /= scale
            for e in row:
                j, x = columns[e], values[e]
                for k in range(n_problems):
                    W[j, k] += x * steps[k]
        due[0] += lasso
    if lasso > 0:
        _penalise_all(W, due[0], paid, scale)
    W *= b.dtype.type(scale)
    return errors, losses


@njit(cache=True, nogil=True)
def _steps_of(scores, label, weight, targets, rates, errors, losses):
    """Turn the scores of a row into its steps; count errors and losses."""
    for k in range(len(scores)):
        positive = label == targets[k]
        wrong = scores[k] <= 0 if positive else scores[k] >= 0
        if wrong:
            errors[k] += 1
            losses[k] += abs(scores[k])
            scores[k] = weight * (rates[k, 1] if positive else -rates[k, 0])
        else:
            scores[k] = 0


@njit(cache=True, nogil=True)
def _decay(W, scale, decay):
    """Next scale; W is multiplied by it where it gets too small to divide by."""
    scale *= decay
    if scale < 1e-9:
        W *= W.dtype.type(scale)
        return 1.0
    return scale


@njit(cache=True, nogil=True)
def _penalise(W, due, paid, i, j, scale):
    """Apply to one weight the L1 penalty that is due."""
    w = W[i, j]
    if w > 0:
        W[i, j] = max(0, w - (due + paid[i, j]) / scale)
    elif w < 0:
        W[i, j] = min(0, w + (due - paid[i, j]) / scale)
    paid[i, j] += scale * (W[i, j] - w)


@njit(cache=True, nogil=True)
def _penalise_all(W, due, paid, scale):
    """Apply to every weight the L1 penalty that is due."""
    for i in range(W.shape[0]):
        for j in range(W.shape[1]):
            _penalise(W, due, paid, i, j, scale)
