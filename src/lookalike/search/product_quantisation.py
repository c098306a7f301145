"""Product quantisation: a vector in a few bytes, and distances without unpacking it.

Cut every vector into pieces and replace each piece by the nearest of 256 centres
learned for it: one byte a piece. The distance of a query to any row is then a sum of
numbers from a table of the query's distances to the centres.
"""

from collections.abc import Mapping
from itertools import pairwise
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from lookalike._checks import check_whole
from lookalike._parallel import run_slices
from lookalike._typing import Array, Floats, Ints
from lookalike._validation import validate_data
from lookalike.kernels.product_quantisation import table_sums
from lookalike.search.lloyd import centres_of, nearest_centre
from lookalike.search.memory import for_kernels
from lookalike.search.storage import saved_parameters

SAMPLE = 64  # rows learned from, for each centre
ROUNDS = 12  # of assigning and averaging


class ProductQuantisation(BaseEstimator):
    r"""The rows nearest to a query, from a few bytes a row.

    .. math:: d(q, x)^2 \approx \sum_j |q_j - c_{j, code_j(x)}|^2

    with the query itself not rounded (asymmetric distances [1]_).

    Parameters
    ----------
    n_pieces : int, default=8
        Bytes a row, at most as many as there are features.
    n_neighbors : int, default=10
    random_state : int, RandomState instance or None, default=0
    n_jobs : int or None, default=None
        Threads over rows, as in scikit-learn.

    Attributes
    ----------
    centres_ : list of n_pieces float32 arrays of shape (n_codes, n_piece_features)
    codes_ : uint8 array of shape (n_samples, n_pieces)
    memory_ : int
        Bytes held.

    References
    ----------
    .. [1] Jégou, Douze and Schmid (2011). "Product quantization for nearest neighbor
       search". IEEE TPAMI 33(1), equation 13.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.repeat(np.arange(40.0), 2).reshape(20, 4)
    >>> index = ProductQuantisation(n_pieces=2).fit(X)
    >>> index.kneighbors(X[[7]], 1)
    (array([[0.]]), array([[7]]))
    >>> index.codes_.nbytes, X.nbytes
    (40, 640)
    """

    centres_: list[Array]
    codes_: Array
    memory_: int
    n_samples_fit_: int

    def __init__(
        self,
        n_pieces: int = 8,
        n_neighbors: int = 10,
        random_state: Any = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.n_pieces = n_pieces
        self.n_neighbors = n_neighbors
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Learn centres from X (n_samples, n_features), and keep codes of its rows."""
        rows: Array = validate_data(self, X, dtype=np.float32, order="C")
        for name in ("n_pieces", "n_neighbors"):
            check_whole(name, getattr(self, name))
        n_pieces = min(self.n_pieces, rows.shape[1])
        rng = check_random_state(self.random_state)
        n_codes = min(256, len(rows))
        some = rng.permutation(len(rows))[: SAMPLE * n_codes]
        self.centres_ = [
            centres_of(rows[some][:, piece], n_codes, ROUNDS)
            for piece in _pieces(rows.shape[1], n_pieces)
        ]
        self.codes_ = np.empty((len(rows), n_pieces), np.uint8)
        pieces = _pieces(rows.shape[1], n_pieces)
        for j, (piece, centres) in enumerate(zip(pieces, self.centres_, strict=True)):
            self.codes_[:, j] = nearest_centre(rows[:, piece], centres)
        self._set_sizes()
        return self

    def _set_sizes(self) -> None:
        self.n_samples_fit_ = len(self.codes_)
        self.memory_ = self.codes_.nbytes + sum(c.nbytes for c in self.centres_)

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Arrays and a JSON document from which ``from_state`` makes this again."""
        check_is_fitted(self)
        arrays = {"codes": self.codes_, "centres": np.hstack(self.centres_)}
        return arrays, {"parameters": saved_parameters(self)}

    @classmethod
    def from_state(cls, arrays: Mapping[str, Array], about: Mapping[str, Any]) -> Self:
        """The fitted search whose ``state`` this is; codes may be mapped, and stay so.

        Raises
        ------
        ValueError
            If the arrays do not belong together: kernels would read outside them.
        """
        model = cls(**about["parameters"])
        codes, centres = for_kernels(arrays["codes"]), arrays["centres"]
        good = (
            codes.dtype == np.uint8
            and centres.dtype == np.float32
            and codes.ndim == centres.ndim == 2
            and len(codes) > 0
            and 1 <= codes.shape[1] <= centres.shape[1]
            and codes.max() < len(centres)
        )
        if not good:
            raise ValueError("codes and centres do not belong together.")
        pieces = _pieces(centres.shape[1], codes.shape[1])
        model.codes_ = codes
        model.centres_ = [np.ascontiguousarray(centres[:, piece]) for piece in pieces]
        model.n_features_in_ = centres.shape[1]
        model._set_sizes()
        return model

    def kneighbors(
        self,
        X: ArrayLike,
        n_neighbors: int | None = None,
        return_distance: bool = True,
    ) -> tuple[Floats, Ints] | Ints:
        """The rows whose codes are nearest to each query, nearest first, ties by row.

        Returns
        -------
        distances : float64 array of shape (n_queries, n_neighbors)
            Euclidean, to the centres that stand for the row.
        indices : int64 array of shape (n_queries, n_neighbors)
        """
        check_is_fitted(self)
        Q: Array = validate_data(self, X, dtype=np.float32, order="C", reset=False)
        k = self.n_neighbors if n_neighbors is None else n_neighbors
        if not isinstance(k, Integral) or not 1 <= k <= self.n_samples_fit_:
            raise ValueError(
                f"n_neighbors must be in [1, {self.n_samples_fit_}], got {k!r}."
            )
        distances = np.empty((len(Q), k))
        indices = np.empty((len(Q), k), np.int64)
        for row, query in enumerate(Q):
            found = self._distances(query)
            last = np.partition(found, k - 1)[k - 1]
            near = np.flatnonzero(found <= last)
            near = near[np.argsort(found[near], kind="stable")[:k]]
            indices[row], distances[row] = near, np.sqrt(found[near].astype(float))
        return (distances, indices) if return_distance else indices

    def _distances(self, query: Array) -> Array:
        """Squared distances (n_samples,) of a query to the centres of each row."""
        pieces = _pieces(self.n_features_in_, len(self.centres_))
        table = np.stack(
            [
                ((query[piece] - centres) ** 2).sum(axis=1)
                for piece, centres in zip(pieces, self.centres_, strict=True)
            ]
        )
        found = np.empty(len(self.codes_), np.float32)
        run_slices(
            lambda start, stop: table_sums(self.codes_, table, start, stop, found),
            len(found),
            self.n_jobs,
            100_000,
        )
        return found


def _pieces(n_features: int, n_pieces: int) -> list[slice]:
    """Consecutive features of each piece, as many in each as can be."""
    ends = np.cumsum([len(p) for p in np.array_split(np.arange(n_features), n_pieces)])
    return [slice(int(a), int(b)) for a, b in pairwise((0, *ends))]
