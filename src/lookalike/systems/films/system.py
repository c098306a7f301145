"""Films: what to watch next, by what somebody rated, how high and when."""

from typing import Any

import numpy as np
import scipy.sparse as sp

from lookalike._typing import Array, Floats
from lookalike.datasets.interactions import Interactions
from lookalike.rank.content import ContentSimilarity
from lookalike.rank.ease import EASE
from lookalike.rank.funnel import CandidateGenerator
from lookalike.rank.implicit_als import ImplicitALS
from lookalike.rank.item_neighbors import ItemNeighbors
from lookalike.rank.popularity import Popularity
from lookalike.rank.user_neighbors import UserNeighbors
from lookalike.systems._recommender.base import RecommenderSystem
from lookalike.systems._recommender.catalogue import Catalogue
from lookalike.systems._recommender.history import InteractionHistory
from lookalike.systems._recommender.words import word_vectors

LIKED = 4.0  # a rating from which on a held-out film is relevant
STARS = 5.0  # the highest rating
HALF_LIFE = 20.0  # in ratings: so many later, one counts half as much
YEAR = 365.25 * 86_400


class Films(RecommenderSystem):
    """Recommend what each person may want to watch next.

    Parameters: see :class:`lookalike.systems._recommender.base.RecommenderSystem`.
    """

    name = "films"
    verb = "watch"
    users_noun = "people"
    most_value = STARS
    item_columns = ("year", "when rated", "mean rating", "popularity of late")
    user_columns = ("years", "last rating", "own mean rating")

    def check_data(self, data: Interactions) -> None:
        """Refuse a log that cannot be learned from, or whose scale is another."""
        super().check_data(data)
        low, high = data.value.min(), data.value.max()
        if not LIKED <= high <= STARS:
            raise ValueError(
                f"Ratings must be on a scale that ends at {STARS:g}, where {LIKED:g} "
                f"or more means liked; those of the log go from {low:g} to {high:g}: "
                "bring them to that scale first."
            )

    def matrices(
        self, history: InteractionHistory, catalogue: Catalogue
    ) -> dict[str, Any]:
        """Return films as rated at all, by how high, and the later the more."""
        high = history.value / STARS
        behind = np.bincount(history.user, minlength=history.n_users).cumsum()
        later = behind[history.user] - 1 - np.arange(len(history.user))
        recent = high * np.exp2(-later / HALF_LIFE)
        size = np.maximum(np.diff(behind, prepend=0), 1)
        last = np.zeros(history.n_users)
        np.maximum.at(last, history.user, history.time / YEAR)
        year = _years(catalogue)[history.item]
        columns = [
            np.bincount(history.user, year, history.n_users) / size,
            last,
            np.bincount(history.user, history.value, history.n_users) / size,
        ]
        return {
            "plain": history.matrix(),
            "rated": history.matrix(high),
            "recent": history.matrix(recent),
            "about": np.stack(columns, axis=1).astype(np.float32),
        }

    def generators(self, catalogue: Catalogue) -> list[CandidateGenerator]:
        """Return the generators; "recent" weighs the latest ratings more."""
        content = ContentSimilarity().fit(self.vectors(catalogue))
        linear = EASE(200.0)
        return [
            CandidateGenerator(
                "EASE", linear, 60, "goes with what you watch", "rated", "rated"
            ),
            CandidateGenerator(
                *("EASE of late", linear, 60, "goes with what you watched of late"),
                *("rated", "recent"),
            ),
            CandidateGenerator(
                "ALS",
                ImplicitALS(
                    *(32, 20.0, 5.0), random_state=self.random_state, n_jobs=self.n_jobs
                ),
                *(40, "fits your taste", "rated", "rated"),
            ),
            CandidateGenerator(
                "similar people",
                UserNeighbors(100, "cosine", self.n_jobs),
                *(40, "people like you watched it", "rated", "rated"),
            ),
            CandidateGenerator(
                "similar films",
                ItemNeighbors(200, "cosine", n_jobs=self.n_jobs),
                *(40, "watched by those who watch your films", "rated", "recent"),
            ),
            CandidateGenerator("popularity", Popularity(), 40, "popular"),
            CandidateGenerator(
                *("content", content, 15, "is described like your films"),
                *("plain", "recent"),
                prefitted=True,
            ),
        ]

    def relevance(self, data: Interactions) -> Any:
        """Return 1 for each held-out film that was liked."""
        liked = data.held_out & (data.value >= LIKED)
        pairs = data.user[liked], data.item[liked]
        shape = len(data.users), len(data.items)
        return sp.csr_array((np.ones(liked.sum()), pairs), shape=shape)

    def vectors(self, catalogue: Catalogue) -> Any:
        """Return the words of titles and genres, and the decade."""
        metadata = catalogue.titles.tolist(), catalogue.genres.tolist(), catalogue.years
        texts = [
            f"{title} {genres.replace('|', ' ')} {'' if np.isnan(year) else year // 10}"
            for title, genres, year in zip(*metadata, strict=True)
        ]
        return word_vectors(texts)

    def n_known_features(self, catalogue: Catalogue) -> int:
        """Return 1: the year."""
        return 1

    def item_features(self, history: InteractionHistory, catalogue: Catalogue) -> Array:
        """Return year, when it is rated, how high, and how often of late."""
        n = history.n_items
        many = history.counts() + 1.0
        when = history.time / YEAR
        rated = np.bincount(history.item, when, n) + when.mean()
        high = np.bincount(history.item, history.value, n) + history.value.mean()
        latest = when.max(initial=0.0)
        late = np.bincount(history.item, np.exp2(when - latest), n)
        columns = [_years(catalogue), rated / many, high / many, np.log1p(late)]
        return np.stack(columns, axis=1)


def _years(catalogue: Catalogue) -> Floats:
    """Year of each film, the median where unknown."""
    known = ~np.isnan(catalogue.years)
    middle = np.median(catalogue.years[known]) if known.any() else 0.0
    return np.where(known, catalogue.years, middle)
