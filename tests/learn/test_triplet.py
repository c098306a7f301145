import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.kernels.triplet import differences, keep_active
from lookalike.learn import TripletEmbedding, draw_triplets
from lookalike.learn.triplet import _factors, _mined, _slope

LONG = int(os.environ.get("LOOKALIKE_LONG", "1"))


def two_classes(n=40, n_features=4, seed=0, dtype=np.float64):
    """Two classes that the first feature tells apart; the others are louder noise."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    X = 3 * rng.normal(size=(n, n_features))
    X[:, 0] = y + 0.2 * rng.normal(size=n)
    return X.astype(dtype), y


def definition(W, X, triplets, margin):
    """Sum of hinges: the two lines that the kernels must equal."""
    a, p, n = (X[column] @ W.T for column in triplets.T)
    h = ((a - p) ** 2).sum(axis=1) - ((a - n) ** 2).sum(axis=1) + margin
    return np.maximum(h, 0).sum()


def slope_by_differences(f, W, step=1e-6):
    """Gradient of f at W by central differences."""
    G = np.empty_like(W)
    for i in np.ndindex(W.shape):
        up, down = W.copy(), W.copy()
        up[i] += step
        down[i] -= step
        G[i] = (f(up) - f(down)) / (2 * step)
    return G


def plain_descent(W, X, triplets, *, margin, alpha, rate, batch_size, max_iter):
    """The recipe as one would write it in NumPy, on all rows and all components."""
    curve = []
    for _ in range(max_iter):
        hinges, penalties = 0.0, []
        for start in range(0, len(triplets), batch_size):
            batch = triplets[start : start + batch_size]
            P, N = (X[batch[:, 0]] - X[batch[:, i]] for i in (1, 2))
            A, B = P @ W.T, N @ W.T
            h = (A**2).sum(axis=1) - (B**2).sum(axis=1) + margin
            on = (h > 0)[:, None]
            hinges += np.maximum(h, 0).sum()
            penalties.append(alpha / 2 * (W**2).sum())
            G = 2 * ((on * A).T @ P - (on * B).T @ N) / len(batch)
            W = W - rate * (G + alpha * W)
        curve.append(hinges / len(triplets) + np.mean(penalties))
    return W, curve


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"margin": 0.3},
        {"alpha": 0.0},
        {"alpha": 0.5},
        {"batch_size": 7},
        {"batch_size": 1000},
        {"learning_rate": 1e-4},
        {"max_iter": 1},
        {"n_components": 2},
    ],
    ids=str,
)
def test_descends_as_plain_numpy_does(options):
    X, y = two_classes()
    triplets = draw_triplets(y, 0)
    all_ = {"margin": 1.0, "alpha": 0.01, "batch_size": 16, "max_iter": 4}
    all_ |= {"learning_rate": 0.005, "n_components": 4} | options
    W = np.random.default_rng(1).normal(size=(all_["n_components"], 4))
    model = TripletEmbedding(**all_, init=W).fit(X, triplets=triplets)
    rate, _ = all_.pop("learning_rate"), all_.pop("n_components")
    expected, curve = plain_descent(W, X, triplets, rate=rate, **all_)
    np.testing.assert_allclose(model.components_, expected, rtol=1e-9)
    np.testing.assert_allclose(model.loss_curve_, curve, rtol=1e-9)
    np.testing.assert_allclose(model.transform(X), X @ expected.T, rtol=1e-9)
    assert model.n_iter_ == all_["max_iter"] == len(curve)


def test_a_map_of_low_rank_takes_the_same_steps_with_fewer_numbers():
    X, y = two_classes(n_features=6)
    triplets = draw_triplets(y, 0)
    rng = np.random.default_rng(1)
    W = rng.normal(size=(5, 2)) @ rng.normal(size=(2, 6))
    options = {"margin": 1.0, "alpha": 0.01, "batch_size": 16, "max_iter": 5}
    model = TripletEmbedding(**options, learning_rate=0.005, init=W)
    model.fit(X, triplets=triplets)
    expected, curve = plain_descent(W, X, triplets, rate=0.005, **options)
    np.testing.assert_allclose(model.components_, expected, atol=1e-9)
    np.testing.assert_allclose(model.loss_curve_, curve, rtol=1e-9)
    assert np.linalg.matrix_rank(model.components_) == 2


def mined(Z, batch, y, positives, negatives):
    """The batch with partners chosen by their distance, one anchor at a time."""
    rows, chosen = batch.ravel(), []
    for a, p, n in batch:
        far = {row: ((Z[row] - Z[a]) ** 2).sum() for row in rows}
        like = [row for row in rows if y[row] == y[a] and row != a] or [p]
        if positives != "random":
            p = (min if positives == "nearest" else max)(like, key=far.get)
        others = [row for row in rows if y[row] != y[a]]
        beyond = [row for row in others if far[row] > ((Z[p] - Z[a]) ** 2).sum()]
        if negatives == "hard":
            n = min(others, key=far.get)
        elif negatives == "semi_hard":
            n = min(beyond, key=far.get) if beyond else max(others, key=far.get)
        chosen.append([a, p, n])
    return np.array(chosen)


@pytest.mark.parametrize("negatives", ["random", "semi_hard", "hard"])
@pytest.mark.parametrize("positives", ["random", "nearest", "farthest"])
def test_triplets_are_new_in_each_epoch_and_mined_in_each_batch(positives, negatives):
    X, y = two_classes()
    options = {"margin": 1.0, "alpha": 0.01, "batch_size": 16}
    model = TripletEmbedding(
        **options,
        max_iter=2,
        positives=positives,
        negatives=negatives,
        init="identity",
        learning_rate=0.005,
        random_state=7,
    ).fit(X, y)
    chance = np.random.RandomState(7)
    draw_triplets(y, chance)  # those that a gradient start would take
    W = np.eye(4)
    for _ in range(2):
        triplets = chance.permutation(draw_triplets(y, chance))
        for start in (0, 16, 32):
            batch = triplets[start : start + 16]
            batch = mined(X @ W.T, batch, y, positives, negatives)
            W, _ = plain_descent(W, X, batch, rate=0.005, max_iter=1, **options)
    np.testing.assert_allclose(model.components_, W)


def test_only_as_many_numbers_are_trained_as_the_rank_needs():
    rng = np.random.default_rng(1)
    W = rng.normal(size=(5, 2)) @ rng.normal(size=(2, 6))
    Q, V = _factors(W)
    assert Q.shape == (5, 2)
    np.testing.assert_allclose(Q.T @ Q, np.eye(2), atol=1e-12)
    np.testing.assert_allclose(Q @ V, W)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000), n=st.integers(0, 9), margin=st.sampled_from([0.5, 3.0])
)
def test_kernels_equal_their_definition(seed, n, margin):
    rng = np.random.default_rng(seed)
    X = rng.integers(3, size=(6, 4)).astype(float)  # many equal rows, equal distances
    triplets = rng.integers(6, size=(n, 3))
    D = np.full((2 * n + 4, 4), np.nan)  # longer than needed, as for a last batch
    differences(X, triplets, D)
    P, N = X[triplets[:, 0]] - X[triplets[:, 1]], X[triplets[:, 0]] - X[triplets[:, 2]]
    np.testing.assert_array_equal(D[: 2 * n : 2], P)
    np.testing.assert_array_equal(D[1 : 2 * n : 2], N)
    W = rng.integers(-1, 2, size=(3, 4)).astype(float)
    E = D[: 2 * n] @ W.T
    A, B = E[::2].copy(), E[1::2].copy()
    h = (A**2).sum(axis=1) - (B**2).sum(axis=1) + margin
    on = h > 0
    count, hinge = keep_active(E, D, margin)
    assert count == on.sum()
    assert hinge == pytest.approx(h[on].sum())
    np.testing.assert_array_equal(E[: 2 * count : 2], A[on])
    np.testing.assert_array_equal(E[1 : 2 * count : 2], -B[on])
    np.testing.assert_array_equal(D[: 2 * count : 2], P[on])
    np.testing.assert_array_equal(D[1 : 2 * count : 2], N[on])


@pytest.mark.parametrize("seed", range(5))
def test_slope_is_that_of_the_hinge_by_finite_differences(seed):
    rng = np.random.default_rng(seed)
    X, W = rng.normal(size=(9, 4)), rng.normal(size=(3, 4))
    triplets = rng.integers(9, size=(12, 3))
    hinge, G = _slope(W, X, triplets, np.empty((24, 4)), 1.0)
    assert hinge == pytest.approx(definition(W, X, triplets, 1.0))
    expected = slope_by_differences(lambda V: definition(V, X, triplets, 1.0), W)
    np.testing.assert_allclose(G, expected, atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_draws_what_choice_draws(seed):
    y = np.random.default_rng(seed).choice(["a", "b", "c"], size=60, p=[0.1, 0.3, 0.6])
    chance = np.random.RandomState(seed)
    expected = [
        [
            i,
            chance.choice(np.flatnonzero(y == c)),
            chance.choice(np.flatnonzero(y != c)),
        ]
        for i, c in enumerate(y)
    ]
    drawing = np.random.RandomState(seed)
    np.testing.assert_array_equal(draw_triplets(y, drawing), expected)
    assert drawing.normal() == chance.normal()


@pytest.mark.parametrize("negatives", ["random", "semi_hard", "hard"])
@pytest.mark.parametrize("positives", ["random", "nearest", "farthest"])
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_mining_finds_what_a_loop_over_the_batch_finds(positives, negatives, seed):
    rng = np.random.default_rng(seed)
    y = np.append(rng.integers(3, size=20), [0, 1])
    Z = rng.integers(4, size=(22, 2)).astype(float)  # equal distances abound
    triplets = rng.permutation(draw_triplets(y, seed))[:5]
    rows = triplets.ravel()
    mined = _mined(Z[rows], triplets, y, positives, negatives)
    for (a, p, n), (anchor, positive, negative) in zip(triplets, mined, strict=True):
        distance = ((Z - Z[a]) ** 2).sum(axis=1)
        partners = distance[rows[(y[rows] == y[a]) & (rows != a)]]
        others = distance[rows[y[rows] != y[a]]]
        assert anchor == a
        assert y[positive] == y[a] != y[negative]
        if positives == "random" or not len(partners):
            assert positive == p
        else:
            hardest = partners.min() if positives == "nearest" else partners.max()
            assert positive != a
            assert distance[positive] == hardest
        beyond = others[others > distance[positive]]
        if negatives == "random":
            assert negative == n
        elif negatives == "hard":
            assert distance[negative] == others.min()
        else:
            hardest = beyond.min() if len(beyond) else others.max()
            assert distance[negative] == hardest


@pytest.mark.parametrize("negatives", ["random", "semi_hard", "hard"])
@pytest.mark.parametrize("positives", ["random", "nearest"])
def test_learns_which_feature_tells_the_classes_apart(positives, negatives):
    X, y = two_classes(200)
    model = TripletEmbedding(
        positives=positives,
        negatives=negatives,
        batch_size=16,
        max_iter=40,
        random_state=0,
    ).fit(X, y)
    scale = np.linalg.norm(model.components_, axis=0)
    assert scale[0] > 3 * scale[1:].max()
    assert model.loss_curve_[-1] < model.loss_curve_[0]


@pytest.mark.parametrize(
    ("init", "n_components"),
    [("auto", 3), ("pca", 3), ("pca", 4), ("lda", 1), ("identity", 3), ("random", 3)],
)
def test_init_is_the_first_map(init, n_components):
    X, y = two_classes()
    model = TripletEmbedding(
        n_components, init=init, learning_rate=1e-12, max_iter=1, random_state=3
    ).fit(X, y)
    principal = np.linalg.eigh(np.cov(X.T)).eigenvectors.T[::-1][:n_components]
    chance = np.random.RandomState(3)
    draw_triplets(y, chance)
    within = sum(np.cov(X[y == c].T) for c in (0, 1))
    start = {
        "auto": principal,
        "pca": principal,
        "lda": np.linalg.solve(within, X[y == 1].mean(0) - X[y == 0].mean(0))[None],
        "identity": np.eye(3, 4),
        "random": 0.01 * chance.standard_normal((4, 3)).T,
    }[init]
    W = model.components_
    if init == "lda":
        W, start = W / np.linalg.norm(W), start / np.linalg.norm(start)
    signs = np.sign((W * start).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(W, signs * start, atol=1e-6)
    if init in ("identity", "random"):
        assert (signs == 1).all()


def test_gradient_start_is_the_slope_at_a_random_map_on_the_first_triplets():
    X, y = two_classes(80)
    model = TripletEmbedding(
        3, init="gradient", learning_rate=1e-12, margin=2.0, max_iter=1, random_state=3
    ).fit(X, y)
    chance = np.random.RandomState(3)
    first = draw_triplets(y, chance)[:32]
    W = 0.01 * chance.standard_normal((4, 3)).T
    f = lambda V: definition(V, X, first, 2.0) / 32  # noqa: E731
    np.testing.assert_allclose(model.components_, slope_by_differences(f, W), atol=1e-6)


def test_auto_rate_makes_learning_indifferent_to_scale():
    X, y = two_classes()
    near, far = (
        TripletEmbedding(
            init=np.eye(4) / scale, alpha=0.0, batch_size=8, random_state=0
        ).fit(scale * X, y)
        for scale in (1, 1000)
    )
    np.testing.assert_allclose(1000 * far.components_, near.components_)
    np.testing.assert_allclose(far.loss_curve_, near.loss_curve_)
    rate = 1 / (2 * X.var(axis=0).sum())
    named = TripletEmbedding(
        init=np.eye(4), alpha=0.0, batch_size=8, learning_rate=rate, random_state=0
    ).fit(X, y)
    np.testing.assert_allclose(named.components_, near.components_)


def test_single_precision_stays_single_and_close():
    X, y = two_classes(dtype=np.float32)
    single = TripletEmbedding(random_state=0).fit(X, y)
    double = TripletEmbedding(random_state=0).fit(X.astype(np.float64), y)
    assert single.components_.dtype == single.transform(X).dtype == np.float32
    np.testing.assert_allclose(single.components_, double.components_, atol=1e-3)


def test_random_state_alone_decides():
    X, y = two_classes()
    first, again, other = (
        TripletEmbedding(batch_size=8, random_state=seed).fit(X, y).components_
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-6


def test_callback_sees_every_epoch():
    X, y = two_classes()
    seen = []
    model = TripletEmbedding(
        max_iter=3, callback=lambda epoch, loss: seen.append((epoch, loss))
    ).fit(X, y)
    assert seen == list(zip([1, 2, 3], model.loss_curve_, strict=True))


def test_labels_of_text_are_learned_like_numbers():
    X, y = two_classes()
    names = np.array(["left", "right"])[y]
    numbers = TripletEmbedding(random_state=0).fit(X, y)
    named = TripletEmbedding(random_state=0).fit(X, names)
    np.testing.assert_array_equal(numbers.components_, named.components_)


def test_a_constant_column_changes_nothing():
    X, y = two_classes()
    model = TripletEmbedding(max_iter=50, alpha=0.5, learning_rate=0.1, random_state=0)
    model.fit(np.column_stack([X, np.full(len(X), 7.0)]), y)
    np.testing.assert_allclose(model.components_[:, 4], [0, 0, 0, 0, 0.95**50])


def test_equal_rows_can_be_learned_from():
    model = TripletEmbedding(2, max_iter=1).fit(np.ones((4, 2)), [0, 0, 1, 1])
    # Nothing moves but the penalty, and each hinge is the margin.
    np.testing.assert_allclose(model.loss_curve_, [1 + 0.001])


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
        TripletEmbedding().fit(np.eye(4), y)


@pytest.mark.parametrize(
    ("triplets", "message"),
    [
        ([[0, 1]], r"shape \(n_triplets, 3\), got int64 of shape \(1, 2\)"),
        ([[0.0, 1.0, 2.0]], "whole numbers"),
        ([[0, 1, 4]], "rows of X, 0 to 3, got 0 to 4"),
        ([[0, 1, -1]], "rows of X, 0 to 3, got -1 to 1"),
        (np.empty((0, 3), int), "minimum of 1 is required"),
    ],
    ids=str,
)
def test_rejects_triplets_that_are_none(triplets, message):
    with pytest.raises(ValueError, match=message):
        TripletEmbedding().fit(np.eye(4), triplets=triplets)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"margin": 0}, "margin must be a number above 0, got 0"),
        ({"alpha": -0.1}, "alpha must be a number of at least 0, got -0.1"),
        ({"positives": "easy"}, "positives must be one of 'random', 'nearest', 'fart"),
        ({"negatives": "easy"}, "negatives must be one of 'random', 'semi_hard', 'ha"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1"),
        ({"max_iter": 1.5}, "max_iter must be a whole number of at least 1"),
        ({"learning_rate": 0}, "learning_rate must be a number above 0"),
        ({"learning_rate": "fast"}, "learning_rate must be a number above 0"),
        ({"n_components": 0}, "n_components must be a whole number of at least 1"),
        ({"n_components": 5}, "n_components must be at most n_features=4, got 5"),
        ({"init": "zeros"}, "init must be one of"),
        ({"init": np.eye(3)}, r"init must have shape \(3, 4\), got \(3, 3\)"),
        ({"init": "lda"}, "n_components cannot be larger than"),
        (
            {"learning_rate": 1e9},
            "The loss grew to .* in epoch .*: learning_rate=1000000000.0 is too large",
        ),
    ],
    ids=str,
)
def test_rejects_parameters_that_make_no_sense(options, message):
    X, y = two_classes()
    with pytest.raises(ValueError, match=message):
        TripletEmbedding(**options).fit(X, y)


def test_lda_start_needs_classes():
    X, _ = two_classes()
    with pytest.raises(ValueError, match="init='lda' needs y"):
        TripletEmbedding(1, init="lda").fit(X, triplets=[[0, 2, 1]])


@pytest.mark.full
@pytest.mark.skipif("LOOKALIKE_DATA" not in os.environ, reason="needs the MNIST file")
def test_the_source_recipe_gives_its_losses_and_fewer_right_neighbours_than_pixels():
    from lookalike.datasets import load_mnist
    from lookalike.learn import KNeighborsClassifier

    images = load_mnist()
    X, Q = (
        np.pad(x.reshape(len(x), -1) / np.float32(255), ((0, 0), (2, 0)))
        for x in (images.x_train, images.x_test)
    )
    X[:, :2] = Q[:, :2] = 1
    chance = np.random.RandomState(2002)
    triplets = draw_triplets(images.y_train, chance)
    model = TripletEmbedding(
        300, alpha=0.01, batch_size=64, learning_rate=0.01, init="gradient",
        random_state=chance,
    ).fit(X, triplets=triplets)  # fmt: skip
    curve = model.loss_curve_
    np.testing.assert_allclose(curve[:4], [0.81, 0.25, 0.22, 0.21], atol=0.005)
    assert curve[19] == pytest.approx(0.1905, abs=0.0005)
    # 19 of the first 32 triplets are active, so the first map has rank 38, and the
    # 300 dimensions never hold more.
    assert np.linalg.matrix_rank(model.components_) == 38
    neighbours = KNeighborsClassifier(n_neighbors=3)
    neighbours.fit(model.transform(X), images.y_train)
    accuracy = neighbours.score(model.transform(Q), images.y_test)
    assert accuracy == pytest.approx(0.942, abs=0.001)  # raw pixels: 0.9705


@pytest.mark.full
@pytest.mark.skipif("LOOKALIKE_DATA" not in os.environ, reason="needs the MNIST file")
def test_it_is_random_positives_that_spoil_neighbours():
    from lookalike.datasets import load_mnist
    from lookalike.learn import PCA, KNeighborsClassifier

    # A sixth of the digits, unless there is time for all of them.
    n, n_all = (50_000, 60_000) if LONG > 1 else (8_000, 10_000)
    images = load_mnist()
    pixels = images.x_train[:n_all].reshape(n_all, -1) / np.float32(255)
    X = PCA(150).fit(pixels[:n]).transform(pixels)
    y, right = images.y_train[:n_all], {}
    for positives, negatives in [
        ("random", "random"),
        ("random", "semi_hard"),
        ("nearest", "random"),
        ("nearest", "semi_hard"),
    ]:
        model = TripletEmbedding(
            50, positives=positives, negatives=negatives, random_state=0
        ).fit(X[:n], y[:n])
        Z = model.transform(X)
        neighbours = KNeighborsClassifier(n_neighbors=3).fit(Z[:n], y[:n])
        right[positives, negatives] = neighbours.score(Z[n:], y[n:])
    plain = KNeighborsClassifier(n_neighbors=3).fit(X[:n], y[:n])
    without = plain.score(X[n:], y[n:])
    for negatives in ("random", "semi_hard"):
        assert right["random", negatives] < right["nearest", negatives] - 0.005
        if LONG > 1 or negatives == "semi_hard":
            assert right["random", negatives] < without - 0.01
    assert right["nearest", "random"] > without
    assert right["nearest", "semi_hard"] > without + 0.003
