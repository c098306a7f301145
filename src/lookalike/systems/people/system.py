"""People you may know: friends of friends, in the order in which they are likely.

Candidates are the best friends of friends by one sparse product; a ranker that learned
from friendships hidden from it puts them in order.
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.exceptions import NotFittedError

from lookalike._checks import check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.core import generation
from lookalike.core.card import Card
from lookalike.core.generation import Generation
from lookalike.core.verbs import (
    Answer,
    Explanation,
    Measured,
    Tell,
    about_of,
    choose,
    damaged,
    measured_facts,
    milliseconds,
    nobody,
    places_of,
    read_generation,
    read_names,
)
from lookalike.datasets.friendships import (
    Friendships,
    hold_out,
    load_facebook_ego,
    load_friendships,
)
from lookalike.features.graph import triangle_scores
from lookalike.rank import Hits
from lookalike.rank.logistic_ranker import ARRAYS, LogisticRanker
from lookalike.rank.slate import ExplainedSlate
from lookalike.rank.suggestion_table import Table
from lookalike.systems.people.card import people_card
from lookalike.systems.people.evaluation import K, people_measured
from lookalike.systems.people.features import (
    NAMES,
    Candidates,
    Survey,
    adjacency,
    are_linked,
    blocks,
    find_candidates,
    linked,
    survey,
)

if TYPE_CHECKING:
    from lookalike.evaluate.report import Report as Page

N_HIDINGS = 3  # of known friendships, to learn from
N_FEATURES = len(NAMES)
SURVEY = tuple(field.name for field in fields(Survey))


class People:
    """Say whom each person may know.

    Parameters
    ----------
    n_candidates : int, default=60
        Friends of friends that are ranked for each person, at least 10.
    network_dimensions : int, default=0
        Dimensions of a graph network's embedding that is measured beside the ranker
        (needs the deep extra); 0 is none.
    random_state : int, default=0
        Which friendships the ranker learns from.
    n_jobs : int or None, default=None
        Threads of the graph network.

    Attributes
    ----------
    people_ : ndarray of str, shape (n_people,)
    friendships_ : csr_array of shape (n_people, n_people)
        Known ones.
    about_ : dict
        Data and measured numbers, as in ``system.json``.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> club = np.arange(60) // 20  # three clubs of 20; half of each know each other
    >>> pairs = np.array([(a, b) for a in range(60) for b in range(a)
    ...                   if club[a] == club[b] and rng.random() < 0.5])
    >>> names = np.array([f"p{i}" for i in range(60)])
    >>> known, hidden = hold_out(pairs)
    >>> system = People(20).fit(Friendships("clubs", "", names, known, hidden))
    >>> found = system.recommend(["p0", "p59"], k=5)
    >>> [[int(name[1:]) // 20 for name in row] for row in found.ids]
    [[0, 0, 0, 0, 0], [2, 2, 2, 2, 2]]
    """

    name = "people"

    people_: Array
    friendships_: Any
    about_: dict[str, Any]

    _ranker: LogisticRanker
    _survey: Survey
    _table: Table | None
    _embedding: Array | None

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

    @classmethod
    def find_data(cls, choice: str | None, warn: Callable[[str], None]) -> Friendships:
        """Return the Facebook networks, or the friendships in a file."""
        if choice is not None and Path(choice).is_file():
            return load_friendships(choice)
        return choose(choice, {"facebook_ego": load_facebook_ego}, "people, or a file,")

    def fit(self, data: Friendships, report: Tell | None = None) -> Self:
        """Learn from the known friendships alone.

        A fifth of them is hidden in turn, three times; the ranker learns to find these
        among the candidates that the others give. Everybody's lists count alike,
        however many of their friends were hidden.
        """
        tell = report or nobody
        self._check_parameters()
        tell("looking for candidates", 0.05)
        n_people = len(data.people)
        lessons = []
        for turn in range(N_HIDINGS):
            seed = self.random_state + 1 + turn
            inner, wanted = hold_out(data.known, random_state=seed)
            begin = 0.05 + 0.6 * turn / N_HIDINGS
            told = partial(_within, tell, begin, 0.6 / N_HIDINGS)
            lessons.append(self._lessons(n_people, inner, wanted, told))
        features, answers, weights = map(np.concatenate, zip(*lessons, strict=True))
        if not answers.any():
            raise ValueError(
                "The friendships close no triangle: there is nothing to learn from."
            )
        tell("learning to rank", 0.7)
        ranker = LogisticRanker().fit(features, answers, sample_weight=weights)
        self._know(data.people, data.known, ranker)
        if self.network_dimensions:
            tell("learning a graph network", 0.75)
            self._embedding = self._embedded()
        self.about_ = {
            "configuration": {
                "n_candidates": self.n_candidates,
                "network_dimensions": self.network_dimensions,
                "random_state": self.random_state,
            },
            "data": {"name": data.name, "checksum": data.checksum},
            "facts": {
                "n_people": n_people,
                "n_known": len(data.known),
                "n_lessons": len(answers),
            },
            "metrics": {},
            "comparisons": {},
        }
        tell("ready", 1.0)
        return self

    def recommend(self, people: Sequence[str] | Array, k: int = K) -> Hits:
        """Whom each person may know, best first.

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
        rows = self._places(people)
        check_whole("k", k)
        hits = Hits([], [])
        for block in blocks(rows):
            ranked = self._ranked(block)
            for at, person in enumerate(block):
                mine = slice(*np.searchsorted(ranked.person, [at, at + 1]))
                places, values = ranked.candidate[mine][:k], ranked.score[mine][:k]
                places, values = self._filled(person, places, values, k)
                hits.ids.append(self.people_[places])
                hits.scores.append(values)
        return hits

    feature_names = NAMES

    @property
    def askers(self) -> Array:
        """Names of those who are known."""
        return self.people_

    def suggest(self, who: str, k: int = K) -> ExplainedSlate:
        """At most k people for somebody, also for somebody unknown.

        Whoever is not known gets the people with the most friends. A lookup where
        ``precompute`` was called.
        """
        self._check_fitted()
        if who not in self._place:
            return self._new_here(self._popular[:k])
        person = self._place[who]
        if self._table is not None:
            places, scores, features = self._table.row(person)
        else:
            ranked = self._ranked(np.array([person]))
            places, scores, features = ranked.candidate, ranked.score, ranked.features
        places, scores, features = places[:k], scores[:k], features[:k]
        n = len(places)
        missing = min(k, len(self.people_) - 1 - len(linked(self.friendships_, person)))
        if n < missing:
            places, scores = self._filled(person, places, scores, missing)
            empty = np.zeros((missing - n, features.shape[1]), features.dtype)
            features = np.concatenate([features, empty])
        return self._suggested(who, places, scores, features)

    def suggest_among(self, who: str, ids: Sequence[str]) -> ExplainedSlate:
        """Put these people in order for somebody; those too far away come last."""
        self._check_fitted()
        asked = self._places(list(dict.fromkeys(ids)))
        if who not in self._place:
            order = np.argsort(-np.diff(self.friendships_.indptr)[asked], kind="stable")
            return self._new_here(asked[order])
        person = np.array([self._place[who]])
        found = self._candidates(person, len(self.people_))
        scores = np.full(len(self.people_), -np.inf)
        features = np.zeros((len(self.people_), N_FEATURES), np.float32)
        features[found.candidate] = found.features
        scores[found.candidate] = self._score(found)
        far = scores[asked] == -np.inf
        # Nobody is shared: below everybody else, and a number that JSON knows.
        below = scores[found.candidate].min(initial=0.0) - 1.0
        value = np.where(far, below, scores[asked])
        order = np.lexsort((asked, -value))
        return self._suggested(who, asked[order], value[order], features[asked[order]])

    def precompute(self, report: Tell | None = None) -> Table:
        """Rank the candidates of everybody, so that ``suggest`` only looks them up."""
        self._check_fitted()
        tell = report or nobody
        everybody = np.arange(len(self.people_))
        parts = []
        for block in blocks(everybody):
            tell("ranking everybody's candidates", block[0] / len(everybody))
            ranked = self._ranked(block)
            sizes = np.bincount(ranked.person, minlength=len(block))
            parts.append((ranked.candidate, ranked.score, ranked.features, sizes))
        candidate, score, features, sizes = (
            np.concatenate(column) for column in zip(*parts, strict=True)
        )
        starts = np.concatenate([[0], np.cumsum(sizes)])
        return Table(starts, candidate, score, features.astype(np.float32))

    @staticmethod
    def table_of(arrays: Mapping[str, Array]) -> Table:
        """Return the table of which these are the arrays."""
        return Table(*(np.asarray(arrays[field.name]) for field in fields(Table)))

    def look_up(self, table: Table) -> Self:
        """Answer ``suggest`` from this table from now on."""
        self._check_fitted()
        table.check(len(self.people_), N_FEATURES)
        self._table = table
        return self

    def befriended(self, pairs: Sequence[tuple[str, str]]) -> "People":
        """Return a system that knows these friendships too, and has the same ranker.

        Names that are not known become new people.
        """
        self._check_fitted()
        place = dict(self._place)
        ends = [
            (place.setdefault(a, len(place)), place.setdefault(b, len(place)))
            for a, b in pairs
            if a != b
        ]
        rows, columns = self.friendships_.nonzero()
        known = np.stack([rows, columns], axis=1)[rows < columns]
        new = np.sort(np.array(ends, np.int64).reshape(-1, 2), axis=1)
        every = np.unique(np.concatenate([known, new]), axis=0)
        system = People(self.n_candidates, 0, self.random_state, self.n_jobs)
        system._know(np.array(list(place)), every, self._ranker)
        plain = self.about_["configuration"] | {"network_dimensions": 0}
        system.about_ = self.about_ | {"configuration": plain}
        return system

    read = staticmethod(read_names)

    def answer(
        self, names: Sequence[str], queries: Sequence[str], k: int = K
    ) -> list[Answer]:
        """Return one line for each suggestion, with the reason it was made."""
        found = self.recommend(queries, k)
        lines = []
        for row, name in enumerate(names):
            shared = self._shared(name, found.ids[row])
            for rank, (who, score) in enumerate(
                zip(found.ids[row].tolist(), found.scores[row].tolist(), strict=True)
            ):
                n = len(shared[rank])
                lines.append(
                    {
                        "person": name,
                        "rank": rank + 1,
                        "suggestion": who,
                        "score": score,
                        "reason": _reason(n),
                    }
                )
        return lines

    def explain(self, name: str, query: str) -> Explanation:
        """Say what speaks for the first suggestions: the friends that are shared."""
        answers = self.answer([name], [query])
        shared = self._shared(query, np.array([a["suggestion"] for a in answers]))
        reasons = []
        for answer, friends in zip(answers, shared, strict=True):
            some = ", ".join(friends[:3]) + (", ..." if len(friends) > 3 else "")
            why = f"{answer['reason']}: {some}" if friends else answer["reason"]
            reasons.append(f"{answer['suggestion']} ({answer['score']:.2f}): {why}")
        first = {k: v for k, v in answers[0].items() if k != "rank"}
        return Explanation(first, tuple(reasons))

    def evaluate(self, data: Friendships, report: Tell | None = None) -> Measured:
        """Look for the hidden friendships, beside each score on its own.

        The unit of chance is the person; who has no hidden friend is not asked about.
        """
        tell = report or nobody
        self._check_same(data)
        measured = people_measured(self, data, tell)
        self.about_ |= measured_facts(measured)
        started = time.perf_counter()
        triangle_scores(self.friendships_)
        asked = self.people_[np.unique(data.held_out)[:30]]
        self.about_["facts"] |= {
            "n_hidden": len(data.held_out),
            "seconds_for_all_candidates": round(time.perf_counter() - started, 2),
            "milliseconds_per_answer": milliseconds(
                self.recommend, [[name] for name in asked]
            ),
        }
        tell("ready", 1.0)
        return measured

    def report(self, data: Friendships, measured: Measured) -> "Page":
        """Return the page on what was measured."""
        from lookalike.systems.people.report import people_report

        return people_report(self, measured)

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the system as a generation, complete or not at all."""
        rows, columns = self.friendships_.nonzero()
        once = rows < columns
        arrays = {
            "people": self.people_,
            "pairs": np.stack([rows[once], columns[once]], axis=1).astype(np.int64),
            **self._ranker.arrays(),
            **vars(self._survey),
        }
        if self._embedding is not None:
            arrays["embedding"] = self._embedding
        return generation.save(folder, self.name, arrays, self.about_)

    @classmethod
    def load(
        cls, folder: str | os.PathLike[str] | Generation, n_jobs: int | None = None
    ) -> Self:
        """Read a generation: every file checked, none of its code run."""
        found = read_generation(folder, cls.name)
        try:
            system = cls(**found.about["configuration"], n_jobs=n_jobs)
            system._check_parameters()
            weights = {name: found.arrays[name] for name in ARRAYS}
            ranker = LogisticRanker.from_arrays(weights)
            if ranker.n_features_in_ != N_FEATURES:
                raise ValueError(f"its ranker is not one of {N_FEATURES} features.")
            people, pairs = found.arrays["people"], found.arrays["pairs"]
            if pairs.size and not 0 <= pairs.min() <= pairs.max() < len(people):
                raise ValueError("its friendships are not those of its people.")
            seen = Survey(*(np.asarray(found.arrays[name]) for name in SURVEY))
            if [each.shape[0] for each in vars(seen).values()] != [
                seen.vectors.shape[1],
                len(people),
                len(people),
            ]:
                raise ValueError("its survey is not that of its people.")
            system._know(people, pairs, ranker, seen)
            if system.network_dimensions:
                system._embedding = np.asarray(found.arrays["embedding"])
                shape = (len(people), system.network_dimensions)
                if system._embedding.shape != shape:
                    raise ValueError("its embedding is not that of its people.")
            system.about_ = about_of(found)
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(found, cls.name, error) from None
        return system

    def card(self) -> Card:
        """Tell the system in nine steps, with the numbers that were measured."""
        return people_card(self.about_)

    def _check_parameters(self) -> None:
        n = self.n_candidates
        if not isinstance(n, Integral) or n < K:
            raise ValueError(f"n_candidates must be at least {K}, got {n!r}.")
        n = self.network_dimensions
        if not isinstance(n, Integral) or n < 0:
            raise ValueError(f"network_dimensions must be at least 0, got {n!r}.")

    def _check_same(self, data: Friendships) -> None:
        self._check_fitted()
        if not np.array_equal(data.people, self.people_):
            raise ValueError(
                f"Expected the {len(self.people_):,} people that were learned from, "
                f"got {len(data.people):,} others."
            )

    def _check_fitted(self) -> None:
        if not hasattr(self, "_ranker"):
            raise NotFittedError("People must be fitted or loaded before it answers.")

    def _know(
        self,
        people: Array,
        pairs: Ints,
        ranker: LogisticRanker,
        seen: Survey | None = None,
    ) -> None:
        self.people_ = np.asarray(people)
        self.friendships_ = adjacency(len(people), pairs)
        self._survey = survey(self.friendships_) if seen is None else seen
        self._place = {name: place for place, name in enumerate(self.people_.tolist())}
        self._ranker = ranker
        self._table = None
        self._embedding = None
        # Ties go to the earlier person.
        self._popular = np.argsort(-np.diff(self.friendships_.indptr), kind="stable")

    def _embedded(self) -> Array:
        """Everybody's place in a graph network of the known friendships."""
        from lookalike.rank.graph_network import GraphNetwork

        model = GraphNetwork(
            self.network_dimensions, random_state=self.random_state, n_jobs=self.n_jobs
        )
        return model.fit(self.friendships_).embedding_

    def _places(self, people: Sequence[str] | Array) -> Ints:
        self._check_fitted()
        return places_of(people, self._place, "people")

    def _lessons(
        self, n_people: int, inner: Ints, wanted: Ints, tell: Tell
    ) -> tuple[Floats, Array, Floats]:
        """Candidates of everybody who has a wanted friend among them, and answers.

        Also weights, with which the wanted friends of each person add up to one.
        """
        A, W = adjacency(n_people, inner), adjacency(n_people, wanted)
        seen = survey(A)
        features, answers, weights = [np.empty((0, N_FEATURES))], [], []
        for block in blocks(np.flatnonzero(np.diff(W.indptr))):
            tell("looking for candidates", block[0] / n_people)
            found = find_candidates(A, seen, block, self.n_candidates)
            right = are_linked(W, block[found.person], found.candidate)
            n_right = np.bincount(found.person, right, minlength=len(block))
            kept = n_right[found.person] > 0
            features.append(found.features[kept])
            answers.append(right[kept])
            weights.append(1 / n_right[found.person[kept]])
        return (
            np.concatenate(features),
            np.concatenate(answers),
            np.concatenate(weights),
        )

    def _ranked(self, people: Ints) -> "_Ranked":
        found = self._candidates(people, self.n_candidates)
        return _best_first(found, self._score(found))

    def _score(self, found: Candidates) -> Floats:
        if not len(found.person):
            return np.empty(0)
        return self._ranker.score_rows(found.features)

    def _candidates(self, people: Ints, most: int) -> Candidates:
        return find_candidates(self.friendships_, self._survey, people, most)

    def _suggested(
        self, who: str, places: Ints, scores: Floats, features: Array
    ) -> ExplainedSlate:
        ids = self.people_[places]
        return ExplainedSlate(
            ids=ids.tolist(),
            scores=scores,
            features=features.astype(np.float32),
            reasons=[_reason(len(both)) for both in self._shared(who, ids)],
        )

    def _new_here(self, places: Ints) -> ExplainedSlate:
        """Return people with many friends, for whoever is not known."""
        n_friends = np.diff(self.friendships_.indptr)[places]
        return ExplainedSlate(
            ids=self.people_[places].tolist(),
            scores=n_friends.astype(np.float64),
            features=np.zeros((len(places), N_FEATURES), np.float32),
            reasons=["you are new here: has many friends"] * len(places),
            known=False,
        )

    def _filled(
        self, person: int, places: Ints, scores: Floats, k: int
    ) -> tuple[Ints, Floats]:
        """Fill up with those who have the most friends."""
        missing = k - len(places)
        if not missing:
            return places, scores
        known = linked(self.friendships_, person)
        taken = np.concatenate([known, places, [person]])
        others = self._popular[~np.isin(self._popular, taken)][:missing]
        lowest = scores.min() if len(scores) else 0.0
        below = lowest - 1.0 - np.arange(len(others))
        return np.concatenate([places, others]), np.concatenate([scores, below])

    def _shared(self, name: str, others: Array) -> list[list[str]]:
        """Names of shared friends; those with few friends, who say the most, first."""
        A = self.friendships_
        degrees = np.diff(A.indptr)
        mine = linked(A, self._place[name])
        shared = []
        for other in others.tolist():
            both = np.intersect1d(mine, linked(A, self._place[other]))
            both = both[np.argsort(degrees[both], kind="stable")]
            shared.append(self.people_[both].tolist())
        return shared


@dataclass(frozen=True)
class _Ranked:
    """Candidates by person, then best first."""

    person: Ints
    candidate: Ints
    score: Floats
    features: Array


def _best_first(found: Candidates, score: Floats) -> _Ranked:
    """Order by score; ties keep the order of the candidates."""
    order = np.lexsort((found.rank, -score, found.person))
    return _Ranked(
        found.person[order],
        found.candidate[order],
        score[order],
        found.features[order],
    )


def _within(tell: Tell, begin: float, length: float, what: str, share: float) -> None:
    """Tell of a part of the work, as a share of the whole."""
    tell(what, begin + length * share)


def _reason(n: int) -> str:
    return _counted(n) if n else "has many friends"


def _counted(n: int) -> str:
    return f"{n} shared friend{'s' if n > 1 else ''}"
