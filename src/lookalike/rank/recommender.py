"""What the recommenders share: checks of input, and selection of the best items."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils.validation import check_is_fitted, validate_data

from lookalike._checks import check_whole
from lookalike._parallel import run_slices
from lookalike._typing import Float32s, Ints
from lookalike.kernels.top_items import best_items, products
from lookalike.search.hits import Hits

BLOCK = 256  # users that are scored at once, which bounds the memory
GRAIN = 32  # users a slice of work


def check_user_items(estimator: Any, user_items: Any, reset: bool = False) -> Any:
    """Return the matrix as csr of float32 with sorted columns, each pair once.

    Values must be finite and not negative; an explicit 0 is dropped.
    """
    given = validate_data(
        estimator,
        user_items,
        accept_sparse="csr",
        dtype=np.float32,
        reset=reset,
        ensure_non_negative=True,
        ensure_min_samples=2 if reset else 1,
    )
    return tidy(sp.csr_array(given))


def tidy(matrix: Any) -> Any:
    """Return the csr matrix with each pair once, sorted, and no explicit zeros."""
    if matrix.has_canonical_format and matrix.data.all():
        return matrix
    matrix = matrix.copy()
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return matrix


def pick(
    scores: Float32s, seen: Any | None, k: int, n_jobs: int | None = None
) -> tuple[Ints, Float32s]:
    """Return the k best columns of each row, and their scores, both (n, k).

    Ties go to the earlier column; -1 and -inf stand where no column is left.

    scores : (n, n_columns), overwritten
    seen : csr of the same shape or None, entries that are left out
    """
    n, most = len(scores), min(k, scores.shape[1])
    ids, best = np.empty((n, most), np.int64), np.empty((n, most), np.float32)
    nothing = np.zeros(n + 1, np.int32), np.empty(0, np.int32)
    indptr, indices = nothing if seen is None else (seen.indptr, seen.indices)
    run_slices(
        lambda a, b: best_items(scores, indptr, indices, a, b, ids, best),
        n,
        n_jobs,
        GRAIN,
    )
    if most < k:
        wider = ((0, 0), (0, k - most))
        ids = np.pad(ids, wider, constant_values=-1)
        best = np.pad(best, wider, constant_values=-np.inf)
    return ids, best


def picked(ids: Ints, scores: Float32s, n_columns: int) -> Any:
    """Return picked scores above 0 as csr (n_rows, n_columns)."""
    kept = scores > 0
    indptr = np.concatenate([[0], kept.sum(axis=1).cumsum()])
    shape = (len(ids), n_columns)
    matrix = sp.csr_array((scores[kept], ids[kept], indptr), shape=shape)
    matrix.sort_indices()
    return matrix


def dense_products(rows: Float32s, columns: Float32s, n_jobs: int | None) -> Float32s:
    """Return ``rows @ columns``, each row rounded independently of the others."""
    scores = np.empty((len(rows), columns.shape[1]), np.float32)
    run_slices(
        lambda a, b: products(rows, columns, a, b, scores), len(rows), n_jobs, GRAIN
    )
    return scores


class Recommends(ABC):
    """Base of the recommenders: the best items of each user by their scores.

    Users are given by their histories, so that new users need no ``fit``.
    """

    n_features_in_: int

    @abstractmethod
    def score_items(self, user_items: Any) -> Float32s:
        """Return a score of every item for each user, (n_users, n_items)."""

    def recommend(self, user_items: Any, k: int = 10, filter_seen: bool = True) -> Hits:
        """Return the k best items of each user.

        Parameters
        ----------
        user_items : sparse matrix of shape (n_users, n_items)
            The history of each user.
        k : int, default=10
            At least 1.
        filter_seen : bool, default=True
            Leave out the items of the history.

        Returns
        -------
        Hits
            Columns of ``user_items`` and their scores; fewer than k where fewer items
            are left. Ties go to the earlier item.
        """
        check_is_fitted(self)
        matrix = check_user_items(self, user_items)
        check_whole("k", k)
        k, n_jobs = min(k, matrix.shape[1]), getattr(self, "n_jobs", None)
        hits = Hits([], [])
        for start in range(0, matrix.shape[0], BLOCK):
            block = matrix[start : start + BLOCK]
            seen = block if filter_seen else None
            found = pick(self.score_items(block), seen, k, n_jobs)
            for ids, scores in zip(*found, strict=True):
                hits.ids.append(ids[ids >= 0])
                hits.scores.append(scores[ids >= 0].astype(np.float64))
        return hits

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that the input may be sparse and must not be negative."""
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        return tags
