"""The emotions system: models, probabilities, photographs, and what it refuses.

By default it learns to tell faces from what is none, on the pieces of photographs
that come with scikit-image. FER-2013 is used where LOOKALIKE_DATA is set.
"""

import copy
import csv
import dataclasses
import json
import os
import sys

import numpy as np
import pytest
from PIL import Image
from skimage import data as photographs
from skimage.color import rgb2gray
from sklearn.exceptions import NotFittedError
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.core import generation
from lookalike.core.generation import Damaged
from lookalike.core.manifest import Manifest
from lookalike.datasets import load_fer2013, load_happy_and_fear
from lookalike.features.face_detection import cut_face
from lookalike.learn import LogisticRegression
from lookalike.systems.emotions import SPEC
from lookalike.systems.emotions import source as emotions_source
from lookalike.systems.emotions.source import BATCH, PENALTY, descend
from lookalike.systems.emotions.splits import parts_of
from lookalike.systems.emotions.system import Emotions

LONG = int(os.environ.get("LOOKALIKE_LONG", "1"))


@pytest.fixture(scope="module")
def photograph():
    return (255 * rgb2gray(photographs.astronaut())).astype(np.uint8)


def test_it_tells_faces_from_other_pieces(result):
    assert result.metrics["accuracy"].value > 0.85
    for estimate in result.metrics.values():
        assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
    [comparison] = result.comparisons.values()
    assert comparison.test == "exact McNemar"


def test_what_favouring_rare_emotions_would_change_is_measured(system, data):
    uneven = copy.copy(system)
    uneven.shares_ = np.array([0.999, 0.001])
    found = SPEC.evaluate(uneven, data).metrics
    scores = system.scores(data.x_test)
    rights = [
        (uneven.probabilities(scores, b).argmax(axis=1) == data.y_test).mean()
        for b in (0.0, 1.0)
    ]
    assert rights[0] != rights[1]
    names = "accuracy", "accuracy_with_rare_ones_favoured"
    assert [found[name].value for name in names] == pytest.approx(rights)


def test_a_batch_answers_like_its_faces_one_by_one(system, data):
    together = system.classify(data.x_test[:12]).probabilities
    alone = [system.classify(x[None]).probabilities[0] for x in data.x_test[:12]]
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-6)


def test_what_is_learned_does_not_depend_on_the_test_faces(system, data):
    noise = np.random.default_rng(0).integers(0, 255, data.x_test.shape)
    other = dataclasses.replace(
        data, x_test=noise.astype(np.uint8), y_test=1 - data.y_test
    )
    again = Emotions().fit(other)
    arrays, expected = (each.state()[0] for each in (again, system))
    assert {"slopes", "offsets", "model__pca_mean"} < set(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, expected[name])


def test_components_are_fitted_on_what_is_not_held_out(system, data):
    x, y, held_x, held_y = parts_of(data, data.x_train, data.y_train, 0)
    assert len(held_y) == 14
    assert np.bincount(held_y).min() >= 6
    known = {image.tobytes() for image in x}
    assert not any(image.tobytes() in known for image in held_x)
    described = system.model_.describe(x)
    np.testing.assert_allclose(system.model_.mean, described.mean(axis=0), atol=1e-6)
    assert len(y) + len(held_y) == len(data.y_train)


def test_probabilities_are_those_of_a_logistic_regression_of_the_scores(system, data):
    *_, held_x, held_y = parts_of(data, data.x_train, data.y_train, 0)
    expected = LogisticRegression(C=1.0, max_iter=500)
    expected.fit(system.model_.scores(held_x), held_y)
    shares = expected.predict_proba(system.model_.scores(data.x_test))
    found = system.classify(data.x_test).probabilities
    np.testing.assert_allclose(found, shares, atol=1e-6)


def test_rare_emotions_are_favoured_by_their_share(data):
    few = dataclasses.replace(
        data,
        x_train=np.concatenate([data.x_train, data.x_train[data.y_train == 0]]),
        y_train=np.concatenate([data.y_train, data.y_train[data.y_train == 0]]),
    )
    plain, favoured = Emotions().fit(few), Emotions(balance=1.0).fit(few)
    odds = [
        np.log(s.classify(data.x_test).probabilities) @ [-1, 1]
        for s in (plain, favoured)
    ]
    shift = np.log(plain.shares_[0] / plain.shares_[1])
    np.testing.assert_allclose(odds[1] - odds[0], shift, rtol=1e-6)
    assert shift > 0


def test_a_validation_part_is_used_where_there_is_one(data):
    split = dataclasses.replace(
        data, x_validation=data.x_test[:30], y_validation=data.y_test[:30]
    )
    system = Emotions().fit(split)
    assert system.manifest_.facts["n_train"] == 140
    assert system.manifest_.facts["n_held_out"] == 30


def test_a_generation_whose_parts_do_not_fit_is_damaged(saved, tmp_path):
    found = generation.load(saved, "emotions")
    arrays, document = found.arrays, Manifest.of(found.about).document()
    for name, array in {
        "model__svc_dual_coef": np.zeros((3, 3)),
        "offsets": np.zeros(9),
        "model__svc_intercept": np.zeros(7),
        "emotions": np.array(["x"]),
    }.items():
        folder = tmp_path / name
        generation.save(folder, "emotions", {**arrays, name: array}, document)
        with pytest.raises(Damaged, match="holds no system of emotions"):
            Emotions.load(folder)


# The network


def test_the_network_learns_answers_and_is_saved(data, tmp_path):
    pytest.importorskip("torch")
    system = Emotions("conv", max_iter=2, n_jobs=1).fit(data)
    found = system.classify(data.x_test)
    assert found.probabilities.shape == (60, 2)
    alone = system.classify(data.x_test[3:4]).probabilities[0]
    np.testing.assert_array_equal(alone, found.probabilities[3])
    system.save(tmp_path / "1")
    loaded = Emotions.load(tmp_path / "1", n_jobs=1)
    np.testing.assert_array_equal(
        loaded.classify(data.x_test).probabilities, found.probabilities
    )
    assert "Four blocks" in SPEC.build_card(system).markdown()


def test_without_torch_the_error_is_the_line_that_installs_it(data, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "lookalike.learn.conv_classifier", raising=False)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'lookalike\[deep\]'"):
        Emotions("conv").fit(data)


# The source's recipe


def test_the_descent_is_that_of_the_estimator():
    rng = np.random.default_rng(0)
    X = np.hstack([rng.random((40, 6)), np.ones((40, 1))]).astype(np.float32)
    y = rng.integers(0, 2, 40).astype(np.float32)
    W, losses = descend(
        X,
        y,
        np.array([0, PENALTY, 0], np.float32),
        np.array([False, False, True]),
        30,
        lambda share: None,
    )
    step = emotions_source.STEP * len(y)
    model = LogisticRegression(
        C=np.inf,
        fit_intercept=False,
        solver="gd",
        learning_rate=step,
        max_iter=30,
        tol=0,
    )
    model.fit(X[:, :-1].astype(np.float64), y)
    np.testing.assert_allclose(W[:-1, 0], model.coef_[0], rtol=1e-4)
    assert (W[-1] == 0).tolist() == [True, True, False]
    assert (np.diff(losses[:, 0]) < 0).all()
    assert losses[0, 0] == pytest.approx(len(y) * np.log(2))
    assert np.linalg.norm(W[:, 1]) < np.linalg.norm(W[:, 0])


def test_batches_take_every_image_once_an_epoch():
    rng = np.random.default_rng(0)
    n = BATCH + 7
    X = np.hstack([rng.random((n, 6)), np.ones((n, 1))]).astype(np.float32)
    y = rng.integers(0, 2, n).astype(np.float32)
    w = emotions_source.descend_in_batches(X, y, 20, rng, lambda share: None)
    no, free = np.zeros(1, np.float32), np.array([False])
    W, _ = descend(X, y, no, free, 20, lambda share: None)
    np.testing.assert_allclose(w, W[:, 0], rtol=1e-2, atol=1e-9)


def test_a_penalty_in_the_loss_alone_moves_no_number(data):
    system = Emotions("source", max_iter=20).fit(data)
    found = SPEC.evaluate(system, data)
    values = {name: m.value for name, m in found.metrics.items()}
    for metric in ("accuracy", "precision", "recall", "f1"):
        assert (
            values[f"{metric}_of_penalty_in_the_loss_only"]
            == values[f"{metric}_of_plain"]
        )
    weights = system.model_.weights
    np.testing.assert_array_equal(weights[:, 0], weights[:, 1])
    assert not np.array_equal(weights[:, 0], weights[:, 2])
    assert len(system.manifest_.facts["loss_curve"]) == 20


# Photographs


def test_the_faces_of_a_photograph_are_found_and_answered(system, photograph):
    [(box, face)] = system.faces(photograph)
    assert 60 < box.top < 90
    assert face.shape == (48, 48)
    np.testing.assert_array_equal(face, cut_face(photograph, box, (48, 48), 0.05))
    assert not np.array_equal(face, cut_face(photograph, box, (48, 48), 0.0))
    two = np.hstack([photograph, photograph])
    [answers] = system.classify_each([two])
    assert len(answers) == 2
    tops, lefts = zip(
        *(map(int, each.face.split()[:2]) for each in answers), strict=True
    )
    assert abs(tops[0] - tops[1]) < 12
    assert abs(abs(lefts[0] - lefts[1]) - 512) < 12
    assert sum(answers[0].probabilities.values()) == pytest.approx(1)


def test_a_small_picture_is_a_face_itself(system, data):
    [[answer]] = system.classify_each([data.x_test[0]])
    expected = system.classify(data.x_test[:1])
    assert answer.label == expected.labels[0]
    assert answer.face == "0 0 48 48"


def test_a_blank_picture_is_no_face_and_shows_nothing(system, data):
    blank = np.full((48, 48), 130, np.uint8)
    [[answer]] = system.classify_each([blank])
    assert (answer.face, answer.label, answer.probability) == (None, None, None)
    shares = system.classify(np.stack([blank, data.x_test[0]])).probabilities
    np.testing.assert_allclose(shares[0], 1 / len(system.classes_))
    # A batch of another size is rounded otherwise.
    alone = system.classify(data.x_test[:1]).probabilities[0]
    np.testing.assert_allclose(shares[1], alone, rtol=1e-5)


def test_covering_changes_the_probability_where_it_covers(system, data):
    face = data.x_test[0]
    drop = system.drops(face)
    assert drop.shape == (7, 7)
    copy = face.copy()
    copy[6:18, 12:24] = round(float(face.mean()))
    shares = system.classify(np.stack([face, copy])).probabilities
    best = shares[0].argmax()
    assert drop[1, 2] == pytest.approx(shares[0, best] - shares[1, best], abs=1e-5)


def run(*words, status=0):
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == status, result.output
    return result


def test_a_folder_becomes_a_table_and_a_face_is_explained(
    saved, photograph, data, tmp_path
):
    folder = tmp_path / "photographs"
    folder.mkdir()
    Image.fromarray(photograph).save(folder / "a.png")
    Image.fromarray(photographs.brick()).save(folder / "b.png")
    deep = photograph.astype(np.uint16) * 257
    Image.fromarray(deep).save(folder / "c.png")  # 16 bits
    where = ("--system", "emotions", "--folder", saved)
    run("classify", folder, *where, "--csv", tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [os.path.basename(row["image"]) for row in rows] == [
        "a.png",
        "b.png",
        "c.png",
    ]
    assert rows[1]["label"] == rows[1]["face"] == ""
    assert rows[0]["label"] == rows[2]["label"] != ""
    page = tmp_path / "why.html"
    words = ("explain", folder / "a.png", *where, "--report", page)
    found = json.loads(run(*words, "--json").stdout)
    assert len(found["reasons"]) == 4
    assert "<img" in page.read_text()


def test_a_photograph_without_a_face_has_one_answer_without_a_label(
    system, saved, photograph, tmp_path
):
    alone, [without], faces = (
        each
        for queries in ([photographs.brick()], [photographs.brick(), photograph])
        for each in system.classify_each(queries)
    )
    assert alone == [without]
    assert without.face is without.label is without.probability is None
    assert without.probabilities == {}
    assert faces[0].label is not None
    Image.fromarray(photographs.brick()).save(tmp_path / "wall.png")
    words = (tmp_path / "wall.png", "--system", "emotions", "--folder", saved)
    [answer] = json.loads(run("classify", *words, "--json").stdout)["answers"]
    assert answer["image"].endswith("wall.png")
    assert answer["label"] is None
    assert "wall.png" in run("classify", *words).stdout
    told = run("explain", *words, status=2).stderr
    assert "wall.png: no face was found on the picture" in told


def test_pictures_that_cannot_be_answered_are_sentences(saved, tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    for name, said in {
        "text.png": "is not an image that can be read",
        "none.png": "does not exist",
    }.items():
        words = (tmp_path / name, "--system", "emotions", "--folder", saved)
        for verb in ("classify", "explain"):
            told = run(verb, *words, status=2).stderr
            assert said in told
            assert name in told


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"model": "magic"}, "model must be one of histograms, conv, source"),
        ({"balance": 2}, r"balance must lie in \[0, 1\], got 2"),
        ({"max_iter": 0}, "max_iter must be a whole number of at least 1, got 0"),
        ({"max_iter": 9}, "max_iter is an option of the models conv and source, got"),
    ],
)
def test_options_that_mean_nothing_are_refused(data, options, said):
    with pytest.raises(ValueError, match=said):
        Emotions(**options).fit(data)


def test_data_that_cannot_be_learned_from_is_refused(data):
    one = dataclasses.replace(data, y_train=np.zeros(140, int))
    with pytest.raises(ValueError, match="At least two faces of each emotion"):
        Emotions().fit(one)
    strange = dataclasses.replace(data, y_train=np.full(140, 5))
    with pytest.raises(ValueError, match="positions among 2 emotions"):
        Emotions().fit(strange)
    with pytest.raises(NotFittedError, match="must be fitted or loaded"):
        Emotions().classify(data.x_test)


def test_without_the_data_the_ways_to_get_it_are_told(tmp_path, monkeypatch):
    monkeypatch.delenv("LOOKALIKE_DATA", raising=False)
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    told = run("train", "emotions", "--folder", tmp_path / "l", status=2).stderr
    assert "Three ways to get it" in told


full = pytest.mark.skipif(
    not os.environ.get("LOOKALIKE_DATA"), reason="LOOKALIKE_DATA is not set"
)


@pytest.mark.full
@full
def test_happy_and_fear_are_split_as_in_the_source():
    data = load_happy_and_fear()
    assert np.bincount(data.y_train).tolist() == [4103, 7164]
    assert np.bincount(data.y_test).tolist() == [1018, 1825]
    whole = load_fer2013()
    assert (len(whole.y_train), len(whole.y_validation), len(whole.y_test)) == (
        28709,
        3589,
        3589,
    )


@pytest.mark.full
@full
def test_without_the_deep_extra_happy_and_fear_are_told_apart():
    data, least = load_happy_and_fear(), 0.85
    if LONG == 1:  # a third of the faces, unless there is time for all
        names = [f"{axis}_{part}" for axis in "xy" for part in ("train", "test")]
        few = {name: getattr(data, name)[::3] for name in names}
        data, least = dataclasses.replace(data, **few), 0.8
    found = SPEC.evaluate(Emotions(n_jobs=-1).fit(data), data)
    assert found.metrics["accuracy"].value >= least
    assert found.metrics["accuracy"].low > found.metrics["accuracy_of_pixels"].high
