"""Prevalence by views: unbiased, covered as often as is said, whatever the views."""

import numpy as np
import pytest

from lookalike.evaluate.prevalence import prevalence, sample_by_views


def test_the_interval_covers_the_share_of_views():
    rng, covers = np.random.default_rng(0), []
    for _ in range(400):
        views = rng.pareto(1.2, 800) + 0.1
        harmful = rng.random(800) < 0.05
        found = prevalence(harmful[sample_by_views(views, 500, rng)])
        covers.append(found.low <= views @ harmful / views.sum() <= found.high)
    assert 0.92 <= np.mean(covers) <= 0.98


def test_posts_come_as_often_as_they_are_seen():
    drawn = sample_by_views([1, 0, 3], 8000)
    assert np.bincount(drawn, minlength=3)[1] == 0
    assert np.mean(drawn == 2) == pytest.approx(0.75, abs=0.02)
    for bad in ([], [-1, 2], [0, 0], [[1]]):
        with pytest.raises(ValueError, match="views must be"):
            sample_by_views(bad, 3)


def test_labels_are_zero_or_one():
    with pytest.raises(ValueError, match="0 or 1"):
        prevalence([0.5])
