"""The convolutional classifier: conventions, batches, saving, and what it refuses."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from lookalike.learn.conv_classifier import (  # noqa: E402
    ConvolutionalClassifier,
    augment,
    network,
)

TINY = {"channels": (4, 8), "batch_size": 16, "shift": 1, "crop": 0, "random_state": 0}


@pytest.fixture(scope="module")
def bars():
    """Standing and lying bars at random positions, with noise."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 60, (160, 12, 12)).astype(np.uint8)
    y = np.arange(160) % 2
    for image, label in zip(images, y, strict=True):
        at = rng.integers(2, 9)
        image[:, at : at + 2] += np.uint8(190) * np.uint8(label)
        image[at : at + 2] += np.uint8(190) * np.uint8(1 - label)
    return images.reshape(160, -1), np.array(["lying", "standing"])[y]


@pytest.fixture(scope="module")
def model(bars):
    return ConvolutionalClassifier(max_iter=6, n_jobs=1, **TINY).fit(*bars)


def test_bars_are_classified(model, bars):
    assert (model.predict(bars[0]) == bars[1]).mean() > 0.95
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    shares = model.predict_proba(bars[0])
    np.testing.assert_allclose(shares.sum(axis=1), 1)


def test_a_batch_answers_exactly_like_its_images_one_by_one(model, bars):
    together = model.scores(bars[0][:150])
    for row in (0, 127, 128, 149):
        alone = model.scores(bars[0][row : row + 1])[0]
        np.testing.assert_array_equal(together[row], alone)


def test_an_image_and_its_mirror_image_have_the_same_scores(model, bars):
    images = bars[0][:9].reshape(-1, 12, 12)
    mirrored = np.ascontiguousarray(images[:, :, ::-1]).reshape(9, -1)
    found, expected = (model.scores(x) for x in (mirrored, bars[0][:9]))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_same_seed_gives_the_same_network(model, bars):
    again = ConvolutionalClassifier(max_iter=6, n_jobs=1, **TINY).fit(*bars)
    assert again.loss_curve_ == model.loss_curve_


def test_arrays_make_the_same_classifier(model, bars):
    again = ConvolutionalClassifier.from_arrays(model.arrays())
    again.n_jobs = 1
    found, expected = (m.scores(bars[0]) for m in (again, model))
    np.testing.assert_array_equal(found, expected)
    assert again.predict(bars[0][:2]).dtype == model.predict(bars[0][:2]).dtype
    broken = {**model.arrays(), "preprocessing": np.zeros(2)}
    with pytest.raises(ValueError, match="not the arrays of such a network"):
        ConvolutionalClassifier.from_arrays(broken)
    none = {k: v for k, v in model.arrays().items() if k != "classes"}
    with pytest.raises(ValueError, match="not the arrays of such a network"):
        ConvolutionalClassifier.from_arrays(none)


def test_pieces_are_inside_the_image_and_mirrored_half_of_the_time():
    torch.manual_seed(0)
    ramp = torch.arange(16.0).repeat(200, 1, 16, 1)
    pieces = augment(ramp, shift=0, crop=4, mirror=True)
    assert pieces.shape == (200, 1, 12, 12)
    assert 0 <= pieces.min() <= pieces.max() <= 15
    falls = (pieces[:, 0, 6, 11] < pieces[:, 0, 6, 0]).float().mean()
    assert 0.4 < falls < 0.6
    straight = augment(ramp, shift=0, crop=4, mirror=False)
    assert (straight[:, 0, 6, 11] > straight[:, 0, 6, 0]).all()


def test_an_image_too_small_to_be_halved_again_is_still_answered():
    layers = network((2, 2, 2, 2), 3).eval()
    assert layers(torch.zeros(1, 1, 3, 3)).shape == (1, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_iter": 0}, "max_iter must be a whole number of at least 1"),
        ({"batch_size": 1.5}, "batch_size must be a whole number of at least 1"),
        ({"shift": -1}, "shift must be a whole number of at least 0"),
        ({"crop": 0.5}, "crop must be a whole number of at least 0"),
        ({"channels": ()}, "channels must be positive integers"),
        ({"learning_rate": 0}, "learning_rate must be a number above 0"),
        ({"smoothing": 1}, r"smoothing must lie in \[0, 1\), got 1"),
        (
            {"image_shape": (3, 3)},
            r"image_shape must be .* of 144 values, .* got \(3, 3\)",
        ),
    ],
)
def test_bad_parameters_are_refused(bars, options, message):
    with pytest.raises(ValueError, match=message):
        ConvolutionalClassifier(**options).fit(*bars)


def test_one_class_is_refused(bars):
    with pytest.raises(ValueError, match="at least two classes, got one class: x"):
        ConvolutionalClassifier().fit(bars[0], ["x"] * 160)
