"""Which index answers: exact, of a promised recall, or small enough for the memory."""

import time
from typing import Any

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.search import ApproximateNeighbors, NearestNeighbors
from lookalike.search.product_quantisation import ProductQuantisation

REFINED = 4  # times as many candidates are taken from codes as are asked for


class VectorIndex:
    """The most similar of vectors of length one.

    Parameters
    ----------
    vectors : float32 array of shape (n, n_dimensions), of length one
        May be memory-mapped: with ``memory`` only the rows that are compared in full
        are read from it.
    recall : float, default=1
        The least share of the true neighbours that are found; 1 is exact.
    memory : int or None, default=None
        Bytes that the index may hold. Where the vectors themselves do not fit, codes of
        product quantisation find candidates, and the vectors put them in order.
    n_jobs : int or None, default=None

    Attributes
    ----------
    facts : dict
        ``method``, ``bytes``, ``seconds`` and, where it is not exact, ``recall``.

    Raises
    ------
    ValueError
        If not even one byte a vector fits.
    """

    facts: dict[str, Any]

    def __init__(
        self,
        vectors: Array,
        recall: float = 1.0,
        memory: int | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.vectors = vectors
        started = time.perf_counter()
        self._codes: ProductQuantisation | None = None
        # The exact index keeps the vectors, and codes and bounds of about as much.
        if memory is not None and 2 * vectors.nbytes > memory:
            self._codes = _codes(vectors, memory, n_jobs)
            method, held = f"codes of {self._codes.n_pieces} bytes", self._codes.memory_
        elif recall < 1.0:
            self._index: Any = ApproximateNeighbors(
                10, recall=recall, metric="cosine", n_jobs=n_jobs
            ).fit(vectors)
            method, held = self._index.method_, self._index.memory_
        else:
            self._index = NearestNeighbors(metric="cosine", n_jobs=n_jobs).fit(vectors)
            method, held = "exact", 2 * vectors.nbytes
        self.facts = {
            "method": method,
            "bytes": int(held),
            "seconds": round(time.perf_counter() - started, 2),
        }
        if recall < 1.0 and self._codes is None:
            self.facts["recall"] = float(self._index.recall_.value)

    def nearest(self, Q: Array, k: int) -> tuple[Floats, Ints]:
        """Cosines (n_queries, k) and rows of the most similar, best first."""
        if self._codes is not None:
            return self._refined(self._codes, Q, k)
        distances, rows = self._index.kneighbors(Q, k)
        return 1.0 - distances, rows

    def _refined(
        self, codes: ProductQuantisation, Q: Array, k: int
    ) -> tuple[Floats, Ints]:
        n = min(REFINED * k, len(self.vectors))
        candidates = np.sort(codes.kneighbors(Q, n, return_distance=False), axis=1)
        similarity = np.empty((len(Q), k))
        rows = np.empty((len(Q), k), np.int64)
        for at, (query, near) in enumerate(zip(Q, candidates, strict=True)):
            cosines = self.vectors[near].astype(np.float64) @ query
            order = np.argsort(-cosines, kind="stable")[:k]
            similarity[at], rows[at] = cosines[order], near[order]
        return similarity, rows


def _codes(vectors: Array, memory: int, n_jobs: int | None) -> ProductQuantisation:
    """The longest codes that fit."""
    n, width = vectors.shape
    centres = min(256, n) * width * vectors.itemsize
    n_pieces = min((memory - centres) // n, width)
    if n_pieces < 1:
        raise ValueError(
            f"{n:,} vectors of {width} numbers need at least {n + centres:,} bytes, "
            f"got memory={memory:,}."
        )
    return ProductQuantisation(int(n_pieces), n_jobs=n_jobs).fit(vectors)
