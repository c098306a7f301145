import numpy as np
import pytest
import sklearn.decomposition
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from lookalike.kernels.centring import centre_columns
from lookalike.learn import PCA
from lookalike.learn._linear import varying_columns
from lookalike.learn.pca import ROWS_AT_ONCE

TEN_POINTS = np.array(
    [
        *([7, 4, 3], [4, 1, 8], [6, 3, 5], [8, 6, 1], [8, 5, 7]),
        *([7, 2, 9], [5, 3, 3], [9, 5, 8], [7, 4, 5], [8, 2, 2]),
    ],
    dtype=float,
)
SOLVERS = ["full", "covariance_eigh", "arpack", "randomized"]
LEARNED = [
    "components_",
    "explained_variance_",
    "explained_variance_ratio_",
    "singular_values_",
    "mean_",
    "noise_variance_",
]


def table(n_samples=120, n_features=9, seed=0, dtype=np.float64):
    """Rows whose variances fall off, so that no two components are equal."""
    rng = np.random.default_rng(seed)
    mix = np.linalg.qr(rng.normal(size=(n_features, n_features)))[0]
    scales = 3.0 * 0.7 ** np.arange(n_features)
    X = rng.normal(size=(n_samples, n_features)) * scales @ mix + 5.0
    return X.astype(dtype)


def noise(n_samples, n_features, seed=0):
    """Rows without directions that stand out: an approximate solver shows its steps."""
    return np.random.default_rng(seed).normal(size=(n_samples, n_features))


def assert_same_model(ours, theirs, rtol=1e-6, atol=1e-9):
    assert ours.n_components_ == theirs.n_components_
    for name in LEARNED:
        ours_value, theirs_value = getattr(ours, name), getattr(theirs, name)
        np.testing.assert_allclose(
            ours_value, theirs_value, rtol=rtol, atol=atol, err_msg=name
        )


@pytest.mark.parametrize("whiten", [False, True])
@pytest.mark.parametrize("n_components", [1, 4, 8])
@pytest.mark.parametrize("shape", [(120, 9), (30, 40)])
@pytest.mark.parametrize("solver", SOLVERS)
def test_agrees_with_scikit_learn(solver, shape, n_components, whiten):
    X = table(*shape)
    options = {
        "n_components": n_components,
        "svd_solver": solver,
        "whiten": whiten,
        "random_state": 3,
    }
    ours = PCA(**options).fit(X)
    theirs = sklearn.decomposition.PCA(**options).fit(X)
    if solver == "covariance_eigh" and shape[0] < shape[1]:
        # There scikit-learn spreads the noise over n_features - n_components instead.
        theirs.noise_variance_ *= (40 - n_components) / (30 - n_components)
    assert_same_model(ours, theirs)
    Q = table(*shape, seed=1)
    Z = theirs.transform(Q)
    np.testing.assert_allclose(ours.transform(Q), Z, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(
        ours.inverse_transform(Z), theirs.inverse_transform(Z), rtol=1e-6, atol=1e-8
    )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"svd_solver": "full"},
        {"svd_solver": "covariance_eigh"},
        {"svd_solver": "arpack"},
        {"svd_solver": "randomized"},
        {"n_components": 0.5},
        {"n_components": 0.9, "svd_solver": "full"},
        {"n_components": 0.999, "svd_solver": "covariance_eigh"},
        {"n_components": "mle"},
        {"n_components": "mle", "svd_solver": "full"},
    ],
    ids=str,
)
def test_agrees_with_scikit_learn_on_other_parameters(options):
    X = table()
    ours = PCA(**options, random_state=0).fit(X)
    assert_same_model(ours, sklearn.decomposition.PCA(**options, random_state=0).fit(X))


@pytest.mark.parametrize("n_iter", [0, 1, 2, 3, "auto"])
@pytest.mark.parametrize("normalizer", ["auto", "QR", "LU", "none"])
@pytest.mark.parametrize("shape", [(60, 40), (40, 60)])
def test_random_projection_takes_the_same_steps_as_scikit_learn(
    shape, normalizer, n_iter
):
    X = noise(*shape)
    for n_components, n_oversamples in [(3, 2), (5, 1)]:
        options = {
            "n_components": n_components,
            "svd_solver": "randomized",
            "n_oversamples": n_oversamples,
            "iterated_power": n_iter,
            "power_iteration_normalizer": normalizer,
            "random_state": 0,
        }
        ours = PCA(**options).fit(X)
        assert_same_model(ours, sklearn.decomposition.PCA(**options).fit(X))


def test_lanczos_stops_at_the_same_precision_as_scikit_learn():
    options = {"n_components": 4, "svd_solver": "arpack", "random_state": 0}
    X = noise(80, 60)
    coarse = PCA(**options, tol=0.5).fit(X)
    assert_same_model(
        coarse, sklearn.decomposition.PCA(**options, tol=0.5).fit(X), rtol=1e-5
    )
    fine = PCA(**options).fit(X)
    assert np.abs(fine.explained_variance_ - coarse.explained_variance_).max() > 1e-9


@pytest.mark.parametrize(
    ("shape", "n_components"),
    [
        ((500, 50), 3),
        ((501, 51), 3),
        ((500, 51), 3),
        ((501, 60), 47),
        ((501, 60), 48),
        ((60, 501), 0.5),
    ],
)
def test_chooses_the_solver_like_scikit_learn(shape, n_components):
    X = noise(*shape)
    ours = PCA(n_components, random_state=0).fit(X)
    theirs = sklearn.decomposition.PCA(n_components, random_state=0).fit(X)
    assert_same_model(ours, theirs)


@pytest.mark.parametrize("seed", range(20))
def test_finds_as_many_components_as_minka_and_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    X = noise(40, 8, seed) * (1 + 0.5 * rng.exponential(size=8))
    theirs = sklearn.decomposition.PCA("mle", svd_solver="full").fit(X)
    assert PCA("mle").fit(X).n_components_ == theirs.n_components_


def test_a_share_of_variance_has_to_be_exceeded():
    X = np.array([[2.0, 0.0], [-2.0, 0.0], [0.0, 2.0], [0.0, -2.0]])
    for share, k in [(0.49, 1), (0.5, 2), (0.51, 2)]:
        assert PCA(share, svd_solver="covariance_eigh").fit(X).n_components_ == k


def test_ten_points_give_the_textbook_numbers():
    model = PCA(n_components=3).fit(TEN_POINTS)
    np.testing.assert_allclose(model.mean_, [6.9, 3.5, 5.1])
    np.testing.assert_allclose(
        model.explained_variance_, [8.2739, 3.6761, 0.7499], atol=5e-5
    )
    plane = PCA(n_components=2).fit(TEN_POINTS)
    lost = TEN_POINTS - plane.inverse_transform(plane.transform(TEN_POINTS))
    # The source's formula divides by n; the eigenvalue it prints, by n - 1.
    assert (lost**2).sum() / 10 == pytest.approx(0.67493, abs=1e-5)
    assert (lost**2).sum() / 9 == pytest.approx(model.explained_variance_[2])


def test_likelihood_and_covariance_agree_with_scikit_learn():
    X = table()
    ours, theirs = PCA(4).fit(X), sklearn.decomposition.PCA(4).fit(X)
    np.testing.assert_allclose(ours.get_covariance(), theirs.get_covariance())
    np.testing.assert_allclose(ours.get_precision(), theirs.get_precision())
    np.testing.assert_allclose(ours.score_samples(X), theirs.score_samples(X))
    assert ours.score(X) == pytest.approx(theirs.score(X))
    whitened = PCA(4, whiten=True).fit(X)
    np.testing.assert_allclose(whitened.get_covariance(), ours.get_covariance())


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(2, 40),
    d=st.integers(1, 12),
    solver=st.sampled_from(["full", "covariance_eigh"]),
)
def test_all_components_lose_nothing(seed, n, d, solver):
    X = np.random.default_rng(seed).integers(3, size=(n, d)).astype(float)
    model = PCA(svd_solver=solver).fit(X)
    V = model.components_
    np.testing.assert_allclose(V @ V.T, np.eye(len(V)), atol=1e-7)
    np.testing.assert_allclose(
        model.inverse_transform(model.transform(X)), X, atol=1e-6
    )
    total = X.var(axis=0, ddof=1).sum()
    np.testing.assert_allclose(model.explained_variance_.sum(), total, atol=1e-9)
    assert (V[np.arange(len(V)), np.abs(V).argmax(axis=1)] > 0).all()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(0, 5), d=st.integers(1, 6))
def test_centring_kernel_equals_its_definition(seed, n, d):
    rng = np.random.default_rng(seed)
    X = rng.integers(5, size=(n, d)).astype(float)
    columns = np.flatnonzero(rng.integers(2, size=d))
    mean, out = rng.normal(size=len(columns)), np.empty((n, len(columns)))
    centre_columns(X, columns, mean, out)
    np.testing.assert_array_equal(out, X[:, columns] - mean)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 5), d=st.integers(0, 6))
def test_features_that_vary_equal_their_definition(seed, n, d):
    X = np.random.default_rng(seed).integers(2, size=(n, d)).astype(float)
    expected = np.flatnonzero(X.min(axis=0) < X.max(axis=0))
    np.testing.assert_array_equal(varying_columns(X), expected)


@pytest.mark.parametrize("solver", SOLVERS)
def test_single_precision_stays_single_and_close(solver):
    X = table(300, 12, dtype=np.float32)
    model = PCA(3, svd_solver=solver, random_state=0).fit(X)
    double = PCA(3, svd_solver="full").fit(X.astype(np.float64))
    for name in LEARNED[:-1]:
        assert getattr(model, name).dtype == np.float32, name
    assert model.transform(X).dtype == np.float32
    assert model.inverse_transform(model.transform(X)).dtype == np.float32
    assert_same_model(model, double, rtol=1e-3, atol=1e-4)


def test_a_far_mean_costs_no_digits_in_single_precision():
    X = table(2000, 6) + 5000
    near = PCA(3).fit(X)
    far = PCA(3, svd_solver="covariance_eigh").fit(X.astype(np.float32))
    np.testing.assert_allclose(
        far.explained_variance_, near.explained_variance_, rtol=1e-3
    )
    error = np.abs(far.transform(X.astype(np.float32)) - near.transform(X)).max()
    assert error < 0.01


def test_more_rows_than_one_block_give_the_same_as_all_at_once():
    X = table(ROWS_AT_ONCE + 3, 4)
    model = PCA(2, svd_solver="covariance_eigh").fit(X)
    assert_same_model(model, PCA(2, svd_solver="full").fit(X))
    expected = (X - model.mean_) @ model.components_.T
    np.testing.assert_allclose(model.transform(X), expected)


def test_constant_columns_are_left_out_until_they_are_needed():
    X = np.insert(table(50, 3), [0, 2], 7.0, axis=1)
    few, all_ = (PCA(k, svd_solver="covariance_eigh").fit(X) for k in (3, 5))
    np.testing.assert_array_equal(few.components_[:, [0, 3]], 0)
    assert_same_model(few, PCA(3, svd_solver="full").fit(X))
    V = all_.components_
    np.testing.assert_allclose(V @ V.T, np.eye(5), atol=1e-12)
    np.testing.assert_allclose(all_.explained_variance_[3:], 0, atol=1e-12)


@pytest.mark.parametrize("n_components", [None, 2, 0.9])
@pytest.mark.parametrize("solver", ["full", "covariance_eigh"])
def test_equal_rows_have_no_variance(solver, n_components):
    X = np.full((6, 3), 4.0)
    model = PCA(n_components, svd_solver=solver, whiten=True).fit(X)
    np.testing.assert_array_equal(model.explained_variance_ratio_, 0)
    np.testing.assert_array_equal(model.transform(X), 0)


def test_whitening_gives_unit_variance_and_can_be_undone():
    X = table()
    model = PCA(whiten=True).fit(X)
    Z = model.transform(X)
    np.testing.assert_allclose(np.cov(Z.T), np.eye(9), atol=1e-9)
    np.testing.assert_allclose(model.inverse_transform(Z), X)


def test_rows_are_centred_in_place_only_without_copy():
    X = table()
    kept = X.copy()
    PCA(2, svd_solver="full").fit(X)
    np.testing.assert_array_equal(X, kept)
    PCA(2, svd_solver="full", copy=False).fit(X)
    np.testing.assert_allclose(X.mean(axis=0), 0, atol=1e-12)


def test_random_state_alone_decides():
    X = table(60, 30)
    model = PCA(3, svd_solver="randomized", iterated_power=0, random_state=5)
    first = model.fit(X).components_
    np.testing.assert_array_equal(model.fit(X).components_, first)
    assert np.abs(model.set_params(random_state=6).fit(X).components_ - first).max() > 0


@pytest.mark.parametrize("n_components", [0, -1, 10, 1.0, 1.5, 0.0, "three", True])
def test_rejects_an_impossible_number_of_components(n_components):
    with pytest.raises(ValueError, match=r"n_components must be a whole number in \[1"):
        PCA(n_components).fit(table())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"svd_solver": "lanczos"}, "svd_solver must be one of"),
        ({"tol": -1}, "tol must be a number of at least 0"),
        ({"n_oversamples": 0}, "n_oversamples must be a whole number of at least 1"),
        ({"iterated_power": -1}, "iterated_power must be a whole number of at least 0"),
        ({"power_iteration_normalizer": "SVD"}, "power_iteration_normalizer must be"),
        (
            {"n_components": 0.5, "svd_solver": "arpack"},
            "needs n_components as a",
        ),
        ({"n_components": "mle", "svd_solver": "randomized"}, "needs n_components"),
        ({"n_components": 9, "svd_solver": "arpack"}, "finds 1 to 8 components"),
    ],
    ids=str,
)
def test_rejects_parameters_that_make_no_sense(options, message):
    with pytest.raises(ValueError, match=message):
        PCA(**options).fit(table())


def test_rejects_mle_with_fewer_samples_than_features():
    with pytest.raises(ValueError, match="at least as many samples as features"):
        PCA("mle").fit(table(5, 9))


def test_rejects_one_sample_and_other_widths():
    with pytest.raises(ValueError, match="minimum of 2 is required"):
        PCA().fit([[1.0, 2.0]])
    model = PCA(2).fit(table())
    with pytest.raises(ValueError, match="X has 3 features"):
        model.transform(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="X has 3 columns, but 2 components"):
        model.inverse_transform(np.zeros((2, 3)))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("whiten", [False, True])
@pytest.mark.parametrize(
    "solver", ["auto", "full", "covariance_eigh", "arpack", "randomized"]
)
def test_coordinates_are_centred_once_whether_x_may_be_written_or_not(
    solver, whiten, dtype
):
    X = np.random.default_rng(0).uniform(size=(60, 5)).astype(dtype)
    options = {"svd_solver": solver, "whiten": whiten, "random_state": 0}
    plain = PCA(2, **options).fit(X)
    expected = plain.transform(X)
    np.testing.assert_array_equal(PCA(2, **options).fit_transform(X), expected)
    free = PCA(2, copy=False, **options)
    np.testing.assert_array_equal(free.fit_transform(X.copy()), expected)
    np.testing.assert_array_equal(free.transform(X), expected)
    np.testing.assert_array_equal(free.components_, plain.components_)
    assert np.abs(expected.mean(axis=0)).max() < 1e-6


@pytest.mark.parametrize("solver", ["full", "covariance_eigh", "arpack", "randomized"])
@pytest.mark.parametrize("turned", [False, True])
def test_single_precision_keeps_components_of_little_variance(solver, turned):
    rng = np.random.default_rng(0)
    spreads = np.array([1e4, 1e2, 1, 1e-2, 1e-4])
    X = spreads * rng.normal(size=(1000, 5))
    if turned:  # squares in single precision hide all but the first two
        X = X @ np.linalg.qr(rng.normal(size=(5, 5)))[0]
    X = X.astype(np.float32)
    single, double = (
        PCA(4, svd_solver=solver, random_state=0).fit(A) for A in (X, X.astype(float))
    )
    assert single.components_.dtype == np.float32
    # Only the mean and the centred rows are rounded: 1e4 * 2**-24 beside 1e-2.
    np.testing.assert_allclose(
        single.explained_variance_, double.explained_variance_, rtol=0.02
    )
    cosines = (single.components_ * double.components_).sum(axis=1)
    np.testing.assert_allclose(cosines, 1, atol=1e-5)


def test_whitening_does_not_depend_on_the_unit():
    X = np.random.default_rng(0).normal(size=(50, 3))
    for unit in (1e-12, 1, 1e12):
        Z = PCA(whiten=True).fit_transform(unit * X)
        np.testing.assert_allclose(Z.std(axis=0, ddof=1), 1)


@pytest.mark.parametrize("shape", [(300, 20), (40, 90)])
@pytest.mark.parametrize("solver", ["auto", "covariance_eigh", "arpack", "randomized"])
def test_sparse_rows_have_the_components_of_dense_ones(solver, shape):
    rows = sparse.random(*shape, density=0.3, format="csr", random_state=0)
    options = {"n_components": 4, "random_state": 0, "iterated_power": 30}
    given = PCA(svd_solver=solver, **options).fit(rows)
    dense = PCA(svd_solver="full", n_components=4).fit(rows.toarray())
    for name in ("components_", "explained_variance_", "mean_", "noise_variance_"):
        np.testing.assert_allclose(
            getattr(given, name), getattr(dense, name), atol=1e-7, err_msg=name
        )
    expected = dense.transform(rows.toarray())
    np.testing.assert_allclose(given.transform(rows), expected, atol=1e-6)
    np.testing.assert_allclose(given.fit_transform(rows), expected, atol=1e-6)


def test_singular_values_of_sparse_rows_are_refused():
    rows = sparse.random(30, 5, density=0.5, format="csr", random_state=0)
    with pytest.raises(ValueError, match="needs dense rows: use 'covariance_eigh'"):
        PCA(svd_solver="full").fit(rows)
