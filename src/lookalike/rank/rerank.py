"""Rules that re-rank: what may be shown at all, and what a list should look like.

A rule takes one user's list, best first, and returns another one with a note of what
it did. Rules are declared once and hold for everybody; what is particular to a user
stands in :class:`UserContext`.

References
----------
.. [1] Steck (2018). "Calibrated recommendations". RecSys. (``Calibrated``)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.rank.diversity import diversified

LONG = 5  # times k: how far down a list the slower rules look


@dataclass(frozen=True)
class UserContext:
    """Who asks.

    history : items they have
    blocked : items they do not want to see
    facts : what rules ask for, such as {"age": 15, "region": "no"}
    number : draws their chances; the same number draws the same
    """

    history: Ints
    blocked: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    facts: Mapping[str, Any] = field(default_factory=dict)
    number: int = 0


@dataclass(frozen=True)
class Slate:
    """One user's list, best first, and what the rules did to it."""

    items: Ints
    scores: Floats
    notes: tuple[str, ...] = ()

    def keep(self, kept: Array, note: str) -> "Slate":
        """Return the places that are kept, with a note unless all are."""
        if kept.dtype == bool and kept.all():
            return self
        return Slate(self.items[kept], self.scores[kept], (*self.notes, note))


class Rule(Protocol):
    """Anything that re-ranks."""

    def apply(self, line: Slate, user: UserContext, k: int) -> Slate:
        """Return the list as the rule wants it; k of it will be shown."""
        ...


def rerank(line: Slate, rules: Sequence[Rule], user: UserContext, k: int) -> Slate:
    """Apply the rules one after the other, and cut.

    Examples
    --------
    >>> line = Slate(np.array([3, 1, 2]), np.array([0.9, 0.5, 0.4]))
    >>> found = rerank(line, [Seen()], UserContext(np.array([3])), k=1)
    >>> found.items, found.notes
    (array([1]), ('already seen: 1 left out',))
    """
    for rule in rules:
        line = rule.apply(line, user, k)
    return replace(line, items=line.items[:k], scores=line.scores[:k])


@dataclass(frozen=True)
class Seen:
    """Leave out what the user has."""

    def apply(self, line: Slate, user: UserContext, k: int) -> Slate:
        """Return the list without it."""
        return _without(line, user.history, "already seen")


@dataclass(frozen=True)
class Blocked:
    """Leave out what the user has blocked."""

    def apply(self, line: Slate, user: UserContext, k: int) -> Slate:
        """Return the list without it."""
        return _without(line, user.blocked, "blocked")


@dataclass(frozen=True)
class MaxAttribute:
    """Leave out items that ask for more than the user has, such as an age.

    limit : (n_items,), what each item asks for
    fact : which fact of the user is compared; users without it see all
    """

    fact: str
    limit: Array

    def apply(self, line: Slate, user: UserContext, k: int) -> Slate:
        """Return the list without them."""
        if self.fact not in user.facts:
            return line
        kept = self.limit[line.items] <= user.facts[self.fact]
        return line.keep(kept, f"{self.fact}: {(~kept).sum()} left out")


@dataclass(frozen=True)
class Within:
    """Leave out items that belong elsewhere, such as to another region or language.

    label : (n_items,) of str; empty is everywhere
    fact : which fact of the user is compared; users without it see all
    """

    fact: str
    label: Array

    def apply(self, line: Slate, user: UserContext, k: int) -> Slate:
        """Return the list without them."""
        if self.fact not in user.facts:
            return line
        mine = self.label[line.items]
        kept = (mine == user.facts[self.fact]) | (mine == "")
        return line.keep(kept, f"{self.fact}: {(~kept).sum()} left out")


@dataclass(frozen=True)
class Fresh:
    """Lift what is new: ``weight * 2 ** (-age / half_life)`` is added to a score.

    age : (n_items,), of each item, in whatever unit half_life is in; nan is very old
    """

    age: Floats
    half_life: float
    weight: float

    def apply(self, line: Slate, user: UserContext, k: int) -> Slate:
        """Return the list in its new order."""
        bonus = self.weight * np.exp2(-self.age[line.items] / self.half_life)
        scores = line.scores + np.nan_to_num(bonus)
        order = np.argsort(-scores, kind="stable")
        if (np.diff(order) > 0).all():
            return replace(line, scores=scores)
        note = f"freshness: {_new(order, k)} of the first {k} came up"
        return Slate(line.items[order], scores[order], (*line.notes, note))


@dataclass(frozen=True)
class MaxPerGroup:
    """Show at most ``most`` items of one key, such as a series.

    key : (n_items,)
    """

    key: Array
    most: int = 1

    def apply(self, line: Slate, user: UserContext, k: int) -> Slate:
        """Return the list without the further ones."""
        keys = self.key[line.items]
        order = np.argsort(keys, kind="stable")
        first = np.searchsorted(keys[order], keys[order])
        nth = np.empty(len(keys), np.int64)
        nth[order] = np.arange(len(keys)) - first
        kept = nth < self.most
        return line.keep(kept, f"repeated: {(~kept).sum()} left out")


@dataclass(frozen=True)
class Diverse:
    """Take items one by one, each good and unlike those before (MMR).

    vectors : (n_items, n_features), rows of length 1; an array or a sparse matrix
    relevance : 1 leaves the order as it is, 0 looks at nothing but likeness
    """

    vectors: Any
    relevance: float

    def apply(self, line: Slate, user: UserContext, k: int) -> Slate:
        """Return the list with its first k places chosen anew."""
        n = min(len(line.items), LONG * k)
        if n < 2 or self.relevance >= 1:
            return line
        rows = self.vectors[line.items[:n]]
        rows = rows.toarray() if hasattr(rows, "toarray") else rows
        low, high = line.scores[n - 1], line.scores[0]
        scaled = (line.scores[:n] - low) / max(high - low, 1e-12)
        chosen = diversified(scaled, rows, min(k, n), self.relevance)
        return _moved(line, chosen, k, "diversity")


@dataclass(frozen=True)
class Calibrated:
    r"""Show kinds of items in the shares in which the user has them.

    .. math:: \max_L \; (1 - w) \sum_{i \in L} s_i - w \, KL(p \,\|\, q_L)

    p are the shares in the history, q those in the list; greedily, one item at a time.

    kinds : (n_items, n_kinds), rows that sum to 1, or to 0 where unknown
    weight : w, between 0 and 1
    """

    kinds: Floats
    weight: float

    def apply(self, line: Slate, user: UserContext, k: int) -> Slate:
        """Return the list with its first k places chosen anew."""
        n = min(len(line.items), LONG * k)
        wanted = self.kinds[user.history].sum(axis=0)
        if n < 2 or not wanted.any() or self.weight <= 0:
            return line
        wanted = wanted / wanted.sum()
        mine = self.kinds[line.items[:n]]
        low, high = line.scores[n - 1], line.scores[0]
        gain = (line.scores[:n] - low) / max(high - low, 1e-12)
        chosen: list[int] = []
        total = np.zeros(mine.shape[1])
        left = np.ones(n, bool)
        for place in range(min(k, n)):
            shares = (total + mine) / (place + 1)
            # A little of p in q keeps the logarithm finite, as in [1].
            smooth = 0.99 * shares + 0.01 * wanted
            ratio = np.where(wanted > 0, wanted / np.maximum(smooth, 1e-12), 1.0)
            apart = (wanted * np.log(ratio)).sum(axis=1)
            value = (1 - self.weight) * gain - self.weight * apart
            row = int(np.argmax(np.where(left, value, -np.inf)))
            chosen.append(row)
            left[row] = False
            total += mine[row]
        return _moved(line, np.array(chosen), k, "calibration")


@dataclass(frozen=True)
class Explore:
    """Give some places to items that are too new to have earned one.

    items : those to be tried, places in the catalogue
    slots : places of the list, from 0, that they get
    """

    items: Ints
    slots: tuple[int, ...]
    random_state: int = 0

    def apply(self, line: Slate, user: UserContext, k: int) -> Slate:
        """Return the list with new items in the slots."""
        known = np.concatenate([user.history, user.blocked, line.items[:k]])
        free = self.items[~np.isin(self.items, known)]
        slots = [slot for slot in self.slots if slot < min(k, len(line.items) + 1)]
        n = min(len(slots), len(free))
        if not n:
            return line
        rng = np.random.default_rng([self.random_state, user.number])
        drawn = rng.choice(free, n, replace=False)
        items, scores = line.items[~np.isin(line.items, drawn)], line.scores
        scores = scores[~np.isin(line.items, drawn)]
        for slot, item in zip(slots, drawn.tolist(), strict=False):
            near = scores[min(slot, len(scores) - 1)] if len(scores) else 0.0
            items, scores = np.insert(items, slot, item), np.insert(scores, slot, near)
        note = f"exploration: {n} new item{'s' * (n > 1)} tried"
        return Slate(items, scores, (*line.notes, note))


def _without(line: Slate, items: Ints, name: str) -> Slate:
    kept = ~np.isin(line.items, items)
    return line.keep(kept, f"{name}: {(~kept).sum()} left out")


def _moved(line: Slate, chosen: Ints, k: int, name: str) -> Slate:
    """Put the chosen places first, the others after them in their order.

    Scores stay those of the places: a list is best first by what the rules want.
    """
    rest = np.setdiff1d(np.arange(len(line.items)), chosen)
    order = np.concatenate([chosen, rest])
    if (np.diff(order) > 0).all():
        return line
    note = f"{name}: {_new(order, k)} of the first {k} came up"
    return Slate(line.items[order], line.scores, (*line.notes, note))


def _new(order: Ints, k: int) -> int:
    return int((order[:k] >= k).sum())
