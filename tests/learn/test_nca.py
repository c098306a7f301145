import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NeighborhoodComponentsAnalysis

from lookalike.learn import PCA, NeighbourhoodComponents
from lookalike.learn.nca import _neighbour_loss

LONG = int(os.environ.get("LOOKALIKE_LONG", "1"))


def two_classes(n=60, n_features=4, seed=0, dtype=np.float64):
    """Two classes that the first feature tells apart; the others are louder noise."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    X = 3 * rng.normal(size=(n, n_features))
    X[:, 0] = y + 0.2 * rng.normal(size=n)
    return X.astype(dtype), y


def definition(Z, labels, accuracy):
    """Mean of -log p_i (or 1 - p_i) over the rows that have company."""
    closeness = np.exp(-((Z[:, None] - Z) ** 2).sum(axis=2))
    np.fill_diagonal(closeness, 0)
    like = labels[:, None] == labels
    p = (closeness * like).sum(axis=1) / closeness.sum(axis=1)
    p = p[like.sum(axis=1) > 1]
    return (1 - p if accuracy else -np.log(p)).sum() / max(1, len(p))


def slope_by_differences(f, W, step=1e-6):
    """Gradient of f at W by central differences."""
    G = np.empty_like(W)
    for i in np.ndindex(W.shape):
        up, down = W.copy(), W.copy()
        up[i] += step
        down[i] -= step
        G[i] = (f(up) - f(down)) / (2 * step)
    return G


@pytest.mark.parametrize("accuracy", [False, True])
@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    counts=st.lists(st.integers(0, 5), min_size=1, max_size=4),
)
def test_loss_and_slope_equal_their_definition(accuracy, seed, counts):
    labels = np.repeat(np.arange(len(counts)), counts)
    if len(labels) < 2:
        return
    rng = np.random.default_rng(seed)
    Z = rng.integers(3, size=(len(labels), 2)) / 2.0  # equal rows, equal distances
    loss, slope = _neighbour_loss(Z, np.array(counts), accuracy)
    assert loss == pytest.approx(definition(Z, labels, accuracy), abs=1e-12)
    expected = slope_by_differences(lambda V: definition(V, labels, accuracy), Z)
    np.testing.assert_allclose(slope, expected, atol=1e-7)


@pytest.mark.parametrize("objective", ["log_probability", "accuracy"])
def test_slope_in_the_map_is_that_of_loss_and_penalty(objective):
    X, y = two_classes(30)
    X, y = X[np.argsort(y)], np.sort(y)
    model = NeighbourhoodComponents(objective=objective, alpha=0.3)
    W = np.random.default_rng(1).normal(size=(2, 4))

    def f(V):
        mean = definition(X @ V.T, y, objective == "accuracy")
        return mean + 0.15 * (V**2).sum()

    loss, G = model._loss_and_slope(W, X, y)
    assert loss == pytest.approx(f(W))
    np.testing.assert_allclose(G, slope_by_differences(f, W), atol=1e-6)


def test_far_away_rows_keep_finite_losses_and_slopes():
    Z = np.array([[0.0], [1000.0], [1.0], [1001.0]])  # each with the wrong neighbour
    loss, slope = _neighbour_loss(Z, np.array([2, 2]), False)
    assert loss == pytest.approx(1000**2 - 1)
    assert slope[0, 0] == pytest.approx(2 * (2 * -1000 + 2 * 1) / 4)
    assert np.isfinite(slope).all()
    loss, slope = _neighbour_loss(Z, np.array([2, 2]), True)
    assert loss == 1
    np.testing.assert_array_equal(slope, 0)


def test_our_gradient_vanishes_where_scikit_learn_ends():
    X, y = two_classes(200, n_features=2)
    X[:, 0] += np.random.default_rng(1).normal(size=200)  # now the classes overlap
    X, y = X[np.argsort(y)], np.sort(y)
    start = np.array([[1.0, 0.1]])
    end = NeighborhoodComponentsAnalysis(init=start, max_iter=300, tol=1e-9).fit(X, y)
    model = NeighbourhoodComponents(objective="accuracy", alpha=0.0)
    before, slope_before = model._loss_and_slope(start, X, y)
    after, slope_after = model._loss_and_slope(end.components_, X, y)
    assert after < before
    assert np.abs(slope_after).max() < 1e-4 * np.abs(slope_before).max()


@pytest.mark.parametrize("objective", ["log_probability", "accuracy"])
@pytest.mark.parametrize(("batch_size", "learning_rate"), [(20, 0.05), (1000, 0.3)])
def test_learns_which_feature_tells_the_classes_apart(
    objective, batch_size, learning_rate
):
    X, y = two_classes(200)
    model = NeighbourhoodComponents(
        objective=objective,
        batch_size=batch_size,
        learning_rate=learning_rate,
        max_iter=40,
    ).fit(X, y)
    scale = np.linalg.norm(model.components_, axis=0)
    assert scale[0] > 5 * scale[1:].max()
    assert model.loss_curve_[-1] < 0.5 * model.loss_curve_[0]


@pytest.mark.parametrize(
    ("init", "n_components"),
    [
        *[("auto", 3), ("auto", 4), ("pca", 3), ("pca", 4)],
        *[("lda", 1), ("identity", 2), ("random", 3)],
    ],
)
def test_init_is_scaled_to_unit_variance(init, n_components):
    X, y = two_classes()
    model = NeighbourhoodComponents(
        n_components, init=init, learning_rate=1e-12, alpha=0.0, random_state=3
    ).fit(X, y)
    assert model.transform(X).var(axis=0).mean() == pytest.approx(1)
    within = sum(np.cov(X[y == c].T) for c in (0, 1))
    start = {
        "pca": PCA(n_components).fit(X).components_,
        "lda": np.linalg.solve(within, X[y == 1].mean(0) - X[y == 0].mean(0))[None],
        "identity": np.eye(n_components, 4),
        "random": np.random.RandomState(3).standard_normal((4, 3)).T,
    }[
        "pca"
        if (init, n_components) == ("auto", 3)
        else init.replace("auto", "identity")
    ]
    ratios = model.components_ / np.where(start == 0, np.inf, start)
    ratios = np.abs(ratios[start != 0])
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-4)
    np.testing.assert_allclose(model.components_[start == 0], 0, atol=1e-6)


@pytest.mark.parametrize("objective", ["log_probability", "accuracy"])
def test_an_array_as_init_is_not_scaled_and_its_loss_is_the_objective(objective):
    X, y = two_classes()
    W = np.random.default_rng(0).normal(size=(3, 4))
    model = NeighbourhoodComponents(
        init=W, objective=objective, learning_rate=1e-12, alpha=0.0
    ).fit(X, y)
    np.testing.assert_allclose(model.components_, W, atol=1e-9)
    loss = definition(X @ W.T, y, objective == "accuracy")
    assert model.loss_curve_[0] == pytest.approx(loss)


@pytest.mark.parametrize("scale", [1e-3, 255.0])
def test_the_answer_does_not_depend_on_units_or_origin(scale):
    X, y = two_classes()
    near = NeighbourhoodComponents(2, random_state=0).fit(X, y)
    far = NeighbourhoodComponents(2, random_state=0).fit(scale * (X + 5), y)
    np.testing.assert_allclose(scale * far.components_, near.components_, rtol=1e-6)
    np.testing.assert_allclose(far.loss_curve_, near.loss_curve_)


def test_penalty_shrinks_the_map():
    X, y = two_classes()
    sizes = [
        np.linalg.norm(
            NeighbourhoodComponents(alpha=alpha, max_iter=50, learning_rate=0.05)
            .fit(X, y)
            .components_
        )
        for alpha in (0.0, 0.01, 1.0)
    ]
    assert sizes[0] > sizes[1] > sizes[2]


def test_learning_rate_falls_to_zero_over_the_epochs():
    X, y = two_classes()
    moves = []
    for max_iter in (1, 2):
        # One batch an epoch: Adam's first step is the learning rate in every entry,
        # and with two epochs the second is taken at half of it, or less.
        W = np.eye(4)
        model = NeighbourhoodComponents(
            init=W, max_iter=max_iter, learning_rate=1e-6, alpha=0.0
        ).fit(X, y)
        moves.append(np.abs(model.components_ - W).max() * X.std(axis=0).mean())
    assert moves[1] / moves[0] == pytest.approx(1.5, abs=0.05)


def test_stops_when_the_loss_no_longer_falls():
    X, y = two_classes()
    model = NeighbourhoodComponents(max_iter=50, tol=10.0).fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) == 7
    assert NeighbourhoodComponents(max_iter=50, tol=0.0).fit(X, y).n_iter_ > 7


def test_single_precision_stays_single_and_close():
    X, y = two_classes(dtype=np.float32)
    single = NeighbourhoodComponents(2, random_state=0).fit(X, y)
    double = NeighbourhoodComponents(2, random_state=0).fit(X.astype(np.float64), y)
    assert single.components_.dtype == single.transform(X).dtype == np.float32
    np.testing.assert_allclose(single.components_, double.components_, atol=1e-3)


def test_random_state_alone_decides():
    X, y = two_classes()
    first, again, other = (
        NeighbourhoodComponents(batch_size=10, random_state=seed).fit(X, y).components_
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-6


def test_every_row_is_seen_once_in_an_epoch_in_equal_batches(monkeypatch):
    X, y = two_classes(50)
    seen = []
    split = NeighbourhoodComponents._loss_and_slope

    def spy(self, W, batch, labels):
        assert (np.diff(labels) >= 0).all()
        seen.append(batch)
        return split(self, W, batch, labels)

    monkeypatch.setattr(NeighbourhoodComponents, "_loss_and_slope", spy)
    NeighbourhoodComponents(batch_size=16, max_iter=1).fit(X, y)
    assert sorted(map(len, seen)) == [16, 17, 17]
    unit = np.sqrt(X.var(axis=0).mean())
    together = np.sort((np.vstack(seen) * unit + X.mean(axis=0))[:, 1])
    np.testing.assert_allclose(together, np.sort(X[:, 1]))


def test_callback_sees_every_epoch():
    X, y = two_classes()
    seen = []
    model = NeighbourhoodComponents(
        max_iter=3, callback=lambda epoch, loss: seen.append((epoch, loss))
    ).fit(X, y)
    assert seen == list(zip([1, 2, 3], model.loss_curve_, strict=True))


def test_a_row_alone_of_its_class_is_a_neighbour_but_adds_no_loss():
    Z = np.array([[0.0], [1.0], [0.1]])
    loss, slope = _neighbour_loss(Z, np.array([2, 1]), False)
    wrong = [-np.log(1 / (1 + np.exp(1 - 0.01))), -np.log(1 / (1 + np.exp(1 - 0.81)))]
    assert loss == pytest.approx(np.mean(wrong))
    assert slope[2, 0] != 0


def test_constant_columns_and_equal_rows_do_no_harm():
    X, y = two_classes()
    model = NeighbourhoodComponents(2).fit(np.insert(X, 1, 7.0, axis=1), y)
    assert np.isfinite(model.components_).all()
    same = NeighbourhoodComponents(2).fit(np.ones((6, 3)), [0, 1] * 3)
    np.testing.assert_array_equal(np.isfinite(same.components_), True)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([0, 0, 0, 0], "at least two classes, got 1 class"),
        ([0, 1, 2, 3], "a class of two samples or more"),
        ([0, 1, 0], "inconsistent numbers of samples"),
        ([0.1, 0.2, 0.3, 0.4], "Unknown label type"),
        (None, "requires y to be passed"),
    ],
    ids=str,
)
def test_rejects_labels_that_say_nothing(y, message):
    with pytest.raises(ValueError, match=message):
        NeighbourhoodComponents().fit(np.eye(4), y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"objective": "margin"}, "objective must be one of 'log_probability', 'accu"),
        ({"alpha": -0.1}, "alpha must be a number of at least 0, got -0.1"),
        ({"batch_size": 1}, "batch_size must be a whole number of at least 2, got 1"),
        ({"learning_rate": 0}, "learning_rate must be a number above 0, got 0"),
        ({"max_iter": 0}, "max_iter must be a whole number of at least 1, got 0"),
        ({"tol": -1}, "tol must be a number of at least 0, got -1"),
        ({"n_components": 0}, "n_components must be a whole number of at least 1"),
        ({"n_components": 5}, "n_components must be at most n_features=4, got 5"),
        ({"init": "zeros"}, "init must be one of"),
        ({"init": np.eye(3)}, r"init must have shape \(3, 4\), got \(3, 3\)"),
    ],
    ids=str,
)
def test_rejects_parameters_that_make_no_sense(options, message):
    X, y = two_classes()
    with pytest.raises(ValueError, match=message):
        NeighbourhoodComponents(**options).fit(X, y)


@pytest.mark.full
@pytest.mark.skipif("LOOKALIKE_DATA" not in os.environ, reason="needs the MNIST file")
def test_neighbours_on_real_digits_are_right_more_often_than_on_pixels():
    from lookalike.datasets import load_mnist
    from lookalike.evaluate import paired_test
    from lookalike.learn import KNeighborsClassifier

    # An eighth of the digits, unless there is time for all of them.
    n, n_test, expected, p = 60_000, 10_000, 0.978, 1e-6
    if LONG == 1:
        n, n_test, expected, p = 8_000, 2_000, 0.93, 1e-3
    images = load_mnist()
    X, Q = (
        x.reshape(len(x), -1) / np.float32(255)
        for x in (images.x_train[:n], images.x_test[:n_test])
    )
    y, truth = images.y_train[:n], images.y_test[:n_test]
    pca = PCA(150).fit(X)
    model = NeighbourhoodComponents(50, random_state=0)
    model.fit(pca.transform(X), y)
    neighbours, pixels = (KNeighborsClassifier(n_neighbors=3) for _ in range(2))
    neighbours.fit(model.transform(pca.transform(X)), y)
    pixels.fit(X, y)
    right = neighbours.predict(model.transform(pca.transform(Q))) == truth
    test = paired_test(right, pixels.predict(Q) == truth)
    assert right.mean() >= expected
    assert test.difference.low > 0
    assert test.p_value < p
