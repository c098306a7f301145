"""The k-nearest-neighbour classifier agrees with scikit-learn on every option."""

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier as Reference
from sklearn.neighbors import KNeighborsRegressor as ReferenceRegressor

from lookalike.learn import KNeighborsClassifier, KNeighborsRegressor

BOTH = KNeighborsClassifier, KNeighborsRegressor
PAIRS = [(KNeighborsClassifier, Reference), (KNeighborsRegressor, ReferenceRegressor)]


@pytest.fixture
def grid():
    """Points near a grid, no two distances equal: rounding must not decide."""
    rng = np.random.default_rng(0)
    X = rng.permutation(np.stack(np.meshgrid(*[np.arange(9.0)] * 2), -1).reshape(-1, 2))
    X = X + rng.normal(0.5, 0.01, X.shape)
    return X, rng.integers(3, size=len(X)), rng.normal(4, 3, size=(200, 2))


@pytest.mark.parametrize(
    "weights", ["uniform", "distance", None, lambda d: 1 / (1 + d) ** 2]
)
@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "cosine"])
@pytest.mark.parametrize("k", [1, 4, 81])
def test_agrees_with_scikit_learn(grid, weights, metric, k):
    X, y, Q = grid
    options = {"n_neighbors": k, "weights": weights, "metric": metric}
    ours = KNeighborsClassifier(**options).fit(X, y)
    theirs = Reference(**options, algorithm="brute").fit(X, y)
    expected = theirs.predict_proba(Q)
    np.testing.assert_allclose(ours.predict_proba(Q), expected, rtol=1e-5)
    np.testing.assert_array_equal(ours.predict(Q), theirs.predict(Q))
    assert ours.score(Q, theirs.predict(Q)) == 1.0
    for mine, reference in zip(ours.kneighbors(Q), theirs.kneighbors(Q), strict=True):
        np.testing.assert_allclose(mine, reference, atol=1e-12)


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("algorithm", ["auto", "brute", "rotation", "portable"])
def test_agrees_with_scikit_learn_for_each_power_and_algorithm(grid, p, algorithm):
    X, y, Q = grid
    options = {"n_neighbors": 4, "weights": "distance", "p": p}
    ours = KNeighborsClassifier(**options, algorithm=algorithm, n_jobs=2).fit(X, y)
    theirs = Reference(**options, algorithm="brute").fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(Q), theirs.predict_proba(Q))


def power(a, b, exponent):
    return (np.abs(a - b) ** exponent).sum()


METRICS_WITH_PARAMETERS = [
    {"metric_params": {"p": 3}},
    {"metric": "minkowski", "p": 1, "metric_params": {"w": np.array([1.0, 9.0])}},
    {"metric": "seuclidean", "metric_params": {"V": np.array([1.0, 9.0])}},
    {"metric": power, "metric_params": {"exponent": 3}},
]


@pytest.mark.filterwarnings("ignore:Parameter p is found in metric_params")
@pytest.mark.parametrize("options", METRICS_WITH_PARAMETERS)
@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_parameters_of_the_metric_are_those_of_scikit_learn(
    grid, ours, theirs, options
):
    X, y, Q = grid
    options = {"n_neighbors": 4, "weights": "distance", **options}
    mine = ours(**options).fit(X, y)
    reference = theirs(**options, algorithm="brute").fit(X, y)
    for given, expected in zip(
        mine.kneighbors(Q), reference.kneighbors(Q), strict=True
    ):
        np.testing.assert_allclose(given, expected, rtol=1e-9)
    ask = "predict_proba" if hasattr(ours, "predict_proba") else "predict"
    np.testing.assert_allclose(getattr(mine, ask)(Q), getattr(reference, ask)(Q))


@pytest.mark.parametrize("algorithm", ["kd_tree", "ball_tree"])
@pytest.mark.parametrize("ours", BOTH)
def test_trees_and_the_size_of_their_leaves_change_no_answer(grid, ours, algorithm):
    X, y, Q = grid
    model = ours(4, algorithm=algorithm, leaf_size=2).fit(X, y)
    np.testing.assert_array_equal(model.predict(Q), ours(4).fit(X, y).predict(Q))


@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.int64])
@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_whole_numbers_with_many_ties_on_the_query_vote_as_in_scikit_learn(
    kind, weights
):
    # All 16 corners, some of them many times: neighbours at distance 0 abound. Where
    # others tie, which are nearest is not defined, so all rows vote.
    rng = np.random.default_rng(0)
    X, Q = (rng.integers(2, size=(n, 4)).astype(kind) for n in (50, 30))
    y = np.array(["a", "b", "c"])[rng.integers(3, size=50)]
    options = {"n_neighbors": 50, "weights": weights}
    ours = KNeighborsClassifier(**options).fit(X, y)
    theirs = Reference(**options, algorithm="brute").fit(X.astype(float), y)
    expected = theirs.predict_proba(Q.astype(float))
    np.testing.assert_allclose(ours.predict_proba(Q), expected)


def test_points_on_the_query_vote_alone(grid):
    X, y, _ = grid
    X, y = np.concatenate([X, X[:20]]), np.concatenate([y, (y[:20] + 1) % 3])
    options = {"n_neighbors": 5, "weights": "distance"}
    ours = KNeighborsClassifier(**options).fit(X, y).predict_proba(X[:40])
    # Its brute force subtracts squares: the same point is then not 0 away.
    theirs = Reference(**options, algorithm="kd_tree").fit(X, y).predict_proba(X[:40])
    np.testing.assert_allclose(ours, theirs)
    assert (np.sort(ours[:20], axis=1) == [0.0, 0.5, 0.5]).all()


def test_a_training_point_is_left_out_of_its_own_vote():
    model = KNeighborsClassifier(1).fit([[0.0], [1.0], [1.5]], ["a", "b", "c"])
    assert model.predict(None).tolist() == ["b", "c", "b"]


def test_ties_in_the_vote_go_to_the_smallest_label():
    model = KNeighborsClassifier(2).fit([[1.0], [-1.0]], ["b", "a"])
    assert model.predict([[0.3]]).tolist() == ["a"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": "nearest"}, "weights must be 'uniform', 'distance', a callable"),
        (
            {"n_neighbors": 0},
            "n_neighbors must be a whole number of at least 1, got 0.",
        ),
        ({"weights": "distance", "metric": "inner_product"}, "needs a distance"),
    ],
)
def test_rejects_bad_parameters(options, message):
    with pytest.raises(ValueError, match=message):
        KNeighborsClassifier(**options).fit([[0.0], [1.0]], [0, 1])


def test_rejects_more_neighbours_than_samples():
    with pytest.raises(ValueError, match="n_neighbors = 5, n_samples_fit = 2"):
        KNeighborsClassifier().fit([[0.0], [1.0]], [0, 1]).predict([[0.0]])


def test_rejects_weights_of_another_shape_or_all_zero():
    fitted = KNeighborsClassifier(1, weights=lambda d: d[0]).fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(ValueError, match=r"weights gave shape \(1,\)"):
        fitted.predict([[0.5]])
    fitted = KNeighborsClassifier(1, weights=lambda d: d * 0).fit([[0.0]], [1])
    with pytest.raises(ValueError, match="weight zero"):
        fitted.predict([[0.5]])


def test_parallel_rows_have_probabilities():
    rng = np.random.default_rng(5)
    for _ in range(200):
        v = rng.normal(size=3)
        rows = [v * rng.uniform(0.1, 10), v * rng.uniform(0.1, 10)]
        model = KNeighborsClassifier(2, metric="cosine", weights="distance")
        np.testing.assert_array_equal(
            model.fit(rows, ["a", "b"]).predict_proba([v]), [[0.5, 0.5]]
        )


def test_distances_next_to_nothing_have_weights():
    X = [[1e-160], [2e-160], [3e-160]]  # one over them is fine, squares are not
    model = KNeighborsClassifier(3, weights="distance", metric="manhattan")
    proba = model.fit(X, [0, 1, 1]).predict_proba([[0.0]])
    np.testing.assert_allclose(proba, [[6 / 11, 5 / 11]])
    tiny = np.array(X) * 1e-150  # whose inverse overflows
    np.testing.assert_allclose(
        model.fit(tiny, [0, 1, 1]).predict_proba([[0.0]]), [[6 / 11, 5 / 11]], rtol=1e-9
    )


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf])
def test_weights_of_a_callable_that_make_no_shares_are_refused(value):
    model = KNeighborsClassifier(1, weights=lambda d: np.full_like(d, value))
    with pytest.raises(ValueError, match="negative or not finite"):
        model.fit([[0.0], [1.0]], [0, 1]).predict([[0.0]])


@pytest.mark.parametrize("kind", BOTH)
def test_weights_whose_sum_overflows_have_shares(kind):
    X, y = [[0.0], [1.0], [2.0]], [0, 1, 1]
    huge = kind(3, weights=lambda d: np.full_like(d, 1e308)).fit(X, y)
    even = kind(3).fit(X, y)
    np.testing.assert_array_equal(huge.predict([[1.0]]), even.predict([[1.0]]))


@pytest.mark.parametrize("kind", BOTH)
def test_a_query_without_a_neighbour_at_a_finite_distance_is_refused(kind):
    def same(a, b):
        return 0.0 if a[0] == b[0] else np.inf

    model = kind(3, weights="distance", metric=same).fit(
        [[0.0], [1.0], [2.0]], [0, 1, 1]
    )
    assert model.predict([[1.0]]) == 1
    with pytest.raises(ValueError, match="needs a neighbour at a finite distance"):
        model.predict([[7.0]])


def test_targets_that_are_no_classes_are_refused_before_rows_are_indexed():
    model = KNeighborsClassifier(metric="precomputed")
    with pytest.raises(ValueError, match="Unknown label type"):
        model.fit(np.ones((2, 3)), [0.5, 1.5])
