"""Lists of a recommender: ranked candidates, popular items after them, rules."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.rank.funnel import Funnel, InteractionMatrices
from lookalike.rank.rerank import (
    Blocked,
    Diverse,
    Explore,
    PushedAway,
    Rule,
    Seen,
    UserContext,
    rerank,
)
from lookalike.rank.slate import Slate
from lookalike.systems._recommender.history import InteractionHistory

_NOTHING: Ints = np.empty(0, np.int64)
PROFILE = "profile"
"""Name of the matrix of what is known of users beside their histories."""


@dataclass(frozen=True)
class ListBuilder:
    """Makes the list of each history. All scores come from here.

    funnel : generates and ranks candidates
    vectors : csr (n_items, n_features), rows of length 1: compared for diversity
    likeness : of items to others, see ``SimilarItems.likeness``
    new_items : items that exploration tries
    diversity, exploration, random_state : see RecommenderSystem
    """

    funnel: Funnel
    vectors: Any
    likeness: Callable[[Ints, Ints], Floats]
    new_items: Ints
    diversity: float
    exploration: int
    random_state: int

    def lists(
        self,
        matrices: InteractionMatrices,
        history: InteractionHistory,
        k: int,
        blocked: Sequence[Ints] | None = None,
        features: bool = False,
        allowed: Array | None = None,
        disliked: Sequence[Ints] | None = None,
    ) -> list[Slate]:
        """Return at most k items for each history.

        matrices : of these histories
        blocked : items that each user does not want to see
        features : whether the lists carry the features that the ranker saw
        allowed : bool (n_items,), the others are in no list
        disliked : items of each user to which like ones sink
        """
        tried = self.new_items
        if allowed is not None:
            tried = tried[allowed[tried]]
        rules, sink = self._rules(k, tried), PushedAway(self.likeness)
        slates = []
        found = self.funnel.rank(matrices, features=features, allowed=allowed)
        for user, slate in enumerate(found):
            context = UserContext(
                history.items_of(user),
                _NOTHING if blocked is None else blocked[user],
                disliked=_NOTHING if disliked is None else disliked[user],
                number=history.number_of(user),
            )
            slate = replace(slate, known=len(context.history) > 0)
            slate = sink.apply(slate, context, k) if slate.known else slate
            least = 2 * (k + len(context.blocked))
            if not slate.known or len(slate) < least:
                slate, popular = self._ordered(slate, user, matrices)
                if allowed is not None:
                    popular = popular[allowed[popular]]
                slate = self._filled(slate, popular)
            slate = slate if slate.known else sink.apply(slate, context, k)
            slates.append(rerank(slate, rules, context, k))
        return slates

    def orders(
        self,
        matrices: InteractionMatrices,
        history: InteractionHistory,
        items: Ints,
        disliked: Sequence[Ints] | None = None,
    ) -> list[Slate]:
        """Return these items as they stand in each whole list; no rule is applied.

        items : distinct rows of the catalogue, also of items that a user has
        disliked : as in ``lists``

        The scores are those of ``lists``, whatever else is asked for. Items that no
        generator proposes stand below all that are proposed, by popularity. What the
        user has is scored by the ranker. The lists carry the features that it saw.
        """
        slates, sink = [], PushedAway(self.likeness)
        for user, found in enumerate(
            self.funnel.rank(matrices, own=items, features=True)
        ):
            own = found.columns["own"]
            context = UserContext(
                history.items_of(user),
                disliked=_NOTHING if disliked is None else disliked[user],
            )
            slate = replace(found.take(~own), known=len(context.history) > 0)
            slate = sink.apply(slate, context, 1) if slate.known else slate
            slate = self._filled(*self._ordered(slate, user, matrices))
            slate = slate if slate.known else sink.apply(slate, context, 1)
            asked = np.isin(slate.items, np.setdiff1d(items, found.items[own]))
            slate = slate.take(asked)
            # Who has nothing has no own items, and columns that these lack.
            slates.append(slate.merge(found.take(own)) if own.any() else slate)
        return slates

    def _rules(self, k: int, tried: Ints) -> Sequence[Rule]:
        rules: list[Rule] = [Seen(), Blocked()]
        if self.diversity > 0:
            rules.append(Diverse(self.vectors, 1 - self.diversity))
        if self.exploration:
            slots = tuple(range(max(1, k - self.exploration), k))
            rules.append(Explore(tried, slots, self.random_state))
        return rules

    def _ordered(
        self, slate: Slate, user: int, matrices: InteractionMatrices
    ) -> tuple[Slate, Ints]:
        """The list, and all items in the order in which they fill it up.

        That is popularity; for a user of whom only a profile is known what users of
        such profiles take.
        """
        is_profiled = not slate.known and PROFILE in matrices
        profile = matrices[PROFILE][[user]] if is_profiled else None
        if profile is None or not profile.nnz:
            return slate, self.funnel.popular()
        [model] = [
            each.model
            for each in self.funnel.generators
            if each.score_matrix == PROFILE
        ]
        [scores] = model.score_items(profile)
        marked = {**slate.columns, PROFILE: np.ones(len(slate), bool)}
        slate = replace(slate, columns=marked, fills={**slate.fills, PROFILE: True})
        return slate, np.argsort(-scores, kind="stable")

    def _filled(self, slate: Slate, popular: Ints) -> Slate:
        """Add popular items below the candidates; order all by popularity if unknown.

        popular : all items, the most popular first, or in another order
        """
        rest = popular[~np.isin(popular, slate.items)]
        lowest = slate.scores.min() if len(slate) else 0.0
        slate = slate.append(rest, float(lowest) - 1.0 - np.arange(float(len(rest))))
        if slate.known:
            return slate
        # There is nothing to rank by: the order is that of what fills it up.
        by_item = np.argsort(slate.items)
        at = np.searchsorted(slate.items, popular, sorter=by_item)
        slate = slate.take(by_item[at])
        return replace(slate, scores=-np.arange(len(slate), dtype=float))
