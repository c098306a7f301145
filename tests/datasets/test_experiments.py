"""Published experiments are read, and refused where they are another table."""

import gzip
import os

import numpy as np
import pytest

from lookalike.datasets import load_asos, load_hillstrom, load_upworthy
from lookalike.datasets.experiments import read_asos, read_hillstrom, read_upworthy

FULL = pytest.mark.skipif("LOOKALIKE_DATA" not in os.environ, reason="no data")


@pytest.fixture
def parquet(tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    import pyarrow

    def write(columns):
        pq.write_table(pyarrow.table(columns), tmp_path / "table.parquet")
        return tmp_path / "table.parquet"

    return write


def test_packages_of_a_test_are_brought_together(parquet):
    columns = {
        "clickability_test_id": ["b", "a", "b"],
        "headline": ["one", "two", "three"],
        "impressions": [10, 20, 30],
        "clicks": [1, 2, 3],
        "test_week": [201324, 201401, 201324],
    }
    found = read_upworthy(parquet(columns))
    assert len(found) == 2
    assert found.headline == ("one", "three", "two")
    assert found.impressions.tolist() == [10, 30, 20]
    assert [(each.start, each.stop) for each in found.tests()] == [(0, 2), (2, 3)]
    assert found.is_faulty.tolist() == [False, False, True]


def test_running_totals_may_lack_a_variance(parquet):
    columns = {
        "experiment_id": ["a"],
        "variant_id": [1],
        "metric_id": [2],
        "time_since_start": [0.5],
        **{f"{name}_{arm}": [3.0] for name in ("count", "mean") for arm in "ct"},
        "variance_c": [2.0],
        "variance_t": [None],
    }
    found = read_asos(parquet(columns))
    assert found.count.tolist() == [[3.0, 3.0]]
    np.testing.assert_array_equal(found.variance, [[2.0, np.nan]])


def test_a_table_without_its_columns_is_refused(parquet):
    with pytest.raises(ValueError, match="lacks the columns clickability_test_id"):
        read_upworthy(parquet({"clicks": [1]}))


def test_customers_are_read(tmp_path):
    path = tmp_path / "mail.csv.gz"
    path.write_bytes(
        gzip.compress(
            b"recency,history_segment,history,mens,womens,zip_code,newbie,channel,"
            b"segment,visit,conversion,spend\n"
            b"10,2) $100,142.44,1,0,Rural,0,Phone,No E-Mail,1,0,0\n"
        )
    )
    found = read_hillstrom(path)
    assert found.arm.tolist() == ["No E-Mail"]
    assert found.columns["history"].tolist() == [142.44]
    assert found.labels["channel"].tolist() == ["Phone"]


@FULL
def test_the_published_sets_have_their_sizes():
    pytest.importorskip("pyarrow")
    upworthy = load_upworthy()
    assert (len(upworthy), len(upworthy.test)) == (4873, 22_666)
    assert (upworthy.impressions.sum(), upworthy.clicks.sum()) == (
        81_024_151,
        1_231_208,
    )
    assert len(np.unique(upworthy.week[upworthy.is_faulty])) == 30
    asos = load_asos()
    assert (len(asos.days), len(np.unique(asos.experiment))) == (24_153, 78)
    assert len(load_hillstrom().arm) == 64_000
