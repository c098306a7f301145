"""A new generation that is worse by a paired test does not take over, in any system."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.core.gate import compare_outcomes, compare_with_answering, is_worse
from lookalike.core.library import Library
from lookalike.datasets import load_digits_sample
from lookalike.systems import find_spec, specs


def run(*words, status=0):
    found = CliRunner().invoke(app, [str(word) for word in words])
    assert found.exit_code == status, found.output
    return found


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """An .npz of few digits."""
    sample = load_digits_sample()
    path = tmp_path_factory.mktemp("data") / "few.npz"
    np.savez(
        path,
        x_train=sample.x_train[::10],
        y_train=sample.y_train[::10],
        x_test=sample.x_test[::4],
        y_test=sample.y_test[::4],
    )
    return path


def test_a_worse_generation_is_saved_and_does_not_answer(few, tmp_path):
    words = ["train", "digits", "--data", few, "--folder", tmp_path, "--neighbors"]
    library = Library("digits", tmp_path)
    run(*words, 3)
    worse = run(*words, 301)
    assert "Warning: Worse than generation 0001 by 0." in worse.stderr
    assert "It does not answer: 0001 does." in worse.stdout
    assert (library.names(), library.current()) == (["0001", "0002"], "0001")
    told = json.loads(run(*words, 301, "--json").stdout)
    assert told["held_back"].startswith("Worse than generation 0001 by")
    run(*words, 5)  # not worse by more than chance
    assert library.current() == "0004"
    run("systems", "activate", "digits", "0002", "--folder", tmp_path)
    run(*words, 301)  # as bad as what answers now
    assert library.current() == "0005"


def test_generations_of_other_data_are_not_compared(few, tmp_path):
    words = ["train", "digits", "--folder", tmp_path, "--neighbors"]
    run(*words, 3, "--data", few)
    with np.load(few) as held:
        arrays = {name: held[name] for name in held.files}
    arrays["x_test"], arrays["y_test"] = arrays["x_test"][1:], arrays["y_test"][1:]
    np.savez(tmp_path / "other.npz", **arrays)
    run(*words, 301, "--data", tmp_path / "other.npz")
    assert Library("digits", tmp_path).current() == "0002"


def test_outcomes_are_compared_only_on_the_same_held_out_part():
    data = {"checksum": "a", "options": {"user": "who"}}
    values = np.random.default_rng(0).random(60)
    one = {"data": data, "quality": {"n_test": 60, "outcomes": values.tolist()}}
    less = {"n_test": 60, "outcomes": (values - 0.1).tolist()}
    found = compare_outcomes({**one, "quality": less}, one)
    assert is_worse(found)
    assert found.difference.value == pytest.approx(-0.1)
    assert not is_worse(compare_outcomes(one, {**one, "quality": less}))
    for other in (
        {**one, "quality": None},
        {**one, "quality": {"n_test": 59, "outcomes": values[1:].tolist()}},
        {**one, "data": {**data, "checksum": "b"}},
        {**one, "data": {**data, "options": {"user": "whom"}}},
    ):
        assert compare_outcomes(one, other) is None
        assert compare_outcomes(other, one) is None


def test_a_recommender_is_compared_by_its_own_test(small, tmp_path):
    made = small("shop")
    shutil.copytree(made.folder.parent, tmp_path / "shop")
    library, spec = Library("shop", tmp_path / "shop"), find_spec("shop")
    about = made.system.manifest_
    name, same = compare_with_answering(spec, library, made.system, made.data, None)
    assert name == library.current()
    assert not is_worse(same)
    poor = spec.new({**about.configuration, "diversity": 0.99})
    poor.fit(made.data)
    _, found = compare_with_answering(spec, library, poor, made.data, None)
    assert is_worse(found)
    nothing = Library("shop", tmp_path / "nothing")
    assert compare_with_answering(spec, nothing, poor, made.data, None) == ("", None)


@pytest.mark.parametrize("name", sorted(specs()))
def test_every_system_has_something_by_which_generations_are_compared(small, name):
    made = small(name)
    if made.spec.comparison is not None:
        return  # its own test compares them
    about = replace(made.system.manifest_, quality=made.result.quality).document()
    found = compare_outcomes(about, about)
    assert found.difference.value == 0
    assert json.loads(json.dumps(made.result.quality)) == made.result.quality


def test_outcomes_of_other_questions_are_not_compared():
    data = {"checksum": "a"}
    first, second = (
        {"data": data, "quality": {"n_test": 40, "wrong": [1], "held_out": each}}
        for each in ("draws from 0", "draws from 1")
    )
    assert compare_outcomes(first, first) is not None
    assert compare_outcomes(first, second) is None


def test_taggers_of_places_are_compared_on_the_sentences_of_the_test_part(small):
    made = small("places")
    compare = made.spec.member("comparison")
    data = made.data
    assert compare(made.system, made.system, data).difference.value == 0
    poor = made.spec.new({**made.options, "C": 1e-9}).fit(data)
    test = compare(made.system, poor, data)
    assert test.difference.value < 0
    assert compare(poor, made.system, data).difference.value > 0
    other = made.spec.new(made.options).fit(replace(data, checksum="other"))
    with pytest.raises(ValueError, match=r"^Expected two systems that learned from"):
        compare(other, made.system, data)
