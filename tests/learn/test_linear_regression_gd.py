import numpy as np
import pytest
from scipy import sparse

from lookalike.learn import LinearRegressionGD, Ridge


def problem(n=80, d=4, targets=None, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(0.5, 1, (n, d))
    Y = X @ rng.normal(size=(d, targets or 1)) + 2 + rng.normal(size=(n, targets or 1))
    return X, Y if targets else Y[:, 0], 0.5 + rng.random(n)


def test_descent_of_the_source_ends_where_it_printed():
    x, y = np.arange(1.0, 6), np.array([2.0, 4, 5, 4, 5])
    model = LinearRegressionGD(
        alpha=0.1, learning_rate=0.01, max_iter=10_000, tol=0, fit_intercept=False
    )
    model.fit(np.column_stack([np.ones(5), x]), y)
    assert model.coef_ == pytest.approx([1.99964292, 0.65345474], abs=5e-9)
    assert model.loss_curve_[-1] == pytest.approx(2.8791287270130344, rel=1e-14)
    assert model.n_iter_ == len(model.loss_curve_) == 10_000


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("targets", [None, 1, 3])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("alpha", [0.0, 5.0])
def test_descends_to_the_ridge_solution(container, targets, fit_intercept, alpha):
    X, y, s = problem(targets=targets)
    model = LinearRegressionGD(
        alpha=alpha, fit_intercept=fit_intercept, tol=1e-15, max_iter=5000
    ).fit(container(X), y, s)
    exact = Ridge(alpha, fit_intercept=fit_intercept).fit(X, y, s)
    # Ridge's are flat for one column of targets, as scikit-learn's.
    coef = exact.coef_.reshape(model.coef_.shape)
    predicted = exact.predict(X).reshape(y.shape)
    np.testing.assert_allclose(model.coef_, coef, rtol=1e-5)
    np.testing.assert_allclose(model.intercept_, exact.intercept_, rtol=1e-5)
    np.testing.assert_allclose(model.predict(container(X)), predicted, rtol=1e-5)
    assert np.all(np.diff(model.loss_curve_) <= 1e-12 * model.loss_curve_[0])
    residual = (model.predict(X) - y).reshape(len(y), -1)
    expected = (s[:, None] * residual**2).sum() + alpha * (model.coef_**2).sum()
    assert model.loss_curve_[-1] == pytest.approx(expected)


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_batches_come_near_the_ridge_solution(container):
    X, y, s = problem(n=400)
    model = LinearRegressionGD(
        alpha=20, batch_size=16, learning_rate=0.003, max_iter=400, random_state=0
    ).fit(container(X), y, s)
    exact = Ridge(20).fit(X, y, s)
    np.testing.assert_allclose(model.coef_, exact.coef_, atol=0.02)
    np.testing.assert_allclose(model.intercept_, exact.intercept_, atol=0.02)


def test_one_batch_step_is_the_definition():
    X, y, s = problem(n=6, d=2)
    model = LinearRegressionGD(
        alpha=3, batch_size=4, learning_rate=0.1, max_iter=1, shuffle=False
    ).fit(X, y, s)
    w, b = np.zeros(2), 0.0
    for rows in (slice(0, 4), slice(4, 6)):
        scale = 6 / len(X[rows])
        r = s[rows] * (X[rows] @ w + b - y[rows]) * scale
        w, b = w - 0.2 * (X[rows].T @ r + 3 * w) / s.sum(), b - 0.2 * r.sum() / s.sum()
    np.testing.assert_allclose(model.coef_, w)
    np.testing.assert_allclose(model.intercept_, b)


def test_passes_one_by_one_are_the_passes_of_fit():
    X, y, s = problem()
    whole = LinearRegressionGD(max_iter=7, tol=0).fit(X, y, s)
    parts = LinearRegressionGD()
    for _ in range(7):
        parts.partial_fit(X, y, s)
    np.testing.assert_array_equal(parts.coef_, whole.coef_)
    assert parts.loss_curve_ == whole.loss_curve_
    assert parts.n_iter_ == 7


def test_each_part_draws_a_new_order():
    X, y, _ = problem()
    twice = LinearRegressionGD(batch_size=8, random_state=0, learning_rate=0.05)
    whole = LinearRegressionGD(
        batch_size=8, random_state=0, learning_rate=0.05, max_iter=2, tol=0
    )
    twice.partial_fit(X, y).partial_fit(X, y)
    np.testing.assert_array_equal(twice.coef_, whole.fit(X, y).coef_)


def test_a_later_part_with_larger_rows_shortens_the_step():
    X, y, _ = problem()
    model = LinearRegressionGD().partial_fit(X, y)
    before = model.learning_rate_
    model.partial_fit(10 * X, y)
    assert model.learning_rate_ < before / 20


def test_stops_when_the_loss_no_longer_falls():
    X, y, _ = problem()
    model = LinearRegressionGD(max_iter=5000, tol=1e-3, n_iter_no_change=3).fit(X, y)
    curve = np.array(model.loss_curve_)
    assert model.n_iter_ < 200
    assert (curve[-3:] >= curve[:-3].min() * 0.997).all()


@pytest.mark.parametrize("n_iter_no_change", [1, 3, 5])
def test_stops_after_as_many_passes_without_a_fall_as_told(n_iter_no_change):
    X, y, _ = problem()
    curve = LinearRegressionGD(max_iter=300, tol=0).fit(X, y).loss_curve_
    best, n_stuck, n_passes = np.inf, 0, 0
    while n_stuck < n_iter_no_change:
        loss, n_passes = curve[n_passes], n_passes + 1
        n_stuck = 0 if loss < 0.99 * best else n_stuck + 1
        best = min(best, loss)
    model = LinearRegressionGD(tol=0.01, n_iter_no_change=n_iter_no_change).fit(X, y)
    assert model.n_iter_ == n_passes


def test_the_step_of_none_is_one_over_the_curvature():
    X, y, s = problem()
    model = LinearRegressionGD(alpha=2).fit(X, y, s)
    A = np.column_stack([X, np.ones(len(X))])
    top = np.linalg.eigvalsh((A.T * s) @ A / s.sum())[-1]
    assert model.learning_rate_ == pytest.approx(1 / (2 * top + 4 / s.sum()), rel=1e-3)


def test_random_state_alone_decides():
    X, y, _ = problem()
    a, b, c = (
        LinearRegressionGD(batch_size=8, random_state=r).fit(X, y).coef_
        for r in (0, 0, 1)
    )
    np.testing.assert_array_equal(a, b)
    assert (a != c).any()


def test_single_precision_stays():
    X, y, s = (a.astype(np.float32) for a in problem())
    for batch_size in (None, 8):
        model = LinearRegressionGD(batch_size=batch_size).fit(X, y, s)
        assert model.coef_.dtype == model.predict(X).dtype == np.float32


def test_a_step_that_is_too_large_is_named():
    X, y, _ = problem()
    with pytest.raises(ValueError, match=r"overflowed in pass \d+: learning_rate=2 is"):
        LinearRegressionGD(learning_rate=2.0, tol=0).fit(X, y)


def test_targets_may_not_change_between_parts():
    X, y, _ = problem()
    model = LinearRegressionGD().partial_fit(X, y)
    with pytest.raises(ValueError, match="y has 2 targets, the first call had 1"):
        model.partial_fit(X, np.column_stack([y, y]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alpha": -1}, "alpha must be a number of at least 0, got -1"),
        ({"learning_rate": 0}, "learning_rate must be a number above 0, got 0"),
        ({"batch_size": 2.5}, "batch_size must be a whole number of at least 1"),
        ({"max_iter": True}, "max_iter must be a whole number of at least 1, got True"),
        ({"tol": np.nan}, "tol must be a number of at least 0, got nan"),
        ({"n_iter_no_change": 0}, "n_iter_no_change must be a whole number"),
    ],
)
def test_refusals_say_what_was_expected(options, message):
    X, y, _ = problem()
    with pytest.raises(ValueError, match=message):
        LinearRegressionGD(**options).fit(X, y)


def test_the_safe_step_is_safe_where_a_regular_start_sees_no_curvature():
    X = np.array([[1.0, -1.0], [-3.0, 3.0], [2.0, -2.0]])
    model = LinearRegressionGD(fit_intercept=False).fit(X, X @ [1.0, 2.0])
    assert model.loss_curve_[-1] < 1e-9
