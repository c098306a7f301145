"""Alarms are counted once a change, and beside the always and the never ringing."""

import numpy as np
import pytest

from lookalike.monitor import judge_alarms


def test_the_first_alarm_in_time_finds_a_change_and_late_ones_are_false():
    found = judge_alarms({"it": [10, 105, 140, 260, 301]}, [100, 200, 300], 400, 50)
    record = found["it"]
    assert (record.found, record.missed, record.false) == (2, 1, 2)
    np.testing.assert_array_equal(record.delays, [5, 1])
    assert record.precision == 0.5
    assert record.recall == pytest.approx(2 / 3)


def test_who_always_rings_finds_all_at_once_and_who_never_rings_is_never_wrong():
    found = judge_alarms({}, [100, 200], 300, 20)
    always, never = found["always"], found["never"]
    assert (always.recall, always.false) == (1, 260)
    np.testing.assert_array_equal(always.delays, [0, 0])
    assert (never.recall, never.false) == (0, 0)
    assert np.isnan(never.precision)


def test_positions_outside_are_refused():
    with pytest.raises(ValueError, match="Positions of it must be from 0 to 9"):
        judge_alarms({"it": [10]}, [], 10, 5)
