import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn import svm
from sklearn.datasets import make_blobs, make_classification
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics.pairwise import laplacian_kernel, polynomial_kernel, rbf_kernel

from lookalike.kernels.smo import CONVERGED, MISSING, smo_steps
from lookalike.learn import SVC
from lookalike.learn._smo import RowCache, solve_with_cache, solve_with_matrix
from lookalike.learn._svm_kernels import Kernel

KERNELS = [
    {"kernel": "linear"},
    {"kernel": "poly", "degree": 2, "coef0": 1.0},
    {"kernel": "poly", "degree": 3, "gamma": 0.1},
    {"kernel": "poly", "degree": 0},
    {"kernel": "rbf"},
    {"kernel": "rbf", "gamma": "auto"},
    {"kernel": "rbf", "gamma": 2.0},
    {"kernel": "sigmoid", "gamma": 0.05, "coef0": 0.1},
    {"kernel": laplacian_kernel},
]


def problem(n=100, d=4, n_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(0.3, 1, (n, d))
    Z = X @ rng.normal(size=(d, n_classes)) + rng.normal(size=(n, n_classes))
    return X, np.array(list("abcd"))[Z.argmax(axis=1)], 0.5 + rng.random(n)


def test_two_blobs_of_the_source_are_separated():
    X, y = make_blobs(n_samples=100, centers=2, random_state=42)
    for kernel in ("linear", "rbf"):
        assert SVC(kernel=kernel).fit(X, y).score(X, y) == 1.0


@pytest.mark.parametrize("shrinking", [True, False])
def test_the_choice_to_shrink_changes_no_answer(shrinking):
    X, y, s = problem()
    ours = SVC(tol=1e-5, shrinking=shrinking).fit(X, y, s)
    theirs = svm.SVC(tol=1e-6, shrinking=shrinking).fit(X, y, s)
    np.testing.assert_allclose(
        ours.decision_function(X), theirs.decision_function(X), atol=2e-4
    )


@pytest.mark.parametrize("options", KERNELS)
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("weighting", ["none", "samples", "classes", "balanced"])
def test_agrees_with_scikit_learn(options, n_classes, weighting):
    X, y, s = problem(n_classes=n_classes)
    if weighting == "classes":
        of_class = dict(zip(np.unique(y), [1, 2, 3, 0.5], strict=False))
        options = {**options, "class_weight": of_class}
    if weighting == "balanced":
        options = {**options, "class_weight": "balanced"}
    s = s if weighting == "samples" else None
    ours = SVC(C=0.7, tol=1e-5, **options).fit(X, y, s)
    theirs = svm.SVC(C=0.7, tol=1e-6, **options).fit(X, y, s)
    np.testing.assert_allclose(
        ours.decision_function(X), theirs.decision_function(X), atol=2e-4
    )
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=2e-4)
    np.testing.assert_allclose(ours.class_weight_, theirs.class_weight_)
    assert ours.shape_fit_ == theirs.shape_fit_
    assert ours.fit_status_ == theirs.fit_status_ == 0
    if options["kernel"] == "rbf":  # the dual has one solution
        np.testing.assert_array_equal(ours.support_, theirs.support_)
        np.testing.assert_array_equal(ours.n_support_, theirs.n_support_)
        np.testing.assert_allclose(ours.dual_coef_, theirs.dual_coef_, atol=2e-4)
        np.testing.assert_array_equal(ours.support_vectors_, X[ours.support_])


@pytest.mark.parametrize("shape", ["ovr", "ovo"])
@pytest.mark.parametrize("break_ties", [False, True])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_scores_and_ties_are_those_of_scikit_learn(shape, break_ties, n_classes):
    if break_ties and shape == "ovo":
        pytest.skip("refused")
    X, y, _ = problem(n_classes=n_classes)
    options = {"decision_function_shape": shape, "break_ties": break_ties, "gamma": 5.0}
    ours = SVC(tol=1e-6, **options).fit(X, y)
    theirs = svm.SVC(tol=1e-6, **options).fit(X, y)
    Q = 3 * np.random.default_rng(1).normal(size=(300, 4))  # far, where pairs disagree
    np.testing.assert_allclose(
        ours.decision_function(Q), theirs.decision_function(Q), atol=1e-4
    )
    assert (ours.predict(Q) == theirs.predict(Q)).mean() > 0.99


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_linear_weights_are_those_of_scikit_learn(n_classes, container):
    X, y, _ = problem(n_classes=n_classes)
    ours = SVC(kernel="linear", tol=1e-6).fit(container(X), y)
    theirs = svm.SVC(kernel="linear", tol=1e-6).fit(X, y)
    coef = ours.coef_.toarray() if sparse.issparse(ours.coef_) else ours.coef_
    np.testing.assert_allclose(coef, theirs.coef_, atol=1e-3)
    with pytest.raises(AttributeError, match="only there for kernel='linear'"):
        _ = SVC().fit(X, y).coef_


@pytest.mark.parametrize("options", KERNELS[:-1])
@pytest.mark.parametrize("container", [sparse.csr_array, sparse.csc_matrix])
def test_sparse_rows_answer_like_dense(options, container):
    X, y, s = problem()
    X[X < 0.3] = 0
    dense = SVC(tol=1e-6, **options).fit(X, y, s)
    model = SVC(tol=1e-6, **options).fit(container(X), y, s)
    np.testing.assert_allclose(
        model.decision_function(container(X)), dense.decision_function(X), atol=1e-4
    )
    assert sparse.issparse(model.support_vectors_)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_precomputed_values_answer_like_the_kernel(n_classes):
    X, y, s = problem(n_classes=n_classes)
    by_name = SVC(gamma=0.5).fit(X, y, s)
    given_values = SVC(kernel="precomputed").fit(rbf_kernel(X, X, 0.5), y, s)
    Q = X[:7] + 0.1
    np.testing.assert_allclose(
        given_values.decision_function(rbf_kernel(Q, X, 0.5)),
        by_name.decision_function(Q),
        atol=1e-4,
    )
    np.testing.assert_array_equal(given_values.support_, by_name.support_)


def conditions(K, signs, bounds, alpha, intercept):
    """How far each Karush-Kuhn-Tucker condition is from holding."""
    margin = signs * (K @ (alpha * signs) + intercept)
    outside, at_bound = alpha == 0, alpha == bounds
    free = ~outside & ~at_bound
    return [
        np.abs(signs @ alpha),
        max(0, -alpha.min(), (alpha - bounds).max()),
        max(0, (1 - margin[outside]).max(initial=0)),
        max(0, (margin[at_bound] - 1).max(initial=0)),
        np.abs(margin[free] - 1).max(initial=0),
    ]


@pytest.mark.parametrize("options", [{}, {"kernel": "linear"}, {"gamma": 3.0}])
@pytest.mark.parametrize("C", [0.05, 1.0, 50.0])
@pytest.mark.parametrize("cache_size", [200, 0.001])
def test_the_karush_kuhn_tucker_conditions_hold(options, C, cache_size):
    X, y, s = problem(n_classes=2)
    model = SVC(C=C, tol=1e-3, cache_size=cache_size, **options).fit(X, y, s)
    kernel = Kernel(model.kernel, model._kernel.gamma, 0.0, 3)
    alpha = np.zeros(len(X))
    alpha[model.support_] = np.abs(model.dual_coef_[0])
    signs = np.where(y == "b", 1.0, -1)
    gaps = conditions(kernel(X, X), signs, C * s, alpha, model.intercept_[0])
    assert gaps[0] < 1e-10 * C * len(X)
    assert gaps[1] == 0
    # The tolerance, and the single precision of the values in it.
    assert max(gaps[2:]) < 1e-3 + 1e-6 * C * len(X)


def test_a_hard_margin_is_the_widest():
    X = np.array([[0.0, 0.0], [0.0, 2.0], [3.0, 1.0], [5.0, 1.0]])
    model = SVC(C=np.inf, kernel="linear", tol=1e-6).fit(X, [0, 0, 1, 1])
    # Half way between x = 0 and x = 3, with margin 1.5 on each side.
    np.testing.assert_allclose(model.coef_, [[2 / 3, 0]], atol=1e-6)
    np.testing.assert_allclose(model.intercept_, [-1], atol=1e-6)
    np.testing.assert_allclose(
        model.decision_function(X), [-1, -1, 1, 7 / 3], atol=1e-5
    )
    for kernel in ("linear", "rbf"):
        with pytest.raises(ValueError, match="No margin separates the classes"):
            SVC(C=np.inf, kernel=kernel).fit([[1.0], [2.0], [3.0], [2.0]], [0, 1, 0, 0])


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("cache_size", [0.001, 0.02, 0.05])
def test_little_memory_changes_nothing_but_the_time(n_classes, cache_size):
    X, y, s = problem(n_classes=n_classes)
    plenty = SVC(C=5.0, tol=1e-6).fit(X, y, s)
    little = SVC(C=5.0, tol=1e-6, cache_size=cache_size).fit(X, y, s)
    np.testing.assert_allclose(little.dual_coef_, plenty.dual_coef_, atol=1e-3)
    np.testing.assert_allclose(little.intercept_, plenty.intercept_, atol=1e-4)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.sampled_from([0.25, 2.0]))
def test_a_step_equals_its_definition(seed, size):
    rng = np.random.default_rng(seed)
    X = rng.integers(-2, 3, (9, 2)) / 2  # many equal rows, many ties, no rounding
    K = (X @ X.T + 0.5).astype(np.float32)
    signs = np.where(np.arange(9) < rng.integers(1, 9), 1.0, -1)
    bounds = size * rng.integers(1, 4, size=9) / 2
    alpha = bounds * rng.choice([0, 0, 0.25, 0.5, 1, 1], size=9)
    residual = signs - K @ (signs * alpha)
    above, below = alpha < bounds, alpha > 0
    up, down = np.where(signs > 0, [above, below], [below, above])
    high, low = (
        residual.max(initial=-np.inf, where=up),
        residual.min(initial=np.inf, where=down),
    )
    expected = alpha.copy()
    if high - low > 0.1:
        i = np.where(up, residual, -np.inf).argmax()
        curvature = np.maximum(K[i, i] + K.diagonal() - 2 * K[i], 1e-12)
        j = np.where(down, np.maximum(high - residual, 0) ** 2 / curvature, 0).argmax()
        ends = [bounds[i] if signs[i] > 0 else 0, 0 if signs[j] > 0 else bounds[j]]
        rooms = np.abs(ends - alpha[[i, j]])
        step = min((high - residual[j]) / curvature[j], *rooms)
        expected[[i, j]] += step * signs[[i, j]] * [1, -1]
    mine, updated, stamps = alpha.copy(), residual.copy(), np.zeros(9, np.int64)
    at_hand = K, np.arange(9), stamps, K.diagonal().astype(float)
    answer = smo_steps(*at_hand, signs, bounds, 0.1, 1, mine, updated)
    np.testing.assert_allclose(mine, expected, atol=1e-12)
    np.testing.assert_allclose(updated, signs - K @ (signs * mine), atol=1e-12)
    assert answer[2] == (high - low > 0.1)
    if answer[2]:
        np.testing.assert_array_equal(np.flatnonzero(stamps), np.sort([i, j]))
    else:
        assert answer[:2] + answer[3:] == (CONVERGED, -1, high, low)


def test_a_row_outside_the_cache_is_requested_and_nothing_is_lost():
    X, y, _ = problem(n=30, n_classes=2)
    signs, bounds = np.where(y == "b", 1.0, -1), np.ones(30)
    K = rbf_kernel(X).astype(np.float32)
    cache, alpha, residual = RowCache(2, 30), np.zeros(30), signs.copy()
    status, total = MISSING, 0
    while status == MISSING:
        status, sample, steps, _, _ = smo_steps(
            cache.rows,
            cache.slots,
            cache.stamps,
            np.ones(30),
            signs,
            bounds,
            1e-3,
            10**6,
            alpha,
            residual,
        )
        total += steps
        if status == MISSING:
            assert cache.slots[sample] == -1
            cache.store(np.array([sample]), K[[sample]])
    whole = solve_with_matrix(K, signs, bounds, 1e-3, 10**6)
    np.testing.assert_allclose(alpha, whole.alpha)
    assert total == whole.n_iter


def test_the_row_used_longest_ago_makes_room():
    cache = RowCache(3, 10)
    rows = np.arange(100, dtype=np.float32).reshape(10, 10)
    cache.store(np.array([4]), rows[[4]])
    cache.store(np.array([7]), rows[[7]])
    cache.store(np.array([1]), rows[[1]])
    cache.stamps[cache.slots[4]] = 99  # row 4 was used just now
    cache.store(np.array([2, 9]), rows[[2, 9]])
    assert set(np.flatnonzero(cache.slots >= 0)) == {2, 4, 9}
    for sample in (2, 4, 9):
        np.testing.assert_array_equal(cache.rows[cache.slots[sample]], rows[sample])


def test_max_iter_limits_the_steps_and_warns():
    X, y, _ = problem()
    with pytest.warns(ConvergenceWarning, match="did not converge in max_iter=3 steps"):
        model = SVC(max_iter=3).fit(X, y)
    np.testing.assert_array_equal(model.n_iter_, [3, 3, 3])
    assert model.fit_status_ == 1
    kernel = Kernel("rbf", 0.5, 0.0, 3)
    few = solve_with_cache(
        kernel, X, (-1.0) ** np.arange(100), np.ones(100), 1e-9, 5, 1
    )
    assert (few.n_iter, few.converged) == (5, False)


@pytest.mark.parametrize("options", KERNELS[:-1])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_kernel_values_are_their_formulas(options, container):
    rng = np.random.default_rng(0)
    A, B = 1 + rng.normal(size=(300, 4)), 1 + rng.normal(size=(1100, 4))
    B[:, 1] = 0.5  # does not vary there, but counts in the distance to A
    A[0], gamma = B[0], 0.3
    kernel = Kernel(
        options["kernel"], gamma, options.get("coef0", 0.0), options.get("degree", 3)
    )
    inner = A @ B.T
    expected = {
        "linear": lambda: inner,
        "poly": lambda: (gamma * inner + kernel.coef0) ** kernel.degree,
        "rbf": lambda: np.exp(-gamma * ((A[:, None] - B) ** 2).sum(axis=2)),
        "sigmoid": lambda: np.tanh(gamma * inner + kernel.coef0),
    }[options["kernel"]]()
    values = kernel(container(A), container(B))
    np.testing.assert_allclose(values, expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        kernel.diagonal(container(B)), np.diag(kernel(container(B), container(B)))
    )


def test_broken_powers_are_powers():
    A = np.abs(np.random.default_rng(0).normal(size=(3, 2)))
    expected = polynomial_kernel(A, A, degree=2.5, gamma=0.3, coef0=1)
    np.testing.assert_allclose(Kernel("poly", 0.3, 1.0, 2.5)(A, A), expected)


def test_far_from_zero_single_precision_still_tells_distances():
    X, y, _ = problem()
    near = SVC(gamma=1.0).fit(X.astype(np.float32), y)
    far = SVC(gamma=1.0).fit((X + 300).astype(np.float32), y)
    Q = (X[:20] + 300).astype(np.float32)
    np.testing.assert_allclose(
        far.decision_function(Q),
        near.decision_function(X[:20].astype(np.float32)),
        atol=5e-3,
    )


@pytest.mark.parametrize("kernel", ["linear", "rbf", "poly", "precomputed"])
def test_single_precision_stays(kernel):
    X, y, s = (a.astype(np.float32) if a.dtype == float else a for a in problem())
    X = rbf_kernel(X) if kernel == "precomputed" else X
    model = SVC(kernel=kernel).fit(X, y, s)
    assert model.dual_coef_.dtype == model.intercept_.dtype == np.float32
    assert model.decision_function(X).dtype == np.float32
    exact = SVC(kernel=kernel).fit(X.astype(float), y, s)
    np.testing.assert_allclose(
        model.decision_function(X), exact.decision_function(X), atol=0.01
    )


def test_rows_of_weight_zero_are_as_good_as_absent():
    X, y, s = problem()
    s[::3] = 0
    there = np.flatnonzero(s)
    with_them = SVC(gamma=0.5, tol=1e-6).fit(X, y, s)
    without = SVC(gamma=0.5, tol=1e-6).fit(X[there], y[there], s[there])
    np.testing.assert_allclose(
        with_them.decision_function(X), without.decision_function(X), atol=1e-4
    )
    assert set(with_them.support_) <= set(there)


def test_equal_rows_of_both_classes_are_no_trouble():
    X = np.zeros((6, 2))
    model = SVC(kernel="linear").fit(X, [0, 0, 0, 1, 1, 1])
    assert np.isfinite(model.decision_function(X)).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"C": 0}, "C must be a number above 0, got 0"),
        ({"tol": 0}, "tol must be a number above 0, got 0"),
        ({"cache_size": -1}, "cache_size must be a number above 0"),
        ({"kernel": "gauss"}, "kernel must be one of 'linear', .*got 'gauss'"),
        ({"gamma": "big"}, "gamma must be one of 'scale', 'auto', got 'big'"),
        ({"gamma": -1}, "gamma must be a number of at least 0"),
        ({"degree": -1}, "degree must be a number of at least 0"),
        ({"coef0": "1"}, "coef0 must be a finite number, got '1'"),
        ({"coef0": np.nan}, "coef0 must be a finite number, got nan"),
        ({"decision_function_shape": "all"}, "decision_function_shape must be one of"),
        ({"max_iter": -2}, "max_iter must be -1 or a whole number, got -2"),
    ],
)
def test_refusals_say_what_was_expected(options, message):
    X, y, _ = problem()
    with pytest.raises(ValueError, match=message):
        SVC(**options).fit(X, y)


def test_kernels_that_do_not_fit_are_refused():
    X, y, _ = problem()
    with pytest.raises(ValueError, match=r"must be square.*got shape \(100, 4\)"):
        SVC(kernel="precomputed").fit(X, y)
    with pytest.raises(ValueError, match=r"kernel must give values of shape"):
        SVC(kernel=lambda A, B: A).fit(X, y)
    with pytest.raises(ValueError, match="values that are not finite"):
        SVC(kernel=lambda A, B: A @ B.T + np.inf).fit(X, y)
    with pytest.raises(ValueError, match="not finite in single precision"):
        SVC(kernel="precomputed").fit(X @ X.T * 1e100, y)


def test_ties_of_pairs_cannot_be_broken():
    X, y, _ = problem()
    model = SVC(break_ties=True, decision_function_shape="ovo").fit(X, y)
    with pytest.raises(ValueError, match="break_ties needs"):
        model.predict(X)


def test_classes_without_weight_are_refused():
    X, y, _ = problem()
    with pytest.raises(ValueError, match="got them in 1 class"):
        SVC().fit(X, y, (y == "a") * 1.0)
    with pytest.raises(ValueError, match="at least 2 classes"):
        SVC().fit(X, np.zeros(100))


@pytest.mark.parametrize("kernel", ["linear", "poly", "rbf", "sigmoid", "precomputed"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_machine_restored_from_arrays_predicts_the_same(kernel, n_classes):
    X, y = make_classification(
        90, 6, n_informative=4, n_classes=n_classes, random_state=0
    )
    labels = np.array(["a", "b", "c"])[y]
    rows = X @ X.T if kernel == "precomputed" else X.astype(np.float32)
    fitted = SVC(
        C=2.0, kernel=kernel, degree=2, coef0=0.5, break_ties=n_classes == 3
    ).fit(rows, labels)
    arrays = fitted.arrays()
    model = SVC.from_arrays(arrays)
    np.testing.assert_array_equal(
        model.decision_function(rows), fitted.decision_function(rows)
    )
    np.testing.assert_array_equal(model.predict(rows), fitted.predict(rows))
    assert model.C == 2.0
    assert model.n_features_in_ == fitted.n_features_in_
    for name in ("kernel", "degree", "coef0", "break_ties", "decision_function_shape"):
        assert getattr(model, name) == getattr(fitted, name)
        assert type(getattr(model, name)) is type(getattr(fitted, name))
    for name, array in model.arrays().items():
        np.testing.assert_array_equal(array, arrays[name])
        assert array.dtype == arrays[name].dtype


def test_the_scores_of_a_restored_machine_are_of_pairs_where_they_were():
    X, y = make_classification(60, 6, n_informative=4, n_classes=3, random_state=0)
    fitted = SVC(gamma=0.3, decision_function_shape="ovo").fit(X, y)
    model = SVC.from_arrays(fitted.arrays())
    assert model.get_params() == fitted.get_params()
    np.testing.assert_array_equal(
        model.decision_function(X), fitted.decision_function(X)
    )


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("support", lambda a: a[1:]),
        ("n_support", lambda a: a[1:]),
        ("n_support", lambda a: np.append(a, 0)),
        ("dual_coef", lambda a: a[:, 1:]),
        ("intercept", lambda a: a[1:]),
        ("support_vectors", lambda a: a[1:]),
        ("support_vectors", lambda a: a[:, 1:]),
        ("support_vectors", lambda a: a[0]),
    ],
)
def test_arrays_of_two_machines_are_refused(name, change):
    X, y = make_classification(60, 6, n_informative=4, n_classes=3, random_state=0)
    arrays = SVC().fit(X, y).arrays()
    with pytest.raises(ValueError, match="do not fit"):
        SVC.from_arrays({**arrays, name: change(arrays[name])})


def test_kernels_that_are_functions_and_sparse_vectors_have_no_arrays():
    X, y = make_classification(40, 4, random_state=0)
    with pytest.raises(ValueError, match="named kernel"):
        SVC(kernel=lambda A, B: A @ B.T).fit(X, y).arrays()
    with pytest.raises(ValueError, match="dense support vectors"):
        SVC().fit(sparse.csr_matrix(X), y).arrays()
    with pytest.raises(NotFittedError):
        SVC().arrays()


def test_verbose_prints_the_steps_of_each_pair(capsys):
    X, y = [[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]], [0, 0, 1, 1, 2, 2]
    model = SVC(verbose=True).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"classes 0 and 1: converged after {model.n_iter_[0]} steps"
    assert len(lines) == 3


@pytest.mark.parametrize("yes", [True, np.True_])
def test_probabilities_are_refused_with_what_gives_them(yes):
    SVC(probability=not yes).fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(ValueError, match=r"use sklearn.calibration.Calibrated"):
        SVC(probability=yes).fit([[0.0], [1.0]], [0, 1])


def test_a_kernel_that_is_no_inner_product_comes_to_an_end(monkeypatch):
    # Its optimum is never reached: whoever waits for it waits for ever.
    K = np.random.default_rng(16).integers(0, 256, (10, 10)).astype(float)
    monkeypatch.setattr("lookalike.learn.svc.MOST_STEPS", 5_000)
    with pytest.warns(
        ConvergenceWarning, match=r"in 5,000 steps: scale the features; a"
    ):
        model = SVC(kernel="precomputed").fit(K, np.arange(10) % 2)
    assert model.n_iter_.max() == 5_000
    assert np.isfinite(model.dual_coef_).all()
