"""Windows hold the rows of their time, and refuse clocks that go back."""

import numpy as np
import pytest

from lookalike.monitor import matured, windows


def test_windows_hold_the_rows_of_their_time():
    time = np.sort(np.random.default_rng(0).uniform(0, 100, 300))
    found = list(windows(time, 10, every=3))
    assert len(found) == int((time[-1] - time[0] - 10) // 3) + 1
    for each in found:
        inside = np.flatnonzero((time >= each.start) & (time < each.end))
        assert list(range(each.first, each.last)) == inside.tolist()
        assert len(each) == len(inside)


def test_no_rows_or_too_short_a_time_have_no_window():
    assert list(windows([], 10)) == []
    assert list(windows([0, 1], 10)) == []


def test_labels_come_after_their_delay():
    np.testing.assert_array_equal(matured([0, 5, 10], now=10, delay=5), [0, 1])


def test_clocks_that_go_back_are_refused():
    with pytest.raises(ValueError, match="got 3 in row 2 after 5: the clock went back"):
        list(windows([0, 5, 3], 1))
