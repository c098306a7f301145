"""Logs of Open Bandit: as published, and with faults."""

import gzip

import numpy as np
import pytest

from lookalike.datasets import load_open_bandit, open_bandit

HEAD = (
    ",timestamp,item_id,position,click,propensity_score,user_feature_0,user_feature_1\n"
)
ROW = "0,2019-11-24 00:00:0{}+00:00,{},{},1,0.25,a,b\n"


@pytest.fixture
def log(tmp_path, monkeypatch):
    def load(head, *rows):
        folder = tmp_path / "bts" / "men"
        folder.mkdir(parents=True)
        with gzip.open(folder / "men.csv.gz", "wt") as out:
            out.write(head + "".join(ROW.format(n, *row) for n, row in enumerate(rows)))
        with gzip.open(folder / "item_context.csv.gz", "wt") as out:
            out.write("item_id\n0\n1\n2\n")
        monkeypatch.setattr(open_bandit, "find", lambda name, path: tmp_path)
        return load_open_bandit("bts", "men")

    return load


def test_rows_are_what_they_say(log):
    found = log(HEAD, (2, 1), (0, 3))
    assert found.item.tolist() == [2, 0]
    assert found.position.tolist() == [0, 2]
    assert found.propensity.tolist() == [0.25, 0.25]
    assert found.users == ("a b", "a b")
    assert found.n_items == 3
    assert np.diff(found.time).tolist() == [1]


def test_unknown_items_are_refused_by_their_row(log):
    with pytest.raises(ValueError, match="3"):
        log(HEAD, (2, 1), (3, 1))


def test_missing_columns_are_named(log):
    with pytest.raises(ValueError, match="lacks the columns click"):
        log(HEAD.replace("click", "clack"), (2, 1))


def test_unknown_policies_are_refused():
    with pytest.raises(ValueError, match="'random', 'bts'"):
        load_open_bandit("best", "men")


@pytest.mark.full
@pytest.mark.parametrize(("campaign", "n_items"), [("men", 34), ("women", 46)])
def test_uniform_propensities_are_of_the_items(campaign, n_items):
    found = load_open_bandit("random", campaign)
    assert (len(found), found.n_items) == (10_000, n_items)
    np.testing.assert_allclose(found.propensity, 1 / n_items)
