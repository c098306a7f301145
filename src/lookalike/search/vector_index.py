"""Search of vectors: exact, with a guaranteed recall, or within a given memory."""

import time
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.search import ApproximateNeighbors, NearestNeighbors
from lookalike.search.product_quantisation import ProductQuantisation

REFINED = 4  # times as many candidates are taken from codes as are returned

Engine = NearestNeighbors | ApproximateNeighbors | ProductQuantisation
ENGINES: dict[str, type[Engine]] = {
    engine.__name__: engine
    for engine in (NearestNeighbors, ApproximateNeighbors, ProductQuantisation)
}


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
        # The exact index keeps the vectors, and codes and bounds of about as much.
        if memory is not None and 2 * vectors.nbytes > memory:
            codes = _codes(vectors, memory, n_jobs)
            self._index: Engine = codes
            method, held = f"codes of {codes.codes_.shape[1]} bytes", codes.memory_
        elif recall < 1.0:
            lists = ApproximateNeighbors(
                10, recall=recall, metric="cosine", n_jobs=n_jobs
            ).fit(vectors)
            self._index, method, held = lists, lists.method_, lists.memory_
        else:
            self._index = NearestNeighbors(metric="cosine", n_jobs=n_jobs).fit(vectors)
            method, held = "exact", 2 * vectors.nbytes
        self.facts = {
            "method": method,
            "bytes": int(held),
            "seconds": round(time.perf_counter() - started, 2),
        }
        if isinstance(self._index, ApproximateNeighbors):
            self.facts["recall"] = float(self._index.recall_.value)

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Arrays and a JSON document from which ``from_state`` makes this again.

        The vectors are not among the arrays: they are the caller's to keep. Neither is
        the number of threads, on which no answer depends.
        """
        arrays, about = self._index.state()
        about["parameters"]["n_jobs"] = None
        name = type(self._index).__name__
        return arrays, {"engine": name, "state": about, "facts": self.facts}

    @classmethod
    def from_state(
        cls,
        arrays: Mapping[str, Array],
        about: Mapping[str, Any],
        vectors: Array,
        n_jobs: int | None = None,
    ) -> Self:
        """The index whose ``state`` this is, over the vectors that it was built from.

        Both may be memory-mapped, and stay so.

        Raises
        ------
        ValueError
            If arrays, document and vectors do not belong together.
        """
        found = cls.__new__(cls)
        found.vectors = vectors
        state = about["state"]
        state = {**state, "parameters": {**state["parameters"], "n_jobs": n_jobs}}
        found._index = ENGINES[about["engine"]].from_state(arrays, state)
        shape = (found._index.n_samples_fit_, found._index.n_features_in_)
        if vectors.shape != shape:
            raise ValueError(
                f"Expected vectors of shape {shape} as the index has, got "
                f"{vectors.shape}."
            )
        found.facts = dict(about["facts"])
        return found

    def nearest(self, Q: Array, k: int) -> tuple[Floats, Ints]:
        """Cosines (n_queries, k) and rows of the most similar, best first."""
        if isinstance(self._index, ProductQuantisation):
            return self._refined(self._index, Q, k)
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
            np.clip(cosines, -1.0, 1.0, out=cosines)  # rounding may leave the bounds
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
