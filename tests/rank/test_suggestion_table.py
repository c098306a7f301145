"""Tables of suggestions: rows of users, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from lookalike.rank.suggestion_table import SuggestionTable


@pytest.fixture
def table():
    users, scores = np.array([0, 0, 2]), np.array([0.9, 0.5, 0.7])
    candidates, features = np.array([2, 1, 0]), np.arange(6.0).reshape(3, 2)
    return SuggestionTable.of_rows(users, candidates, scores, features, n_users=3)


def test_concatenated_tables_hold_the_users_of_each_in_turn(table):
    both = SuggestionTable.concatenate([table, table])
    for user in range(6):
        for ours, theirs in zip(both.row(user), table.row(user % 3), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    both.check(6, 2)


def test_arrays_make_the_same_table_again(table):
    again = SuggestionTable.from_arrays(vars(table))
    for name, array in vars(table).items():
        np.testing.assert_array_equal(getattr(again, name), array)


@pytest.mark.parametrize(
    "changed",
    [
        {"starts": np.array([0, 2, 3])},
        {"starts": np.array([0, 3, 2, 3])},
        {"starts": np.array([0, 2, 2, 2])},
        {"candidates": np.array([2, 1, 3])},
        {"scores": np.zeros(2)},
        {"features": np.zeros((3, 1))},
    ],
)
def test_a_table_of_other_users_is_refused(table, changed):
    table.check(3, 2)
    with pytest.raises(ValueError, match="not one of these 3 users"):
        replace(table, **changed).check(3, 2)
