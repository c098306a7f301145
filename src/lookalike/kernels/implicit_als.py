"""One half-step of alternating least squares for implicit feedback: solve each row.

The row's equation is (A + U diag(d) U') x = U (1 + d), where A = Y'Y + alpha I is the
same for all rows, and U holds the factors of the row's few items, a column each.
"""

import math

import numpy as np

from lookalike.kernels.compiled import njit

# Sums in any order, so that the processor can add 16 at a time. The order depends on
# the length alone: equal rows still get equal answers.
LARGE = 65_536.0  # times the rounding of single precision: still below 1%
LOOSE = {"reassoc", "contract", "nsz"}


@njit(cache=True, nogil=True, fastmath=LOOSE)
def _dot(a, b):
    total = np.float32(0)
    for f in range(len(a)):
        total += a[f] * b[f]
    return total


@njit(cache=True, nogil=True, fastmath=LOOSE)
def _add(out, weight, a):
    for f in range(len(out)):
        out[f] += weight * a[f]


@njit(cache=True, nogil=True)
def solve_rows(
    indptr, indices, weights, factors, gram, gram32, solved, n_steps, first, last, out
):
    """Solve rows ``first`` to ``last - 1``.

    indptr, indices, weights : csr; weights float32, d >= 0: confidence less 1
    factors : float32 (n_items, n_factors), C-contiguous, Y
    gram    : float64 (n_factors, n_factors), A
    gram32  : float32 (n_factors, n_factors), A
    solved  : float32 (n_items, n_factors), Y inv(A)
    n_steps : steps of conjugate gradients for a row with many items
    out     : in and out, float32 (n_rows, n_factors); a start for conjugate gradients

    A row with n items, n small beside n_factors, is solved exactly in n unknowns:
    (A + U D U')^-1 U c = inv(A) U (I + D U' inv(A) U)^-1 c. It costs
    O(n**2 (n_factors + n)); other rows O(n_steps (n_factors**2 + n n_factors)). Rows
    with a weight above ``LARGE`` are solved exactly in double precision, in
    O(n_factors**2 (n_factors + n)); they hold NaN if that is not enough.
    """
    n_factors = factors.shape[1]
    most = few(n_factors)
    system = np.empty((most, most), np.float32)
    right, root = np.empty(most, np.float32), np.empty(most, np.float32)
    residual = np.empty(n_factors, np.float32)
    direction = np.empty(n_factors, np.float32)
    image = np.empty(n_factors, np.float32)
    for row in range(first, last):
        items = indices[indptr[row] : indptr[row + 1]]
        d = weights[indptr[row] : indptr[row + 1]]
        x = out[row]
        if len(items) == 0:
            x[:] = np.float32(0)
        elif d.max() > LARGE:
            _solve_wide(items, d, factors, gram, x)
        elif len(items) <= most:
            _solve_few(items, d, factors, solved, system, right, root, x)
        else:
            _descend(
                items, d, factors, gram32, n_steps, residual, direction, image, x
            )  # fmt: skip


@njit(cache=True, nogil=True)
def _solve_wide(items, d, factors, gram, x):
    """Set x by the Cholesky factor of A + U D U' in double precision."""
    n = len(x)
    system, right = gram.copy(), np.zeros(n)
    for a in range(len(items)):
        y, weight = factors[items[a]], np.float64(d[a])
        for f in range(n):
            right[f] += (1.0 + weight) * y[f]
            for g in range(f + 1):
                system[f, g] += weight * y[f] * y[g]
    _cholesky_solve(system, right, n)
    for f in range(n):
        x[f] = right[f]


@njit(cache=True, nogil=True)
def few(n_factors):
    """How many items are few: where both ways cost the same."""
    return int(8 + math.sqrt(64 + 8 * n_factors))


@njit(cache=True, nogil=True)
def _solve_few(items, d, factors, solved, system, right, root, x):
    """Set x = sum_a w_a solved[a], where (I + D K) w = 1 + d, K = U' inv(A) U.

    With S = sqrt(D): w = c - S (I + S K S)^-1 S K c, whose matrix is symmetric and has
    no eigenvalue below 1.
    """
    n = len(items)
    for a in range(n):
        root[a] = math.sqrt(d[a])
        line = solved[items[a]]
        for b in range(a + 1):
            system[a, b] = _dot(line, factors[items[b]])
    for a in range(n):
        total = np.float32(0)
        for b in range(n):
            k = system[a, b] if b <= a else system[b, a]
            total += k * (np.float32(1) + d[b])
        right[a] = root[a] * total
    for a in range(n):
        for b in range(a + 1):
            system[a, b] *= root[a] * root[b]
        system[a, a] += np.float32(1)
    _cholesky_solve(system, right, n)
    x[:] = np.float32(0)
    for a in range(n):
        _add(x, np.float32(1) + d[a] - root[a] * right[a], solved[items[a]])


@njit(cache=True, nogil=True)
def _cholesky_solve(system, right, n):
    """Solve in place: ``system`` is symmetric, given and overwritten below."""
    for a in range(n):
        for b in range(a + 1):
            total = system[a, b]
            for c in range(b):
                total -= system[a, c] * system[b, c]
            system[a, b] = math.sqrt(total) if a == b else total / system[b, b]
        total = right[a]
        for c in range(a):
            total -= system[a, c] * right[c]
        right[a] = total / system[a, a]
    for a in range(n - 1, -1, -1):
        total = right[a]
        for c in range(a + 1, n):
            total -= system[c, a] * right[c]
        right[a] = total / system[a, a]


@njit(cache=True, nogil=True)
def _descend(items, d, factors, gram, n_steps, residual, direction, image, x):
    """``n_steps`` of conjugate gradients from x."""
    _apply(items, d, factors, gram, x, residual)
    for f in range(len(x)):
        residual[f] = -residual[f]
    for a in range(len(items)):
        _add(residual, np.float32(1) + d[a], factors[items[a]])
    for f in range(len(x)):
        direction[f] = residual[f]
    size = _dot(residual, residual)
    for _ in range(n_steps):
        if size < 1e-20:
            return
        _apply(items, d, factors, gram, direction, image)
        step = size / _dot(direction, image)
        _add(x, step, direction)
        _add(residual, -step, image)
        before, size = size, _dot(residual, residual)
        ratio = size / before
        for f in range(len(x)):
            direction[f] = residual[f] + ratio * direction[f]


@njit(cache=True, nogil=True)
def _apply(items, d, factors, gram, x, out):
    """``out = (A + U D U') x``."""
    out[:] = np.float32(0)
    for f in range(len(x)):
        _add(out, x[f], gram[f])
    for a in range(len(items)):
        y = factors[items[a]]
        _add(out, d[a] * _dot(y, x), y)
