"""KuaiRand: liked rows alone, in the order of time, and refusals."""

import gzip

import numpy as np
import pytest

from lookalike.datasets import kuairand
from lookalike.datasets.kuairand import HEADS, load_kuairand

HEADER = (
    "user_id\tvideo_id\tdate\thourmin\ttime_ms\tis_click\tis_follow\tis_comment\t"
    "is_forward\tlong_view\tplay_time_ms\tduration_ms\tcomment_stay_time\t"
    "is_profile_enter\tlabel\ttimestamp"
)
ROWS = [
    "7\ta\t1\t0\t3000\t1\t0\t1\t0\t1\t9\t5000\t0\t0\t1\tx",
    "7\tb\t1\t0\t1000\t0\t0\t0\t1\t0\t9\t0\t0\t0\t1\tx",
    "8\ta\t1\t0\t2000\t0\t1\t0\t0\t1\t9\t5000\t0\t1\t0\tx",  # hated
    "8\tb\t1\t0\t4000\t0\t0\t0\t0\t1\t9\t0\t0\t1\t1\tx",
]


@pytest.fixture
def load(tmp_path, monkeypatch):
    def written(rows):
        path = tmp_path / "some.tsv.gz"
        path.write_bytes(gzip.compress("\n".join([HEADER, *rows]).encode()))
        monkeypatch.setattr(kuairand, "find", lambda name, given: path)
        return load_kuairand(path)

    return written


def test_hated_rows_are_left_out_and_the_rest_is_in_order(load):
    log = load(ROWS)
    assert log.users[log.user].tolist() == ["7", "7", "8"]
    assert log.posts.ids[log.post].tolist() == ["b", "a", "b"]
    assert log.time.tolist() == [1.0, 3.0, 4.0]
    assert list(log.actions) == list(HEADS)
    assert log.actions["forward"].tolist() == [1, 0, 0]
    assert log.actions["profile"].tolist() == [0, 0, 1]
    assert log.is_test.tolist() == [False, False, True]
    np.testing.assert_allclose(log.posts.numbers["log seconds"], np.log1p([5.0, 0.0]))


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ("\t1\tx", "\t2\tx", "a label of 0 or 1 in every row, not so in 2: rows 2, 3"),
        ("7\tb", "\tb", "a user_id in every row, not so in 1: row 3"),
    ],
)
def test_a_file_that_is_not_as_published_is_refused(load, was, now, told):
    rows = [ROWS[0].replace(was, now), ROWS[1].replace(was, now), *ROWS[2:]]
    with pytest.raises(ValueError, match=told):
        load(rows)
