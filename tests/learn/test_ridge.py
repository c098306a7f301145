import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import nnls
from sklearn import linear_model
from sklearn.exceptions import ConvergenceWarning

from lookalike.learn import LinearRegression, Ridge

SOLVERS = ["svd", "cholesky", "lsqr", "sparse_cg"]


def problem(n=50, d=6, targets=None, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(1, 2, (n, d))
    Y = X @ rng.normal(size=(d, targets or 1)) + 3 + rng.normal(size=(n, targets or 1))
    return X, Y if targets else Y[:, 0], rng.random(n)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("targets", [None, 3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("shape", [(50, 6), (5, 9)])
def test_agrees_with_scikit_learn(solver, targets, weighted, fit_intercept, shape):
    X, y, s = problem(*shape, targets)
    s = s if weighted else None
    options = {"alpha": 0.7, "fit_intercept": fit_intercept}
    ours = Ridge(solver=solver, tol=1e-12, **options).fit(X, y, s)
    theirs = linear_model.Ridge(solver="svd", **options).fit(X, y, s)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-6)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-6)
    assert ours.solver_ == solver
    assert (ours.n_iter_ > 1).all() == (solver in ("lsqr", "sparse_cg"))


@pytest.mark.parametrize("solver", SOLVERS)
def test_each_target_can_have_its_own_penalty(solver):
    X, y, _ = problem(targets=3)
    alpha = np.array([0.1, 10.0, 0.1]) * (1 + SOLVERS.index(solver))
    ours = Ridge(alpha, solver=solver, tol=1e-12).fit(X, y)
    theirs = linear_model.Ridge(alpha, solver="cholesky").fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6)


@pytest.mark.parametrize("alpha", [0.0, 2.0])
def test_weights_kept_positive_agree_with_scikit_learn(alpha):
    X, y, s = problem(targets=3)
    ours = Ridge(alpha, positive=True, tol=1e-10).fit(X, y, s)
    theirs = linear_model.Ridge(alpha, positive=True, tol=1e-10).fit(X, y, s)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)
    assert (ours.coef_ == 0).any()
    assert ours.solver_ == "lbfgs"


def test_the_solver_of_positive_weights_may_be_named():
    X, y, _ = problem()
    named = Ridge(positive=True, solver="lbfgs", tol=1e-10).fit(X, y)
    theirs = linear_model.Ridge(positive=True, solver="lbfgs", tol=1e-10).fit(X, y)
    np.testing.assert_allclose(named.coef_, theirs.coef_, atol=1e-5)
    assert named.solver_ == theirs.solver_


@pytest.mark.parametrize(
    "options", [*({"solver": solver} for solver in SOLVERS), {"positive": True}]
)
@pytest.mark.parametrize("weighted", [False, True])
def test_without_a_copy_the_model_is_the_same_and_the_array_is_used_up(
    options, weighted
):
    X, y, s = problem()
    s = s if weighted else None
    kept, used = X.copy(), X.copy()
    expected = Ridge(**options).fit(kept, y, s)
    model = Ridge(**options, copy_X=False).fit(used, y, s)
    np.testing.assert_array_equal(model.coef_, expected.coef_)
    np.testing.assert_array_equal(model.intercept_, expected.intercept_)
    np.testing.assert_array_equal(kept, X)
    middle = np.average(X, axis=0, weights=s)
    np.testing.assert_allclose(used, X - middle, atol=1e-12)


@pytest.mark.parametrize("solver", ["auto", "cholesky", "lsqr"])
@pytest.mark.parametrize("shape", [(50, 6), (5, 9)])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("container", [sparse.csr_array, sparse.csc_matrix])
def test_sparse_answers_like_dense(solver, shape, fit_intercept, container):
    X, y, s = problem(*shape)
    X[X < 1] = 0
    dense = Ridge(fit_intercept=fit_intercept).fit(X, y, s)
    model = Ridge(fit_intercept=fit_intercept, solver=solver, tol=1e-12)
    model.fit(container(X), y, s)
    assert model.solver_ == {"auto": "sparse_cg"}.get(solver, solver)
    np.testing.assert_allclose(model.coef_, dense.coef_, rtol=1e-6)
    np.testing.assert_allclose(model.intercept_, dense.intercept_, rtol=1e-6)


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_without_a_penalty_dependent_columns_still_have_an_answer(container):
    X = np.array([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0]])
    model = Ridge(alpha=0, solver="cholesky").fit(container(X), [2.0, 4.0, 6.0])
    np.testing.assert_allclose(model.coef_, [2, 0], atol=1e-12)


def test_single_precision_stays():
    X, y, s = (a.astype(np.float32) for a in problem())
    for solver in SOLVERS:
        model = Ridge(solver=solver).fit(X, y, s)
        assert model.coef_.dtype == model.predict(X).dtype == np.float32


def test_iterations_are_limited():
    X, y, _ = problem()
    for solver in ("sparse_cg", "lsqr"):
        model = Ridge(solver=solver, max_iter=2, tol=1e-12)
        with pytest.warns(ConvergenceWarning, match="max_iter=2"):
            assert model.fit(X, y).n_iter_ == [2]
    with pytest.warns(ConvergenceWarning, match="max_iter=1"):
        Ridge(positive=True, max_iter=1).fit(X, y)


@pytest.mark.parametrize("alpha", [0, 1, 100])
def test_a_small_tolerance_is_kept_for_positive_weights(alpha):
    X, y, _ = problem(200, 12)
    X = np.hstack([X, X[:, :3] + 0.01 * X[:, 3:6]])  # slopes that are slow to vanish
    rows = np.vstack([X - X.mean(axis=0), np.sqrt(alpha) * np.eye(15)])
    exact = nnls(rows, np.append(y - y.mean(), np.zeros(15)))[0]
    model = Ridge(alpha=alpha, positive=True, tol=1e-10).fit(X, y)
    np.testing.assert_allclose(model.coef_, exact, atol=1e-6)
    loose = Ridge(alpha=alpha, positive=True, tol=0.1).fit(X, y)
    assert loose.n_iter_ < model.n_iter_


def test_columns_that_depend_on_each_other_are_not_left_to_the_factorisation():
    X, y, _ = problem()
    X = np.column_stack([X, X[:, 0] - 3 * X[:, 1]])
    model = Ridge(alpha=0).fit(X, y)
    assert model.solver_ == "svd"
    expected = LinearRegression().fit(X, y)  # the shortest
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-8)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alpha": -1.0}, "alpha must be at least 0, got -1.0"),
        ({"alpha": [1.0, 2.0]}, r"one for each of 1 targets, got shape \(2,\)"),
        ({"solver": "sag"}, "solver must be one of 'auto', .*got 'sag'"),
        ({"solver": "svd", "positive": True}, "positive=True needs solver"),
        ({"solver": "lbfgs"}, "'lbfgs' is for positive=True"),
        ({"max_iter": 0}, "max_iter must be a whole number of at least 1, got 0"),
        ({"tol": "small"}, "tol must be a number of at least 0, got 'small'"),
    ],
)
def test_refusals_say_what_was_expected(options, message):
    X, y, _ = problem()
    with pytest.raises(ValueError, match=message):
        Ridge(**options).fit(X, y)


def test_singular_values_of_sparse_data_are_refused():
    X, y, _ = problem()
    with pytest.raises(TypeError, match="dense data is required"):
        Ridge(solver="svd").fit(sparse.csr_array(X), y)


@pytest.mark.parametrize("options", [{}, {"fit_intercept": False}, {"solver": "lsqr"}])
@pytest.mark.parametrize("ours", [Ridge, LinearRegression], ids=lambda c: c.__name__)
def test_shapes_of_targets_are_those_of_scikit_learn(ours, options):
    if ours is LinearRegression and "solver" in options:
        options = {"positive": True}
    X = np.random.default_rng(0).normal(size=(30, 4))
    theirs = getattr(linear_model, ours.__name__)
    for y in (X[:, 0], X[:, :1], X[:, :2] + 1):
        given, expected = (kind(**options).fit(X, y) for kind in (ours, theirs))
        for name in ("coef_", "intercept_"):
            shape = np.shape(getattr(expected, name))
            assert np.shape(getattr(given, name)) == shape, name
        assert given.predict(X).shape == expected.predict(X).shape


@pytest.mark.parametrize("estimator", [Ridge(1e-9, solver="svd"), LinearRegression()])
def test_terms_that_overflow_single_precision_are_added_in_double(estimator):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (40, 2)).astype(np.float32)
    y = (X[:, 0] - X[:, 1]) * np.float32(1e36)
    model = estimator.fit(X, y)
    far = np.full((1, 2), 255, np.float32) * np.float32(10)  # 2.55e39 - 2.55e39
    for given in (far, sparse.csr_array(far)):
        found = model.predict(given)
        assert found.dtype == np.float32
        assert abs(found[0]) < 1e36  # and neither infinite nor nan
    with pytest.raises(ValueError, match="A prediction is too large for float32: "):
        model.predict(np.array([[1000, 0]], np.float32))
    assert model.predict([[1000.0, 0.0]])[0] == pytest.approx(1e39, rel=1e-3)
