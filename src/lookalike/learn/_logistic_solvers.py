"""Solvers of the logistic objective. Each returns point, loss curve and convergence."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve, lstsq
from scipy.optimize import minimize
from scipy.sparse import issparse
from scipy.sparse.linalg import LinearOperator, cg

from lookalike._typing import Floats
from lookalike.kernels.saga import saga_pass
from lookalike.learn._linear import row_entries, squared_norms
from lookalike.learn._logistic import LogisticObjective
from lookalike.learn._whitening import Whitening

Curve = list[float]
Answer = tuple[Floats, Curve, bool]  # point, objective after each step, converged


def solve_lbfgs(
    objective: LogisticObjective, start: Floats, tol: float, max_iter: int
) -> Answer:
    """Limited-memory quasi-Newton steps in whitened coordinates.

    In the coordinates V = R W, with R'R a cheap estimate of the curvature, the
    curvature is nearly equal in all directions: few steps where W takes hundreds.
    """
    whiten = Whitening(objective)
    curve: Curve = []
    steepest = np.inf

    def value(v: Floats) -> tuple[float, Floats]:
        nonlocal steepest
        loss, gradient = objective.smooth(whiten.point(v.reshape(start.shape)))
        steepest = np.abs(gradient).max()
        return loss, whiten.gradient(gradient).ravel()

    def note(intermediate_result: Any) -> None:
        curve.append(float(intermediate_result.fun))
        if steepest <= tol:
            raise StopIteration

    # The library's own stopping rules are off, but for no progress in floating point.
    options = {"maxiter": max_iter, "maxls": 50, "gtol": 0, "ftol": 1e-14}
    begin = whiten.coordinates(start).ravel()
    answer = minimize(
        value, begin, jac=True, method="L-BFGS-B", callback=note, options=options
    )
    point = whiten.point(answer.x.reshape(start.shape))
    return point, curve or [float(answer.fun)], answer.status != 1


def solve_newton(
    objective: LogisticObjective,
    start: Floats,
    tol: float,
    max_iter: int,
    direction: Callable[[LogisticObjective, Floats, Floats], Floats],
) -> Answer:
    """Newton steps, halved until the objective falls as its slope predicts.

    They do not depend on where the features' zero lies, but their rounding does: with
    an intercept, dense features are centred.
    """
    if issparse(objective.X) or not objective.fit_intercept:
        return _newton_steps(objective, start, tol, max_iter, direction)
    near, mean = objective.centred()
    start = start.copy()
    start[-1] += mean @ start[:-1]
    point, curve, done = _newton_steps(near, start, tol, max_iter, direction)
    point[-1] -= mean @ point[:-1]
    return point, curve, done


def _newton_steps(
    objective: LogisticObjective,
    start: Floats,
    tol: float,
    max_iter: int,
    direction: Callable[[LogisticObjective, Floats, Floats], Floats],
) -> Answer:
    point, curve = start, []
    loss, gradient = objective.smooth(point)
    for _ in range(max_iter):
        step = direction(objective, point, gradient)
        predicted = float(np.vdot(gradient, step))
        size = 1.0
        while True:
            trial = point + size * step
            lower, slope = objective.smooth(trial)
            if lower <= loss + 1e-4 * size * predicted or size < 1e-10:
                break
            size /= 2
        stuck = lower >= loss
        if not stuck:
            point, loss, gradient = trial, lower, slope
        curve.append(loss)
        if stuck or np.abs(gradient).max() <= tol:
            return point, curve, True
    return point, curve, False


def by_cholesky(
    objective: LogisticObjective, point: Floats, gradient: Floats
) -> Floats:
    """Newton direction by factorising the whole Hessian."""
    H = objective.hessian(point)
    # Directions without curvature still need a number to divide by.
    diagonal = H.diagonal()
    lifted = np.where(diagonal > 0, diagonal, diagonal.mean() or 1.0)
    H.flat[:: len(H) + 1] += 100 * np.finfo(objective.X.dtype).eps * lifted
    try:
        step = cho_solve(cho_factor(H, check_finite=False), -gradient.ravel())
    except LinAlgError:
        step = lstsq(H, -gradient.ravel(), check_finite=False)[0]
    step = step.reshape(point.shape)
    if objective.n_columns > 1:
        # Adding one number to all classes changes nothing: that part of a step is
        # rounding divided by the number above.
        free = objective.ridges(point)[:, 0] == 0
        step[free] -= step[free].mean(axis=1, keepdims=True)
    return step


def by_conjugate_gradients(
    objective: LogisticObjective, point: Floats, gradient: Floats
) -> Floats:
    """Newton direction by products with the Hessian, which is never formed."""
    product = objective.hessian_product(point)
    size = gradient.size
    hessian = LinearOperator(
        (size, size), lambda v: product(v.reshape(point.shape)).ravel()
    )
    # A rough answer is enough far from the end: superlinear, by Dembo et al. (1982).
    steepest = float(np.abs(gradient).max())
    precision = min(0.5, np.sqrt(steepest))
    step, _ = cg(hessian, -gradient.ravel(), rtol=precision, maxiter=200)
    return step.reshape(point.shape)


def solve_descent(
    objective: LogisticObjective, start: Floats, tol: float, max_iter: int, rate: float
) -> Answer:
    """Full-batch gradient descent with a fixed step; the L1 part by shrinking."""
    point, curve = start, []
    loss, gradient = objective.smooth(point)
    for step in range(max_iter):
        moved = objective.shrink(point - rate * gradient, rate)
        steepest = np.abs(moved - point).max() / rate
        point = moved
        loss, gradient = objective.smooth(point)
        curve.append(loss + objective.lasso_value(point))
        _check_finite(curve[-1], step, rate)
        if steepest <= tol:
            return point, curve, True
    return point, curve, False


def solve_batches(
    objective: LogisticObjective,
    start: Floats,
    tol: float,
    max_iter: int,
    rate: float,
    batch_size: int,
    rng: np.random.RandomState,
) -> Answer:
    """Mini-batch gradient descent; stops when five passes improve by less than tol."""
    point, curve = start, []
    best, patience = np.inf, 5
    for step in range(max_iter):
        point = one_pass(objective, point, rate, batch_size, rng)
        curve.append(objective.value(point))
        _check_finite(curve[-1], step, rate)
        patience = 5 if curve[-1] < best - tol or tol == 0 else patience - 1
        best = min(best, curve[-1])
        if patience == 0:
            return point, curve, True
    return point, curve, False


def one_pass(
    objective: LogisticObjective,
    point: Floats,
    rate: float,
    batch_size: int,
    rng: np.random.RandomState,
) -> Floats:
    """Make a gradient step for each batch of a new order of the rows."""
    order = rng.permutation(len(objective.labels))
    for begin in range(0, len(order), batch_size):
        rows = order[begin : begin + batch_size]
        gradient = objective.batch_gradient(point, rows)
        point = objective.shrink(point - rate * gradient, rate)
    return point


def solve_saga(
    objective: LogisticObjective,
    start: Floats,
    tol: float,
    max_iter: int,
    rng: np.random.RandomState,
) -> Answer:
    """SAGA: steps for one row at a time, until W no longer changes."""
    X = objective.X
    n, d = X.shape
    weights = objective.weights * (n / objective.total)
    norms = (squared_norms(X) + objective.fit_intercept) * weights
    curvature = objective.curvature * float(norms.max()) + objective.ridge
    step, ridge, lasso = np.array(
        [1 / (3 * curvature) if curvature > 0 else 1, objective.ridge, objective.lasso],
        X.dtype,
    )
    W = start[:d].astype(X.dtype)
    b = np.zeros(objective.n_columns, X.dtype)
    if objective.fit_intercept:
        b[:] = start[d]
    slopes = np.zeros((n, objective.n_columns), X.dtype)
    mean_W, mean_b = np.zeros_like(W), np.zeros_like(b)
    entries, curve = row_entries(X), []
    point = start
    for _ in range(max_iter):
        order = rng.randint(n, size=n)
        before = W.copy()
        saga_pass(
            *entries,
            objective.labels,
            weights,
            order,
            step,
            ridge,
            lasso,
            objective.fit_intercept,
            W,
            b,
            slopes,
            mean_W,
            mean_b,
        )
        point = np.vstack([W, b[None]])[: len(start)].astype(np.float64)
        curve.append(objective.value(point))
        if np.abs(W - before).max() <= tol * np.abs(W).max():
            return point, curve, True
    return point, curve, False


def _check_finite(loss: float, step: int, rate: float) -> None:
    if not np.isfinite(loss):
        raise ValueError(
            f"The loss overflowed in pass {step + 1}: learning_rate={rate:g} is too "
            "large for this data."
        )
