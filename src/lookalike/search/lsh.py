r"""Locality-sensitive hashing: rows that are near fall into the same bucket.

Each of several tables hashes a row by several random directions r:

- cosine: the signs of :math:`r \cdot x`; two rows at angle t agree on one with
  probability :math:`1 - t / \pi`;
- Euclidean: the integers :math:`\lfloor (r \cdot x + b) / w \rfloor`; rows agree the
  more often the nearer they are (r is drawn from a normal distribution, which is
  2-stable: :math:`r \cdot (x - y)` spreads like :math:`|x - y|`).

A query is compared with the rows that share its bucket in any table. More hashes make
buckets smaller, more tables give more candidates. ``ApproximateNeighbors`` is the
search to use; this is the classic to compare with.
"""

from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from lookalike._checks import check_whole
from lookalike._typing import Array, Floats, Ints
from lookalike.search.geometry import inverse_norms
from lookalike.search.rows import check_rows


class LSH(BaseEstimator):
    """Approximate neighbours from hash tables.

    Parameters
    ----------
    n_neighbors : int, default=5
        Rows returned per query unless the call says otherwise.
    metric : {"cosine", "euclidean"}, default="cosine"
        Random hyperplanes, or p-stable hashes with p = 2.
    n_tables : int, default=10
    n_hashes : int, default=12
        Directions of a table.
    width : float or None, default=None
        Width w of the Euclidean buckets; None takes the median distance between rows
        of a sample.
    random_state : int, RandomState instance or None, default=None

    Attributes
    ----------
    width_ : float or None
        Width used; None for cosine.
    directions_ : ndarray of shape (n_tables, n_features, n_hashes)
    n_features_in_ : int

    Notes
    -----
    A query whose buckets hold fewer than ``n_neighbors`` rows is compared with all.

    References
    ----------
    .. [1] Charikar (2002). "Similarity estimation techniques from rounding
       algorithms". STOC. (hyperplanes)
    .. [2] Datar, Immorlica, Indyk and Mirrokni (2004). "Locality-sensitive hashing
       scheme based on p-stable distributions". SCG, section 3.

    Examples
    --------
    >>> X = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.1]]
    >>> index = LSH(n_neighbors=1, random_state=0).fit(X)
    >>> index.kneighbors([[0.1, 3.0]], return_distance=False)
    array([[1]])
    """

    def __init__(
        self,
        n_neighbors: int = 5,
        metric: str = "cosine",
        n_tables: int = 10,
        n_hashes: int = 12,
        width: float | None = None,
        random_state: Any = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.metric = metric
        self.n_tables = n_tables
        self.n_hashes = n_hashes
        self.width = width
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Hash the rows of X, shape (n_samples, n_features), into every table."""
        rows: Array = validate_data(self, X, dtype=np.float64, copy=True)
        self._check_parameters()
        check_rows(rows, X, self.metric)
        random = check_random_state(self.random_state)
        shape = (self.n_tables, rows.shape[1], self.n_hashes)
        self._rows = rows
        self._inverse = inverse_norms(rows)
        self.directions_ = random.normal(size=shape)
        self.width_: float | None = None
        if self.metric == "euclidean":
            self.width_ = float(self.width or _usual_distance(rows, random))
            self._shifts = random.uniform(0, self.width_, (self.n_tables, 1, shape[2]))
        self._tables = [_buckets(keys) for keys in self._hash(rows)]
        return self

    def _check_parameters(self) -> None:
        for name in ("n_neighbors", "n_tables", "n_hashes"):
            check_whole(name, getattr(self, name))
        if self.metric not in ("cosine", "euclidean"):
            raise ValueError(
                f"metric must be 'cosine' or 'euclidean', got {self.metric!r}."
            )
        width = self.width
        if width is not None and not (isinstance(width, Real) and 0 < width < np.inf):
            raise ValueError(f"width must be None or above 0, got {width!r}.")

    def _hash(self, X: Floats) -> list[list[bytes]]:
        """The key of every row in every table."""
        projected = X @ self.directions_
        if self.width_ is None:
            codes = projected > 0
        else:
            codes = np.floor((projected + self._shifts) / self.width_)
        return [[row.tobytes() for row in table] for table in codes]

    def kneighbors(
        self,
        X: ArrayLike,
        n_neighbors: int | None = None,
        return_distance: bool = True,
    ) -> tuple[Floats, Ints] | Ints:
        """The nearest rows among those that share a bucket, nearest first, ties by row.

        Returns ``distances``, float64 (n_queries, n_neighbors), left out unless
        ``return_distance``, and ``indices``, int64 (n_queries, n_neighbors).
        """
        check_is_fitted(self)
        Q: Array = validate_data(self, X, dtype=np.float64, reset=False)
        check_rows(Q, X, self.metric)
        k = self.n_neighbors if n_neighbors is None else n_neighbors
        if not isinstance(k, Integral) or not 1 <= k <= len(self._rows):
            raise ValueError(
                f"n_neighbors must be in [1, {len(self._rows)}], got {k!r}."
            )
        distances = np.empty((len(Q), k))
        indices = np.empty((len(Q), k), np.int64)
        keys = self._hash(Q)
        for q, query in enumerate(Q):
            near = self._candidates([table[q] for table in keys], k)
            every = self._distances(query, near)
            order = np.argsort(every, kind="stable")[:k]
            distances[q], indices[q] = every[order], near[order]
        return (distances, indices) if return_distance else indices

    def _candidates(self, keys: list[bytes], k: int) -> Ints:
        """Rows in any of these buckets, in the order of the catalogue."""
        none = np.empty(0, np.int64)
        found = [t.get(key, none) for t, key in zip(self._tables, keys, strict=True)]
        near: Ints = np.unique(np.concatenate(found))
        return near if len(near) >= k else np.arange(len(self._rows))

    def _distances(self, query: Floats, near: Ints) -> Floats:
        if self.metric == "euclidean":
            length: Floats = np.linalg.norm(self._rows[near] - query, axis=1)
            return length
        own = inverse_norms(query[None])[0]
        cosines = (self._rows[near] @ query) * (self._inverse[near] * own)
        return 1.0 - np.clip(cosines, -1.0, 1.0)  # rounding may leave the bounds


def _buckets(keys: list[bytes]) -> dict[bytes, Ints]:
    """Rows of each key, in order."""
    found: dict[bytes, list[int]] = {}
    for row, key in enumerate(keys):
        found.setdefault(key, []).append(row)
    return {key: np.array(rows) for key, rows in found.items()}


def _usual_distance(X: Floats, random: np.random.RandomState) -> float:
    """The median distance between pairs of rows that differ; 1 if none do."""
    one, two = random.randint(len(X), size=(2, 256))
    distances = np.linalg.norm(X[one] - X[two], axis=1)
    distances = distances[distances > 0]
    return float(np.median(distances)) if len(distances) else 1.0
