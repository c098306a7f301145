"""Engines as plain arrays: restored without a fit, mapped, with the same answers."""

import json

import numpy as np
import pytest

from lookalike.kernels import simd
from lookalike.search import ApproximateNeighbors, NearestNeighbors
from lookalike.search.approximate import Plan
from lookalike.search.index import ExactIndex
from lookalike.search.inverted_file import InvertedFile
from lookalike.search.memory import aligned, for_kernels
from lookalike.search.product_quantisation import ProductQuantisation
from lookalike.search.recall_guarantee import Interval
from lookalike.search.rotation import RotationFilter
from lookalike.search.vector_index import VectorIndex


def mapped(arrays, folder):
    """The same arrays, written and mapped read-only."""
    found = {}
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
        found[name] = np.load(folder / f"{name}.npy", mmap_mode="r")
        assert not found[name].flags.writeable
    return found


def saved(model, folder):
    """State as a system keeps it: arrays mapped, the document through JSON."""
    arrays, about = model.state()
    return mapped(arrays, folder), json.loads(json.dumps(about))


def assert_state(model, arrays, about, *options):
    """The model has exactly this state: nothing was lost or changed."""
    found, document = model.state(*options)
    assert found.keys() == arrays.keys()
    for name, array in found.items():
        np.testing.assert_array_equal(array, arrays[name])
        assert array.dtype == arrays[name].dtype
    assert json.loads(json.dumps(document)) == json.loads(json.dumps(about))


@pytest.fixture
def no_fit(monkeypatch):
    """Fail where a filter is learned or an index is built."""

    def refuse(*_, **__):
        raise AssertionError("fitted")

    def forbid():
        monkeypatch.setattr(RotationFilter, "fit", refuse)
        monkeypatch.setattr(ExactIndex, "__init__", refuse)
        for engine in (NearestNeighbors, ApproximateNeighbors, ProductQuantisation):
            monkeypatch.setattr(engine, "fit", refuse)

    return forbid


ROWS = {
    "bytes": lambda rng: rng.integers(0, 256, (2_000, 40), np.uint8),
    "float32": lambda rng: rng.normal(size=(2_000, 12)).astype(np.float32),
    "low rank": lambda rng: rng.normal(size=(2_000, 6)) @ rng.normal(size=(6, 200)),
    "float64": lambda rng: rng.normal(size=(1_500, 30)) * 2.0 ** rng.normal(size=30),
}


@pytest.mark.parametrize("kind", ROWS)
@pytest.mark.parametrize(
    ("metric", "algorithm"),
    [
        ("euclidean", "auto"),
        ("euclidean", "portable"),
        ("cosine", "auto"),
        ("inner_product", "rotation"),
        ("manhattan", "auto"),
        ("sqeuclidean", "brute"),
    ],
)
def test_an_exact_search_is_restored_to_the_bit(
    kind, metric, algorithm, tmp_path, no_fit
):
    rng = np.random.default_rng(0)
    X = ROWS[kind](rng)
    fitted = NearestNeighbors(np.int64(4), metric=metric, algorithm=algorithm).fit(X)
    Q = np.vstack([X[:20], X[20:40] + 1])
    if kind == "low rank":  # fewer axes than features
        exact = metric == "manhattan" or algorithm == "brute"
        assert fitted.n_axes_ == (None if exact else 7)
    expected = fitted.kneighbors(Q), fitted.kneighbors(Q[:7], 11)
    within = fitted.radius_neighbors(Q[:5], float(np.median(expected[0][0])))
    arrays, about = saved(fitted, tmp_path)
    no_fit()
    model = NearestNeighbors.from_state(arrays, about)
    assert model.get_params() == fitted.get_params()
    for name in ("n_samples_fit_", "n_features_in_", "n_axes_", "effective_metric_"):
        assert getattr(model, name) == getattr(fitted, name)
    found = model.kneighbors(Q), model.kneighbors(Q[:7], 11)
    np.testing.assert_equal(found, expected)
    again = model.radius_neighbors(Q[:5], float(np.median(expected[0][0])))
    for one, other in zip(again, within, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)
    assert_state(model, arrays, about)
    for name, array in model.state()[0].items():
        assert np.shares_memory(array, arrays[name])  # mapped, not copied


def test_arrays_in_memory_that_no_cache_line_begins_are_aligned():
    rng = np.random.default_rng(0)
    fitted = NearestNeighbors().fit(ROWS["bytes"](rng))
    arrays, about = fitted.state()
    panels = arrays["panels"]
    buffer = aligned((panels.nbytes + 64,), np.uint8)
    off = buffer[4 : 4 + panels.nbytes].view(panels.dtype).reshape(panels.shape)
    off[...] = panels
    model = NearestNeighbors.from_state({**arrays, "panels": off}, about)
    assert model.state()[0]["panels"].ctypes.data % 64 == 0
    Q = ROWS["bytes"](rng)[:30]
    np.testing.assert_equal(model.kneighbors(Q), fitted.kneighbors(Q))


@pytest.mark.parametrize("dtype", [np.int8, np.uint32, np.float64])
@pytest.mark.parametrize("shape", [(1,), (3, 5), (7, 2, 16)])
def test_aligned_arrays_are_zeros_that_begin_at_a_cache_line(shape, dtype):
    arrays = [aligned(shape, dtype) for _ in range(20)]
    for array in arrays:
        assert array.ctypes.data % 64 == 0
        assert array.shape == shape
        assert array.dtype == dtype
        assert array.flags.c_contiguous
        assert array.flags.writeable
        assert not array.any()
        array[...] = 1  # in memory of its own


def test_memory_that_is_aligned_is_not_copied():
    array = aligned((5, 16), np.int32)
    array.flags.writeable = False
    found = for_kernels(array, at_line=True)
    assert found.flags.writeable
    assert np.shares_memory(found, array)


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("rows", lambda a: a[:-1]),
        ("norms", lambda a: a[1:]),
        ("panels", lambda a: a[:-1]),
        ("starts", lambda a: a * 0),
        ("mean", lambda a: a[:-1]),
    ],
)
def test_arrays_of_two_searches_are_refused(key, change):
    arrays, about = (
        NearestNeighbors().fit(ROWS["bytes"](np.random.default_rng(0))).state()
    )
    with pytest.raises(ValueError, match="belong together"):
        NearestNeighbors.from_state({**arrays, key: change(arrays[key])}, about)


def test_a_search_of_another_metric_is_refused():
    arrays, about = (
        NearestNeighbors().fit(ROWS["bytes"](np.random.default_rng(0))).state()
    )
    about["parameters"]["metric"] = "cosine"
    with pytest.raises(ValueError, match="belong together"):
        NearestNeighbors.from_state(arrays, about)


@pytest.mark.skipif(not simd.HAS_VNNI, reason="the index is portable anyway")
def test_a_processor_without_the_instructions_fits_anew(monkeypatch):
    X = ROWS["bytes"](np.random.default_rng(0))
    fitted = NearestNeighbors().fit(X)
    expected, (arrays, about) = fitted.kneighbors(X[:9]), fitted.state()
    monkeypatch.setattr(simd, "HAS_VNNI", False)
    model = NearestNeighbors.from_state(arrays, about)
    assert model.state()[0]["rows"].dtype == np.uint8
    np.testing.assert_equal(model.kneighbors(X[:9]), expected)


def test_codes_are_restored(tmp_path, no_fit):
    X = np.random.default_rng(0).normal(size=(600, 10)).astype(np.float32)
    fitted = ProductQuantisation(3).fit(X)
    expected = fitted.kneighbors(X[:20])
    arrays, about = saved(fitted, tmp_path)
    no_fit()
    model = ProductQuantisation.from_state(arrays, about)
    assert model.memory_ == fitted.memory_
    np.testing.assert_equal(model.kneighbors(X[:20]), expected)
    assert_state(model, arrays, about)
    assert np.shares_memory(model.codes_, arrays["codes"])  # mapped, not copied


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("centres", lambda a: a[:-1]),
        ("centres", lambda a: a.astype(np.float64)),
        ("centres", lambda a: a[:, :2]),
        ("centres", lambda a: a[..., None]),
        ("codes", lambda a: a.astype(np.int64)),
        ("codes", lambda a: a[:0]),
        ("codes", lambda a: a[:, :0]),
        ("codes", lambda a: a[..., None]),
    ],
)
def test_codes_and_centres_that_do_not_belong_together_are_refused(key, change):
    X = np.random.default_rng(0).normal(size=(600, 10)).astype(np.float32)
    arrays, about = ProductQuantisation(3).fit(X).state()
    with pytest.raises(ValueError, match="codes and centres do not belong together"):
        ProductQuantisation.from_state({**arrays, key: change(arrays[key])}, about)


@pytest.mark.parametrize(
    ("options", "method"),
    [({}, "exact"), ({"memory": 60_000}, "codes"), ({"recall": 0.9}, "")],
)
def test_a_vector_index_is_restored(options, method, tmp_path, no_fit):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(9_000, 8)).astype(np.float32)
    X /= np.linalg.norm(X, axis=1)[:, None]
    if "memory" not in options:
        X = X[: 9_000 if "recall" in options else 2_000]
    fitted = VectorIndex(X, **options)
    expected = fitted.nearest(X[:30], 5)
    arrays, about = saved(fitted, tmp_path)
    no_fit()
    model = VectorIndex.from_state(arrays, about, X)
    assert model.facts == fitted.facts
    assert method in model.facts["method"]
    np.testing.assert_equal(model.nearest(X[:30], 5), expected)
    assert_state(model, arrays, about)
    with pytest.raises(ValueError, match="Expected vectors of shape"):
        VectorIndex.from_state(arrays, about, X[1:])


@pytest.mark.parametrize("batches", [None, False, True])
def test_an_approximate_search_holds_its_index_or_is_given_it(
    batches, tmp_path, no_fit
):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(9_000, 8)).astype(np.float32)
    fitted = ApproximateNeighbors(5, recall=0.9).fit(X)
    # Which method is faster is not tested: the lists are used or not, as given.
    plan = None
    if batches is not None:
        rows, index = np.arange(9_000), fitted.exact_index
        lists = InvertedFile.build(index, 8, simd.HAS_VNNI, rows, rng, None)
        plan = Plan(lists, 5, 40, 20.0, 1.3, Interval(0.95, 0.94, 0.96))
    fitted._take(plan, bool(batches))
    expected = fitted.kneighbors(X[:50]), fitted.kneighbors(X[:3], 40)
    arrays, about = saved(fitted, tmp_path)
    rest = fitted.state(with_index=False)
    no_fit()
    for model in (
        ApproximateNeighbors.from_state(arrays, about),
        ApproximateNeighbors.from_state(*rest, fitted.exact_index),
    ):
        found = model.kneighbors(X[:50]), model.kneighbors(X[:3], 40)
        np.testing.assert_equal(found, expected)
        for name in (
            "recall_",
            "method_",
            "search_radius_",
            "rerank_ratio_",
            "memory_",
        ):
            assert getattr(model, name) == getattr(fitted, name)
        assert_state(model, arrays, about)
        assert_state(model, *rest, False)
    assert not any(name.startswith("index_") for name in rest[0])


@pytest.mark.parametrize(
    "model",
    [
        NearestNeighbors(np.int64(5), n_jobs=np.int64(1)),
        ApproximateNeighbors(
            np.int64(5), recall=np.float32(0.9), random_state=np.int64(7)
        ),
        ProductQuantisation(np.int64(3), random_state=np.random.RandomState(3)),
    ],
)
def test_parameters_are_json_and_a_generator_counts_as_zero(model):
    X = np.random.default_rng(0).normal(size=(300, 6)).astype(np.float32)
    arrays, about = model.fit(X).state()
    again = type(model).from_state(arrays, json.loads(json.dumps(about)))
    for name, value in model.get_params().items():
        expected = 0 if isinstance(value, np.random.RandomState) else value
        assert again.get_params()[name] == expected


@pytest.mark.parametrize("engine", [NearestNeighbors, ApproximateNeighbors])
def test_an_index_of_another_metric_is_refused(engine):
    X = np.random.default_rng(0).normal(size=(300, 6))
    arrays, about = engine().fit(X).state()
    about["parameters"]["metric"] = "cosine"
    with pytest.raises(ValueError, match="do not belong together"):
        engine.from_state(arrays, about)
