"""The photos system: what it chooses, says and refuses, and when it does not answer."""

import json
from copy import copy
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.core import generation
from lookalike.core.evaluation import Verdict, verdict_of
from lookalike.core.generation import Damaged
from lookalike.core.library import Library
from lookalike.core.manifest import Manifest
from lookalike.evaluate import paired_test
from lookalike.systems.photos import SPEC
from lookalike.systems.photos.baselines import mean_colours, nearest_mean_colours
from lookalike.systems.photos.classifiers import CANDIDATES, KINDS
from lookalike.systems.photos.selection import choose, fitted_temperature, loss_of
from lookalike.systems.photos.system import Photos


def run(*words, status=0):
    done = CliRunner().invoke(app, list(map(str, words)))
    assert done.exit_code == status, done.output
    return done


@pytest.fixture(scope="module")
def folder(data, tmp_path_factory):
    """The same pieces as files in class folders, some in grey, one broken."""
    where = tmp_path_factory.mktemp("own") / "pieces"
    for n, (tile, label) in enumerate(zip(data.pictures, data.labels, strict=True)):
        (where / label).mkdir(parents=True, exist_ok=True)
        Image.fromarray(tile).save(where / label / f"{n}.{('png', 'bmp')[n % 2]}")
    (where / "cat" / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    return where


def test_pieces_of_photographs_are_told_apart_better_than_by_their_colours(result):
    metrics = {name: metric.value for name, metric in result.metrics.items()}
    assert metrics["accuracy"] > 0.85
    assert metrics["accuracy_of_most_frequent"] == pytest.approx(1 / 3)
    assert result.comparisons["the most frequent class"].p_value < 0.05
    assert result.quality["n_test"] == 12


@pytest.mark.parametrize("name", CANDIDATES)
def test_every_candidate_learns_and_is_read_again(name):
    rng = np.random.default_rng(0)
    y = np.repeat([0, 2, 1], 15)
    X = rng.normal(size=(45, 6)) + 3 * np.eye(6)[y]
    kind, new = CANDIDATES[name]
    model = new().fit(X, y, 4)
    scores = model.scores(X)
    assert scores.shape == (45, 4)
    assert (scores.argmax(axis=1) == y).mean() > 0.9
    assert scores[:, 3].max() < scores.max(axis=1).min()
    for row in range(0, 45, 11):
        np.testing.assert_array_equal(model.scores(X[[row]])[0], scores[row])
    again = KINDS[kind].from_arrays(model.arrays())
    np.testing.assert_array_equal(again.scores(X), scores)
    two = new().fit(X[:30], np.minimum(y[:30], 1), 2)
    assert (two.scores(X[:30]).argmax(axis=1) == np.minimum(y[:30], 1)).mean() > 0.9


def test_the_candidate_with_the_least_loss_is_taken_and_answers_are_not_learned():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 40)
    X = rng.normal(size=(80, 5))  # nothing is to be learned
    groups = np.arange(80)
    best, tried = choose(X, y, groups, 2, None, 0, lambda share: None)
    assert best.loss == min(each.loss for each in tried)
    assert len(tried) == len(CANDIDATES)
    for each in tried:
        assert 0.3 < each.accuracy < 0.7
        assert each.loss > 0.6
    copies, labels = np.tile(X[:40], (2, 1)), np.tile(y[::2], 2)
    seen, unseen = (
        choose(copies, labels, apart, 2, "neighbors", 0, lambda share: None)[0].accuracy
        for apart in (np.arange(80), np.arange(80) % 40)
    )
    assert seen > unseen + 0.05  # a copy in another fold would be learned from


def test_the_temperature_makes_probabilities_come_true():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4000, 3))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = (shares.cumsum(axis=1) > rng.random((4000, 1))).argmax(axis=1)
    found = fitted_temperature(7 * logits, truth)
    assert found == pytest.approx(7, rel=0.1)
    assert loss_of(7 * logits, truth, found) <= loss_of(7 * logits, truth, 6.0)


def test_below_the_bar_an_answer_is_unclear(system, data):
    bar = copy(system)
    bar.unclear = 1.0
    [[found]] = bar.classify_each(data.pictures[:1])
    assert (found.label, found.unclear) == (None, True)
    assert found.most_likely == "cat"
    assert (
        "not enough for the 1.00 that is needed"
        in bar.explain(data.pictures[0]).reasons[0]
    )
    [[clear]] = system.classify_each(data.pictures[:1])
    assert (clear.label, clear.unclear) == ("cat", False)
    assert sum(clear.probabilities.values()) == pytest.approx(1)


def test_what_is_learned_does_not_depend_on_the_held_out_photographs(system, data):
    other = [
        255 - tile if tested else tile
        for tile, tested in zip(data.pictures, data.is_test, strict=True)
    ]
    again = Photos().fit(replace(data, pictures=other))
    for name, array in system.state()[0].items():
        np.testing.assert_array_equal(again.state()[0][name], array)


def test_an_explanation_shows_the_known_photographs_most_like_it(system, data):
    told = system.explain(data.pictures[1])
    assert told.reasons[2].startswith("similarity 1.00 with a photograph of cat")
    assert told.page is not None


def test_baselines_do_not_learn_from_what_they_are_tested_on():
    rng = np.random.default_rng(0)
    tiles = rng.integers(0, 255, (20, 128, 128, 3)).astype(np.uint8)
    tiles[::2] //= 2
    y = np.arange(20) % 2
    found = nearest_mean_colours(tiles, y, np.arange(20), tiles[:4] // 2 * 2, 0)
    assert found.tolist() == [0, 1, 0, 1]
    cells = mean_colours(tiles)
    assert cells.shape == (20, 192)
    expected = tiles[0, :16, :16].mean(axis=(0, 1)) / 255
    np.testing.assert_allclose(cells[0, :3], expected, atol=1 / 255)


def test_a_generation_whose_parts_do_not_fit_is_damaged(saved, tmp_path):
    found = generation.load(saved, "photos")
    document = Manifest.of(found.about).document()
    spoilt = {
        "labels": {"labels": np.zeros(2, np.int64)},
        "classes": {"classes": np.array(["cat"])},
        "mean": {"mean": np.zeros(3)},
    }
    for name, change in spoilt.items():
        generation.save(tmp_path / name, "photos", found.arrays | change, document)
        with pytest.raises(Damaged, match="holds no system of photos"):
            Photos.load(tmp_path / name)
    document["state"] = {**document["state"], "description": 99}
    generation.save(tmp_path / "older", "photos", found.arrays, document)
    with pytest.raises(Damaged, match="describes photographs by version 99"):
        Photos.load(tmp_path / "older")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"classifier": "magic"}, "classifier must be one of best, logistic"),
        ({"unclear": 2}, r"unclear must lie in \[0, 1\], got 2"),
    ],
)
def test_options_that_mean_nothing_are_refused(data, options, said):
    with pytest.raises(ValueError, match=said):
        Photos(**options).fit(data)


def test_one_kind_of_classifier_can_be_asked_for(data):
    assert Photos("neighbors").fit(data).choice_ == "5 nearest neighbours"


# The gate


def test_the_verdict_is_that_of_the_paired_tests():
    right, wrong = np.ones(20), np.r_[np.zeros(12), np.ones(8)]
    worse = verdict_of({"guessing": paired_test(wrong, right)})
    assert worse.is_worse
    assert worse.sentence.startswith("Worse than guessing by 0.6000 [")
    equal = verdict_of({"guessing": paired_test(right, right)})
    assert not equal.is_worse
    assert equal.sentence.startswith("Not shown to be better than guessing: +0.0000")
    assert verdict_of({"guessing": paired_test(right, wrong)}) == Verdict()


def test_what_is_worse_than_a_baseline_says_so_and_does_not_take_over(
    folder, data, tmp_path
):
    where = ("--folder", tmp_path / "photos")
    run("train", "photos", "--data", folder, *where)
    library = Library("photos", tmp_path / "photos")
    assert library.current() == "0001"
    # Cats are called rockets and rockets cats, but for the test part.
    named = {("train", "cat"): 9, ("train", "rocket"): 14}
    named |= {("test", "cat"): 2, ("test", "rocket"): 7}
    rows = {label: np.flatnonzero(data.labels == label) for label in ("cat", "rocket")}
    wrong = tmp_path / "wrong"
    for (part, label), n in named.items():
        (wrong / part / label).mkdir(parents=True)
        shown = label if part == "test" else {"cat": "rocket", "rocket": "cat"}[label]
        some, rows[shown] = rows[shown][:n], rows[shown][n:]
        for row in some:
            tile = Image.fromarray(data.pictures[row])
            tile.save(wrong / part / label / f"{row}.png")
    done = run("train", "photos", "--data", wrong, *where)
    worse = done.stderr.splitlines()[-1].removeprefix("Warning: ")
    assert worse.startswith("Worse than the most frequent class by 0.7778 [")
    assert "It does not answer: 0001 does." in done.stdout
    assert library.names() == ["0001", "0002"]
    assert library.current() == "0001"
    fresh = ("--folder", tmp_path / "fresh")
    run("train", "photos", "--data", wrong, *fresh)
    ask = ("classify", folder / "cat", "--system", "photos", *fresh)
    said = run(*ask, status=2).stderr
    assert "`lookalike systems activate photos 0001` lets the newest one answer" in said
    run("systems", "activate", "photos", "0001", *fresh)
    page = tmp_path / "report.html"
    assert worse in run("evaluate", "photos", *fresh, "--report", page).stderr
    html = page.read_text()
    assert html.index(worse) < html.index('id="section-1"')


# The command


def test_a_folder_of_classes_is_learned_and_asked(folder, tmp_path):
    where = ("--folder", tmp_path / "photos")
    done = run("train", "photos", "--data", folder, *where, "--json")
    assert "broken.jpg is not an image that can be read" in done.stderr
    assert "held_back" not in json.loads(done.stdout)
    asked = sorted((folder / "rocket").glob("*.png"))
    found = run("classify", *asked, "--system", "photos", *where, "--json")
    answers = json.loads(found.stdout)["answers"]
    assert {each["most_likely"] for each in answers} == {"rocket"}
    said = run("evaluate", "photos", *where).stdout
    assert "against 8 by 8 mean colours and nearest neighbours" in said
    assert "accuracy of most frequent" in said


def test_without_data_or_classes_it_says_what_it_needs(tmp_path, folder):
    said = run("train", "photos", status=2).stderr
    assert "photos learns from your own data: --data must be the path of" in said
    said = run("train", "photos", "--data", folder / "cat", status=2).stderr
    assert "must hold a folder of pictures for each of two classes" in said
    with pytest.raises(ValueError, match="The data of photos must be the path of"):
        SPEC.find_data("nowhere")
