"""The small convolutional network: conventions, equality with torch, real digits."""

import itertools
import os
import pickle
import threading

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from lookalike.learn import ConvNetClassifier

LONG = int(os.environ.get("LOOKALIKE_LONG", "1"))


def bars(n, rng):
    """Upright and lying bars anywhere on an 8 by 8 field: no pixel tells them apart."""
    X, y = np.zeros((n, 8, 8)), rng.integers(2, size=n)
    for image, upright, (i, j) in zip(X, y, rng.integers(5, size=(n, 2)), strict=True):
        image[i : i + (4 if upright else 1), j : j + (1 if upright else 4)] = 1
    return X.reshape(n, 64), np.where(y, "upright", "lying")


def peer_of(network, depth, n_filters, n_classes, side):
    """The same network in torch, with the same weights."""
    conv = torch.nn.Conv2d(depth, n_filters, 3, padding="same", dtype=torch.float64)
    last = torch.nn.Linear((side // 2) ** 2 * n_filters, n_classes, dtype=torch.float64)
    kernel, bias, weights, offset = (p.copy() for p in network.parameters)
    with torch.no_grad():
        conv.weight.copy_(torch.tensor(kernel.transpose(3, 2, 0, 1)))
        conv.bias.copy_(torch.tensor(bias))
        last.weight.copy_(torch.tensor(weights.T))
        last.bias.copy_(torch.tensor(offset))
    return conv, last


def test_training_takes_the_same_steps_as_torch():
    X, y = bars(60, np.random.default_rng(0))
    options = {"batch_size": 25, "learning_rate_init": 0.01, "random_state": 5}
    ours = ConvNetClassifier((3,), max_iter=2, **options).fit(X, y)
    rng = np.random.RandomState(5)
    start = ConvNetClassifier((3,))
    start._shape, start.classes_ = (8, 8, 1), ours.classes_
    conv, last = peer_of(start._build(rng, np.float64), 1, 3, 2, 8)
    optimizer = torch.optim.Adam([*conv.parameters(), *last.parameters()])
    images = torch.tensor((X - X.mean()) / X.std()).reshape(-1, 1, 8, 8)
    codes = torch.tensor((y == "upright").astype(int))
    for epoch in range(2):
        order, total = rng.permutation(60), 0.0
        for k, rows in enumerate((order[:25], order[25:50], order[50:])):
            pooled = torch.nn.functional.max_pool2d(conv(images[rows]).relu(), 2)
            scores = last(pooled.permute(0, 2, 3, 1).flatten(1))
            loss = torch.nn.functional.cross_entropy(scores, codes[rows])
            optimizer.zero_grad()
            loss.backward()
            for group in optimizer.param_groups:
                group["lr"] = 0.01 * (1 - (3 * epoch + k) / 6)
            optimizer.step()
            total += loss.item() * len(rows)
        assert_allclose(ours.loss_curve_[epoch], total / 60, rtol=1e-5)
    kernel = conv.weight.detach().numpy().transpose(2, 3, 1, 0)
    assert_allclose(ours.network_.parameters[0], kernel, atol=1e-4)


@pytest.mark.parametrize("dropout", [0.0, 0.25])
@pytest.mark.parametrize("hidden", [(), (7,)])
@pytest.mark.parametrize("kernel_size", [3, 5])
def test_the_layers_are_those_that_the_options_name(kernel_size, hidden, dropout):
    X, y = bars(40, np.random.default_rng(0))
    model = ConvNetClassifier(
        (3, 5), kernel_size=kernel_size, hidden_layer_sizes=hidden, dropout=dropout
    ).set_params(max_iter=1, batch_size=20, random_state=0)
    layers = model.fit(X, y).network_.layers
    dense = [*(["Dropout"] if dropout else []), "Dense"]
    kinds = ["Conv2D", "MaxPool2D", "ReLU"] * 2 + ["Flatten"]
    kinds += [*dense, "ReLU"] * len(hidden) + dense
    assert [type(layer).__name__ for layer in layers] == kinds
    size, widths = (kernel_size, kernel_size), [2 * 2 * 5, *hidden, 2]
    shapes = [(*size, 1, 3), (3,), (*size, 3, 5), (5,)]
    for n, m in itertools.pairwise(widths):
        shapes += [(n, m), (m,)]
    assert [p.shape for p in model.network_.parameters] == shapes


def test_dropout_is_in_the_loss_that_is_learned_from_and_not_in_answers():
    X, y = bars(40, np.random.default_rng(0))
    model = ConvNetClassifier((3,), dropout=0.5, learning_rate_init=1e-12)
    model.set_params(max_iter=1, batch_size=40, random_state=5).fit(X, y)
    rng = np.random.RandomState(5)
    start = ConvNetClassifier((3,), dropout=0.5)
    start._shape, start.classes_ = (8, 8, 1), model.classes_
    *below, _, last = start._build(rng, np.float64).layers
    order = rng.permutation(40)
    units = ((X - X.mean()) / X.std()).reshape(-1, 8, 8, 1)
    for layer in below:
        units = layer.forward(units)
    kept = 2 * units[order] * (rng.random_sample(units.shape) >= 0.5)
    scores, codes = last.forward(kept), (y == "upright").astype(int)
    own = scores[np.arange(40), codes[order]]
    loss = (np.log(np.exp(scores).sum(axis=1)) - own).mean()
    assert_allclose(model.loss_curve_, [loss])
    shares = np.exp(last.forward(units))
    shares /= shares.sum(axis=1, keepdims=True)
    assert_allclose(model.predict_proba(X), shares, atol=1e-9)


def test_finds_a_shape_wherever_it_stands():
    rng = np.random.default_rng(0)
    X, y = bars(300, rng)
    model = ConvNetClassifier((4,), learning_rate_init=0.03, random_state=0)
    model.set_params(max_iter=10).fit(X[:200], y[:200])
    assert model.score(X[200:], y[200:]) == 1.0
    assert model.predict_proba(X).dtype == np.float64
    assert_allclose(model.predict_proba(X).sum(axis=1), 1)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32])
def test_bytes_and_single_precision_are_learned_in_single_precision(dtype):
    X, y = bars(100, np.random.default_rng(0))
    model = ConvNetClassifier((2,), max_iter=1, random_state=0)
    model.fit((255 * X).astype(dtype), y)
    assert {p.dtype for p in model.network_.parameters} == {np.dtype(np.float32)}
    assert model.predict_proba((255 * X).astype(dtype)).dtype == np.float32


def test_the_scale_and_level_of_the_pixels_do_not_matter():
    X, y = bars(100, np.random.default_rng(0))
    model = ConvNetClassifier((2,), max_iter=2, random_state=0)
    plain = model.fit(X, y).predict_proba(X)
    assert_allclose(model.fit(1000 * X - 7, y).predict_proba(1000 * X - 7), plain)


def test_colours_are_channels_and_rows_need_not_equal_columns():
    rng = np.random.default_rng(0)
    X, y = rng.random((200, 4, 6, 3)), rng.integers(2, size=200)
    X[..., 2] += 0.3 * y[:, None, None]
    model = ConvNetClassifier((4,), image_shape=(4, 6, 3), random_state=0)
    model.set_params(learning_rate_init=0.03, max_iter=20)
    flat = X.reshape(200, -1)
    assert model.fit(flat, y).score(flat, y) > 0.95
    assert model.network_.parameters[0].shape == (3, 3, 3, 4)
    assert model.network_.parameters[2].shape == (2 * 3 * 4, 2)


def test_a_fitted_network_is_small_answers_alike_in_parts_and_from_threads():
    X, y = bars(600, np.random.default_rng(0))
    model = ConvNetClassifier((2,), max_iter=1, random_state=0, dropout=0.5).fit(X, y)
    assert len(pickle.dumps(model)) < 20_000
    whole = model.predict_proba(X)
    alone = np.concatenate([model.predict_proba(x[None]) for x in X[250:262]])
    assert_allclose(whole[250:262], alone)
    answers = [None] * 4

    def predict(k):
        answers[k] = model.predict_proba(X)

    threads = [threading.Thread(target=predict, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for answer in answers:
        assert_array_equal(answer, whole)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"channels": (4, 0)}, r"channels must be whole, above 0, got \(4, 0\)"),
        ({"kernel_size": 2.5}, "kernel_size must be whole, above 0, got 2.5"),
        ({"hidden_layer_sizes": (-1,)}, "hidden_layer_sizes must be whole, above 0"),
        ({"batch_size": 0}, "batch_size must be whole, above 0, got 0"),
        ({"max_iter": 0}, "max_iter must be whole, above 0, got 0"),
        ({"learning_rate_init": 0}, "learning_rate_init must be a number above 0"),
        ({"dropout": 1.0}, r"rate must be in \[0, 1\), got 1.0"),
        ({"image_shape": (2, 2)}, r"image_shape=\(2, 2\) does not hold 64 features"),
    ],
)
def test_refuses_what_it_cannot_be(parameters, message):
    X, y = bars(4, np.random.default_rng(0))
    with pytest.raises(ValueError, match=message):
        ConvNetClassifier(**parameters).fit(X, y)


@pytest.mark.full
@pytest.mark.skipif("LOOKALIKE_DATA" not in os.environ, reason="needs the MNIST file")
def test_real_digits_are_classified_as_accurately_as_documented():
    from lookalike.datasets import load_mnist

    # A tenth of the digits, unless there is time for all of them.
    n, n_test, expected = (60_000, 10_000, 0.985) if LONG > 1 else (6_000, 2_000, 0.95)
    digits = load_mnist()
    X, Q = (x.reshape(-1, 784) for x in (digits.x_train[:n], digits.x_test[:n_test]))
    model = ConvNetClassifier(random_state=0).fit(X, digits.y_train[:n])
    assert model.score(Q, digits.y_test[:n_test]) >= expected
