"""Cards: text in a template, values in named places, paragraphs under conditions."""

import pytest

from lookalike.core.card import STEPS, card_of, names_in


def template(first):
    rest = "".join(f"## {n}. {s}\n\nText.\n\n" for n, s in enumerate(STEPS[1:], 2))
    return f"# Toy\n\n## 1. Problem\n\n{first}\n\n{rest}"


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("{n} cups", {"n": 12345}, ("12,345 cups",)),
        ("{n} cups", {"n": "3.5"}, ("3.5 cups",)),
        ("{n} cups", {"n": None}, ("not measured yet cups",)),
        ("one\ntwo\n\nthree", {}, ("one two", "three")),
        ("{?a} yes\n\n{!a} no", {"a": True}, ("yes",)),
        ("{?a} yes\n\n{!a} no", {"a": 0}, ("no",)),
    ],
)
def test_values_stand_in_their_places(text, values, expected):
    assert card_of(template(text), values).steps["Problem"] == expected


def test_a_name_without_a_value_is_refused():
    for text in ("{n} cups", "{?n} cups"):
        with pytest.raises(ValueError, match="names 'n', for which there is no value"):
            card_of(template(text), {"m": 1})


def test_names_are_those_of_places_and_conditions():
    assert names_in("{a} and {b2}\n\n{?c} text\n\n{!d} {not this}") == set("acd") | {
        "b2"
    }


def test_a_step_that_is_missing_is_refused():
    with pytest.raises(ValueError, match="must have the steps Problem, Metrics"):
        card_of("# Toy\n\n## 1. Problem\n\nText.", {})
