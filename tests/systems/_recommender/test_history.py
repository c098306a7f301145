"""Interaction histories and the catalogue: rows, matrices, arrays, refusals."""

import numpy as np
import pytest

from lookalike.systems._recommender.catalogue import Catalogue
from lookalike.systems._recommender.history import InteractionHistory


@pytest.fixture
def history():
    user, item = np.array([0, 0, 2]), np.array([3, 1, 0])
    return InteractionHistory(user, item, np.ones(3), np.arange(3.0), 3, 4)


def test_histories_are_taken_by_row_also_empty_ones(history):
    found = history.rows([2, -1, 0, 1, 0])
    assert found.user.tolist() == [0, 2, 2, 4, 4]
    assert found.item.tolist() == [0, 3, 1, 3, 1]
    assert found.items_of(1).tolist() == []
    assert found.matrix().toarray().sum(axis=1).tolist() == [1, 0, 2, 0, 2]
    assert [found.number_of(user) for user in range(5)] == [2, 0, 0, 1, 0]
    assert history.counts().tolist() == [1, 1, 0, 1]


def test_given_histories_pass_over_unknown_items():
    rows = {"chess": 0, "go": 1}
    given = [{"go": 2.0, "bridge": 1.0}, {}, {"chess": 0.0}]
    found = InteractionHistory.given(given, rows, 2)
    assert found.n_users == 3
    assert found.user.tolist() == [0, 2]
    assert found.item.tolist() == [1, 0]
    assert found.number_of(2) == 0
    for value in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="finite and at least 0"):
            InteractionHistory.given([{"go": value}], rows, 2)


@pytest.mark.parametrize(
    ("column", "wrong"),
    [
        ("user", [0, 0, 3]),
        ("user", [2, 0, 0]),
        ("item", [3, 1, 4]),
        ("item", [3, -1, 0]),
        ("value", [1.0]),
    ],
)
def test_arrays_give_the_history_back_or_are_refused(history, column, wrong):
    arrays = history.arrays()
    again = InteractionHistory.from_arrays(arrays, 3, 4)
    np.testing.assert_array_equal(again.matrix().toarray(), history.matrix().toarray())
    arrays[f"history_{column}"] = np.array(wrong)
    with pytest.raises(ValueError, match="not those of its users and items"):
        InteractionHistory.from_arrays(arrays, 3, 4)


def test_a_catalogue_finds_rows_by_name_and_refuses_columns_of_other_items():
    names = np.array(["chess", "go"])
    columns = names, names, np.full(2, ""), np.full(2, np.nan)
    catalogue = Catalogue(np.array(["ann", "eve"]), *columns)
    assert catalogue.rows_of_users(["eve", "bob"]) == [1, -1]
    assert catalogue.rows_of_items(["go"]).tolist() == [1]
    assert catalogue.rows_of_known_items(["bridge", "go"]).tolist() == [1]
    with pytest.raises(ValueError, match="Expected one of the 2 items known"):
        catalogue.rows_of_items(["bridge"])
    arrays = catalogue.arrays()
    again = Catalogue.from_arrays(arrays)
    assert again.rows_of_items(["go", "chess"]).tolist() == [1, 0]
    with pytest.raises(ValueError, match="do not belong together"):
        Catalogue.from_arrays({**arrays, "titles": names[:1]})
