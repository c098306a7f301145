"""Texts of one's own: folders, tables and collections with judged queries."""

import gzip
import json

import pytest

from lookalike.datasets.own_texts import load_own_texts


def lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def test_a_folder_of_files_has_paths_as_ids_and_headings_as_titles(tmp_path):
    (tmp_path / "wine").mkdir()
    (tmp_path / "wine" / "red.md").write_text("# Red wine\n\nDry, from Spain.", "utf-8")
    (tmp_path / "tea.txt").write_bytes("﻿Grüner Tee.".encode())
    (tmp_path / "old.txt").write_bytes("Kaffee für zwei".encode("utf-16"))
    (tmp_path / "latin.txt").write_bytes("Käse".encode("latin-1"))
    (tmp_path / "empty.txt").write_text(" \n", "utf-8")
    (tmp_path / "documents.md").write_text("# About documents", "utf-8")
    (tmp_path / ".hidden.txt").write_text("not this", "utf-8")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    found = load_own_texts(tmp_path)
    assert found.ids == ["documents.md", "old.txt", "tea.txt", "wine/red.md"]
    assert found.titles == ["About documents", "", "", "Red wine"]
    assert found.texts == ["", "Kaffee für zwei", "Grüner Tee.", "Dry, from Spain."]
    assert [each["folder"] for each in found.attributes] == [".", ".", ".", "wine"]
    told = " ".join(found.problems)
    assert "empty.txt holds no text" in told
    assert "latin.txt is not in UTF-8 or UTF-16" in told
    assert found.queries == found.training == []


@pytest.mark.parametrize("name", ["own.csv", "own.tsv", "own.csv.gz", "own.jsonl"])
def test_the_columns_of_a_table_are_found_by_their_names(tmp_path, name):
    rows = [
        {"DocID": "7", "Headline": "Wine", "Body": "Red; or white", "kind": "drink"},
        {"DocID": "8", "Headline": "", "Body": "Green\ttea", "kind": ""},
        {"DocID": "9", "Headline": "", "Body": "", "kind": "nothing"},
    ]
    path = tmp_path / name
    if name.endswith(".jsonl"):
        lines(path, rows)
    else:
        mark = "\t" if ".tsv" in name else ","
        quoted = [
            mark.join(f'"{cell}"' for cell in row)
            for row in (rows[0], *(each.values() for each in rows))
        ]
        text = "\n".join(quoted) + "\n"
        raw = text.encode()
        path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    found = load_own_texts(path)
    assert (found.ids, found.titles) == (["7", "8"], ["Wine", ""])
    assert found.texts == ["Red; or white", "Green\ttea"]
    assert found.attributes == [{"kind": "drink"}, {}]
    assert found.problems == ("Left out: 1 rows without a text.",)


def test_a_collection_in_the_form_of_beir_has_judged_queries(tmp_path):
    documents = [{"_id": f"d{n}", "title": "", "text": f"text {n}"} for n in range(3)]
    lines(tmp_path / "corpus.jsonl", documents)
    queries = [{"_id": f"q{n}", "text": f"query {n}"} for n in range(4)]
    lines(tmp_path / "queries.jsonl", queries)
    (tmp_path / "qrels").mkdir()
    head = "query-id\tcorpus-id\tscore\n"
    (tmp_path / "qrels" / "test.tsv").write_text(
        head + "q1\td0\t2\nq1\td1\t0\nq2\td9\t1\nq3\td2\t1\nq3\td9\t1\n", "utf-8"
    )
    (tmp_path / "qrels" / "train.tsv").write_text(head + "q0\td2\t1\n", "utf-8")
    found = load_own_texts(tmp_path)
    assert found.ids == ["d0", "d1", "d2"]
    assert (found.query_ids, found.queries) == (["q1", "q3"], ["query 1", "query 3"])
    assert found.grades == [{"d0": 2}, {"d2": 1}]
    assert found.training == [("query 0", {"d2": 1})]
    assert found.problems == ("Left out: 2 judgments of documents that are not there.",)


def test_a_collection_in_the_form_of_trec_has_judged_queries(tmp_path):
    (tmp_path / "documents.csv").write_text("docno,text\nA,wine\nB,tea\n", "utf-8")
    (tmp_path / "topics.tsv").write_text("1\tred wine\n2\tgreen tea\n", "utf-8")
    (tmp_path / "qrels.txt").write_text("1 0 A 1\n2 0 B -1\n", "utf-8")
    found = load_own_texts(tmp_path)
    assert (found.queries, found.grades) == (["red wine"], [{"A": 1}])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("id,price\n1,2\n", "must have a column of texts, named text, body, content"),
        ("id,text\n1,a\n1,b\n", "has two documents with the id '1'."),
        ("id,text\n,a\n", "document 1 has no id."),
        ("", "is empty"),
    ],
)
def test_a_table_that_is_none_of_texts_is_refused(tmp_path, content, said):
    (tmp_path / "own.csv").write_text(content, "utf-8")
    with pytest.raises(ValueError, match=said):
        load_own_texts(tmp_path / "own.csv")


def test_a_folder_without_texts_and_judgments_of_another_form_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"holds no texts; expected files that end"):
        load_own_texts(tmp_path)
    (tmp_path / "corpus.csv").write_text("id,text\n1,a\n", "utf-8")
    (tmp_path / "queries.tsv").write_text("1\ta\n", "utf-8")
    (tmp_path / "qrels.tsv").write_text("1\t1\t1\n1 much\n", "utf-8")
    with pytest.raises(ValueError, match="query, document and grade in line 2"):
        load_own_texts(tmp_path)
