"""The convolutional embedding: learns, is reproducible, keeps its promises."""

import os
import sys

import numpy as np
import pytest

from lookalike.datasets import load_digits_sample, load_mnist
from lookalike.learn import KNeighborsClassifier
from lookalike.learn.conv_embedding import ConvolutionalEmbedding, augment


def small(**options):
    parameters = {"channels": (8, 8, 16), "max_iter": 2, "batch_size": 32}
    return ConvolutionalEmbedding(16, **parameters | options)


@pytest.fixture(scope="module")
def digits():
    sample = load_digits_sample()
    x = sample.x_train.reshape(len(sample.x_train), -1)
    return x[::4], sample.y_train[::4], sample.x_test.reshape(len(sample.x_test), -1)


@pytest.fixture(scope="module")
def fitted(digits):
    return small(max_iter=10, random_state=0).fit(*digits[:2])


def test_neighbours_in_the_embedding_share_their_label(digits, fitted):
    x, y, _ = digits
    sample = load_digits_sample()
    truth = sample.y_test
    model = KNeighborsClassifier(3).fit(fitted.transform(x), y)
    raw = KNeighborsClassifier(3).fit(x, y)
    learned = model.score(fitted.transform(digits[2]), truth)
    assert learned > raw.score(digits[2], truth)
    assert learned > 0.9


def test_vectors_have_length_one_and_losses_fall(digits, fitted):
    z = fitted.transform(digits[2][:50])
    assert z.dtype == np.float32
    assert z.shape == (50, 16)
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), 1, rtol=1e-5)
    assert fitted.loss_curve_[-1] < 0.7 * fitted.loss_curve_[0]


def test_a_batch_is_embedded_exactly_like_its_images(digits, fitted):
    queries = digits[2][:300]
    together = fitted.transform(queries)
    alone = np.concatenate([fitted.transform(q[None]) for q in queries[::23]])
    np.testing.assert_array_equal(together[::23], alone)


def test_the_same_seed_gives_the_same_embedding_and_another_another(digits):
    x, y, q = digits
    embed = [small(random_state=s).fit(x, y).transform(q[:20]) for s in (3, 3, 4)]
    np.testing.assert_array_equal(embed[0], embed[1])
    assert not np.array_equal(embed[0], embed[2])


def test_arrays_carry_the_whole_embedding(digits, fitted):
    arrays = fitted.arrays()
    assert all(isinstance(a, np.ndarray) for a in arrays.values())
    copy = ConvolutionalEmbedding.from_arrays(arrays)
    queries = digits[2][:30]
    np.testing.assert_array_equal(copy.transform(queries), fitted.transform(queries))


@pytest.mark.parametrize("channels", [(8, 8, 16), (4, 6, 5)])
def test_the_network_is_as_wide_as_its_channels(channels, digits):
    model = small(channels=channels, max_iter=1).fit(digits[0][::20], digits[1][::20])
    weights = [a.shape for a in model.arrays().values() if a.ndim > 1]
    a, b, c = channels
    kernels = [(a, 1), (b, a), (c, b), (c, c)]
    assert weights == [*((*pair, 3, 3) for pair in kernels), (16, c)]


def test_the_callback_is_called_after_every_batch(digits):
    progress = []
    small(callback=progress.append).fit(digits[0][::10], digits[1][::10])
    assert len(progress) == 2 * 4
    assert progress == sorted(progress)
    assert progress[-1] == 1.0


def test_images_are_moved_by_less_than_the_limit():
    import torch

    torch.manual_seed(0)
    images = torch.full((200, 1, 28, 28), -1.0)
    images[:, :, 13:15, 13:15] = 1.0
    moved = augment(images, -1.0)
    assert float(moved[:, :, 0, 0].max()) == -1.0
    centres = (
        (moved + 1).sum(dim=(1, 2)) @ torch.arange(28.0) / (moved + 1).sum((1, 2, 3))
    )
    assert float((centres - 13.5).abs().max()) < 2.6
    assert float((centres - 13.5).abs().max()) > 1.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_components": 0}, "n_components must be a whole number of at least 1"),
        ({"channels": (1, 2)}, "channels must be three positive integers"),
        ({"learning_rate": 0.0}, "learning_rate must be a number above 0"),
        (
            {"image_shape": (3, 5)},
            r"image_shape must be .* of 16 values, .* got \(3, 5\)",
        ),
    ],
)
def test_rejects_bad_parameters(options, message):
    model = ConvolutionalEmbedding(**{"n_components": 4} | options)
    with pytest.raises(ValueError, match=message):
        model.fit(np.zeros((4, 16), np.uint8), [0, 0, 1, 1])


def test_rejects_arrays_of_which_one_has_another_shape(fitted):
    arrays = fitted.arrays()
    name = next(name for name, array in arrays.items() if array.ndim == 2)
    arrays[name] = arrays[name][:, 1:]
    with pytest.raises(ValueError, match="do not fit one network"):
        ConvolutionalEmbedding.from_arrays(arrays)


def test_rejects_one_class_and_foreign_arrays():
    with pytest.raises(ValueError, match="at least two classes, got one class: 7"):
        small().fit(np.zeros((4, 16), np.uint8), [7, 7, 7, 7])
    with pytest.raises(ValueError, match="Expected the arrays of a Convolutional"):
        ConvolutionalEmbedding.from_arrays({"matrix": np.eye(3)})


def test_without_torch_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "lookalike.learn.conv_embedding")
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'lookalike\[deep\]'"):
        __import__("lookalike.learn.conv_embedding")


@pytest.mark.full
@pytest.mark.skipif(
    not (os.environ.get("LOOKALIKE_DATA") and os.environ.get("LOOKALIKE_SLOW")),
    reason="minutes of training: set LOOKALIKE_DATA and LOOKALIKE_SLOW",
)
def test_reaches_0_995_on_the_whole_of_mnist():
    images = load_mnist()
    x, q = (a.reshape(len(a), -1) for a in (images.x_train, images.x_test))
    model = ConvolutionalEmbedding(random_state=0).fit(x, images.y_train)
    vote = KNeighborsClassifier(3).fit(model.transform(x), images.y_train)
    assert vote.score(model.transform(q), images.y_test) >= 0.995
