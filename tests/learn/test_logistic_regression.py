import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.special import expit, logsumexp, softmax
from sklearn import linear_model
from sklearn.exceptions import ConvergenceWarning
from sklearn.multiclass import OneVsRestClassifier

from lookalike.kernels.logistic import logistic_slopes, softmax_slopes
from lookalike.kernels.saga import saga_pass
from lookalike.learn import LogisticRegression
from lookalike.learn._curvature import score_curvature
from lookalike.learn._linear import row_entries
from lookalike.learn._logistic import LogisticObjective
from lookalike.learn._logistic_solvers import (
    by_cholesky,
    by_conjugate_gradients,
    solve_newton,
)
from lookalike.learn._whitening import Whitening

SMOOTH = ["lbfgs", "newton-cholesky", "newton-cg"]
SLOW = ["saga", "gd"]


def problem(n=120, d=5, n_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(0.3, 1, (n, d))
    Z = X @ rng.normal(size=(d, n_classes)) + rng.gumbel(size=(n, n_classes))
    return X, np.array(list("abcdef"))[Z.argmax(axis=1)], 0.5 + rng.random(n)


@pytest.mark.parametrize("solver", SMOOTH + SLOW)
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("weighting", ["none", "samples", "classes", "balanced"])
def test_agrees_with_scikit_learn(solver, n_classes, fit_intercept, weighting):
    X, y, s = problem(n_classes=n_classes)
    options = {"C": 0.7, "fit_intercept": fit_intercept, "max_iter": 3000}
    if weighting == "classes":
        options["class_weight"] = dict(zip("abcd", [1, 2, 3, 0.5], strict=True))
    if weighting == "balanced":
        options["class_weight"] = "balanced"
    s = None if weighting in ("none", "classes") else s
    ours = LogisticRegression(solver=solver, tol=1e-7, **options).fit(X, y, s)
    theirs = linear_model.LogisticRegression(tol=1e-9, **options).fit(X, y, s)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=2e-5)
    # Equal intercepts added to all classes change nothing.
    shift = (ours.intercept_ - theirs.intercept_).mean() if n_classes > 2 else 0
    np.testing.assert_allclose(ours.intercept_ - shift, theirs.intercept_, atol=2e-5)
    for method in ("predict_proba", "predict_log_proba"):
        np.testing.assert_allclose(
            getattr(ours, method)(X), getattr(theirs, method)(X), atol=5e-5
        )
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)


@pytest.mark.parametrize("solver", SLOW)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("l1_ratio", [0.4, 1.0])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_sparse_weights_agree_with_scikit_learn(solver, n_classes, l1_ratio, container):
    X, y, s = problem(n_classes=n_classes)
    options = {"C": 0.08, "l1_ratio": l1_ratio, "max_iter": 5000}
    model = LogisticRegression(solver=solver, tol=1e-8, **options)
    model.fit(container(X), y, s)
    theirs = linear_model.LogisticRegression(solver="saga", tol=1e-10, **options)
    theirs.fit(X, y, s)
    np.testing.assert_allclose(model.coef_, theirs.coef_, atol=2e-6)
    assert (model.coef_ == 0).any()
    np.testing.assert_array_equal(model.coef_ == 0, theirs.coef_ == 0)


@pytest.mark.parametrize("solver", [*SMOOTH, "gd"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_without_a_penalty_agrees_with_scikit_learn(solver, n_classes):
    X, y, _ = problem(n_classes=n_classes)
    options = {"C": np.inf, "max_iter": 5000}
    ours = LogisticRegression(solver=solver, tol=1e-8, **options).fit(X, y)
    theirs = linear_model.LogisticRegression(tol=1e-10, **options).fit(X, y)
    np.testing.assert_allclose(
        ours.predict_proba(X), theirs.predict_proba(X), atol=1e-5
    )


@pytest.mark.parametrize("solver", SMOOTH + SLOW)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_sparse_input_answers_like_dense(solver, n_classes):
    X, y, s = problem(n_classes=n_classes)
    X[X < 0.3] = 0
    options = {"solver": solver, "tol": 1e-8, "max_iter": 3000}
    dense = LogisticRegression(**options).fit(X, y, s)
    model = LogisticRegression(**options).fit(sparse.csr_matrix(X), y, s)
    np.testing.assert_allclose(model.coef_, dense.coef_, atol=1e-6)
    np.testing.assert_allclose(
        model.predict_proba(sparse.csc_array(X)), dense.predict_proba(X), atol=1e-6
    )


@pytest.mark.parametrize("solver", SMOOTH)
def test_one_against_the_rest_agrees_with_scikit_learn(solver):
    X, y, _ = problem()
    ours = LogisticRegression(multi_class="ovr", solver=solver, tol=1e-8).fit(X, y)
    theirs = OneVsRestClassifier(linear_model.LogisticRegression(tol=1e-10)).fit(X, y)
    np.testing.assert_allclose(
        ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6
    )
    np.testing.assert_allclose(
        ours.predict_log_proba(X), np.log(theirs.predict_proba(X)), atol=1e-6
    )
    assert len(ours.loss_curve_) == len(ours.n_iter_) == 3
    assert [len(curve) for curve in ours.loss_curve_] == ours.n_iter_.tolist()


def test_batches_come_near_the_answer():
    X, y, _ = problem(n=600)
    near = LogisticRegression(
        solver="sgd",
        batch_size=64,
        learning_rate=0.05,
        max_iter=300,
        tol=0,
        random_state=0,
    ).fit(X, y)
    exact = LogisticRegression(tol=1e-8).fit(X, y)
    np.testing.assert_allclose(near.predict_proba(X), exact.predict_proba(X), atol=0.03)


@pytest.mark.parametrize("batch_size", [30, 12])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.3])
def test_steps_of_batches_are_the_definition(l1_ratio, batch_size):
    X, y, s = problem(n=30, n_classes=2)
    model = LogisticRegression(
        C=0.5, l1_ratio=l1_ratio, solver="sgd", learning_rate=0.1
    ).set_params(batch_size=batch_size, random_state=4)
    model.partial_fit(X, y, classes=["a", "b"], sample_weight=s)
    order = np.random.RandomState(4).permutation(30)
    w, b, scale = np.zeros(5), 0.0, 1 / (0.5 * s.sum())
    for start in range(0, 30, batch_size):
        rows = order[start : start + batch_size]
        g = s[rows] * (expit(X[rows] @ w + b) - (y[rows] == "b"))
        g *= 30 / len(rows) / s.sum()
        w = w - 0.1 * (X[rows].T @ g + (1 - l1_ratio) * scale * w)
        w = np.sign(w) * np.maximum(np.abs(w) - 0.1 * l1_ratio * scale, 0)
        b -= 0.1 * g.sum()
    np.testing.assert_allclose(model.coef_[0], w)
    np.testing.assert_allclose(model.intercept_, b)


def test_gradient_descent_is_the_definition():
    X, y, _ = problem(n_classes=2)
    model = LogisticRegression(
        C=2.0, solver="gd", learning_rate=0.5, max_iter=7, tol=0
    ).fit(X, y)
    t, n = (y == "b").astype(float), len(y)
    w, b = np.zeros(5), 0.0
    for _ in range(7):
        r = expit(X @ w + b) - t
        w, b = w - 0.5 * (X.T @ r / n + w / (2 * n)), b - 0.5 * r.mean()
    np.testing.assert_allclose(model.coef_[0], w)
    np.testing.assert_allclose(model.intercept_, b)


@pytest.mark.parametrize("solver", SMOOTH + SLOW)
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5])
def test_the_curve_is_the_objective_and_ends_lowest(solver, l1_ratio):
    if l1_ratio and solver in SMOOTH:
        pytest.skip("smooth solvers have no L1")
    X, y, s = problem()
    model = LogisticRegression(
        C=0.3, solver=solver, l1_ratio=l1_ratio, max_iter=2000
    ).fit(X, y, s)
    loss = -s @ np.log(model.predict_proba(X)[np.arange(len(y)), _index(y)])
    W = model.coef_
    penalty = (1 - l1_ratio) / 2 * (W**2).sum() + l1_ratio * np.abs(W).sum()
    objective = (loss + penalty / 0.3) / s.sum()
    assert model.loss_curve_[-1] == pytest.approx(objective, rel=1e-9)
    assert model.loss_curve_[-1] == min(model.loss_curve_)
    assert len(model.loss_curve_) == model.n_iter_[0]


def _index(y):
    return np.unique(y, return_inverse=True)[1]


def test_parts_one_by_one_learn_the_classes():
    X, y, s = problem(n=300)
    model = LogisticRegression(random_state=0, learning_rate=0.3)
    for _ in range(60):
        for rows in np.array_split(np.arange(300), 3):
            model.partial_fit(X[rows], y[rows], ["a", "b", "c"], s[rows])
    exact = LogisticRegression().fit(X, y, s)
    assert (model.predict(X) == exact.predict(X)).mean() > 0.97
    assert model.n_iter_ == [180]
    # Labels that a later part lacks keep their columns.
    only_c = y == "c"
    model.partial_fit(X[only_c], y[only_c])
    assert model.coef_.shape == (3, 5)


def test_one_against_the_rest_learns_in_parts():
    X, y, _ = problem(n=300)
    model = LogisticRegression(
        multi_class="ovr", random_state=0, learning_rate=0.3, batch_size=100
    )
    for _ in range(100):
        model.partial_fit(X, y, classes=["a", "b", "c"])
    exact = LogisticRegression(multi_class="ovr").fit(X, y)
    np.testing.assert_allclose(
        model.predict_proba(X), exact.predict_proba(X), atol=0.05
    )


def test_far_points_have_probabilities_and_finite_logarithms():
    X, y, _ = problem()
    for multi_class in ("multinomial", "ovr"):
        model = LogisticRegression(multi_class=multi_class).fit(X, y)
        far = 1e6 * np.vstack([X, -X])
        proba, log_proba = model.predict_proba(far), model.predict_log_proba(far)
        np.testing.assert_allclose(proba.sum(axis=1), 1)
        assert np.isfinite(log_proba).all()
        assert log_proba.min() < -1e4


@pytest.mark.parametrize("solver", SMOOTH)
def test_separable_classes_on_a_huge_scale_are_learnt(solver):
    X = np.array([[-1e6], [-2e6], [1e6], [2e6]])
    model = LogisticRegression(C=1e6, solver=solver, max_iter=1000)
    model.fit(X, [0, 0, 1, 1])
    np.testing.assert_array_equal(model.predict(X), [0, 0, 1, 1])
    assert np.isfinite(model.loss_curve_).all()


def test_constant_columns_get_no_weight():
    X, y, _ = problem()
    X[:, 1] = 7.0
    model = LogisticRegression(solver="lbfgs", tol=1e-7).fit(X, y)
    np.testing.assert_allclose(model.coef_[:, 1], 0, atol=1e-5)


def test_whitening_takes_fewer_steps_than_scikit_learn():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 10)) @ np.diag(np.geomspace(1, 30, 10)) + 5
    y = (X @ rng.normal(size=10) + 50 * rng.normal(size=300) > 0).astype(int)
    ours = LogisticRegression(max_iter=1000).fit(X, y)
    theirs = linear_model.LogisticRegression(max_iter=1000).fit(X, y)
    assert ours.n_iter_[0] < theirs.n_iter_[0] / 3


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("shape", [(40, 3), (4, 300)])
def test_whitened_coordinates_go_there_and_back(container, shape):
    X, y, s = problem(*shape)
    objective = LogisticObjective(container(X), _index(y), s, 3, True, 0.1, 0)
    whiten = Whitening(objective)
    rng = np.random.default_rng(0)
    point, step = rng.normal(size=(2, shape[1] + 1, 3))
    np.testing.assert_allclose(whiten.point(whiten.coordinates(point)), point)
    # A small move in V changes the objective as the gradient in V says.
    V, small = whiten.coordinates(point), 1e-6 * step
    rise = objective.value(whiten.point(V + small)) - objective.value(whiten.point(V))
    slope = whiten.gradient(objective.smooth(point)[1])
    assert rise == pytest.approx(np.vdot(slope, small), rel=1e-3)


@pytest.mark.parametrize("n_columns", [1, 3])
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_derivatives_are_those_of_the_objective(n_columns, fit_intercept):
    X, y, s = problem(n_classes=max(n_columns, 2))
    objective = LogisticObjective(X, _index(y), s, n_columns, fit_intercept, 0.2, 0)
    point = np.random.default_rng(0).normal(size=objective.start().shape)
    gradient, H = objective.smooth(point)[1], objective.hessian(point)
    product = objective.hessian_product(point)
    for j in np.ndindex(point.shape):
        step = np.zeros_like(point)
        step[j] = 1e-5
        up, down = (objective.smooth(point + sign * step) for sign in (1, -1))
        assert gradient[j] == pytest.approx((up[0] - down[0]) / 2e-5, abs=1e-8)
        curve = (up[1] - down[1]) / 2e-5
        row = np.ravel_multi_index(j, point.shape)
        np.testing.assert_allclose(H[row], curve.ravel(), atol=1e-8)
        np.testing.assert_allclose(product(step) / 1e-5, curve, atol=1e-8)


def test_batch_gradients_average_to_the_gradient():
    X, y, s = problem()
    objective = LogisticObjective(X, _index(y), s, 3, True, 0.2, 0)
    point = np.random.default_rng(0).normal(size=(6, 3))
    parts = [objective.batch_gradient(point, r) for r in np.split(np.arange(120), 4)]
    np.testing.assert_allclose(np.mean(parts, axis=0), objective.smooth(point)[1])


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 9), scale=st.floats(0.1, 500))
def test_two_class_kernel_equals_its_definition(seed, n, scale):
    rng = np.random.default_rng(seed)
    z = rng.integers(-3, 4, (n, 1)) * scale
    y, s = rng.integers(2, size=n), rng.random(n)
    slopes = z.copy()
    total = logistic_slopes(slopes, y, s)
    assert total == pytest.approx(s @ np.logaddexp(0, -z[:, 0] * (2 * y - 1)))
    np.testing.assert_allclose(slopes[:, 0], s * (expit(z[:, 0]) - y), atol=1e-15)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 9), k=st.integers(2, 5))
def test_many_class_kernel_equals_its_definition(seed, n, k):
    rng = np.random.default_rng(seed)
    Z = rng.integers(-3, 4, (n, k)) * 10.0 ** rng.integers(-1, 4)
    y, s = rng.integers(k, size=n), rng.random(n)
    slopes = Z.copy()
    total = softmax_slopes(slopes, y, s)
    assert total == pytest.approx(s @ (logsumexp(Z, axis=1) - Z[np.arange(n), y]))
    expected = s[:, None] * (softmax(Z, axis=1) - np.eye(k)[y])
    np.testing.assert_allclose(slopes, expected, atol=1e-15)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    k=st.integers(1, 3),
    lasso=st.sampled_from([0.0, 0.05]),
    ridge=st.sampled_from([0.0, 0.3]),
    fit_intercept=st.booleans(),
)
def test_saga_on_sparse_rows_equals_its_definition(
    seed, k, lasso, ridge, fit_intercept
):
    rng = np.random.default_rng(seed)
    n, d, step = 6, 4, 0.1
    X = rng.integers(-1, 2, (n, d)) * rng.random((n, d))
    y, s = rng.integers(max(k, 2), size=n), rng.random(n)
    order = rng.integers(n, size=15)
    W, b = rng.normal(size=(d, k)), np.zeros(k)
    table, mean_W, mean_b = np.zeros((n, k)), np.zeros((d, k)), np.zeros(k)
    state = W.copy(), b.copy(), table.copy(), mean_W.copy(), mean_b.copy()
    for i in order:
        z = X[i] @ W + b
        p = expit(z) - y[i] if k == 1 else softmax(z) - np.eye(k)[y[i]]
        change = s[i] * p - table[i]
        table[i] += change
        W = W - step * (np.outer(X[i], change) + mean_W)
        W = np.sign(W) * np.maximum(np.abs(W) - step * lasso, 0) / (1 + step * ridge)
        b = b - step * (change + mean_b) * fit_intercept
        mean_W, mean_b = mean_W + np.outer(X[i], change) / n, mean_b + change / n
    for rows in (sparse.csr_array(X), X):
        mine = [a.copy() for a in state]
        entries = row_entries(rows)
        saga_pass(*entries, y, s, order, step, ridge, lasso, fit_intercept, *mine)
        np.testing.assert_allclose(mine[0], W, atol=1e-12)
        np.testing.assert_allclose(mine[1], b, atol=1e-12)
        np.testing.assert_allclose(mine[2], table, atol=1e-12)


@pytest.mark.parametrize("batch_size", [None, 1, 7])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_score_curvature_is_its_definition(batch_size, container):
    X, _, s = problem(n=30)
    A = np.column_stack([X, np.ones(30)])
    whole = np.linalg.eigvalsh((A.T * s) @ A / s.sum())[-1]
    row = 30 * ((A**2).sum(axis=1) * s / s.sum()).max()
    m = batch_size or 30
    expected = (30 * (m - 1) * whole + (30 - m) * row) / (29 * m)
    assert score_curvature(container(X), s, True, batch_size) == pytest.approx(
        expected, rel=1e-4
    )


@pytest.mark.parametrize("solver", [*SMOOTH, *SLOW, "sgd"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_single_precision_stays(solver, n_classes):
    X, y, s = problem(n_classes=n_classes)
    X = X.astype(np.float32)
    model = LogisticRegression(solver=solver, max_iter=500, tol=1e-3).fit(X, y, s)
    assert model.coef_.dtype == model.intercept_.dtype == np.float32
    assert (
        model.predict_proba(X).dtype == model.predict_log_proba(X).dtype == np.float32
    )
    exact = LogisticRegression(tol=1e-8).fit(X.astype(np.float64), y, s)
    np.testing.assert_allclose(
        model.predict_proba(X), exact.predict_proba(X), atol=0.08
    )


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_warm_start_begins_at_the_last_answer(n_classes):
    X, y, _ = problem(n_classes=n_classes)
    model = LogisticRegression(warm_start=True, tol=1e-6).fit(X, y)
    cold = model.n_iter_[0]
    assert model.fit(X, y).n_iter_[0] < cold / 3
    # Another number of classes starts from zero again.
    assert model.fit(X, (y == "a") * 1).coef_.shape == (1, 5)


def test_random_state_alone_decides():
    X, y, _ = problem()
    options = {"solver": "sgd", "batch_size": 10, "max_iter": 5, "tol": 0}
    a, b, c = (
        LogisticRegression(random_state=r, **options).fit(X, y).coef_ for r in (0, 0, 1)
    )
    np.testing.assert_array_equal(a, b)
    assert (a != c).any()


@pytest.mark.parametrize("solver", [*SMOOTH, *SLOW, "sgd"])
def test_too_few_iterations_warn(solver):
    X, y, _ = problem()
    with pytest.warns(ConvergenceWarning, match="did not converge in max_iter=1"):
        LogisticRegression(solver=solver, max_iter=1, tol=1e-9).fit(X, y)


def test_a_step_that_is_too_large_is_named():
    X = np.array([[1.0], [2.0], [4.0], [9.0]])
    with pytest.raises(
        ValueError, match=r"overflowed in pass \d+: learning_rate=1e\+308"
    ):
        LogisticRegression(solver="gd", learning_rate=1e308).fit(X, [0, 1, 0, 1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"C": 0}, "C must be a number above 0, got 0"),
        ({"l1_ratio": 1.5}, r"l1_ratio must be in \[0, 1\], got 1.5"),
        ({"l1_ratio": 0.5}, "solver 'lbfgs' needs l1_ratio=0, got 0.5"),
        ({"solver": "liblinear"}, "solver must be one of 'lbfgs', .*got 'liblinear'"),
        ({"multi_class": "auto"}, "multi_class must be one of 'multinomial', 'ovr'"),
        ({"tol": -1}, "tol must be a number of at least 0, got -1"),
        ({"max_iter": 0}, "max_iter must be a whole number of at least 1"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1"),
        ({"learning_rate": "x"}, "learning_rate must be a number above 0, got 'x'"),
    ],
)
def test_refusals_say_what_was_expected(options, message):
    X, y, _ = problem()
    with pytest.raises(ValueError, match=message):
        LogisticRegression(**options).fit(X, y)


def test_parts_refuse_unknown_classes_and_other_widths():
    X, y, _ = problem()
    with pytest.raises(ValueError, match="first call of partial_fit needs classes"):
        LogisticRegression().partial_fit(X, y)
    with pytest.raises(ValueError, match=r"labels not in classes: \['c'\]"):
        LogisticRegression().partial_fit(X, y, classes=["a", "b"])


@pytest.mark.parametrize("solver", [*SMOOTH, "gd"])
@pytest.mark.parametrize("tol", [1e-2, 1e-5])
def test_stops_where_no_slope_is_larger_than_tol(solver, tol):
    X, y, s = problem()
    model = LogisticRegression(solver=solver, tol=tol, max_iter=2000).fit(X, y, s)
    objective = LogisticObjective(X, _index(y), s, 3, True, 1 / s.sum(), 0)
    point = np.vstack([model.coef_.T, model.intercept_])
    steepest = np.abs(objective.smooth(point)[1]).max()
    # Newton's last step may land far below.
    assert (0 if "newton" in solver else tol / 30) < steepest <= tol


@pytest.mark.parametrize("direction", [by_cholesky, by_conjugate_gradients])
def test_newton_steps_that_overshoot_are_halved(direction):
    X = np.array([[-1.0], [1.0], [2.0], [-2.0]])
    objective = LogisticObjective(
        X, np.array([0, 1, 1, 0]), np.ones(4), 1, True, 0.1, 0
    )
    far = np.array([[8.0], [20.0]])  # where a whole step leads up
    answer, curve, done = solve_newton(objective, far, 1e-8, 100, direction)
    assert done
    assert np.all(np.diff([objective.value(far), *curve]) <= 0)
    np.testing.assert_allclose(objective.smooth(answer)[1], 0, atol=1e-8)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ({"penalty": "l2", "l1_ratio": 0.7}, {}),
        ({"penalty": None}, {"C": np.inf}),
        ({"penalty": "l1", "solver": "saga"}, {"l1_ratio": 1, "solver": "saga"}),
        (
            {"penalty": "elasticnet", "l1_ratio": 0.4, "solver": "saga"},
            {"l1_ratio": 0.4, "solver": "saga"},
        ),
        ({"l1_ratio": None, "n_jobs": 2, "intercept_scaling": 3, "dual": False}, {}),
    ],
    ids=str,
)
def test_the_penalty_may_be_said_in_the_older_way(said, meant):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    y = (X[:, 0] + rng.normal(size=60) > 0).astype(int)
    models = [LogisticRegression(random_state=0, **o).fit(X, y) for o in (said, meant)]
    np.testing.assert_array_equal(models[0].coef_, models[1].coef_)


def test_what_only_another_solver_does_is_refused_with_what_to_use():
    for options, message in (
        (
            {"solver": "liblinear"},
            "got 'liblinear': use 'newton-cholesky' or 'saga' in",
        ),
        ({"solver": "sag"}, "got 'sag': use 'saga' instead"),
        ({"dual": True}, "dual=True is not offered: use dual=False instead"),
        ({"penalty": "l1"}, "use 'saga', 'gd' or 'sgd' instead"),
        ({"penalty": "l0"}, "penalty must be one of .*got 'l0'"),
    ):
        with pytest.raises(ValueError, match=message):
            LogisticRegression(**options).fit([[0.0], [1.0]], [0, 1])


def test_verbose_prints_the_objective_of_each_iteration(capsys):
    model = LogisticRegression(verbose=1).fit([[0.0], [1.0], [2.0]], [0, 1, 1])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == model.n_iter_[0]
    assert lines[-1].endswith(f"objective {model.loss_curve_[-1]:.6g}")
    LogisticRegression().fit([[0.0], [1.0], [2.0]], [0, 1, 1])
    assert capsys.readouterr().out == ""
