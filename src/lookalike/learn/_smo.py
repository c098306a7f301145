"""Sequential minimal optimisation of one two-class machine, within a memory limit."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.kernels.smo import MISSING, SPENT, UNBOUNDED, smo_steps
from lookalike.learn._linear import Matrix
from lookalike.learn._svm_kernels import Kernel

TOGETHER = 32  # kernel rows computed at a time where not all fit in memory


class Solution(NamedTuple):
    """A two-class machine in its dual form."""

    alpha: Floats
    intercept: float
    n_iter: int
    converged: bool


class RowCache:
    """A cache of kernel rows that replaces the least recently used."""

    def __init__(self, n_slots: int, n: int) -> None:
        self.rows = np.empty((n_slots, n), np.float32)
        self.slots: Ints = np.full(n, -1)
        self.stamps: Ints = np.zeros(n_slots, np.int64)
        self._owner = np.full(n_slots, -1)

    def store(self, samples: Ints, rows: Array) -> None:
        """Store the rows of some samples."""
        free = np.argsort(self.stamps, kind="stable")[: len(samples)]
        evicted = self._owner[free]
        self.slots[evicted[evicted >= 0]] = -1
        self.rows[free], self.slots[samples] = rows, free
        self._owner[free] = samples
        self.stamps[free] = self.stamps.max() + 1


def solve_with_matrix(
    K: Array, signs: Floats, bounds: Floats, tol: float, max_iter: int
) -> Solution:
    """Solve with all kernel values in memory: K float32 (n_samples, n_samples)."""
    n = len(signs)
    cached = K, np.arange(n), np.zeros(n, np.int64)
    diagonal = K.diagonal().astype(np.float64)
    return _solve(cached, None, diagonal, signs, bounds, tol, max_iter)


def solve_with_cache(
    kernel: Kernel,
    X: Matrix,
    signs: Floats,
    bounds: Floats,
    tol: float,
    max_iter: int,
    cache_bytes: float,
) -> Solution:
    """Solve with as many kernel rows in memory as ``cache_bytes`` hold."""
    n = len(signs)
    cache = RowCache(min(n, max(4, int(cache_bytes // (4 * n)))), n)
    together = min(TOGETHER, len(cache.rows) // 2)

    def load(sample: int, alpha: Floats, residual: Floats) -> None:
        missing = np.append(sample, _likely(signs, bounds, alpha, residual, together))
        missing = np.unique(missing[cache.slots[missing] < 0])
        cache.store(missing, kernel(X[missing], X))

    cached = cache.rows, cache.slots, cache.stamps
    diagonal = kernel.diagonal(X)
    return _solve(cached, load, diagonal, signs, bounds, tol, max_iter)


def _likely(
    signs: Floats, bounds: Floats, alpha: Floats, residual: Floats, count: int
) -> Ints:
    """Samples that the next steps are likely to take: the worst violators."""
    above, below = alpha < bounds, alpha > 0
    up, down = (np.where(signs > 0, *p) for p in ((above, below), (below, above)))
    half = (count - 1) // 2
    highest = np.argsort(np.where(up, -residual, np.inf))[:half]
    lowest = np.argsort(np.where(down, residual, np.inf))[:half]
    return np.concatenate([highest, lowest])


def _solve(
    cached: tuple[Array, Ints, Ints],
    load: Callable[[int, Floats, Floats], None] | None,
    diagonal: Floats,
    signs: Floats,
    bounds: Floats,
    tol: float,
    max_iter: int,
) -> Solution:
    alpha, residual, n_iter = np.zeros(len(signs)), signs.copy(), 0
    status = MISSING
    while status == MISSING:
        left = max_iter - n_iter
        status, sample, steps, high, low = smo_steps(
            *cached, diagonal, signs, bounds, tol, left, alpha, residual
        )
        n_iter += steps
        if status == MISSING and load is not None:
            load(sample, alpha, residual)
    if status == UNBOUNDED:
        raise ValueError(
            "No margin separates the classes, so C must be finite (and the kernel "
            "positive semi-definite)."
        )
    # Free samples lie on the margin, where their residual is the intercept.
    free = (alpha > 0) & (alpha < bounds)
    intercept = float(residual[free].mean()) if free.any() else (high + low) / 2
    return Solution(alpha, intercept, n_iter, status != SPENT)
