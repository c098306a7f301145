"""One user's ranked list: inside the rules, and as it is shown with its explanation.

:class:`Slate` is what a ranker returns and rules change: rows of the catalogue with
their scores, and columns that are kept with each item, such as its positions in the
lists of the candidate generators. :class:`ExplainedSlate` is what a system answers:
ids, scores, reasons, features and propensities.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from lookalike._typing import Array, Floats, Ints


@dataclass(frozen=True)
class Slate:
    """One user's list, best first, with columns and notes of its items.

    items : (n,), rows of the catalogue
    scores : (n,), higher is better
    notes : what rules did to the list, in sentences
    columns : arrays of shape (n, ...) by name, kept with each item
    fills : value of a column, by its name, for items that are added; 0 by default
    item_notes : what rules did to single items, also to those that were left out
    known : whether the user has a history

    Examples
    --------
    >>> slate = Slate(np.array([3, 1]), np.array([0.9, 0.5]),
    ...               columns={"position": np.array([0, 1])}, fills={"position": 99})
    >>> longer = slate.append(np.array([7]), np.array([0.1])).take([2, 0])
    >>> longer.items, longer.scores, longer.columns["position"]
    (array([7, 3]), array([0.1, 0.9]), array([99,  0]))
    """

    items: Ints
    scores: Floats
    notes: tuple[str, ...] = ()
    columns: Mapping[str, Array] = field(default_factory=dict)
    fills: Mapping[str, Any] = field(default_factory=dict)
    item_notes: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    known: bool = True

    def __len__(self) -> int:
        return len(self.items)

    def take(self, rows: Sequence[int] | Array, note: str = "") -> "Slate":
        """Return these rows of the list, in this order, with a note if there is one.

        rows : positions in the list, or a mask of shape (n,)
        """
        # An empty list would become an array of floats, which selects no rows.
        chosen = np.asarray(rows) if len(rows) else np.empty(0, np.int64)
        return replace(
            self,
            items=self.items[chosen],
            scores=self.scores[chosen],
            notes=(*self.notes, note) if note else self.notes,
            columns={name: column[chosen] for name, column in self.columns.items()},
        )

    def append(self, items: Ints, scores: Floats) -> "Slate":
        """Return the list with items at its end that it does not hold yet."""
        columns = {}
        for name, column in self.columns.items():
            added = np.empty((len(items), *column.shape[1:]), column.dtype)
            added[:] = self.fills.get(name, 0)
            columns[name] = np.concatenate([column, added])
        return replace(
            self,
            items=np.concatenate([self.items, items]),
            scores=np.concatenate([self.scores, scores]),
            columns=columns,
        )

    def merge(self, other: "Slate") -> "Slate":
        """Return both lists as one, best first; ties by row of the catalogue.

        other : has the same columns, and none of the items
        """
        both = replace(
            self,
            items=np.concatenate([self.items, other.items]),
            scores=np.concatenate([self.scores, other.scores]),
            columns={
                name: np.concatenate([column, other.columns[name]])
                for name, column in self.columns.items()
            },
        )
        return both.take(np.lexsort((both.items, -both.scores)))

    def annotate(self, items: Iterable[int], notes: Iterable[str]) -> "Slate":
        """Return the list with one more note on each of these items."""
        found = dict(self.item_notes)
        for item, note in zip(items, notes, strict=True):
            found[int(item)] = (*found.get(int(item), ()), note)
        return replace(self, item_notes=found)


@dataclass(frozen=True)
class ExplainedSlate:
    """One user's list as it is shown, best first.

    ids : names of the items, k of them
    scores : (k,), higher is better
    features : float32 (k, n_features), input of the ranker; zeros for items that it did
        not score
    reasons : k sentences, why each item is in the list
    known : whether the user is known to the system
    propensities : (k,), probability with which each item was shown; None is 1
    rules : what rules did to the list, in sentences
    titles, reason_codes : of each item; empty where the system has none
    drawn : what the last position was drawn from; None where nothing was left to chance

    Examples
    --------
    >>> slate = ExplainedSlate(["7"], np.array([0.5]), np.zeros((1, 3)), ["popular"])
    >>> slate.records()
    [{'rank': 1, 'id': '7', 'score': 0.5, 'reason': 'popular'}]
    """

    ids: list[str]
    scores: Floats
    features: Array
    reasons: list[str]
    known: bool = True
    propensities: Floats | None = None
    rules: tuple[str, ...] = ()
    titles: list[str] = field(default_factory=list)
    reason_codes: list[str] = field(default_factory=list)
    drawn: "Drawn | None" = None

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: Sequence[int]) -> "ExplainedSlate":
        """Return these rows of the list, in this order."""

        def taken(values: list[str]) -> list[str]:
            return [values[row] for row in rows] if values else []

        chosen = np.array(rows, np.int64)
        return replace(
            self,
            ids=taken(self.ids),
            scores=self.scores[chosen],
            features=self.features[chosen],
            reasons=taken(self.reasons),
            propensities=self.chances[chosen],
            titles=taken(self.titles),
            reason_codes=taken(self.reason_codes),
        )

    def first(self, k: int) -> "ExplainedSlate":
        """Return the first k rows, all if there are fewer."""
        return self.take(range(min(k, len(self.ids))))

    def without(self, ids: Iterable[str]) -> "ExplainedSlate":
        """Return the list without these items.

        Examples
        --------
        >>> slate = ExplainedSlate(["7", "8"], np.ones(2), np.zeros((2, 3)), ["", ""])
        >>> slate.without(["7", "9"]).ids
        ['8']
        """
        gone = frozenset(ids)
        return self.take([row for row, id in enumerate(self.ids) if id not in gone])

    def records(self) -> list[dict[str, Any]]:
        """Return one mapping for each item, best first, ready for JSON.

        Keys: rank (from 1), id, title, score, reason, reason_code; title and
        reason_code only where the system has them.
        """
        columns = {
            "id": self.ids,
            "title": self.titles,
            "score": self.scores.tolist(),
            "reason": self.reasons,
            "reason_code": self.reason_codes,
        }
        given = {name: column for name, column in columns.items() if column}
        return [
            {"rank": rank, **dict(zip(given, row, strict=True))}
            for rank, row in enumerate(zip(*given.values(), strict=True), start=1)
        ]

    @property
    def chances(self) -> Floats:
        """The propensities; 1 where none are given."""
        given = self.propensities
        return np.ones(len(self.ids)) if given is None else given


@dataclass(frozen=True)
class Drawn:
    """What the last position of a list was drawn from: the log of a decision needs it.

    share : probability with which it explored
    items : those that could have stood there, best first; the ranker takes the first
    """

    share: float
    items: ExplainedSlate


def explore(
    found: ExplainedSlate, k: int, share: float, rng: np.random.Generator
) -> ExplainedSlate:
    r"""Cut a list to k; the last position explores with probability ``share``.

    When it explores, the last position gets any of the m items from position k on, with
    equal probability; otherwise it gets the item at position k. The propensities are

    .. math:: 1 - \epsilon + \epsilon / m \quad\text{and}\quad \epsilon / m

    for that item and for each other one, and 1 for the positions before. No propensity
    is 0, so that a policy can be evaluated on the log by inverse propensities [1]_. At
    most one of the best k items is missing.

    Parameters
    ----------
    found : ExplainedSlate
        Longer than k where there is something to explore.
    k : int
    share : float
        :math:`\epsilon`, in [0, 1].
    rng : Generator

    References
    ----------
    .. [1] Bottou et al. (2013). "Counterfactual reasoning and learning systems: the
       example of computational advertising". JMLR 14.

    Examples
    --------
    >>> names, scores = list("abcde"), -np.arange(5.0)
    >>> ranked = ExplainedSlate(names, scores, np.zeros((5, 1)), [""] * 5)
    >>> rng = np.random.default_rng(0)
    >>> lists = [explore(ranked, 3, 0.3, rng) for _ in range(1000)]
    >>> [sum(each.ids[-1] == name for each in lists) / 1000 for name in "cde"]
    [0.81, 0.09, 0.1]
    >>> explore(ranked, 3, 0.3, np.random.default_rng(1)).propensities
    array([1. , 1. , 0.8])
    >>> lists[0].drawn.items.ids
    ['c', 'd', 'e']
    """
    m = len(found) - k + 1
    if share <= 0 or m <= 1:
        return found.first(k)
    last = k - 1 + (int(rng.integers(m)) if rng.random() < share else 0)
    shown = found.take([*range(k - 1), last])
    chance = share / m + (1 - share if last == k - 1 else 0.0)
    rule = f"The last position is random {share:.0%} of the time."
    return replace(
        shown,
        propensities=shown.chances * ([1.0] * (k - 1) + [chance]),
        rules=(*shown.rules, rule),
        drawn=Drawn(share, found.take(range(k - 1, len(found)))),
    )
