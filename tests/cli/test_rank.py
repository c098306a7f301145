"""``lookalike rank``: items in order, pages sold, and what is no order to give."""

import json

import pytest
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.core.library import Library


@pytest.fixture(scope="module")
def library(small, tmp_path_factory):
    """A small market, and the folder of its generation."""
    made, folder = small("ads"), tmp_path_factory.mktemp("rank") / "ads"
    Library("ads", folder).add(made.system.save)
    return made.system, folder


def invoke(folder, *words):
    command = ["rank", "ads", "u3", *map(str, words), "--folder", str(folder)]
    return CliRunner().invoke(app, command)


def test_items_come_in_order_for_the_user(library):
    system, folder = library
    result = invoke(folder, "a5", "a17", "a20", "a5", "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["system"] == "ads"
    assert document["generation"] == "0001"
    expected = system.rank_items("u3", ["a5", "a17", "a20"]).records()
    assert document["answers"] == [{"user": "u3", **each} for each in expected]
    assert "revenue" not in document


def test_a_page_is_sold_as_the_options_say(library):
    system, folder = library
    words = ("--auction", "vcg", "--k", 2, "--reserve", 0.05)
    context = ("--context", "device=tablet", "--context", "hour=7")
    result = invoke(folder, *words, *context, "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    told = {"device": "tablet", "hour": "7"}
    expected = system.run_auction("u3", 2, "vcg", 0.05, told).record()
    assert document["answers"] == expected["places"]
    assert document["revenue"] == expected["revenue"]
    assert document["rules"] == expected["rules"]
    assert expected != system.run_auction("u3", 2, "vcg", 0.05).record()
    shown = invoke(folder, *words, *context).stdout
    for place in expected["places"]:
        assert place["id"] in shown
    for rule in expected["rules"]:
        assert rule in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Name the items that are to be ranked, or give --auction"),
        (("a1", "--auction", "gsp"), "Name the items that are to be ranked, or give"),
        (("no such ad",), "no such ad"),
        (("--auction", "third"), "kind must be one of"),
        (("--auction", "gsp", "--context", "device"), "--context takes NAME=VALUE"),
        (("--auction", "gsp", "--context", "=phone"), "--context takes NAME=VALUE"),
        (("--auction", "gsp", "--context", "hour=noon"), "hour held numbers"),
        (("--auction", "gsp", "--reserve", "nan"), "reserve must be a"),
        (("--auction", "gsp", "--k", "0"), "k must be a whole number"),
    ],
)
def test_what_is_no_order_is_told_in_a_sentence(library, words, said):
    result = invoke(library[1], *words)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    [line] = result.stderr.splitlines()
    assert line.startswith("Error: ")
    assert said in line
