"""Reasons of lists: the best generator, popular items, new items; why two are alike."""

import numpy as np
import pytest

from lookalike.rank.funnel import CandidateGenerator
from lookalike.rank.slate import Slate
from lookalike.systems._recommender.reasons import Reasons


@pytest.fixture
def reasons():
    generators = [
        CandidateGenerator("similar games", None, 40, "played with yours"),
        CandidateGenerator("EASE", None, 10, "goes with what you play"),
    ]
    return Reasons(generators, "play", "players", np.array([7]))


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


def test_items_are_alike_by_the_users_they_share_or_by_what_they_are(reasons):
    assert reasons.shared(0) == "is described alike"
    assert reasons.shared(1) == "shares one of its players"
    assert reasons.shared(1234) == "shares 1,234 of its players"
