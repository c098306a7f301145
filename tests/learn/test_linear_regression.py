import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.linalg import lsqr
from sklearn import linear_model

from lookalike.learn import LinearRegression, _centred_rows


def problem(n=60, d=7, targets=None, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(3, 2, (n, d))
    W = rng.normal(size=(d, targets or 1))
    Y = X @ W + 5 + rng.normal(size=(n, targets or 1))
    return X, Y if targets else Y[:, 0], rng.random(n)


def test_simple_regression_of_the_source():
    model = LinearRegression().fit([[1], [2], [3], [4], [5]], [2, 4, 5, 4, 5])
    assert model.coef_ == pytest.approx([0.6])
    assert model.intercept_ == pytest.approx(2.2)


def test_two_variable_example_of_the_source():
    model = LinearRegression().fit([[2, 2], [4, 5], [7, 8]], [9, 17, 26])
    assert [model.intercept_, *model.coef_] == pytest.approx([3, 1, 2])
    # The source prints 43 and 55 here, which no plane through its own three points
    # gives at these inputs: 3 + 10 + 2 * 11 is 35 and 3 + 13 + 2 * 14 is 44.
    assert model.predict([[10, 11], [13, 14]]) == pytest.approx([35, 44])
    assert model.predict([[10, 15], [14, 19]]) == pytest.approx([43, 55])


@pytest.mark.parametrize("targets", [None, 1, 3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("shape", [(60, 7), (5, 9), (7, 7)])
def test_agrees_with_scikit_learn(targets, weighted, fit_intercept, shape):
    X, y, s = problem(*shape, targets)
    s = s if weighted else None
    ours = LinearRegression(fit_intercept=fit_intercept).fit(X, y, s)
    theirs = linear_model.LinearRegression(fit_intercept=fit_intercept).fit(X, y, s)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-9)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), atol=1e-9)
    assert ours.rank_ == theirs.rank_
    positive = theirs.singular_ > 1e-9
    np.testing.assert_allclose(
        ours.singular_[positive], theirs.singular_[positive], rtol=1e-7
    )


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_weights_kept_positive_agree_with_scikit_learn(n_jobs):
    X, y, s = problem(targets=3)
    ours = LinearRegression(positive=True, n_jobs=n_jobs).fit(X, y, s)
    theirs = linear_model.LinearRegression(positive=True).fit(X, y, s)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-9)
    assert (ours.coef_ >= 0).all()
    assert (ours.coef_ == 0).any()


@pytest.mark.parametrize("container", [sparse.csr_array, sparse.csc_matrix])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("targets", [None, 2])
def test_sparse_answers_like_dense(container, fit_intercept, targets):
    X, y, s = problem(targets=targets)
    X[X < 3] = 0
    dense = LinearRegression(fit_intercept=fit_intercept).fit(X, y, s)
    model = LinearRegression(fit_intercept=fit_intercept, tol=1e-12)
    model.fit(container(X), y, s)
    np.testing.assert_allclose(model.coef_, dense.coef_, rtol=1e-7)
    np.testing.assert_allclose(model.intercept_, dense.intercept_, rtol=1e-7)
    np.testing.assert_allclose(model.predict(container(X)), dense.predict(X))


@pytest.mark.parametrize("tol", [1e-6, 0.01, 0.3])
def test_tol_is_that_of_lsqr_on_columns_of_unit_length(tol):
    X, y, _ = problem()
    X[X < 3] = 0
    A = X - X.mean(axis=0)
    lengths = np.linalg.norm(A, axis=0)
    expected = lsqr(A / lengths, y - y.mean(), atol=tol, btol=tol)[0] / lengths
    model = LinearRegression(tol=tol).fit(sparse.csr_array(X), y)
    np.testing.assert_allclose(model.coef_, expected)


def test_ill_conditioned_columns_are_as_exact_as_singular_values():
    x = np.linspace(0, 1, 200)
    X = np.vander(x, 8)[:, :-1]  # condition number about 2e5 after centring
    y = X @ np.arange(1.0, 8) + 2
    model = LinearRegression().fit(X, y)
    np.testing.assert_allclose(model.coef_, np.arange(1.0, 8), rtol=1e-7)


def test_moderately_conditioned_columns_are_corrected():
    rng = np.random.default_rng(0)
    U, V = (np.linalg.qr(rng.normal(size=(n, 5)))[0] for n in (80, 5))
    X = U * np.geomspace(1, 2e-4, 5) @ V.T
    y = X @ np.ones(5)
    model = LinearRegression(fit_intercept=False).fit(X, y)
    np.testing.assert_allclose(model.coef_, np.ones(5), rtol=1e-10)


def test_dependent_columns_get_the_shortest_weights():
    X = np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])
    model = LinearRegression().fit(X, [2.0, 4.0, 6.0])
    np.testing.assert_allclose(model.coef_, [1, 1])
    assert model.rank_ == 1


@pytest.mark.parametrize("scale", [1, 1e-5, 1e-9])
def test_dependent_constant_and_faint_columns_are_as_exact_as_singular_values(scale):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 5, size=(300, 12)).astype(float)
    X[:, 4], X[:, 5], X[:, 6] = 3, X[:, 0] - 2 * X[:, 1], X[:, 2]
    X[:, 7] *= scale  # at 1e-9 products cannot tell it from rounding
    y = rng.normal(size=(300, 2))
    model = LinearRegression().fit(X, y)
    A = X - X.mean(axis=0)
    expected, _, rank, singular = np.linalg.lstsq(A, y - y.mean(axis=0), rcond=1e-13)
    assert model.rank_ == rank == 9
    np.testing.assert_allclose(model.coef_[:, 7], expected[7], rtol=1e-6)
    np.testing.assert_allclose(model.singular_, singular, rtol=1e-6, atol=1e-11)
    if scale > 1e-9:  # beyond, no method has digits left for the other columns
        atol = 1e-10 * np.abs(expected).max()
        np.testing.assert_allclose(model.coef_, expected.T, rtol=1e-7, atol=atol)


def test_single_precision_stays():
    X, y, s = (a.astype(np.float32) for a in problem())
    model = LinearRegression().fit(X, y, s)
    assert model.coef_.dtype == model.predict(X).dtype == np.float32
    expected = LinearRegression().fit(*(a.astype(np.float64) for a in (X, y, s)))
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-4)


@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("copy_X", [True, False])
def test_the_users_array_is_kept_unless_copy_x_is_false(copy_X, positive):
    X, y, _ = problem()
    before = X.copy()
    model = LinearRegression(copy_X=copy_X, positive=positive).fit(X, y)
    assert np.array_equal(X, before) == (copy_X or not positive)
    expected = LinearRegression(positive=positive).fit(before, y)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-12)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("dependent", [False, True])
def test_many_blocks_of_rows_answer_like_one(
    monkeypatch, order, fit_intercept, dependent
):
    monkeypatch.setattr(_centred_rows, "BLOCK_BYTES", 1)
    X, y, s = problem(1000, 9, 2)  # four blocks, the last one short
    X[:, 3] = 7  # constant: nothing with an intercept, one more line without
    if dependent:
        X[:, 5] = X[:, 0] + X[:, 1]
    ours = LinearRegression(fit_intercept=fit_intercept)
    ours.fit(np.asarray(X, order=order), y, s)
    theirs = linear_model.LinearRegression(fit_intercept=fit_intercept).fit(X, y, s)
    assert ours.rank_ == 9 - dependent - fit_intercept
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-9)
    kept = slice(None, ours.rank_)
    np.testing.assert_allclose(ours.singular_[kept], theirs.singular_[kept])


@pytest.mark.parametrize("weights", [None, [0, 0, 1, 1, 1]])
def test_features_that_never_vary_weigh_nothing(weights):
    X = np.full((5, 3), 4.0)
    if weights:
        X[:2] = [[1, 2, 3], [5, 6, 9]]  # rows that do not count
    model = LinearRegression().fit(X, [1.0, 2, 3, 4, 8], weights)
    assert model.rank_ == 0
    assert not model.coef_.any()
    assert model.singular_.shape == (3,)
    assert model.intercept_ == pytest.approx(5 if weights else 3.6)


def test_far_from_zero_the_intercept_is_still_right():
    X, y, _ = problem()
    far = LinearRegression().fit(X + 1e7, y)
    np.testing.assert_allclose(far.coef_, LinearRegression().fit(X, y).coef_, rtol=1e-6)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(3), r"shape \(60,\), got \(3,\)"),
        (-np.ones(60), "must not be negative, got -1"),
        (np.zeros(60), "a weight that is not zero"),
    ],
)
def test_rejects_bad_sample_weights(weights, message):
    X, y, _ = problem()
    with pytest.raises(ValueError, match=message):
        LinearRegression().fit(X, y, weights)


def test_rejects_a_negative_tolerance():
    with pytest.raises(ValueError, match="tol must be a number of at least 0, got -1"):
        LinearRegression(tol=-1).fit([[0.0], [1.0]], [0, 1])
