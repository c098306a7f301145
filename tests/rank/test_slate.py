"""Lists: every column, note and reason stays with its item."""

import numpy as np

from lookalike.rank import ExplainedSlate
from lookalike.rank.slate import Slate


def shown():
    return ExplainedSlate(
        ["a", "b", "c"],
        np.array([3.0, 2.0, 1.0]),
        np.arange(6.0).reshape(3, 2),
        ["popular", "like x", "new"],
        known=False,
        propensities=np.array([1.0, 0.75, 0.25]),
        rules=("already seen: 1 left out",),
        titles=["A", "B", "C"],
        reason_codes=["p", "l", "n"],
    )


def test_what_is_taken_keeps_all_that_was_said_of_it():
    found = shown().take([2, 0])
    assert (found.ids, found.scores.tolist()) == (["c", "a"], [1.0, 3.0])
    assert found.features.tolist() == [[4.0, 5.0], [0.0, 1.0]]
    assert found.propensities.tolist() == [0.25, 1.0]
    assert (found.titles, found.reason_codes) == (["C", "A"], ["n", "p"])
    assert found.reasons == ["new", "popular"]
    assert (found.rules, found.known) == (("already seen: 1 left out",), False)


def test_records_have_a_title_and_a_code_only_where_the_system_has_them():
    assert shown().without(["a"]).records() == [
        {
            **{"rank": 1, "id": "b", "title": "B", "score": 2.0},
            **{"reason": "like x", "reason_code": "l"},
        },
        {
            **{"rank": 2, "id": "c", "title": "C", "score": 1.0},
            **{"reason": "new", "reason_code": "n"},
        },
    ]
    plain = ExplainedSlate(["a"], np.ones(1), np.zeros((1, 2)), ["new"])
    assert plain.records() == [{"rank": 1, "id": "a", "score": 1.0, "reason": "new"}]
    assert plain.chances.tolist() == [1.0]
    assert plain.known


def test_a_list_of_somebody_unknown_says_so_through_every_change():
    line = Slate(
        np.array([4, 2]),
        np.array([0.9, 0.1]),
        notes=("blocked: 1 left out",),
        item_notes={3: ("left out: private",)},
        known=False,
    )
    longer = line.append(np.array([7]), np.array([0.5])).annotate([3, 7], ["x", "y"])
    found = longer.take([2, 0], note="cut")
    assert found.items.tolist() == [7, 4]
    assert found.notes == ("blocked: 1 left out", "cut")
    assert found.item_notes == {3: ("left out: private", "x"), 7: ("y",)}
    assert not found.known
    merged = line.merge(Slate(np.array([1]), np.array([0.9])))
    assert merged.items.tolist() == [1, 4, 2]  # a tie goes to the earlier row
    assert merged.notes == line.notes
