"""Rows of LETOR and SVM-light are read, and refused by file and row."""

import gzip
import os

import numpy as np
import pytest

from lookalike.datasets import fold_of, load_lambdarank, load_mq2008, read_letor
from lookalike.datasets.letor import joined

ROWS = """2 qid:A 1:0.5 3:-1e-1 #docid = x 4:7
0 qid:A 2:0.25

# the next query
1 qid:7 3:4
"""
FULL = pytest.mark.skipif("LOOKALIKE_DATA" not in os.environ, reason="no data")


@pytest.fixture
def write(tmp_path):
    def write(text, name="rows.txt"):
        path = tmp_path / name
        data = text.encode()
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return write


@pytest.mark.parametrize("name", ["rows.txt", "rows.txt.gz"])
def test_rows_are_what_they_say(write, name):
    found = read_letor(write(ROWS, name))
    expected = np.array([[0.5, 0, -0.1], [0, 0.25, 0], [0, 0, 4]], np.float32)
    np.testing.assert_array_equal(found.features, expected)
    assert found.features.dtype == np.float32
    assert found.grades.tolist() == [2, 0, 1]
    assert found.queries == ("A", "7")
    assert len(found) == 2
    assert found.sizes.tolist() == [2, 1]
    assert found.query_of_row.tolist() == [0, 0, 1]


def test_more_features_than_rows_name_are_zero(write):
    assert (
        read_letor(write(ROWS), n_features=5).features[:, 3:].tolist() == [[0, 0]] * 3
    )


def test_sizes_of_queries_may_be_in_a_second_file(write):
    rows = write("1 1:1\n0\n0 2:1\n")
    found = read_letor(rows, write("2\n1\n\n", "sizes.txt"))
    assert found.sizes.tolist() == [2, 1]
    assert found.queries == ("1", "2")
    assert found.features.tolist() == [[1, 0], [0, 0], [0, 1]]
    with pytest.raises(ValueError, match=r"has 3 rows, but the numbers in .* up to 2"):
        read_letor(rows, write("2\n", "sizes.txt"))


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("", r"rows\.txt holds no rows"),
        (
            "1 qid:1 1:1\nx qid:1 1:1\n",
            r"rows\.txt, row 2: expected a whole grade .* x",
        ),
        ("-1 qid:1 1:1\n", r"row 1: expected a whole grade from 0 to 31 first, got -1"),
        ("32 qid:1 1:1\n", "got 32"),
        ("1.5 qid:1 1:1\n", "got 1.5"),
        ("1 1:1\n", r"row 1: expected its query second, such as qid:7, got 1:1"),
        ("1\n", "got nothing"),
        ("1 qid: 1:1\n", "got qid:;"),
        ("1 qid:1 1:1\n\n0 qid:1 1:a 2:1\n", "row 3: expected features .* got 1:a"),
        ("1 qid:1 1\n", "such as 3:0.5, got 1"),
        ("1 qid:1 a:1\n", "got a:1"),
        ("1 qid:1 1:nan\n", "row 1: expected .*, got 1:nan"),
        ("1 qid:1 1:1 2:1e39\n", "expected finite values, got 2:1e39"),
        ("1 qid:1 1:1 0:1\n", "rising numbers of features from 1 to 10,000, got 0:1"),
        ("1 qid:1 0:1\n", "got 0:1"),
        ("1 qid:1 2:1 2:3\n", "got 2:3"),
        ("1 qid:1 10001:3\n", "got 10001:3"),
        ("1 qid:1 9999999999999999999999:3\n", "expected features"),
        ("1 qid:1\n1 qid:2\n1 qid:1\n", "row 3: rows of one query .* query 1 again"),
        ("\x1b[1m qid:1\n", r"got \\x1b\[1m"),
    ],
)
def test_what_is_no_row_is_refused_by_file_and_row(write, rows, sentence):
    with pytest.raises(ValueError, match=sentence) as refused:
        read_letor(write(rows))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("sizes", "sentence"),
    [("", "holds no rows"), ("1\n0\n", "row 2: .* got 0"), ("1.0\n", "row 1: .* 1.0")],
)
def test_what_is_no_size_is_refused(write, sizes, sentence):
    rows = write("1 1:1\n")
    with pytest.raises(ValueError, match=rf"sizes\.txt.*{sentence}"):
        read_letor(rows, write(sizes, "sizes.txt"))


def test_a_feature_beyond_those_expected_is_refused(write):
    with pytest.raises(ValueError, match="from 1 to 2, got 3:-1e-1"):
        read_letor(write(ROWS), n_features=2)


def test_what_is_no_text_is_refused(tmp_path):
    path = tmp_path / "rows.txt.gz"
    path.write_bytes(b"no gzip")
    with pytest.raises(ValueError, match=r"rows\.txt\.gz is no file of ranking rows"):
        read_letor(path)
    with pytest.raises(FileNotFoundError):
        read_letor(tmp_path / "none.txt")


def test_parts_are_joined_and_turned_in_a_circle(write):
    parts = [read_letor(write(f"{n} qid:q{n} 1:{n}\n")) for n in range(4)]
    train, valid, test = fold_of(parts, 3)
    assert train.queries == ("q3", "q0")
    assert train.features.ravel().tolist() == train.grades.tolist() == [3, 0]
    assert (valid.queries, test.queries) == (("q1",), ("q2",))
    wide = read_letor(write(ROWS))
    with pytest.raises(ValueError, match=r"same number of features, got \[1, 3\]"):
        joined([parts[0], wide])
    for fold in (-1, 4):
        with pytest.raises(ValueError, match=rf"in \[0, 3\] .* got {fold} of 4"):
            fold_of(parts, fold)


@pytest.mark.full
@FULL
def test_published_sets_are_whole():
    parts = load_mq2008()
    whole = joined(parts)
    assert [len(part) for part in parts] == [157, 157, 157, 157, 156]
    assert whole.features.shape == (15_211, 46)
    assert np.bincount(whole.grades).tolist() == [12_279, 2_001, 931]
    without = np.bincount(whole.query_of_row, whole.grades) == 0
    assert without.sum() == 220
    train, test = load_lambdarank()
    assert (len(train), train.features.shape) == (201, (3005, 300))
    assert (len(test), test.features.shape) == (50, (768, 300))
    assert test.grades.max() == 4
