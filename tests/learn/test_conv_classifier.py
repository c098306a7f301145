"""The convolutional classifier: conventions, batches, saving, and what it refuses."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from lookalike.learn import conv_classifier  # noqa: E402
from lookalike.learn.conv_classifier import (  # noqa: E402
    ConvolutionalClassifier,
    augment,
    network,
)
from lookalike.learn.conv_embedding import ConvolutionalEmbedding  # noqa: E402

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


def test_scores_are_the_mean_over_an_image_and_its_mirror_image_where_asked(
    model, bars
):
    arrays = model.arrays()
    assert arrays["preprocessing"][-1] == 1
    one_way = {**arrays, "preprocessing": arrays["preprocessing"] * [1, 1, 1, 1, 0]}
    straight = ConvolutionalClassifier.from_arrays(one_way)
    images = bars[0][:9].reshape(-1, 12, 12)
    flipped = np.ascontiguousarray(images[:, :, ::-1]).reshape(9, -1)
    both = (straight.scores(bars[0][:9]) + straight.scores(flipped)) / 2
    np.testing.assert_allclose(model.scores(bars[0][:9]), both, atol=1e-5)
    learned = ConvolutionalClassifier(max_iter=1, mirror=False, n_jobs=1, **TINY)
    assert learned.fit(*bars).arrays()["preprocessing"][-1] == 0
    assert not np.allclose(straight.scores(flipped), straight.scores(bars[0][:9]))


def test_smoothed_labels_are_learned_as_such(model, bars):
    """Of two classes, the right one has the share 1 - smoothing / 2 of the label."""
    smooth = ConvolutionalClassifier(max_iter=6, smoothing=0.8, n_jobs=1, **TINY)
    for each, share in ((model, 0.95), (smooth.fit(*bars), 0.6)):
        sure = np.median(each.predict_proba(bars[0]).max(axis=1))
        assert sure == pytest.approx(share, abs=0.05)


def test_weights_decay_by_alpha(bars):
    sizes = []
    for alpha in (0.0, 0.3):
        model = ConvolutionalClassifier(max_iter=3, alpha=alpha, n_jobs=1, **TINY)
        weights = model.fit(*bars).arrays().values()
        sizes.append(sum((w**2).sum() for w in weights if np.ndim(w) == 4))
    assert sizes[1] < 0.2 * sizes[0]


@pytest.mark.parametrize("kind", ["classifier", "embedding"])
def test_a_shape_that_is_said_a_callback_and_the_rate_reach_the_training(kind, bars):
    def fitted(**options):
        if kind == "embedding":
            return ConvolutionalEmbedding(4, (4, 4, 8), max_iter=1, **fixed | options)
        return ConvolutionalClassifier((4, 8), max_iter=1, shift=1, **fixed | options)

    def weights(**options):
        arrays = fitted(**options).fit(*bars).arrays().values()
        return np.concatenate([a.ravel() for a in arrays if np.ndim(a) == 4])

    shares = []
    fixed = {"batch_size": 40, "random_state": 0, "n_jobs": 1}
    plain = weights(callback=shares.append)
    assert shares == [0.25, 0.5, 0.75, 1.0]
    np.testing.assert_array_equal(weights(image_shape=(12, 12)), plain)
    assert fitted(image_shape=(9, 16)).fit(*bars).image_shape_ == (9, 16)
    still, too = (weights(learning_rate=rate) for rate in (1e-9, 2e-9))
    np.testing.assert_allclose(still, too, atol=1e-6)
    assert np.abs(plain - still).max() > 1e-3
    assert (weights(alpha=0.9) ** 2).sum() < (plain**2).sum()


@pytest.mark.parametrize("crop", [2, 6])
def test_training_sees_pieces_that_are_smaller_by_the_crop(crop, bars, monkeypatch):
    seen = []

    def noted(images, *options):
        pieces = augment(images, *options)
        seen.append(pieces.shape[2:])
        return pieces

    monkeypatch.setattr(conv_classifier, "augment", noted)
    options = {**TINY, "crop": crop, "max_iter": 1, "n_jobs": 1}
    ConvolutionalClassifier(**options).fit(*bars)
    assert set(seen) == {(12 - crop, 12 - crop)}


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
