"""Shop: what each customer may want next, by whatever a log says that they did.

Candidates of the generators that the log has data for, a ranker that learned from held
out items, rules that re-rank. Customers are their histories, so that what was done a
moment ago counts.
"""

from typing import Any

import numpy as np
import scipy.sparse as sp

from lookalike._checks import check_choice
from lookalike._typing import Array, Floats
from lookalike.datasets.interactions import Interactions
from lookalike.rank.content import ContentSimilarity
from lookalike.rank.ease import EASE
from lookalike.rank.funnel import CandidateGenerator
from lookalike.rank.implicit_als import ImplicitALS
from lookalike.rank.item_neighbors import ItemNeighbors
from lookalike.rank.popularity import Popularity
from lookalike.rank.profile_popularity import ProfilePopularity
from lookalike.rank.user_neighbors import UserNeighbors
from lookalike.systems._recommender.base import RecommenderSystem
from lookalike.systems._recommender.catalogue import Catalogue
from lookalike.systems._recommender.history import InteractionHistory
from lookalike.systems._recommender.lists import PROFILE
from lookalike.systems.shop.features import (
    UserProfiles,
    feature_rows,
    item_vectors,
    number_names,
    ranked_numbers,
)
from lookalike.systems.shop.presets import PRESETS, Preset

HALF_LIFE = 20.0  # in a customer's items: so many later, one counts half as much
YEAR = 365.25 * 86_400


class Shop(RecommenderSystem):
    """Recommend what each customer may want next.

    Parameters
    ----------
    preset : {"shop", "games", "films", "books", "music"}, default="shop"
        Of which domain the words of the reasons are. For the other parameters see
        :class:`lookalike.systems._recommender.base.RecommenderSystem`.

    A held-out item is relevant, and twice as much if its value is at least the median
    of the log: the better half of all ratings, or what somebody did more than once.

    Examples
    --------
    >>> import numpy as np
    >>> from lookalike.datasets.interactions import Interactions, hold_out_random
    >>> rng = np.random.default_rng(0)  # two kinds of items, customers like one kind
    >>> customer, item = np.nonzero(
    ...     (np.arange(120)[:, None] % 2 == np.arange(40) % 2)
    ...     & (rng.random((120, 40)) < 0.5))
    >>> skus = np.array([f"sku {i}" for i in range(40)])
    >>> log = Interactions("toy", "", np.array([f"c{i}" for i in range(120)]), skus,
    ...     customer, item, np.ones(len(item)), None, hold_out_random(customer),
    ...     skus, np.full(40, ""), np.full(40, np.nan))
    >>> system = Shop(ranker="logistic").fit(log)
    >>> [slate] = system.recommend_from([{"sku 0": 1, "sku 2": 1}], k=5)
    >>> {int(name.split()[1]) % 2 for name in slate.ids}
    {0}
    """

    name = "shop"
    _profiles: UserProfiles | None = None

    def __init__(
        self,
        ranker: str = "blend",
        diversity: float = 0.0,
        exploration: int = 0,
        preset: str = "shop",
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        super().__init__(ranker, diversity, exploration, random_state, n_jobs)
        self.preset = preset

    @property
    def verb(self) -> str:  # type: ignore[override]
        """What customers do with items."""
        return self._words.verb

    @property
    def users_noun(self) -> str:  # type: ignore[override]
        """What customers are called."""
        return self._words.users

    @property
    def _words(self) -> Preset:
        check_choice("preset", self.preset, tuple(PRESETS))
        return PRESETS[self.preset]

    @property
    def item_columns(self) -> tuple[str, ...]:  # type: ignore[override]
        """Names of the numbers that are known of the items, and of the log's own."""
        mine = ("mean value", "when", "popularity of late")
        numbers = number_names(self.catalogue_)
        return (*(f"column: {name}" for name in numbers), *mine)

    @property
    def user_columns(self) -> tuple[str, ...]:  # type: ignore[override]
        """Names of what is compared with the first of the item columns."""
        numbers = number_names(self.catalogue_)
        return (*(f"own column: {name}" for name in numbers), "own mean value")

    def matrices(
        self, history: InteractionHistory, catalogue: Catalogue
    ) -> dict[str, Any]:
        """Return items as chosen at all, by how much, and the later the more."""
        strength = np.log1p(history.value)
        behind = np.bincount(history.user, minlength=history.n_users).cumsum()
        later = behind[history.user] - 1 - np.arange(len(history.user))
        size = np.maximum(np.diff(behind, prepend=0), 1)
        numbers = ranked_numbers(catalogue)[history.item].T
        columns = [
            np.bincount(history.user, each, history.n_users) / size
            for each in (*numbers, strength)
        ]
        plain = history.matrix()
        found = {
            "plain": plain,
            "strength": history.matrix(strength),
            "recent": history.matrix(strength * np.exp2(-later / HALF_LIFE)),
            "about": np.stack(columns, axis=1).astype(np.float32),
        }
        if catalogue.user_columns:
            profile = self._profiled(history, catalogue)
            found |= {PROFILE: profile, "described": sp.hstack([profile, plain], "csr")}
        return found

    def _profiled(self, history: InteractionHistory, catalogue: Catalogue) -> Any:
        """What is known of the users of histories, csr (n_users, n_features)."""
        profiles = self._profiles_of(catalogue)
        if not history.context:
            return history.described(profiles.known)
        rows = history.catalogue_rows().tolist()
        found = profiles.of(history.context, rows).astype(np.float32)
        found.sort_indices()  # as those of histories are
        return found

    def _profiles_of(self, catalogue: Catalogue) -> UserProfiles:
        """The users' columns as vectors, made once for a catalogue."""
        if (
            self._profiles is None
            or self._profiles.columns is not catalogue.user_columns
        ):
            self._profiles = UserProfiles(catalogue.user_columns)
        return self._profiles

    def generators(self, catalogue: Catalogue) -> list[CandidateGenerator]:
        """Return the generators; "recent" weighs the latest items more."""
        words = self._words
        content = ContentSimilarity().fit(self.vectors(catalogue))
        of_users = []
        if catalogue.user_columns:
            n_profile = self._profiles_of(catalogue).known.shape[1]
            of_users = [
                CandidateGenerator(
                    "customers described like you",
                    ProfilePopularity(n_profile),
                    *(
                        40,
                        f"{words.done} by {words.users} like you",
                        "described",
                        PROFILE,
                    ),
                )
            ]
        return [
            *of_users,
            CandidateGenerator(
                *("EASE", EASE(200.0), 60, f"goes with {words.yours}"),
            ),
            CandidateGenerator(
                *("EASE of late", EASE(200.0), 60, f"goes with {words.yours} of late"),
                *("strength", "recent"),
                fit_rows=feature_rows(catalogue),
            ),
            CandidateGenerator(
                "ALS",
                ImplicitALS(
                    *(32, 30.0, 5.0), random_state=self.random_state, n_jobs=self.n_jobs
                ),
                *(40, "fits your taste", "strength", "strength"),
            ),
            CandidateGenerator(
                "similar customers",
                UserNeighbors(100, "cosine", self.n_jobs),
                *(
                    40,
                    f"{words.done} by {words.users} of your taste",
                    "strength",
                    "strength",
                ),
            ),
            CandidateGenerator(
                "similar items",
                ItemNeighbors(300, "cosine", n_jobs=self.n_jobs),
                *(
                    40,
                    f"{words.done} by those who have your {words.items}",
                    "strength",
                    "recent",
                ),
            ),
            CandidateGenerator("popularity", Popularity(), 40, "popular"),
            CandidateGenerator(
                *("content", content, 15, f"is described like {words.yours}"),
                *("plain", "recent"),
                prefitted=True,
            ),
        ]

    def relevance(self, data: Interactions) -> Any:
        """Return 1 for each held-out item, 2 if its value is at least the median."""
        held_out = data.held_out
        grades = 1.0 + (data.value[held_out] >= np.median(data.value))
        pairs = data.user[held_out], data.item[held_out]
        return sp.csr_array((grades, pairs), shape=(len(data.users), len(data.items)))

    def training_grades(self, relevance: Any) -> Any:
        """Return the same grades."""
        return relevance

    def vectors(self, catalogue: Catalogue) -> Any:
        """Return what is known of the items, column by column."""
        return item_vectors(catalogue)

    def n_known_features(self, catalogue: Catalogue) -> int:
        """Return how many numbers are known of the items."""
        return len(number_names(catalogue))

    def item_features(self, history: InteractionHistory, catalogue: Catalogue) -> Array:
        """Return the items' numbers, how much they are used, when, and how of late."""
        n = history.n_items
        many = history.counts() + 1.0
        strength, when = np.log1p(history.value), history.time / YEAR
        latest = when.max(initial=0.0)
        late = np.bincount(history.item, np.exp2(when - latest), n)
        own: list[Floats] = [
            (np.bincount(history.item, strength, n) + strength.mean()) / many,
            (np.bincount(history.item, when, n) + when.mean()) / many,
            np.log1p(late),
        ]
        return np.hstack([ranked_numbers(catalogue), np.stack(own, axis=1)])
