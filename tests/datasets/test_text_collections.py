"""Test collections of text search are read as their publishers mean them."""

import gzip
import os

import pytest

from lookalike.datasets import CATALOGUE, DataSet, File, checksum, load_trec_queries
from lookalike.datasets.short_texts import load_captions
from lookalike.datasets.text_collections import TEXT_COLLECTIONS, load_cranfield

FULL = [
    pytest.mark.full,
    pytest.mark.skipif("LOOKALIKE_DATA" not in os.environ, reason="no data"),
]
DOCUMENTS = """.I 1
.T
flow over
a wing
.A
smith,j.
.W
flow over
a wing
  an experiment .
.I 7
.T
heat
.W
heat
of plates .
"""
QUERIES = ".I 001\n.W\nwing\nflow ?\n.I 365\n.W\nhot plates .\n"


@pytest.fixture
def cranfield(tmp_path, monkeypatch):
    files = {
        "cran.all.1400.gz": DOCUMENTS,
        "cran.qry.gz": QUERIES,
        "cranqrel.gz": "1 1 1\n1 7 4\n2 7 2\n2 1 -1\n",
    }
    made = []
    for name, text in files.items():
        path = tmp_path / "cranfield_clean" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(gzip.compress(text.encode()))
        made.append(File(f"cranfield_clean/{name}", 1, checksum(path)))
    entry = DataSet("cranfield", "", "", "", tuple(made))
    monkeypatch.setitem(CATALOGUE, "cranfield", entry)
    return load_cranfield(tmp_path)


def test_a_text_does_not_repeat_its_title(cranfield):
    assert cranfield.ids == ["1", "7"]
    assert cranfield.titles == ["flow over\na wing", "heat"]
    assert cranfield.texts == ["an experiment .", "of plates ."]
    assert cranfield.whole[1] == "heat\nof plates ."


def test_the_nth_query_is_judged_and_grade_one_is_the_best(cranfield):
    assert cranfield.queries == ["wing\nflow ?", "hot plates ."]
    assert cranfield.grades == [{"1": 4, "7": 1}, {"7": 3}]


@pytest.mark.parametrize(
    ("name", "documents", "queries", "judgments", "training"),
    [
        pytest.param("scifact", 5183, 300, 339, 809, marks=FULL),
        pytest.param("cranfield", 1400, 225, 1612, 0, marks=FULL),
        pytest.param("cacm", 3204, 52, 796, 0, marks=FULL),
    ],
)
def test_collections_are_whole(name, documents, queries, judgments, training):
    found = TEXT_COLLECTIONS[name]()
    assert len(set(found.ids)) == len(found.texts) == len(found.titles) == documents
    assert len(found.queries) == len(found.grades) == queries
    assert sum(map(len, found.grades)) == judgments
    assert set().union(*found.grades) <= set(found.ids)
    assert len(found.training) == training


@pytest.mark.full
@pytest.mark.skipif("LOOKALIKE_DATA" not in os.environ, reason="no data")
def test_captions_and_queries_are_whole():
    assert len(load_captions()) == 200_000
    queries = load_trec_queries().train.queries
    assert len(queries) == 100_000
    assert queries[0] == "after school program evaluation"
