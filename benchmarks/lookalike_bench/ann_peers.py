"""Approximate indexes of other libraries: how each is built, saved, tuned and searched.

A peer is built on two threads, saved, and read again by every job that races it; its
size is that of the files. ``ladder`` names the settings under which it is tried.
Queries come in the type that it ``takes``: none converts them while it is timed.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from lookalike_bench.arrays import Array, Ints

K = 10
BUILDERS = 2  # threads
Setting = tuple[str, Callable[[], Any]]
"""How a setting is called, and what puts it into force."""
WIDTHS = (10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 64, 80, 96, 128, 192, 256, 384, 512)


class Faiss:
    """Any index that faiss's factory makes from a description."""

    def __init__(self, description: str, *ranges: tuple[str, tuple[int, ...]]) -> None:
        self._faiss = import_module("faiss")
        self._description, self._ranges = description, ranges

    def build(self, X: Array) -> None:
        """Train on the rows and add them."""
        self._faiss.omp_set_num_threads(BUILDERS)
        self._index = self._faiss.index_factory(X.shape[1], self._description)
        self._index.train(X)
        self._index.add(X)

    def save(self, folder: Path) -> None:
        """Write the index."""
        self._faiss.write_index(self._index, str(folder / "index"))

    def load(self, folder: Path, shape: tuple[int, int]) -> None:
        """Read the index."""
        self._faiss.omp_set_num_threads(1)
        self._index = self._faiss.read_index(str(folder / "index"))

    def search(self, Q: Array) -> Ints:
        """Rows of the nearest."""
        return np.asarray(self._index.search(Q, K)[1])

    def ladder(self) -> Iterator[Setting]:
        """Every combination of the ranges."""
        space = self._faiss.ParameterSpace()
        names = [""]
        for name, values in self._ranges:
            names = [f"{n},{name}={v}".lstrip(",") for n in names for v in values]
        for name in names:
            yield name, lambda n=name: space.set_index_parameters(self._index, n)  # type: ignore[misc]


def faiss_inverted() -> Faiss:
    """64 principal coordinates in bytes, inverted file, refined in full."""
    probes = (4, 6, 8, 10, 12, 16, 24, 32, 48, 64, 96)
    return Faiss(
        "PCA64,IVF512,SQ8,RFlat", ("nprobe", probes), ("k_factor_rf", (2, 3, 4, 6, 10))
    )


def faiss_fast_scan() -> Faiss:
    """Product quantisation in 4 bits, scanned in registers, refined in full."""
    probes = (8, 12, 16, 24, 32, 64)
    return Faiss(
        "PCA128,IVF256,PQ64x4fs,RFlat",
        ("nprobe", probes),
        ("k_factor_rf", (5, 10, 20, 40)),
    )


def faiss_hnsw() -> Faiss:
    """A hierarchical graph."""
    return Faiss("HNSW32", ("efSearch", WIDTHS))


class Hnswlib:
    """The authors' hierarchical graph."""

    ascending = True  # every setting finds more than the one before

    def __init__(self) -> None:
        self._module = import_module("hnswlib")

    def build(self, X: Array) -> None:
        """Add the rows."""
        self._index = self._module.Index("l2", X.shape[1])
        self._index.init_index(len(X), M=16, ef_construction=200, random_seed=0)
        self._index.add_items(X, num_threads=BUILDERS)

    def save(self, folder: Path) -> None:
        """Write the index."""
        self._index.save_index(str(folder / "index"))

    def load(self, folder: Path, shape: tuple[int, int]) -> None:
        """Read the index."""
        self._index = self._module.Index("l2", shape[1])
        self._index.load_index(str(folder / "index"), shape[0])
        self._index.set_num_threads(1)

    def search(self, Q: Array) -> Ints:
        """Rows of the nearest."""
        return np.asarray(self._index.knn_query(Q, K, num_threads=1)[0])

    def ladder(self) -> Iterator[Setting]:
        """Widths of the walk."""
        for e in WIDTHS:
            yield f"ef={e}", lambda e=e: self._index.set_ef(e)  # type: ignore[misc]


class Usearch:
    """USearch: a graph, compared in 16-bit floats."""

    ascending = True  # every setting finds more than the one before

    def __init__(self) -> None:
        self._module = import_module("usearch.index")

    def build(self, X: Array) -> None:
        """Add the rows."""
        self._index = self._module.Index(
            ndim=X.shape[1], metric="l2sq", dtype="f16", connectivity=16
        )
        self._index.add(np.arange(len(X)), X, threads=BUILDERS)

    def save(self, folder: Path) -> None:
        """Write the index."""
        self._index.save(str(folder / "index"))

    def load(self, folder: Path, shape: tuple[int, int]) -> None:
        """Read the index."""
        self._index = self._module.Index.restore(str(folder / "index"))

    def search(self, Q: Array) -> Ints:
        """Rows of the nearest."""
        found = self._index.search(Q, K, threads=1)
        return np.asarray(found.keys).reshape(len(Q), K)

    def _widen(self, e: int) -> None:
        self._index.expansion_search = e

    def ladder(self) -> Iterator[Setting]:
        """Widths of the walk."""
        for e in WIDTHS:
            yield f"expansion={e}", lambda e=e: self._widen(e)  # type: ignore[misc]


class Voyager:
    """Voyager: hnswlib's graph, looked after elsewhere."""

    ascending = True  # every setting finds more than the one before

    def __init__(self) -> None:
        self._module = import_module("voyager")
        self._width = K

    def build(self, X: Array) -> None:
        """Add the rows."""
        self._index = self._module.Index(
            self._module.Space.Euclidean, X.shape[1], M=16, ef_construction=200
        )
        self._index.add_items(X, num_threads=BUILDERS)

    def save(self, folder: Path) -> None:
        """Write the index."""
        self._index.save(str(folder / "index"))

    def load(self, folder: Path, shape: tuple[int, int]) -> None:
        """Read the index."""
        self._index = self._module.Index.load(str(folder / "index"))

    def search(self, Q: Array) -> Ints:
        """Rows of the nearest."""
        found = self._index.query(Q, K, num_threads=1, query_ef=self._width)
        return np.asarray(found[0])

    def _widen(self, e: int) -> None:
        self._width = e

    def ladder(self) -> Iterator[Setting]:
        """Widths of the walk."""
        for e in WIDTHS:
            yield f"ef={e}", lambda e=e: self._widen(e)  # type: ignore[misc]


class Scann:
    """ScaNN: anisotropic quantisation in a tree, refined in full."""

    def __init__(self) -> None:
        self._module = import_module("scann").scann_ops_pybind
        self._now = {"leaves_to_search": 50, "pre_reorder_num_neighbors": 100}

    def build(self, X: Array) -> None:
        """Train on the rows and add them."""
        builder = self._module.builder(X, K, "squared_l2")
        builder.set_n_training_threads(BUILDERS)
        self._index = (
            builder.tree(
                num_leaves=500, num_leaves_to_search=50, training_sample_size=30_000
            )
            .score_ah(2, anisotropic_quantization_threshold=0.2)
            .reorder(100)
            .build()
        )

    def save(self, folder: Path) -> None:
        """Write the index."""
        self._index.serialize(str(folder))

    def load(self, folder: Path, shape: tuple[int, int]) -> None:
        """Read the index."""
        self._index = self._module.load_searcher(str(folder))

    def search(self, Q: Array) -> Ints:
        """Rows of the nearest."""
        if len(Q) == 1:
            return np.asarray(self._index.search(Q[0], K, **self._now)[0])[None]
        return np.asarray(self._index.search_batched(Q, K, **self._now)[0])

    def ladder(self) -> Iterator[Setting]:
        """Leaves that are searched, and rows that are refined."""
        for leaves in (6, 8, 12, 20, 32, 50, 80):
            for r in (20, 30, 60, 120, 250):
                now = {"leaves_to_search": leaves, "pre_reorder_num_neighbors": r}
                name = f"leaves={leaves},reorder={r}"
                yield name, lambda now=now: self._now.update(now)  # type: ignore[misc]


class Svs:
    """Scalable Vector Search: a Vamana graph over 16-bit floats or bytes."""

    ascending = True  # every setting finds more than the one before

    def __init__(self, kind: str) -> None:
        self._module = import_module("svs")
        self._kind = kind
        self.takes = "uint8" if kind == "uint8" else "float32"

    def build(self, X: Array) -> None:
        """Build the graph."""
        self._index = self._module.Vamana.build(
            self._module.VamanaBuildParameters(
                graph_max_degree=32, window_size=64, alpha=1.2
            ),
            X.astype(self._kind),
            self._module.DistanceType.L2,
            num_threads=BUILDERS,
        )

    def save(self, folder: Path) -> None:
        """Write configuration, graph and rows."""
        self._index.save(*(str(folder / part) for part in ("about", "graph", "rows")))

    def load(self, folder: Path, shape: tuple[int, int]) -> None:
        """Read configuration, graph and rows."""
        kinds = self._module.DataType
        kind = getattr(kinds, self._kind)
        self._index = self._module.Vamana(
            str(folder / "about"),
            self._module.GraphLoader(str(folder / "graph")),
            self._module.VectorDataLoader(str(folder / "rows"), kind),
            self._module.DistanceType.L2,
            query_type=kind if self._kind == "uint8" else kinds.float32,
            num_threads=1,
        )

    def search(self, Q: Array) -> Ints:
        """Rows of the nearest."""
        return np.asarray(self._index.search(Q, K)[0])

    def _widen(self, w: int) -> None:
        self._index.search_window_size = w

    def ladder(self) -> Iterator[Setting]:
        """Widths of the walk."""
        for w in WIDTHS:
            yield f"window={w}", lambda w=w: self._widen(w)  # type: ignore[misc]


def svs() -> Svs:
    """Rows as 16-bit floats."""
    return Svs("float16")


def svs_bytes() -> Svs:
    """Rows as the bytes that the pixels are."""
    return Svs("uint8")
