"""Logistic losses of a block of scores, and their slopes in place of the scores."""

import numpy as np

from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True)
def logistic_slopes(scores, labels, weights):
    """Weighted logistic loss of two classes; scores become its derivatives.

    scores : float (n_samples, 1), C-contiguous, of the class with label 1; overwritten
        by ``weights * (probability - label)``
    labels : int64 (n_samples,) of 0 and 1
    weights : float (n_samples,)

    Returns the sum of ``weights * log(1 + exp(-score))`` with the sign of the score
    turned where the label is 0, as float64. Exact in both tails: only exp(-|score|),
    which cannot overflow, is formed. O(n_samples).
    """
    total = 0.0
    for i in range(scores.shape[0]):
        z = scores[i, 0]
        small = np.exp(-abs(z))
        total += weights[i] * (np.log1p(small) + max(z, 0) - z * labels[i])
        probability = (1 if z >= 0 else small) / (1 + small)
        scores[i, 0] = weights[i] * (probability - labels[i])
    return total


@njit(cache=True, nogil=True)
def softmax_slopes(scores, labels, weights):
    """Weighted cross-entropy of many classes; scores become its derivatives.

    scores : float (n_samples, n_classes), C-contiguous; overwritten by
        ``weights * (probabilities - one_hot(label))``
    labels : int64 (n_samples,) in [0, n_classes)
    weights : float (n_samples,)

    Returns the sum of ``weights * (log(sum(exp(scores))) - scores[label])`` as
    float64. The largest score is subtracted first, so nothing overflows.
    O(n_samples * n_classes).
    """
    n_classes = scores.shape[1]
    total = 0.0
    for i in range(scores.shape[0]):
        row = scores[i]
        top = row[0]
        for c in range(1, n_classes):
            top = max(top, row[c])
        own = row[labels[i]] - top
        mass = row[0] * 0
        for c in range(n_classes):
            row[c] = np.exp(row[c] - top)
            mass += row[c]
        total += weights[i] * (np.log(mass) - own)
        share = weights[i] / mass
        for c in range(n_classes):
            row[c] *= share
        row[labels[i]] -= weights[i]
    return total
