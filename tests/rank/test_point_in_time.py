"""Point-in-time queries: against their definition, and independent of the future."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.rank.point_in_time import History

SEEDS = st.integers(0, 2**32 - 1)


def log(seed, n=40):
    """Few keys and few times: full of ties."""
    rng = np.random.default_rng(seed)
    return rng.integers(4, size=n), rng.integers(6, size=n) / 3, rng.normal(size=(n, 2))


@settings(deadline=None, max_examples=40)
@given(SEEDS)
def test_answers_are_those_of_the_entries_before_the_time(seed):
    keys, times, values = log(seed)
    query_keys, before, _ = log(seed + 1, 25)
    since = before - np.random.default_rng(seed).integers(-1, 4, size=25) / 3
    history = History(keys, times, values)
    for begin in (None, since):
        low = np.full(25, -np.inf) if begin is None else begin
        mine = keys == query_keys[:, None]
        mine &= (times < before[:, None]) & (times >= low[:, None])
        np.testing.assert_array_equal(
            history.counts(query_keys, before, begin), mine.sum(axis=1)
        )
        np.testing.assert_allclose(
            history.totals(query_keys, before, begin), mine @ values, atol=1e-12
        )
    mine = (keys == query_keys[:, None]) & (times < before[:, None])
    latest = np.where(mine, times, -np.inf).max(axis=1)
    np.testing.assert_array_equal(history.latest(query_keys, before), latest)


@settings(deadline=None, max_examples=40)
@given(SEEDS)
def test_later_entries_change_no_digit_of_any_answer(seed):
    keys, times, values = log(seed)
    now = 4 / 3
    past = times < now
    whole, truncated = (
        History(keys[rows], times[rows], values[rows])
        for rows in (np.full(len(keys), True), past)
    )
    query_keys = np.arange(5)
    for ask in ("counts", "totals", "latest"):
        given = getattr(whole, ask)(query_keys, np.full(5, now))
        np.testing.assert_array_equal(
            given, getattr(truncated, ask)(query_keys, np.full(5, now))
        )


def test_nothing_happened_in_an_empty_log():
    empty = History([], [])
    assert empty.counts([3], [1.0]).tolist() == [0]
    assert empty.totals([3], [1.0]).tolist() == [0.0]
    assert empty.latest([3], [1.0]).tolist() == [-np.inf]
    of_vectors = History([], [], np.empty((0, 3)))
    assert of_vectors.totals([[1], [2]], 5.0).tolist() == [[[0, 0, 0]], [[0, 0, 0]]]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (([-1], [0.0]), "keys must be whole numbers of at least 0"),
        (([0.5], [0.0]), "keys must be whole numbers of at least 0"),
        (([1, 2], [0.0]), "times must be 2 finite numbers"),
        (([1], [np.nan]), "times must be 1 finite numbers"),
        (([1], [0.0], [1, 2]), "values must be 1, one for each key"),
    ],
)
def test_refuses_a_log_that_is_none(given, message):
    with pytest.raises(ValueError, match=message):
        History(*given)
