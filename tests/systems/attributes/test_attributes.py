"""The attributes system: composed against flat, saved, and what it refuses."""

import dataclasses

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.core import generation
from lookalike.core.generation import Damaged
from lookalike.core.manifest import Manifest
from lookalike.datasets import load_digits_sample
from lookalike.datasets.strokes import with_strokes
from lookalike.systems.attributes import SPEC
from lookalike.systems.attributes.classifiers import block_means, flat_classifier
from lookalike.systems.attributes.system import Attributes


def evaluated(data, **options):
    return SPEC.evaluate(Attributes(**options).fit(data), data)


def test_strokes_are_labelled_by_the_training_images_alone(data):
    sample = load_digits_sample()
    blank = dataclasses.replace(sample, x_test=sample.x_test[::-1])
    other = with_strokes(blank)
    np.testing.assert_array_equal(other.y_train, data.y_train)
    counts = np.unique(data.y_train, return_counts=True)[1]
    assert counts.min() > 0.28 * 400
    assert set(data.y_train) == {"3, thin", "3, thick", "8, thin", "8, thick"}


def test_one_combination_has_one_training_image(system):
    labels, counts = np.unique(system.labels_, return_counts=True)
    assert dict(zip(labels, counts, strict=True)) == {
        "3, thick": 4,
        "3, thin": 1,
        "8, thick": 4,
        "8, thin": 4,
    }


def test_what_is_learned_does_not_depend_on_the_test_images(system, data):
    noise = np.random.default_rng(0).integers(0, 255, data.x_test.shape)
    other = dataclasses.replace(data, x_test=noise.astype(np.uint8))
    again = Attributes(n_draws=40).fit(other)
    np.testing.assert_array_equal(again.images_, system.images_)
    expected, found = (s.classify(data.x_test).probabilities for s in (system, again))
    np.testing.assert_array_equal(found, expected)


def test_composed_finds_more_of_the_rare_combination_than_flat(result):
    metrics = {name: m.value for name, m in result.metrics.items()}
    assert metrics["recall_of_3_thin_composed"] > metrics["recall_of_3_thin_flat"]
    assert result.comparisons["flat, recall of the rare 3, thin"].p_value < 0.01
    for estimate in result.metrics.values():
        assert estimate.low <= estimate.value <= estimate.high


def test_the_unit_of_chance_is_the_draw_and_draws_differ(data):
    measured = [evaluated(data, n_draws=n) for n in (1, 2)]
    one, two = (m.metrics["recall_of_3_thin_composed"].value for m in measured)
    second = evaluated(data, n_draws=1, random_state=1)
    mean = (one + second.metrics["recall_of_3_thin_composed"].value) / 2
    assert two == pytest.approx(mean)
    assert two != one


def test_the_comparison_is_of_the_recall_of_the_rare_combination(data):
    measured = evaluated(data, n_draws=5, rare="8, thick")
    values = {name: m.value for name, m in measured.metrics.items()}
    expected = values["recall_of_8_thick_composed"] - values["recall_of_8_thick_flat"]
    test = measured.comparisons["flat, recall of the rare 8, thick"]
    assert test.difference.value == pytest.approx(expected)


def test_a_recall_is_the_share_of_its_images(system, data):
    once = evaluated(data, n_draws=1)
    labels = system.classify(data.x_test).labels
    rows = data.y_test == "8, thin"
    value = once.metrics["recall_of_8_thin_composed"].value
    assert value == pytest.approx(np.mean(labels[rows] == "8, thin"))


def test_features_are_means_of_blocks():
    images = np.random.default_rng(0).integers(0, 255, (2, 28, 28)).astype(np.uint8)
    found = block_means(images)
    assert found.shape == (2, 49)
    assert found[1, 8] == pytest.approx(images[1, 4:8, 4:8].mean() / 255)


def test_a_generation_whose_parts_do_not_fit_is_damaged(system, saved, tmp_path):
    document = Manifest.of(generation.load(saved, "attributes").about).document()
    arrays = {"images": system.images_, "labels": system.labels_[:-1]}
    generation.save(tmp_path / "2", "attributes", arrays, document)
    with pytest.raises(Damaged, match="holds no system of attributes"):
        Attributes.load(tmp_path / "2")


def test_the_data_are_found_by_the_name_of_the_digits_and_by_their_own(data):
    for name in ("digits_sample", "strokes_of_digits_sample"):
        found = SPEC.find_data(name)
        assert found.name == data.name == "strokes_of_digits_sample"
        np.testing.assert_array_equal(found.y_train, data.y_train)
    with pytest.raises(ValueError, match=r"must be one of mnist, digits_sample, .*'x'"):
        SPEC.find_data("x")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"n_common": 0}, "n_common must be a whole number of at least 1, got 0"),
        ({"rare": "9, thin"}, "rare must be one of 3, thick; .* got '9, thin'"),
        ({"n_common": 500}, "At least 500 images of 3, thick are needed"),
    ],
)
def test_options_that_mean_nothing_are_refused(data, options, said):
    with pytest.raises(ValueError, match=said):
        Attributes(**options).fit(data)


def test_without_a_digit_there_are_no_strokes():
    sample = load_digits_sample()
    none = dataclasses.replace(sample, y_train=np.zeros_like(sample.y_train))
    with pytest.raises(ValueError, match="There is no 3 among"):
        with_strokes(none)


def test_a_picture_is_answered_and_explained(system, data, tmp_path):
    folder = system.save(tmp_path / "0001")
    Image.fromarray(255 - np.kron(data.x_test[0], np.ones((3, 3), np.uint8))).save(
        tmp_path / "three.png"
    )
    words = [tmp_path / "three.png", "--system", "attributes", "--folder", folder]
    found = CliRunner().invoke(app, ["explain", *map(str, words)])
    assert found.exit_code == 0, found.output
    assert "3 rather than 8: probability" in found.stdout
    assert "a flat classifier of the combinations says 3" in found.stdout


def test_the_flat_classifier_speaks_for_itself_where_it_disagrees(system, data):
    composed = system.classify(data.x_test).labels
    flat = flat_classifier().fit(block_means(system.images_), system.labels_)
    flat = flat.predict(block_means(data.x_test))
    row = int(np.flatnonzero(composed != flat)[0])
    reasons = system.explain(data.x_test[row]).reasons
    assert reasons[-1].endswith(f"says {flat[row]}")
