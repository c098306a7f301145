"""Solvers of a linear support vector machine of two classes.

All take the last weight as that of a constant feature, ``bias``, and penalise it like
the others. They return the weights, the iterations made, and whether they converged.
"""

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import hstack, issparse
from scipy.sparse.linalg import LinearOperator, cg
from sklearn.utils import gen_batches

from lookalike._typing import Array, Floats
from lookalike.kernels.coordinate_descent import dual_pass, lasso_pass
from lookalike.kernels.pegasos import pegasos_pass
from lookalike.learn._linear import Matrix, row_entries, squared_norms

Answer = tuple[Floats, int, bool]  # weights, iterations, converged

WIDEST_HESSIAN = 4096
CHUNK = 4096  # rows scaled at a time


class SquaredHinge:
    r"""Sum of costs times squared hinge losses, as a function of the weights.

    .. math:: f(w) = \sum_i c_i \max(0, 1 - y_i w' [x_i, bias])^2
    """

    def __init__(self, X: Matrix, signs: Array, costs: Array, bias: float) -> None:
        self.X, self.signs, self.costs, self.bias = X, signs, costs, bias
        self.scale = np.sqrt(2 * costs)

    def slacks(self, w: Floats) -> Array:
        """How far each row is inside the margin, zero outside."""
        scores = self.X @ w[:-1].astype(self.X.dtype) + self.X.dtype.type(
            self.bias * w[-1]
        )
        return np.maximum(1 - self.signs * scores, 0)

    def value(self, slacks: Array) -> float:
        """Loss for given slacks."""
        return float(np.einsum("i,i,i", self.costs, slacks, slacks, dtype=np.float64))

    def gradient(self, slacks: Array) -> Floats:
        """Gradient of the loss for given slacks."""
        slopes = -2 * self.costs * self.signs * slacks
        last = self.bias * slopes.sum(dtype=np.float64)
        return np.append(np.asarray(self.X.T @ slopes, np.float64), last)

    def hessian(self, rows: Array) -> Floats:
        """Second derivatives of the loss of some rows inside the margin."""
        d = self.X.shape[1]
        H = np.zeros((d + 1, d + 1))
        for start in range(0, len(rows), CHUNK):
            chunk = rows[start : start + CHUNK]
            f = self.scale[chunk]
            scaled = self.X[chunk] * f[:, None]
            H[:d, :d] += scaled.T @ scaled
            H[d, :d] += self.bias * (f @ scaled)
            H[d, d] += self.bias**2 * float(f @ f)
        H[:d, d] = H[d, :d]
        return H


def solve_newton(
    X: Matrix, signs: Array, costs: Array, bias: float, tol: float, max_iter: int
) -> Answer:
    """Newton steps on the primal with the squared hinge [Keerthi and DeCoste (2005)].

    The loss is quadratic between changes of the set of rows inside the margin, which
    soon changes little: the Hessian is updated by the rows that enter and leave, and
    the first steps use every eighth row only.
    """
    if _fits(X) and _rounds_away_the_penalty(X, costs):
        X, signs, costs = (a.astype(np.float64) for a in (X, signs, costs))
    loss = SquaredHinge(X, signs, costs, bias)
    n, d = X.shape
    zero = np.zeros(d + 1)
    w, n_iter = zero, 0
    if n >= 16 * d and not issparse(X):
        few = slice(None, None, 8)
        w, n_iter, _ = solve_newton(
            X[few], signs[few], 8 * costs[few], bias, 100 * tol, max_iter
        )
    step = _ByHessian(loss) if _fits(X) else _ByProducts(loss)
    share = _minority_share(signs, costs)
    enough = tol * share * np.linalg.norm(loss.gradient(loss.slacks(zero)))
    slacks = loss.slacks(w)
    value = 0.5 * w @ w + loss.value(slacks)
    for iteration in range(n_iter, max_iter):
        gradient = w + loss.gradient(slacks)
        if np.linalg.norm(gradient) <= enough:
            return w, iteration, True
        direction = step(gradient, slacks)
        size, predicted = 1.0, float(gradient @ direction)
        while True:
            trial = w + size * direction
            slacks = loss.slacks(trial)
            lower = 0.5 * trial @ trial + loss.value(slacks)
            if lower <= value + 1e-4 * size * predicted or size < 1e-8:
                break
            size /= 2
        if lower >= value:  # no lower in this precision
            return w, iteration + 1, True
        w, value = trial, lower
    return w, max_iter, False


def _rounds_away_the_penalty(X: Array, costs: Array) -> bool:
    """Whether second derivatives in X's precision may hide those of the penalty, 1."""
    if X.dtype == np.float64:
        return False
    total = np.zeros(X.shape[1])
    for part in gen_batches(len(X), CHUNK):
        total += 2 * costs[part] @ np.square(X[part], dtype=np.float64)
    return float(total.max() * np.finfo(X.dtype).eps) > 0.01


def _minority_share(signs: Array, costs: Array) -> float:
    """Share of the rarer class in all costs."""
    mass = costs[signs > 0].sum(dtype=np.float64)
    total = costs.sum(dtype=np.float64)
    return float(max(min(mass, total - mass) / total, 1e-6))


def _fits(X: Matrix) -> bool:
    return not issparse(X) and X.shape[1] <= WIDEST_HESSIAN


class _ByHessian:
    """Newton directions by a Cholesky factor of the Hessian, kept up to date."""

    def __init__(self, loss: SquaredHinge) -> None:
        self.loss = loss
        self.inside = np.zeros(loss.X.shape[0], bool)
        self.H = np.eye(loss.X.shape[1] + 1)

    def __call__(self, gradient: Floats, slacks: Array) -> Floats:
        inside = slacks > 0
        entered, left = inside & ~self.inside, self.inside & ~inside
        if entered.sum() + left.sum() > inside.sum():
            self.H = np.eye(len(self.H))
            entered, left = inside, np.zeros_like(inside)
        self.H += self.loss.hessian(np.flatnonzero(entered))
        self.H -= self.loss.hessian(np.flatnonzero(left))
        self.inside = inside
        return cho_solve(cho_factor(self.H, check_finite=False), -gradient)


class _ByProducts:
    """Newton directions by conjugate gradients, where the Hessian is too large."""

    def __init__(self, loss: SquaredHinge) -> None:
        self.loss = loss

    def __call__(self, gradient: Floats, slacks: Array) -> Floats:
        inside = np.flatnonzero(slacks > 0)
        X, costs = self.loss.X[inside], 2 * self.loss.costs[inside]

        def product(v: Floats) -> Floats:
            scores = X @ v[:-1].astype(X.dtype) + X.dtype.type(self.loss.bias * v[-1])
            slopes = costs * scores
            return v + np.append(X.T @ slopes, self.loss.bias * slopes.sum())

        size = len(gradient)
        hessian = LinearOperator((size, size), product, dtype=np.float64)
        return cg(hessian, -gradient, rtol=0.1, maxiter=200)[0]


def solve_lasso(
    X: Matrix,
    signs: Array,
    costs: Array,
    bias: float,
    tol: float,
    max_iter: int,
    rng: np.random.RandomState,
) -> Answer:
    """Squared hinge with an L1 penalty: coordinate descent on the weights."""
    one = np.full((X.shape[0], 1), bias, X.dtype)
    if issparse(X):
        entries = row_entries(hstack([X, one]).T.tocsr())
    else:
        entries = row_entries(np.hstack([X, one]).T)
    d = len(entries[2])
    w, slacks = np.zeros(d), np.ones(len(signs))
    share, enough = _minority_share(signs, costs), np.inf
    for n_iter in range(1, max_iter + 1):
        order = rng.permutation(d)
        violation = lasso_pass(*entries, signs, costs, order, slacks, w)
        if n_iter == 1:
            enough = tol * share * violation
        if violation <= enough:
            return w, n_iter, True
    return w, max_iter, False


def solve_dual(
    X: Matrix,
    signs: Array,
    costs: Array,
    bias: float,
    tol: float,
    max_iter: int,
    squared: bool,
    rng: np.random.RandomState,
) -> Answer:
    """Coordinate descent on the dual, until all violations lie within ``tol``."""
    n, d = X.shape
    weighted = np.flatnonzero(costs > 0)
    diagonal, bounds = np.zeros(n), costs.astype(np.float64)
    if squared:
        diagonal[weighted], bounds = 0.5 / bounds[weighted], np.full(n, np.inf)
    norms = squared_norms(X) + bias**2 + diagonal
    rows = (*row_entries(X), not issparse(X), signs.astype(X.dtype))
    limits = np.maximum(norms, 1e-300), bounds, diagonal, X.dtype.type(bias)
    alpha, w = np.zeros(n), np.zeros(d + 1, X.dtype)
    active, high, low, n_iter, done = weighted, np.inf, -np.inf, 0, False
    while n_iter < max_iter and not done:
        n_iter += 1
        active = rng.permutation(active)
        kept, most, least = dual_pass(*rows, *limits, active, high, low, alpha, w)
        complete = len(active) == len(weighted)
        active = active[:kept]
        if most - least <= tol:
            done = complete
            active, most, least = weighted, 0.0, 0.0
        high, low = most if most > 0 else np.inf, least if least < 0 else -np.inf
    signed = (alpha * signs).astype(
        X.dtype
    )  # summed again, without accumulated rounding
    return np.append(X.T @ signed, bias * signed.sum()).astype(np.float64), n_iter, done


def solve_pegasos(
    X: Matrix,
    signs: Array,
    costs: Array,
    bias: float,
    tol: float,
    max_iter: int,
    squared: bool,
    rng: np.random.RandomState,
) -> Answer:
    """Stochastic sub-gradient steps, in stages of twice as many passes as before.

    The answer is the mean of a stage, the last half of all steps (suffix averaging),
    which varies much less than the last step alone.
    """
    n, d = X.shape
    W = np.zeros((d + 1, 1), X.dtype)
    rows = (*row_entries(X), signs[:, None], costs[:, None], 1 / n, squared)
    # A squared hinge is curved: its first step is at most 1 / curvature. Steps are
    # counted in floats, because a curvature may be more than any integer.
    curvatures = costs * (squared_norms(X) + bias**2)
    first = min(2 * n * float(curvatures.max()), 1e300) if squared else 0.0
    best, n_iter, passes = np.inf, 0, 1
    while True:
        passes = min(passes, max_iter - n_iter)
        w: Floats = np.zeros(d + 1)
        for _ in range(passes):
            order, start = rng.permutation(n), first + n_iter * n
            mean = pegasos_pass(*rows, X.dtype.type(bias), order, start, W)
            w += mean[:, 0] / passes
            n_iter += 1
        slacks = np.maximum(1 - signs * (X @ w[:-1] + bias * w[-1]), 0)
        value = float(0.5 * w @ w + costs @ (slacks**2 if squared else slacks))
        done = n_iter > 3 and value > best * (1 - tol)
        best, passes = min(best, value), 2 * passes
        if done or n_iter == max_iter:
            return w, n_iter, done
