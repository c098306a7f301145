import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from lookalike.kernels.assignment import assign
from lookalike.track import matched


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(0, 9),
    m=st.integers(0, 9),
    levels=st.sampled_from([2, 4, 1000]),
)
def test_assignments_are_scipys_with_its_ties(seed, n, m, levels):
    cost = np.random.default_rng(seed).integers(0, levels, (n, m)).astype(float)
    column_of = np.full(n, 99)
    assign(cost, column_of)
    rows, columns = linear_sum_assignment(cost)
    expected = np.full(n, -1)
    expected[rows] = columns
    np.testing.assert_array_equal(column_of, expected)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(0, 7), m=st.integers(0, 7))
def test_matches_are_those_of_sort(seed, n, m):
    rng = np.random.default_rng(seed)
    overlaps = rng.integers(0, 5, (n, m)) / 4 * (rng.random((n, m)) < 0.5)
    least = 0.3
    good = overlaps > least
    if good.size and good.sum(0).max() <= 1 and good.sum(1).max() <= 1:
        expected = list(zip(*np.nonzero(good), strict=True))
    else:
        pairs = zip(*linear_sum_assignment(-overlaps), strict=True)
        expected = [pair for pair in pairs if overlaps[pair] >= least]
    rows, columns = matched(overlaps, least)
    assert list(zip(rows, columns, strict=True)) == expected


def test_costs_that_are_not_finite_end_the_search():
    column_of = np.full(2, 99)
    assign(np.full((2, 2), np.nan), column_of)
    assert (column_of == -1).all()


def test_what_is_no_table_of_overlaps_is_refused():
    for overlaps in ([0.5], [[np.nan]]):
        with pytest.raises(ValueError, match="overlaps must be finite numbers"):
            matched(overlaps)
