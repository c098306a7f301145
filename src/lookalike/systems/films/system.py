"""Films: what to watch next, by what somebody rated, how high and when."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from lookalike._typing import Array, Floats
from lookalike.core.card import Card
from lookalike.core.verbs import Measured, choose
from lookalike.datasets.interactions import Interactions
from lookalike.datasets.ratings import load_movielens, load_ratings
from lookalike.features.text import TfidfVectorizer
from lookalike.rank.content import ContentSimilarity
from lookalike.rank.ease import EASE
from lookalike.rank.funnel import CandidateGenerator
from lookalike.rank.implicit_als import ImplicitALS
from lookalike.rank.item_neighbors import ItemNeighbors
from lookalike.rank.popularity import Popularity
from lookalike.rank.user_neighbors import UserNeighbors
from lookalike.systems._recommender.base import Recommending
from lookalike.systems._recommender.history import History

if TYPE_CHECKING:
    from lookalike.evaluate.report import Report as Page

LIKED = 4.0  # a rating from which on a hidden film is one that should have been found
HALF = 20.0  # ratings later, an old one says half as much of what comes next
YEAR = 365.25 * 86_400


class Films(Recommending):
    """Say what each person may want to watch next.

    Parameters are those of :class:`lookalike.systems._recommender.base.Recommending`.
    """

    name = "films"
    verb = "watch"
    item_columns = ("year", "when rated", "mean rating", "popularity of late")
    user_columns = ("years", "last rating", "own mean rating")

    @classmethod
    def find_data(cls, choice: str | None, warn: Callable[[str], None]) -> Interactions:
        """Return the small MovieLens, or the ratings in a file."""
        if choice is not None and Path(choice).is_file():
            return load_ratings(choice)
        return choose(choice, {"movielens_small": load_movielens}, "films, or a file,")

    def matrices(self, history: History) -> dict[str, Any]:
        """Return films as rated at all, by how high, and the later the more."""
        high = history.value / 5
        behind = np.bincount(history.user, minlength=history.n_users).cumsum()
        later = behind[history.user] - 1 - np.arange(len(history.user))
        recent = high * np.exp2(-later / HALF)
        size = np.maximum(np.diff(behind, prepend=0), 1)
        last = np.zeros(history.n_users)
        np.maximum.at(last, history.user, history.time / YEAR)
        year = self._years[history.item]
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

    def generators(self) -> list[CandidateGenerator]:
        """Return the generators; "recent" lets the latest ratings say more."""
        content = ContentSimilarity().fit(self.content())
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
        """Return 1 for each hidden film that was liked."""
        liked = data.held_out & (data.value >= LIKED)
        ones = np.ones(liked.sum())
        return sp.csr_array(
            (ones, (data.user[liked], data.item[liked])),
            shape=(len(data.users), len(data.items)),
        )

    def content(self) -> Any:
        """Return the words of titles and genres, and the decade."""
        texts = [
            f"{title} {genres.replace('|', ' ')} {'' if np.isnan(year) else year // 10}"
            for title, genres, year in zip(
                self.titles_.tolist(), self.genres_.tolist(), self.years_, strict=True
            )
        ]
        return sp.csr_array(TfidfVectorizer().fit_transform(texts))

    def item_features(self, history: History) -> Array:
        """Return year, when it is rated, how high, and how often of late."""
        n = len(self.items_)
        many = np.bincount(history.item, minlength=n) + 1.0
        when = history.time / YEAR
        rated = np.bincount(history.item, when, n) + when.mean()
        high = np.bincount(history.item, history.value, n) + history.value.mean()
        latest = when.max(initial=0.0)
        late = np.bincount(history.item, np.exp2(when - latest), n)
        columns = [self._years, rated / many, high / many, np.log1p(late)]
        return np.stack(columns, axis=1)

    @property
    def _years(self) -> Floats:
        """Year of each film, the median where unknown."""
        known = ~np.isnan(self.years_)
        middle = np.median(self.years_[known]) if known.any() else 0.0
        return np.where(known, self.years_, middle)

    def report(self, data: Interactions, measured: Measured) -> "Page":
        """Return the page on what was measured."""
        from lookalike.systems._recommender.report import recommending_report

        return recommending_report("Films", "people", self, data, measured)

    def card(self) -> Card:
        """Tell the system in nine steps, with the numbers that were measured."""
        from lookalike.systems.films.card import films_card

        return films_card(self.about_)
