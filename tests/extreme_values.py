"""Fit estimators and searches to extreme finite numbers, in memory of any form.

A program of its own, because it may crash: ``python tests/extreme_values.py ROOM SEED
ROUNDS``. It names each input before it is tried, so that the last line names the one
that crashed, and leaves with status 1 if an answer is wrong. Right is an answer of
finite numbers, of classes, clusters and rows that there are, or a ValueError about the
input; but each method has to answer once. Run it with ``NUMBA_BOUNDSCHECK=1`` and a
``NUMBA_CACHE_DIR`` of its own.
"""

import copy
import pickle
import sys
import warnings
import zlib
from collections import Counter, defaultdict
from functools import partial
from pathlib import Path
from runpy import run_path

import numpy as np
from scipy.sparse import csr_array, issparse
from sklearn.utils import get_tags

from lookalike import search
from lookalike.search.index import METRICS
from lookalike.search.product_quantisation import ProductQuantisation

INNER = (
    "array must not contain",
    "broadcast",
    "contain NaN",
    "contains NaN",
    "convert",
    "did not converge",
    "division",
    "Eigenvalues",
    "mismatch",
    "Numerical result",
    "object has no",
    "singular",
    "sum to 1",
    "unpack",
    "zero-size",
)
"""What the message of an inner error says, and no sentence about the input."""

SLOW = {
    "ContrastiveEmbedding",
    "ConvNetClassifier",
    "ConvolutionalClassifier",
    "ConvolutionalEmbedding",
}
"""Networks of images: tried with the first seed of a round alone."""

METHODS = (
    "predict",
    "predict_proba",
    "decision_function",
    "transform",
    "kneighbors",
    "radius_neighbors",
)
NAME_ROWS = "kneighbors", "radius_neighbors", "query"
PATIENCE = 20
"""Times as many rounds for what has refused all so far."""
answered = defaultdict(Counter)
"""By name, how often each of its methods gave an answer."""


def numbers(rng, kind, shape):
    """Finite numbers, some or all of them extreme."""
    info = np.finfo(kind)
    most = float(info.max)
    extremes = np.array(
        [
            *(sign * most * part for sign in (1, -1) for part in (1, 0.5, 1e-3)),
            *(sign * most**0.5 * part for sign in (1, -1) for part in (2, 0.5, 1e-3)),
            *(float(info.tiny), float(info.smallest_subnormal), -0.0, 0.0),
            *(float(info.eps), 1 / float(info.eps), 9.96921e36, -3.4028235e38, 1e20),
        ]
    )
    X = rng.normal(size=shape)
    picked = rng.choice(extremes, size=shape)
    way = rng.integers(7)
    if way == 0:
        X = np.where(rng.random(shape) < 3 / X.size, picked, X)
    elif way == 1:
        power = np.log10(most)
        X *= 10.0 ** rng.uniform(-power, power - 2)
    elif way == 2:
        column = (..., rng.integers(shape[-1]))
        X[column] = picked[column]
    elif way == 3:
        X[rng.integers(shape[0])] = picked.flat[0]
    elif way == 4:
        X = picked
    elif way == 5:
        X = np.float64(rng.integers(0, 256, shape))
    else:
        X = X + rng.choice([1e4, 1e8, 1e12])
    return np.clip(X, -most, most).astype(kind)


def in_memory(rng, array):
    """The same values somewhere else: at an odd address, turned, read-only."""
    array = np.asarray(array)
    raw = np.zeros(array.nbytes + 4096 + 64, np.uint8)
    start = -raw.ctypes.data % 4096 + int(rng.choice([0, 1, 8, 16, 32]))
    order = "F" if rng.random() < 0.3 else "C"
    values = raw[start : start + array.nbytes].view(array.dtype)
    placed = values.reshape(array.shape, order=order)
    placed[...] = array
    placed.flags.writeable = rng.random() < 0.5
    return placed


def wrong(condition, what):
    """Raise unless something holds."""
    if condition:
        raise AssertionError(what)


def judge(model, method, answer, n_samples):
    """Raise if an answer is not finite, or names what is not there."""
    for part in answer if isinstance(answer, tuple) else (answer,):
        array = np.asarray(part)
        if array.dtype == object and method == "radius_neighbors":
            array = np.concatenate([np.zeros(0), *array])
        if array.dtype.kind == "f":
            wrong(not np.isfinite(array).all(), f"{method} is not finite")
        if array.dtype.kind == "i" and method in NAME_ROWS:
            there = (array >= 0) & (array < n_samples)
            wrong(not there.all(), f"{method} names rows that are not there")
    if method == "predict" and hasattr(model, "classes_"):
        wrong(not np.isin(answer, model.classes_).all(), "classes that are not there")
    if method == "predict" and hasattr(model, "cluster_centers_"):
        there = (answer >= 0) & (answer < len(model.cluster_centers_))
        wrong(not there.all(), "clusters that are not there")
    if method == "predict_proba":
        wrong(answer.min() < 0 or answer.max() > 1, "no probabilities")
        wrong(abs(answer.sum(axis=1) - 1).max() > 1e-4, "probabilities that do not add")


def copied(rng, model):
    """The model, pickled, deep-copied or as it is."""
    way = rng.integers(3)
    if way == 0:
        return copy.deepcopy(model)
    return pickle.loads(pickle.dumps(model)) if way == 1 else model


def try_estimator(rng, name, model):
    """Fit it and ask it everything."""
    kind = rng.choice([np.float32, np.float64])
    shape = int(rng.choice([2, 7, 40, 150])), int(rng.choice([1, 3, 16, 17, 40]))
    X = in_memory(rng, numbers(rng, kind, shape))
    y = rng.integers(0, rng.integers(2, 4), shape[0])
    y[:2] = 0, 1
    if get_tags(model).estimator_type == "regressor":
        y = numbers(rng, kind, (*shape[:1], 1))[:, 0]
    if getattr(model, "kernel", "") == "precomputed":
        X = in_memory(rng, numbers(rng, kind, (shape[0], shape[0])))
    elif get_tags(model).input_tags.sparse and rng.random() < 0.3:
        X = csr_array(np.where(rng.random(shape) < 0.5, X, 0))
    model.fit(X, y)
    for name, value in vars(model).items():
        if name.endswith("_") and isinstance(value, np.ndarray | float):
            value = np.asarray(value)
            bad = value.dtype.kind == "f" and not np.isfinite(value).all()
            wrong(bad, f"{name} is not finite")
    model = copied(rng, model)
    other = in_memory(rng, numbers(rng, kind, (9, X.shape[1])))
    other = csr_array(other) if issparse(X) else other
    for method in METHODS:
        for Q in (X, other):
            if hasattr(model, method):
                refusable(
                    name, method, lambda m=method, Q=Q: ask(model, m, Q, shape[0])
                )


def ask(model, method, Q, n_samples):
    """Ask for an answer, and judge it."""
    judge(model, method, getattr(model, method)(Q), n_samples)


def refusable(name, method, call):
    """Call it; a ValueError that is a sentence about the input is right."""
    answered[name][method] += 0
    try:
        call()
        answered[name][method] += 1
    except ValueError as error:
        inner = [words for words in INNER if words in str(error)]
        wrong(inner, f"inner message: {error}")


def try_search(rng, name, turn):
    """Search among rows by every structure, and compare with all distances."""
    kind = rng.choice([np.float32, np.float64])
    lists = turn % 40 == 7  # rows enough for lists take seconds
    n, d = (
        (8200 if lists else int(rng.choice([1, 5, 300, 1100]))),
        int(rng.choice([1, 3, 16, 40])),
    )
    X = in_memory(rng, numbers(rng, kind, (n, d)))
    Q = in_memory(rng, numbers(rng, kind, (5, d)))
    metric = str(rng.choice(METRICS))
    k = int(rng.integers(1, min(n, 20) + 1))
    portable = str(rng.choice(["auto", "rotation", "portable"]))
    other = search.NearestNeighbors(
        k, metric=rng.choice(["chebyshev", "minkowski"]), p=3
    )
    lsh = search.LSH(k, metric=metric, random_state=0)
    codes = ProductQuantisation(n_neighbors=k)
    approximate = search.ApproximateNeighbors(k, metric=metric)
    calls = {
        "exact": lambda: compare(rng, X, Q, metric, k, portable),
        "sparse": lambda: compare_sparse(rng, X, Q, metric, k),
        other.metric: lambda: ask(other.fit(X), "kneighbors", Q, n),
        "tree": lambda: ask(search.KDTree(X), "query", Q, n),
        "codes": lambda: ask(codes.fit(X), "kneighbors", Q, n),
        "collection": lambda: collect(rng, X, Q, metric, k),
    }
    if metric in ("euclidean", "cosine"):
        calls["hashes"] = lambda: ask(lsh.fit(X), "kneighbors", Q, n)
    if metric != "manhattan":
        calls["approximate"] = lambda: ask(
            copied(rng, approximate.fit(X)), "kneighbors", Q, n
        )
    for method, call in calls.items():
        refusable(name, method, call)


def compare(rng, X, Q, metric, k, algorithm):
    """The exact search, which skips rows, against all distances."""
    model = search.NearestNeighbors(k, metric=metric, algorithm=algorithm).fit(X)
    found = copied(rng, model).kneighbors(Q)
    judge(model, "kneighbors", found, len(X))
    every = search.NearestNeighbors(k, metric=metric, algorithm="brute").fit(X)
    for one, two in zip(found, every.kneighbors(Q), strict=True):
        wrong(not (one == two).all(), f"{algorithm} and brute differ")
    ask(model, "radius_neighbors", Q, len(X))


def compare_sparse(rng, X, Q, metric, k):
    """Sparse rows; and sparse queries of dense rows, which are those queries."""
    model = search.NearestNeighbors(k, metric=metric)
    expected = model.fit(X).kneighbors(Q)
    for one, two in zip(model.kneighbors(csr_array(Q)), expected, strict=True):
        wrong(not (one == two).all(), "sparse and dense queries differ")
    ask(copied(rng, model.fit(csr_array(X))), "kneighbors", csr_array(Q), len(X))


def collect(rng, X, Q, metric, k):
    """A collection that changes, and is made again from its state."""
    n = len(X)
    collection = search.Collection(metric=metric, n_neighbors=k)
    collection.add(np.arange(n), X)
    collection.update(np.arange(min(n, 3)), Q[: min(n, 3)])
    state = pickle.loads(pickle.dumps(collection.state()))
    for one in (collection, search.Collection.from_state(*state)):
        found = one.search(Q, k)
        wrong(not np.isfinite(found.distances).all(), "distances are not finite")
        judge(one, "kneighbors", found.ids, n)


def main(room: str, seed: int, rounds: int) -> int:
    """Try ``rounds`` inputs on everything in a room; returns how many went wrong."""
    battery = run_path(str(Path(__file__).with_name("test_estimators.py")))
    kinds = [
        kind
        for kind in battery["ESTIMATORS"]
        if kind.__module__.startswith(f"lookalike.{room}.")
        and kind not in battery["TEXTS"]
    ]
    tries = [(repr(m), m) for m in battery["instances"](kinds)]
    if room == "search":
        tries = [("search", None)]
        rounds *= 8
    n_wrong = n_tried = 0
    for name, model in tries:
        name = " ".join(name.split())
        enough = 1 if type(model).__name__ in SLOW else rounds
        for turn in range(PATIENCE * enough):
            if turn >= enough and all(answered[name].values()):
                break
            line = f"{seed} {turn} {name}"
            rng = np.random.default_rng([seed, turn, zlib.crc32(name.encode())])
            print(line, flush=True)
            n_tried += 1
            try:
                if model is None:
                    try_search(rng, name, turn)
                else:
                    fit = partial(try_estimator, rng, name, copy.deepcopy(model))
                    refusable(name, "fit", fit)
            except Exception as error:
                n_wrong += 1
                print(f"WRONG {line}: {type(error).__name__}: {error}", flush=True)
        for method, n_answers in answered[name].items():
            if n_answers == 0:
                n_wrong += 1
                print(f"WRONG {name}: {method} never gave an answer", flush=True)
    print(f"{n_tried} inputs, {n_wrong} wrong")
    return n_wrong


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.exit(bool(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
