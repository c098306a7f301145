"""Rules that re-rank: which items may be shown, and what a list should look like.

A rule takes one user's :class:`~lookalike.rank.slate.Slate`, best first, and returns
another one with a note of its changes. Rules hold for all users; the data of a single
user are in :class:`UserContext`. Every rule keeps the columns of a slate with its
items.

References
----------
.. [1] Steck (2018). "Calibrated recommendations". RecSys. (``Calibrated``)
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.rank.diversity import diversified
from lookalike.rank.slate import Slate

LONG = 5  # times k: items that the slower rules consider


@dataclass(frozen=True)
class UserContext:
    """The user of a list.

    history : items that the user has
    blocked : items that the user does not want to see
    facts : values that rules compare, such as {"age": 15, "region": "no"}
    number : seed of the random draws for the user
    now : time of the request, in the unit of the items' times
    disliked : items that the user said not to like, so that like ones sink
    """

    history: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    blocked: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    facts: Mapping[str, Any] = field(default_factory=dict)
    number: int = 0
    now: float = 0
    disliked: Ints = field(default_factory=lambda: np.empty(0, np.int64))


class Rule(Protocol):
    """Anything that changes a list before it is shown."""

    def apply(self, slate: Slate, user: UserContext, k: int) -> Slate:
        """Return the changed list, of which the first k will be shown."""
        ...


def rerank(slate: Slate, rules: Sequence[Rule], user: UserContext, k: int) -> Slate:
    """Apply the rules one after the other, and cut to k.

    Examples
    --------
    >>> slate = Slate(np.array([3, 1, 2]), np.array([0.9, 0.5, 0.4]))
    >>> found = rerank(slate, [Seen()], UserContext(np.array([3])), k=1)
    >>> found.items, found.notes
    (array([1]), ('already seen: 1 left out',))
    """
    for rule in rules:
        slate = rule.apply(slate, user, k)
    return slate.take(np.arange(min(k, len(slate))))


@dataclass(frozen=True)
class Seen:
    """Leave out the items of the history."""

    def apply(self, slate: Slate, user: UserContext, k: int) -> Slate:
        """Return the list without them."""
        return _kept(slate, ~np.isin(slate.items, user.history), "already seen")


@dataclass(frozen=True)
class Blocked:
    """Leave out the items that the user has blocked."""

    def apply(self, slate: Slate, user: UserContext, k: int) -> Slate:
        """Return the list without them."""
        return _kept(slate, ~np.isin(slate.items, user.blocked), "blocked")


@dataclass(frozen=True)
class PushedAway:
    """Let items sink that are more like what the user dislikes than like their history.

    likeness : called with two arrays of items, (n,) and (m,); returns (n, m), 0 to 1
    strength : standard deviations of the list's scores by which an item sinks that is
        wholly like a disliked one and not at all like the history

    Lists of users who dislike nothing stay as they are.
    """

    likeness: Callable[[Ints, Ints], Floats]
    strength: float = 4.0

    def apply(self, slate: Slate, user: UserContext, k: int) -> Slate:
        """Return the list in its new order, with a note of how many sank."""
        if not len(user.disliked) or not len(slate):
            return slate
        bad = self.likeness(slate.items, user.disliked).max(axis=1)
        good = np.zeros(len(slate))
        if len(user.history):
            good = self.likeness(slate.items, user.history).max(axis=1)
        push = np.maximum(bad - good, 0.0)
        if not push.any():
            return slate
        scores = slate.scores - self.strength * slate.scores.std() * push
        order = np.lexsort((np.arange(len(slate)), -scores))
        note = f"like what is disliked: {(push > 0).sum()} moved down"
        return replace(slate.take(order, note), scores=scores[order])


@dataclass(frozen=True)
class Hidden:
    """Leave out items that are marked, for all users.

    marks : (n_items,) of str, why an item is left out; empty where it is not
    """

    marks: Array

    def apply(self, slate: Slate, user: UserContext, k: int) -> Slate:
        """Return the list without them, each with its mark as a note."""
        marks = self.marks[slate.items]
        gone = marks != ""
        slate = slate.annotate(
            slate.items[gone], (f"left out: {mark}" for mark in marks[gone])
        )
        return _kept(slate, ~gone, "hidden")


@dataclass(frozen=True)
class MaxAttribute:
    """Leave out items whose limit is above a fact of the user, such as the age.

    limit : (n_items,), least value of the fact that each item requires
    fact : name of the fact; users without it see all items
    """

    fact: str
    limit: Array

    def apply(self, slate: Slate, user: UserContext, k: int) -> Slate:
        """Return the list without them."""
        if self.fact not in user.facts:
            return slate
        kept = self.limit[slate.items] <= user.facts[self.fact]
        return _kept(slate, kept, self.fact)


@dataclass(frozen=True)
class Within:
    """Leave out items with another label than the user, such as region or language.

    label : (n_items,) of str; items with an empty label are shown to all users
    fact : name of the fact that is compared; users without it see all items
    """

    fact: str
    label: Array

    def apply(self, slate: Slate, user: UserContext, k: int) -> Slate:
        """Return the list without them."""
        if self.fact not in user.facts:
            return slate
        mine = self.label[slate.items]
        kept = (mine == user.facts[self.fact]) | (mine == "")
        return _kept(slate, kept, self.fact)


@dataclass(frozen=True)
class Fresh:
    """Lift new items: ``weight * 0.5 ** (age / half_life)`` is added to a score.

    added : (n_items,), time at which each item was added, in the unit of the user's
        ``now``; nan counts as very old, and a time in the future as now
    half_life : in the unit of the times
    weight : gain of an item that was added now, on the scale of the scores
    """

    added: Array
    half_life: float
    weight: float

    def apply(self, slate: Slate, user: UserContext, k: int) -> Slate:
        """Return the list in its new order, each item with its gain as a note."""
        age = np.maximum(user.now - self.added[slate.items], 0)
        gain = np.nan_to_num(self.weight * 0.5 ** (age / self.half_life))
        scores = slate.scores + gain
        slate = replace(slate, scores=scores).annotate(
            slate.items, (f"freshness: +{each:.3f}" for each in gain)
        )
        return _reordered(slate, np.argsort(-scores, kind="stable"), k, "freshness")


@dataclass(frozen=True)
class MaxPerGroup:
    """Show at most ``most`` items of each group, such as a series.

    group : (n_items,)
    reason : text of the notes on items that are left out, which continues with the name
        of the best item of their group
    name : returns the name of an item for those notes
    """

    group: Array
    most: int = 1
    reason: str = "of the same group as"
    name: Callable[[int], str] = str

    def apply(self, slate: Slate, user: UserContext, k: int) -> Slate:
        """Return the list without the further ones."""
        groups = self.group[slate.items]
        order = np.argsort(groups, kind="stable")
        first = np.searchsorted(groups[order], groups[order])
        best, nth = np.empty((2, len(groups)), np.int64)
        nth[order] = np.arange(len(groups)) - first
        best[order] = order[first]
        kept = nth < self.most
        stays = slate.items[best[~kept]].tolist()
        notes = (f"left out: {self.reason} {self.name(item)}" for item in stays)
        return _kept(slate.annotate(slate.items[~kept], notes), kept, "repeated")


@dataclass(frozen=True)
class Diverse:
    """Choose items one by one, each good and unlike those before (MMR).

    vectors : (n_items, n_features), rows of length 1; an array or a sparse matrix
    relevance : 1 keeps the order as it is, 0 uses nothing but similarity
    rescale : True scales the scores of the first 5 k items to the range 0 to 1 before
        they are weighed against cosines, and leaves the scores of the list in their
        positions. False uses the scores as they are, chooses from the whole list, and
        keeps the scores with their items.
    """

    vectors: Any
    relevance: float
    rescale: bool = True

    def apply(self, slate: Slate, user: UserContext, k: int) -> Slate:
        """Return the list with its first k positions chosen anew."""
        n = min(len(slate), LONG * k) if self.rescale else len(slate)
        if n < 2 or self.relevance >= 1:
            return slate
        rows = self.vectors[slate.items[:n]]
        rows = rows.toarray() if hasattr(rows, "toarray") else rows
        scores = _scaled(slate, n) if self.rescale else slate.scores
        chosen = diversified(scores, rows, min(k, n), self.relevance)
        return _first(slate, chosen, k, "diversity", travel=not self.rescale)


@dataclass(frozen=True)
class Calibrated:
    r"""Show kinds of items in the proportions of the history.

    .. math:: \max_L \; (1 - w) \sum_{i \in L} s_i - w \, KL(p \,\|\, q_L)

    p are the proportions in the history, q those in the list. Items are chosen
    greedily, one at a time.

    kinds : (n_items, n_kinds), rows that sum to 1, or to 0 where the kind is unknown
    weight : w, between 0 and 1
    """

    kinds: Floats
    weight: float

    def apply(self, slate: Slate, user: UserContext, k: int) -> Slate:
        """Return the list with its first k positions chosen anew."""
        n = min(len(slate), LONG * k)
        target = self.kinds[user.history].sum(axis=0)
        if n < 2 or not target.any() or self.weight <= 0:
            return slate
        target = target / target.sum()
        mine = self.kinds[slate.items[:n]]
        gain = _scaled(slate, n)
        chosen: list[int] = []
        total = np.zeros(mine.shape[1])
        left = np.ones(n, bool)
        for position in range(min(k, n)):
            shares = (total + mine) / (position + 1)
            # A share of p in q keeps the logarithm finite, as in [1].
            smooth = 0.99 * shares + 0.01 * target
            ratio = np.where(target > 0, target / np.maximum(smooth, 1e-12), 1.0)
            divergence = (target * np.log(ratio)).sum(axis=1)
            value = (1 - self.weight) * gain - self.weight * divergence
            row = int(np.argmax(np.where(left, value, -np.inf)))
            chosen.append(row)
            left[row] = False
            total += mine[row]
        return _first(slate, np.array(chosen), k, "calibration")


@dataclass(frozen=True)
class Explore:
    """Reserve some positions for items that are too new to be ranked well.

    items : the new items, rows of the catalogue
    slots : positions, from 0, that are reserved for them
    """

    items: Ints
    slots: tuple[int, ...]
    random_state: int = 0

    def apply(self, slate: Slate, user: UserContext, k: int) -> Slate:
        """Return the list with new items in the slots."""
        known = np.concatenate([user.history, user.blocked, slate.items[:k]])
        free = self.items[~np.isin(self.items, known)]
        slots = [slot for slot in self.slots if slot < min(k, len(slate) + 1)]
        n = min(len(slots), len(free))
        if not n:
            return slate
        rng = np.random.default_rng([self.random_state, user.number])
        drawn = rng.choice(free, n, replace=False)
        added = drawn[~np.isin(drawn, slate.items)]
        order = np.flatnonzero(~np.isin(slate.items, drawn))
        scores = slate.scores[order]
        whole = slate.append(added, np.zeros(len(added)))
        for slot, item in zip(slots, drawn.tolist(), strict=False):
            near = scores[min(slot, len(scores) - 1)] if len(scores) else 0.0
            row = int(np.flatnonzero(whole.items == item)[0])
            order, scores = np.insert(order, slot, row), np.insert(scores, slot, near)
        note = f"exploration: {n} new item{'s' * (n > 1)} tried"
        return replace(whole.take(order, note), scores=scores)


def _kept(slate: Slate, kept: Array, name: str) -> Slate:
    """Return the items of a mask, with a note unless all are kept."""
    if kept.all():
        return slate
    return slate.take(kept, f"{name}: {(~kept).sum()} left out")


def _scaled(slate: Slate, n: int) -> Floats:
    """Scores of the first n, from 1 down to 0."""
    low, high = slate.scores[n - 1], slate.scores[0]
    scaled: Floats = (slate.scores[:n] - low) / max(high - low, 1e-12)
    return scaled


def _first(
    slate: Slate, chosen: Ints, k: int, name: str, travel: bool = False
) -> Slate:
    """Put the chosen rows first, the others after them in their order.

    With ``travel`` scores stay with their items; otherwise they stay in their
    positions, so that they still fall from the first to the last.
    """
    new = np.flatnonzero(chosen != np.arange(len(chosen)))
    moves = (
        f"{name}: from position {was + 1} to {position + 1}"
        for position, was in zip(new.tolist(), chosen[new].tolist(), strict=True)
    )
    slate = slate.annotate(slate.items[chosen[new]], moves)
    rest = np.setdiff1d(np.arange(len(slate)), chosen)
    found = _reordered(slate, np.concatenate([chosen, rest]), k, name)
    return found if travel else replace(found, scores=slate.scores)


def _reordered(slate: Slate, order: Ints, k: int, name: str) -> Slate:
    """Return the list in this order, with a note unless it was so before."""
    if (np.diff(order) > 0).all():
        return slate
    new = int((order[:k] >= k).sum())
    return slate.take(order, f"{name}: {new} of the first {k} came up")
