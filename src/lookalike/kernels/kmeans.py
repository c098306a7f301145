"""Nearest centres with few distances: bounds decide, exact distances confirm."""

import numpy as np

from lookalike.kernels.compiled import njit

# The order of sums and minima is left to the compiler, so that it can use wide
# registers. No answer depends on a last digit: bounds have an allowance for it. That
# there is no NaN is a precondition.
ANY_ORDER = {"reassoc", "contract", "nsz", "nnan"}
BLOCK = 32  # bounds that share a minimum
LANES = 64  # rows of few features that are compared side by side


@njit(cache=True, nogil=True, fastmath=ANY_ORDER)
def squared_distance(x, c):
    """``sum((x - c) ** 2)`` in the type of x and c."""
    total = x[0] * 0
    for z in range(x.shape[0]):
        d = x[z] - c[z]
        total += d * d
    return total


@njit(cache=True, nogil=True, fastmath=ANY_ORDER)
def _bounds(products, C2, start, stop):
    """Turn products into ``C2 - 2 products``; the least of them."""
    low = np.float32(np.inf)
    for j in range(start, stop):
        products[j] = C2[j] - np.float32(2) * products[j]
        low = min(low, products[j])
    return low


@njit(cache=True, nogil=True)
def assign(products, P2, C2, slack, unit, rows, X, C, labels, upper, lower):
    """Find the nearest centre of each of ``rows``, equal ones by lowest index.

    products : float32 (n_rows, k), projected rows times projected centres; overwritten
    P2, C2   : float32 (n,) and (k,), squared norms of the projections
    slack    : float32 (n,), more than what rounding may add to a bound
    unit     : squared scale of the projections; ``(P2 + C2 - 2 products) / unit`` is
               at most the squared distance
    labels   : int32 (n,), nearest centre of the last time or -1; updated
    upper    : float64 (n,), out: distance to the nearest centre
    lower    : float64 (n,), out: at most the distance to any other centre

    Only centres whose bound is below the best distance so far get a distance. Cost:
    O(n_rows * k) plus O(n_features) for each distance.
    """
    k = products.shape[1]
    lows = np.empty(-(-k // BLOCK), np.float32)
    for t in range(rows.shape[0]):
        i = rows[t]
        x, bounds = X[i], products[t]
        for b in range(lows.shape[0]):
            lows[b] = _bounds(bounds, C2, b * BLOCK, min((b + 1) * BLOCK, k))
        first = labels[i] if labels[i] >= 0 else np.argmin(bounds)
        nearest = first
        best = np.float64(squared_distance(x, C[first]))
        second = np.inf  # least distance, or bound of one, of all other centres
        offset = np.float64(P2[i]) - slack[i]
        limit = best * unit - offset
        low = np.inf
        for b in range(lows.shape[0]):
            if lows[b] > limit:
                low = min(low, lows[b])
                continue
            for j in range(b * BLOCK, min((b + 1) * BLOCK, k)):
                if j == first:
                    continue
                if bounds[j] > limit:
                    low = min(low, bounds[j])
                    continue
                d = np.float64(squared_distance(x, C[j]))
                if d < best or (d == best and j < nearest):
                    second = best
                    best = d
                    nearest = j
                    limit = best * unit - offset
                else:
                    second = min(second, d)
        labels[i] = nearest
        upper[i] = np.sqrt(best)
        lower[i] = np.sqrt(max(min(second, (low + offset) / unit), 0.0))


@njit(cache=True, nogil=True)
def _distances_of_block(block, c, squared):
    """``squared[r]``: squared distance to c of column r of (n_features, LANES)."""
    squared[:] = 0
    for z in range(c.shape[0]):
        x = block[z]
        for r in range(LANES):
            squared[r] += (x[r] - c[z]) * (x[r] - c[z])


@njit(cache=True, nogil=True)
def _keep_two(squared, j, best, second, nearest):
    """Update the least and second least distances of a block with those to centre j."""
    for r in range(LANES):
        nearer = squared[r] < best[r]
        second[r] = min(second[r], best[r] if nearer else squared[r])
        nearest[r] = j if nearer else nearest[r]
        best[r] = squared[r] if nearer else best[r]


@njit(cache=True, nogil=True)
def assign_narrow(X, C, rows, labels, upper, lower):
    """``assign`` for few features: all distances, for LANES rows side by side."""
    block = np.zeros((X.shape[1], LANES), X.dtype)
    squared = np.empty(LANES, X.dtype)
    best, second = np.empty(LANES, X.dtype), np.empty(LANES, X.dtype)
    nearest = np.empty(LANES, np.int32)
    for start in range(0, rows.shape[0], LANES):
        some = rows[start : start + LANES]
        for r in range(some.shape[0]):
            for z in range(X.shape[1]):
                block[z, r] = X[some[r], z]
        best[:], second[:], nearest[:] = np.inf, np.inf, 0
        for j in range(C.shape[0]):
            _distances_of_block(block, C[j], squared)
            _keep_two(squared, np.int32(j), best, second, nearest)
        for r in range(some.shape[0]):
            labels[some[r]] = nearest[r]
            upper[some[r]] = np.sqrt(best[r])
            lower[some[r]] = np.sqrt(second[r])


@njit(cache=True, nogil=True)
def loosen(shift, others, margin, labels, upper, lower, rows):
    """Widen the bounds by the centres' moves; list rows whose centre may have changed.

    shift, others : (k,), the move of each centre, and the largest move of all others
    margin : a little less than 1, for the rounding of distances
    rows   : int64 (n,), out: as many as the returned number
    """
    n = 0
    for i in range(labels.shape[0]):
        upper[i] += shift[labels[i]]
        lower[i] -= others[labels[i]]
        if upper[i] >= lower[i] * margin:
            rows[n] = i
            n += 1
    return n


@njit(cache=True, nogil=True)
def closer(products, P2, C2, slack, unit, start, X, C, closest, out):
    """``out[j, i] = min(closest[i], squared distance of row i to candidate j)``.

    products : float32 (n_rows, n_candidates), rows from ``start`` on; the other
    arguments are those of ``assign``. Cost: O(n_features) for each distance that a
    bound does not show to be above ``closest``.
    """
    two = np.float32(2)
    for t in range(products.shape[0]):
        i = start + t
        offset = np.float64(P2[i]) - slack[i]
        limit = np.float32(closest[i] * unit - offset)
        for j in range(C.shape[0]):
            out[j, i] = closest[i]
            if C2[j] - two * products[t, j] <= limit:
                d = squared_distance(X[i], C[j])
                if d < closest[i]:
                    out[j, i] = d


@njit(cache=True, nogil=True)
def two_nearest(products, X2, C2, slack, rows, labels, upper, lower):
    """Nearest and second nearest centre from products with every centre.

    products : (n_rows, k), rows times centres
    X2, C2   : (n,) and (k,), squared norms; ``X2 + C2 - 2 products`` is the squared
               distance, up to ``slack`` (n,)
    labels, upper, lower : as in ``assign``
    """
    for t in range(rows.shape[0]):
        i = rows[t]
        nearest, best, second = 0, np.inf, np.inf
        for j in range(products.shape[1]):
            d = C2[j] - 2 * products[t, j]
            if d < best:
                second = best
                nearest, best = j, d
            elif d < second:
                second = d
        labels[i] = nearest
        upper[i] = np.sqrt(max(best + X2[i] + slack[i], 0.0))
        lower[i] = np.sqrt(max(second + X2[i] - slack[i], 0.0))


@njit(cache=True, nogil=True)
def distances_to_own(X, C, labels, out):
    """``out[i]``: squared distance of row i to the centre of its label."""
    for i in range(X.shape[0]):
        out[i] = squared_distance(X[i], C[labels[i]])


@njit(cache=True, nogil=True)
def move(X, rows, before, after, weight, sums, counts):
    """Take the ``rows`` whose label changed from one cluster and add them to another.

    before, after : int32 (n,), labels; -1 before is none
    sums   : float64 (k, n_features), weighted sums of clusters
    counts : int64 (k,), rows in each

    Returns the number of rows that changed.
    """
    n = 0
    for i in rows:
        loser, gainer = before[i], after[i]
        if loser == gainer:
            continue
        n += 1
        w = np.float64(weight[i])
        counts[gainer] += 1
        gains = sums[gainer]
        if loser < 0:
            for z in range(X.shape[1]):
                gains[z] += w * X[i, z]
            continue
        counts[loser] -= 1
        loses = sums[loser]
        for z in range(X.shape[1]):
            gains[z] += w * X[i, z]
            loses[z] -= w * X[i, z]
    return n


@njit(cache=True, nogil=True)
def sparse_distances_to_own(data, indices, indptr, X2, C, C2, labels, out):
    """``out[i]``: squared distance of sparse row i to the centre of its label.

    data, indices, indptr : the rows in CSR format
    X2, C2 : squared norms of rows and centres
    """
    for i in range(indptr.shape[0] - 1):
        c = C[labels[i]]
        total = 0.0
        for z in range(indptr[i], indptr[i + 1]):
            total += np.float64(data[z]) * c[indices[z]]
        out[i] = max(X2[i] + C2[labels[i]] - 2 * total, 0.0)


@njit(cache=True, nogil=True)
def sparse_move(data, indices, indptr, rows, before, after, weight, sums, counts):
    """``move`` for rows in CSR format."""
    n = 0
    for i in rows:
        loser, gainer = before[i], after[i]
        if loser == gainer:
            continue
        n += 1
        w = np.float64(weight[i])
        counts[gainer] += 1
        if loser >= 0:
            counts[loser] -= 1
        for z in range(indptr[i], indptr[i + 1]):
            sums[gainer, indices[z]] += w * data[z]
            if loser >= 0:
                sums[loser, indices[z]] -= w * data[z]
    return n


@njit(cache=True, nogil=True, fastmath=ANY_ORDER)
def manhattan_distance(x, c):
    """``sum(|x - c|)`` in the type of x and c."""
    # Without an early exit the loop is compiled to wide registers.
    total = x[0] * 0
    for z in range(x.shape[0]):
        total += abs(x[z] - c[z])
    return total


@njit(cache=True, nogil=True)
def assign_manhattan(X, C, rows, labels, upper, lower):
    """``assign`` for distances along the axes."""
    for i in rows:
        nearest, best, second = 0, np.inf, np.inf
        for j in range(C.shape[0]):
            d = np.float64(manhattan_distance(X[i], C[j]))
            if d < best:
                second = best
                nearest, best = j, d
            elif d < second:
                second = d
        labels[i] = nearest
        upper[i] = best
        lower[i] = second


@njit(cache=True, nogil=True)
def closer_manhattan(X, C, closest, out):
    """``out[j, i] = min(closest[i], distance of row i to candidate j)``."""
    for i in range(X.shape[0]):
        for j in range(C.shape[0]):
            out[j, i] = min(closest[i], manhattan_distance(X[i], C[j]))
