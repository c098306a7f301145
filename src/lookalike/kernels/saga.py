"""One pass of SAGA over a logistic loss: stochastic steps of vanishing variance."""

import numpy as np

from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True)
def saga_pass(
    values,
    columns,
    spans,
    labels,
    weights,
    order,
    step,
    ridge,
    lasso,
    fit_intercept,
    W,
    b,
    slopes,
    mean_W,
    mean_b,
):
    """Visit the rows of ``order`` once, stepping after each.

    values, columns, spans : rows of X, see ``lookalike.learn._linear.row_entries``
    labels : int64 (n_samples,) in [0, n_columns), or of 0 and 1 for one column
    weights : float (n_samples,), of mean 1
    order : int64 (n_steps,), rows to visit
    step, ridge, lasso : numbers of the precision of X
    W, b : float (n_features, n_columns) and (n_columns,), the point; moved
    slopes : float (n_samples, n_columns), last slope of each row's loss; updated
    mean_W, mean_b : mean over rows of slope times x and of slope; updated

    For row i with new slopes g, the step is along (g - slopes[i]) x + mean_W, then
    the penalties shrink W. Where x is zero that does not depend on i, so the entries
    of W catch up with the steps they missed only when a row touches them, and at the
    end of the pass. O(n_columns * n_entries), plus one addition for each missed step
    under an L1 penalty.
    """
    n_features, n_columns = W.shape
    share = 1 / np.float64(slopes.shape[0])
    done = np.zeros(n_features, np.int64)  # steps each row of W has made
    g = np.empty_like(b)
    for t in range(len(order)):
        i = order[t]
        begin, first, count = spans[i]
        for c in range(n_columns):
            g[c] = b[c]
        for e in range(count):
            j = columns[first + e]
            _catch_up(W[j], mean_W[j], t - done[j], step, ridge, lasso)
            done[j] = t
            for c in range(n_columns):
                g[c] += values[begin + e] * W[j, c]
        _slopes(g, labels[i], weights[i])
        for c in range(n_columns):
            change = g[c] - slopes[i, c]
            slopes[i, c] = g[c]
            g[c] = change
        for e in range(count):
            j, x = columns[first + e], values[begin + e]
            for c in range(n_columns):
                moved = W[j, c] - step * (g[c] * x + mean_W[j, c])
                W[j, c] = _shrink(moved, step * ridge, step * lasso)
                mean_W[j, c] += g[c] * x * share
            done[j] = t + 1
        if fit_intercept:
            for c in range(n_columns):
                b[c] -= step * (g[c] + mean_b[c])
                mean_b[c] += g[c] * share
    for j in range(n_features):
        _catch_up(W[j], mean_W[j], len(order) - done[j], step, ridge, lasso)


@njit(cache=True, nogil=True)
def _shrink(w, ridge, lasso):
    """Proximal operator of both penalties."""
    return np.sign(w) * max(abs(w) - lasso, 0) / (1 + ridge)


@njit(cache=True, nogil=True)
def _catch_up(w, mean, missed, step, ridge, lasso):
    """Make ``missed`` steps along ``mean`` alone."""
    if missed <= 0:
        return
    if lasso > 0:
        for c in range(len(w)):
            for _ in range(missed):
                before = w[c]
                w[c] = _shrink(before - step * mean[c], step * ridge, step * lasso)
                if w[c] == before:
                    break
        return
    # w <- (w - step * mean) / (1 + step * ridge), so many times, in closed form.
    decay = (1 + step * ridge) ** -missed
    travel = missed * step if ridge == 0 else (1 - decay) / ridge
    for c in range(len(w)):
        w[c] = decay * w[c] - travel * mean[c]


@njit(cache=True, nogil=True)
def _slopes(z, label, weight):
    """Turn the scores of one row into the slopes of its loss."""
    if len(z) == 1:
        small = np.exp(-abs(z[0]))
        probability = (1 if z[0] >= 0 else small) / (1 + small)
        z[0] = weight * (probability - label)
        return
    most = z.max()
    for c in range(len(z)):
        z[c] = np.exp(z[c] - most)
    z *= weight / z.sum()
    z[label] -= weight
