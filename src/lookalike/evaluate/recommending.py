"""How good lists of recommendations are: found items, and what lists do to a catalogue.

Lists are rows of places in the catalogue, best first, -1 where a list has ended. What
was hidden is a sparse matrix of grades, users by items. Every function gives one value
a user, so that intervals and paired tests start from the same numbers; only coverage
belongs to all lists together.

References
----------
.. [1] Castells, Hurley and Vargas (2015). "Novelty and diversity in recommender
   systems". Recommender Systems Handbook, chapter 26.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Array, Floats, Ints
from lookalike.evaluate.interval import Comparison, Estimate, bootstrap, paired_test
from lookalike.evaluate.ranking import (
    average_precision,
    ndcg_at_k,
    precision_at_k,
    recall_at_k,
    reciprocal_rank,
)


def relevance_of(ids: ArrayLike, hidden: Any) -> Floats:
    """Grade of each recommended item, 0 where it was not hidden, (n_users, k).

    Parameters
    ----------
    ids : array-like of shape (n_users, k)
        Columns of ``hidden``; -1 for none.
    hidden : sparse matrix of shape (n_users, n_items)
        Grades above 0 of what each user is to be given.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> relevance_of([[2, 0], [1, -1]], csr_array([[0, 1, 5.0], [2, 0, 1]]))
    array([[5., 0.],
           [0., 0.]])
    """
    places = np.asarray(ids)
    if places.ndim != 2 or len(places) != hidden.shape[0]:
        raise ValueError(
            f"ids must have {hidden.shape[0]} rows, one a user, got shape "
            f"{places.shape}."
        )
    rows = np.repeat(np.arange(len(places)), places.shape[1])
    grades = np.asarray(hidden[rows, np.maximum(places, 0).ravel()], np.float64)
    there: Floats = grades.reshape(places.shape) * (places >= 0)
    return there


def padded(lists: Sequence[ArrayLike], length: int) -> Ints:
    """Return lists of rows as one table (n_lists, length), -1 where a list has ended.

    Examples
    --------
    >>> padded([[4, 2, 7], [3], []], 2)
    array([[ 4,  2],
           [ 3, -1],
           [-1, -1]])
    """
    table = np.full((len(lists), length), -1, np.int64)
    for row, each in enumerate(lists):
        ids = np.asarray(each, np.int64)[:length]
        table[row, : len(ids)] = ids
    return table


def list_metrics(ids: ArrayLike, hidden: Any, k: int = 10) -> dict[str, Floats]:
    """Precision, recall, nDCG, MRR and average precision of each user's list.

    nDCG weighs by the grades, ``ndcg_any`` counts every hidden item alike; recall is
    taken at twice ``k``. Users without anything hidden must be left out.

    Parameters
    ----------
    ids : array-like of shape (n_users, at least 2 * k)
    hidden : sparse matrix of shape (n_users, n_items)

    Returns
    -------
    dict of str to ndarray of shape (n_users,)

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> found = list_metrics([[2, 0], [1, 0]], csr_array([[0, 1, 5.0], [2, 0, 1]]), k=1)
    >>> found["ndcg_at_1"], found["recall_at_2"]
    (array([1., 0.]), array([0.5, 0.5]))
    """
    n_hidden = np.diff(hidden.indptr)
    if not n_hidden.all():
        raise ValueError("Every user must have something hidden: leave out the others.")
    grades = relevance_of(ids, hidden)
    width = max(int(n_hidden.max()), k)
    place = np.arange(len(hidden.data)) - np.repeat(hidden.indptr[:-1], n_hidden)
    judged = np.zeros((len(grades), width))
    judged[np.repeat(np.arange(len(grades)), n_hidden), place] = hidden.data
    hit = (grades > 0).astype(float)
    return {
        f"ndcg_at_{k}": ndcg_at_k(grades, k, judged=judged),
        f"ndcg_any_at_{k}": ndcg_at_k(hit, k, judged=(judged > 0).astype(float)),
        f"recall_at_{2 * k}": recall_at_k(hit, 2 * k, n_hidden),
        f"precision_at_{k}": precision_at_k(hit, k),
        f"reciprocal_rank_at_{k}": reciprocal_rank(hit, k),
        f"average_precision_at_{2 * k}": average_precision(hit[:, : 2 * k], n_hidden),
    }


def coverage(ids: ArrayLike, n_items: int) -> float:
    """Share of the catalogue that is in any of the lists.

    Examples
    --------
    >>> coverage([[0, 1], [1, -1]], 4)
    0.5
    """
    places = np.asarray(ids)
    return len(np.unique(places[places >= 0])) / n_items


def novelty(ids: ArrayLike, counts: ArrayLike, n_users: int) -> Floats:
    r"""How unknown the items of each list are: mean of :math:`-\log_2 p(i)`.

    p(i) is the share of users who have the item; one that nobody has counts as half a
    user's.

    Examples
    --------
    >>> novelty([[0, 1], [0, 0]], [8, 2], n_users=8)
    array([1., 0.])
    """
    share = np.maximum(np.asarray(counts, np.float64), 0.5) / n_users
    return _mean_of_lists(ids, -np.log2(share))


def popularity_bias(ids: ArrayLike, counts: ArrayLike) -> Floats:
    """Mean share of the catalogue that is less popular than the items of a list.

    0.5 is a list drawn at random, 1 one of best-sellers only; ties count half.

    Examples
    --------
    >>> popularity_bias([[3], [0]], [1, 2, 3, 4])
    array([0.88, 0.12])
    """
    popular = np.asarray(counts, np.float64)
    order = np.sort(popular)
    low, high = (np.searchsorted(order, popular, side) for side in ("left", "right"))
    return _mean_of_lists(ids, (low + high) / (2 * len(popular)))


def diversity(ids: ArrayLike, vectors: ArrayLike) -> Floats:
    """One less the mean cosine between two items of a list; 1 where it has not two.

    Parameters
    ----------
    ids : array-like of shape (n_users, k), k at least 2
    vectors : array-like or sparse matrix of shape (n_items, n_features)
        Rows of length 1, or 0.

    Examples
    --------
    >>> diversity([[0, 1], [0, 2]], [[1, 0], [1, 0], [0, 1]])
    array([0., 1.])
    """
    places = np.asarray(ids)
    lines: Any = vectors if hasattr(vectors, "tocsr") else np.asarray(vectors, float)
    if places.shape[1] < 2:
        raise ValueError("Lists must hold two items or more to be diverse.")
    alike = np.empty(len(places))
    for row, items in enumerate(places):
        mine = lines[items[items >= 0]]
        pairs = mine.shape[0] * (mine.shape[0] - 1)
        total, own = mine.sum(axis=0), (mine * mine).sum()
        alike[row] = ((np.asarray(total) ** 2).sum() - own) / max(pairs, 1)
    result: Floats = 1.0 - alike
    return result


@dataclass(frozen=True)
class Compared:
    """One recommender beside the baseline, on the same users."""

    name: str
    mean: Estimate
    against: Comparison | None
    """The difference to the baseline; None for the baseline itself."""


def compare(
    outcomes: Mapping[str, ArrayLike] | Sequence[ArrayLike], baseline: int = 0
) -> list[Compared]:
    """Each recommender's mean with its interval, and a paired test with the baseline.

    Parameters
    ----------
    outcomes : mapping of names to arrays, or sequence of arrays, each (n_users,)
        One metric of each recommender, users in the same order.
    baseline : int, default=0
        Which of them the others are compared with.

    Examples
    --------
    >>> rows = compare({"popular": [0.0] * 20, "ours": [0.5, 0.1] * 10})
    >>> print(rows[1].name, rows[1].mean, rows[1].against.p_value < 0.001)
    ours 0.3000 [0.2200, 0.3800] True
    """
    named = outcomes if isinstance(outcomes, Mapping) else dict(enumerate(outcomes))
    values = {str(name): np.asarray(each, float) for name, each in named.items()}
    if not 0 <= baseline < len(values):
        raise ValueError(
            f"baseline must be in [0, {len(values) - 1}], got {baseline!r}."
        )
    base = list(values.values())[baseline]
    return [
        Compared(
            name,
            bootstrap(np.mean, mine),
            None if place == baseline else paired_test(mine, base),
        )
        for place, (name, mine) in enumerate(values.items())
    ]


def by_slice(values: ArrayLike, labels: Sequence[str] | Array) -> dict[str, Estimate]:
    """Mean of the values in each slice, with intervals; slices of one are left out.

    Examples
    --------
    >>> found = by_slice([1.0, 0, 1, 1], ["new", "new", "old", "old"])
    >>> {name: each.value for name, each in found.items()}
    {'new': 0.5, 'old': 1.0}
    """
    given, names = np.asarray(values, np.float64), np.asarray(labels)
    slices = [(name, given[names == name]) for name in dict.fromkeys(names.tolist())]
    return {name: bootstrap(np.mean, v) for name, v in slices if len(v) > 1}


def _mean_of_lists(ids: ArrayLike, of_item: Floats) -> Floats:
    places = np.asarray(ids)
    there = places >= 0
    total = (of_item[np.maximum(places, 0)] * there).sum(axis=1)
    mean: Floats = total / np.maximum(there.sum(axis=1), 1)
    return mean
