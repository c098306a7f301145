"""Tables of users in every form: the same cells, and sentences for what is none."""

import gzip
import json

import numpy as np
import pytest

from lookalike.datasets.tables import read_table, seconds_of

NAMES = ["customer", "sku", "note; or, not"]
ROWS = [["ann", "7", "x"], ["bob", "8", 'a "quoted" one'], ["eve", "", "ü, and | more"]]


def written(path, kind):
    objects = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
    if kind in (",", ";", "\t", "|"):
        lines = [
            kind.join('"' + cell.replace('"', '""') + '"' for cell in row)
            for row in (NAMES, *ROWS)
        ]
        text = "\n".join(lines) + "\n\n"
    elif kind == "lines":
        text = "\n".join(json.dumps(each) for each in objects) + "\n"
    else:
        text = json.dumps(objects, indent=1)
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "wt", encoding="utf-8") as file:
        file.write(text)
    return path


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(("log.csv", ","), ("log.csv.gz", ","), ("log.csv", ";"), ("log.tsv", "\t")),
        *(("log.txt", "|"), ("log.jsonl", "lines"), ("log.jsonl.gz", "lines")),
        *(("log.json", "list"), ("log.ndjson", "lines")),
    ],
)
def test_every_form_has_the_same_cells(tmp_path, name, kind):
    table = read_table(written(tmp_path / name, kind))
    assert list(table.columns) == NAMES
    assert [list(row) for row in zip(*table.columns.values(), strict=True)] == ROWS
    users, at = table.name_codes("customer")
    assert users[at].tolist() == ["ann", "bob", "eve"]


def test_parquet_has_the_same_cells(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    import pyarrow

    columns = {"n": [1, 2, None], "tags": [["a", "b"], [], None], "good": [True] * 3}
    parquet.write_table(pyarrow.table(columns), tmp_path / "log.parquet")
    table = read_table(tmp_path / "log.parquet")
    assert table.columns == {
        "n": ["1", "2", ""],
        "tags": ["a|b", "", ""],
        "good": ["true"] * 3,
    }
    (tmp_path / "bad.parquet").write_bytes(b"no parquet at all")
    with pytest.raises(ValueError, match="is no Parquet file"):
        read_table(tmp_path / "bad.parquet")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is empty"),
        ("a,b\n", "has a header and no rows"),
        ("a,a\n1,2\n", "has 2 columns a; expected one"),
        ("a,b\n1\n2,3\n4\n", "expected 2 cells in every row, not so in 2: rows 2, 4"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, text, sentence):
    (tmp_path / "log.csv").write_text(text)
    with pytest.raises(ValueError, match=sentence):
        read_table(tmp_path / "log.csv")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"a": 1}\n[2]\n', "expected an object in every row, not so in 1: row 2"),
        ('{"a": 1}\n{"a"\n', "is no table of JSON objects"),
    ],
)
def test_what_is_no_json_is_refused(tmp_path, text, sentence):
    (tmp_path / "log.jsonl").write_text(text)
    with pytest.raises(ValueError, match=sentence):
        read_table(tmp_path / "log.jsonl")


def test_times_of_every_kind_are_seconds():
    moment = 1_704_164_645.0  # 2024-01-02 03:04:05 in UTC
    for cell in (
        *("2024-01-02T03:04:05Z", "2024-01-02 03:04:05", "2024-01-02T04:04:05+01:00"),
        *("1704164645", "1704164645.0", "1704164645000", "1704164645000000"),
    ):
        assert seconds_of(cell) == moment, cell
    assert seconds_of("2024-01-02") == moment - 3 * 3600 - 4 * 60 - 5
    assert np.isnan([seconds_of(cell) for cell in ("", "soon", "2024-13-01")]).all()
