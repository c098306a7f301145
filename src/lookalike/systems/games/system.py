"""Games: what to play next, by the hours that players spent.

Candidates of six generators, a ranker that learned from held-out games, rules that
re-rank. Players are their histories, so that what was played a moment ago counts.
"""

from typing import Any

import numpy as np
import scipy.sparse as sp

from lookalike._typing import Array
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

LONG = 2.0, 20.0  # hours, from which on a game counts twice and three times


class Games(RecommenderSystem):
    """Recommend what each player may want to play next.

    Parameters: see :class:`lookalike.systems._recommender.base.RecommenderSystem`.

    Examples
    --------
    >>> import numpy as np
    >>> from lookalike.datasets.interactions import Interactions, hold_out_random
    >>> rng = np.random.default_rng(0)  # two kinds of games, players like one kind
    >>> player, game = np.nonzero(
    ...     (np.arange(120)[:, None] % 2 == np.arange(40) % 2)
    ...     & (rng.random((120, 40)) < 0.5))
    >>> titles = np.array([f"game {i}" for i in range(40)])
    >>> plays = Interactions("toy", "", np.array([f"p{i}" for i in range(120)]), titles,
    ...     player, game, 1 + 9 * rng.random(len(game)), None, hold_out_random(player),
    ...     titles, np.full(40, ""), np.full(40, np.nan))
    >>> system = Games(ranker="logistic").fit(plays)
    >>> found = system.recommend(["p0", "p1"], k=5)
    >>> [{int(name.split()[1]) % 2 for name in row.tolist()} for row in found.ids]
    [{0}, {1}]
    """

    name = "games"
    verb = "play"
    users_noun = "players"
    item_columns = ("hours of a player", "spread of hours")
    user_columns = ("hours of a game",)

    def matrices(
        self, history: InteractionHistory, catalogue: Catalogue
    ) -> dict[str, Any]:
        """Return games as played at all, and by the logarithm of their hours."""
        long = np.log1p(history.value)
        hours = history.matrix(1 + long)
        size = np.maximum(np.bincount(history.user, minlength=history.n_users), 1)
        mean = np.bincount(history.user, long, history.n_users) / size
        about = mean[:, None].astype(np.float32)
        return {"plain": history.matrix(), "hours": hours, "about": about}

    def generators(self, catalogue: Catalogue) -> list[CandidateGenerator]:
        """Return the generators; "hours" weighs games by how long they were played."""
        content = ContentSimilarity().fit(self.vectors(catalogue))
        return [
            CandidateGenerator("EASE", EASE(150.0), 60, "goes with what you play"),
            CandidateGenerator(
                "ALS",
                ImplicitALS(
                    *(32, 50.0, 5.0), random_state=self.random_state, n_jobs=self.n_jobs
                ),
                40,
                "fits your taste",
            ),
            CandidateGenerator(
                "similar players",
                UserNeighbors(100, "cosine", self.n_jobs),
                40,
                "players like you play it",
            ),
            CandidateGenerator(
                "similar games",
                ItemNeighbors(400, "cosine", n_jobs=self.n_jobs),
                40,
                "played by those who play your games",
                score_matrix="hours",
            ),
            CandidateGenerator("popularity", Popularity(), 40, "popular"),
            CandidateGenerator(
                "content", content, 15, "has a title like your games", prefitted=True
            ),
        ]

    def relevance(self, data: Interactions) -> Any:
        """Return the logarithm of the hours that each held-out game was played."""
        user, item = data.user[data.held_out], data.item[data.held_out]
        grades = np.log1p(np.maximum(data.value[data.held_out], 0.05))
        shape = len(data.users), len(data.items)
        return sp.csr_array((grades, (user, item)), shape=shape)

    def training_grades(self, relevance: Any) -> Any:
        """Return 1, 2 or 3 by how long a game was played."""
        grades = 1.0 + np.searchsorted(np.log1p(LONG), relevance.data, "right")
        parts = grades, relevance.indices, relevance.indptr
        return sp.csr_array(parts, shape=relevance.shape)

    def vectors(self, catalogue: Catalogue) -> Any:
        """Return the words of the titles: games of a series share them."""
        return word_vectors(catalogue.titles.tolist())

    def item_features(self, history: InteractionHistory, catalogue: Catalogue) -> Array:
        """Return how long a game is played, and how differently."""
        n = history.n_items
        long = np.log1p(history.value)
        many = history.counts() + 1.0
        mean = (np.bincount(history.item, long, n) + long.mean()) / many
        square = (np.bincount(history.item, long**2, n) + (long**2).mean()) / many
        return np.stack([mean, np.sqrt(np.maximum(square - mean**2, 0))], axis=1)
