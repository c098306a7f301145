"""The digits system: answers, evaluation, saving, its card, and what it refuses."""

import dataclasses
import json
import os
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.core import generation
from lookalike.core.card import Card
from lookalike.core.generation import Damaged, load
from lookalike.core.inputs import check_images, check_labels
from lookalike.core.manifest import Manifest
from lookalike.datasets import Images, load_mnist
from lookalike.kernels.linear_map import map_images
from lookalike.search import Collection
from lookalike.search.index import ExactIndex
from lookalike.systems import find_spec, specs
from lookalike.systems.digits import SPEC
from lookalike.systems.digits.system import Digits

LONG = int(os.environ.get("LOOKALIKE_LONG", "1"))

# The embedding


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 9), pixels=st.integers(1, 40))
def test_the_map_equals_its_definition_row_by_row(seed, n, pixels):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 4, (n, pixels)).astype(np.uint8) * 80
    matrix, offset = rng.standard_normal((pixels, 5)), rng.standard_normal(5)
    vectors = np.full((n, 5), np.nan)
    map_images(images, matrix, offset, 0, n, vectors)
    np.testing.assert_allclose(vectors, images @ matrix - offset, rtol=1e-12, atol=1e-9)
    alone = np.full((n, 5), np.nan)
    for row in reversed(range(n)):
        map_images(images, matrix, offset, row, row + 1, alone)
    np.testing.assert_array_equal(alone, vectors)


def test_images_of_another_number_of_pixels_never_reach_the_kernel(system):
    with pytest.raises(ValueError, match="knows images of 784 pixels, got 4"):
        system.describe(np.zeros((1, 2, 2), np.uint8))


# Answers


def test_arrays_and_records_say_the_same(system, data):
    queries = data.x_test[::4]
    answers, hits = system.classify(queries), system.search(queries, k=5)
    records = [each.record() for [each] in system.classify_each(queries)]
    assert [each["label"] for each in records] == answers.labels.tolist()
    shares = [list(each["probabilities"].values()) for each in records]
    assert shares == answers.probabilities.tolist()
    shown = system.search_each(queries, k=5)
    assert [each.ids for each in shown] == [list(map(str, row)) for row in hits.ids]


def test_known_images_are_their_own_nearest_neighbours(system, data):
    hits = system.search(data.x_train[:50], k=3)
    ids, scores = np.stack(hits.ids), np.stack(hits.scores)
    np.testing.assert_array_equal(ids[:, 0], np.arange(50))
    np.testing.assert_allclose(scores[:, 0], 0, atol=1e-6)
    assert (np.diff(scores) <= 0).all()


def test_neighbours_are_those_of_the_vectors(system, data):
    vectors = system.describe(data.x_test[:30]).astype(np.float64)
    squared = (
        (vectors[:, None] - system.items_.base_vectors.astype(np.float64)) ** 2
    ).sum(-1)
    hits = system.search(data.x_test[:30], k=4)
    expected = np.argsort(squared, axis=1, kind="stable")[:, :4]
    np.testing.assert_array_equal(hits.ids, expected)
    nearest = np.sqrt(np.take_along_axis(squared, expected, 1))
    np.testing.assert_allclose(hits.scores, -nearest, rtol=1e-6)


def test_the_label_is_the_vote_of_the_nearest(system, data):
    answers = system.classify(data.x_test)
    near = system.items_.labels(np.stack(system.search(data.x_test, k=3).ids))
    shares = np.stack([(near == label).mean(axis=1) for label in range(10)], axis=1)
    np.testing.assert_allclose(answers.probabilities, shares)
    np.testing.assert_array_equal(answers.labels, shares.argmax(axis=1))


def test_a_tied_vote_goes_to_the_smallest_label(data):
    system = Digits(n_neighbors=10).fit(data)
    answers = system.classify(data.x_test)
    ties = np.sum(answers.probabilities == answers.probabilities.max(1)[:, None], 1) > 1
    assert ties.any()
    first = [np.flatnonzero(row == row.max())[0] for row in answers.probabilities]
    np.testing.assert_array_equal(answers.labels, first)


def test_the_answers_do_not_depend_on_threads(system, data):
    other = Digits(n_jobs=2).fit(data)
    np.testing.assert_array_equal(other.items_.base_vectors, system.items_.base_vectors)
    expected = system.search(data.x_test, k=7)
    found = other.search(data.x_test, k=7)
    np.testing.assert_array_equal(found.ids, expected.ids)
    np.testing.assert_array_equal(found.scores, expected.scores)


def test_renaming_the_labels_renames_the_answers(system, data):
    names = np.array([f"digit {label}" for label in range(10)])
    renamed = dataclasses.replace(
        data, y_train=names[data.y_train], y_test=names[data.y_test]
    )
    answers = Digits().fit(renamed).classify(data.x_test)
    expected = names[system.classify(data.x_test).labels]
    np.testing.assert_array_equal(answers.labels, expected)


def test_pixels_as_whole_numbers_of_another_type_are_the_same_pixels(system, data):
    expected = system.search(data.x_test[:5], k=3)
    found = system.search(data.x_test[:5].astype(np.float64), k=3)
    np.testing.assert_array_equal(found.ids, expected.ids)


def test_an_item_votes_however_few_answers_are_explained(data):
    system, query = Digits(n_neighbors=5).fit(data), data.x_test[0]
    *voting, sixth = map(str, system.search(query[None], k=6).ids[0])
    for k in (1, 4, 6):
        told = [system.explain_item(query, id, k) for id in (*voting, sixth)]
        assert [each["votes"] for each in told] == [True] * 5 + [False]
        assert [each["rank"] for each in told] == [*range(1, k + 1), *[None] * (6 - k)]
        assert len(told[0]["evidence"]) == k
    with pytest.raises(ValueError, match="k must be a whole number of at least 1"):
        system.explain_item(query, voting[0], 0)


@pytest.mark.parametrize("n_neighbors", [3, 12])
def test_an_explanation_describes_the_image_once(data, n_neighbors, monkeypatch):
    system, query = Digits(n_neighbors=n_neighbors).fit(data), data.x_test[0]
    [[answer]] = system.classify_each([query])
    describe, described = system.describe, []
    monkeypatch.setattr(
        system, "describe", lambda x: described.append(x) or describe(x)
    )
    found = system.explain(query)
    assert len(described) == 1
    assert found.answer == answer.record()
    assert len(found.reasons) == 10
    voting = [each for each in found.reasons if each.startswith("votes")]
    assert len(voting) == min(n_neighbors, 10)


# Evaluation


def test_the_metrics_are_those_of_the_answers(system, data, result):
    answers = system.classify(data.x_test).labels
    np.testing.assert_array_equal(result.details["predicted"], answers)
    accuracy = np.mean(answers == data.y_test)
    assert result.metrics["accuracy"].value == pytest.approx(accuracy)
    near = system.items_.labels(np.stack(system.search(data.x_test, k=10).ids))
    precision = np.mean(near == data.y_test[:, None])
    assert result.metrics["precision_at_10"].value == pytest.approx(precision)
    for estimate in result.metrics.values():
        assert estimate.low <= estimate.value <= estimate.high


def test_the_comparison_is_with_the_raw_pixels(data, result):
    flat = [x.reshape(len(x), -1).astype(int) for x in (data.x_test, data.x_train)]
    squared = ((flat[0][:, None] - flat[1]) ** 2).sum(-1)
    near = data.y_train[np.argsort(squared, axis=1, kind="stable")[:, :3]]
    votes = [np.bincount(row, minlength=10).argmax() for row in near]
    raw = np.mean(votes == data.y_test)
    assert result.metrics["accuracy_of_raw_pixels"].value == pytest.approx(raw)
    gain = result.metrics["accuracy"].value - raw
    assert result.metrics["gain_over_raw_pixels"].value == pytest.approx(gain)
    assert result.comparisons["raw pixels"].test == "exact McNemar"


def test_progress_is_told_and_grows(data):
    told = []
    system = Digits().fit(data, lambda what, share: told.append(share))
    SPEC.evaluate(system, data, lambda what, share: told.append(share + 1))
    assert told == sorted(told)
    assert told[-1] == 2


def test_few_known_images_are_enough_to_answer(data):
    few = dataclasses.replace(
        data, x_train=data.x_train[::40], y_train=data.y_train[::40]
    )
    system = Digits().fit(few)
    found = SPEC.evaluate(system, data)
    assert len(few.x_train) == 20
    assert found.metrics["accuracy"].value > 0.2


# Saved and loaded


def test_text_labels_are_saved_without_pickle(data, tmp_path):
    names = np.array([f"digit {label}" for label in range(10)])
    renamed = dataclasses.replace(data, y_train=names[data.y_train])
    Digits().fit(renamed).save(tmp_path / "0001")
    answers = Digits.load(tmp_path / "0001").classify(data.x_test[:1])
    assert answers.labels[0].startswith("digit ")


def test_the_generation_says_what_it_is(system, saved, result):
    about = json.loads((saved / "system.json").read_text())
    assert about["name"] == "digits"
    assert about["data"]["name"] == "digits_sample"
    assert about["data"]["checksum"].startswith("1f75c140")
    assert about["embedding_version"] == system.embedding_version
    assert about["configuration"]["n_neighbors"] == 3
    value = result.metrics["accuracy"].value
    assert about["metrics"]["accuracy"]["value"] == pytest.approx(value)


def test_another_embedding_has_another_version(system, data):
    half = {n: getattr(data, n)[::2] for n in ("x_train", "y_train")}
    other = Digits().fit(dataclasses.replace(data, **half))
    versions = (s.embedding_version for s in (system, other))
    assert len(set(versions)) == 2


def test_a_generation_without_its_parts_is_refused(saved, tmp_path):
    found = load(saved, "digits")
    about = {k: found.about[k] for k in Manifest.of(found.about).document()}
    arrays = found.arrays
    few = {name: arrays[name] for name in ("images", "labels")}
    broken = {
        "few": few,
        "labels": {**arrays, "labels": arrays["labels"][:-1]},
        "offset": {**arrays, "embedding_offset": np.zeros(3)},
        "matrix": {**arrays, "embedding_matrix": np.zeros((900, 60))},
        "images": {**arrays, "images": np.zeros((800, 20, 20), np.uint8)},
    }
    for name, kept in broken.items():
        generation.save(tmp_path / name, "digits", kept, about)
        with pytest.raises(Damaged, match="holds no system of digits"):
            Digits.load(tmp_path / name)
    with pytest.raises(Damaged, match="do not belong together"):
        Digits.load(tmp_path / "labels")
    magic = {**about, "configuration": {"embedding": "magic"}}
    generation.save(tmp_path / "magic", "digits", arrays, magic)
    with pytest.raises(Damaged, match="holds no system of digits"):
        Digits.load(tmp_path / "magic")


def test_the_saved_index_is_mapped_and_not_fitted_anew(saved, monkeypatch):
    def fit(*args, **options):
        raise AssertionError("an index is fitted")

    monkeypatch.setattr(ExactIndex, "__init__", fit)
    monkeypatch.setattr(Collection, "rebuild", fit)
    loaded = Digits.load(saved)
    monkeypatch.undo()
    assert len(loaded.items_) == 800
    assert isinstance(loaded.items_.base_vectors.base, np.memmap)


# The convolutional embedding


@pytest.fixture(scope="module")
def conv(data):
    pytest.importorskip("torch")
    return Digits("conv", n_jobs=1).fit(data)


def test_a_convolutional_system_answers_and_is_saved(conv, data, tmp_path):
    found = SPEC.evaluate(conv, data)
    assert found.metrics["accuracy"].value > 0.9
    conv.save(tmp_path / "0001")
    loaded = Digits.load(tmp_path / "0001", n_jobs=1)
    expected, again = (s.search(data.x_test, k=4) for s in (conv, loaded))
    np.testing.assert_array_equal(again.ids, expected.ids)
    np.testing.assert_array_equal(again.scores, expected.scores)
    assert "Four convolutions" in SPEC.build_card(conv).markdown()


def test_a_convolutional_batch_answers_like_its_queries_one_by_one(conv, data):
    queries = data.x_test[::20]
    hits = conv.search(queries, k=5)
    for row, query in enumerate(queries):
        alone = conv.search(query[None], k=5)
        np.testing.assert_array_equal(hits.ids[row], alone.ids[0])
        np.testing.assert_array_equal(hits.scores[row], alone.scores[0])


def test_without_torch_the_error_is_the_line_that_installs_it(data, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "lookalike.learn.conv_embedding", raising=False)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'lookalike\[deep\]'"):
        Digits("conv").fit(data)


# What is refused


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (np.zeros((2, 30, 30), np.uint8), "must be 28 by 28 .* got 30 by 30"),
        (np.zeros((28, 28), np.uint8), r"got shape \(28, 28\)"),
        (np.zeros((1, 28, 28, 3), np.uint8), r"got shape \(1, 28, 28, 3\)"),
        (np.zeros((0, 28, 28), np.uint8), r"got shape \(0, 28, 28\)"),
        (np.full((1, 28, 28), np.nan), "finite, got NaN"),
        (np.full((1, 28, 28), np.inf), "finite, got NaN or infinity"),
        (np.full((1, 28, 28), 0.5), "whole numbers from 0 to 255, got values from 0.5"),
        (np.full((1, 28, 28), 256), "from 256 to 256"),
        (np.full((1, 28, 28), -1), "from -1 to -1"),
        (np.full((1, 28, 28), "x"), "must be numbers"),
    ],
)
def test_images_that_cannot_be_answered_are_refused(system, images, said):
    for verb in (system.classify, system.search):
        with pytest.raises(ValueError, match=said):
            verb(images)


def test_more_than_there_are_gives_as_many_as_there_are(system, data):
    hits = system.search(data.x_test[:2], k=801)
    assert [len(ids) for ids in hits.ids] == [800, 800]
    with pytest.raises(ValueError, match="k must be a whole number of at least 1"):
        system.search(data.x_test[:1], k=0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"y_train": np.zeros(5, int)}, "800 images need as many labels, got 5"),
        ({"y_train": np.zeros(800)}, "whole number or text"),
        ({"y_train": np.full(800, np.nan)}, "whole number or text"),
        ({"y_train": np.zeros((800, 1), int)}, r"got shape \(800, 1\)"),
        ({"y_train": np.full(800, 7)}, "at least two classes .* got only 7"),
        ({"x_train": np.full((800, 28, 28), np.nan)}, "finite, got NaN"),
        ({"x_train": np.zeros((0, 28, 28), np.uint8)}, r"got shape \(0, 28, 28\)"),
    ],
)
def test_data_that_cannot_be_learned_from_is_refused(data, change, said):
    with pytest.raises(ValueError, match=said):
        Digits().fit(dataclasses.replace(data, **change))


def test_test_images_and_labels_must_belong_together(system, data):
    with pytest.raises(ValueError, match="200 images need as many"):
        SPEC.evaluate(system, dataclasses.replace(data, y_test=data.y_test[:7]))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"embedding": "magic"}, "embedding must be one of linear"),
        ({"n_neighbors": 0}, "n_neighbors must be a whole number of at least 1, got 0"),
        (
            {"n_neighbors": 2.0},
            "n_neighbors must be a whole number of at least 1, got 2.0",
        ),
        ({"n_neighbors": 801}, "n_neighbors=801 exceeds the 800 images"),
    ],
)
def test_options_that_mean_nothing_are_refused(data, options, said):
    with pytest.raises(ValueError, match=said):
        Digits(**options).fit(data)


def test_the_checks_keep_what_is_right():
    images = np.zeros((2, 3, 4), np.uint8)
    assert check_images(images) is images
    assert check_labels([True, False], 2).tolist() == [True, False]


# The card


def test_a_card_needs_all_its_steps():
    with pytest.raises(ValueError, match="must have the steps Problem"):
        Card("x", {"Problem": ()})


def test_systems_are_found_by_name():
    assert find_spec("digits").system_class is Digits
    assert all(spec.system_class.name == name for name, spec in specs().items())
    with pytest.raises(ValueError, match=r"must be one of .*digits.*, got 'smells'"):
        find_spec("smells")


# Full size


@pytest.mark.full
@pytest.mark.full
@pytest.mark.skipif(
    not os.environ.get("LOOKALIKE_DATA"), reason="LOOKALIKE_DATA is not set"
)
def test_on_mnist_the_shipped_map_is_better_than_raw_pixels():
    mnist: Images = load_mnist()
    raw, expected = 0.9705, 0.978
    if LONG == 1:  # a sixth of it is learned from, unless there is time for all
        raw, expected = 0.92475, 0.945
        few = {name: getattr(mnist, name)[:10_000] for name in ("x_train", "y_train")}
        few |= {name: getattr(mnist, name)[:4_000] for name in ("x_test", "y_test")}
        mnist = dataclasses.replace(mnist, **few)
    found = SPEC.evaluate(Digits(n_jobs=-1).fit(mnist), mnist)
    assert found.metrics["accuracy_of_raw_pixels"].value == raw
    assert found.metrics["accuracy"].value >= expected
    assert found.comparisons["raw pixels"].p_value < 1e-6
