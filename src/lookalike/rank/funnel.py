"""One funnel: candidates of several sources, a ranker, rules that re-rank.

The same object answers offline, in a batch and in the service, and a user is their
history: a batch answers like its users one by one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from lookalike._typing import Array, Float32s, Floats, Ints
from lookalike.rank.ranker import Ranker
from lookalike.rank.recommender import BLOCK, pick

Views = Mapping[str, Any]
"""Histories seen in several ways: csr matrices of one pattern, users by items.

"plain" holds 1 where a user has an item. "about", where there is one, is a table of
users, (n_users, m), each column comparable with the same of the item features: the
ranker is told the difference, too.
"""
MOST_LESSONS = 4000  # users that the ranker learns from
PATIENCE = 2.0  # a place in a source's list counts 1 / log2(PATIENCE + place)


@dataclass(frozen=True)
class CandidateGenerator:
    """Where candidates come from.

    model : has ``fit(user_items)`` and ``score_items(user_items)``
    quota : its best so many become candidates
    learns, asks : which view of the histories it learns from, and is asked with
    reason : why it suggests something, for people
    learned : whether it was fitted before, on something else than histories
    """

    name: str
    model: Any
    quota: int
    reason: str
    learns: str = "plain"
    asks: str = "plain"
    learned: bool = False


@dataclass(frozen=True)
class TrainingBatch:
    """What the ranker learns from.

    views : histories, as the sources are shown them
    wanted : csr (n_users, n_items), grades of what they are not shown
    item_features : (n_items, m) or None, see :meth:`Funnel.describe`
    """

    views: Views
    wanted: Any
    item_features: Array | None = None


@dataclass(frozen=True)
class Candidates:
    """Candidates of some users, one a row: by user, then by item.

    user : (n,), places among the users who ask
    item : (n,)
    scores : float32 (n, n_sources), what every source thinks of it
    places : int (n, n_sources), place in the source's list; its quota if not in it
    """

    user: Ints
    item: Ints
    scores: Float32s
    places: Ints

    def features(self, described: Float32s) -> Float32s:
        """What the ranker sees: scores in the user's scale, places, descriptions."""
        counts = np.bincount(self.user, minlength=int(self.user.max(initial=-1)) + 1)
        starts = (np.cumsum(counts) - counts)[counts > 0]
        many = counts[counts > 0][:, None].astype(np.float32)
        mean = np.add.reduceat(self.scores, starts) / many
        spread = np.add.reduceat(self.scores**2, starts) / many - mean**2
        scale = np.sqrt(np.maximum(spread, 1e-12))
        group = np.repeat(np.arange(len(starts)), counts[counts > 0])
        relative = (self.scores - mean[group]) / scale[group]
        early = 1 / np.log2(PATIENCE + self.places)
        table = np.hstack([relative, early, described])
        return np.ascontiguousarray(table, np.float32)


@dataclass(frozen=True)
class Ranked:
    """Candidates in order: by user, then best first."""

    user: Ints
    item: Ints
    score: Floats
    places: Ints
    features: Float32s
    """What the ranker saw, (n, n_features), where it was asked for; else empty."""


class Funnel:
    """Find candidates, rank them.

    Parameters
    ----------
    sources : sequence of CandidateGenerator
    ranker : Ranker
        Learns from candidates and from what was hidden from the sources.

    Attributes
    ----------
    item_table : float32 (n_items, n_columns)
        Features of the items, for the ranker: how popular they are, and what is given.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> from lookalike.rank import LogisticRanker
    >>> from lookalike.rank.ease import EASE
    >>> from lookalike.rank.popularity import Popularity
    >>> rng = np.random.default_rng(0)
    >>> taste = np.repeat([0, 1], 100)  # each likes half of the items
    >>> likes = (taste[:, None] == np.arange(20) // 10) & (rng.random((200, 20)) < 0.6)
    >>> shown = likes & (rng.random(likes.shape) < 0.7)
    >>> known, wanted = (sp.csr_array(x.astype(np.float32)) for x in (shown, likes ^ shown))
    >>> sources = [CandidateGenerator("like these", EASE(5.0), 8, "goes with what you have"),
    ...            CandidateGenerator("popular", Popularity(), 8, "popular")]
    >>> funnel = Funnel(sources, LogisticRanker())
    >>> funnel = funnel.fit([TrainingBatch({"plain": known}, wanted)]).know({"plain": known})
    >>> ranked = funnel.rank({"plain": known[[0, 150]]})
    >>> [sorted(set(ranked.item[ranked.user == u][:3] // 10)) for u in (0, 1)]
    [[np.int64(0)], [np.int64(1)]]
    """  # noqa: E501

    item_table: Float32s

    def __init__(
        self,
        sources: Sequence[CandidateGenerator],
        ranker: Ranker,
        random_state: int = 0,
    ) -> None:
        self.sources = tuple(sources)
        self.ranker = ranker
        self.random_state = random_state

    def fit(self, lessons: Iterable[TrainingBatch]) -> Self:
        """Teach the ranker.

        Parameters
        ----------
        lessons : iterable of TrainingBatch
            The sources learn from each in turn, and the ranker from all of them: what
            the sources find among what they were not shown.
        """
        rng = np.random.default_rng(self.random_state)
        rows, grades, groups = [], [], []
        for lesson in lessons:
            self.know(lesson.views, lesson.item_features)
            asked = np.flatnonzero(np.diff(lesson.wanted.indptr))
            if len(asked) > MOST_LESSONS:
                asked = np.sort(rng.choice(asked, MOST_LESSONS, replace=False))
            for start in range(0, len(asked), BLOCK):
                block = asked[start : start + BLOCK]
                mine = {name: view[block] for name, view in lesson.views.items()}
                found = self.candidates(mine)
                wanted = lesson.wanted[block[found.user], found.item]
                grade = np.asarray(wanted).ravel()
                lucky = np.bincount(found.user, grade, len(block)) > 0
                kept = lucky[found.user]
                rows.append(self._features(found, mine)[kept])
                grades.append(grade[kept])
                groups.append(np.bincount(found.user, minlength=len(block))[lucky])
        if not grades or not np.concatenate(grades).any():
            raise ValueError("No candidate is wanted: there is nothing to learn from.")
        self.n_lessons = sum(map(len, grades))
        self.ranker.fit(
            np.concatenate(rows), np.concatenate(grades), np.concatenate(groups)
        )
        return self

    def know(self, views: Views, item_features: Float32s | None = None) -> Self:
        """Let the sources learn from these histories; the ranker stays as it is."""
        done: set[int] = set()
        for source in self.sources:
            # Two sources may ask one model in two ways.
            if not source.learned and id(source.model) not in done:
                source.model.fit(views[source.learns])
                done.add(id(source.model))
        return self.describe(views, item_features)

    def describe(self, views: Views, item_features: Float32s | None = None) -> Self:
        """Take down what the ranker is told of each item."""
        plain = views["plain"]
        popular = np.log1p(np.bincount(plain.indices, minlength=plain.shape[1]))
        given = [] if item_features is None else [item_features]
        table = np.hstack([popular[:, None], *given])
        self.item_table = np.ascontiguousarray(table, np.float32)
        self._by_popularity = np.argsort(-popular, kind="stable")
        return self

    def candidates(self, views: Views, among: Ints | None = None) -> Candidates:
        """Merge what the sources suggest to each user, less what they have.

        ``among`` takes these items instead, all of them, for everybody.
        """
        plain = views["plain"]
        n_users, n_items = plain.shape
        every, lists = [], []
        wanted = np.zeros((n_users, n_items), bool)
        for source in self.sources:
            scores = source.model.score_items(views[source.asks])
            quota = min(source.quota, n_items)
            ids, _ = pick(scores.copy(), plain, quota)
            there = ids >= 0
            rows = np.nonzero(there)[0]
            wanted[rows, ids[there]] = True
            place = np.full((n_users, n_items), source.quota, np.int32)
            place[rows, ids[there]] = np.nonzero(there)[1]
            every.append(scores)
            lists.append(place)
        if among is not None:
            wanted[:] = False
            wanted[:, among] = True
        user, item = np.nonzero(wanted)
        return Candidates(
            user,
            item,
            np.stack([scores[user, item] for scores in every], axis=1),
            np.stack([place[user, item] for place in lists], axis=1).astype(np.int64),
        )

    def rank(
        self, views: Views, among: Ints | None = None, features: bool = False
    ) -> Ranked:
        """Return each user's candidates, best first; ties by the item's place."""
        n_users = views["plain"].shape[0]
        parts = []
        for start in range(0, n_users, BLOCK):
            mine = {name: view[start : start + BLOCK] for name, view in views.items()}
            found = self.candidates(mine, among)
            if not len(found.item):
                continue
            table = self._features(found, mine)
            score = self.ranker.score_rows(table)
            order = np.lexsort((found.item, -score, found.user))
            columns = found.user[order] + start, found.item[order], score[order]
            seen = table[order] if features else table[:0]
            parts.append((*columns, found.places[order], seen))
        if not parts:
            nothing = np.empty(0, np.int64)
            places = np.empty((0, len(self.sources)), np.int64)
            table = np.empty((0, 0), np.float32)
            return Ranked(nothing, nothing, np.empty(0), places, table)
        return Ranked(*map(np.concatenate, zip(*parts, strict=True)))

    def feature_names(self, items: Sequence[str], users: Sequence[str]) -> list[str]:
        """Name the columns that the ranker sees.

        ``items`` and ``users`` name those of the item features and of "about".
        """
        sources = [source.name for source in self.sources]
        return [
            *(f"score: {name}" for name in sources),
            *(f"place: {name}" for name in sources),
            *("popularity", *items, "length of history", "popularity of history"),
            *("popularity beyond history", *users),
            *(f"{name}, difference" for name in users),
        ]

    def popular(self) -> Ints:
        """Return all items, the most popular first."""
        return self._by_popularity

    def _features(self, found: Candidates, views: Views) -> Float32s:
        """Join the features of users and items to the sources' opinions."""
        plain = views["plain"]
        sizes = np.diff(plain.indptr)
        popular = self.item_table[:, :1]
        mean = np.asarray(plain @ popular).ravel() / np.maximum(plain.sum(axis=1), 1e-9)
        of_user = np.stack([np.log1p(sizes), mean], axis=1)[found.user]
        of_item = self.item_table[found.item]
        beyond = of_item[:, :1] - of_user[:, 1:]
        described = [of_item, of_user, beyond]
        if "about" in views:
            about = views["about"][found.user]
            described += [about, of_item[:, 1 : 1 + about.shape[1]] - about]
        return found.features(np.hstack(described))
