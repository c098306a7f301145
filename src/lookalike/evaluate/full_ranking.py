"""Ranking metrics over a whole catalogue, from vectors.

Ranking 60,000 items for 10,000 queries is 600 million pairs. The metrics need only the
ranks of the relevant items, so each pair becomes one unsigned number of 64 bits:
similarity in the high half, then row, then relevance in the lowest bit. Sorting these
numbers is exact, orders ties by row, and is faster than sorting with an index.
"""

import numpy as np
from numpy.typing import ArrayLike

from lookalike._parallel import run_slices
from lookalike._typing import Array, Floats, Ints

BLOCK = 100  # queries whose similarities are held at once
RECALL_DEPTHS = (100, 1000)


def ranking_metrics(
    Q: ArrayLike,
    X: ArrayLike,
    query_labels: ArrayLike,
    labels: ArrayLike,
    n_jobs: int | None = None,
) -> dict[str, Floats]:
    """Metrics of each query over the ranking of all items by inner product.

    An item is relevant to a query that has the same label. The definitions are those
    of ``lookalike.evaluate.ranking``; a query without a relevant item scores 0.

    Parameters
    ----------
    Q : array-like of shape (n_queries, n_dimensions)
        Vectors of the queries, float32. With rows of length 1 here and in ``X`` the
        inner product is the cosine.
    X : array-like of shape (n_items, n_dimensions)
        Vectors of the items, float32, at least 10. Equal similarities are ordered by
        row.
    query_labels : array-like of shape (n_queries,)
    labels : array-like of shape (n_items,)
    n_jobs : int or None, default=None
        Threads, as in scikit-learn.

    Returns
    -------
    dict of float64 arrays of shape (n_queries,)
        ``precision_at_10``, ``ndcg_at_10``, ``reciprocal_rank``,
        ``average_precision``, ``recall_at_100`` and ``recall_at_1000``; the recalls
        are of as many items as there are, where there are fewer.

    Raises
    ------
    ValueError
        If the shapes do not fit together, a vector is not finite, or there are fewer
        than 10 items.

    Notes
    -----
    Time is O(n_queries * n_items * (n_dimensions + log n_items)); memory is
    O(100 * n_items) a thread.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.stack([np.cos(np.arange(12) / 10), np.sin(np.arange(12) / 10)], axis=1)
    >>> labels = np.array([1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    >>> found = ranking_metrics(X[:1], X, labels[:1], labels)
    >>> float(found["average_precision"][0])  # (1 / 1 + 2 / 3) / 2
    0.83
    """
    queries, relevant_to = _vectors_and_labels("Q", Q, "query_labels", query_labels)
    items, item_labels = _vectors_and_labels("X", X, "labels", labels)
    if queries.shape[1] != items.shape[1]:
        raise ValueError(
            f"Q and X must have as many dimensions, got {queries.shape[1]} and "
            f"{items.shape[1]}."
        )
    if len(items) < 10:
        raise ValueError(f"At least 10 items are needed, got {len(items)}.")
    names = ["precision_at_10", "reciprocal_rank", "average_precision", "ndcg_at_10"]
    names += [f"recall_at_{k}" for k in RECALL_DEPTHS]
    metrics = {name: np.empty(len(queries)) for name in names}
    low = np.arange(len(items), dtype=np.uint64) << np.uint64(1)
    discounts = 1 / np.log2(np.arange(2, 12))

    def work(start: int, stop: int) -> None:
        for first in range(start, stop, BLOCK):
            last = min(first + BLOCK, stop)
            keys = _descending(queries[first:last] @ items.T)
            for q, key in zip(range(first, last), keys, strict=True):
                relevant = item_labels == relevant_to[q]
                key = (key.astype(np.uint64) << np.uint64(32)) | low | relevant
                key.sort()
                positions = np.flatnonzero(key & np.uint64(1))
                _write_metrics(metrics, q, positions, discounts)

    run_slices(work, len(queries), n_jobs, 500)
    return metrics


def _write_metrics(
    metrics: dict[str, Floats], q: int, positions: Ints, discounts: Floats
) -> None:
    """Write the metrics of query q from the positions of its relevant items, from 0."""
    n = len(positions)
    if n == 0:
        for values in metrics.values():
            values[q] = 0.0
        return
    metrics["average_precision"][q] = (np.arange(1, n + 1) / (positions + 1)).mean()
    metrics["reciprocal_rank"][q] = 1 / (positions[0] + 1)
    top = positions[positions < 10]
    metrics["precision_at_10"][q] = len(top) / 10
    metrics["ndcg_at_10"][q] = discounts[top].sum() / discounts[:n].sum()
    for k in RECALL_DEPTHS:
        metrics[f"recall_at_{k}"][q] = np.searchsorted(positions, k) / n


def _descending(similarity: Array) -> Array:
    """Numbers of 32 bits that rise as similarities fall, and are equal as they are."""
    values = np.ascontiguousarray(similarity, np.float32) + np.float32(0)  # no -0
    bits = values.view(np.int32)
    rising = np.where(bits < 0, ~bits, bits ^ np.int32(-(2**31))).view(np.uint32)
    return ~rising


def _vectors_and_labels(
    name: str, vectors: ArrayLike, labels_name: str, labels: ArrayLike
) -> tuple[Array, Array]:
    rows, row_labels = np.asarray(vectors), np.asarray(labels)
    if rows.ndim != 2 or row_labels.shape != (len(rows),):
        raise ValueError(
            f"{name} must be vectors, one a row, and {labels_name} one label a row, "
            f"got shapes {rows.shape} and {row_labels.shape}."
        )
    if not np.isfinite(rows).all():
        raise ValueError(f"{name} must hold finite numbers, and only these.")
    return rows, row_labels
