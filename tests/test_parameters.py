"""Constructors are scikit-learn's: the page that says so is generated anew."""

import importlib.util
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "docs" / "parameters.py"
spec = importlib.util.spec_from_file_location("parameters", SOURCE)
generator = importlib.util.module_from_spec(spec)
spec.loader.exec_module(generator)
PAIRS = list(generator.pairs())


def test_the_page_is_what_both_signatures_say():
    assert generator.PAGE.read_text() == generator.page()


@pytest.mark.parametrize(
    ("ours", "theirs"), PAIRS, ids=[ours.__name__ for ours, _ in PAIRS]
)
def test_names_order_and_defaults_are_theirs(ours, theirs):
    mine, given = generator.parameters(ours), generator.parameters(theirs)
    shared = {name: default for name, default in mine.items() if name in given}
    assert list(shared) == list(given)
    assert repr(shared) == repr(given)


@pytest.mark.parametrize(
    ("ours", "theirs"), PAIRS, ids=[ours.__name__ for ours, _ in PAIRS]
)
def test_a_value_that_is_refused_names_another(ours, theirs):
    for value, sentence in generator.refused(ours, theirs).items():
        assert sentence.startswith("ValueError"), value
        assert "instead" in sentence, value
