"""Rows to label next: the most doubtful ones that have no label."""

import numpy as np

from lookalike.learn.active import most_uncertain


def test_the_most_doubtful_come_first_and_labelled_ones_never():
    rng = np.random.default_rng(0)
    share, labelled = rng.random(100), rng.random(100) < 0.3
    found = most_uncertain(share, 20, labelled)
    doubt = np.abs(share - 0.5)
    assert not labelled[found].any()
    assert (np.diff(doubt[found]) >= 0).all()
    rest = np.setdiff1d(np.flatnonzero(~labelled), found)
    assert doubt[rest].min() >= doubt[found].max()


def test_fewer_come_where_fewer_are_left():
    assert most_uncertain([0.1, 0.5], 5, [True, False]).tolist() == [1]
    assert most_uncertain([0.1, 0.5], 5, [True, True]).tolist() == []
    assert most_uncertain([0.4, 0.6, 0.5], 3).tolist() == [2, 0, 1]
