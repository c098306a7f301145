"""Reasons: exact, masked unless revealed, with the line of the policy."""

import numpy as np
import pytest
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.core.masking import masked
from lookalike.systems.harmful.policy import read_policy
from lookalike.systems.harmful.system import Harmful
from lookalike.systems.harmful.texts import prepared


def answer(system, text):
    [[found]] = system.classify_each([text])
    return found


def test_the_words_and_the_rest_add_up_to_the_score(system):
    text = "good day zorgle, walk z o r g l e walk walk house"
    words, parts, intercept = system.parts(text, "insult", "aa")
    place = system.languages_.index("aa"), 1
    head = int(system._routes[place])
    X = system._encoder.transform([prepared(text)])
    score = system._heads.scores(system._encoder, X, np.array([place[0]]))[0, head]
    assert parts.sum() + intercept == pytest.approx(score, abs=1e-4)
    assert words[int(parts.argmax())].startswith("zorgle")


def test_reasons_are_masked_unless_they_are_revealed(system):
    told = " ".join(system.explain("you zorgle").reasons)
    assert "zorgle" not in told
    assert "z*****" in told
    assert "zorgle" in " ".join(system.explain("you zorgle", reveal=True).reasons)


def test_the_command_and_the_report_show_no_word_unless_revealed(made, tmp_path):
    def run(*words):
        done = CliRunner().invoke(app, [*words, "--folder", str(made.folder)])
        assert done.exit_code == 0, done.output
        return done.output

    text = "good zorgle"
    for verb in ("classify", "explain"):
        given = (verb, text, "--system", "harmful")
        for form in ((), ("--json",)):
            assert "zorgle" not in run(*given, *form)
            assert "zorgle" in run(*given, *form, "--reveal")
    report = made.spec.build_report(made.system, made.data, made.result)
    html = report.write(tmp_path / "report.html").read_text("utf-8")
    for word in ("zorgle", "plimpish", "grumbold", "vrekko"):
        assert word not in html
    assert any(masked(text) in html for text in made.data.test.texts)


def test_a_policy_of_ones_own_is_told_and_saved(data, tmp_path):
    file = tmp_path / "policy.txt"
    file.write_text("insult: Be kind.\n")
    system = Harmful(policy=str(file)).fit(data)
    system.save(tmp_path / "0001")
    file.unlink()
    loaded = Harmful.load(tmp_path / "0001")
    assert answer(loaded, "good zorgle").policy == "line 1: Be kind."
    for bad, said in (("insult", "line 1"), ("nonsense: x", "a kind"), ("age:", "age")):
        file.write_text(bad)
        with pytest.raises(ValueError, match=said):
            read_policy(file)
    with pytest.raises(ValueError, match="cannot be read"):
        read_policy(tmp_path / "none.txt")
