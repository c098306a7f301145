"""``lookalike bench approximate``: recall and speed beside the known libraries.

The usual protocol: the 10 nearest of 60,000 images, recall against the exact answer,
one thread, one query at a time or all in a batch. Ours is given the recall and sees no
test query. A peer is built once for all jobs, tried under a ladder of settings on the
test queries themselves, and runs under the fastest that reaches the recall: none loses
by a setting, and the choice favours it. All are built on two threads.

The jobs named "filtered" ask for the nearest among some of the rows, exactly.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from lookalike_bench import ann_peers, runner
from lookalike_bench.ann_peers import BUILDERS, K
from lookalike_bench.arrays import Array, Ints
from lookalike_bench.bars import Bar, Row, Value, least, most, quotient
from lookalike_bench.runner import BLAS, PLAIN, Contestant, Job

HERE = "lookalike_bench.approximate"
N_QUERIES = 2_000
N_FILTERED = 200  # queries of the filtered jobs
SATURATED = 0.9995  # recall from which a peer is tried no further
N_ALONE = 300  # queries by which the settings of a peer are compared one by one
DATA = ("mnist", "fashion_mnist")
RECALLS = (0.95, 0.99, 0.999)
WAYS = ("one-by-one", "batch")
SHARES = (0.5, 0.1, 0.01, 0.001, 0.0001)
PEERS = (
    ("faiss PCA64,IVF512,SQ8", "faiss_inverted", BLAS),
    ("faiss IVF-PQ fast scan", "faiss_fast_scan", BLAS),
    ("faiss HNSW32", "faiss_hnsw", PLAIN),
    ("hnswlib", "Hnswlib", PLAIN),
    ("usearch", "Usearch", PLAIN),
    ("scann", "Scann", PLAIN),
    ("svs float16", "svs", PLAIN),
    ("svs uint8", "svs_bytes", PLAIN),
    ("voyager", "Voyager", PLAIN),
)
GRAPHS = ("faiss HNSW32", "hnswlib", "usearch", "svs*", "voyager")
RATIOS = {
    ("mnist", "one-by-one"): (2.3, 2.3, 1.3),
    ("mnist", "batch"): (1.7, 1.7, 2.3),
    ("fashion_mnist", "one-by-one"): (2.0, 1.7, 1.0),
    ("fashion_mnist", "batch"): (1.3, 1.4, 1.4),
}
"""The best peer's time over ours, at least, for each of ``RECALLS``."""
Search = Callable[[Array], Ints]
Timed = tuple[Callable[[], Ints], Callable[[Ints], dict[str, Any]]]


def run(
    only: str | None = None,
    rounds: int = 3,
    progress: runner.ProgressCallback | None = None,
) -> dict[str, Any]:
    """Race every job whose name contains ``only``."""
    with TemporaryDirectory(prefix="lookalike-bench-") as folder:
        return runner.run(jobs(rounds, folder), only, progress, bars())


def jobs(rounds: int, folder: str) -> Iterator[Job]:
    """All races: recalls, alone and in a batch; filters. Peers are kept in a folder."""
    for data in DATA:
        for recall in RECALLS:
            for way in WAYS:
                name = f"{data} recall {recall} {way}"
                same = {"data": data, "recall": recall, "way": way, "folder": folder}
                ours = Contestant("lookalike", f"{HERE}:lookalike", same, BLAS[:1])
                peers = [
                    Contestant(method, f"{HERE}:{factory}", same, settings)
                    for method, factory, settings in PEERS
                ]
                yield Job(name, [ours, *peers], rounds)
    for share in SHARES:
        some: dict[str, Any] = {"data": "mnist", "share": share}
        contestants = [
            Contestant("lookalike", f"{HERE}:filtered", some, BLAS[:1]),
            Contestant("faiss IndexFlat", f"{HERE}:faiss_filtered", some),
        ]
        yield Job(f"mnist filtered {share:.2%}", contestants, rounds)


def bars() -> Iterator[Bar]:
    """Speed and recall of every job; build and memory beside the graphs."""
    for (data, way), ratios in RATIOS.items():
        for recall, needed in zip(RECALLS, ratios, strict=True):
            job = f"{data} recall {recall} {way}"
            yield Bar(f"{job}: times the best peer", needed, least("ratio", job))
            yield Bar(f"{job}: recall", recall, least("recall", job))
    for data in DATA:
        for column, name, needed in (
            ("build", "build over that of the fastest graph", 1.5),
            ("megabytes", "memory over that of the smallest graph", 1.0),
        ):
            job = f"{data} recall *"
            value = quotient(most(column, job), _least_of_graphs(column, job))
            yield Bar(f"{data}: {name}", needed, value, at_most=True)
    filtered = "mnist filtered *"
    yield Bar("filtered: times faiss, the least", 1, least("ratio", filtered))
    yield Bar("filtered: recall, the least", 1, least("recall", filtered))


def _least_of_graphs(column: str, job: str) -> Value:
    values = [least(column, job, name) for name in GRAPHS]

    def value(rows: Sequence[Row]) -> float | None:
        found = [number for each in values if (number := each(rows)) is not None]
        return min(found, default=None)

    return value


def __getattr__(name: str) -> Callable[..., Timed]:
    """The factory of a peer, by its name in ``PEERS``."""
    if name not in {factory for _, factory, _ in PEERS}:
        raise AttributeError(name)
    return lambda **same: _peer(name, **same)


# --- what all share -------------------------------------------------------------------


@cache
def _data(name: str) -> tuple[Array, Array]:
    """Catalogue and queries."""
    from lookalike_bench.neighbors import load

    X, Q = load(name)
    return X, Q[:N_QUERIES]


def _questions(data: str, folder: str) -> tuple[Array, Ints]:
    """Queries and the exact answer, worked out by the first who asks."""
    path = Path(folder) / f"{data}.npz"
    if not path.exists():
        from lookalike.search import NearestNeighbors

        X, Q = _data(data)
        exact = NearestNeighbors(K).fit(X)
        np.savez(path, Q=Q, true=exact.kneighbors(Q, return_distance=False))
    with np.load(path) as both:
        return both["Q"], both["true"]


def _recall(found: Ints, true: Ints) -> float:
    return float((found[:, :, None] == true[:, None, :]).any(axis=1).mean())


def _one_by_one(search: Search, Q: Array) -> Ints:
    return np.concatenate([search(Q[q : q + 1]) for q in range(len(Q))])


def _timed(search: Search, Q: Array, true: Ints, way: str, about: Any) -> Timed:
    """The callable that is timed, and what its answer was worth."""

    def describe(found: Ints) -> dict[str, Any]:
        return {"recall": _recall(found, true), "queries": len(Q), **about}

    if way == "batch":
        return lambda: search(Q), describe
    return lambda: _one_by_one(search, Q), describe


# --- ours -----------------------------------------------------------------------------


def lookalike(data: str, recall: float, way: str, folder: str) -> Timed:
    """Ours, which is given nothing but the recall."""
    from lookalike.search import ApproximateNeighbors

    X, Q = _data(data)
    index = ApproximateNeighbors(K, recall, n_jobs=BUILDERS).fit(X)
    index.set_params(n_jobs=None)
    about = {
        "at": index.method_,
        "build": index.build_seconds_,
        "megabytes": index.memory_ / 2**20,
    }

    def search(q: Array) -> Ints:
        return np.asarray(index.kneighbors(q, return_distance=False))

    return _timed(search, Q, _questions(data, folder)[1], way, about)


# --- peers ----------------------------------------------------------------------------


def _peer(factory: str, data: str, recall: float, way: str, folder: str) -> Timed:
    """A peer under its fastest setting of this recall; failing that, at its best."""
    peer = getattr(ann_peers, factory)()
    Q, true = _questions(data, folder)
    Q = Q.astype(getattr(peer, "takes", "float32"))
    place = Path(folder) / f"{data}-{factory}"
    note = place.with_suffix(".json")
    if not note.exists():
        place.mkdir()
        note.write_text(json.dumps(_built(peer, _data(data)[0], Q, true, place)))
    about = json.loads(note.read_text())
    peer.load(place, about.pop("shape"))
    rungs = about.pop("ladder")
    best = max(
        rungs, key=lambda name: (min(rungs[name]["recall"], recall), -rungs[name][way])
    )
    dict(peer.ladder())[best]()
    return _timed(peer.search, Q, true, way, {"at": best, **about})


def _built(peer: Any, X: Array, Q: Array, true: Ints, place: Path) -> dict[str, Any]:
    """Build, save and try a peer, once for all jobs; what that gave."""
    start = time.perf_counter()
    peer.build(X.astype(np.float32))
    built = time.perf_counter() - start
    peer.save(place)
    size = sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
    peer.load(place, X.shape)
    rungs: dict[str, dict[str, float]] = {}
    for name, put in peer.ladder():
        rungs[name] = _tried(peer.search, Q, true, put)
        if getattr(peer, "ascending", False) and rungs[name]["recall"] > SATURATED:
            break
    return {
        "shape": X.shape,
        "build": built,
        "megabytes": size / 2**20,
        "ladder": rungs,
    }


def _tried(
    search: Search, Q: Array, true: Ints, put: Callable[[], Any]
) -> dict[str, float]:
    """Recall, and seconds a query in both ways."""
    put()
    search(Q[:10])
    start = time.perf_counter()
    found = search(Q)
    middle = time.perf_counter()
    _one_by_one(search, Q[:N_ALONE])
    end = time.perf_counter()
    return {
        "recall": _recall(found, true),
        "batch": (middle - start) / len(Q),
        "one-by-one": (end - middle) / N_ALONE,
    }


# --- filters --------------------------------------------------------------------------


def _chosen(n: int, share: float) -> Ints:
    return np.sort(np.random.default_rng(0).choice(n, round(share * n), replace=False))


def filtered(data: str, share: float) -> Timed:
    """Ours: the nearest among some items of a collection."""
    from lookalike.search import Collection

    X, Q = _data(data)
    Q = Q[:N_FILTERED]
    items = Collection(n_neighbors=K)
    items.add(np.arange(len(X)), X)
    items.rebuild()
    mask = np.zeros(len(X), bool)
    mask[_chosen(len(X), share)] = True
    return lambda: items.search(Q, K, where=mask).ids, _same_as(X, Q, mask)


def faiss_filtered(data: str, share: float) -> Timed:
    """Faiss: a flat index with a bitmap of the rows that count."""
    faiss: Any = import_module("faiss")

    faiss.omp_set_num_threads(1)
    X, Q = _data(data)
    Q = Q[:N_FILTERED]
    index = faiss.IndexFlatL2(X.shape[1])
    index.add(X.astype(np.float32))
    mask = np.zeros(len(X), bool)
    mask[_chosen(len(X), share)] = True
    bits = np.packbits(mask, bitorder="little")
    among = faiss.SearchParameters(sel=faiss.IDSelectorBitmap(bits))
    k, Q32 = min(K, int(mask.sum())), Q.astype(np.float32)
    return lambda: index.search(Q32, k, params=among)[1], _same_as(X, Q, mask)


def _same_as(X: Array, Q: Array, mask: Array) -> Callable[[Ints], dict[str, Any]]:
    """Share of the answers that are those of an index of the chosen rows alone."""
    from lookalike.search import NearestNeighbors

    def describe(found: Ints) -> dict[str, Any]:
        rows = np.flatnonzero(mask)
        exact = NearestNeighbors(min(K, len(rows))).fit(X[rows])
        true = rows[exact.kneighbors(Q, return_distance=False)]
        return {"recall": _recall(found, true), "queries": len(Q)}

    return describe
