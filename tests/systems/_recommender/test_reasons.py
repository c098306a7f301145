"""Reasons of lists: the best generator, popular items, new items, what is closest."""

import numpy as np
import pytest
import scipy.sparse as sp

from lookalike.rank.funnel import CandidateGenerator
from lookalike.rank.slate import Slate
from lookalike.systems._recommender.reasons import Reasons, closest_item


@pytest.fixture
def reasons():
    generators = [
        CandidateGenerator("similar games", None, 40, "played with yours"),
        CandidateGenerator("EASE", None, 10, "goes with what you play"),
    ]
    return Reasons(generators, "play", np.array([7]))


def test_the_generator_whose_list_has_the_item_relatively_highest_gives_the_reason(
    reasons,
):
    positions = np.array([[5, 1], [3, 1], [40, 10], [5, 1]])
    slate = Slate(
        *(np.array([5, 6, 8, 7]), np.array([3.0, 2.0, 1.0, 0.0])),
        columns={"positions": positions},
    )
    assert reasons.reasons(slate) == [
        ("goes with what you play (place 2)", "EASE"),
        ("played with yours (place 4)", "similar_games"),
        ("popular", "filled_up"),
        ("new here: hardly anybody has it", "exploration"),
    ]


def test_an_unknown_user_is_told_that_nothing_is_known(reasons):
    slate = Slate(np.array([7]), np.zeros(1), known=False)
    (reason,) = reasons.reasons(slate)
    assert reason == ("popular: nothing is known of what you play", "new_user")


def test_the_closest_item_has_the_most_users_in_common_for_its_size():
    users = [[1, 1, 0, 0], [1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 1]]
    item_users = sp.csr_array(np.array(users, np.float32))
    assert closest_item(item_users, np.array([1, 2]), 0) == 2
    assert closest_item(item_users, np.array([3]), 0) is None
    assert closest_item(item_users, np.array([], np.int64), 0) is None
