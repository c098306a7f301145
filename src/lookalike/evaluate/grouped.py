"""Rows grouped by query, as learning to rank has them, and the measures of each group.

One row is one item that was shown for one query; a group is the rows of one query.
Groups differ in length, so scores and relevance are flat arrays with one value a row.

References
----------
.. [1] Liu (2009). "Learning to rank for information retrieval". Foundations and Trends
   in Information Retrieval 3(3).
"""

import numpy as np
from numpy.typing import ArrayLike

from lookalike._typing import Array, Floats, Ints
from lookalike.evaluate.ranking import ndcg_at_k, recall_at_k


class QueryGroups:
    """Relevance of rows that are grouped by query.

    Groups without a relevant row have no defined recall or nDCG. The measures leave
    them out.

    Parameters
    ----------
    query_ids : array-like of shape (n_rows,)
        The query of each row; rows of one query need not be adjacent.
    relevance : array-like of shape (n_rows,)
        Whether each row is relevant: True, False, 1 or 0.

    Attributes
    ----------
    group : int64 ndarray of shape (n_rows,)
        Group of each row, from 0, in the order of the sorted ids.
    relevance : bool ndarray of shape (n_rows,)
    has_relevant : bool ndarray of shape (n_groups,)
        Whether a group holds a relevant row.

    Raises
    ------
    ValueError
        If the two arrays are not one value a row.

    Examples
    --------
    >>> groups = QueryGroups([3, 3, 3, 5, 5, 9, 9], [0, 1, 0, 0, 0, 1, 1])
    >>> groups.has_relevant
    array([ True, False,  True])
    >>> scores = [3, 2, 1, 9, 8, 5, 5]
    >>> groups.ranked_relevance(scores)
    array([[0., 1., 0.],
           [1., 1., 0.]])
    >>> groups.ndcg(scores, k=2)
    array([0.63, 1.  ])
    """

    def __init__(self, query_ids: ArrayLike, relevance: ArrayLike) -> None:
        ids, relevant = np.asarray(query_ids), np.asarray(relevance)
        if ids.ndim != 1 or ids.shape != relevant.shape:
            raise ValueError(
                "query_ids and relevance must be one value a row, got shapes "
                f"{ids.shape} and {relevant.shape}."
            )
        self.group: Ints = np.unique(ids, return_inverse=True)[1].astype(np.int64)
        self.relevance: Array = relevant.astype(bool)
        self.has_relevant: Array = self.has_relevant_among(np.ones(len(ids), bool))

    @property
    def n_evaluated(self) -> int:
        """Number of groups that hold a relevant row."""
        return int(self.has_relevant.sum())

    def has_relevant_among(self, rows: Array) -> Array:
        """Return whether each group has a relevant row among some rows, (n_groups,).

        Parameters
        ----------
        rows : bool array of shape (n_rows,)
        """
        n = int(self.group.max(initial=-1)) + 1
        found = np.bincount(self.group[rows], self.relevance[rows], minlength=n)
        return np.asarray(found > 0)

    def in_groups_of(self, rows: Array, min_size: int) -> Array:
        """Return those of some rows whose group has ``min_size`` of them, (n_rows,).

        The nDCG of a short list is high by chance and must not be compared with that
        of longer ones.

        Parameters
        ----------
        rows : bool array of shape (n_rows,)
        min_size : int
        """
        sizes = np.bincount(self.group[rows], minlength=len(self.has_relevant))
        return np.asarray(rows & (sizes >= min_size)[self.group])

    def ranked_relevance(self, scores: ArrayLike, rows: Array | None = None) -> Floats:
        """Return the relevance of each group, best score first.

        Parameters
        ----------
        scores : array-like of shape (n_rows,)
            Higher is better; equal scores keep the order of the rows.
        rows : bool array of shape (n_rows,), optional
            The rows that are ranked, by default all.

        Returns
        -------
        ndarray of shape (n_evaluated, length of the longest group)
            1 where the row of that rank is relevant, else 0; 0 beyond the end of a
            group. Groups without a relevant row among ``rows`` are left out.
        """
        order, rank = self._ranked(scores, rows)
        table = np.zeros((len(self.has_relevant), int(rank.max(initial=0)) + 1))
        table[self.group[order], rank] = self.relevance[order]
        return table[table.any(axis=1)]

    def top_rows(self, scores: ArrayLike, k: int) -> Ints:
        """Return the rows of the k best scores of each group, group by group.

        Examples
        --------
        >>> QueryGroups(["a", "a", "a", "b"], [0, 1, 0, 1]).top_rows([2, 3, 3, 1], k=2)
        array([1, 2, 3])
        """
        order, rank = self._ranked(scores, None)
        return order[rank < k]

    def ndcg(self, scores: ArrayLike, k: int, rows: Array | None = None) -> Floats:
        """Return the nDCG at k of each group that holds a relevant row, (n_evaluated,).

        Parameters are those of :meth:`ranked_relevance`; the definition is that of
        :func:`~lookalike.evaluate.ndcg_at_k`.
        """
        ranked = self.ranked_relevance(scores, rows)
        return ndcg_at_k(ranked, min(k, ranked.shape[1]))

    def recall(self, scores: ArrayLike, k: int) -> Floats:
        """Return the share of each group's relevant rows among its first k.

        Shape (n_evaluated,); see :func:`~lookalike.evaluate.recall_at_k`.
        """
        ranked = self.ranked_relevance(scores)
        n_relevant = ranked.sum(axis=1).astype(np.int64)
        return recall_at_k(ranked, min(k, ranked.shape[1]), n_relevant)

    def _ranked(self, scores: ArrayLike, rows: Array | None) -> tuple[Ints, Ints]:
        """Return rows by group and falling score, and each one's rank from 0."""
        values = np.asarray(scores, np.float64)
        if values.shape != self.group.shape:
            raise ValueError(
                f"scores must be {len(self.group)} values, one a row, got shape "
                f"{values.shape}."
            )
        chosen = np.arange(len(values)) if rows is None else np.flatnonzero(rows)
        order = chosen[np.lexsort((chosen, -values[chosen], self.group[chosen]))]
        group = self.group[order]
        return order, np.arange(len(order)) - np.searchsorted(group, group)
