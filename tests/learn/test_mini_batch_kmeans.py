import logging

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.cluster import MiniBatchKMeans as Theirs
from sklearn.datasets import load_digits

from lookalike.learn import KMeans, MiniBatchKMeans
from lookalike.learn.mini_batch_kmeans import sums_of_clusters

RNG = np.random.default_rng(0)
DENSE = load_digits().data[:500] + RNG.normal(size=(500, 64))
DATA = {"dense": DENSE, "sparse": sparse.csr_matrix(DENSE * (DENSE > 8))}


def agree(ours, theirs):
    np.testing.assert_allclose(ours.cluster_centers_, theirs.cluster_centers_)
    assert ours.n_steps_ == theirs.n_steps_
    np.testing.assert_allclose(ours._counts, theirs._counts)
    if ours.compute_labels:
        np.testing.assert_array_equal(ours.labels_, theirs.labels_)
        np.testing.assert_allclose(ours.inertia_, theirs.inertia_)


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"n_clusters": 1},
        {"init": "random"},
        {"init": "random", "n_init": 2},
        {"init": DENSE[:8]},
        {"batch_size": 60},
        {"max_iter": 2},
        {"tol": 0.05},
        {"max_no_improvement": 2},
        {"max_no_improvement": None, "max_iter": 5},
        {"max_no_improvement": None, "max_iter": 9, "batch_size": 50},
        {"init_size": 100},
        {"batch_size": 20, "reassignment_ratio": 0.4},
        {"batch_size": 20, "reassignment_ratio": 0},
        {"n_clusters": 30, "batch_size": 40},
        {"compute_labels": False},
    ],
    ids=str,
)
def test_fit_agrees_with_scikit_learn(data, parameters):
    X = DATA[data]
    ours = MiniBatchKMeans(random_state=0, **parameters).fit(X)
    theirs = Theirs(random_state=0, **parameters).fit(X)
    agree(ours, theirs)
    assert ours.n_iter_ == theirs.n_iter_
    np.testing.assert_allclose(ours.inertia_, theirs.inertia_)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    np.testing.assert_allclose(ours.transform(X), theirs.transform(X), atol=1e-5)
    np.testing.assert_allclose(ours.score(X), theirs.score(X))


@pytest.mark.parametrize("data", DATA)
def test_fit_agrees_with_scikit_learn_on_weighted_samples(data):
    X = DATA[data]
    weight = RNG.exponential(size=500)
    ours = MiniBatchKMeans(random_state=0).fit(X, sample_weight=weight)
    agree(ours, Theirs(random_state=0).fit(X, sample_weight=weight))


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("weighted", [False, True])
def test_partial_fit_agrees_with_scikit_learn(data, weighted):
    X = DATA[data]
    weight = RNG.exponential(size=500) if weighted else None
    ours = MiniBatchKMeans(random_state=0, batch_size=50)
    theirs = Theirs(random_state=0, batch_size=50)
    for start in range(0, 500, 50):
        part = slice(start, start + 50)
        some = None if weight is None else weight[part]
        ours.partial_fit(X[part], sample_weight=some)
        agree(ours, theirs.partial_fit(X[part], sample_weight=some))


def test_without_jumps_a_centre_is_the_mean_of_all_it_was_given():
    start = DENSE[:4]
    model = MiniBatchKMeans(4, init=start, reassignment_ratio=0)
    sums, counts, centers = np.zeros((4, 64)), np.zeros(4), start.copy()
    for batch in np.split(DENSE, 10):
        labels = ((batch[:, None] - centers) ** 2).sum(axis=2).argmin(axis=1)
        for j in range(4):
            sums[j] += batch[labels == j].sum(axis=0)
            counts[j] += (labels == j).sum()
        seen = counts > 0
        centers[seen] = sums[seen] / counts[seen, None]
        model.partial_fit(batch)
    np.testing.assert_allclose(model.cluster_centers_, centers)
    np.testing.assert_array_equal(model._counts, counts)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), as_sparse=st.booleans())
def test_sums_of_clusters_equal_their_definition(seed, as_sparse):
    rng = np.random.default_rng(seed)
    X, weight = rng.integers(3, size=(20, 5)).astype(float), rng.random(20)
    labels = rng.integers(4, size=20)
    rows = sparse.csr_matrix(X) if as_sparse else X
    sums, mass = sums_of_clusters(rows, weight, labels, 5)
    for j in range(5):
        np.testing.assert_allclose(sums[j], weight[labels == j] @ X[labels == j])
        np.testing.assert_allclose(mass[j], weight[labels == j].sum())


def test_float32_stays_float32():
    X = DENSE.astype(np.float32)
    ours = MiniBatchKMeans(random_state=0).fit(X)
    assert ours.cluster_centers_.dtype == np.float32
    assert ours.transform(X).dtype == np.float32
    double = MiniBatchKMeans(random_state=0).fit(X.astype(np.float64))
    np.testing.assert_allclose(ours.inertia_, double.inertia_, rtol=1e-2)


def test_batches_come_close_to_the_whole():
    whole = KMeans(10, random_state=0).fit(DENSE).inertia_
    batches = MiniBatchKMeans(10, random_state=0).fit(DENSE).inertia_
    assert batches < 1.1 * whole


def test_steps_are_logged_on_request(caplog):
    with caplog.at_level(logging.INFO, logger="lookalike.learn.mini_batch_kmeans"):
        model = MiniBatchKMeans(random_state=0, verbose=1).fit(DENSE)
    assert len(caplog.records) == model.n_steps_


def test_a_start_on_too_few_samples_warns():
    with pytest.warns(RuntimeWarning, match="init_size=5 is less than n_clusters=8"):
        ours = MiniBatchKMeans(init_size=5, random_state=0).fit(DENSE)
    with pytest.warns(RuntimeWarning, match="init_size=5 should be larger"):
        theirs = Theirs(init_size=5, random_state=0).fit(DENSE)
    agree(ours, theirs)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_clusters": 0}, "n_clusters must be a whole number of at least 1, got 0"),
        ({"n_clusters": 501}, "n_samples=500 should be >= n_clusters=501"),
        ({"max_iter": 0}, "max_iter must be a whole number of at least 1, got 0"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1, got 0"),
        ({"init_size": 0}, "init_size must be a whole number of at least 1, got 0"),
        ({"init": "far"}, "init must be 'k-means.*', 'random', .* got 'far'"),
        ({"init": np.zeros((8, 2))}, r"must have shape \(8, 64\) .* got \(8, 2\)"),
        ({"n_init": -1}, "n_init must be 'auto' or a positive integer, got -1"),
        ({"tol": -1}, "tol must be at least 0, got -1"),
        ({"max_no_improvement": -1}, "max_no_improvement must be None or at least 0"),
        ({"reassignment_ratio": -1}, "reassignment_ratio must be at least 0, got -1"),
    ],
)
def test_refuses_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        MiniBatchKMeans(**parameters).fit(DENSE)
