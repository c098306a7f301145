"""Metrics of ranked lists: precision@k, recall@k, MRR, MAP and nDCG.

Every function takes ``relevance`` of shape (n_queries, n_ranked). Row q holds the
relevance of the answers to query q, best answer first. Relevance is 0 for an irrelevant
answer, and 1 (or True) or any positive grade for a relevant one. Only nDCG uses the
grades. With labels of neighbours, relevance is a comparison::

    relevance = y_train[indices] == y_test[:, None]

Every function returns one value for each query, shape (n_queries,), between 0 and 1.
The mean, its interval (``bootstrap(np.mean, values)``) and a paired test of two systems
start from these values. The mean of ``reciprocal_rank`` is the mean reciprocal rank
(MRR), that of ``average_precision`` the mean average precision (MAP).

A query without relevant items scores 0 in every metric. Leave such queries out if they
must not count.

References
----------
.. [1] Manning, Raghavan and Schütze (2008). "Introduction to Information Retrieval",
   chapter 8. Cambridge University Press.
.. [2] Järvelin and Kekäläinen (2002). "Cumulated gain-based evaluation of IR
   techniques". ACM Transactions on Information Systems 20(4).
"""

from numbers import Integral
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Array, Floats
from lookalike.evaluate._shared import ratio


def precision_at_k(relevance: ArrayLike, k: int) -> Floats:
    r"""Return the share of the first k answers that are relevant.

    .. math:: P@k = \frac{1}{k} \sum_{i=1}^{k} [rel_i > 0]

    Parameters
    ----------
    relevance : array-like of shape (n_queries, n_ranked)
        Relevance of each answer, best answer first.
    k : int
        Number of answers that count, between 1 and ``n_ranked``.

    Examples
    --------
    >>> precision_at_k([[1, 0, 1, 0], [0, 0, 0, 1]], k=3)
    array([0.67, 0. ])
    """
    hits = _hits(relevance)
    return hits[:, : _cut(k, hits)].mean(axis=1)


def recall_at_k(relevance: ArrayLike, k: int, n_relevant: ArrayLike) -> Floats:
    r"""Return the share of the relevant items that are among the first k answers.

    .. math:: R@k = \frac{1}{n_{relevant}} \sum_{i=1}^{k} [rel_i > 0]

    Parameters
    ----------
    relevance : array-like of shape (n_queries, n_ranked)
        Relevance of each answer, best answer first.
    k : int
        Number of answers that count, between 1 and ``n_ranked``.
    n_relevant : int or array-like of shape (n_queries,)
        Number of items in the whole catalogue that are relevant to each query, at least
        as many as in the list.

    Examples
    --------
    >>> recall_at_k([[1, 0, 1, 0], [0, 0, 0, 1]], k=3, n_relevant=[2, 1])
    array([1., 0.])
    """
    hits = _hits(relevance)
    found = hits[:, : _cut(k, hits)].sum(axis=1)
    return ratio(found, _totals(n_relevant, hits))


def reciprocal_rank(relevance: ArrayLike, k: int | None = None) -> Floats:
    """Return 1 / rank of the first relevant answer, 0 if there is none.

    Parameters
    ----------
    relevance : array-like of shape (n_queries, n_ranked)
        Relevance of each answer, best answer first.
    k : int, optional
        Number of answers that count, between 1 and ``n_ranked``; by default all.

    Examples
    --------
    >>> reciprocal_rank([[1, 0, 1], [0, 0, 1], [0, 0, 0]])
    array([1. , 0.33, 0. ])
    """
    hits = _hits(relevance)
    hits = hits[:, : _cut(k, hits)]
    return np.where(hits.any(axis=1), 1 / (1 + hits.argmax(axis=1)), 0.0)


def average_precision(
    relevance: ArrayLike, n_relevant: ArrayLike | None = None
) -> Floats:
    r"""Return the mean of the precisions at the ranks of the relevant items.

    .. math:: AP = \frac{1}{n_{relevant}} \sum_i [rel_i > 0] \, P@i

    A relevant item that is not in the list adds 0.

    Parameters
    ----------
    relevance : array-like of shape (n_queries, n_ranked)
        Relevance of each answer, best answer first.
    n_relevant : int or array-like of shape (n_queries,), optional
        Number of items in the whole catalogue that are relevant to each query. By
        default those of the list, which overstates the metric unless the list is the
        whole catalogue.

    Examples
    --------
    >>> average_precision([[1, 0, 1, 0], [0, 0, 0, 1]])
    array([0.83, 0.25 ])
    >>> average_precision([[1, 0, 1, 0], [0, 0, 0, 1]], n_relevant=4)
    array([0.42, 0.06  ])
    """
    hits = _hits(relevance)
    total = hits.sum(axis=1) if n_relevant is None else _totals(n_relevant, hits)
    precision = hits.cumsum(axis=1) / np.arange(1, hits.shape[1] + 1)
    return ratio((precision * hits).sum(axis=1), total)


def ndcg_at_k(
    relevance: ArrayLike,
    k: int,
    *,
    judged: ArrayLike | None = None,
    gain: Literal["linear", "exponential"] = "linear",
) -> Floats:
    r"""Return the discounted gain of the first k answers over that of the ideal order.

    .. math:: DCG@k = \sum_{i=1}^{k} \frac{g(rel_i)}{\log_2(i + 1)}, \qquad
              nDCG@k = \frac{DCG@k}{DCG@k \text{ of the grades, highest first}}

    Parameters
    ----------
    relevance : array-like of shape (n_queries, n_ranked)
        Grade of each answer, best answer first. Equal grades are interchangeable.
    k : int
        Number of answers that count, between 1 and ``n_ranked``.
    judged : array-like of shape (n_queries, n_judged), optional
        Grades of all items that were judged for each query, in any order, padded with
        0. They make up the ideal order. By default those of the list, which overstates
        the metric unless the list is the whole catalogue.
    gain : {"linear", "exponential"}, default="linear"
        g(rel) = rel, as in [2]_ and scikit-learn, or 2**rel - 1, as in learning to
        rank. Both are equal for binary relevance.

    Examples
    --------
    >>> ndcg_at_k([[3, 2, 3, 0, 1, 2]], k=6)
    array([0.96])
    >>> ndcg_at_k([[0, 1]], k=2, judged=[[1, 1, 0]])
    array([0.39])
    """
    grades = _grades("relevance", relevance)
    pool = grades if judged is None else _grades("judged", judged)
    if len(pool) != len(grades):
        raise ValueError(
            f"judged must have {len(grades)} rows, one a query, got {len(pool)}."
        )
    k = _cut(k, grades)
    best = _discounted(_gains(-np.sort(-pool, axis=1), gain)[:, :k])
    ours = _discounted(_gains(grades, gain)[:, :k])
    if np.any(ours > best * (1 + 1e-9)):
        raise ValueError("judged must hold every grade that relevance shows.")
    return np.minimum(ratio(ours, best), 1.0)


def _gains(grades: Floats, gain: str) -> Floats:
    if gain == "linear":
        return grades
    if gain != "exponential":
        raise ValueError(f"gain must be 'linear' or 'exponential', got {gain!r}.")
    if grades.max() > 1000:
        raise ValueError(
            f"gain='exponential' takes grades up to 1000, got {grades.max():g}."
        )
    return np.exp2(grades) - 1


def _discounted(gains: Floats) -> Floats:
    return gains @ (1 / np.log2(np.arange(2, gains.shape[1] + 2)))


def _hits(relevance: ArrayLike) -> Array:
    return _grades("relevance", relevance) > 0


def _grades(name: str, grades: ArrayLike) -> Floats:
    given = np.asarray(grades)
    if given.ndim != 2 or given.size == 0:
        raise ValueError(
            f"{name} must be of shape (n_queries, n_ranked) and not empty, got shape "
            f"{given.shape}."
        )
    if given.dtype.kind not in "biuf" or not np.isfinite(given).all():
        raise ValueError(f"{name} must hold finite numbers, and only these.")
    if given.min() < 0:
        raise ValueError(f"{name} must be at least 0, got {given.min()}.")
    return given.astype(np.float64)


def _cut(k: int | None, ranked: Array) -> int:
    n_ranked = ranked.shape[1]
    if k is None:
        return n_ranked
    if not isinstance(k, Integral) or not 1 <= k <= n_ranked:
        raise ValueError(
            f"k must be an integer in [1, {n_ranked}], the length of the lists, got "
            f"{k!r}."
        )
    return int(k)


def _totals(n_relevant: ArrayLike, hits: Array) -> Array:
    given = np.asarray(n_relevant)
    if given.shape not in ((), (len(hits),)) or given.dtype.kind not in "iu":
        raise ValueError(
            f"n_relevant must be an integer or {len(hits)} integers, one a query, got "
            f"shape {given.shape} of {given.dtype}."
        )
    total = np.broadcast_to(given, len(hits))
    short = total < hits.sum(axis=1)
    if short.any():
        row = int(short.argmax())
        raise ValueError(
            f"n_relevant must be at least what the list shows, got {total[row]} for "
            f"query {row}, whose list shows {hits[row].sum()}."
        )
    return total
