"""The base of recommenders: candidates of several generators, a ranker, rules.

A system says where its candidates come from, how it sees a history and which held-out
items are relevant; the rest is here.
"""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from numbers import Integral
from types import MappingProxyType
from typing import Any, ClassVar, Self

import numpy as np
import scipy.sparse as sp

from lookalike._typing import Array, Ints
from lookalike.core.base import BaseSystem
from lookalike.core.contracts import Explanation, SearchAnswer
from lookalike.core.inputs import check_k
from lookalike.core.items import Allowed, Item
from lookalike.core.manifest import Manifest
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.core.recommendations import ExplainsListedItems
from lookalike.datasets.interactions import (
    AT_LEAST,
    Interactions,
    hold_out_again,
)
from lookalike.datasets.item_columns import ItemColumn, cell_of
from lookalike.datasets.tables import MOST
from lookalike.rank import Hits
from lookalike.rank.funnel import (
    CandidateGenerator,
    Funnel,
    InteractionMatrices,
    TrainingBatch,
)
from lookalike.rank.slate import ExplainedSlate, Slate
from lookalike.rank.widened import Widened, weights_of
from lookalike.systems._recommender.catalogue import Catalogue
from lookalike.systems._recommender.history import InteractionHistory
from lookalike.systems._recommender.lists import PROFILE, ListBuilder
from lookalike.systems._recommender.persistence import (
    generator_arrays,
    ranker_arrays,
    restored_generators,
    restored_ranker,
)
from lookalike.systems._recommender.rankers import RANKERS, new_ranker
from lookalike.systems._recommender.reasons import Reasons
from lookalike.systems._recommender.similar import SimilarItems

K = 10  # length of a list, where nothing else is asked for
ROUNDS = 5  # of holding out, to train on


class RecommenderSystem(ExplainsListedItems, BaseSystem):
    """Recommend items to users by what they have done.

    Parameters
    ----------
    ranker : {"blend", "lambda_mart", "boosted", "logistic"}, default="blend"
        "blend" is LambdaMART and boosted trees together.
    diversity : float in [0, 1), default=0.0
        How much a list avoids items of one kind (MMR).
    exploration : int, default=0
        Places of a list, its last ones, for items that hardly anybody has.
    random_state : int, default=0
    n_jobs : int or None, default=None

    Attributes
    ----------
    catalogue_ : Catalogue
        Users and items that were learned from.
    history_ : InteractionHistory
        What is known of the users.
    funnel_ : Funnel
        Candidate generators and ranker.
    """

    verb: ClassVar[str]
    """What users do with items, such as "play"."""
    users_noun: ClassVar[str]
    """What users are called, such as "players"."""
    most_value: ClassVar[float] = MOST
    """The largest value that an event may have."""
    item_columns: ClassVar[tuple[str, ...]]
    user_columns: ClassVar[tuple[str, ...]]
    """Names of the columns of ``item_features`` and of the matrix "about"."""

    catalogue_: Catalogue
    history_: InteractionHistory
    funnel_: Funnel

    _builder: ListBuilder
    _reasons: Reasons
    _similar: SimilarItems
    _learned: Self | None = None
    """The system as it was learned, of one with items that came or went."""
    _retired: Ints = np.empty(0, np.int64)
    """Rows of items that went."""
    _forgotten: frozenset[str] = frozenset()
    """Users who are answered as if they were not known."""
    _events: Mapping[str, Mapping[int, float]] = MappingProxyType({})
    """What users did since: values by row of the item, -1 for what is not wanted."""

    def __init__(
        self,
        ranker: str = "blend",
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

    # --- what each system says --------------------------------------------------------

    @abstractmethod
    def generators(self, catalogue: Catalogue) -> list[CandidateGenerator]:
        """Return where candidates come from, not fitted yet."""

    @abstractmethod
    def matrices(
        self, history: InteractionHistory, catalogue: Catalogue
    ) -> InteractionMatrices:
        """Return the histories as generators and ranker see them."""

    @abstractmethod
    def item_features(self, history: InteractionHistory, catalogue: Catalogue) -> Array:
        """Return features of the items beside popularity, (n_items, m)."""

    def n_known_features(self, catalogue: Catalogue) -> int:
        """Return how many of ``item_features``, the first, need no history."""
        return 0

    @abstractmethod
    def vectors(self, catalogue: Catalogue) -> Any:
        """Return descriptions of the items, csr (n_items, n_features), of length 1."""

    @abstractmethod
    def relevance(self, data: Interactions) -> Any:
        """Return the grades of held-out items, csr (n_users, n_items)."""

    def training_grades(self, relevance: Any) -> Any:
        """Return the grades that the ranker learns to order, whole numbers."""
        ones = np.ones(relevance.nnz)
        parts = ones, relevance.indices, relevance.indptr
        return sp.csr_array(parts, shape=relevance.shape)

    def check_data(self, data: Interactions) -> None:
        """Refuse a log that cannot be learned from.

        Raises
        ------
        ValueError
            The sentence says what the log must hold, and what it holds.
        """
        n_users, n_items = len(data.users), len(data.items)
        if n_users < 2 or n_items < 2:
            raise ValueError(
                f"The log must hold 2 {self.users_noun} and 2 {self.name} or more, got "
                f"{n_users} and {n_items}."
            )
        if not len(data.value):
            raise ValueError(
                f"The log must hold what {self.users_noun} did, got no rows."
            )
        for at, n in ((data.user, n_users), (data.item, n_items)):
            if len(at) != len(data.value) or at.min() < 0 or at.max() >= n:
                raise ValueError("The log is not one of its users and items.")
        if not ((data.value >= 0) & (data.value <= MOST)).all():
            raise ValueError(f"Values of the log must lie between 0 and {MOST:g}.")
        most = int(np.bincount(data.user[~data.held_out], minlength=1).max())
        if most < AT_LEAST:
            raise ValueError(
                f"The log is too small: one of its {self.users_noun} must have "
                f"{AT_LEAST} {self.name} or more, beside those held out for testing; "
                f"the most are {most}."
            )

    # --- learning ---------------------------------------------------------------------

    def fit(
        self, data: Interactions, on_progress: ProgressCallback = no_progress
    ) -> Self:
        """Learn from what is not held out.

        A fifth of that is held out in turn, several times where there are no times:
        the generators are fitted on the rest, and the ranker learns to find the
        held-out part among their candidates. Then the generators are fitted again, on
        everything known.

        Raises
        ------
        ValueError
            If an option is out of its range, or there is nothing to learn from.
        """
        self._check_options()
        self.check_data(data)
        catalogue, history = Catalogue.of(data), InteractionHistory.known(data)
        n_known = len(history.user)
        ranker = new_ranker(self.ranker, n_known, self.n_jobs)
        funnel = Funnel(self.generators(catalogue), ranker)
        funnel.fit(self._training_batches(data, catalogue, on_progress))
        on_progress("learning from everything known", 0.7)
        self._learn_from(history, catalogue, funnel)
        facts = {
            "n_users": len(data.users),
            "n_items": len(data.items),
            "n_known": n_known,
            "n_held_out": int(data.held_out.sum()),
            "n_training_rows": funnel.n_training_rows,
            "ranker": type(ranker).__name__,
            "generators": [generator.name for generator in funnel.generators],
            "quotas": [generator.quota for generator in funnel.generators],
        }
        self.manifest_: Manifest = self.new_manifest(data, facts)
        on_progress("ready", 1.0)
        return self

    def refit(
        self, data: Interactions, on_progress: ProgressCallback = no_progress
    ) -> Self:
        """Return the system that answers: it has the held-out interactions, too.

        Histories and generators are of everything; the ranker is the one measured.
        """
        self.check_fitted()
        on_progress("learning from what was held out, too", 0.1)
        return self._knowing(InteractionHistory.everything(data), refitted=True)

    def before_refit(self, data: Interactions) -> Self:
        """Return the system that was measured, of one that ``refit`` has returned."""
        if not self.is_refitted or not self.catalogue_.is_of(data):
            return self
        return self._knowing(InteractionHistory.known(data), refitted=False)

    def without_held_out(self, data: Interactions) -> Self:
        """Return the system as if it had not learned what is held out of these data.

        Its users, items and ranker stay. Pairs are compared by their names, so that
        the data may have others, too.
        """
        self.check_fitted()
        catalogue, history = self.catalogue_, self.history_
        out = data.held_out
        rows = catalogue.rows_of_users(data.users)
        user = np.array(rows, np.int64)[data.user[out]]
        items = [catalogue.item_rows.get(name, -1) for name in data.items.tolist()]
        item = np.array(items, np.int64)[data.item[out]]
        both, n_items = (user >= 0) & (item >= 0), history.n_items
        gone = user[both] * n_items + item[both]
        kept = ~np.isin(history.user * n_items + history.item, gone)
        return self._knowing(history.taking(kept), refitted=False)

    def _knowing(self, history: InteractionHistory, refitted: bool) -> Self:
        """Return a system with this ranker, and generators of these histories."""
        system = copy(self)
        funnel = Funnel(self.generators(self.catalogue_), self.funnel_.ranker)
        system._learn_from(history, self.catalogue_, funnel)
        system.mark_refitted(refitted)
        return system

    def _learn_from(
        self, history: InteractionHistory, catalogue: Catalogue, funnel: Funnel
    ) -> None:
        """Take up a funnel with its generators fitted on these histories."""
        funnel.refit_generators(
            self.matrices(history, catalogue), self.item_features(history, catalogue)
        )
        self._take_up(catalogue, history, funnel)

    def _training_batches(
        self, data: Interactions, catalogue: Catalogue, on_progress: ProgressCallback
    ) -> Iterator[TrainingBatch]:
        """Hold out parts of what is known; by time there is only one way to."""
        rounds = ROUNDS if data.time is None else 1
        for n in range(rounds):
            on_progress("finding candidates to learn from", 0.05 + 0.5 * n / rounds)
            inner = hold_out_again(data, self.random_state + 1 + n)
            rest = InteractionHistory.known(inner)
            yield TrainingBatch(
                self.matrices(rest, catalogue),
                self.training_grades(self.relevance(inner)),
                self.item_features(rest, catalogue),
            )

    # --- answers ----------------------------------------------------------------------

    def recommend(
        self,
        users: Sequence[str] | Array,
        k: int = K,
        blocked: Mapping[str, Sequence[str]] | None = None,
    ) -> Hits:
        """Find the items that each user may want next, best first.

        Parameters
        ----------
        users : sequence of str, n_queries of them
            An unknown user gets what is popular.
        k : int, default=10
            Fewer are returned to a user who has nearly everything.
        blocked : mapping of users to items, optional
            Items that a user does not want to see.

        Returns
        -------
        Hits
            Names of items and scores, one array a user.
        """
        self.check_fitted()
        refused = self._unwanted(users)
        if blocked is not None:
            names = [blocked.get(str(user), ()) for user in users]
            more = map(self.catalogue_.rows_of_known_items, names)
            refused = [*map(np.union1d, refused, more)]
        unwanted = self._unwanted(users)
        history = self._histories_of(users)
        return self._hits(self.lists(history, k, refused, disliked=unwanted))

    def recommend_each(
        self,
        users: Sequence[str],
        k: int = K,
        exclude: Sequence[str] = (),
        where: Mapping[str, Allowed] | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> list[ExplainedSlate]:
        """Return at most k items for each user, with reasons and the ranker's features.

        An unknown user gets what is popular. ``exclude`` names items that are in no
        list; ``where`` lets only some through, by their columns: values, or bounds of
        a number or a date ("gte", "gt", "lte", "lt"). ``context`` is what the users'
        columns say of whoever asks: values by name, which count as if they stood in the
        users' table, in the place of what stands there.

        Raises
        ------
        ValueError
            If ``where`` or ``context`` names no column, or a value is not of its kind.
        """
        self.check_fitted()
        told = self.catalogue_.checked_context(context)
        history = replace(self._histories_of(users), context=told)
        unwanted = self._unwanted(users)
        return self._explained(history, k, exclude, where, unwanted)

    def recommend_from(
        self,
        histories: Sequence[Mapping[str, float]],
        k: int = K,
        exclude: Sequence[str] = (),
        where: Mapping[str, Allowed] | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> list[ExplainedSlate]:
        """Recommend by given histories: items with hours, or ratings.

        For users who are not known, or who did something since: nothing is learned
        again, yet what they did counts, as if at the latest time that was learned from.
        Items are in the order of time, the latest last; unknown ones are passed over.
        ``where`` and ``context`` are those of :meth:`recommend_each`.

        Raises
        ------
        ValueError
            If a value is negative or not finite.
        """
        self.check_fitted()
        catalogue = self.catalogue_
        told = catalogue.checked_context(context)
        history = InteractionHistory.given(
            *(histories, catalogue.item_rows, len(catalogue.items)),
            time=self._latest,
        )
        return self._explained(replace(history, context=told), k, exclude, where)

    def similar_each(
        self,
        ids: Sequence[str],
        k: int = K,
        where: Mapping[str, Allowed] | None = None,
    ) -> list[SearchAnswer]:
        """Return at most k items like each item, labelled with titles and reasons.

        ``where`` is that of :meth:`recommend_each`.

        See :class:`lookalike.systems._recommender.similar.SimilarItems`.
        """
        self.check_fitted()
        k, catalogue = check_k(k), self.catalogue_
        answers, allowed = [], self._allowed(where)
        for id in ids:
            if not self.offers(id):
                raise LookupError(f"There is no item {id!r}.")
            rows, scores, n_shared = self._similar.nearest(
                catalogue.item_rows[id], k, allowed
            )
            answers.append(
                SearchAnswer(
                    catalogue.items[rows].tolist(),
                    scores.tolist(),
                    catalogue.titles[rows].tolist(),
                    {"reason": [self._reasons.shared(n) for n in n_shared.tolist()]},
                )
            )
        return answers

    def rank_items(self, user: str, ids: Sequence[str]) -> ExplainedSlate:
        """Return these items, each once, best first, also items that the user has.

        Order, scores and features are those of ``recommend_each`` before its rules of
        diversity and exploration. Items that no generator proposes stand below all that
        are proposed, by popularity; what the user has is scored by the ranker.

        Raises
        ------
        ValueError
            If an item is not known.
        """
        self.check_fitted()
        items = np.unique(self.catalogue_.rows_of_items(ids))
        gone = np.intersect1d(items, self._retired)
        if len(gone):
            raise ValueError(
                f"There is no item {str(self.catalogue_.items[gone[0]])!r}."
            )
        history = self._histories_of([user])
        matrices = self.matrices(history, self.catalogue_)
        disliked = self._unwanted([user])
        (slate,) = self._builder.orders(matrices, history, items, disliked)
        return self._reasons.explained(slate, self.catalogue_)

    def has_item(self, id: str) -> bool:
        """Whether an item has this id."""
        self.check_fitted()
        return id in self.catalogue_.item_rows

    @property
    def n_items(self) -> int:
        """Number of items that may be suggested."""
        return len(self.catalogue_.items) - len(self._retired)

    def offers(self, id: str) -> bool:
        """Whether an item has this id, and has not been retired."""
        row = self.catalogue_.item_rows.get(id, -1)
        return row >= 0 and row not in self._retired

    def with_items(self, items: Sequence[Item]) -> Self:
        """Return the system with items that came, changed or went; nothing is learned.

        A new item stands where those stand that are described alike, see
        ``rank.widened``. What went is in no list, and still counts in histories.

        items : all that changed since the system learned, in the order of the changes
        """
        self.check_fitted()
        learned = self._learned or self
        last = {each.id: each for each in items}.values()
        catalogue = learned.catalogue_.with_items([i for i in last if not i.deleted])
        history = replace(learned.history_, n_items=len(catalogue.items))
        system = copy(learned)
        system._forgotten, system._learned = self._forgotten, learned
        system._take_up(catalogue, history, learned._widened(catalogue, history))
        gone = [each.id for each in last if each.deleted]
        system._retired = catalogue.rows_of_known_items(gone)
        return system

    def check_item(self, item: Item) -> None:
        """Refuse an item that cannot be added.

        Raises
        ------
        ValueError
            If an attribute is none of the columns, or not of a column's kind.
        """
        for name, value in (item.attributes or {}).items():
            column = self.catalogue_.column(name)
            read = ItemColumn(column.kind, np.array([cell_of(value)]))
            if column.kind in ("number", "date") and np.isnan(read.numbers()).any():
                raise ValueError(f"{name} must be a {column.kind}, got {value!r}.")

    def item_values(
        self, ids: Sequence[str], columns: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Return what these columns say of each item, by name, ready for JSON.

        Raises
        ------
        ValueError
            If there is no such column; the sentence lists them.
        """
        rows = self.catalogue_.rows_of_items(ids)
        cells = {name: self.catalogue_.column(name) for name in columns}
        values = {
            name: ItemColumn(each.kind, each.cells[rows]).values()
            for name, each in cells.items()
        }
        return [{name: values[name][at] for name in values} for at in range(len(rows))]

    def _widened(self, catalogue: Catalogue, history: InteractionHistory) -> Funnel:
        """Return the funnel with the items of a longer catalogue."""
        n = len(self.catalogue_.items)
        vectors = sp.csr_array(self.vectors(catalogue))
        weights = weights_of(vectors[:n], vectors[n:])
        fresh = {each.name: each for each in self.generators(catalogue)}
        models = {
            id(each.model): Widened(each.model, weights, each.score_matrix != PROFILE)
            for each in self.funnel_.generators
        }
        generators = [
            fresh[each.name]
            if each.prefitted
            else replace(each, model=models[id(each.model)])
            for each in self.funnel_.generators
        ]
        funnel = Funnel(generators, self.funnel_.ranker)
        features = self.item_features(history, catalogue)
        funnel.describe_items(self.matrices(history, catalogue), features)
        known = 1 + np.arange(self.n_known_features(catalogue))
        own = funnel.item_table[n:, known]
        funnel.item_table[n:] = weights.T @ funnel.item_table[:n]
        funnel.item_table[n:, known] = own
        return funnel

    def _allowed(self, where: Mapping[str, Allowed] | None) -> Array | None:
        """Which items may be in a list, bool (n_items,); None is all."""
        if not where and not len(self._retired):
            return None
        allowed = np.ones(len(self.catalogue_.items), bool)
        allowed[self._retired] = False
        for name, values in (where or {}).items():
            allowed &= self.catalogue_.column(name).passing(values)
        return allowed

    def explain(self, query: str) -> Explanation:
        """Say where each suggestion for a user comes from, and what the rules did."""
        self.check_fitted()
        history = self._histories_of([query])
        unwanted = self._unwanted([query])
        (slate,) = self.lists(history, K, unwanted, features=True, disliked=unwanted)
        shown = self._reasons.explained(slate, self.catalogue_)
        had = history.items_of(0)
        reasons = []
        for item, record in zip(slate.items.tolist(), shown.records(), strict=True):
            close = self._similar.closest(had, item)
            because = f"{record['title']} ({record['score']:.2f}): {record['reason']}"
            if close is not None:
                because += f"; closest to {self.catalogue_.titles[close]}"
            reasons.append(because)
        reasons += [f"rule, {note}" for note in slate.notes]
        first = shown.records()[0] if len(shown) else {}
        return Explanation(first, tuple(reasons))

    @property
    def known_users(self) -> Array:
        """Names of the users that were learned from."""
        users = self.catalogue_.users
        if not self._forgotten:
            return users
        return users[[user not in self._forgotten for user in users.tolist()]]

    def without_users(self, users: Sequence[str]) -> Self:
        """Return a system that does not know these users.

        What they had still counts in what is popular and what goes together.
        """
        self.check_fitted()
        system = copy(self)
        system._forgotten = self._forgotten.union(map(str, users))
        return system

    def with_events(self, events: Mapping[str, Mapping[str, float]]) -> Self:
        """Return a system whose users did these things, too; nothing is learned.

        events : items with hours, or ratings, by user, the latest last; -1 for an item
            that is not wanted. Items that are not known are passed over.
        """
        self.check_fitted()
        row_of = self.catalogue_.item_rows
        system = copy(self)
        system._events = {
            user: {
                row_of[item]: min(value, self.most_value)
                for item, value in done.items()
                if item in row_of
            }
            for user, done in events.items()
        }
        return system

    @property
    def feature_names(self) -> list[str]:
        """Names of the ranker's features."""
        return self.funnel_.feature_names(self.item_columns, self.user_columns)

    def warm_up(self) -> None:
        """Make one list, which compiles the kernels of generators and ranker."""
        self.recommend_each(self.known_users[:1].tolist())

    # --- lists ------------------------------------------------------------------------

    def lists(
        self,
        history: InteractionHistory,
        k: int,
        blocked: Sequence[Ints] | None = None,
        features: bool = False,
        where: Mapping[str, Allowed] | None = None,
        disliked: Sequence[Ints] | None = None,
    ) -> list[Slate]:
        """Return at most k rows of the catalogue for each history.

        blocked : rows that each user does not want to see
        features : whether the lists carry the features that the ranker saw
        where : lets only some items through, see :meth:`recommend_each`
        disliked : rows of which each user said so, to which like ones sink
        """
        k = min(check_k(k), len(self.catalogue_.items))
        matrices = self.matrices(history, self.catalogue_)
        allowed = self._allowed(where)
        return self._builder.lists(
            matrices, history, k, blocked, features, allowed, disliked
        )

    def _explained(
        self,
        history: InteractionHistory,
        k: int,
        exclude: Sequence[str],
        where: Mapping[str, Allowed] | None = None,
        unwanted: Sequence[Ints] | None = None,
    ) -> list[ExplainedSlate]:
        blocked = [self.catalogue_.rows_of_known_items(exclude)] * history.n_users
        if unwanted is not None:
            blocked = [*map(np.union1d, blocked, unwanted)]
        slates = self.lists(history, k, blocked, True, where, unwanted)
        return [self._reasons.explained(slate, self.catalogue_) for slate in slates]

    def _histories_of(self, users: Sequence[str] | Array) -> InteractionHistory:
        rows = self.catalogue_.rows_of_users(users)
        if self._forgotten:
            pairs = zip(rows, users, strict=True)
            rows = [-1 if str(user) in self._forgotten else row for row, user in pairs]
        history = self.history_.rows(rows)
        events = [self._events.get(str(user), {}) for user in users]
        if not any(events):
            return history
        done = [{i: v for i, v in each.items() if v >= 0} for each in events]
        return history.followed_by(done, self._latest)

    def _unwanted(self, users: Sequence[str] | Array) -> list[Ints]:
        """Rows of the items that each user does not want."""
        events = [self._events.get(str(user), {}) for user in users]
        return [np.array([i for i, v in e.items() if v < 0], np.int64) for e in events]

    @property
    def _latest(self) -> float:
        """The latest time that was learned from: what came since is as if then."""
        return float(self.history_.time.max(initial=0.0))

    def _hits(self, slates: Sequence[Slate]) -> Hits:
        return Hits(
            ids=[self.catalogue_.items[slate.items] for slate in slates],
            scores=[slate.scores for slate in slates],
        )

    # --- saving -----------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return catalogue, histories, ranker and generators.

        Raises
        ------
        ValueError
            If items came or went: what was learned is saved without them.
        """
        if self._learned is not None:
            raise ValueError("A system with items that came since is not saved.")
        arrays = {
            **self.catalogue_.arrays(),
            **self.history_.arrays(),
            **ranker_arrays(self.funnel_.ranker),
            **generator_arrays(self.funnel_.generators),
        }
        return arrays, {"ranker": type(self.funnel_.ranker).__name__}

    def restore(self, arrays: Mapping[str, Array], document: Mapping[str, Any]) -> None:
        """Take up what ``state`` returned."""
        self._check_options()
        catalogue = Catalogue.from_arrays(arrays)
        n_users, n_items = len(catalogue.users), len(catalogue.items)
        history = InteractionHistory.from_arrays(arrays, n_users, n_items)
        funnel = Funnel(
            restored_generators(self.generators(catalogue), arrays, n_items),
            restored_ranker(document["ranker"], arrays),
        )
        funnel.describe_items(
            self.matrices(history, catalogue), self.item_features(history, catalogue)
        )
        self._take_up(catalogue, history, funnel)

    def _take_up(
        self, catalogue: Catalogue, history: InteractionHistory, funnel: Funnel
    ) -> None:
        self.catalogue_, self.history_, self.funnel_ = catalogue, history, funnel
        new_items = np.flatnonzero(history.counts() <= 1)
        vectors = self.vectors(catalogue)
        self._similar = SimilarItems.of(history, vectors)
        self._builder = ListBuilder(
            *(funnel, vectors, self._similar.likeness, new_items),
            *(self.diversity, self.exploration, self.random_state),
        )
        explored = new_items if self.exploration else new_items[:0]
        self._reasons = Reasons(funnel.generators, self.verb, self.users_noun, explored)

    def _check_options(self) -> None:
        if self.ranker not in RANKERS:
            raise ValueError(
                f"ranker must be one of {', '.join(RANKERS)}, got {self.ranker!r}."
            )
        if not 0 <= self.diversity < 1:
            raise ValueError(f"diversity must be in [0, 1), got {self.diversity!r}.")
        n = self.exploration
        if not isinstance(n, Integral) or not 0 <= n < K:
            raise ValueError(f"exploration must be in [0, {K - 1}], got {n!r}.")
