"""Intervals that draw clusters: as wide as so few observations deserve."""

import numpy as np
import pytest

from lookalike.evaluate import bootstrap
from lookalike.evaluate.clustered import bootstrap_clusters, clustered_difference
from lookalike.evaluate.roc_area import roc_auc


def test_copies_of_a_row_narrow_nothing():
    rng = np.random.default_rng(0)
    y, score = np.arange(60) % 2, rng.normal(size=60) + np.arange(60) % 2
    single = bootstrap(roc_auc, y, score, n_resamples=400)
    person = np.repeat(np.arange(60), 20)
    found = bootstrap_clusters(roc_auc, person, y[person], score[person])
    assert found.value == pytest.approx(single.value)
    assert found.low == pytest.approx(single.low, abs=0.02)
    assert found.high == pytest.approx(single.high, abs=0.02)


def test_a_difference_is_signed_and_tested():
    rng = np.random.default_rng(1)
    person = np.repeat(np.arange(80), 5)
    y = (person % 2).astype(int)
    good, bad = y + rng.normal(0, 0.8, 400), rng.normal(size=400)
    better = clustered_difference(roc_auc, person, y, good, bad)
    worse = clustered_difference(roc_auc, person, y, bad, good)
    assert better.difference.low > 0.1
    assert worse.difference.value == -better.difference.value
    assert max(better.p_value, worse.p_value) < 0.05
    none = clustered_difference(roc_auc, person, y, bad, bad)
    assert (none.difference.value, none.p_value) == (0.0, 1.0)


def test_columns_that_do_not_fit_and_one_class_are_refused():
    with pytest.raises(ValueError, match="one value a row"):
        bootstrap_clusters(np.mean, [0, 1], [1.0])
    with pytest.raises(ValueError):
        bootstrap_clusters(roc_auc, [0, 1, 2], [1, 1, 1], [0.1, 0.2, 0.3])
