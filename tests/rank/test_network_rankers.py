"""Networks that rank: against torch and the formulas, kept as arrays, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.base import clone

torch = pytest.importorskip("torch")

from lookalike.kernels.dense import dense_rows  # noqa: E402
from lookalike.rank._network import Network, effective_weights  # noqa: E402
from lookalike.rank._network_training import (  # noqa: E402
    Cross,
    focal_loss,
    train_network,
)
from lookalike.rank.network_ranker import NetworkRanker  # noqa: E402
from lookalike.rank.resampling import downsample_negatives  # noqa: E402

SMALL = {"max_iter": 6, "batch_size": 64, "n_jobs": 1}
LONG = SMALL | {"max_iter": 30, "batch_size": 32}
RANKERS = [
    NetworkRanker((16,), **SMALL),
    NetworkRanker((16, 8), loss="focal", dropout=0.1, **SMALL),
    NetworkRanker((16,), n_cross=2, loss="balanced", **SMALL),
]


def rows(n=900, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(3, 2, (n, 5)).astype(np.float32)
    Z = (X - 3) / 2
    return X, rng.random(n) < expit(-1.5 + 2 * Z[:, 0] + 2 * Z[:, 1] * Z[:, 2])


def above(scores, relevant):
    """Chance that a relevant row stands above another."""
    return np.mean(scores[relevant][:, None] > scores[~relevant])


@pytest.mark.parametrize("ranker", RANKERS, ids=str)
def test_learns_products_and_is_kept_as_arrays(ranker):
    X, relevant = rows(3000)
    fitted = clone(ranker).fit(X, relevant)
    X, relevant = rows(seed=1)
    scores = fitted.score_rows(X)
    assert above(scores, relevant) > 0.8
    again = NetworkRanker.from_arrays(fitted.arrays())
    assert again.n_cross == ranker.n_cross
    np.testing.assert_array_equal(again.score_rows(X), scores)
    alone = [fitted.score_rows(row[None])[0] for row in X[:40]]
    np.testing.assert_array_equal(alone, scores[:40])
    assert fitted.loss_curve_[-1] < fitted.loss_curve_[0]


@pytest.mark.parametrize("ranker", RANKERS[::2], ids=str)
def test_the_same_seed_gives_the_same_network(ranker):
    X, relevant = rows(200)
    state = torch.random.get_rng_state()
    first, again = (clone(ranker).fit(X, relevant).score_rows(X) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    other = clone(ranker).set_params(random_state=1).fit(X, relevant).score_rows(X)
    assert not np.allclose(first, other)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_answers_are_those_of_torch():
    X, _ = rows(30)
    torch.manual_seed(0)
    cross = Cross(5, 2).double()
    dense = [torch.nn.Linear(a, b).double() for a, b in ((5, 7), (7, 4), (4, 1))]

    def arrays(layers):
        parts = ([p.detach().numpy() for p in layer.parameters()] for layer in layers)
        return tuple((weights.T.copy(), bias) for weights, bias in parts)

    mean, scale = np.full(5, 3.0), np.full(5, 2.0)
    network = Network(mean, scale, arrays(cross.layers), arrays(dense))
    through = cross(torch.from_numpy((X.astype(np.float64) - mean) / scale))
    for layer in dense[:-1]:
        through = torch.relu(layer(through))
    expected = dense[-1](through)[:, 0].detach().numpy()
    found = network.scores(X, n_jobs=2)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_a_dense_layer_is_a_product_of_matrices(seed):
    rng = np.random.default_rng(seed)
    n, a, b = rng.integers(1, 9, size=3)
    X, weights, bias = rng.normal(size=(n, a)), rng.normal(size=(a, b)), np.ones(b)
    out = np.full((n, b), 9.0)
    dense_rows(X, weights, bias, 0, n - 1, out)
    np.testing.assert_allclose(out[:-1], (X @ weights + bias)[:-1], atol=1e-12)
    assert (out[-1] == 9).all()


@settings(deadline=None, max_examples=30)
@given(st.floats(-30, 30), st.booleans(), st.floats(0, 5))
def test_the_focal_loss_is_its_formula(score, relevant, gamma):
    p = expit(score) if relevant else expit(-score)
    given = [torch.tensor([each]).double() for each in (score, float(relevant))]
    found = float(focal_loss(*given, gamma)[0])
    other = expit(-score) if relevant else expit(score)
    assert found == pytest.approx(-(other**gamma) * np.log(p), rel=1e-6, abs=1e-12)


def test_effective_weights_go_from_none_to_balanced():
    relevant = np.repeat([True, False], [20, 180])
    np.testing.assert_allclose(effective_weights(relevant, 0.0), 1)
    balanced = effective_weights(relevant, 1 - 1e-9)
    np.testing.assert_allclose(balanced[[0, -1]], [5, 5 / 9], rtol=1e-4)
    between = effective_weights(relevant, 0.99)
    assert between[0] / between[-1] == pytest.approx((1 - 0.99**180) / (1 - 0.99**20))


@pytest.mark.parametrize("loss", ["logistic", "focal", "balanced"])
def test_each_loss_trains_with_its_own_weights(loss):
    """The mean score follows what the loss does to the classes."""
    X, relevant = rows(800)
    ranker = NetworkRanker((8,), loss=loss, beta=0.999999, **LONG)
    mean = expit(ranker.fit(X, relevant).score_rows(X)).mean()
    if loss == "logistic":
        assert mean == pytest.approx(relevant.mean(), abs=0.05)
    else:
        assert mean > relevant.mean() + 0.05


@pytest.mark.parametrize(
    "options",
    [
        {"loss": "logistic"},
        {"loss": "focal", "gamma": 0.5},
        {"loss": "focal", "gamma": 4.0},
        {"loss": "balanced", "beta": 0.99},
    ],
    ids=str,
)
def test_the_first_pass_has_the_loss_of_its_formula(options):
    X, relevant = rows(200)
    ranker = NetworkRanker(
        (8,), max_iter=1, batch_size=200, learning_rate=1e-12, n_jobs=1, **options
    )
    score = ranker.fit(X, relevant).score_rows(X)
    p = np.where(relevant, expit(score), expit(-score))
    gamma = options.get("gamma", 0.0)
    weight = np.ones(200)
    if options["loss"] == "balanced":
        n = np.where(relevant, relevant.sum(), (~relevant).sum())
        weight = 1 / (1 - 0.99**n)
        weight /= weight.mean()
    expected = (weight * (1 - p) ** gamma * -np.log(p)).mean()
    assert ranker.loss_curve_ == [pytest.approx(expected, rel=1e-4)]


def test_weights_decay_by_alpha():
    X, relevant = rows(200)
    sizes = []
    for alpha in (0.0, 30.0):
        ranker = NetworkRanker((8,), alpha=alpha, **LONG).fit(X, relevant)
        arrays = ranker.arrays()
        sizes.append(sum((a**2).sum() for n, a in arrays.items() if "weights" in n))
    assert sizes[1] < 0.2 * sizes[0]


def test_weights_of_rows_reach_the_loss():
    X, relevant = rows(300)
    ranker = NetworkRanker((4,), **LONG)
    heavy = np.where(relevant, 20.0, 1.0)
    plain, _ = train_network(ranker, X, relevant, np.ones(300))
    moved, _ = train_network(ranker, X, relevant, heavy)
    assert moved.scores(X).mean() > plain.scores(X).mean() + 0.5


def test_layers_that_do_not_fit_are_refused():
    X, relevant = rows(100)
    arrays = NetworkRanker((3,), n_cross=2, **SMALL).fit(X, relevant).arrays()
    for name, value in (
        ("dense_1_weights", np.ones((4, 1))),
        ("cross_0_bias", np.ones(4)),
        ("scale", np.zeros(5)),
        ("dense_0_bias", np.full(3, np.nan)),
    ):
        with pytest.raises(ValueError, match="its layers do not fit together"):
            NetworkRanker.from_arrays(arrays | {name: value})


@pytest.mark.parametrize(
    ("ranker", "message"),
    [
        (NetworkRanker((0,)), r"hidden_layer_sizes must be positive .* got \(0,\)"),
        (NetworkRanker(loss="hinge"), "loss must be one of 'logistic', 'focal'"),
        (NetworkRanker(beta=1.0), r"beta must lie in \[0, 1\), got 1.0"),
        (NetworkRanker(gamma=-1), "gamma must be a number of at least 0"),
        (NetworkRanker(n_cross=-1), "n_cross must be a whole number of at least 0"),
        (NetworkRanker(max_iter=0), "max_iter must be a whole number of at least 1"),
        (NetworkRanker(batch_size=0), "batch_size must be a whole number of at least"),
        (NetworkRanker(learning_rate=0), "learning_rate must be a number above 0"),
        (NetworkRanker(alpha=-1), "alpha must be a number of at least 0"),
    ],
    ids=str,
)
def test_refuses_what_makes_no_network(ranker, message):
    with pytest.raises(ValueError, match=message):
        ranker.fit(*rows(50))


def test_downsampled_rows_give_the_same_log_odds_once_they_are_shifted():
    from lookalike.rank import LogisticRanker

    X, relevant = rows(20_000)
    relevant &= np.random.default_rng(1).random(len(relevant)) < 0.3
    kept, shift = downsample_negatives(relevant, ratio=1)
    assert relevant[kept].mean() == 0.5
    assert (np.diff(kept) > 0).all()
    whole = LogisticRanker().fit(X, relevant).score_rows(X)
    downsampled = LogisticRanker().fit(X[kept], relevant[kept]).score_rows(X) + shift
    assert expit(downsampled).mean() == pytest.approx(expit(whole).mean(), rel=0.05)
    for y in (np.zeros(9), np.ones(9)):
        with pytest.raises(ValueError, match=r"y must hold relevant rows"):
            downsample_negatives(y, ratio=1)
    with pytest.raises(ValueError, match=r"must keep an irrelevant row.* got 0.1"):
        downsample_negatives(np.array([1, 0, 0]), ratio=0.1)
