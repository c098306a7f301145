"""People you may know: friends of friends, in the order in which they are likely.

Candidates are the best friends of friends by one sparse product; a ranker that learned
from friendships hidden from it puts them in order.
"""

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import fields, replace
from typing import Any, Self

import numpy as np

from lookalike._checks import check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.core.base import BaseSystem
from lookalike.core.contracts import Explanation
from lookalike.core.inputs import check_k, positions_of
from lookalike.core.manifest import Manifest
from lookalike.core.progress import ProgressCallback, no_progress, stage_of
from lookalike.core.recommendations import ExplainsListedItems
from lookalike.datasets.friendships import Friendships
from lookalike.rank import Hits
from lookalike.rank.logistic_ranker import ARRAYS, LogisticRanker
from lookalike.rank.slate import ExplainedSlate
from lookalike.rank.suggestion_table import SuggestionTable
from lookalike.systems.people.features import (
    FEATURE_NAMES,
    N_FEATURES,
    Candidates,
    GraphStatistics,
    adjacency,
    blocks,
    find_candidates,
    friends_of,
    graph_statistics,
)
from lookalike.systems.people.training import training_batch

K = 10
STATISTICS = tuple(field.name for field in fields(GraphStatistics))


class People(ExplainsListedItems, BaseSystem):
    """Suggest to each person whom they may know.

    Parameters
    ----------
    n_candidates : int, default=60
        Friends of friends that are ranked for each person, at least 10.
    network_dimensions : int, default=0
        Dimensions of a graph network's embedding that is measured beside the ranker
        (needs the ``deep`` extra); 0 is none.
    random_state : int, default=0
        Which friendships the ranker learns from.
    n_jobs : int or None, default=None
        Threads of the graph network.

    Attributes
    ----------
    people_ : ndarray of str, shape (n_people,)
    friendships_ : csr_array of shape (n_people, n_people)
        Known ones.
    statistics_ : GraphStatistics
        Of the known friendships.
    ranker_ : LogisticRanker
    embedding_ : ndarray of shape (n_people, network_dimensions) or None
        Of the graph network, where there is one.
    manifest_ : Manifest
        Data, counts and, once loaded, the measured numbers.

    Examples
    --------
    >>> from lookalike.datasets.friendships import hold_out
    >>> rng = np.random.default_rng(0)
    >>> club = np.arange(60) // 20  # three clubs of 20; half of each know each other
    >>> pairs = np.array([(a, b) for a in range(60) for b in range(a)
    ...                   if club[a] == club[b] and rng.random() < 0.5])
    >>> names = np.array([f"p{i}" for i in range(60)])
    >>> known, held_out = hold_out(pairs)
    >>> system = People(20).fit(Friendships("clubs", "", names, known, held_out))
    >>> found = system.recommend(["p0", "p59"], k=5)
    >>> [[int(name[1:]) // 20 for name in row] for row in found.ids]
    [[0, 0, 0, 0, 0], [2, 2, 2, 2, 2]]
    """

    name = "people"
    feature_names = FEATURE_NAMES

    people_: Array
    friendships_: Any
    statistics_: GraphStatistics
    ranker_: LogisticRanker
    embedding_: Array | None

    _position: dict[str, int]
    _popular: Ints
    _table: SuggestionTable | None

    def __init__(
        self,
        n_candidates: int = 60,
        network_dimensions: int = 0,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.n_candidates = n_candidates
        self.network_dimensions = network_dimensions
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(
        self, data: Friendships, on_progress: ProgressCallback = no_progress
    ) -> Self:
        """Learn from the known friendships alone.

        A fifth of them is hidden in turn, three times; the ranker learns to find these
        among the candidates that the others give. Everybody's lists count alike,
        however many of their friends were hidden.
        """
        self._check_parameters()
        on_progress("looking for candidates", 0.05)
        batch = training_batch(
            len(data.people),
            data.known,
            self.n_candidates,
            self.random_state,
            stage_of(on_progress, 0.05, 0.6),
        )
        on_progress("learning to rank", 0.7)
        self.ranker_ = LogisticRanker().fit(
            batch.features, batch.is_friend, sample_weight=batch.weights
        )
        self._take_up(data.people, data.known)
        if self.network_dimensions:
            on_progress("learning a graph network", 0.75)
            self.embedding_ = self._learn_embedding()
        facts = {
            "n_people": len(data.people),
            "n_known": len(data.known),
            "n_training_rows": len(batch.is_friend),
        }
        self.manifest_: Manifest = self.new_manifest(data, facts)
        on_progress("ready", 1.0)
        return self

    def refit(
        self, data: Friendships, on_progress: ProgressCallback = no_progress
    ) -> Self:
        """Return the system that answers: it has the held-out friendships, too.

        The ranker is the one measured.
        """
        self.check_fitted()
        on_progress("taking up what was held out", 0.1)
        pairs = np.concatenate([data.known, data.held_out])
        return self._knowing(data.people, pairs, refitted=True)

    def before_refit(self, data: Friendships) -> Self:
        """Return the system that was measured, of one that ``refit`` has returned."""
        if not self.is_refitted or not np.array_equal(data.people, self.people_):
            return self
        return self._knowing(data.people, data.known, refitted=False)

    def _knowing(self, people: Array, pairs: Ints, refitted: bool) -> Self:
        """Return a system with this ranker that knows these friendships."""
        system = copy(self)
        system._take_up(people, pairs)
        if self.network_dimensions:
            system.embedding_ = system._learn_embedding()
        system.mark_refitted(refitted)
        return system

    # --- answers ----------------------------------------------------------------------

    @property
    def known_users(self) -> Array:
        """Names of the people that are known."""
        return self.people_

    def recommend(self, people: Sequence[str] | Array, k: int = K) -> Hits:
        """Return whom each person may know, best first.

        Parameters
        ----------
        people : sequence of str, n_queries of them
        k : int, default=10
            At least 1.

        Returns
        -------
        Hits
            Names and scores. Where there are too few friends of friends, the people
            with the most friends follow, with scores below all others. Fewer than k
            where somebody is friends with nearly everybody.

        Raises
        ------
        ValueError
            If somebody is not known, or k is not a whole number of at least 1.
        """
        self.check_fitted()
        rows = list(self._lists(self._positions(people), check_k(k)))
        return Hits(
            [self.people_[found] for found, _, _ in rows], [s for _, s, _ in rows]
        )

    def recommend_each(
        self, users: Sequence[str], k: int = K, exclude: Sequence[str] = ()
    ) -> list[ExplainedSlate]:
        """Return whom each user may know; an unknown one gets the most popular people.

        Looked up where the system answers from a table (``look_up``). ``exclude`` names
        people who are in no list.
        """
        self.check_fitted()
        k = check_k(k)
        n = k + len(exclude)
        known = [user for user in users if user in self._position]
        lists = self._lists(self._positions(known), n)
        slates = [
            self._slate(user, *next(lists))
            if user in self._position
            else self._popular_slate(self._popular[:n])
            for user in users
        ]
        return [slate.without(exclude).first(k) for slate in slates]

    def rank_items(self, user: str, ids: Sequence[str]) -> ExplainedSlate:
        """Put these people in order for a user, as they stand in the whole list.

        Order, scores and features are those of ``recommend_each``. Friends of the user
        come last.
        """
        self.check_fitted()
        chosen = self._positions(list(dict.fromkeys(ids)))
        if user not in self._position:
            n_friends = np.diff(self.friendships_.indptr)
            order = np.lexsort((chosen, -n_friends[chosen]))
            return self._popular_slate(chosen[order])
        person = np.array([self._position[user]])
        [(strangers, scores, features)] = self._lists(person, len(self.people_))
        friends = self._popular[~np.isin(self._popular, strangers)]
        everybody = np.concatenate([strangers, friends])
        below = scores.min(initial=0.0) - 1.0 - np.arange(len(friends))
        scores = np.concatenate([scores, below])
        at = np.flatnonzero(np.isin(everybody, chosen))
        seen = np.zeros((len(at), N_FEATURES), features.dtype)
        stranger = at < len(strangers)
        seen[stranger] = features[at[stranger]]
        return self._slate(user, everybody[at], scores[at], seen)

    def has_item(self, id: str) -> bool:
        """Whether a person has this name."""
        self.check_fitted()
        return id in self._position

    def explain(self, query: str) -> Explanation:
        """Name the friends that a person shares with the first suggestions.

        Raises
        ------
        ValueError
            If the person is not known.
        """
        self.check_fitted()
        self._positions([query])
        [slate] = self.recommend_each([query])
        if not len(slate):
            raise ValueError(f"{query} has no stranger to suggest.")
        lines = zip(
            slate.ids,
            slate.scores,
            slate.reasons,
            self._shared(query, slate.ids),
            strict=True,
        )
        reasons = []
        for name, score, reason, friends in lines:
            some = ", ".join(friends[:3]) + (", ..." if len(friends) > 3 else "")
            why = f"{reason}: {some}" if friends else reason
            reasons.append(f"{name} ({score:.2f}): {why}")
        return Explanation(slate.records()[0], tuple(reasons))

    # --- parts of an answer -----------------------------------------------------------

    def candidates(self, people: Ints, most: int) -> Candidates:
        """Return the ``most`` best candidates of people, given by position."""
        return find_candidates(self.friendships_, self.statistics_, people, most)

    def score(self, found: Candidates) -> Floats:
        """Return the ranker's score of each candidate, (n,)."""
        if not len(found.person):
            return np.empty(0)
        return self.ranker_.score_rows(found.features)

    # --- new friendships and precomputed lists ----------------------------------------

    def with_edges(self, pairs: Sequence[tuple[str, str]]) -> Self:
        """Return a system that knows these friendships too, and has the same ranker.

        Names that are not known become new people.
        """
        self.check_fitted()
        position = dict(self._position)
        ends = [
            [position.setdefault(name, len(position)) for name in pair]
            for pair in pairs
            if pair[0] != pair[1]
        ]
        new = np.sort(np.array(ends, np.int64).reshape(-1, 2), axis=1)
        every = np.unique(np.concatenate([self._pairs(), new]), axis=0)
        return self._of(np.array(list(position)), every)

    def without_users(self, users: Sequence[str]) -> Self:
        """Return a system that never knew these people, and has the same ranker."""
        self.check_fitted()
        gone = set(users)
        keep = np.array([name not in gone for name in self.people_.tolist()], bool)
        row = np.cumsum(keep) - 1
        pairs = self._pairs()
        return self._of(self.people_[keep], row[pairs[keep[pairs].all(axis=1)]])

    def precompute(self) -> SuggestionTable:
        """Return the ranked candidates of everybody."""
        self.check_fitted()
        everybody = np.arange(len(self.people_))
        return SuggestionTable.concatenate([*map(self._ranked, blocks(everybody))])

    @staticmethod
    def table_of(arrays: Mapping[str, Array]) -> SuggestionTable:
        """Return the table that these arrays were taken from."""
        return SuggestionTable.from_arrays(arrays)

    def look_up(self, table: SuggestionTable) -> Self:
        """Return a system that answers from this table; this one stays as it is."""
        self.check_fitted()
        table.check(len(self.people_), N_FEATURES)
        system = copy(self)
        system._table = table
        return system

    # --- saving -----------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return people, friendships, their statistics, the ranker and the network."""
        arrays = {
            "people": self.people_,
            "pairs": self._pairs(),
            **self.ranker_.arrays(),
            **{name: getattr(self.statistics_, name) for name in STATISTICS},
        }
        if self.embedding_ is not None:
            arrays["embedding"] = self.embedding_
        return arrays, {}

    def restore(self, arrays: Mapping[str, Array], document: Mapping[str, Any]) -> None:
        """Take up what ``state`` returned."""
        self._check_parameters()
        weights = {name: arrays[name] for name in ARRAYS}
        self.ranker_ = LogisticRanker.from_arrays(weights)
        if self.ranker_.n_features_in_ != N_FEATURES:
            raise ValueError(f"its ranker is not one of {N_FEATURES} features.")
        people, pairs = arrays["people"], arrays["pairs"]
        if pairs.size and not 0 <= pairs.min() <= pairs.max() < len(people):
            raise ValueError("its friendships are not those of its people.")
        statistics = GraphStatistics(*(np.asarray(arrays[n]) for n in STATISTICS))
        n_vectors = statistics.vectors.shape[1]
        lengths = [len(getattr(statistics, name)) for name in STATISTICS]
        if lengths != [n_vectors, len(people), len(people)]:
            raise ValueError("its graph statistics are not those of its people.")
        self._take_up(people, pairs, statistics)
        if self.network_dimensions:
            self.embedding_ = np.asarray(arrays["embedding"])
            if self.embedding_.shape != (len(people), self.network_dimensions):
                raise ValueError("its embedding is not that of its people.")

    # --- inside -----------------------------------------------------------------------

    def _check_parameters(self) -> None:
        check_whole("n_candidates", self.n_candidates, K)
        check_whole("network_dimensions", self.network_dimensions, 0)

    def _take_up(
        self, people: Array, pairs: Ints, statistics: GraphStatistics | None = None
    ) -> None:
        self.people_ = np.asarray(people)
        self.friendships_ = adjacency(len(people), pairs)
        self.statistics_ = statistics or graph_statistics(self.friendships_)
        self.embedding_ = None
        self._position = {name: at for at, name in enumerate(self.people_.tolist())}
        # Ties go to the earlier person.
        self._popular = np.argsort(-np.diff(self.friendships_.indptr), kind="stable")
        self._table = None

    def _of(self, people: Array, pairs: Ints) -> Self:
        """Return a system of other people and friendships, with the same ranker."""
        system = type(self)(self.n_candidates, 0, self.random_state, self.n_jobs)
        system.ranker_ = self.ranker_
        system._take_up(people, pairs)
        system.manifest_ = replace(self.manifest_, configuration=system.configuration())
        return system

    def _learn_embedding(self) -> Array:
        """Vectors of everybody by a graph network of the known friendships."""
        from lookalike.rank.graph_network import GraphNetwork

        model = GraphNetwork(
            self.network_dimensions, random_state=self.random_state, n_jobs=self.n_jobs
        )
        return model.fit(self.friendships_).embedding_

    def _pairs(self) -> Ints:
        """The known friendships, each pair once, int64 (n_pairs, 2)."""
        rows, columns = self.friendships_.nonzero()
        return np.stack([rows, columns], axis=1)[rows < columns].astype(np.int64)

    def _positions(self, people: Sequence[str] | Array) -> Ints:
        return positions_of(people, self._position, "people")

    def _ranked(self, people: Ints) -> SuggestionTable:
        """Candidates of these people, best first."""
        found = self.candidates(people, self.n_candidates)
        score = self.score(found)
        # Ties keep the order of the candidates.
        order = np.lexsort((found.rank, -score, found.person))
        return SuggestionTable.of_rows(
            found.person[order],
            found.candidate[order],
            score[order],
            found.features[order],
            len(people),
        )

    def _lists(self, people: Ints, k: int) -> Iterator[tuple[Ints, Floats, Array]]:
        """At most k positions, scores and features for each of these people."""
        for block in blocks(people):
            table, rows = self._table, block
            if table is None:
                table, rows = self._ranked(block), np.arange(len(block))
            for own, row in zip(block.tolist(), rows.tolist(), strict=True):
                found, scores, features = table.row(row)
                yield self._filled(own, found[:k], scores[:k], features[:k], k)

    def _filled(
        self, person: int, found: Ints, scores: Floats, features: Array, k: int
    ) -> tuple[Ints, Floats, Array]:
        """Fill a list up to k with the people who have the most friends."""
        missing = k - len(found)
        if not missing:
            return found, scores, features
        taken = np.concatenate([friends_of(self.friendships_, person), found, [person]])
        others = self._popular[~np.isin(self._popular, taken)][:missing]
        lowest = scores.min() if len(scores) else 0.0
        below = lowest - 1.0 - np.arange(len(others))
        none = np.zeros((len(others), N_FEATURES), features.dtype)
        return (
            np.concatenate([found, others]),
            np.concatenate([scores, below]),
            np.concatenate([features, none]),
        )

    def _slate(
        self, user: str, found: Ints, scores: Floats, features: Array
    ) -> ExplainedSlate:
        ids = self.people_[found].tolist()
        reasons = [_reason(len(shared)) for shared in self._shared(user, ids)]
        return ExplainedSlate(ids, scores, features.astype(np.float32), reasons)

    def _popular_slate(self, people: Ints) -> ExplainedSlate:
        """People by their number of friends, for an unknown user."""
        n_friends = np.diff(self.friendships_.indptr)[people]
        return ExplainedSlate(
            ids=self.people_[people].tolist(),
            scores=n_friends.astype(np.float64),
            features=np.zeros((len(people), N_FEATURES), np.float32),
            reasons=["you are new here: has many friends"] * len(people),
            known=False,
        )

    def _shared(self, name: str, others: Sequence[str]) -> list[list[str]]:
        """Names of shared friends; those with few friends, who say the most, first."""
        A = self.friendships_
        degrees = np.diff(A.indptr)
        mine = friends_of(A, self._position[name])
        shared = []
        for other in others:
            both = np.intersect1d(mine, friends_of(A, self._position[other]))
            both = both[np.argsort(degrees[both], kind="stable")]
            shared.append(self.people_[both].tolist())
        return shared


def _reason(n_shared: int) -> str:
    if not n_shared:
        return "has many friends"
    return f"{n_shared} shared friend{'s' if n_shared > 1 else ''}"
