"""Films: liked ones are relevant, late ratings weigh more, years fill the unknown."""

import numpy as np
import pytest

from lookalike.datasets.interactions import Interactions
from lookalike.systems._recommender.catalogue import Catalogue
from lookalike.systems._recommender.history import InteractionHistory
from lookalike.systems.films.system import Films


@pytest.fixture
def ratings():
    titles = np.array(["Alien", "Aliens", "Heat", "Solaris"])
    return Interactions(
        name="toy",
        checksum="",
        users=np.array(["ann", "eve"]),
        items=np.array(["1", "2", "3", "4"]),
        user=np.array([0, 0, 0, 1, 1]),
        item=np.array([2, 0, 1, 0, 3]),
        value=np.array([5.0, 4.0, 3.5, 4.0, 5.0]),
        time=np.array([3.0, 1.0, 2.0, 1.0, 2.0]),
        held_out=np.array([True, False, False, True, False]),
        titles=titles,
        genres=np.array(["Horror", "Horror|Action", "", "Drama"]),
        years=np.array([1979.0, 1986.0, np.nan, 1972.0]),
    )


def test_a_held_out_film_is_relevant_if_it_was_liked(ratings):
    found = Films().relevance(ratings).toarray()
    assert found.tolist() == [[0, 0, 1, 0], [1, 0, 0, 0]]
    ratings.value[0] = 3.5
    assert Films().relevance(ratings).toarray()[0].tolist() == [0, 0, 0, 0]


def test_the_later_a_rating_the_more_it_counts(ratings):
    history = InteractionHistory.known(ratings)
    matrices = Films().matrices(history, Catalogue.of(ratings))
    rated, recent = (matrices[name].toarray()[0] for name in ("rated", "recent"))
    np.testing.assert_allclose(rated, [0.8, 0.7, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(recent, [0.8 * 0.5 ** (1 / 20), 0.7, 0, 0], rtol=1e-6)
    years = matrices["about"][:, 0]
    np.testing.assert_allclose(years, [(1979 + 1986) / 2, 1972])


def test_a_film_of_unknown_year_has_the_median_year_as_a_feature(ratings):
    history = InteractionHistory.known(ratings)
    features = Films().item_features(history, Catalogue.of(ratings))
    assert features[:, 0].tolist() == [1979, 1986, 1979, 1972]
