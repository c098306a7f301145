"""Models of float32 columns of unlike units answer like those of the same in float64.

Columns spread by 1e-4 to 1e4 and lie up to 1e4 spreads from zero. The numbers are
exactly the same in both types, so that only the arithmetic can make a difference.
"""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from lookalike.learn import (
    SVC,
    DecisionTreeClassifier,
    KNeighborsClassifier,
    LinearDiscriminantAnalysis,
    LinearRegression,
    LinearSVC,
    LogisticRegression,
    Ridge,
)

SPREADS = 10.0 ** np.array([-4, 4, -2, 0, 2, 3])
OFFSETS = {  # of the means, in spreads
    "spread": np.zeros(6),
    "both": np.array([1e3, -1e3, 10, 0, -1e3, 1e3]),
    "far": np.array([1e4, -1e4, 1e3, 1e4, 0, 1e4]),
}
# The sum of the six features has a spread of 1.9. In single precision a feature that
# lies 1e4 spreads from zero is known to 1e4 * 2**-24 = 6e-4 of its spread, and a
# prediction that multiplies it to about as much; six of them, and a margin of four.
TOLERANCE = {"spread": 1e-5, "both": 1e-3, "far": 1e-2}


def problem(kind, n=1000):
    """Rows, a number and one of three classes for each."""
    rng = np.random.default_rng(0)
    X = (SPREADS * (rng.normal(size=(n, 6)) + OFFSETS[kind])).astype(np.float32)
    features = X.astype(np.float64) / SPREADS - OFFSETS[kind]
    score = features @ [1, -1, 0.8, 0.6, -0.5, 0.4]
    noisy = score + 0.3 * rng.normal(size=n)
    return X, noisy.astype(np.float32), (score > 0).astype(int) + (score > 1.5)


@pytest.mark.parametrize("kind", OFFSETS)
@pytest.mark.parametrize(
    ("model", "n"),
    [
        (LinearRegression(), 1000),
        (LinearRegression(), 100_000),
        (LinearRegression(fit_intercept=False), 1000),
        (LinearRegression(positive=True), 1000),
        (Ridge(alpha=1e-6), 1000),
        (Ridge(), 100_000),
        (Ridge(solver="svd"), 1000),
        (Ridge(solver="lsqr", tol=1e-12), 1000),
        (Ridge(positive=True), 1000),
    ],
    ids=str,
)
def test_lines(model, kind, n):
    X, y, _ = problem(kind, n)
    single = model.fit(X, y).predict(X)
    double = model.fit(X.astype(float), y.astype(float)).predict(X)
    assert single.dtype == np.float32
    assert np.abs(single - double).max() < TOLERANCE[kind]


@pytest.mark.parametrize("model", [LinearRegression(), Ridge()], ids=str)
def test_targets_whose_squares_leave_single_precision(model):
    X, y, _ = problem("spread")
    near = model.fit(X, y).predict(X)
    far = model.fit(X, y * np.float32(1e25)).predict(X)
    np.testing.assert_allclose(far / np.float32(1e25), near, atol=1e-4)
    with pytest.raises(ValueError, match="left the finite numbers"):
        model.fit(X, y.astype(float) * 1e40)  # so do the weights themselves


def test_a_line_through_all_columns_is_found_in_single_precision():
    X, y, _ = problem("both")
    model = LinearRegression().fit(X, y)
    assert model.rank_ == 6
    assert model.score(X, y) > 0.97  # noise is 0.3 of a spread of 1.9


def test_columns_that_depend_on_each_other_but_for_rounding_share_the_weight():
    X, y, _ = problem("far")
    X = np.column_stack([X, X[:, 2] + X[:, 4]])  # rounded to single precision
    model = LinearRegression().fit(X, y)
    assert model.rank_ == 6
    assert model.score(X, y) > 0.97
    assert np.abs(model.coef_).max() < 2e4  # not the rounding's 1e4 and more times that


def test_a_column_of_nothing_but_rounding_has_no_weight():
    X, y, _ = problem("spread")
    X[:, 3] = np.where(y > 0, np.float32(1), np.nextafter(np.float32(1), np.float32(2)))
    model = LinearRegression().fit(X, y)
    assert model.rank_ == 5
    assert model.coef_[3] == 0


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", OFFSETS)
@pytest.mark.parametrize(
    ("model", "n"),
    [
        (LinearDiscriminantAnalysis(), 1000),
        (LinearDiscriminantAnalysis(), 100_000),
        (LinearDiscriminantAnalysis(solver="lsqr"), 1000),
        (LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto"), 1000),
        (LogisticRegression(), 1000),
        (LogisticRegression(solver="newton-cholesky"), 1000),
        (LinearSVC(dual=False), 1000),
        (LinearSVC(dual=False), 100_000),
        (LinearSVC(penalty="l1", random_state=0, max_iter=50), 1000),
        (DecisionTreeClassifier(max_depth=5), 1000),
        (KNeighborsClassifier(), 1000),
    ],
    ids=str,
)
def test_classes(model, kind, n):
    """One row in a hundred lies where rounding decides."""
    X, _, y = problem(kind, n)
    single = model.fit(X, y).predict(X)
    double = model.fit(X.astype(float), y).predict(X)
    assert (single == double).mean() > 0.99


def test_newton_steps_on_images_of_8_bits_in_single_precision():
    X, y = load_digits(return_X_y=True)
    X = X * 16
    double = LinearSVC().fit(X, y)
    single = LinearSVC().fit(X.astype(np.float32), y)
    np.testing.assert_allclose(single.coef_, double.coef_, atol=1e-3)


def test_newton_steps_do_not_depend_on_where_zero_lies():
    X, _, y = problem("spread")
    X = X.astype(float) / SPREADS
    near = LogisticRegression(solver="newton-cholesky", tol=1e-8).fit(X, y)
    far = LogisticRegression(solver="newton-cholesky", tol=1e-8).fit(X + 1e6, y)
    np.testing.assert_allclose(far.coef_, near.coef_, atol=1e-6)


@pytest.mark.parametrize("cache_size", [200, 0.1])
def test_a_linear_margin_does_not_depend_on_where_zero_lies(cache_size):
    X, _, y = problem("spread", 400)
    far = (X / SPREADS + 1e4).astype(np.float32)
    near = far.astype(float) - 1e4
    options = {"kernel": "linear", "cache_size": cache_size, "tol": 1e-5}
    options |= {"decision_function_shape": "ovo", "max_iter": 20_000}
    single, double = SVC(**options).fit(far, y), SVC(**options).fit(near, y)
    np.testing.assert_allclose(single.coef_, double.coef_, atol=1e-3)
    scores, expected = single.decision_function(far), double.decision_function(near)
    np.testing.assert_allclose(scores, expected, atol=TOLERANCE["far"])
