"""Every layer: against finite differences, against torch, and on worked examples."""

import pickle
import threading

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from lookalike.kernels.convolution import add_patches, cut_patches, pool_max, unpool_max
from lookalike.kernels.embedding import add_rows
from lookalike.learn.layers import (
    GRU,
    RNN,
    Conv1D,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Embedding,
    Flatten,
    Identity,
    MaxPool2D,
    ReLU,
    Sequential,
    Sigmoid,
    Tanh,
)

DOUBLE = {"random_state": 1, "dtype": np.float64}
SINGLE = {"random_state": 1, "dtype": np.float32}


def randomly_biased(layer):
    """A bias of zero would hide a missing one."""
    rng = np.random.default_rng(7)
    for parameter in layer.parameters:
        parameter += 0.3 * rng.standard_normal(parameter.shape)
    return layer


def small_network(how):
    return Sequential(
        [
            Conv2D.random((3, 3), 2, 4, padding="same", **how),
            ReLU(),
            MaxPool2D(),
            DepthwiseConv2D.random((2, 2), 4, **how),
            Tanh(),
            Flatten(),
            Dense.random(8, 3, **how),
        ]
    )


# name: (layer, shape of its input)
CASES = {
    "dense": (lambda how: Dense.random(4, 3, **how), (5, 4)),
    "identity": (lambda how: Identity(), (3, 4)),
    "relu": (lambda how: ReLU(), (3, 4)),
    "tanh": (lambda how: Tanh(), (3, 4)),
    "sigmoid": (lambda how: Sigmoid(), (3, 4)),
    "flatten": (lambda how: Flatten(), (3, 2, 2)),
    "rnn": (lambda how: RNN.random(3, 4, **how), (2, 5, 3)),
    "gru": (lambda how: GRU.random(3, 4, **how), (2, 5, 3)),
    "max pool": (lambda how: MaxPool2D(), (2, 5, 4, 3)),
    "max pool, overlapping": (lambda how: MaxPool2D(3, stride=2), (2, 7, 6, 2)),
    "network": (small_network, (2, 5, 6, 2)),
}
for padding in ("valid", "same"):
    for stride in (1, 2, 3):
        windows = {"stride": stride, "padding": padding}
        CASES |= {
            f"conv1d {padding} {stride}": (
                lambda how, windows=windows: Conv1D.random(4, 2, 3, **windows, **how),
                (2, 7, 2),
            ),
            f"conv2d {padding} {stride}": (
                lambda how, windows=windows: Conv2D.random(
                    (3, 2), 2, 3, **windows, **how
                ),
                (2, 6, 5, 2),
            ),
            f"depthwise {padding} {stride}": (
                lambda how, windows=windows: DepthwiseConv2D.random(
                    (3, 2), 2, **windows, **how
                ),
                (2, 6, 5, 2),
            ),
        }


def finite_differences(loss, array, step=1e-6):
    """Gradient of ``loss()`` in ``array``, by changing one element at a time."""
    gradient = np.empty_like(array)
    for index in np.ndindex(array.shape):
        kept = array[index]
        array[index] = kept + step
        above = loss()
        array[index] = kept - step
        gradient[index] = (above - loss()) / (2 * step)
        array[index] = kept
    return gradient


@pytest.mark.parametrize("name", CASES)
def test_backward_is_the_slope_of_forward(name):
    make, shape = CASES[name]
    layer = randomly_biased(make(DOUBLE))
    rng = np.random.default_rng(0)
    X = rng.standard_normal(shape)
    G = rng.standard_normal(layer.forward(X).shape)

    def loss():
        return float((layer.forward(X) * G).sum())

    layer.forward(X, training=True)
    back = layer.backward(G)
    gradients = list(layer.gradients)
    assert_allclose(back, finite_differences(loss, X), atol=1e-8, rtol=1e-6)
    assert len(gradients) == len(layer.parameters)
    for gradient, parameter in zip(gradients, layer.parameters, strict=True):
        assert gradient.shape == parameter.shape
        expected = finite_differences(loss, parameter)
        assert_allclose(gradient, expected, atol=1e-8, rtol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_single_precision_stays_single_and_the_input_is_left_alone(name):
    make, shape = CASES[name]
    layer = make(SINGLE)
    X = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    before = X.copy()
    Y = layer.forward(X, training=True)
    back = layer.backward(np.ones_like(Y))
    assert_array_equal(X, before)
    assert {a.dtype for a in [Y, back, *layer.gradients]} == {np.dtype(np.float32)}


def tensors(*arrays):
    return [torch.tensor(a, requires_grad=True) for a in arrays]


def agree_with_torch(layer, X, answer, leaves):
    """Compare answer and gradients; ``leaves`` are torch's input and parameters."""
    Y = layer.forward(X, training=True)
    assert_allclose(Y, answer.detach().numpy(), atol=1e-12)
    G = np.random.default_rng(3).standard_normal(Y.shape)
    back = layer.backward(G)
    answer.backward(torch.tensor(G))
    assert_allclose(back, leaves[0].grad.numpy(), atol=1e-12)
    assert len(layer.gradients) == len(leaves) - 1
    for gradient, leaf in zip(layer.gradients, leaves[1:], strict=True):
        assert_allclose(gradient, leaf.grad.numpy(), atol=1e-12)


def same_padding(side, size, stride):
    """As in TensorFlow, written another way: count windows, then what they lack."""
    total = max((int(np.ceil(side / stride)) - 1) * stride + size - side, 0)
    return total // 2, total - total // 2


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("size", [(1, 1), (3, 3), (2, 5), (4, 3)])
def test_convolution_of_images_agrees_with_torch(size, padding, stride):
    layer = randomly_biased(
        Conv2D.random(size, 3, 4, stride=stride, padding=padding, **DOUBLE)
    )
    X = np.random.default_rng(0).standard_normal((2, 7, 8, 3))
    x, w, b = tensors(X, *layer.parameters)
    image = x.permute(0, 3, 1, 2)
    if padding == "same":
        top, bottom = same_padding(7, size[0], stride)
        left, right = same_padding(8, size[1], stride)
        image = torch.nn.functional.pad(image, (left, right, top, bottom))
    y = torch.nn.functional.conv2d(image, w.permute(3, 2, 0, 1), b, stride=stride)
    agree_with_torch(layer, X, y.permute(0, 2, 3, 1), [x, w, b])


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_depthwise_convolution_agrees_with_torch(padding, stride):
    layer = randomly_biased(
        DepthwiseConv2D.random((3, 2), 3, stride=stride, padding=padding, **DOUBLE)
    )
    X = np.random.default_rng(0).standard_normal((2, 6, 5, 3))
    x, w, b = tensors(X, *layer.parameters)
    image = x.permute(0, 3, 1, 2)
    if padding == "same":
        around = *same_padding(5, 2, stride), *same_padding(6, 3, stride)
        image = torch.nn.functional.pad(image, around)
    kernel = w.permute(2, 0, 1)[:, None]
    y = torch.nn.functional.conv2d(image, kernel, b, stride=stride, groups=3)
    agree_with_torch(layer, X, y.permute(0, 2, 3, 1), [x, w, b])


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_convolution_of_sequences_agrees_with_torch(padding, stride):
    layer = randomly_biased(
        Conv1D.random(4, 3, 2, stride=stride, padding=padding, **DOUBLE)
    )
    X = np.random.default_rng(0).standard_normal((2, 9, 3))
    x, w, b = tensors(X, *layer.parameters)
    line = x.permute(0, 2, 1)
    if padding == "same":
        line = torch.nn.functional.pad(line, same_padding(9, 4, stride))
    y = torch.nn.functional.conv1d(line, w.permute(2, 1, 0), b, stride=stride)
    agree_with_torch(layer, X, y.permute(0, 2, 1), [x, w, b])


@pytest.mark.parametrize(("size", "stride"), [(2, None), (3, 2), (2, 3), (1, 1)])
def test_max_pooling_agrees_with_torch_also_on_ties(size, stride):
    X = np.random.default_rng(0).integers(3, size=(2, 7, 6, 3)).astype(float)
    (x,) = tensors(X)
    y = torch.nn.functional.max_pool2d(x.permute(0, 3, 1, 2), size, stride)
    agree_with_torch(MaxPool2D(size, stride), X, y.permute(0, 2, 3, 1), [x])


def test_max_pooling_lets_no_missing_value_disappear():
    X = np.array([[1.0, np.nan], [3.0, np.nan], [5.0, 2.0], [np.nan, 1.0]])
    X = X[None, :, :, None]
    (x,) = tensors(X)
    y = torch.nn.functional.max_pool2d(x.permute(0, 3, 1, 2), 2)
    assert np.isnan(y.detach().numpy()).all()
    agree_with_torch(MaxPool2D(), X, y.permute(0, 2, 3, 1), [x])


def test_plain_recurrence_agrees_with_torch():
    layer = randomly_biased(RNN.random(3, 4, **DOUBLE))
    X = np.random.default_rng(0).standard_normal((2, 6, 3))
    peer = torch.nn.RNN(3, 4, batch_first=True, dtype=torch.float64)
    W, U, b = layer.parameters
    set_torch(peer, weight_ih_l0=W.T, weight_hh_l0=U.T, bias_ih_l0=b, bias_hh_l0=0 * b)
    compare_recurrent(layer, peer, X, ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0"])


def test_gated_recurrence_agrees_with_torch():
    layer = randomly_biased(GRU.random(3, 4, **DOUBLE))
    X = np.random.default_rng(0).standard_normal((2, 6, 3))
    peer = torch.nn.GRU(3, 4, batch_first=True, dtype=torch.float64)
    W, U, b, c = layer.parameters
    set_torch(peer, weight_ih_l0=W.T, weight_hh_l0=U.T, bias_ih_l0=b, bias_hh_l0=c)
    names = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]
    compare_recurrent(layer, peer, X, names)


def set_torch(module, **values):
    with torch.no_grad():
        for name, value in values.items():
            getattr(module, name).copy_(torch.tensor(value))


def compare_recurrent(layer, peer, X, names):
    (x,) = tensors(X)
    answer, _ = peer(x)
    Y = layer.forward(X, training=True)
    assert_allclose(Y, answer.detach().numpy(), atol=1e-12)
    G = np.random.default_rng(3).standard_normal(Y.shape)
    back = layer.backward(G)
    answer.backward(torch.tensor(G))
    assert_allclose(back, x.grad.numpy(), atol=1e-12)
    for gradient, name in zip(layer.gradients, names, strict=True):
        assert_allclose(gradient, getattr(peer, name).grad.numpy().T, atol=1e-12)


@pytest.mark.parametrize("padding", [None, 0, 4])
def test_embedding_agrees_with_torch_on_repeated_words(padding):
    layer = Embedding.random(5, 3, padding=padding, **DOUBLE)
    X = np.random.default_rng(0).integers(5, size=(4, 6))
    (e,) = tensors(layer.parameters[0])
    y = torch.nn.functional.embedding(torch.tensor(X), e, padding_idx=padding)
    Y = layer.forward(X, training=True)
    assert_array_equal(Y, y.detach().numpy())
    G = np.random.default_rng(3).standard_normal(Y.shape)
    assert_array_equal(layer.backward(G), np.zeros((4, 6)))
    y.backward(torch.tensor(G))
    assert_allclose(layer.gradients[0], e.grad.numpy(), atol=1e-12)
    if padding is not None:
        assert_array_equal(layer.parameters[0][padding], 0)


def test_dense_takes_sparse_input():
    layer = randomly_biased(Dense.random(6, 3, **DOUBLE))
    X = np.random.default_rng(0).integers(-1, 2, size=(5, 6)).astype(float)
    G = np.ones((5, 3))
    dense = layer.forward(X, training=True)
    layer.backward(G)
    expected = layer.gradients
    assert_allclose(layer.forward(csr_array(X), training=True), dense)
    layer.backward(G, input_gradient=False)
    for ours, theirs in zip(layer.gradients, expected, strict=True):
        assert isinstance(ours, np.ndarray)
        assert_allclose(ours, theirs)


def test_one_dimensional_convolution_of_the_source():
    kernel = np.array([1.0, 0.0, -1.0])[:, None, None]
    layer = Conv1D(kernel, np.zeros(1), padding="same")
    answer = layer.forward(np.arange(1.0, 7.0)[None, :, None])
    assert_array_equal(answer[0, :, 0], [-2, -2, -2, -2, -2, 5])


def test_multi_channel_convolution_of_the_source():
    image = np.array([[[1, 2], [3, 4]], [[5, 6], [7, 8]], [[9, 10], [11, 12]]], float)
    kernel = np.array([[[1, 0], [0, -1]], [[0, 1], [-1, 0]]], float)
    layer = DepthwiseConv2D(kernel, np.zeros(2))
    assert_array_equal(layer.forward(image[None]), [[[[-6, 2]], [[-6, 2]]]])
    same = DepthwiseConv2D(kernel, np.zeros(2), padding="same").forward(image[None])
    assert same.shape == (1, 3, 2, 2)
    assert_array_equal(same[0, :2, 0], [[-6, 2], [-6, 2]])


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    size=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    extra=st.tuples(st.integers(0, 4), st.integers(0, 4)),
    stride=st.integers(1, 4),
)
def test_patches_are_windows_and_adding_them_is_the_adjoint(seed, size, extra, stride):
    rng = np.random.default_rng(seed)
    height, width = size
    images = rng.integers(5, size=(2, height + extra[0], width + extra[1], 2)) * 1.0
    windows = np.lib.stride_tricks.sliding_window_view(images, size, axis=(1, 2))
    expected = windows[:, ::stride, ::stride].transpose(0, 1, 2, 4, 5, 3)
    expected = expected.reshape(*expected.shape[:3], -1)
    patches = np.empty(expected.shape)
    flat = images.reshape(2, len(images[0]), -1)  # two channels
    cut_patches(flat, patches, height, 2 * width, stride, 2 * stride, 0, 2)
    assert_array_equal(patches, expected)
    G = rng.integers(-3, 4, size=patches.shape) * 1.0
    back = np.zeros_like(flat)
    add_patches(G, back, height, 2 * width, stride, 2 * stride, 0, 2)
    assert (back * flat).sum() == (G * patches).sum()


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    size=st.integers(1, 4),
    extra=st.tuples(st.integers(0, 4), st.integers(0, 4)),
    stride=st.integers(1, 4),
)
def test_pooling_keeps_the_first_largest_value_of_a_window(seed, size, extra, stride):
    rng = np.random.default_rng(seed)
    images = rng.integers(3, size=(2, size + extra[0], size + extra[1], 2)) * 1.0
    shape = (size, size)
    windows = np.lib.stride_tricks.sliding_window_view(images, shape, axis=(1, 2))
    windows = windows[:, ::stride, ::stride].reshape(*(-1, 2, size * size))
    sides = [(side - size) // stride + 1 for side in images.shape[1:3]]
    largest, winners = np.empty((2, *sides, 2)), np.empty((2, *sides, 2), np.int32)
    pool_max(images, largest, winners, size, stride, 0, 2)
    assert_array_equal(largest.reshape(-1, 2), windows.max(axis=2))
    assert_array_equal(winners.reshape(-1, 2), windows.argmax(axis=2))
    G = rng.integers(1, 4, size=largest.shape) * 1.0
    back = np.zeros_like(images)
    unpool_max(G, winners, back, size, stride, 0, 2)
    assert back.sum() == G.sum()
    assert (back * images).sum() == (G * largest).sum()


def test_many_images_are_convolved_in_parts_with_the_same_result():
    X = np.random.default_rng(0).standard_normal((7, 30, 30, 3))
    for layer in (
        Conv2D.random((5, 5), 3, 4, padding="same", **DOUBLE),
        DepthwiseConv2D.random((5, 5), 3, padding="same", **DOUBLE),
    ):
        Y = layer.forward(X, training=True)
        G = np.random.default_rng(1).standard_normal(Y.shape)
        back = layer.backward(G)
        slopes, total = layer.gradients, 0.0
        for k in range(7):
            one = layer.forward(X[k : k + 1], training=True)
            assert_allclose(one[0], Y[k], atol=1e-12)
            assert_allclose(layer.backward(G[k : k + 1])[0], back[k], atol=1e-12)
            total = total + layer.gradients[0]
        assert_allclose(slopes[0], total, atol=1e-10)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    size=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    extra=st.tuples(st.integers(0, 4), st.integers(0, 4)),
    stride=st.integers(1, 3),
    channels=st.integers(1, 3),
)
def test_channels_are_weighed_as_the_definition_says(
    seed, size, extra, stride, channels
):
    rng = np.random.default_rng(seed)
    shape = (2, size[0] + extra[0], size[1] + extra[1], channels)
    images = rng.integers(-3, 4, size=shape) * 1.0
    weights = rng.integers(-3, 4, size=(*size, channels)) * 1.0
    windows = np.lib.stride_tricks.sliding_window_view(images, size, axis=(1, 2))
    windows = windows[:, ::stride, ::stride]
    expected = np.einsum("nrckij,ijk->nrck", windows, weights)
    layer = DepthwiseConv2D(weights, np.zeros(channels), stride)
    assert_array_equal(layer.forward(images, training=True), expected)
    G = rng.integers(-3, 4, size=expected.shape) * 1.0
    assert (layer.backward(G) * images).sum() == (G * expected).sum()
    slopes = np.einsum("nrckij,nrck->ijk", windows, G)
    assert_array_equal(layer.gradients[0], slopes)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(0, 20), n_rows=st.integers(1, 5))
def test_gradients_of_repeated_rows_add_up(seed, n, n_rows):
    rng = np.random.default_rng(seed)
    rows = rng.integers(n_rows, size=n)
    gradients = rng.integers(-3, 4, size=(n, 2)) * 1.0
    table, expected = np.ones((n_rows, 2)), np.ones((n_rows, 2))
    np.add.at(expected, rows, gradients)
    add_rows(table, rows, gradients)
    assert_array_equal(table, expected)


def test_kernels_touch_only_the_given_range_of_images():
    images, patches = np.ones((3, 2, 2, 1)), np.zeros((3, 1, 1, 4))
    flat = images[..., 0]
    cut_patches(flat, patches, 2, 2, 1, 1, 1, 2)
    assert_array_equal(patches.sum(axis=(1, 2, 3)), [0, 4, 0])
    back = np.zeros_like(flat)
    add_patches(np.ones_like(patches), back, 2, 2, 1, 1, 1, 2)
    assert_array_equal(back.sum(axis=(1, 2)), [0, 4, 0])
    largest, winners = np.zeros((3, 1, 1, 1)), np.zeros((3, 1, 1, 1), np.int32)
    pool_max(images, largest, winners, 2, 1, 1, 2)
    assert_array_equal(largest.ravel(), [0, 1, 0])
    back = np.zeros_like(images)
    unpool_max(np.ones_like(largest), winners, back, 2, 1, 1, 2)
    assert_array_equal(back.sum(axis=(1, 2, 3)), [0, 1, 0])


def test_an_infinite_gradient_reaches_the_winner_only():
    layer = MaxPool2D()
    layer.forward(np.arange(4.0).reshape(1, 2, 2, 1), training=True)
    back = layer.backward(np.full((1, 1, 1, 1), np.inf))
    assert_array_equal(back.ravel(), [0, 0, 0, np.inf])


@pytest.mark.parametrize(
    ("layer", "fan_in", "fan_out"),
    [
        (lambda start: Dense.random(300, 200, start, **DOUBLE), 300, 200),
        (lambda start: Conv1D.random(3, 50, 80, 1, "same", start, **DOUBLE), 150, 240),
        (
            lambda start: Conv2D.random((3, 2), 50, 80, 1, "same", start, **DOUBLE),
            300,
            480,
        ),
        (
            lambda start: DepthwiseConv2D.random(
                (30, 20), 50, 1, "same", start, **DOUBLE
            ),
            600,
            600,
        ),
        (lambda start: RNN.random(300, 200, start, **DOUBLE), 300, 200),
        (lambda start: GRU.random(300, 200, start, **DOUBLE), 300, 200),
    ],
)
def test_starts_have_the_variance_that_keeps_signals_the_same_size(
    layer, fan_in, fan_out
):
    assert_allclose(layer("he").parameters[0].var() * fan_in, 2, rtol=0.05)
    drawn = layer("xavier").parameters[0]
    assert_allclose(drawn.var() * (fan_in + fan_out), 2, rtol=0.05)
    assert_allclose(abs(drawn).max(), np.sqrt(6 / (fan_in + fan_out)), rtol=0.01)


def test_dropout_keeps_the_mean_and_backward_uses_the_same_mask():
    layer = Dropout(0.4, random_state=0)
    X = np.ones((200, 50), np.float32)
    Y = layer.forward(X, training=True)
    assert Y.dtype == np.float32
    assert_allclose(np.unique(Y), [0, 1 / 0.6], rtol=1e-6)
    assert_allclose((Y == 0).mean(), 0.4, atol=0.02)
    assert_array_equal(layer.backward(X), Y)
    assert layer.forward(X) is X


def test_several_threads_may_run_forward_at_the_same_time():
    network = small_network(DOUBLE)
    rng = np.random.default_rng(0)
    batches = [rng.standard_normal((k + 1, 5, 6, 2)) for k in range(4)]
    expected = [network.forward(batch) for batch in batches]
    wrong = []

    def forward(k):
        for _ in range(30):
            if not np.array_equal(network.forward(batches[k]), expected[k]):
                wrong.append(k)

    threads = [threading.Thread(target=forward, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("name", CASES)
def test_a_layer_after_inference_holds_only_its_parameters(name):
    make, shape = CASES[name]
    layer = make(DOUBLE)
    size = len(pickle.dumps(layer))
    X = np.random.default_rng(0).standard_normal((50, *shape[1:]))
    layer.backward(layer.forward(X, training=True))
    assert len(pickle.dumps(layer)) > size + 1000 or name in ("identity", "flatten")
    layer.forget()
    assert len(pickle.dumps(layer)) == size


def test_inference_does_not_disturb_training():
    network = small_network(DOUBLE)
    X = np.random.default_rng(0).standard_normal((3, 5, 6, 2))
    network.forward(X, training=True)
    network.forward(X[:1] + 5)
    network.backward(np.ones((3, 3)))
    ours = network.gradients
    network.forward(X, training=True)
    network.backward(np.ones((3, 3)))
    for a, b in zip(ours, network.gradients, strict=True):
        assert_array_equal(a, b)


def test_the_first_layer_may_skip_the_gradient_of_its_input():
    for name in ("dense", "conv2d same 2", "depthwise valid 1", "conv1d same 1", "gru"):
        make, shape = CASES[name]
        layer = make(DOUBLE)
        X = np.random.default_rng(0).standard_normal(shape)
        G = np.ones_like(layer.forward(X, training=True))
        layer.backward(G)
        expected = layer.gradients
        layer.backward(G, input_gradient=False)
        for ours, theirs in zip(layer.gradients, expected, strict=True):
            assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Dropout(1.0), r"rate must be in \[0, 1\), got 1.0"),
        (lambda: Dropout(-0.1), r"rate must be in \[0, 1\), got -0.1"),
        (lambda: MaxPool2D(0), "size must be a whole number of at least 1, got 0"),
        (
            lambda: MaxPool2D(2, stride=0),
            "stride must be a whole number of at least 1, got 0",
        ),
        (
            lambda: Conv2D.random((2, 2), 1, 1, stride=1.5),
            "stride must be a whole number of at least 1, got 1.5",
        ),
        (
            lambda: Conv2D.random((2, 2), 1, 1, padding="full"),
            "padding must be 'same' or 'valid', got 'full'",
        ),
        (
            lambda: Dense.random(2, 2, initializer="zeros"),
            r"initializer must be one of \['he', 'xavier'\], got 'zeros'",
        ),
    ],
)
def test_a_layer_refuses_what_it_cannot_be(build, message):
    with pytest.raises(ValueError, match=message):
        build()


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (
            Conv2D.random((2, 2), 3, 1),
            (1, 4, 4, 2),
            "Conv2D expects .* with 3 channels",
        ),
        (Conv2D.random((2, 2), 3, 1), (4, 4, 3), "Conv2D expects"),
        (Conv2D.random((3, 3), 1, 1), (1, 2, 4, 1), "2 by 4 is smaller than a window"),
        (Conv2D.random((3, 3), 1, 1), (1, 4, 2, 1), "4 by 2 is smaller than a window"),
        (Conv1D.random(2, 3, 1), (1, 4, 2), "Conv1D expects .* with 3 channels"),
        (DepthwiseConv2D.random((2, 2), 3), (1, 4, 4, 1), "with 3 channels"),
        (MaxPool2D(3), (1, 2, 4, 1), "at least 3 by 3"),
        (MaxPool2D(3), (4, 4, 1), "at least 3 by 3"),
        (RNN.random(3, 2), (1, 4, 2), "RNN expects .* with 3 features"),
        (GRU.random(3, 2), (4, 3), "GRU expects"),
    ],
)
def test_a_layer_refuses_a_batch_it_could_not_read_safely(layer, shape, message):
    with pytest.raises(ValueError, match=message):
        layer.forward(np.zeros(shape, np.float32))


@pytest.mark.parametrize("layer", [MaxPool2D(), DepthwiseConv2D.random((3, 3), 1)])
def test_kernels_are_given_no_gradient_of_another_shape(layer):
    layer.forward(np.zeros((1, 4, 4, 1)), training=True)
    with pytest.raises(ValueError, match="G must have the shape"):
        layer.backward(np.zeros((1, 3, 2, 1)))


@pytest.mark.parametrize("ids", [[-1, 0], [0, 5]])
def test_embedding_refuses_identifiers_outside_its_table(ids):
    with pytest.raises(ValueError, match=r"identifiers must be in \[0, 4\]"):
        Embedding.random(5, 2).forward(np.array(ids))
