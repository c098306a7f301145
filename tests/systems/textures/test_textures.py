"""The textures system: turned, lit otherwise, mapped, saved, and what it refuses."""

import json
import os

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter
from sklearn.exceptions import NotFittedError
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.core import generation
from lookalike.core.generation import Damaged
from lookalike.core.manifest import Manifest
from lookalike.datasets import load_textures, pictures_of
from lookalike.systems.textures import SPEC, features
from lookalike.systems.textures.evaluation import GREYS, changed_codes
from lookalike.systems.textures.features import SCALES, pattern, smoothed_ranks
from lookalike.systems.textures.patches import (
    training_patches,
    turned,
    whole_patches,
)
from lookalike.systems.textures.system import Textures

LONG = int(os.environ.get("LOOKALIKE_LONG", "1"))


@pytest.fixture(scope="module")
def patches(data):
    return np.concatenate([turned(p[:, 256:], 64, 30) for p in data.pictures])


def test_every_increasing_change_of_the_grey_levels_leaves_the_codes_to_the_bit(
    system, patches
):
    expected = system.describe(patches)
    for change in (*GREYS.values(), np.sqrt, lambda x: x**3):
        lit = change(patches.astype(np.float64))
        np.testing.assert_array_equal(system.describe(lit), expected)


@pytest.mark.parametrize("smoothing", [0.0, 2.0])
def test_ranks_are_smoothed_as_far_as_was_asked(patches, smoothing):
    some = patches[:2]
    flat = np.stack([smoothed_ranks(patch, smoothing) for patch in some])
    expected = [pattern(*scale, None).fit_transform(flat) for scale in SCALES]
    found = Textures(smoothing=smoothing).describe(some)
    np.testing.assert_array_equal(found, np.hstack(expected))
    assert not np.array_equal(found, Textures().describe(some))


def test_codes_of_grey_levels_would_be_seen_to_change(system, patches, monkeypatch):
    assert changed_codes(patches, system.smoothing).value == 0
    levels = lambda patch, smoothing: gaussian_filter(patch.astype(float), smoothing)  # noqa: E731
    monkeypatch.setattr(features, "smoothed_ranks", levels)
    assert changed_codes(patches, system.smoothing).value > 0.01


def test_ranks_are_the_order_of_the_grey_levels():
    patch = np.random.default_rng(0).integers(0, 6, (9, 9))
    flat = patch.ravel()
    ranks = [len({b for b in flat.tolist() if b < a}) for a in flat.tolist()]
    np.testing.assert_array_equal(smoothed_ranks(patch, 0).ravel(), ranks)


def test_a_quarter_turn_leaves_the_inner_codes_and_so_the_label(system, patches):
    turned_by_90 = np.rot90(patches, axes=(1, 2))
    labels = [system.classify(p).labels for p in (patches, turned_by_90)]
    np.testing.assert_array_equal(*labels)


def test_turning_by_a_right_angle_is_exact():
    picture = np.random.default_rng(0).integers(0, 255, (100, 100)).astype(np.uint8)
    whole = turned(picture, 64, 0)[0]
    np.testing.assert_array_equal(turned(picture, 64, 90)[0], np.rot90(whole))
    np.testing.assert_array_equal(whole, picture[15:79, 15:79])


def test_a_batch_answers_exactly_like_its_patches_one_by_one(system, patches):
    together = system.classify(patches).probabilities
    for row, patch in enumerate(patches):
        alone = system.classify(patch[None]).probabilities[0]
        np.testing.assert_array_equal(together[row], alone)


def test_the_map_is_the_answer_to_each_place(system, data):
    picture = np.hstack([p[-70:, -80:] for p in data.pictures])
    shares = system.map(picture, step=5)
    assert shares.shape == (2, 36, 3)
    one = system.classify([picture[5:69, 100:164]]).probabilities[0]
    np.testing.assert_array_equal(shares[1, 20], one)


def test_shares_count_patches_and_the_probability_is_their_mean(system, data):
    picture = np.hstack([p[-90:, -90:] for p in data.pictures])
    [[found]] = system.classify_each([picture])
    answer = found.record()
    each = system.map(picture)
    labels = system.classes_[each.argmax(axis=2)]
    for label, share in answer["shares"].items():
        assert share == pytest.approx((labels == label).mean())
    assert answer["probability"] == pytest.approx(each.mean(axis=(0, 1)).max())
    assert len(set(answer["shares"].values())) > 1


def test_reasons_begin_with_the_texture_whose_patterns_are_nearest(system, data):
    reasons = system.explain(data.pictures[1]).reasons
    assert reasons[0].split(" are ")[1].startswith("grass")


def test_what_is_learned_does_not_depend_on_the_test_halves(system, data):
    rng = np.random.default_rng(0)
    noise = [p.copy() for p in data.pictures]
    for picture in noise:
        picture[:, 256:] = rng.integers(0, 255, picture[:, 256:].shape)
    other = Textures().fit(pictures_of("noise", list(data.labels), noise))
    weights = system.state()[0]["weights"]
    np.testing.assert_array_equal(other.state()[0]["weights"], weights)
    np.testing.assert_array_equal(other.histograms_, system.histograms_)
    noise[0][:, :256] = 0
    other = Textures().fit(pictures_of("noise", list(data.labels), noise))
    assert not np.array_equal(other.state()[0]["weights"], weights)


def test_plain_patterns_fail_when_turned_and_these_hold(result):
    metrics = {name: m.value for name, m in result.metrics.items()}
    assert metrics["accuracy"] > 0.9
    assert metrics["plain_lbp_8_1"] < 0.85
    assert metrics["riu2_16_2"] > metrics["plain_lbp_8_1"]
    assert metrics["codes_that_change_with_gamma"] == 0
    assert result.comparisons["plain lbp 8 1"].p_value < 0.05
    for estimate in result.metrics.values():
        assert estimate.low <= estimate.value <= estimate.high


@pytest.mark.full
@pytest.mark.skipif(LONG == 1, reason="only LOOKALIKE_LONG takes whole pictures")
def test_the_numbers_of_the_page_are_reached_on_the_whole_pictures():
    whole = load_textures()
    found = SPEC.evaluate(Textures().fit(whole), whole)
    metrics = {name: m.value for name, m in found.metrics.items()}
    assert metrics["accuracy"] >= 0.95
    assert 0.65 < metrics["plain_lbp_8_1"] < 0.8
    assert metrics["riu2_16_2"] > 0.9


def test_two_textures_are_enough(data):
    two = pictures_of("two", list(data.labels[:2]), list(data.pictures[:2]))
    system = Textures().fit(two)
    patches = [p[100:164, 400:464] for p in two.pictures]
    assert system.classify(patches).labels.tolist() == ["brick", "grass"]


def test_a_generation_whose_parts_do_not_fit_is_damaged(saved, tmp_path):
    found = generation.load(saved, "textures")
    arrays, document = found.arrays, Manifest.of(found.about).document()
    for name, array in {"weights": np.zeros((3, 2)), "offsets": np.zeros(2)}.items():
        changed = {**arrays, name: array}
        generation.save(tmp_path / name, "textures", changed, document)
        with pytest.raises(Damaged, match="holds no system of textures"):
            Textures.load(tmp_path / name)


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        (np.zeros((64, 60), np.uint8), "must measure 64 by 64 pixels, got 64 by 60"),
        (np.zeros((64, 64, 3), np.uint8), r"of shape \(64, 64, 3\)"),
        (np.full((64, 64), np.nan), "must be finite"),
        (np.full((64, 64), "x"), "hold numbers"),
    ],
)
def test_patches_that_cannot_be_answered_are_refused(system, patch, said):
    with pytest.raises(ValueError, match=said):
        system.classify([patch])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"side": 4}, "side must be a whole number of at least 16, got 4"),
        ({"smoothing": -1}, r"smoothing must lie in \[0, 10\), got -1"),
        ({"side": 300}, "must measure at least"),
    ],
)
def test_options_that_mean_nothing_are_refused(data, options, said):
    with pytest.raises(ValueError, match=said):
        Textures(**options).fit(data)


def test_one_texture_or_no_fit_is_refused(data, patches):
    with pytest.raises(ValueError, match="At least two textures are needed"):
        Textures().fit(pictures_of("one", ["brick"], [data.pictures[0]]))
    with pytest.raises(NotFittedError, match="must be fitted or loaded"):
        Textures().classify(patches)
    with pytest.raises(ValueError, match=r"must be one of textures, or .*; got 'x'"):
        SPEC.find_data("x")


# The command


def run(*words, status=0):
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == status, result.output
    return result


def test_a_picture_is_answered_and_explained(saved, data, tmp_path):
    grass = data.pictures[1][:, 300:].astype(np.uint16) * 257
    Image.fromarray(grass).save(tmp_path / "grass.png")  # 16 bits
    words = (tmp_path / "grass.png", "--system", "textures", "--folder", saved)
    [answer] = json.loads(run("classify", *words, "--json").stdout)["answers"]
    assert answer["label"] == "grass"
    assert sum(answer["shares"].values()) == pytest.approx(1)
    page = tmp_path / "why.html"
    found = run("explain", *words, "--report", page).stdout
    assert "of the patches are grass" in found
    assert "<img" in page.read_text()


def test_a_users_own_pictures_are_a_folder(data, tmp_path):
    (tmp_path / "own").mkdir()
    for label, picture in zip(data.labels, data.pictures, strict=True):
        Image.fromarray(picture).save(tmp_path / "own" / f"{label}.png")
    found = SPEC.find_data(str(tmp_path / "own"))
    assert found.labels == data.labels
    np.testing.assert_array_equal(found.pictures[0], data.pictures[0])


def test_a_blank_patch_is_no_texture_and_counts_for_none(system, data):
    level = np.full((64, 64), 120, np.uint8)
    ramp = np.tile(np.arange(64, dtype=np.uint8), (64, 1))
    faint = data.pictures[0][-64:, -64:] // 40  # few levels, and yet a texture
    shares = system.classify([level, ramp, faint]).probabilities
    np.testing.assert_allclose(shares[:2], 1 / len(system.classes_))
    assert shares[2].max() > 1 / len(system.classes_)
    beside = np.full((192, 512), 255, np.uint8)  # paper, and a corner with a picture
    beside[:, -128:] = data.pictures[0][-192:, -128:]
    [[alone]] = system.classify_each([np.ascontiguousarray(beside[:, -128:])])
    [[found]] = system.classify_each([beside])
    assert found.label == alone.label
    with pytest.raises(ValueError, match="There is no texture on the picture"):
        system.check_query(np.full((90, 90), 7, np.uint8))


@pytest.mark.parametrize("factor", [1 / 255, 1e-3, 1.0, 1e6])
def test_the_unit_of_the_grey_levels_counts_for_nothing(system, data, factor):
    patch = data.pictures[0][-64:, -64:]
    level = np.full((64, 64), 120 * factor)
    ramp = np.tile(np.arange(64) * factor, (64, 1))
    shares = system.classify([patch, patch * factor, level, ramp, 0 * level])
    np.testing.assert_array_equal(*shares.probabilities[:2])
    np.testing.assert_allclose(shares.probabilities[2:], 1 / len(system.classes_))
    [[answer]] = system.classify_each([data.pictures[0][-192:, -192:] * factor])
    assert answer == system.classify_each([data.pictures[0][-192:, -192:]])[0][0]


def test_pictures_that_cannot_be_mapped_are_sentences(saved, tmp_path):
    Image.new("L", (40, 80)).save(tmp_path / "small.png")
    frames = [Image.new("L", (90, 90), k) for k in (0, 90)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    for name, said in {
        "small.png": "must measure at least 64 by 64 pixels, got 80 by 40",
        "moving.gif": "There is no texture on the picture: its pixels are all alike",
    }.items():
        words = ("classify", tmp_path / name, "--system", "textures", "--folder", saved)
        told = run(*words, status=2).stderr
        assert said in told
        assert name in told


def test_the_system_that_answers_has_learned_from_both_halves(made):
    served = made.system.refit(made.data)
    patches, y = whole_patches(made.data, served.side)
    assert len(y) > 2 * len(training_patches(made.data, served.side)[1])
    for number, mean in enumerate(served.histograms_):
        mine = served.describe(patches[y == number]).mean(axis=0)
        np.testing.assert_allclose(mean, mine, rtol=1e-6)
    assert (served.histograms_ != made.system.histograms_).any()
