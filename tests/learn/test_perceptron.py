import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn import linear_model
from sklearn.exceptions import ConvergenceWarning

from lookalike.kernels.perceptron import dense_pass, sparse_pass
from lookalike.learn import Perceptron

PENALTIES = [None, "l2", "l1", "elasticnet"]


def problem(n=90, d=5, n_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(0.3, 1, (n, d))
    Z = X @ rng.normal(size=(d, n_classes)) + rng.normal(size=(n, n_classes))
    return X, np.array(list("abcdefgh"))[Z.argmax(axis=1)], 0.5 + rng.random(n)


def test_the_example_of_the_source():
    model = Perceptron(tol=None, max_iter=50, shuffle=False)
    model.fit([[2, 1], [3, 4], [4, 2], [3, 1]], [-1, 1, 1, -1])
    np.testing.assert_array_equal(model.predict([[5, 2], [1, 3]]), [-1, 1])
    assert model.errors_[-1] == 0
    # From zero the length of a step only scales the answer.
    short = Perceptron(tol=None, max_iter=50, shuffle=False, eta0=0.125)
    short.fit([[2, 1], [3, 4], [4, 2], [3, 1]], [-1, 1, 1, -1])
    np.testing.assert_allclose(short.coef_, model.coef_ / 8)


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("weighting", ["none", "samples", "classes", "balanced"])
def test_visits_rows_like_scikit_learn(penalty, n_classes, fit_intercept, weighting):
    X, y, s = problem(n_classes=n_classes)
    options = {"penalty": penalty, "alpha": 0.003, "l1_ratio": 0.4, "eta0": 0.7}
    options |= {"shuffle": False, "tol": None, "max_iter": 6}
    options["fit_intercept"] = fit_intercept
    if weighting == "classes":
        options["class_weight"] = dict(zip("abcd", [1, 2, 3, 0.5], strict=True))
        options["class_weight"] = {c: options["class_weight"][c] for c in np.unique(y)}
    if weighting == "balanced":
        options["class_weight"] = "balanced"
    s = s if weighting == "samples" else None
    ours = Perceptron(**options).fit(X, y, sample_weight=s)
    theirs = linear_model.Perceptron(**options).fit(X, y, sample_weight=s)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-12)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    assert ours.n_iter_ == theirs.n_iter_ == 6
    assert ours.t_ == theirs.t_


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("n_iter_no_change", [1, 3])
@pytest.mark.parametrize("tol", [0.0, 1e-3, 0.05])
def test_stops_where_scikit_learn_stops(n_classes, n_iter_no_change, tol):
    X, y, _ = problem(n_classes=n_classes)
    options = {"shuffle": False, "tol": tol, "n_iter_no_change": n_iter_no_change}
    ours = Perceptron(**options).fit(X, y)
    theirs = linear_model.Perceptron(**options).fit(X, y)
    assert ours.n_iter_ == theirs.n_iter_
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-9)


# Under 'elasticnet' charges that wait until a row touches the weight meet another
# scale, so sparse rows learn a little differently.
@pytest.mark.parametrize("penalty", [None, "l2", "l1"])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_sparse_rows_answer_like_dense(penalty, n_classes):
    X, y, s = problem(n_classes=n_classes)
    X[X < 0.3] = 0
    options = {"penalty": penalty, "alpha": 0.003, "tol": None, "max_iter": 8}
    dense = Perceptron(**options).fit(X, y, sample_weight=s)
    model = Perceptron(**options).fit(sparse.csr_array(X), y, sample_weight=s)
    np.testing.assert_allclose(model.coef_, dense.coef_, atol=1e-12)
    assert model.errors_ == dense.errors_
    np.testing.assert_allclose(
        model.decision_function(sparse.csr_matrix(X)), dense.decision_function(X)
    )


def test_elastic_sparse_rows_separate_as_well_as_dense():
    X, y, _ = problem(n=300)
    X[X < 0.3] = 0
    model = Perceptron(penalty="elasticnet", alpha=0.003, tol=None, max_iter=20)
    dense = model.fit(X, y).score(X, y)
    assert model.fit(sparse.csr_array(X), y).score(X, y) > dense - 0.1


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_early_stopping_holds_rows_back(container, n_classes):
    X, y, s = problem(n=200, n_classes=n_classes)
    model = Perceptron(
        early_stopping=True, validation_fraction=0.25, n_iter_no_change=2, tol=0.0
    ).fit(container(X), y, sample_weight=s)
    assert (model.t_ - 1) % 150 == 0
    assert model.score(X, y) > 0.6
    # An improvement of more than the whole accuracy never comes.
    model.set_params(tol=1.1).fit(container(X), y)
    assert model.n_iter_ == 3


def test_errors_are_the_corrections_of_each_pass():
    X, y, _ = problem(n_classes=2)
    model = Perceptron(tol=None, max_iter=4, shuffle=False).fit(X, y)
    w, b, errors = np.zeros(5), 0.0, []
    for _ in range(4):
        errors.append(0)
        for x, sign in zip(X, np.where(y == "b", 1, -1), strict=True):
            if sign * (w @ x + b) <= 0:
                w, b = w + sign * x, b + sign
                errors[-1] += 1
    assert model.errors_ == errors
    np.testing.assert_allclose(model.coef_[0], w)
    many = Perceptron(tol=None, max_iter=4, shuffle=False).fit(*problem()[:2])
    assert [len(of_class) for of_class in many.errors_] == [4, 4, 4]


def test_separable_classes_end_without_errors():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 3))
    y = (X @ [1.0, -2, 0.5] > 0.1).astype(int)
    X[y == 1] += [0.3, -0.3, 0]
    model = Perceptron(random_state=1).fit(X, y)
    assert model.errors_[-1] == 0
    assert model.score(X, y) == 1
    margin = (np.abs(X @ model.coef_[0] + model.intercept_)).min()
    size = np.append(model.coef_, model.intercept_)
    reach = np.sqrt((X**2).sum(axis=1).max() + 1)
    assert sum(model.errors_) <= (reach * np.linalg.norm(size) / margin) ** 2


def test_no_errors_are_no_improvement_even_without_tolerance():
    X = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    assert Perceptron(tol=0.0).fit(X, [0, 0, 1, 1]).n_iter_ < 20


def test_passes_one_by_one_are_the_passes_of_fit():
    X, y, s = problem()
    for penalty in PENALTIES:
        options = {"penalty": penalty, "alpha": 0.01}
        whole = Perceptron(tol=None, max_iter=3, shuffle=False, **options)
        whole.fit(X, y, sample_weight=s)
        parts = Perceptron(shuffle=False, **options)
        for _ in range(3):
            parts.partial_fit(X, y, ["a", "b", "c"], sample_weight=s)
        np.testing.assert_allclose(parts.coef_, whole.coef_)
        assert parts.errors_ == whole.errors_
        assert parts.t_ == whole.t_


def test_a_part_may_lack_classes():
    X, y, _ = problem(n_classes=4)
    model = Perceptron().partial_fit(X, y, classes=["a", "b", "c", "d"])
    few = np.isin(y, ["a", "b"])
    ours = model.partial_fit(X[few], y[few])
    theirs = linear_model.Perceptron(shuffle=False)
    ours = Perceptron(shuffle=False)
    for m in (ours, theirs):
        m.partial_fit(X, y, classes=["a", "b", "c", "d"]).partial_fit(X[few], y[few])
    np.testing.assert_allclose(ours.coef_, theirs.coef_)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_many_classes_go_in_groups(n_jobs):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 6)), rng.integers(37, size=300)
    options = {"shuffle": False, "tol": None, "max_iter": 3}
    ours = Perceptron(n_jobs=n_jobs, **options).fit(X, y)
    theirs = linear_model.Perceptron(**options).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_)
    drawn = Perceptron(n_jobs=n_jobs).fit(X, y)
    np.testing.assert_array_equal(drawn.coef_, Perceptron().fit(X, y).coef_)


@pytest.mark.parametrize("how", ["warm_start", "coef_init"])
def test_coef_init_and_intercept_init_are_the_first_weights(how):
    X, y, _ = problem()
    options = {"shuffle": False, "tol": None}
    six = Perceptron(max_iter=6, **options).fit(X, y)
    three = Perceptron(max_iter=3, warm_start=how == "warm_start", **options).fit(X, y)
    start = () if how == "warm_start" else (three.coef_, three.intercept_)
    np.testing.assert_allclose(three.fit(X, y, *start).coef_, six.coef_)
    assert three.n_iter_ == 3


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    decay=st.sampled_from([1.0, 0.5, 2.0**-14, 0.0]),
    lasso=st.sampled_from([0.0, 0.25]),
    intercept=st.booleans(),
)
def test_both_kernels_equal_their_definition(seed, decay, lasso, intercept):
    rng = np.random.default_rng(seed)
    n, d, k = 8, 3, 2
    X = rng.integers(-1, 2, (n, d)).astype(float)  # many ties at zero
    labels, order = rng.integers(3, size=n), rng.integers(n, size=12)
    # Eighths, so that no sum is rounded and a tie is a tie.
    weights, rates = rng.integers(9, size=n) / 8, rng.integers(1, 9, (k, 2)) / 8
    targets = np.array([0, 2])
    W, b, u, q = np.zeros((k, d)), np.zeros(k), 0.0, np.zeros((k, d))
    errors, losses = np.zeros(k, int), np.zeros(k)
    for i in order:
        sign = np.where(labels[i] == targets, 1, -1)
        score = W @ X[i] + b
        wrong = sign * score <= 0
        errors, losses = errors + wrong, losses + wrong * np.abs(score)
        step = wrong * sign * weights[i] * rates[range(k), (sign > 0) * 1]
        W, b = decay * W + np.outer(step, X[i]), b + step * intercept
        u += lasso
        moved = np.where(W > 0, np.maximum(0, W - (u + q)), W)
        moved = np.where(W < 0, np.minimum(0, W + (u - q)), moved)
        q, W = q + moved - W, moved
    for container in (np.asarray, sparse.csr_array):
        if lasso and container is sparse.csr_array and decay < 1:
            continue  # waiting charges meet another scale
        rows = container(X)
        start = np.zeros((k, d)), np.zeros(k), np.zeros(1), np.zeros((k, d))
        rest = labels, weights, order, targets, rates, intercept, decay, lasso
        if container is np.asarray:
            counts = dense_pass(rows, *rest, *start)
            mine = start[0]
        else:
            start = np.zeros((d, k)), start[1], start[2], np.zeros((d, k))
            entries = rows.data, rows.indices, rows.indptr
            counts = sparse_pass(*entries, *rest, *start)
            mine = start[0].T
        np.testing.assert_allclose(mine, W, atol=1e-12)
        np.testing.assert_allclose(start[1], b, atol=1e-12)
        np.testing.assert_array_equal(counts[0], errors)
        np.testing.assert_allclose(counts[1], losses, atol=1e-9)


def test_a_scale_too_small_to_divide_by_is_taken_over():
    X, y, _ = problem(n=400, n_classes=2)
    # 400 rows at a factor of 0.5 are 2**-400 in all.
    model = Perceptron(penalty="l2", alpha=0.5, tol=None, max_iter=2, shuffle=False)
    theirs = linear_model.Perceptron(
        penalty="l2", alpha=0.5, tol=None, max_iter=2, shuffle=False
    )
    np.testing.assert_allclose(model.fit(X, y).coef_, theirs.fit(X, y).coef_)


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_single_precision_stays(container):
    X, y, s = problem()
    X = container(X.astype(np.float32))
    model = Perceptron().fit(X, y, sample_weight=s)
    assert model.coef_.dtype == model.intercept_.dtype == np.float32
    assert model.decision_function(X).dtype == np.float32
    assert model.score(X, y) > 0.6


def test_random_state_alone_decides():
    X, y, _ = problem()
    options = {"tol": None, "max_iter": 3}
    a, b, c = (Perceptron(random_state=r, **options).fit(X, y).coef_ for r in (0, 0, 1))
    np.testing.assert_array_equal(a, b)
    assert (a != c).any()


def test_too_few_passes_warn():
    X, y, _ = problem()
    with pytest.warns(ConvergenceWarning, match="still improved after max_iter=2"):
        Perceptron(max_iter=2).fit(X, y)


def test_overflow_is_named():
    X, y, _ = problem()
    with pytest.raises(ValueError, match="weights overflowed; scale the features"):
        Perceptron(eta0=1e308, tol=None, max_iter=50).fit(X * 1e3, y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"penalty": "none"}, "penalty must be one of None, 'l2', .*got 'none'"),
        ({"alpha": -1}, "alpha must be a number of at least 0, got -1"),
        ({"l1_ratio": 2}, r"l1_ratio must be in \[0, 1\], got 2"),
        ({"eta0": 0}, "eta0 must be a number above 0, got 0"),
        ({"max_iter": 0}, "max_iter must be a whole number of at least 1"),
        ({"tol": -1}, "tol must be a number of at least 0"),
        ({"n_iter_no_change": 0}, "n_iter_no_change must be a whole number"),
        ({"validation_fraction": 3}, r"validation_fraction must be in \[0, 1\], got 3"),
    ],
)
def test_refusals_say_what_was_expected(options, message):
    X, y, _ = problem()
    with pytest.raises(ValueError, match=message):
        Perceptron(**options).fit(X, y)


def test_starts_of_the_wrong_shape_are_refused():
    X, y, _ = problem()
    with pytest.raises(ValueError, match=r"coef_init must have shape \(3, 5\)"):
        Perceptron().fit(X, y, coef_init=np.zeros((2, 5)))


def test_parts_refuse_what_they_cannot_know():
    X, y, _ = problem()
    with pytest.raises(ValueError, match="first call of partial_fit needs classes"):
        Perceptron().partial_fit(X, y)
    for option in ({"early_stopping": True}, {"class_weight": "balanced"}):
        with pytest.raises(ValueError, match="partial_fit does not support"):
            Perceptron(**option).partial_fit(X, y, classes=["a", "b", "c"])


def test_verbose_prints_the_corrections_of_each_pass(capsys):
    model = Perceptron(verbose=1).fit([[0.0], [1.0], [3.0]], [0, 1, 1])
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        f"class 1, pass {k}: {n} corrections"
        for k, n in enumerate(model.errors_, start=1)
    ]
