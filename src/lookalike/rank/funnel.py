"""A funnel: candidates of several generators, and a ranker that orders them.

Offline evaluation, batches and the service use the same object. A user is represented
by their history alone. The list of a user does not depend on the other users of a
batch.

References
----------
.. [1] Covington, Adams and Sargin (2016). "Deep neural networks for YouTube
   recommendations". RecSys.   (candidate generation, then ranking)
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from lookalike._typing import Array, Float32s, Ints
from lookalike.rank.ranker import Ranker
from lookalike.rank.recommender import BLOCK, pick
from lookalike.rank.slate import Slate

InteractionMatrices = Mapping[str, Any]
"""Histories in several weightings: csr matrices of one pattern, users by items.

"plain" holds 1 where a user has an item. The optional "about" is an array of features
of users, (n_users, m). Each column is comparable with the same column of the item
features, and the difference is a feature of the ranker, too.
"""
MAX_TRAINING_USERS = 4000  # of each batch, for the ranker
DISCOUNT = 2.0  # a position in a generator's list counts 1 / log2(DISCOUNT + position)


@dataclass(frozen=True)
class CandidateGenerator:
    """A model that proposes candidates, and how it is used.

    model : has ``fit(user_items)`` and ``score_items(user_items)``
    quota : number of its best items that become candidates
    reason : why it suggests an item, as users read it
    fit_matrix, score_matrix : names of the interaction matrices that it is fitted on,
        and scores by
    prefitted : whether the model is fitted already, on data other than histories
    fit_rows : csr (n_rows, n_items), further rows that it is fitted on, such as
        features of items, each as if it were a user who has the items with it
    """

    name: str
    model: Any
    quota: int
    reason: str
    fit_matrix: str = "plain"
    score_matrix: str = "plain"
    prefitted: bool = False
    fit_rows: Any = None


@dataclass(frozen=True)
class TrainingBatch:
    """Histories, and held-out items that the ranker learns to find from them.

    matrices : histories without the held-out items
    relevance : csr (n_users, n_items), grades of the held-out items
    item_features : (n_items, m) or None, see :meth:`Funnel.describe_items`
    """

    matrices: InteractionMatrices
    relevance: Any
    item_features: Array | None = None


@dataclass(frozen=True)
class Candidates:
    """Candidates of some users, one a row, sorted by user and then by item.

    user : (n,), rows of the interaction matrices
    item : (n,)
    scores : float32 (n, n_generators), score of every generator
    positions : int (n, n_generators), position in the list of each generator, its quota
        if not in it
    own : bool (n,), whether the user has the item, so that no generator proposes it
    beside : bool (n,), whether it is here because it was asked for, and not proposed:
        the features of the others do not depend on it
    """

    user: Ints
    item: Ints
    scores: Float32s
    positions: Ints
    own: Array
    beside: Array

    def taking(self, kept: Array) -> "Candidates":
        """Return the candidates of a mask, (n,) of bool."""
        return Candidates(*(getattr(self, each.name)[kept] for each in fields(self)))

    def features(self, described: Float32s) -> Float32s:
        """Return the features of the ranker, float32 (n, n_features).

        They are the scores, standardised over all that is proposed to the user, the
        discounted positions, and ``described``, further features (n, m).
        """
        mean, scale = self._spread()
        relative = (self.scores - mean[self.user]) / scale[self.user]
        early = 1 / np.log2(DISCOUNT + self.positions)
        table = np.hstack([relative, early, described])
        return np.ascontiguousarray(table, np.float32)

    def _spread(self) -> tuple[Float32s, Float32s]:
        """Mean and deviation of the scores, both (n_users, n_generators).

        Of what is proposed to each user, or of what they have where nothing is.
        """
        n_users = int(self.user.max(initial=-1)) + 1
        none = np.bincount(self.user[~self.beside], minlength=n_users) == 0
        counted = ~self.beside | none[self.user]
        user, scores = self.user[counted], self.scores[counted]
        counts = np.bincount(user, minlength=n_users)
        there = counts > 0
        starts = (np.cumsum(counts) - counts)[there]
        n_candidates = counts[there][:, None].astype(np.float32)
        mean = np.zeros((n_users, scores.shape[1]), np.float32)
        scale = np.ones_like(mean)
        mean[there] = np.add.reduceat(scores, starts) / n_candidates
        spread = np.add.reduceat(scores**2, starts) / n_candidates - mean[there] ** 2
        scale[there] = np.sqrt(np.maximum(spread, 1e-12))
        return mean, scale


class Funnel:
    """Generate candidates and rank them.

    Parameters
    ----------
    generators : sequence of CandidateGenerator
    ranker : Ranker
        Learns which candidates were held out of the histories.

    Attributes
    ----------
    item_table : float32 (n_items, n_columns)
        Features of the items for the ranker: popularity, then the given ones.
    n_training_rows : int
        Number of candidates that the ranker learned from.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> from lookalike.rank import LogisticRanker
    >>> from lookalike.rank.ease import EASE
    >>> from lookalike.rank.popularity import Popularity
    >>> rng = np.random.default_rng(0)
    >>> taste = np.repeat([0, 1], 100)  # each user likes one half of the items
    >>> likes = (taste[:, None] == np.arange(20) // 10) & (rng.random((200, 20)) < 0.6)
    >>> shown = likes & (rng.random(likes.shape) < 0.7)
    >>> known, held_out = (
    ...     sp.csr_array(x.astype(np.float32)) for x in (shown, likes ^ shown)
    ... )
    >>> generators = [
    ...     CandidateGenerator("like these", EASE(5.0), 8, "goes with what you have"),
    ...     CandidateGenerator("popular", Popularity(), 8, "popular"),
    ... ]
    >>> funnel = Funnel(generators, LogisticRanker())
    >>> funnel = funnel.fit([TrainingBatch({"plain": known}, held_out)])
    >>> funnel = funnel.refit_generators({"plain": known})
    >>> slates = funnel.rank({"plain": known[[0, 150]]})
    >>> [sorted(set(slate.items[:3] // 10)) for slate in slates]
    [[np.int64(0)], [np.int64(1)]]
    """

    item_table: Float32s

    def __init__(
        self,
        generators: Sequence[CandidateGenerator],
        ranker: Ranker,
        random_state: int = 0,
    ) -> None:
        self.generators: tuple[CandidateGenerator, ...] = tuple(generators)
        self.ranker = ranker
        self.random_state = random_state

    def fit(self, batches: Iterable[TrainingBatch]) -> Self:
        """Fit the ranker.

        Parameters
        ----------
        batches : iterable of TrainingBatch
            The generators are fitted on each in turn. The ranker learns from the
            candidates of all batches to find the held-out items.

        Raises
        ------
        ValueError
            If no candidate of any batch is relevant, or all are.
        """
        rng = np.random.default_rng(self.random_state)
        rows, grades, groups = [], [], []
        for batch in batches:
            self.refit_generators(batch.matrices, batch.item_features)
            users = np.flatnonzero(np.diff(batch.relevance.indptr))
            if len(users) > MAX_TRAINING_USERS:
                users = np.sort(rng.choice(users, MAX_TRAINING_USERS, replace=False))
            for start in range(0, len(users), BLOCK):
                block = users[start : start + BLOCK]
                mine = {name: each[block] for name, each in batch.matrices.items()}
                found = self.candidates(mine)
                relevance = batch.relevance[block[found.user], found.item]
                grade = np.asarray(relevance).ravel()
                has_relevant = np.bincount(found.user, grade, len(block)) > 0
                kept = has_relevant[found.user]
                rows.append(self._features(found, mine)[kept])
                grades.append(grade[kept])
                sizes = np.bincount(found.user, minlength=len(block))
                groups.append(sizes[has_relevant])
        relevant = np.concatenate([*grades, [0.0]])[:-1] > 0
        if not relevant.any():
            raise ValueError(
                "Nothing that was held out of the histories is proposed by a "
                "generator: there is nothing to learn."
            )
        if relevant.all():
            raise ValueError(
                "Everything that is proposed was held out of the histories: there is "
                "nothing to tell apart."
            )
        self.n_training_rows: int = sum(map(len, grades))
        self.ranker.fit(
            np.concatenate(rows), np.concatenate(grades), np.concatenate(groups)
        )
        return self

    def refit_generators(
        self, matrices: InteractionMatrices, item_features: Array | None = None
    ) -> Self:
        """Fit the generators on these histories; the ranker stays as it is."""
        fitted: set[int] = set()
        for generator in self.generators:
            # Several generators may share one model.
            if not generator.prefitted and id(generator.model) not in fitted:
                rows = matrices[generator.fit_matrix]
                if generator.fit_rows is not None:
                    rows = sp.csr_array(sp.vstack([rows, generator.fit_rows]))
                generator.model.fit(rows)
                fitted.add(id(generator.model))
        return self.describe_items(matrices, item_features)

    def describe_items(
        self, matrices: InteractionMatrices, item_features: Array | None = None
    ) -> Self:
        """Set the features of the items: popularity, and these (n_items, m)."""
        plain = matrices["plain"]
        popular = np.log1p(np.bincount(plain.indices, minlength=plain.shape[1]))
        given = [] if item_features is None else [item_features]
        table = np.hstack([popular[:, None], *given])
        self.item_table = np.ascontiguousarray(table, np.float32)
        self._by_popularity = np.argsort(-popular, kind="stable")
        return self

    def candidates(
        self,
        matrices: InteractionMatrices,
        own: Ints | None = None,
        allowed: Array | None = None,
    ) -> Candidates:
        """Return the union of the generators' lists, without the items of the history.

        own : items that are there for users who have them, too
        allowed : bool (n_items,), of which the best of each generator are there, too,
            however many others stand before them
        """
        plain = matrices["plain"]
        n_users, n_items = plain.shape
        all_scores, lists = [], []
        proposed = np.zeros((n_users, n_items), bool)
        had = np.zeros_like(proposed)
        for generator in self.generators:
            scores = generator.model.score_items(matrices[generator.score_matrix])
            quota = min(generator.quota, n_items)
            ids, _ = pick(scores.copy(), plain, quota)
            there = ids >= 0
            rows = np.nonzero(there)[0]
            proposed[rows, ids[there]] = True
            position = np.full((n_users, n_items), generator.quota, np.int32)
            position[rows, ids[there]] = np.nonzero(there)[1]
            if allowed is not None:
                best, _ = pick(np.where(allowed, scores, -np.inf), plain, quota)
                rows = np.nonzero(best >= 0)[0]
                had[rows, best[best >= 0]] = True
            all_scores.append(scores)
            lists.append(position)
        if own is not None:
            mine = np.zeros_like(proposed)
            mine[plain.nonzero()] = True
            mine[:, np.setdiff1d(np.arange(n_items), own)] = False
            had |= mine
        user, item = np.nonzero(proposed | had)
        there = np.zeros_like(proposed)
        there[plain.nonzero()] = True
        positions = np.stack([position[user, item] for position in lists], axis=1)
        return Candidates(
            user,
            item,
            np.stack([scores[user, item] for scores in all_scores], axis=1),
            positions.astype(np.int64),
            there[user, item],
            ~proposed[user, item],
        )

    def rank(
        self,
        matrices: InteractionMatrices,
        own: Ints | None = None,
        features: bool = False,
        allowed: Array | None = None,
    ) -> list[Slate]:
        """Return each user's candidates, best first; ties by row of the catalogue.

        Parameters
        ----------
        matrices : InteractionMatrices
        own : items that are ranked for users who have them, too; the scores of the
            others do not depend on it
        features : whether the slates carry the features of the ranker
        allowed : bool (n_items,), the others are in no list; scores do not depend on it

        Returns
        -------
        list of Slate
            With the columns "positions", (n, n_generators), the position in the list of
            each generator, its quota if not in it, and "own", whether the user has the
            item; and, if asked for, "features", float32 (n, n_features).
        """
        n_users = matrices["plain"].shape[0]
        quotas = np.array([generator.quota for generator in self.generators])
        slates = []
        for start in range(0, n_users, BLOCK):
            mine = {
                name: each[start : start + BLOCK] for name, each in matrices.items()
            }
            found = self.candidates(mine, own, allowed)
            table = self._features(found, mine)
            if allowed is not None:
                kept = allowed[found.item]
                found, table = found.taking(kept), table[kept]
            score, order = np.empty(0), np.empty(0, np.int64)
            if len(found.item):
                score = self.ranker.score_rows(table)
                order = np.lexsort((found.item, -score, found.user))
            n = mine["plain"].shape[0]
            ends = np.searchsorted(found.user[order], np.arange(1, n))
            for rows in np.split(order, ends):
                columns: dict[str, Array] = {
                    "positions": found.positions[rows],
                    "own": found.own[rows],
                }
                if features:
                    columns["features"] = table[rows]
                slates.append(
                    Slate(
                        found.item[rows],
                        score[rows],
                        columns=columns,
                        fills={"positions": quotas},
                    )
                )
        return slates

    def feature_names(self, items: Sequence[str], users: Sequence[str]) -> list[str]:
        """Return the names of the features of the ranker, in order.

        ``items`` and ``users`` name the columns of the item features and of "about".
        """
        names = [generator.name for generator in self.generators]
        return [
            *(f"score: {name}" for name in names),
            *(f"position: {name}" for name in names),
            *("popularity", *items, "length of history", "popularity of history"),
            *("popularity beyond history", *users),
            *(f"{name}, difference" for name in users),
        ]

    def popular(self) -> Ints:
        """Return all items, the most popular first."""
        return self._by_popularity

    def _features(self, found: Candidates, matrices: InteractionMatrices) -> Float32s:
        """Join the features of users and items to those of the generators."""
        plain = matrices["plain"]
        sizes = np.diff(plain.indptr)
        popular = self.item_table[:, :1]
        mean = np.asarray(plain @ popular).ravel() / np.maximum(plain.sum(axis=1), 1e-9)
        of_user = np.stack([np.log1p(sizes), mean], axis=1)[found.user]
        of_item = self.item_table[found.item]
        beyond = of_item[:, :1] - of_user[:, 1:]
        described = [of_item, of_user, beyond]
        if "about" in matrices:
            about = matrices["about"][found.user]
            described += [about, of_item[:, 1 : 1 + about.shape[1]] - about]
        return found.features(np.hstack(described))
