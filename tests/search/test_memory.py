"""Searches answer alike wherever their arrays lie, and whoever else holds the rows."""

import copy
import io
import pickle

import joblib
import numpy as np
import pytest
from numba import njit

from lookalike.kernels import simd
from lookalike.learn import KNeighborsClassifier
from lookalike.search import (
    LSH,
    ApproximateNeighbors,
    Collection,
    KDTree,
    NearestNeighbors,
)
from lookalike.search.index import ExactIndex
from lookalike.search.inverted_file import InvertedFile
from lookalike.search.product_quantisation import ProductQuantisation

OFFSETS = (0, 1, 8, 16, 32)
FIRST = "rotation" if simd.HAS_VNNI else "portable"
RNG = np.random.default_rng(0)
ROWS = {
    "bytes": RNG.integers(0, 256, (1300, 24)).astype(np.uint8),
    "float32": RNG.normal(size=(1300, 24)).astype(np.float32),
    "float64": RNG.normal(size=(1300, 24)),
}


def placed(array, offset):
    """The same values, read-only, so many bytes after the beginning of a page."""
    raw = np.zeros(array.nbytes + 8192, np.uint8)
    start = -raw.ctypes.data % 4096 + offset
    raw[start : start + array.nbytes] = np.frombuffer(array.tobytes(), np.uint8)
    raw.flags.writeable = False
    return raw[start : start + array.nbytes]


def again(model, offset):
    """The model pickled, and all of its arrays taken up at one offset."""
    buffers = []
    data = pickle.dumps(model, protocol=5, buffer_callback=buffers.append)
    arrays = [np.frombuffer(buffer.raw(), np.uint8) for buffer in buffers]
    return pickle.loads(data, buffers=[placed(array, offset) for array in arrays])


def dumped(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


class Lists:
    """An approximate search by its lists alone, whatever is faster here."""

    def fit(self, X):
        exact = ExactIndex(X, "euclidean", 5, True, not simd.HAS_VNNI, None)
        rows, rng = np.arange(len(X)), np.random.default_rng(0)
        self.lists = InvertedFile.build(exact, 24, simd.HAS_VNNI, rows, rng, None)
        return self

    def kneighbors(self, Q):
        return self.lists.nearest(Q, 5, 100, 30.0, 2.0, None)


class Tree:
    def fit(self, X):
        self.tree = KDTree(X)
        return self

    def kneighbors(self, Q):
        return self.tree.query(Q, 5)


MODELS = {
    "exact": lambda: NearestNeighbors(algorithm=FIRST),
    "portable": lambda: NearestNeighbors(algorithm="portable"),
    "cosine": lambda: NearestNeighbors(algorithm=FIRST, metric="cosine"),
    "product": lambda: NearestNeighbors(algorithm=FIRST, metric="inner_product"),
    "brute": lambda: NearestNeighbors(algorithm="brute", metric="manhattan"),
    "lists": Lists,
    "tree": Tree,
    "hashes": lambda: LSH(random_state=0),
    "codes": ProductQuantisation,
}


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("name", MODELS)
def test_a_copy_answers_alike_wherever_its_arrays_lie(name, rows):
    X = ROWS[rows]
    Q = X[:40]
    model = MODELS[name]().fit(X)
    expected = model.kneighbors(Q)
    copies = [again(model, offset) for offset in OFFSETS]
    copies += [copy.deepcopy(model), dumped(model)]
    del model  # no copy may lean on it
    for one in copies:
        np.testing.assert_equal(one.kneighbors(Q), expected)
        np.testing.assert_equal(copy.deepcopy(one).kneighbors(Q), expected)


def test_a_copy_of_an_approximate_search_answers_alike():
    X = np.random.default_rng(1).normal(size=(8300, 12))
    model = ApproximateNeighbors(5).fit(X)
    expected = model.kneighbors(X[:40])
    for offset in OFFSETS:
        np.testing.assert_equal(again(model, offset).kneighbors(X[:40]), expected)


def test_a_copy_of_a_classifier_answers_alike():
    X, y = ROWS["float64"], np.arange(1300) % 3
    model = KNeighborsClassifier().fit(X, y)
    expected = model.predict_proba(X[:40])
    for one in (*(again(model, offset) for offset in OFFSETS), dumped(model)):
        np.testing.assert_array_equal(one.predict_proba(X[:40]), expected)


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("rows", ROWS)
def test_a_collection_is_made_again_from_arrays_that_lie_anywhere(rows, offset):
    X = ROWS[rows]
    shop = Collection()
    shop.add(np.arange(1200), X[:1200])
    shop.rebuild()
    shop.add(np.arange(1200, 1300), X[1200:])
    arrays, about = shop.state()
    moved = {
        name: placed(array, offset).view(array.dtype).reshape(array.shape)
        for name, array in arrays.items()
    }
    found, expected = (
        one.search(X[:40], 5) for one in (Collection.from_state(moved, about), shop)
    )
    np.testing.assert_array_equal(found.ids, expected.ids)
    np.testing.assert_array_equal(found.distances, expected.distances)


def test_a_copy_that_is_searched_compiles_no_kernel_again():
    from lookalike.kernels.neighbors import nearest

    X = ROWS["float32"]
    model = NearestNeighbors(algorithm=FIRST).fit(X)
    model.kneighbors(X[:3])
    compiled = len(nearest.signatures)
    again(model, 8).kneighbors(X[:3])
    assert len(nearest.signatures) == compiled


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("name", MODELS)
def test_what_the_caller_does_with_the_rows_changes_no_answer(name, rows):
    X = ROWS[rows].copy()
    Q = X[:40].copy()
    model = MODELS[name]().fit(X)
    expected = copy.deepcopy(model.kneighbors(Q))
    X[:] = 3
    np.testing.assert_equal(model.kneighbors(Q), expected)


@njit
def tiles(q, x, start, keys, minima, rows):
    n_pairs = x.shape[0]
    for r in range(0, rows, 6):
        simd.tile_of_six(
            q.ctypes.data + r * 4 * n_pairs,
            4 * n_pairs,
            x.ctypes.data,
            n_pairs,
            start.ctypes.data,
            keys.ctypes.data + r * 256,
            256,
            minima.ctypes.data + r * 4,
            4,
        )


@pytest.mark.skipif(not simd.HAS_VNNI, reason="needs the processor's instruction")
@pytest.mark.parametrize("offset", OFFSETS)
def test_a_tile_reads_and_writes_at_any_address(offset):
    rng = np.random.default_rng(0)
    q, x = rng.integers(-99, 99, (6, 10)), rng.integers(-99, 99, (5, 64, 2))
    start = rng.integers(-99, 99, 64)

    def moved(array, kind):
        array = np.asarray(array, kind)
        return placed(array, offset).view(kind).reshape(array.shape)

    raw = np.zeros(8192, np.uint8)
    at = -raw.ctypes.data % 4096 + offset
    keys = raw[at : at + 1536].view(np.int32).reshape(6, 64)
    minima = np.empty(6, np.int32)
    given = moved(q, np.int16), moved(x, np.int16), moved(start, np.int32)
    tiles(*given, keys, minima, 6)
    expected = start + np.einsum("rpi,pji->rj", q.reshape(6, 5, 2), x)
    np.testing.assert_array_equal(keys, expected)
    np.testing.assert_array_equal(minima, expected.min(axis=1))
