"""``lookalike bench neighbors``: exact nearest neighbours beside the known libraries.

Every answer of ours is compared with the definition, computed by NumPy in float64 on
whole numbers (where float64 is exact) and by our own brute force elsewhere.
"""

import gzip
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from lookalike_bench import runner
from lookalike_bench.arrays import Array
from lookalike_bench.bars import Bar, least, most, quotient
from lookalike_bench.runner import BLAS, Contestant, Job

HERE = "lookalike_bench.neighbors"
Timed = tuple[Callable[[], Any], Callable[[Any], dict[str, Any]]]
Check = Callable[[Any], dict[str, Any]]
ONE_BY_ONE = 1_000  # queries that are asked one at a time
RATIOS: dict[tuple[str, str, int], float] = {
    ("mnist exact k=10", "lookalike", 1): 10,
    ("mnist exact k=10", "lookalike", 2): 8,
    ("mnist exact k=10", "lookalike portable", 1): 3,
    ("mnist exact k=10", "lookalike portable", 2): 2,
    ("mnist exact k=1", "lookalike", 1): 13,
    ("mnist exact k=1", "lookalike", 2): 10,
    ("fashion_mnist exact k=10", "lookalike", 1): 6,
    ("fashion_mnist exact k=10", "lookalike", 2): 5.5,
    ("fashion_mnist exact k=10", "lookalike portable", 1): 2.5,
    ("fashion_mnist exact k=10", "lookalike portable", 2): 2,
    **{
        (name, "lookalike", 1): 1
        for name in (
            *("fer2013 exact k=10", "mnist_embedding exact k=10"),
            *("cranfield exact k=10", "gaussian exact k=10", "patches exact k=10"),
            *("mnist exact cosine k=10", "mnist exact inner_product k=10"),
            *("mnist exact radius", "mnist exact one by one k=10"),
            "mnist exact k=1000",
        )
    },
}
"""The best peer's time over ours, at least: by job, method and threads."""
BARS = (
    *(
        Bar(
            f"{job}, {method}, threads={threads}: times the best peer",
            needed,
            least("ratio", job, method, threads=threads),
        )
        for (job, method, threads), needed in RATIOS.items()
    ),
    Bar("every answer exact (1 is yes)", 1, least("exact", "*", "lookalike*")),
    *(
        Bar(
            f"{job}: ratio of float32 over that of bytes",
            0.6,
            quotient(least("ratio", job, "lookalike float32"), most("ratio", job)),
        )
        for job in ("mnist exact k=10", "fashion_mnist exact k=10")
    ),
    Bar("mnist fit, seconds", 1, most("seconds", "mnist fit"), at_most=True),
    Bar(
        "a million patches, peak in megabytes",
        4096,
        most("peak_megabytes", "patches exact k=10"),
        at_most=True,
    ),
)


def run(
    only: str | None = None,
    rounds: int = 3,
    progress: runner.ProgressCallback | None = None,
) -> dict[str, Any]:
    """Race every job whose name contains ``only``."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LOOKALIKE_BENCH_ANSWERS"] = folder
        return runner.run(jobs(rounds), only, progress, BARS)


def jobs(rounds: int = 3) -> Iterator[Job]:
    """All races, the headline first."""
    for data, ks in (("mnist", (10, 1)), ("fashion_mnist", (10,))):
        for k in ks:
            for threads in (1, 2):
                yield Job(f"{data} exact k={k}", _contestants(data, k, threads), rounds)
    for data in ("fer2013", "mnist_embedding", "cranfield", "gaussian", "patches"):
        yield Job(f"{data} exact k=10", _contestants(data, 10, 1), rounds)
    for metric in ("cosine", "inner_product"):
        name = f"mnist exact {metric} k=10"
        yield Job(name, _contestants("mnist", 10, 1, metric), rounds)
    yield Job("mnist exact radius", _within("mnist"), rounds)
    yield Job("mnist exact one by one k=10", _one_by_one("mnist", 10), rounds)
    yield Job("mnist exact k=1000", _contestants("mnist", 1000, 1), rounds)
    yield Job("mnist fit", [_ours("lookalike", "fit", data="mnist")], rounds)


def _ours(method: str, factory: str, threads: int = 1, **arguments: Any) -> Contestant:
    return Contestant(
        method,
        f"{HERE}:{factory}",
        {**arguments, "threads": threads},
        settings=BLAS[:1],
        threads=threads,
    )


def _contestants(
    data: str, k: int, threads: int, metric: str = "sqeuclidean"
) -> list[Contestant]:
    same: dict[str, Any] = {"data": data, "k": k, "metric": metric}
    ours = [_ours("lookalike", "lookalike", threads, **same)]
    if data in ("mnist", "fashion_mnist"):
        ours.append(
            _ours("lookalike float32", "lookalike", threads, **same, kind="float32")
        )
    ours.append(
        _ours("lookalike portable", "lookalike", threads, **same, algorithm="portable")
    )
    peers = [
        Contestant(name, f"{HERE}:{factory}", same | more, settings, threads)
        for name, factory, settings, more in (
            ("faiss IndexFlat", "faiss_flat", BLAS, {"threads": threads}),
            ("scikit-learn brute", "scikit_learn", BLAS, {"threads": threads}),
            ("torch", "torch_products", runner.PLAIN, {"threads": threads}),
            ("scikit-learn-intelex", "intelex", runner.PLAIN, {"threads": threads}),
        )
        if not (metric == "inner_product" and name.startswith("scikit"))
    ]
    return ours + peers


def _within(data: str) -> list[Contestant]:
    """Everything within the median distance of the tenth neighbour."""
    settings = {"data": data, "threads": 1}
    return [
        _ours("lookalike", "lookalike_within", data=data),
        Contestant("faiss IndexFlat", f"{HERE}:faiss_within", settings, BLAS),
        Contestant("scikit-learn brute", f"{HERE}:scikit_learn_within", settings, BLAS),
    ]


def _one_by_one(data: str, k: int) -> list[Contestant]:
    same: dict[str, Any] = {"data": data, "k": k}
    return [
        _ours("lookalike", "lookalike_one_by_one", **same),
        Contestant(
            "faiss IndexFlat", f"{HERE}:faiss_one_by_one", {**same, "threads": 1}, BLAS
        ),
    ]


# --- data -----------------------------------------------------------------------------


@cache
def load(data: str) -> tuple[Array, Array]:
    """Catalogue and queries of a job, bytes or float32."""
    return globals()[f"_load_{data}"]()


def _images(x: Array) -> Array:
    return np.ascontiguousarray(x.reshape(len(x), -1))


def _load_mnist() -> tuple[Array, Array]:
    from lookalike.datasets import load_mnist

    images = load_mnist()
    return _images(images.x_train), _images(images.x_test)


def _load_fashion_mnist() -> tuple[Array, Array]:
    from lookalike.datasets import load_fashion_mnist

    images = load_fashion_mnist()
    return _images(images.x_train), _images(images.x_test)


def _load_fer2013() -> tuple[Array, Array]:
    from lookalike.datasets import find

    with np.load(find("fer2013")) as faces:
        return _images(faces["x_train"]), _images(faces["x_test"])


def _load_mnist_embedding() -> tuple[Array, Array]:
    """64 principal components of each digit, whitened within the ten classes.

    A stand-in for any embedding learned with labels: no axis dominates.
    """
    from lookalike.datasets import load_mnist
    from lookalike.learn import PCA

    images = load_mnist()
    x, y = _images(images.x_train).astype(np.float32) / 255, images.y_train
    pca = PCA(64).fit(x)
    z = pca.transform(x)
    within = np.mean([np.cov(z[y == c].T) for c in range(10)], axis=0)
    values, vectors = np.linalg.eigh(within)
    whiten = vectors / np.sqrt(values)
    queries = pca.transform(_images(images.x_test).astype(np.float32) / 255)
    return (z @ whiten).astype(np.float32), (queries @ whiten).astype(np.float32)


def _load_cranfield() -> tuple[Array, Array]:
    """TF-IDF of the abstracts reduced to 256 numbers; each abstract asks for others."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    from lookalike.datasets import find

    path = Path(find("cranfield")) / "cran.all.1400.gz"
    text = gzip.decompress(path.read_bytes()).decode()
    parts = re.split(r"(?m)^\.I \d+\s*$", text)[1:]
    bodies = [part.split("\n.W\n")[-1] for part in parts]
    counts = TfidfVectorizer(sublinear_tf=True).fit_transform(bodies)
    reduced = TruncatedSVD(256, random_state=0).fit_transform(counts)
    reduced = reduced.astype(np.float32)
    return reduced, reduced + np.float32(1e-3)


def _load_gaussian() -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    drawn = rng.standard_normal((70_000, 128), dtype=np.float32)
    return drawn[:60_000], drawn[60_000:]


def _load_patches() -> tuple[Array, Array]:
    """A million patches of 8 by 12 pixels from the Fashion-MNIST images."""
    from lookalike.datasets import load_fashion_mnist

    images = load_fashion_mnist()
    rng = np.random.default_rng(0)

    def patches(x: Array, n: int) -> Array:
        which = rng.integers(len(x), size=n)
        row, column = rng.integers(21, size=n), rng.integers(17, size=n)
        rows = row[:, None, None] + np.arange(8)[:, None]
        columns = column[:, None, None] + np.arange(12)
        return x[which[:, None, None], rows, columns].reshape(n, 96)

    return patches(images.x_train, 1_000_000), patches(images.x_test, 1_000)


# --- contestants ----------------------------------------------------------------------


def lookalike(
    data: str,
    k: int,
    metric: str,
    threads: int,
    algorithm: str = "auto",
    kind: str | None = None,
) -> Timed:
    """Ours, batch of all queries."""
    from lookalike.search import NearestNeighbors

    X, Q = load(data)
    if kind is not None:
        X, Q = X.astype(kind), Q.astype(kind)
    index = NearestNeighbors(k, algorithm=algorithm, metric=metric, n_jobs=threads)
    index.fit(X)

    def describe(answer: Any) -> dict[str, Any]:
        return {"exact": is_exact(answer, data, k, metric), "axes": index.n_axes_}

    return lambda: index.kneighbors(Q), describe


def fit(data: str, threads: int) -> Callable[[], Any]:
    """Build our index."""
    from lookalike.search import NearestNeighbors

    X, _ = load(data)
    return lambda: NearestNeighbors(10, n_jobs=threads).fit(X)


def _latencies(
    search: Callable[[Array], Any], Q: Array, check: Check = lambda found: {}
) -> Timed:
    """``check`` gives further columns from distances and rows of all queries."""
    import time

    def call() -> tuple[list[float], list[Any]]:
        taken, found = [], []
        for q in Q[:ONE_BY_ONE]:
            start = time.perf_counter()
            found.append(search(q[None]))
            taken.append(time.perf_counter() - start)
        return taken, found

    def describe(answer: tuple[list[float], list[Any]]) -> dict[str, Any]:
        taken, found = answer
        p50, p99 = np.percentile(taken, [50, 99]) * 1e3
        together = [np.concatenate(parts) for parts in zip(*found, strict=True)]
        return {"p50_ms": float(p50), "p99_ms": float(p99), **check(together)}

    return call, describe


def lookalike_one_by_one(data: str, k: int, threads: int) -> Timed:
    """Ours, a thousand queries one at a time."""
    from lookalike.search import NearestNeighbors

    X, Q = load(data)
    index = NearestNeighbors(k, metric="sqeuclidean", n_jobs=threads).fit(X)

    def check(found: Any) -> dict[str, Any]:
        return {"exact": is_exact(found, data, k, "sqeuclidean", ONE_BY_ONE)}

    return _latencies(index.kneighbors, Q, check)


def _faiss_index(X: Array, metric: str, threads: int) -> Any:
    import faiss

    faiss.omp_set_num_threads(threads)
    flat = faiss.IndexFlatL2 if metric == "sqeuclidean" else faiss.IndexFlatIP
    index = flat(X.shape[1])
    index.add(X)
    return index


def _float32(data: str, metric: str) -> tuple[Array, Array]:
    X, Q = (a.astype(np.float32) for a in load(data))
    if metric == "cosine":
        X, Q = (a / np.linalg.norm(a, axis=1, keepdims=True) for a in (X, Q))
    return X, Q


def faiss_flat(data: str, k: int, metric: str, threads: int) -> Callable[[], Any]:
    """Faiss: products by BLAS, one heap a query. Cosine on rows of length one."""
    X, Q = _float32(data, metric)
    index = _faiss_index(X, metric, threads)
    return lambda: index.search(Q, k)


def faiss_one_by_one(data: str, k: int, threads: int) -> Timed:
    """Faiss, a thousand queries one at a time."""
    X, Q = _float32(data, "sqeuclidean")
    index = _faiss_index(X, "sqeuclidean", threads)
    return _latencies(lambda q: index.search(q, k), Q)


@cache
def _radius(data: str) -> float:
    """Squared, and half between whole numbers: no rounding decides who is within."""
    tenth = _reference(data, 10, "sqeuclidean")["distances"][:, -1]
    return float(np.floor(np.median(tenth))) + 0.5


def _count(answer: Any) -> dict[str, Any]:
    return {"found": sum(map(len, answer[1]))}


def lookalike_within(data: str, threads: int) -> Timed:
    """Ours, everything within a radius of each query."""
    from lookalike.search import NearestNeighbors

    (X, Q), radius = load(data), _radius(data)
    index = NearestNeighbors(metric="sqeuclidean", n_jobs=threads).fit(X)

    def describe(answer: Any) -> dict[str, Any]:
        return {**_count(answer), "exact": is_exact_within(answer, data, radius)}

    return lambda: index.radius_neighbors(Q, radius), describe


def faiss_within(data: str, threads: int) -> Timed:
    """Faiss's range search."""
    X, Q = _float32(data, "sqeuclidean")
    index, radius = _faiss_index(X, "sqeuclidean", threads), _radius(data)
    return lambda: index.range_search(Q, radius), lambda answer: {
        "found": int(answer[0][-1])
    }


def scikit_learn_within(data: str, threads: int) -> Timed:
    """scikit-learn's brute force within a radius."""
    from sklearn.neighbors import NearestNeighbors

    (X, Q), radius = _float32(data, "sqeuclidean"), np.sqrt(_radius(data))
    index = NearestNeighbors(algorithm="brute", n_jobs=threads).fit(X)
    return lambda: index.radius_neighbors(Q, radius), _count


def scikit_learn(data: str, k: int, metric: str, threads: int) -> Callable[[], Any]:
    """scikit-learn's brute force, float32 as it is fastest."""
    from sklearn.neighbors import NearestNeighbors

    X, Q = _float32(data, "sqeuclidean")
    index = NearestNeighbors(
        n_neighbors=k, algorithm="brute", metric=metric, n_jobs=threads
    ).fit(X)
    return lambda: index.kneighbors(Q)


def intelex(data: str, k: int, metric: str, threads: int) -> Callable[[], Any]:
    """scikit-learn's Intel extension."""
    import daal4py
    from sklearnex.neighbors import NearestNeighbors

    daal4py.daalinit(threads)
    X, Q = _float32(data, metric)
    metric = "euclidean" if metric == "sqeuclidean" else metric
    index = NearestNeighbors(n_neighbors=k, algorithm="brute", metric=metric).fit(X)
    return lambda: index.kneighbors(Q)


def torch_products(data: str, k: int, metric: str, threads: int) -> Callable[[], Any]:
    """Torch: products of blocks, then topk."""
    import torch

    torch.set_num_threads(threads)
    X, Q = (torch.from_numpy(a) for a in _float32(data, metric))
    half = 0.5 * (X * X).sum(1) if metric == "sqeuclidean" else torch.zeros(len(X))

    def search() -> Any:
        return [
            torch.topk(half - q @ X.T, k, largest=False) for q in torch.split(Q, 500)
        ]

    return search


# --- the definition -------------------------------------------------------------------


def is_exact(answer: Any, data: str, k: int, metric: str, n: int | None = None) -> bool:
    """Whether indices, ties included, and distances are those of the definition.

    n : queries that were asked, the first ones; None is all
    """
    distances, rows = answer
    expected = _reference(data, k, metric)
    same_rows = np.array_equal(rows, expected["rows"][:n])
    return bool(same_rows and np.array_equal(distances, expected["distances"][:n]))


def is_exact_within(answer: Any, data: str, radius: float) -> bool:
    """Whether just the rows within the radius are found, nearest first, ties by row."""
    for q, squared in enumerate(_squared_distances(*load(data))):
        near = np.flatnonzero(squared <= radius)
        near = near[np.argsort(squared[near], kind="stable")]
        pairs = zip((each[q] for each in answer), (squared[near], near), strict=True)
        if not all(np.array_equal(found, expected) for found, expected in pairs):
            return False
    return True


def _reference(data: str, k: int, metric: str) -> dict[str, Array]:
    """Computed once in a run and kept in its folder."""
    folder = Path(os.environ["LOOKALIKE_BENCH_ANSWERS"])
    path = folder / f"{data}-{k}-{metric}.npz"
    if not path.exists():
        X, Q = load(data)
        whole = X.dtype == np.uint8 and metric == "sqeuclidean"
        distances, rows = (_by_numpy if whole else _by_brute)(X, Q, k, metric)
        np.savez(path, distances=distances, rows=rows)
    with np.load(path) as kept:
        return dict(kept)


def _by_numpy(X: Array, Q: Array, k: int, metric: str) -> tuple[Array, Array]:
    """The stable sort settles ties."""
    distances, rows = np.empty((len(Q), k)), np.empty((len(Q), k), np.int64)
    for i, squared in enumerate(_squared_distances(X, Q)):
        near = np.flatnonzero(squared <= np.partition(squared, k - 1)[k - 1])
        near = near[np.argsort(squared[near], kind="stable")[:k]]
        rows[i], distances[i] = near, squared[near]
    return distances, rows


def _squared_distances(X: Array, Q: Array) -> Iterator[Array]:
    """To every row, for one query after the other, exact for whole numbers."""
    wide = X.astype(np.float64)
    squares = (wide * wide).sum(1)
    for i in range(0, len(Q), 250):
        q = Q[i : i + 250].astype(np.float64)
        yield from (q * q).sum(1)[:, None] + squares - 2 * (q @ wide.T)


def _by_brute(X: Array, Q: Array, k: int, metric: str) -> tuple[Array, Array]:
    from lookalike.search import NearestNeighbors

    index = NearestNeighbors(k, algorithm="brute", metric=metric, n_jobs=-1).fit(X)
    distances, rows = index.kneighbors(Q)
    return distances, rows
