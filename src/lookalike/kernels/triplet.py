"""Triplets of anchor, positive and negative: differences, and the active ones."""

from lookalike.kernels.compiled import njit


@njit(cache=True, nogil=True)
def differences(X, triplets, D):
    """Write x_a - x_p to row 2t of D and x_a - x_n to row 2t + 1, for triplet t.

    X : float (n_samples, n_features), C-contiguous
    triplets : int64 (n_triplets, 3), rows (a, p, n) in [0, n_samples)
    D : float (2 * n_triplets or more, n_features), C-contiguous, of X's type
    """
    for t in range(triplets.shape[0]):
        anchor, positive, negative = triplets[t]
        for j in range(X.shape[1]):
            D[2 * t, j] = X[anchor, j] - X[positive, j]
            D[2 * t + 1, j] = X[anchor, j] - X[negative, j]


@njit(cache=True, nogil=True)
def keep_active(E, D, margin):
    """Move the triplets that break the margin to the front; return (count, hinge).

    E, D : float (2 * n_triplets, any width), C-contiguous: embedded and plain
        differences, two rows a triplet. A triplet is active if
        h = |E[2t]|^2 - |E[2t + 1]|^2 + margin > 0; hinge is the sum of these h.

    The first 2 * count rows of both are then those of the active triplets, in order,
    the second row of each triplet in E with its sign changed, so that E'D over them
    is half the slope of the hinge. Cost: O(n_triplets * width of E), and a copy of
    the active rows of D.
    """
    count, hinge = 0, 0.0
    for t in range(E.shape[0] // 2):
        h = margin
        for j in range(E.shape[1]):
            h += E[2 * t, j] * E[2 * t, j] - E[2 * t + 1, j] * E[2 * t + 1, j]
        if h > 0:
            hinge += h
            for j in range(E.shape[1]):
                E[2 * count, j] = E[2 * t, j]
                E[2 * count + 1, j] = -E[2 * t + 1, j]
            if count < t:
                D[2 * count : 2 * count + 2] = D[2 * t : 2 * t + 2]
            count += 1
    return count, hinge
