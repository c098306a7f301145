import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.covariance import OAS, ledoit_wolf_shrinkage
from sklearn.datasets import load_digits, load_iris
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis as Theirs
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import StandardScaler

from lookalike.learn import LinearDiscriminantAnalysis
from lookalike.learn.discriminant import ledoit_wolf, scatter


def clouds(n_samples=120, n_features=6, n_classes=4, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n_samples) % n_classes
    shape = rng.normal(size=(n_features, n_features))
    centres = rng.normal(size=(n_classes, n_features))
    X = rng.normal(size=(n_samples, n_features)) @ shape + centres[y] * 2 + 5
    order = rng.permutation(n_samples)
    return X[order], np.array(list("dbca"))[y[order]]


def same_up_to_sign(ours, theirs, rtol=1e-6):
    assert ours.shape == theirs.shape
    sign = np.sign((ours * theirs).sum(axis=0))
    scale = np.abs(theirs).max()
    np.testing.assert_allclose(ours * sign, theirs, rtol=rtol, atol=rtol * scale)


def agree(parameters, X, y, Q, rtol=1e-6):
    ours = LinearDiscriminantAnalysis(**parameters).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = Theirs(**parameters).fit(X, y)
    close = {"rtol": rtol, "atol": rtol * np.abs(theirs.coef_).max()}
    np.testing.assert_allclose(ours.coef_, theirs.coef_, **close)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=rtol * 10)
    np.testing.assert_array_equal(ours.predict(Q), theirs.predict(Q))
    np.testing.assert_allclose(
        ours.predict_proba(Q), theirs.predict_proba(Q), rtol=rtol * 10, atol=rtol
    )
    np.testing.assert_allclose(
        ours.decision_function(Q),
        theirs.decision_function(Q),
        rtol=rtol * 10,
        atol=rtol,
    )
    np.testing.assert_allclose(ours.means_, theirs.means_, rtol=rtol)
    np.testing.assert_allclose(ours.priors_, theirs.priors_, rtol=rtol)
    if hasattr(theirs, "covariance_"):
        scale = np.abs(theirs.covariance_).max()
        np.testing.assert_allclose(
            ours.covariance_, theirs.covariance_, rtol=rtol, atol=rtol * scale
        )
    if ours.solver != "lsqr":
        same_up_to_sign(ours.transform(Q), theirs.transform(Q), rtol)
        np.testing.assert_allclose(
            ours.explained_variance_ratio_,
            theirs.explained_variance_ratio_,
            rtol=rtol,
            atol=rtol,
        )
        names = ours.get_feature_names_out()
        np.testing.assert_array_equal(names, theirs.get_feature_names_out())


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("priors", [None, "uneven"])
@pytest.mark.parametrize(
    "parameters",
    [
        {"solver": "svd"},
        {"solver": "svd", "n_components": 1},
        {"solver": "svd", "store_covariance": True},
        {"solver": "svd", "tol": 0.3},
        {"solver": "lsqr"},
        {"solver": "lsqr", "shrinkage": 0.3},
        {"solver": "lsqr", "shrinkage": 1},
        {"solver": "lsqr", "shrinkage": "auto"},
        {"solver": "lsqr", "covariance_estimator": OAS()},
        {"solver": "eigen"},
        {"solver": "eigen", "n_components": 1},
        {"solver": "eigen", "shrinkage": 0.3},
        {"solver": "eigen", "shrinkage": "auto"},
        {"solver": "eigen", "covariance_estimator": OAS()},
    ],
    ids=str,
)
def test_agrees_with_scikit_learn(parameters, priors, n_classes):
    X, y = clouds(n_classes=n_classes)
    Q, _ = clouds(seed=1)
    if priors:
        priors = [0.2, 0.8] if n_classes == 2 else [0.1, 0.2, 0.3, 0.4]
    agree(parameters | {"priors": priors}, X, y, Q)


@pytest.mark.parametrize("solver", ["svd", "lsqr", "eigen"])
def test_agrees_with_scikit_learn_on_unequal_classes_and_scales(solver):
    X, y = clouds(n_samples=200)
    keep = np.random.default_rng(0).random(200) < np.where(y == "a", 0.1, 1)
    # scikit-learn's lsqr takes a feature of a small unit for one without spread.
    smallest = 1e-2 if solver == "lsqr" else 1e-6
    X = X * np.array([smallest, 1e2, 1, 1, 1e3, 1e-2])
    agree({"solver": solver}, X[keep], y[keep], X)


@pytest.mark.parametrize("solver", ["svd", "lsqr", "eigen"])
def test_float32_stays_float32(solver):
    X, y = clouds()
    X = X.astype(np.float32)
    ours = LinearDiscriminantAnalysis(solver=solver).fit(X, y)
    double = LinearDiscriminantAnalysis(solver=solver).fit(X.astype(np.float64), y)
    for name in ("coef_", "intercept_", "means_", "priors_"):
        assert getattr(ours, name).dtype == np.float32
        assert getattr(double, name).dtype == np.float64
        np.testing.assert_allclose(
            getattr(ours, name), getattr(double, name), rtol=1e-3, atol=1e-4
        )
    assert ours.decision_function(X).dtype == np.float32
    assert ours.predict_proba(X).dtype == np.float32
    if solver != "lsqr":
        assert ours.transform(X).dtype == np.float32


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000), n=st.integers(2, 40), offset=st.sampled_from([0, 1e6])
)
def test_scatter_equals_its_definition(seed, n, offset):
    rng = np.random.default_rng(seed)
    labels = rng.integers(3, size=n)
    labels[: min(n, 3)] = np.arange(min(n, 3))
    labels = np.unique(labels, return_inverse=True)[1]
    X = rng.integers(4, size=(n, 5)) + float(offset)  # constant features happen
    X[:, 4] = np.array([0.1, 0.7, -0.3])[labels]  # constant in each class
    weight = rng.random(labels.max() + 1)
    means, covariance = scatter(X, labels, weight)
    groups = [X[labels == k] for k in range(len(weight))]
    np.testing.assert_allclose(means, [group.mean(axis=0) for group in groups])
    expected = sum(
        w * np.cov(g.T, bias=True) for w, g in zip(weight, groups, strict=True)
    )
    np.testing.assert_allclose(covariance, expected, atol=1e-12)
    constant = np.all([np.ptp(group, axis=0) == 0 for group in groups], axis=0)
    assert constant[4]
    assert (covariance[constant] == 0).all()
    assert (covariance[:, constant] == 0).all()


def test_scatter_of_many_rows_goes_in_blocks():
    X, y = clouds(n_samples=10_000)
    labels = np.unique(y, return_inverse=True)[1]
    _, covariance = scatter(X, labels, np.full(4, 0.25))
    expected = np.mean([np.cov(X[labels == k].T, bias=True) for k in range(4)], axis=0)
    np.testing.assert_allclose(covariance, expected)


def test_ledoit_wolf_equals_scikit_learns_share():
    X, _ = clouds(n_samples=30, n_features=20)
    scaled = (X - X.mean(axis=0)) / X.std(axis=0)
    share = ledoit_wolf_shrinkage(scaled)
    assert 0.05 < share < 0.95
    correlation = (1 - share) * np.corrcoef(X.T) + share * np.eye(20)
    expected = correlation * np.outer(X.std(axis=0), X.std(axis=0))
    np.testing.assert_allclose(ledoit_wolf(X), expected)


def test_two_classes_of_equal_size_give_the_direction_of_least_squares():
    X, y = clouds(n_classes=2)
    lda = LinearDiscriminantAnalysis().fit(X, y)
    regression = LinearRegression().fit(X, y == lda.classes_[1])
    cosine = lda.coef_[0] @ regression.coef_
    cosine /= np.linalg.norm(lda.coef_[0]) * np.linalg.norm(regression.coef_)
    np.testing.assert_allclose(cosine, 1)


@pytest.mark.parametrize("solver", ["svd", "eigen"])
def test_directions_have_unit_scatter_within_and_none_between_each_other(solver):
    X, y = load_iris(return_X_y=True)
    Z = LinearDiscriminantAnalysis(solver=solver).fit_transform(X, y)
    within = np.mean([np.cov(Z[y == k].T, bias=True) for k in range(3)], axis=0)
    np.testing.assert_allclose(within, np.eye(2), atol=1e-9)
    means = np.array([Z[y == k].mean(axis=0) for k in range(3)])
    between = np.cov(means.T)
    np.testing.assert_allclose(between[0, 1], 0, atol=1e-9)
    assert between[0, 0] > between[1, 1]


@pytest.mark.parametrize("solver", ["svd", "lsqr", "eigen"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_constant_and_repeated_features_change_no_score(solver, dtype):
    X, y = clouds()
    Q, _ = clouds(seed=1)
    more = np.column_stack([X, np.full(len(X), 0.1), X[:, 0] * 3, X[:, 1] - X[:, 2]])
    also = np.column_stack([Q, np.full(len(Q), 0.1), Q[:, 0] * 3, Q[:, 1] - Q[:, 2]])
    plain = LinearDiscriminantAnalysis(solver=solver).fit(X, y)
    singular = LinearDiscriminantAnalysis(solver=solver).fit(more.astype(dtype), y)
    tolerance = 1e-8 if dtype == np.float64 else 2e-2
    np.testing.assert_allclose(
        singular.predict_log_proba(also.astype(dtype)),
        plain.predict_log_proba(Q),
        rtol=tolerance,
        atol=tolerance,
    )


@pytest.mark.parametrize("solver", ["lsqr", "eigen"])
def test_a_singular_scatter_is_projected_on_principal_axes_first(solver):
    X, y = load_digits(return_X_y=True)
    train, test = slice(0, 60), slice(60, None)  # 60 samples, 64 pixels, 10 classes
    X = X + np.random.default_rng(0).normal(scale=1e-3, size=X.shape)
    lda = LinearDiscriminantAnalysis(solver=solver).fit(X[train], y[train])
    scale, mean = X[train].std(axis=0), X[train].mean(axis=0)
    axes = np.linalg.svd((X[train] - mean) / scale)[2][: 60 - 10] / scale
    first = LinearDiscriminantAnalysis(solver=solver).fit(X[train] @ axes.T, y[train])
    np.testing.assert_allclose(
        lda.predict_log_proba(X[test]),
        first.predict_log_proba(X[test] @ axes.T),
        rtol=1e-5,
        atol=1e-5,
    )


@pytest.mark.parametrize("n_features", [30, 200])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_svd_takes_more_features_than_samples(n_features, dtype):
    rng = np.random.default_rng(0)
    y = np.arange(30) % 3
    X = rng.normal(size=(30, n_features)) + 3 * np.eye(n_features)[y]
    X[:, -1] = 0.1  # constant
    Q = X + rng.normal(size=X.shape)
    rtol = 1e-6 if dtype == np.float64 else 1e-2
    agree({}, X.astype(dtype), y, Q.astype(dtype), rtol)


@pytest.mark.parametrize("solver", ["svd", "lsqr", "eigen"])
def test_probabilities_stay_finite_far_from_the_data(solver):
    X, y = clouds()
    lda = LinearDiscriminantAnalysis(solver=solver).fit(X, y)
    far = X * 1e6
    assert np.isfinite(lda.predict_log_proba(far)).all()
    np.testing.assert_allclose(lda.predict_proba(far).sum(axis=1), 1)
    two = LinearDiscriminantAnalysis(solver=solver).fit(X, y > "b")
    assert np.isfinite(two.predict_log_proba(far)).all()
    np.testing.assert_allclose(
        two.predict_log_proba(X), np.log(two.predict_proba(X)), rtol=1e-6
    )


def test_priors_are_scaled_to_sum_to_one_and_zero_forbids_a_class():
    X, y = clouds()
    lda = LinearDiscriminantAnalysis(priors=[2, 1, 0, 1]).fit(X, y)
    np.testing.assert_allclose(lda.priors_, [0.5, 0.25, 0, 0.25])
    assert "c" not in lda.predict(X)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"solver": "qr"}, ValueError, "solver must be .* got 'qr'"),
        ({"shrinkage": 1.5}, ValueError, r"shrinkage must be .* in \[0, 1\], got 1.5"),
        ({"shrinkage": 0.1}, NotImplementedError, "shrinkage not supported with 'svd'"),
        (
            {"n_components": 0},
            ValueError,
            "n_components must be a whole number of at least 1",
        ),
        ({"n_components": 4}, ValueError, "n_components cannot be larger .* 3, got 4"),
        ({"tol": -1}, ValueError, "tol must be at least 0, got -1"),
        ({"priors": [0.5, 0.5]}, ValueError, "one entry for each of the 4 classes"),
        ({"priors": [1, -1, 1, 1]}, ValueError, "priors must be non-negative"),
        ({"covariance_estimator": OAS()}, ValueError, "not supported with 'svd'"),
        (
            {"solver": "lsqr", "covariance_estimator": OAS(), "shrinkage": 0.1},
            ValueError,
            "Only one of covariance_estimator and shrinkage",
        ),
        (
            {"solver": "lsqr", "covariance_estimator": StandardScaler()},
            ValueError,
            "StandardScaler has no covariance_ after fit",
        ),
    ],
)
def test_refuses_bad_parameters(parameters, error, message):
    X, y = clouds()
    with pytest.raises(error, match=message):
        LinearDiscriminantAnalysis(**parameters).fit(X, y)


def test_refuses_data_without_scatter_within_the_classes():
    for solver in ("svd", "lsqr", "eigen"):
        lda = LinearDiscriminantAnalysis(solver=solver)
        with pytest.raises(ValueError, match="no scatter within the classes"):
            lda.fit([[0.1], [0.1], [5]], [0, 0, 1])
    with pytest.raises(ValueError, match="more samples than classes, got 2 of each"):
        LinearDiscriminantAnalysis().fit([[0.1], [5]], [0, 1])
    with pytest.raises(ValueError, match="at least 2 classes, got 1 class"):
        LinearDiscriminantAnalysis().fit([[0.1], [5]], [1, 1])


def test_lsqr_has_no_transform():
    X, y = clouds()
    lda = LinearDiscriminantAnalysis(solver="lsqr").fit(X, y)
    with pytest.raises(NotImplementedError, match="not implemented for 'lsqr'"):
        lda.transform(X)
