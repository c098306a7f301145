"""Metrics of recommendation lists: relevance, coverage, novelty and diversity.

Lists are arrays of rows of the catalogue, best first, padded with -1. Held-out items
are a sparse matrix of grades, users by items. Every function returns one value for each
user, so that intervals and paired tests start from the same numbers; only coverage is
one value of all lists.

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


def relevance_of(ids: ArrayLike, held_out: Any) -> Floats:
    """Return the grade of each recommended item, 0 where it was not held out.

    Parameters
    ----------
    ids : array-like of shape (n_users, k)
        Columns of ``held_out``; -1 for none.
    held_out : csr matrix of shape (n_users, n_items)
        Grades above 0 of the items that are relevant to each user.

    Returns
    -------
    float64 ndarray of shape (n_users, k)

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> relevance_of([[2, 0], [1, -1]], csr_array([[0, 1, 5.0], [2, 0, 1]]))
    array([[5., 0.],
           [0., 0.]])
    """
    items = np.asarray(ids)
    if items.ndim != 2 or len(items) != held_out.shape[0]:
        raise ValueError(
            f"ids must have {held_out.shape[0]} rows, one a user, got shape "
            f"{items.shape}."
        )
    rows = np.repeat(np.arange(len(items)), items.shape[1])
    grades = np.asarray(held_out[rows, np.maximum(items, 0).ravel()], np.float64)
    relevance: Floats = grades.reshape(items.shape) * (items >= 0)
    return relevance


def padded(lists: Sequence[ArrayLike], length: int) -> Ints:
    """Return lists as one array (n_lists, length), cut or padded with -1.

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


def list_metrics(ids: ArrayLike, held_out: Any, k: int = 10) -> dict[str, Floats]:
    """Return nDCG, recall, precision, MRR and average precision of each list.

    ``ndcg`` weights by the grades, ``ndcg_any`` treats all held-out items alike. Recall
    and average precision are taken at twice ``k``.

    Parameters
    ----------
    ids : array-like of shape (n_users, n_ranked)
        Columns of ``held_out``, best first, at least ``2 * k``; -1 for none.
    held_out : csr matrix of shape (n_users, n_items)
        Grades above 0, at least one for each user.
    k : int, default=10

    Returns
    -------
    dict of str to ndarray of shape (n_users,)
        ``ndcg_at_{k}``, ``ndcg_any_at_{k}``, ``recall_at_{2k}``, ``precision_at_{k}``,
        ``reciprocal_rank_at_{k}`` and ``average_precision_at_{2k}``.

    Raises
    ------
    ValueError
        If a user has no held-out item, or the lists are shorter than ``2 * k``.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> found = list_metrics([[2, 0], [1, 0]], csr_array([[0, 1, 5.0], [2, 0, 1]]), k=1)
    >>> found["ndcg_at_1"], found["recall_at_2"]
    (array([1., 0.]), array([0.5, 0.5]))
    """
    n_held_out = np.diff(held_out.indptr)
    if not n_held_out.all():
        raise ValueError("Every user must have a held-out item: leave out the others.")
    grades = relevance_of(ids, held_out)
    first = np.repeat(held_out.indptr[:-1], n_held_out)
    column = np.arange(len(held_out.data)) - first
    judged = np.zeros((len(grades), max(int(n_held_out.max()), k)))
    judged[np.repeat(np.arange(len(grades)), n_held_out), column] = held_out.data
    hit = (grades > 0).astype(float)
    return {
        f"ndcg_at_{k}": ndcg_at_k(grades, k, judged=judged),
        f"ndcg_any_at_{k}": ndcg_at_k(hit, k, judged=(judged > 0).astype(float)),
        f"recall_at_{2 * k}": recall_at_k(hit, 2 * k, n_held_out),
        f"precision_at_{k}": precision_at_k(hit, k),
        f"reciprocal_rank_at_{k}": reciprocal_rank(hit, k),
        f"average_precision_at_{2 * k}": average_precision(hit[:, : 2 * k], n_held_out),
    }


def coverage(ids: ArrayLike, n_items: int) -> float:
    """Return the share of the catalogue that is in any of the lists.

    ids : array-like of shape (n_users, k), -1 for none

    Examples
    --------
    >>> coverage([[0, 1], [1, -1]], 4)
    0.5
    """
    items = np.asarray(ids)
    return len(np.unique(items[items >= 0])) / n_items


def novelty(ids: ArrayLike, counts: ArrayLike, n_users: int) -> Floats:
    r"""Return the mean self-information of each list, :math:`-\log_2 p(i)` [1]_.

    p(i) is the share of users who have the item; items without users count as half a
    user.

    Parameters
    ----------
    ids : array-like of shape (n_users, k)
        Rows of the catalogue; -1 for none.
    counts : array-like of shape (n_items,)
        Number of users of each item.
    n_users : int
        Number of users that were counted.

    Examples
    --------
    >>> novelty([[0, 1], [0, 0]], [8, 2], n_users=8)
    array([1., 0.])
    """
    share = np.maximum(np.asarray(counts, np.float64), 0.5) / n_users
    return _mean_of_lists(ids, -np.log2(share))


def popularity_bias(ids: ArrayLike, counts: ArrayLike) -> Floats:
    """Return the mean popularity percentile of the items of each list, in [0, 1].

    The percentile of an item is the share of the catalogue that is less popular; ties
    count half. A random list has 0.5, a list of best-sellers nearly 1. Parameters are
    those of :func:`novelty`.

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
    """Return 1 minus the mean cosine between two items of each list [1]_.

    Lists with fewer than two items have 1.

    Parameters
    ----------
    ids : array-like of shape (n_users, k)
        Rows of ``vectors``, k at least 2; -1 for none.
    vectors : array-like or sparse matrix of shape (n_items, n_features)
        Rows of length 1, or of zeros.

    Examples
    --------
    >>> diversity([[0, 1], [0, 2]], [[1, 0], [1, 0], [0, 1]])
    array([0., 1.])
    """
    lists = np.asarray(ids)
    rows: Any = vectors if hasattr(vectors, "tocsr") else np.asarray(vectors, float)
    if lists.shape[1] < 2:
        raise ValueError("Lists must hold two items or more to be diverse.")
    similarity = np.empty(len(lists))
    for number, items in enumerate(lists):
        mine = rows[items[items >= 0]]
        pairs = mine.shape[0] * (mine.shape[0] - 1)
        total, own = mine.sum(axis=0), (mine * mine).sum()
        similarity[number] = ((np.asarray(total) ** 2).sum() - own) / max(pairs, 1)
    result: Floats = 1.0 - similarity
    return result


@dataclass(frozen=True)
class Compared:
    """The mean of one recommender, and its difference to the baseline."""

    name: str
    mean: Estimate
    against: Comparison | None
    """Paired test against the baseline; None for the baseline itself."""


def compare(
    outcomes: Mapping[str, ArrayLike] | Sequence[ArrayLike], baseline: int = 0
) -> list[Compared]:
    """Return the mean of each recommender, and a paired test against the baseline.

    Parameters
    ----------
    outcomes : mapping of names to arrays, or sequence of arrays, each (n_users,)
        One metric of each recommender, users in the same order.
    baseline : int, default=0
        Position of the recommender that the others are compared with.

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
            None if position == baseline else paired_test(mine, base),
        )
        for position, (name, mine) in enumerate(values.items())
    ]


def by_slice(values: ArrayLike, labels: Sequence[str] | Array) -> dict[str, Estimate]:
    """Return the mean of the values in each slice, with its interval.

    Slices of a single value are left out.

    values : array-like of shape (n,)
    labels : (n,), slice of each value

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
    items = np.asarray(ids)
    held = items >= 0
    total = (of_item[np.maximum(items, 0)] * held).sum(axis=1)
    mean: Floats = total / np.maximum(held.sum(axis=1), 1)
    return mean
