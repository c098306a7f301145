"""Races of ``lookalike bench algorithms`` for linear models, margins and projections.

All contestants of a race get MNIST's pixels in [0, 1], in the precision in which they
are faster, one thread, and show what they reached: ``objective``, the function that all
of them minimise, computed here in double precision from their weights; ``accuracy`` on
the test images; or ``error``, beside the closed answer.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from lookalike_bench.arrays import Array, Floats
from lookalike_bench.races.common import (
    INTEL,
    SCIKIT,
    Timed,
    compare,
    kind_of,
    ours,
    shades,
)
from lookalike_bench.runner import BLAS, OURS, Job

C_LOGISTIC, C_HINGE = 0.01, 0.01
SVC_ROWS, SVC_OPTIONS = 10_000, {"C": 5.0, "gamma": 0.02, "cache_size": 1000}


def jobs(rounds: int = 3) -> Iterator[Job]:
    """All races of this file."""
    few = min(rounds, 2)
    both, all_three = (OURS, SCIKIT), (OURS, SCIKIT, INTEL)
    for step in ("fit", "predict"):
        name = f"SVC, RBF, 10,000 digits, {step}"
        yield compare(name, support, all_three, few, BLAS, step=step)
    yield compare(
        "linear SVC, squared hinge, MNIST",
        margin,
        (OURS, f"{SCIKIT} primal", f"{SCIKIT} dual"),
        few,
        BLAS,
    )
    name = "perceptron, 10 classes, 10 epochs, MNIST"
    yield compare(name, perceptron, both, few, BLAS)
    for classes in ("multinomial", "binary"):
        name = f"logistic regression, {classes}, MNIST"
        binary = classes == "binary"
        yield compare(name, logistic, all_three, few, BLAS, binary=binary)
    yield compare("PCA(60), fit, MNIST", principal, all_three, rounds, BLAS)
    yield compare("linear regression, MNIST", least_squares, all_three, rounds, BLAS)
    yield compare("ridge, MNIST", ridge, all_three, rounds, BLAS)
    name = "linear regression by gradient descent, 10 epochs, MNIST"
    yield compare(name, descent, both, rounds, BLAS)
    name = "neighbourhood components, 2,000 digits to 16"
    yield compare(name, components, both, few, BLAS)


def support(method: str, step: str) -> Timed:
    """Support vectors of 10,000 digits; predictions of the 10,000 test images."""
    X, y, Q, truth = shades()
    X, y = X[:SVC_ROWS], y[:SVC_ROWS]
    kind = kind_of(method, "svm", "SVC")
    model = kind(**SVC_OPTIONS)
    if step == "fit":
        return lambda: model.fit(X, y), lambda fitted: {
            "vectors": len(fitted.support_),
            "objective": _dual_objective(fitted, X, y),
        }
    model.fit(X, y)
    return lambda: model.predict(Q), lambda guess: {
        "accuracy": float((guess == truth).mean())
    }


def _dual_objective(model: Any, X: Array, y: Array) -> float:
    """Sum of the dual objectives of all pairs of classes."""
    from itertools import combinations

    rows = np.asarray(model.support_)
    V = X[rows].astype(np.float64)
    squares = (V * V).sum(axis=1)
    K = np.exp(-SVC_OPTIONS["gamma"] * (squares[:, None] + squares - 2 * V @ V.T))
    classes = np.asarray(model.classes_)
    total = 0.0
    for a, b in combinations(range(len(classes)), 2):
        signed = np.zeros(len(rows))
        for own, column in ((a, b - 1), (b, a)):
            of_class = y[rows] == classes[own]
            signed[of_class] = np.asarray(model.dual_coef_)[column, of_class]
        total += 0.5 * signed @ K @ signed - np.abs(signed).sum()
    return float(total)


def margin(method: str) -> Timed:
    """Digits from 5 up against those below."""
    X, y, Q, truth = shades()
    labels, expected = y >= 5, truth >= 5
    kind = kind_of(method, "svm", "LinearSVC")
    options: dict[str, Any] = {"C": C_HINGE, "random_state": 0}
    if not ours(method):
        X = X.astype(np.float64)
        # The loosest tolerances that come as near the optimum as ours.
        options |= {"dual": True, "tol": 1e-2} if "dual" in method else {"dual": False}
        options |= {"tol": 1e-3} if "primal" in method else {}
    signs = np.where(labels, 1, -1)

    def objective(model: Any) -> float:
        w, b = model.coef_[0].astype(np.float64), float(model.intercept_[0])
        slacks = np.maximum(0, 1 - signs * (X @ w + b))
        return float(0.5 * (w @ w + b * b) + C_HINGE * (slacks**2).sum())

    return lambda: kind(**options).fit(X, labels), lambda model: {
        "objective": objective(model),
        "accuracy": float(model.score(Q, expected)),
    }


def perceptron(method: str) -> Timed:
    """Ten problems of one class against the rest.

    Where ten passes end depends on the last rows met: the accuracy is the mean of
    five orders.
    """
    X, y, Q, truth = shades()
    kind = kind_of(method, "linear_model", "Perceptron")

    def call(seed: int = 0) -> Any:
        return kind(max_iter=10, tol=None, random_state=seed).fit(X, y)

    def describe(_: Any) -> dict[str, Any]:
        return {"accuracy": np.mean([call(s).score(Q, truth) for s in range(5)])}

    return call, describe


def logistic(method: str, binary: bool) -> Timed:
    """All ten digits, or those from 5 up against those below."""
    X, y, Q, truth = shades()
    if binary:
        y, truth = (y >= 5).astype(np.int64), (truth >= 5).astype(np.int64)
    kind = kind_of(method, "linear_model", "LogisticRegression")
    # Ours stops later than by default, so that no peer ends lower.
    options = {"C": C_LOGISTIC, "max_iter": 1000} | (
        {"tol": 3e-5} if ours(method) else {}
    )

    def call() -> Any:
        return kind(**options).fit(X, y)

    return call, lambda model: {
        "objective": _logistic_objective(model, X, y),
        "accuracy": float(model.score(Q, truth)),
    }


def _logistic_objective(model: Any, X: Array, y: Array) -> float:
    from scipy.special import logsumexp

    W = np.asarray(model.coef_, np.float64)
    Z = X @ W.T + np.asarray(model.intercept_, np.float64)
    if len(W) == 1:
        Z = np.hstack([np.zeros_like(Z), Z])
    losses = logsumexp(Z, axis=1) - Z[np.arange(len(y)), y]
    return float(C_LOGISTIC * losses.sum() + 0.5 * (W**2).sum())


def principal(method: str) -> Timed:
    """Sixty components; ``explained`` is their share of the variance."""
    X = shades()[0]
    kind = kind_of(method, "decomposition", "PCA")
    return lambda: kind(60, random_state=0).fit(X), lambda model: {
        "explained": float(np.sum(model.explained_variance_ratio_))
    }


def _one_hot(y: Array) -> Floats:
    return np.eye(10)[y]


def _regression_error(model: Any, X: Array, y: Array, penalty: float) -> float:
    """How far the mean squared error and penalty lie above their least, relatively."""
    A = X - X.mean(axis=0, dtype=np.float64)
    T = _one_hot(y)
    T -= T.mean(axis=0)

    def objective(W: Array) -> float:
        return float(((T - A @ W) ** 2).sum() + penalty * (W**2).sum())

    if penalty:
        best = np.linalg.solve(A.T @ A + penalty * np.eye(A.shape[1]), A.T @ T)
    else:
        values, vectors = np.linalg.eigh(A.T @ A)
        inverse = np.where(values > 1e-10 * values[-1], 1 / values, 0)
        best = (vectors * inverse) @ (vectors.T @ (A.T @ T))
    least = objective(best)
    return objective(np.asarray(model.coef_, np.float64).T) / least - 1


def least_squares(method: str) -> Timed:
    """Ten targets, each one where the digit is that; float64."""
    X, y, _, _ = shades()
    A, T = X.astype(np.float64), _one_hot(y)
    kind = kind_of(method, "linear_model", "LinearRegression")
    return lambda: kind().fit(A, T), lambda model: {
        "error": _regression_error(model, A, y, 0.0)
    }


def ridge(method: str) -> Timed:
    """The same with a penalty of one."""
    X, y, _, _ = shades()
    A, T = X.astype(np.float64), _one_hot(y)
    kind = kind_of(method, "linear_model", "Ridge")
    return lambda: kind().fit(A, T), lambda model: {
        "error": _regression_error(model, A, y, 1.0)
    }


def descent(method: str) -> Timed:
    """The digit itself as one number, ten passes; ``r2`` on the test images."""
    X, y, Q, truth = shades()
    target = y.astype(np.float32)
    if ours(method):
        from lookalike.learn import LinearRegressionGD

        def call() -> Any:
            return LinearRegressionGD(
                batch_size=32, max_iter=10, tol=0.0, random_state=0
            ).fit(X, target)
    else:
        from sklearn.linear_model import SGDRegressor

        def call() -> Any:
            return SGDRegressor(
                max_iter=10, tol=None, penalty=None, eta0=1e-3, random_state=0
            ).fit(X, target)

    return call, lambda model: {"r2": float(model.score(Q, truth))}


def components(method: str) -> Timed:
    """A linear map for neighbours; accuracy of 3 of them on the test images."""
    from sklearn.neighbors import KNeighborsClassifier, NeighborhoodComponentsAnalysis

    from lookalike.learn import PCA, NeighbourhoodComponents

    X, y, Q, truth = shades()
    pca = PCA(50).fit(X)
    A, B, y = pca.transform(X[:2000]), pca.transform(Q), y[:2000]
    if ours(method):
        model: Any = NeighbourhoodComponents(16, random_state=0)
    else:
        model = NeighborhoodComponentsAnalysis(16, random_state=0)

    def describe(fitted: Any) -> dict[str, Any]:
        near = KNeighborsClassifier(3).fit(fitted.transform(A), y)
        return {"accuracy": float(near.score(fitted.transform(B), truth))}

    return lambda: model.fit(A, y), describe
