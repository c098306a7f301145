import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn import svm
from sklearn.datasets import make_blobs
from sklearn.exceptions import ConvergenceWarning

from lookalike.kernels.coordinate_descent import dual_pass, lasso_pass
from lookalike.kernels.pegasos import pegasos_pass
from lookalike.learn import LinearSVC
from lookalike.learn import _hinge as hinge
from lookalike.learn._linear import row_entries


def problem(n=90, d=5, n_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(0.3, 1, (n, d))
    Z = X @ rng.normal(size=(d, n_classes)) + rng.normal(size=(n, n_classes))
    return X, np.array(list("abcd"))[Z.argmax(axis=1)], 0.5 + rng.random(n)


def objective(model, X, y, s):
    """Of two classes, from its definition."""
    signs = np.where(y == model.classes_[1], 1, -1)
    slacks = np.maximum(0, 1 - signs * (X @ model.coef_[0] + model.intercept_))
    beta = model.intercept_[0] / model.intercept_scaling
    w = np.append(model.coef_[0], beta)
    size = np.abs(w).sum() if model.penalty == "l1" else w @ w / 2
    p = 1 if model.loss == "hinge" else 2
    return size + model.C * (s * slacks**p).sum()


def test_two_blobs_of_the_source_are_separated():
    X, y = make_blobs(n_samples=100, centers=2, random_state=42)
    for options in ({}, {"loss": "hinge"}, {"solver": "pegasos", "tol": 1e-2}):
        assert LinearSVC(random_state=0, **options).fit(X, y).score(X, y) == 1.0


def test_one_half_is_what_a_sign_scores_against_labels_of_zero_and_one():
    # The source's second example scored 0.5. A machine that answers with the sign of
    # its score, -1 or 1, is never right about a class called 0: on two equal classes
    # that is one half, however well they are separated. Labels are classes here.
    X, y = make_blobs(n_samples=100, centers=2, random_state=42)
    model = LinearSVC(random_state=0).fit(X, y)
    assert (np.sign(model.decision_function(X)) == y).mean() == 0.5
    theirs = svm.LinearSVC(random_state=0).fit(X, y)
    assert model.score(X, y) == theirs.score(X, y) == 1.0


SETTINGS = [
    {"dual": False},
    {"dual": True},
    {"loss": "hinge", "dual": True},
    {"penalty": "l1", "dual": False},
]


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("intercept", [False, 1.0, 4.0])
@pytest.mark.parametrize("weighting", ["none", "samples", "classes", "balanced"])
def test_agrees_with_scikit_learn(setting, n_classes, intercept, weighting):
    X, y, s = problem(n_classes=n_classes)
    options = {"C": 0.4, "fit_intercept": bool(intercept), **setting}
    options |= {"intercept_scaling": intercept or 1, "random_state": 0}
    if weighting == "classes":
        options["class_weight"] = dict(zip(np.unique(y), [1, 2, 3, 0.5], strict=False))
    if weighting == "balanced":
        options["class_weight"] = "balanced"
    s = s if weighting == "samples" else None
    ours = LinearSVC(tol=1e-8, max_iter=20_000, **options).fit(X, y, s)
    theirs = svm.LinearSVC(tol=1e-10, max_iter=100_000, **options).fit(X, y, s)
    atol = 1e-6
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=atol)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=atol)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    np.testing.assert_allclose(
        ours.decision_function(X), theirs.decision_function(X), atol=10 * atol
    )


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
def test_coordinate_descent_on_demand_agrees_with_scikit_learn(loss):
    X, y, s = problem()
    ours = LinearSVC(
        loss=loss,
        solver="coordinate_descent",
        tol=1e-8,
        max_iter=20_000,
        random_state=0,
    ).fit(X, y, s)
    theirs = svm.LinearSVC(loss=loss, dual=True, tol=1e-10, max_iter=100_000)
    theirs.fit(X, y, s)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-6)


def test_l1_leaves_the_same_weights_at_zero_as_scikit_learn():
    X, y, _ = problem(d=20)
    ours = LinearSVC("l1", C=0.1, tol=1e-8, max_iter=5000).fit(X, y)
    theirs = svm.LinearSVC(
        penalty="l1", dual=False, C=0.1, tol=1e-10, max_iter=100_000
    ).fit(X, y)
    np.testing.assert_array_equal(ours.coef_ == 0, np.abs(theirs.coef_) < 1e-9)
    assert 5 < (ours.coef_ == 0).sum() < 55


@pytest.mark.parametrize("setting", [*SETTINGS, {"solver": "pegasos"}])
@pytest.mark.parametrize("container", [sparse.csr_array, sparse.csc_matrix])
def test_sparse_rows_answer_like_dense(setting, container):
    X, y, s = problem()
    X[X < 0.3] = 0
    options = {"tol": 1e-9, "max_iter": 5000, "random_state": 0, **setting}
    if "solver" in setting:
        options |= {"tol": 1e-3}
    dense = LinearSVC(**options).fit(X, y, s)
    model = LinearSVC(**options).fit(container(X), y, s)
    np.testing.assert_allclose(model.coef_, dense.coef_, atol=1e-6)
    np.testing.assert_allclose(
        model.decision_function(container(X)), dense.decision_function(X), atol=1e-5
    )


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
def test_pegasos_comes_near_the_optimum(loss):
    X, y, s = problem(n=400, n_classes=2)
    rough = LinearSVC(loss=loss, solver="pegasos", random_state=0, tol=1e-3).fit(
        X, y, s
    )
    exact = LinearSVC(loss=loss, dual=True, tol=1e-9, max_iter=10**5).fit(X, y, s)
    best = objective(exact, X, y, s)
    assert best <= objective(rough, X, y, s) < 1.02 * best


@pytest.mark.parametrize("shape", [(2000, 4), (30, 60), (60, 30)])
def test_newton_by_products_is_newton_by_the_hessian(shape, monkeypatch):
    X, y, s = problem(*shape, n_classes=2)
    by_hessian = LinearSVC(solver="newton", tol=1e-8).fit(X, y, s)
    monkeypatch.setattr(hinge, "WIDEST_HESSIAN", 1)
    by_products = LinearSVC(solver="newton", tol=1e-8).fit(X, y, s)
    np.testing.assert_allclose(by_products.coef_, by_hessian.coef_, atol=1e-6)


def test_the_hessian_is_kept_up_to_date():
    X, y, s = problem(n=50, n_classes=2)
    signs = np.where(y == "b", 1.0, -1)
    loss = hinge.SquaredHinge(X, signs, s, 0.7)
    step, rng = hinge._ByHessian(loss), np.random.default_rng(0)
    A = np.column_stack([X, np.full(50, 0.7)])
    for n_moved in (50, 3, 2, 40, 1):
        slacks = rng.random(50) * (rng.permutation(50) < n_moved)
        inside = slacks > 0
        step(rng.normal(size=6), slacks)
        expected = np.eye(6) + 2 * (A[inside].T * s[inside]) @ A[inside]
        np.testing.assert_allclose(step.H, expected, atol=1e-12)


def test_derivatives_are_those_of_the_loss():
    X, y, s = problem(n_classes=2)
    loss = hinge.SquaredHinge(X, np.where(y == "b", 1.0, -1), s, 0.7)
    w = np.random.default_rng(0).normal(size=6)
    gradient = loss.gradient(loss.slacks(w))
    H = loss.hessian(np.flatnonzero(loss.slacks(w) > 0))
    for j in range(6):
        step = 1e-6 * np.eye(6)[j]
        up, down = loss.slacks(w + step), loss.slacks(w - step)
        slope = (loss.value(up) - loss.value(down)) / 2e-6
        assert gradient[j] == pytest.approx(slope, rel=1e-5)
        curvature = (loss.gradient(up) - loss.gradient(down)) / 2e-6
        np.testing.assert_allclose(H[j], curvature, rtol=1e-4)


@pytest.mark.parametrize("squared", [False, True])
def test_the_dual_meets_the_primal(squared):
    X, y, s = problem(n_classes=2)
    model = LinearSVC(
        loss="squared_hinge" if squared else "hinge",
        dual=True,
        tol=1e-10,
        max_iter=10**5,
        random_state=0,
    ).fit(X, y, s)
    # At the optimum the gap between both closes, and a row's variable and margin
    # complement each other: w is the sum of the rows its losses pull with.
    signs = np.where(y == "b", 1, -1)
    slacks = np.maximum(0, 1 - signs * model.decision_function(X))
    if squared:
        alpha = 2 * s * slacks
        np.testing.assert_allclose((alpha * signs) @ X, model.coef_[0], atol=1e-6)
    else:
        inside, outside = slacks > 1e-6, signs * model.decision_function(X) > 1 + 1e-6
        at_bound = (s * signs)[inside] @ X[inside]
        free = ~inside & ~outside
        # What is left of w is a combination of the rows on the margin.
        left = model.coef_[0] - at_bound
        solution = np.linalg.lstsq(X[free].T, left, rcond=None)[0]
        np.testing.assert_allclose(solution @ X[free], left, atol=1e-6)


def rows_of(seed, n=8, d=3):
    rng = np.random.default_rng(seed)
    X = rng.integers(-1, 2, (n, d)) * rng.integers(1, 4, (n, d)) / 2
    return rng, X, np.where(rng.random(n) < 0.5, 1.0, -1)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    squared=st.booleans(),
    bias=st.sampled_from([0.0, 1.5]),
    shrinking=st.booleans(),
)
def test_dual_kernel_equals_its_definition(seed, squared, bias, shrinking):
    rng, X, signs = rows_of(seed)
    A = np.column_stack([X, np.full(8, bias)])
    costs = rng.integers(1, 5, size=8) / 4
    diagonal = 0.5 / costs if squared else np.zeros(8)
    bounds = np.full(8, np.inf) if squared else costs
    norms = np.maximum((A**2).sum(axis=1) + diagonal, 1e-300)
    alpha = np.where(rng.random(8) < 0.4, 0, rng.random(8) * costs)
    alpha[rng.random(8) < 0.3] = costs[0]
    alpha = np.minimum(alpha, bounds)
    order = rng.permutation(8)[:6]
    high, low = (0.5, -0.5) if shrinking else (np.inf, -np.inf)
    expected, violations, stay = alpha.copy(), [], []
    for i in order:
        w = (expected * signs) @ A
        slope = signs[i] * (w @ A[i]) - 1 + diagonal[i] * expected[i]
        at_zero, at_bound = expected[i] == 0, expected[i] == bounds[i]
        if (at_zero and slope > high) or (at_bound and slope < low and not at_zero):
            continue
        stay.append(i)
        pulls_out = (at_zero and slope > 0) or (at_bound and slope < 0)
        violations.append(0.0 if pulls_out else slope)
        if not pulls_out and slope != 0:
            expected[i] = np.clip(expected[i] - slope / norms[i], 0, bounds[i])
    for rows in (X, sparse.csr_array(X)):
        mine, w, active = alpha.copy(), (alpha * signs) @ A, order.copy()
        entries = (*row_entries(rows), rows is X)
        limits = norms, bounds, diagonal, bias
        kept, most, least = dual_pass(
            *entries, signs, *limits, active, high, low, mine, w
        )
        np.testing.assert_allclose(mine, expected, atol=1e-12)
        np.testing.assert_allclose(w, (expected * signs) @ A, atol=1e-12)
        np.testing.assert_array_equal(np.sort(active[:kept]), np.sort(stay))
        np.testing.assert_array_equal(np.sort(active), np.sort(order))
        if stay:
            assert most == pytest.approx(max(violations), abs=1e-12)
            assert least == pytest.approx(min(violations), abs=1e-12)


@pytest.mark.parametrize("scale", [1e12, 1e60])
def test_pegasos_has_finite_weights_where_steps_are_tiny(scale):
    X, y, _ = problem()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LinearSVC(solver="pegasos", max_iter=4).fit(X * scale, y)
    assert np.isfinite(model.coef_).all()
    assert np.isfinite(model.intercept_).all()


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    squared=st.booleans(),
    bias=st.sampled_from([0.0, 1.5]),
    start=st.sampled_from([0, 7]),
)
def test_pegasos_kernel_equals_its_definition(seed, squared, bias, start):
    rng, X, first = rows_of(seed)
    X = X + 0.1 * rng.random(X.shape)
    signs = np.column_stack([first, -first, first[::-1]])
    A, costs = np.column_stack([X, np.full(8, bias)]), rng.random((8, 3))
    order, ridge = rng.integers(8, size=15), 0.3
    W = rng.random((4, 3))
    expected, mean = W.copy(), 0
    for t, i in enumerate(order, start + 1):
        lack = 1 - signs[i] * (A[i] @ expected)
        slope = 2 * lack if squared else 1
        step = np.where(lack > 0, slope * costs[i] / (ridge * t) * signs[i], 0)
        expected = (1 - 1 / t) * expected + np.outer(A[i], step)
        mean = mean + expected / 15
    for rows in (X, sparse.csr_array(X)):
        mine = W.copy()
        average = pegasos_pass(
            *row_entries(rows), signs, costs, ridge, squared, bias, order, start, mine
        )
        np.testing.assert_allclose(mine, expected, atol=1e-10)
        np.testing.assert_allclose(average, mean, atol=1e-10)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.sampled_from([0.02, 1.0, 30.0]))
def test_lasso_kernel_lowers_the_objective_to_where_no_weight_can(seed, size):
    rng, X, signs = rows_of(seed, n=12)
    costs = size * rng.integers(1, 5, size=12) / 4

    def value(w):
        slacks = np.maximum(0, 1 - signs * (X @ w))
        return np.abs(w).sum() + costs @ slacks**2

    for rows in (X, sparse.csr_array(X)):
        columns = row_entries(rows.T if rows is X else rows.T.tocsr())
        w, slacks, values = np.zeros(3), np.ones(12), [value(np.zeros(3))]
        violation = np.inf
        while violation > 1e-6 * size and len(values) < 4000:
            violation = lasso_pass(
                *columns, signs, costs, rng.permutation(3), slacks, w
            )
            values.append(value(w))
        assume(len(values) < 4000)
        assert np.all(np.diff(values) <= 1e-9)
        np.testing.assert_allclose(slacks, 1 - signs * (X @ w), atol=1e-9)
        for j in np.ndindex(3, 2):
            nearby = w.copy()
            nearby[j[0]] += 1e-3 * (2 * j[1] - 1)
            assert value(nearby) >= value(w) - 1e-9


def test_the_violation_of_lasso_is_the_sum_of_slopes_met():
    X, signs, costs = np.array([[2.0, 0.1]]), np.ones(1), np.ones(1)
    w, slacks = np.zeros(2), np.ones(1)
    # Slope -4 against a penalty of 1; then, with the row served, hardly any.
    order = np.array([0, 1])
    violation = lasso_pass(*row_entries(X.T), signs, costs, order, slacks, w)
    assert w[0] == pytest.approx(0.375)  # 4 w - 4 = -1 / w at 0.375: 2 - 8 w = -1
    assert violation == pytest.approx(3.0)


@pytest.mark.parametrize("setting", [*SETTINGS, {"solver": "pegasos"}])
def test_single_precision_stays(setting):
    X, y, s = problem(n=300)
    X = X.astype(np.float32)
    model = LinearSVC(tol=1e-3, random_state=0, **setting).fit(X, y, s)
    assert model.coef_.dtype == model.intercept_.dtype == np.float32
    assert model.decision_function(X).dtype == np.float32
    exact = LinearSVC(tol=1e-3, random_state=0, **setting).fit(X.astype(float), y, s)
    assert (model.predict(X) == exact.predict(X)).mean() > 0.99


def test_rows_of_weight_zero_are_as_good_as_absent():
    X, y, s = problem()
    s[::3] = 0
    there = np.flatnonzero(s)
    for setting in SETTINGS:
        options = {"tol": 1e-9, "max_iter": 10**5, "random_state": 0, **setting}
        with_them = LinearSVC(**options).fit(X, y, s)
        without = LinearSVC(**options).fit(X[there], y[there], s[there])
        np.testing.assert_allclose(with_them.coef_, without.coef_, atol=1e-5)


def test_a_row_of_zeros_without_intercept_is_no_trouble():
    X = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    model = LinearSVC(loss="hinge", fit_intercept=False, random_state=0)
    np.testing.assert_allclose(model.fit(X, [0, 1, 0]).coef_, [[1, -1]])


def test_random_state_alone_decides():
    X, y, _ = problem()
    a, b, c = (
        LinearSVC(dual=True, tol=1e-2, random_state=r).fit(X, y).coef_
        for r in (0, 0, 1)
    )
    np.testing.assert_array_equal(a, b)
    assert (a != c).any()


@pytest.mark.parametrize("setting", [*SETTINGS, {"solver": "pegasos"}])
def test_too_few_iterations_warn(setting):
    X, y, _ = problem()
    with pytest.warns(ConvergenceWarning, match="did not converge in max_iter=1"):
        LinearSVC(max_iter=1, tol=1e-12, **setting).fit(X, y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"penalty": "l3"}, "penalty must be one of 'l2', 'l1', got 'l3'"),
        ({"loss": "log"}, "loss must be one of 'squared_hinge', 'hinge'"),
        ({"dual": "no"}, "dual must be one of 'auto', True, False, got 'no'"),
        ({"multi_class": "crammer_singer"}, "multi_class must be one of 'ovr'"),
        ({"solver": "smo"}, "solver must be one of 'auto'"),
        ({"C": 0}, "C must be a number above 0"),
        ({"tol": -1}, "tol must be a number of at least 0"),
        ({"intercept_scaling": 0}, "intercept_scaling must be a number above 0"),
        ({"max_iter": 0}, "max_iter must be a whole number of at least 1"),
        ({"loss": "hinge", "dual": False}, "loss='hinge' has no second derivatives"),
        ({"loss": "hinge", "solver": "newton"}, "loss='hinge' has no second"),
        ({"penalty": "l1", "loss": "hinge"}, "penalty='l1' needs loss='squared_hinge'"),
        ({"penalty": "l1", "dual": True}, "penalty='l1' needs"),
        ({"penalty": "l1", "dual": np.True_}, "penalty='l1' needs"),
    ],
)
def test_refusals_say_what_was_expected(options, message):
    X, y, _ = problem()
    with pytest.raises(ValueError, match=message):
        LinearSVC(**options).fit(X, y)


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="at least 2 classes, got 1 class"):
        LinearSVC().fit([[0.0], [1.0]], [3, 3])


def test_verbose_prints_the_iterations_of_each_problem(capsys):
    model = LinearSVC(verbose=1).fit([[0.0], [1.0], [3.0]], [0, 1, 1])
    said = capsys.readouterr().out
    assert said == f"class 1: converged after {model.n_iter_} iterations\n"
