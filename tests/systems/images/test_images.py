"""Image search: answers, funnel, saved, explained, and by the command."""

import json
import time
from dataclasses import dataclass, replace

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.core import generation
from lookalike.core.generation import Damaged
from lookalike.datasets import Images
from lookalike.rank.clicks import Impressions
from lookalike.search.vector_index import VectorIndex
from lookalike.systems.images import SPEC
from lookalike.systems.images.catalogue import GenerationCatalogue
from lookalike.systems.images.encoders.base import ENCODERS, PixelEncoder, version_of
from lookalike.systems.images.ranking import CatalogueMetadata, Rules, ranked
from lookalike.systems.images.system import ImageSearch


@pytest.fixture(scope="module")
def pixels(data):
    return ImageSearch("pixels").fit(data)


def rows(system, images, k):
    """What each image finds: rows of the catalogue."""
    return np.stack(system.search(list(images), k).ids)


@dataclass(frozen=True)
class Marked(GenerationCatalogue):
    """A catalogue some of whose images are hidden: why, or "" to show."""

    marks: np.ndarray

    @property
    def metadata(self):
        return replace(super().metadata, marks=self.marks)


@dataclass(frozen=True)
class Dated(GenerationCatalogue):
    """A catalogue that knows when each image came, in microseconds since 1970."""

    added: np.ndarray

    @property
    def metadata(self):
        return replace(super().metadata, added=self.added)


def hiding(system, marks):
    known = system.trained_
    return system.with_catalogue(
        Marked(known.vectors, known.images, known.labels, known.index, marks)
    )


def colour(image):
    return np.stack([image] * 3, axis=2)


# The system


def test_an_image_of_the_catalogue_finds_itself(system, data):
    hits = system.search(list(data.x_train[:20]), k=1)
    np.testing.assert_array_equal(np.ravel(hits.ids), np.arange(20))
    np.testing.assert_allclose(np.ravel(hits.scores), 1.0, atol=1e-6)


def test_best_first_and_the_metric_encoder_beats_pixels(system, result, data):
    ours = result.metrics
    assert ours["precision_at_10"].value > ours["pixels_precision_at_10"].value
    assert ours["average_precision"].value > ours["pixels_average_precision"].value
    for scores in system.search(list(data.x_test[:5]), k=30).scores:
        assert (np.diff(scores) <= 0).all()


def test_an_encoder_is_measured_on_images_that_it_has_not_learned_from(pixels, data):
    few = replace(data, x_train=data.x_train[::2], y_train=data.y_train[::2])
    other = ImageSearch("pixels").fit(few)
    with pytest.raises(ValueError, match="The catalogue holds 250 items, some digits"):
        SPEC.evaluate(other, data)
    searching = other.with_catalogue(pixels.catalogue_)  # as one of a folder
    found, expected = (SPEC.evaluate(each, data) for each in (searching, pixels))
    assert found.metrics == expected.metrics
    upside_down = replace(data, x_train=data.x_train[:, ::-1])  # as many of them
    with pytest.raises(ValueError, match="they are not the same: train on the data"):
        SPEC.evaluate(pixels, upside_down)


def test_further_candidates_are_taken_until_k_are_left(pixels, data):
    """Ten images that are hidden from some queries' candidates, and from others not."""
    near = rows(pixels, data.x_test[:1], 10)[0]
    marks = np.full(len(data.x_train), "", "U7")
    marks[near] = "blocked"
    few = hiding(ImageSearch("pixels", n_candidates=12).fit(data), marks)
    alone = [few.search_each([image], 12)[0] for image in data.x_test[:6]]
    assert [len(answer.ids) for answer in alone] == [12] * 6
    many = hiding(pixels, marks)  # whose first candidates are enough
    assert [many.search_each([i], 12)[0].ids for i in data.x_test[:6]] == [
        answer.ids for answer in alone
    ]
    assert few.search_each(list(data.x_test[:6]), 12) == alone


def test_an_answer_names_what_a_log_does_and_what_the_rules_did(system, data):
    [answer] = system.search_each([data.x_test[3]], k=4)
    [slate] = system.rank(system.embed([data.x_test[3]]), k=4)
    assert answer.ids == [str(row) for row in slate.items]
    assert answer.labels == [str(label) for label in data.y_train[slate.items]]
    assert answer.columns["similarity"] == slate.columns["similarity"].tolist()
    assert answer.columns["rules"] == [[]] * 4
    np.testing.assert_array_equal(answer.vector, system.embed([data.x_test[3]])[0])
    with pytest.raises(ValueError, match="Images have no attributes: where must be"):
        system.search_each([data.x_test[3]], where={"colour": ["red"]})


def test_an_upload_has_the_vector_of_the_array_it_was_made_from(system, data, tmp_path):
    """Training, indexing and serving: one preparation, to the bit."""
    file = tmp_path / "query.png"
    for image in data.x_train[:5]:
        Image.fromarray(image).save(file)
        trained = system.encoder_.transform(image[None])
        inputs = SPEC.decoder()
        [read] = inputs.read([file])[1]
        served = system.embed([read])
        upload = system.check_query(inputs.decode(file.read_bytes()))
        np.testing.assert_array_equal(trained, served)
        np.testing.assert_array_equal(upload, image)
        np.testing.assert_array_equal(
            upload, system.encoder_.preparation.read(file.read_bytes())
        )
        np.testing.assert_array_equal(system.embed([colour(image)]), trained)


def test_what_is_saved_is_read_without_building_an_index(saved, monkeypatch):
    monkeypatch.setattr(VectorIndex, "__init__", None)
    assert ImageSearch.load(saved).catalogue_.index is not None


def test_a_generation_whose_parts_do_not_fit_is_refused(system, tmp_path):
    system.save(tmp_path / "0001")
    found = generation.load(tmp_path / "0001", "images")
    arrays = dict(found.arrays)
    arrays["labels"] = arrays["labels"][:-1]
    about = {k: v for k, v in found.about.items() if k not in ("files", "checksum")}
    generation.save(tmp_path / "0002", "images", arrays, about)
    with pytest.raises(Damaged, match="vectors, images and labels do not fit"):
        ImageSearch.load(tmp_path / "0002")


@pytest.mark.parametrize("name", ["mean", "matrix"])
def test_an_encoder_whose_mean_or_matrix_is_of_other_features_is_refused(system, name):
    arrays = system.encoder_.arrays()
    arrays[name] = arrays[name][:-1]
    with pytest.raises(ValueError, match="do not belong together"):
        type(system.encoder_).from_arrays(arrays, system.encoder_.preparation)


def test_another_version_of_the_code_is_refused_in_a_sentence(
    system, tmp_path, monkeypatch
):
    system.save(tmp_path / "0001")
    monkeypatch.setattr("lookalike.systems.images.encoders.base.CODE", 99)
    with pytest.raises(ValueError, match="another version of the encoder's code"):
        ImageSearch.load(tmp_path / "0001")


def test_the_version_covers_weights_preparation_and_code(system, monkeypatch):
    encoder = system.encoder_
    versions = {version_of(encoder)}
    arrays, form = encoder.arrays(), encoder.preparation
    other = {**arrays, "matrix": arrays["matrix"] * np.float32(1.5)}
    versions.add(version_of(type(encoder).from_arrays(other, form)))
    narrow = PixelEncoder(type(form)(28, 28))
    versions |= {version_of(narrow), version_of(PixelEncoder(type(form)(28, 27)))}
    monkeypatch.setattr("lookalike.features.preparation.CODE", 99)
    versions.add(version_of(encoder))
    monkeypatch.setattr("lookalike.systems.images.encoders.base.CODE", 99)
    versions.add(version_of(encoder))
    assert len(versions) == 6


def test_what_is_hidden_does_not_appear_and_explain_says_why(data):
    system = ImageSearch("pixels").fit(data)
    first = rows(system, data.x_test[:1], 3)[0]
    marks = np.full(len(data.x_train), "", dtype="U10")
    marks[first[0]], marks[first[1]] = "blocked", "private"
    some = hiding(system, marks)
    assert rows(some, data.x_test[:1], 1)[0, 0] == first[2]
    assert rows(system, data.x_test[:1], 1)[0, 0] == first[0]
    reasons = some.explain(data.x_test[0]).reasons
    assert any("left out: blocked" in each for each in reasons)
    assert any("left out: private" in each for each in reasons)


def test_the_same_picture_twice_is_shown_once(data):
    twice = Images(
        "twice",
        "",
        np.concatenate([data.x_train, data.x_train[:50]]),
        np.concatenate([data.y_train, data.y_train[:50]]),
        data.x_test,
        data.y_test,
    )
    system = ImageSearch("pixels").fit(twice)
    once = ImageSearch("pixels").fit(data)
    ours, theirs = (rows(s, data.x_train[:50], 5) for s in (system, once))
    np.testing.assert_array_equal(ours, theirs)
    reasons = system.explain(data.x_train[3]).reasons
    assert any("looks the same as item 3 (" in each for each in reasons)


def test_images_that_look_the_same_are_all_shown_where_that_is_asked_for(data):
    twice = replace(data, x_train=np.repeat(data.x_train[:6], 3, axis=0))
    twice = replace(twice, y_train=np.repeat(data.y_train[:6], 3))
    system = ImageSearch("pixels", duplicates=True).fit(twice)
    assert set(rows(system, data.x_train[:1], 3)[0]) == {0, 1, 2}
    assert len(system.search([data.x_train[0]], k=18).ids[0]) == 18


@pytest.mark.parametrize("level", [0, 90, 255])
def test_a_blank_picture_is_no_query(pixels, level):
    for picture in (
        np.full((40, 50), level, np.uint8),
        np.full((9, 9, 3), level, "u1"),
    ):
        with pytest.raises(ValueError, match="There is not anything on the picture"):
            pixels.check_query(picture)


def test_what_came_lately_gains_half_as_much_after_each_half_life():
    day = 86_400_000_000
    vectors, rows = np.eye(4, dtype=np.float32), np.arange(4)
    added = np.array([0, 90, 97, 100]) * day
    stock = CatalogueMetadata(vectors, rows, np.full(4, ""), added)
    rules = Rules(freshness=0.2, half_life=3.0)
    similarity = np.array([0.9, 0.85, 0.84, 0.6])
    found = ranked(rows, similarity, 4, stock, rules, now=100 * day)
    gains = 0.2 * 0.5 ** (np.array([100, 10, 3, 0]) / 3)
    assert found.items.tolist() == [2, 0, 1, 3]
    np.testing.assert_allclose(found.scores, (similarity + gains)[found.items])
    assert found.item_notes[2] == ("freshness: +0.100",)
    plain = ranked(rows, similarity, 4, stock, Rules(), now=100 * day)
    assert plain.items.tolist() == [0, 1, 2, 3]
    assert plain.item_notes == {}


@pytest.mark.parametrize("freshness", [0.0, 1.5])
def test_what_came_just_now_stands_first_where_freshness_outweighs_likeness(
    data, freshness
):
    system = ImageSearch("pixels", freshness=freshness).fit(data)
    added, known = np.zeros(len(data.x_train), np.int64), system.trained_
    [near] = rows(system, data.x_test[:1], 50)
    added[near[-1]] = time.time_ns() // 1000
    dated = Dated(known.vectors, known.images, known.labels, known.index, added)
    [found] = rows(system.with_catalogue(dated), data.x_test[:1], 10)
    expected = [near[-1], *near[:9]] if freshness else near[:10]
    np.testing.assert_array_equal(found, expected)


def test_less_relevance_makes_the_answers_more_unlike_each_other(data):
    spread = []
    for relevance in (1.0, 0.5, 0.2):
        system = ImageSearch("pixels", relevance=relevance).fit(data)
        v = system.trained_.vectors[rows(system, data.x_test[:20], 10)]
        spread.append(float((v @ v.transpose(0, 2, 1)).mean()))
    assert spread[0] > spread[1] > spread[2]
    reasons = system.explain(data.x_test[0]).reasons
    assert any("diversity: from position" in each for each in reasons)


def test_an_index_within_little_memory_finds_nearly_the_same(pixels, data):
    small = ImageSearch("pixels", memory=2_000_000).fit(data)
    assert "codes of" in small.manifest_.facts["index"]["method"]
    assert small.manifest_.facts["index"]["bytes"] <= 2_000_000
    ours, theirs = (rows(s, data.x_test, 10) for s in (small, pixels))
    shared = [len(set(a) & set(b)) / 10 for a, b in zip(ours, theirs, strict=True)]
    assert np.mean(shared) > 0.95
    with pytest.raises(ValueError, match=r"need at least 803,\d+ bytes, got memory"):
        ImageSearch("pixels", memory=1000).fit(data)


def test_an_index_of_a_least_recall_says_what_it_reached(pixels, data):
    system = ImageSearch("pixels", recall=0.8).fit(data)
    assert system.manifest_.facts["index"]["recall"] == 1.0  # so few are all compared
    assert "recall" not in pixels.manifest_.facts["index"]
    ours, theirs = (rows(s, data.x_test[:20], 10) for s in (system, pixels))
    np.testing.assert_array_equal(ours, theirs)


def test_clicks_move_an_item_up_and_are_saved(data, tmp_path):
    system = ImageSearch("pixels").fit(data)
    rng = np.random.default_rng(0)
    n, loved = 4000, int(rows(system, data.x_test[:1], 5)[0, 4])
    items = rng.integers(0, len(data.x_train), (n, 5))
    items[:, 2] = loved
    position = np.argsort(rng.random((n, 5)), axis=1)
    seen = rng.random((n, 5)) < 1 / (1 + position)
    clicked = seen & (rng.random((n, 5)) < np.where(items == loved, 0.9, 0.1))
    shown = Impressions(
        np.repeat(np.arange(n), 5),
        items.ravel(),
        position.ravel(),
        clicked.ravel(),
        np.ones(5 * n, bool),
    )
    system.learn_clicks(rng.uniform(0.5, 1, 5 * n), shown)
    assert rows(system, data.x_test[:1], 5)[0, 0] == loved
    assert "clicks: " in system.explain(data.x_test[0]).reasons[0]
    system.save(tmp_path / "0001")
    again = ImageSearch.load(tmp_path / "0001")
    assert rows(again, data.x_test[:1], 5)[0, 0] == loved


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"encoder": "eyes"}, "encoder must be one of linear, contrastive, labels"),
        ({"encoder": "onnx"}, "encoder='onnx' needs model"),
        (
            {"n_candidates": 0},
            "n_candidates must be a whole number of at least 1, got 0",
        ),
        ({"recall": 0}, "recall must be above 0 and at most 1, got 0"),
        ({"relevance": 2}, r"relevance must be in \[0, 1\], got 2"),
        ({"freshness": -1}, "freshness must not be negative"),
        ({"encoder": "labels", "passes": 0}, "passes must be a whole number of at"),
        (
            {"passes": 3},
            "passes is an option of the encoder contrastive or labels, got",
        ),
        (
            {"encoder": "pixels", "checkpoint": "here"},
            "checkpoint is an option of the encoder contrastive or labels, got encoder",
        ),
        ({"model": "x.onnx"}, "model is an option of the encoder onnx, got encoder='l"),
    ],
)
def test_parameters_out_of_range_are_refused(options, sentence, data):
    with pytest.raises(ValueError, match=sentence):
        ImageSearch(**options).fit(data)


def test_k_above_what_is_left_answers_with_what_is_left(data):
    twice = replace(data, x_train=np.repeat(data.x_train[:6], [1, 1, 1, 1, 2, 3], 0))
    twice = replace(twice, y_train=data.y_train[: len(twice.x_train)])
    system = ImageSearch("pixels", n_candidates=2).fit(twice)
    images = [data.x_train[0], data.x_train[5]]
    together = system.search(images, k=5)
    for image, (ids, scores) in zip(images, together, strict=True):
        alone = system.search([image], k=5)
        np.testing.assert_array_equal(alone.ids[0], ids)
        np.testing.assert_array_equal(alone.scores[0], scores)
    # The copies of an image are shown once, and others take their places.
    assert [len(ids) for ids in together.ids] == [5, 5]
    assert [len(ids) for ids in system.search(images, k=1000).ids] == [6, 6]


def test_more_than_there_is_gives_all_there_is(pixels, data):
    n_pictures = len({image.tobytes() for image in data.x_train})
    [answer] = pixels.search_each([data.x_test[0]], k=501)
    assert len(set(answer.ids)) == len(answer.ids) == n_pictures


@pytest.mark.parametrize(
    "image",
    [np.zeros((3, 3)), np.zeros((0, 4), np.uint8), np.zeros((4, 4, 2), np.uint8)],
)
def test_what_is_no_image_is_refused(image, pixels):
    for refuse in (lambda: pixels.search([image]), lambda: pixels.check_query(image)):
        with pytest.raises(ValueError, match="An image"):
            refuse()


@pytest.mark.parametrize("encoder", ["contrastive", "labels"])
def test_networks_are_trained_saved_and_loaded(encoder, data, tmp_path, monkeypatch):
    pytest.importorskip("torch")
    few = {"channels": (4, 8), "max_iter": 2, "batch_size": 32}
    monkeypatch.setattr(ENCODERS[encoder], "settings", few)
    checkpoint = tmp_path / "training.npz"
    system = ImageSearch(encoder, checkpoint=checkpoint).fit(data)
    again = ImageSearch(encoder, checkpoint=checkpoint).fit(data)
    np.testing.assert_array_equal(system.trained_.vectors, again.trained_.vectors)
    system.save(tmp_path / "0001")
    loaded = ImageSearch.load(tmp_path / "0001")
    np.testing.assert_array_equal(loaded.trained_.vectors, system.trained_.vectors)
    queries = list(data.x_test[:6])
    np.testing.assert_array_equal(loaded.embed(queries), system.embed(queries))
    for row, query in enumerate(queries):
        np.testing.assert_array_equal(
            system.embed([query])[0], system.embed(queries)[row]
        )
    if encoder == "labels":
        mirrored = [query[:, ::-1] for query in queries]
        np.testing.assert_allclose(
            system.embed(mirrored), system.embed(queries), atol=1e-6
        )
    assert "network of channels (4, 8)" in SPEC.build_card(system).markdown()


@pytest.mark.parametrize("passes", [1, 3])
def test_a_network_passes_over_the_images_as_often_as_told(data, passes, monkeypatch):
    pytest.importorskip("torch")
    few = {"channels": (4, 8), "max_iter": 2, "batch_size": 32}
    monkeypatch.setattr(ENCODERS["labels"], "settings", few)
    some = replace(data, x_train=data.x_train[:80], y_train=data.y_train[:80])
    system = ImageSearch("labels", passes=passes).fit(some)
    assert len(system.manifest_.facts["loss_curve"]) == passes
    assert len(system.search([data.x_test[0]], k=3).ids[0]) == 3


# The card, the page and the command


def test_the_command_trains_searches_and_explains(data, tmp_path):
    file = tmp_path / "own.npz"
    np.savez(
        file,
        x_train=data.x_train,
        y_train=data.y_train,
        x_test=data.x_test,
        y_test=data.y_test,
    )
    library, query = tmp_path / "library", tmp_path / "query.png"
    Image.fromarray(data.x_train[7]).resize((90, 90)).save(query)

    def run(*words):
        result = CliRunner().invoke(
            app, [str(w) for w in words], env={"COLUMNS": "200"}
        )
        assert result.exit_code == 0, result.output
        return result.stdout

    words = [
        "--data",
        file,
        "--folder",
        library,
        "--json",
        "--set",
        "encoder=principal",
    ]
    trained = json.loads(run("train", "images", *words))
    assert trained["metrics"]["precision_at_10"]["value"] > 0.6
    there = ["--system", "images", "--folder", library]
    found = json.loads(run("search", query, *there, "--k", "3", "--json"))
    assert found["answers"][0]["hits"][0]["id"] == "7"
    page = tmp_path / "why.html"
    assert "similarity" in run("explain", query, *there, "--report", page)
    assert page.read_text().startswith("<!doctype html>")
    assert "## 9. Scaling" in run("describe", "images", "--folder", library)
