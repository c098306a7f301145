"""What games and films share: a funnel over histories, with names, verbs and numbers.

A system says where its candidates come from, how it looks at a history and what counts
as found; the rest is here.
"""

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import NotFittedError

from lookalike._checks import check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.core import generation
from lookalike.core.generation import Generation
from lookalike.core.verbs import (
    Answer,
    Explanation,
    Measured,
    Tell,
    about_of,
    damaged,
    measured_facts,
    milliseconds,
    nobody,
    places_of,
    read_generation,
    read_names,
)
from lookalike.datasets.interactions import Interactions, hold_out_again
from lookalike.rank import Hits
from lookalike.rank.funnel import CandidateGenerator, Funnel, TrainingBatch
from lookalike.rank.rerank import (
    Blocked,
    Diverse,
    Explore,
    Rule,
    Seen,
    UserContext,
    rerank,
)
from lookalike.rank.slate import ExplainedSlate, Slate
from lookalike.systems._recommender.evaluation import (
    K,
    recommending_measured,
    users_asked,
)
from lookalike.systems._recommender.history import (
    RANKERS,
    History,
    generator_arrays,
    new_ranker,
    ranker_arrays,
    ranker_of,
    restore,
)

NEW_USER = "new_user"
ROUNDS = 5  # of hiding, to learn from


class Recommending(ABC):
    """Recommend items to users by what they have done.

    Parameters
    ----------
    ranker : {"auto", "blend", "lambda_mart", "boosted", "logistic"}, default="auto"
        "blend" is LambdaMART and boosted trees together; "auto" is that where lightgbm
        is installed, else logistic regression.
    diversity : float in [0, 1), default=0.0
        How much a list avoids items of one kind (MMR).
    exploration : int, default=0
        Places of a list, its last ones, for items that hardly anybody has.
    random_state : int, default=0
    n_jobs : int or None, default=None
    """

    name: ClassVar[str]
    item_columns: ClassVar[tuple[str, ...]]
    user_columns: ClassVar[tuple[str, ...]]
    """What the columns of ``item_features`` and of the view "about" are called."""
    verb: ClassVar[str]
    """What users do with items, such as "play"."""

    users_: Array
    items_: Array
    titles_: Array
    genres_: Array
    years_: Floats
    about_: dict[str, Any]

    _history: History
    _funnel: Funnel

    def __init__(
        self,
        ranker: str = "auto",
        diversity: float = 0.0,
        exploration: int = 0,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.ranker = ranker
        self.diversity = diversity
        self.exploration = exploration
        self.random_state = random_state
        self.n_jobs = n_jobs

    # --- what a system says of itself -------------------------------------------------

    @abstractmethod
    def matrices(self, history: History) -> dict[str, Any]:
        """Return the interaction matrices that generators and ranker use."""

    @abstractmethod
    def generators(self) -> list[CandidateGenerator]:
        """Return where candidates come from, nothing learned yet."""

    @abstractmethod
    def relevance(self, data: Interactions) -> Any:
        """Return the grade of each held-out item, csr, users by items."""

    def training_grades(self, relevance: Any) -> Any:
        """Return whole numbers that the ranker learns to put in order."""
        return sp.csr_array(
            (np.ones(relevance.nnz), relevance.indices, relevance.indptr),
            shape=relevance.shape,
        )

    @abstractmethod
    def content(self) -> Any:
        """Return descriptions of the items, csr, rows of length 1."""

    @abstractmethod
    def item_features(self, history: History) -> Array:
        """Return what the ranker is told of each item beside its popularity."""

    # --- the verbs --------------------------------------------------------------------

    def fit(self, data: Interactions, report: Tell | None = None) -> Self:
        """Learn from what is known alone.

        A fifth of it is hidden in turn, several times where there are no times: the
        generators learn from the rest, the ranker learns to find the hidden part among
        their candidates; then the generators learn again from all that is known.
        """
        tell = report or nobody
        self._check_parameters()
        self._take(data)
        n_known = int((~data.held_out).sum())
        ranker = new_ranker(self.ranker, n_known, self.n_jobs)
        funnel = Funnel(self.generators(), ranker)
        funnel.fit(self._training_batches(data, tell))
        tell("learning from everything known", 0.7)
        history = History.known(data)
        self._funnel = funnel.refit_generators(
            self.matrices(history), self.item_features(history)
        )
        self._know(history)
        self.about_ = {
            "configuration": {
                "ranker": self.ranker,
                "diversity": self.diversity,
                "exploration": self.exploration,
                "random_state": self.random_state,
            },
            "data": {"name": data.name, "checksum": data.checksum},
            "facts": {
                "n_users": len(data.users),
                "n_items": len(data.items),
                "n_known": n_known,
                "n_hidden": int(data.held_out.sum()),
                "n_training_rows": funnel.n_training_rows,
                "ranker": type(funnel.ranker).__name__,
                "generators": [generator.name for generator in funnel.generators],
                "quotas": [generator.quota for generator in funnel.generators],
            },
            "metrics": {},
            "comparisons": {},
        }
        tell("ready", 1.0)
        return self

    def recommend(
        self,
        users: Sequence[str] | Array,
        k: int = K,
        blocked: Mapping[str, Sequence[str]] | None = None,
    ) -> Hits:
        """What each user may want next, best first.

        Parameters
        ----------
        users : sequence of str, n_queries of them
            A user who is not known gets what is popular.
        k : int, default=10
            At least 1.
        blocked : mapping of users to items, optional
            What somebody does not want to see.

        Returns
        -------
        Hits
            Names of items and scores; fewer than k where a user has the others.
        """
        self._check_k(k)
        rows = [self._place.get(str(name), -1) for name in users]
        refused = {name: self._item_places(v) for name, v in (blocked or {}).items()}
        blocks = [refused.get(str(name), ()) for name in users]
        slates = self._slates(self._history.rows(rows), k, rows, blocks)
        return self._hits(slates)

    def recommend_to(
        self, histories: Sequence[Mapping[str, float]], k: int = K
    ) -> Hits:
        """Recommend by histories that are given: items with hours, or ratings.

        For users who are not known, or who did something a moment ago: nothing is
        learned again, yet what they did counts. An item that is not known is passed
        over.
        """
        self._check_k(k)
        history = History.given(histories, self._item_place, len(self.items_))
        return self._hits(self._slates(history, k, [-1] * len(histories)))

    read = staticmethod(read_names)

    def answer(
        self, names: Sequence[str], queries: Sequence[str], k: int = K
    ) -> list[Answer]:
        """Return a line for each suggestion, with the reason and its code."""
        self._check_k(k)
        rows = [self._place.get(name, -1) for name in queries]
        slates = self._slates(self._history.rows(rows), k, rows)
        return [
            answer
            for name, slate in zip(names, slates, strict=True)
            for answer in self._answers(name, slate)
        ]

    def explain(self, name: str, query: str) -> Explanation:
        """Say where each suggestion comes from, and what the rules did."""
        row = self._place.get(query, -1)
        (slate,) = self._slates(self._history.rows([row]), K, [row])
        answers = self._answers(name, slate)
        reasons = []
        for item, answer in zip(slate.items.tolist(), answers, strict=True):
            close = self._closest(row, item)
            because = f"; closest to {close}" if close else ""
            told = f"{answer['title']} ({answer['score']:.2f}): {answer['reason']}"
            reasons.append(told + because)
        reasons += [f"rule, {note}" for note in slate.notes]
        first = {k: v for k, v in answers[0].items() if k != "rank"}
        return Explanation(first, tuple(reasons))

    def evaluate(self, data: Interactions, report: Tell | None = None) -> Measured:
        """Look for what was hidden, beside each generator on its own.

        The unit of chance is the user; who has nothing hidden is not asked about.
        """
        tell = report or nobody
        self._check_same(data)
        measured = recommending_measured(self, data, tell)
        self.about_ |= measured_facts(measured)
        tell("timing", 0.95)
        asked = users_asked(self.relevance(data))
        history = self._history.rows(asked.tolist())
        started = time.perf_counter()
        self._slates(history, K, asked.tolist())
        seconds = time.perf_counter() - started
        self.about_["facts"] |= {
            "coverage": round(measured.details["coverage"]["funnel"], 4),
            "users_per_second": round(len(asked) / seconds),
            "milliseconds_per_answer": milliseconds(
                self.recommend, [[name] for name in self.users_[asked[:50]]]
            ),
        }
        tell("ready", 1.0)
        return measured

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the system as a generation, complete or not at all."""
        self._check_fitted()
        arrays = {
            "users": self.users_,
            "items": self.items_,
            "titles": self.titles_,
            "genres": self.genres_,
            "years": self.years_,
            **self._history.arrays(),
            **ranker_arrays(self._funnel.ranker),
            **generator_arrays(self._funnel.generators),
        }
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
            for part in ("users", "items", "titles", "genres", "years"):
                setattr(system, f"{part}_", np.asarray(found.arrays[part]))
            n_users, n_items = len(system.users_), len(system.items_)
            history = History.from_arrays(found.arrays, n_users, n_items)
            ranker = ranker_of(found.about["facts"]["ranker"], found.arrays)
            generators = restore(system.generators(), found.arrays, n_items)
            system._funnel = Funnel(generators, ranker).describe_items(
                system.matrices(history), system.item_features(history)
            )
            system._know(history)
            system.about_ = about_of(found)
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(found, cls.name, error) from None
        return system

    # --- as it is served, see lookalike.rank.slate ------------------------------

    @property
    def askers(self) -> Array:
        """Names of those who are known."""
        return self.users_

    @property
    def feature_names(self) -> list[str]:
        """What the columns of the ranker's features are called."""
        return self._funnel.feature_names(self.item_columns, self.user_columns)

    def suggest(self, who: str, k: int = K) -> ExplainedSlate:
        """Return at most k suggestions for one user, with all that explains them."""
        return self._suggested(who, min(k, len(self.items_)), None)

    def suggest_among(self, who: str, ids: Sequence[str]) -> ExplainedSlate:
        """Put these items in order for one user, whether they have them or not."""
        self._check_fitted()
        among = np.unique(places_of(ids, self._item_place, "items"))
        return self._suggested(who, len(among), among)

    def _suggested(self, who: str, k: int, among: Ints | None) -> ExplainedSlate:
        row = self._place.get(str(who), -1)
        history = self._history.rows([row])
        (slate,) = self._slates(history, k, [row], among=among, features=True)
        return self._explained(slate)

    def _training_batches(
        self, data: Interactions, tell: Tell
    ) -> Iterator[TrainingBatch]:
        """Hide parts of what is known; by time there is but one way to."""
        rounds = ROUNDS if data.time is None else 1
        for n in range(rounds):
            tell("finding candidates to learn from", 0.05 + 0.5 * n / rounds)
            inner = hold_out_again(data, self.random_state + 1 + n)
            shown = History.known(inner)
            grades = self.training_grades(self.relevance(inner))
            yield TrainingBatch(self.matrices(shown), grades, self.item_features(shown))

    # --- inside -----------------------------------------------------------------------

    def _take(self, data: Interactions) -> None:
        self.users_, self.items_ = data.users, data.items
        self.titles_, self.genres_, self.years_ = data.titles, data.genres, data.years

    def _know(self, history: History) -> None:
        self._history = history
        self._place = {name: row for row, name in enumerate(self.users_.tolist())}
        self._item_place = {name: row for row, name in enumerate(self.items_.tolist())}
        self._content = self.content()
        popular = np.bincount(history.item, minlength=len(self.items_))
        self._rare = np.flatnonzero(popular <= 1)

    def _rules(self, k: int) -> list[Rule]:
        rules: list[Rule] = [Seen(), Blocked()]
        if self.diversity > 0:
            rules.append(Diverse(self._content, 1 - self.diversity))
        if self.exploration:
            slots = tuple(range(max(1, k - self.exploration), k))
            rules.append(Explore(self._rare, slots, self.random_state))
        return rules

    def _slates(
        self,
        history: History,
        k: int,
        numbers: Sequence[int],
        blocked: Sequence[Sequence[int]] | None = None,
        among: Ints | None = None,
        features: bool = False,
    ) -> list[Slate]:
        """Return the list of each history: ranked, re-ranked, filled up and cut.

        ``among`` ranks these items alone, and no rule is applied.
        """
        self._check_fitted()
        k = min(k, len(self.items_))
        rules = self._rules(k) if among is None else []
        slates = []
        ranked = self._funnel.rank(self.matrices(history), among, features)
        for user, slate in enumerate(ranked):
            had = history.items_of(user)
            no = np.array(blocked[user] if blocked else (), np.int64)
            context = UserContext(had, no, number=max(numbers[user], 0))
            slate = replace(slate, known=len(had) > 0)
            slate = self._filled(slate, k + len(no), among)
            slates.append(rerank(slate, rules, context, k))
        return slates

    def _filled(self, slate: Slate, k: int, among: Ints | None) -> Slate:
        """Add popular items after the candidates where these are too few."""
        if slate.known and (among is not None or len(slate) >= 2 * k):
            return slate
        others = self._funnel.popular()
        rest = others if among is None else others[np.isin(others, among)]
        rest = rest[~np.isin(rest, slate.items)]
        lowest = slate.scores.min() if len(slate) else 0.0
        slate = slate.append(rest, float(lowest) - 1.0 - np.arange(float(len(rest))))
        if slate.known:
            return slate
        # Nothing to rank by: the order is popularity itself.
        rank = np.empty(len(others), np.int64)
        rank[others] = np.arange(len(others))
        slate = slate.take(np.argsort(rank[slate.items]))
        return replace(slate, scores=-np.arange(len(slate), dtype=float))

    def _explained(self, slate: Slate) -> ExplainedSlate:
        """Return names, titles and reasons; features where the slate has them."""
        positions = slate.columns["positions"]
        reasons = [
            self._reason(item, row, slate.known)
            for item, row in zip(slate.items.tolist(), positions, strict=True)
        ]
        none = np.zeros((len(slate), 0), np.float32)
        return ExplainedSlate(
            ids=[str(name) for name in self.items_[slate.items]],
            scores=slate.scores,
            features=slate.columns.get("features", none),
            reasons=[reason for reason, _ in reasons],
            known=slate.known,
            rules=slate.notes,
            titles=[str(title) for title in self.titles_[slate.items]],
            reason_codes=[code for _, code in reasons],
        )

    def _reason(self, item: int, positions: Ints, known: bool) -> tuple[str, str]:
        """Why an item is in the list, and the code of that reason."""
        if not known:
            return f"popular: nothing is known of what you {self.verb}", NEW_USER
        generators = self._funnel.generators
        quotas = np.array([generator.quota for generator in generators])
        if self.exploration and item in self._rare:
            return "new here: hardly anybody has it", "exploration"
        if (positions >= quotas).all():
            return "popular", "filled_up"
        best = int(np.argmin(positions / quotas))
        reason = f"{generators[best].reason} (place {positions[best] + 1})"
        return reason, generators[best].name.replace(" ", "_")

    def _answers(self, name: str, slate: Slate) -> list[Answer]:
        shown = self._explained(slate)
        return [
            {
                "user": name,
                "rank": rank,
                "item": item,
                "title": title,
                "score": score,
                "reason": reason,
                "reason_code": code,
            }
            for rank, (item, title, score, reason, code) in enumerate(
                zip(
                    *(shown.ids, shown.titles, shown.scores.tolist()),
                    *(shown.reasons, shown.reason_codes),
                    strict=True,
                ),
                start=1,
            )
        ]

    def _closest(self, row: int, item: int) -> str:
        """Title of what the user has that speaks most for the item, by cosine."""
        had = self._history.rows([row]).items_of(0)
        if not len(had):
            return ""
        columns = self._by_item
        mine = columns[item]
        shared = np.asarray((columns[had] @ mine.reshape(1, -1).T).todense()).ravel()
        size = np.sqrt(np.maximum(np.diff(columns.indptr)[had], 1))
        best = int(np.argmax(shared / size))
        return str(self.titles_[had[best]]) if shared[best] > 0 else ""

    @property
    def _by_item(self) -> Any:
        return sp.csr_array(self._history.matrix().T)

    def _hits(self, slates: Sequence[Slate]) -> Hits:
        ids = [self.items_[slate.items].astype(str) for slate in slates]
        return Hits(ids, [slate.scores for slate in slates])

    def _item_places(self, items: Sequence[str]) -> list[int]:
        return [self._item_place[item] for item in items if item in self._item_place]

    def _check_k(self, k: int) -> None:
        self._check_fitted()
        check_whole("k", k)

    def _check_parameters(self) -> None:
        if self.ranker not in RANKERS:
            raise ValueError(
                f"ranker must be one of {', '.join(RANKERS)}, got {self.ranker!r}."
            )
        if not 0 <= self.diversity < 1:
            raise ValueError(f"diversity must be in [0, 1), got {self.diversity!r}.")
        n = self.exploration
        if not isinstance(n, Integral) or not 0 <= n < K:
            raise ValueError(f"exploration must be in [0, {K - 1}], got {n!r}.")

    def _check_same(self, data: Interactions) -> None:
        self._check_fitted()
        same = np.array_equal(data.users, self.users_)
        if not same or not np.array_equal(data.items, self.items_):
            raise ValueError(
                f"Expected the {len(self.users_):,} users and {len(self.items_):,} "
                "items that were learned from, got others."
            )

    def _check_fitted(self) -> None:
        if not hasattr(self, "_funnel"):
            raise NotFittedError(
                f"{type(self).__name__} must be fitted or loaded before it answers."
            )
