"""Games: hours as relevance, and the words of titles."""

import numpy as np
import pytest

from lookalike.datasets.interactions import Interactions
from lookalike.systems.games.system import Games


@pytest.fixture
def plays():
    titles = np.array(["Portal", "Portal 2", "Chess"])
    return Interactions(
        name="toy",
        checksum="",
        users=np.array(["ann", "eve"]),
        items=titles,
        user=np.array([0, 0, 1, 1]),
        item=np.array([0, 1, 1, 2]),
        value=np.array([30.0, 5.0, 0.0, 1.0]),
        time=None,
        held_out=np.array([True, True, True, False]),
        titles=titles,
        genres=np.full(3, ""),
        years=np.full(3, np.nan),
    )


def test_a_held_out_game_is_worth_the_logarithm_of_its_hours(plays):
    relevance = Games().relevance(plays)
    expected = np.log1p([[30.0, 5.0, 0.0], [0.0, 0.05, 0.0]])
    np.testing.assert_allclose(relevance.toarray(), expected)
    grades = Games().training_grades(relevance)
    assert grades.toarray().tolist() == [[3, 2, 0], [0, 1, 0]]


def test_games_of_a_series_share_words(plays):
    vectors = Games().vectors(plays)
    likeness = (vectors @ vectors.T).toarray()
    np.testing.assert_allclose(np.diag(likeness), 1.0)
    assert likeness[0, 1] > 0.3
    assert likeness[0, 2] == 0
