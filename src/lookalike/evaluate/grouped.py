"""Lists of events that were shown, and how well they can be put in order."""

from collections.abc import Mapping

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.evaluate import ndcg_at_k, recall_at_k


class Lists:
    """Rows of shown events, by list.

    Parameters
    ----------
    lists : ndarray of shape (n_rows,)
        Numbers of lists; rows of one list stand together.
    joined : ndarray of shape (n_rows,), bool
    """

    def __init__(self, lists: Ints, joined: Array) -> None:
        self.place = np.unique(lists, return_inverse=True)[1].astype(np.int64)
        self.joined = np.asarray(joined, bool)
        self.asked = self.has_joined(np.ones(len(lists), bool))

    @property
    def n_asked(self) -> int:
        """Lists in which something was joined."""
        return int(self.asked.sum())

    def has_joined(self, kept: Array) -> Array:
        """Whether each list holds a joined event among the rows that are kept."""
        n = int(self.place.max(initial=-1)) + 1
        found = np.bincount(self.place[kept], self.joined[kept], minlength=n)
        return np.asarray(found > 0)

    def of_length(self, kept: Array, least: int) -> Array:
        """Rows that are kept, of lists that keep as many as ``least``.

        A short list is easily put in order: its nDCG is no measure beside others.
        """
        sizes = np.bincount(self.place[kept], minlength=len(self.asked))
        return np.asarray(kept & (sizes >= least)[self.place])

    def ordered(self, score: Floats, kept: Array | None = None) -> Floats:
        """Whether each list's events were joined, best score first, (n_lists, longest).

        Lists without a joined event are left out; short ones are padded with 0.
        """
        rows = np.flatnonzero(np.ones(len(score), bool) if kept is None else kept)
        order = rows[np.lexsort((rows, -score[rows], self.place[rows]))]
        place = self.place[order]
        within = np.arange(len(order)) - np.searchsorted(place, place)
        table = np.zeros((len(self.asked), int(within.max(initial=0)) + 1))
        table[place, within] = self.joined[order]
        return table[table.any(axis=1)]

    def ndcg(
        self, scores: Mapping[str, Floats], k: int, kept: Array | None = None
    ) -> dict[str, Floats]:
        """NDCG at k of each list, among the rows that are kept, by each score."""
        tables = {name: self.ordered(score, kept) for name, score in scores.items()}
        return {
            name: ndcg_at_k(table, min(k, table.shape[1]))
            for name, table in tables.items()
        }

    def recall(self, score: Floats, k: int) -> Floats:
        """Share of a list's joined events that are among its first k."""
        table = self.ordered(score)
        totals = table.sum(axis=1).astype(np.int64)
        return recall_at_k(table, min(k, table.shape[1]), totals)
