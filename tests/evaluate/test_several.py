"""Holm's correction beside its definition, and what it promises."""

import numpy as np

from lookalike.evaluate import holm


def test_holm_is_its_definition():
    p = np.random.default_rng(0).random(7) ** 3
    order = np.argsort(p)
    expected, most = np.empty(7), 0.0
    for rank, at in enumerate(order):
        most = max(most, (7 - rank) * p[at])
        expected[at] = min(1, most)
    np.testing.assert_allclose(holm(p), expected)


def test_tests_of_nothing_are_seldom_significant_together():
    p = np.random.default_rng(1).random((4000, 6))
    any_found = np.mean([holm(each).min() < 0.05 for each in p])
    assert 0.03 < any_found < 0.06
    assert np.mean(p.min(axis=1) < 0.05) > 0.2


def test_one_test_is_not_corrected():
    assert holm([0.03]).tolist() == [0.03]
