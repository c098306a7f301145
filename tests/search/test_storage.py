"""A saved collection is mapped, whole, and the one that was saved, or it is refused."""

import json
import mmap

import numpy as np
import pytest

from lookalike import _files
from lookalike._texts import Texts
from lookalike.kernels import simd
from lookalike.search import ApproximateNeighbors, Collection, storage
from lookalike.search.approximate import Plan
from lookalike.search.index import ExactIndex
from lookalike.search.inverted_file import InvertedFile
from lookalike.search.recall_guarantee import Interval
from lookalike.search.rotation import RotationFilter

METRICS = ["euclidean", "sqeuclidean", "cosine", "inner_product", "manhattan"]
ALGORITHMS = ["brute", "rotation", "portable"] if simd.HAS_VNNI else ["brute"]
Q = np.random.default_rng(1).integers(0, 30, size=(3, 5))


def filled(metric="euclidean", algorithm="rotation", kind=np.uint8, seed=0, text=False):
    """Items with a built index, some dead, some in the delta."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 30, size=(400, 5)).astype(kind)
    ids = np.arange(400)
    if text:
        ids = ids.astype(str)
    items = Collection(metric, algorithm=algorithm)
    items.add(ids, X)
    items.rebuild()
    items.remove(ids[::9])
    items.update(ids[1::9], X[::9][: len(ids[1::9])])
    return items


def assert_same(one, two):
    for k in (1, 20, 1_000):
        a, b = one.search(Q, k), two.search(Q, k)
        np.testing.assert_array_equal(a.ids, b.ids)
        np.testing.assert_array_equal(a.distances, b.distances)
    np.testing.assert_array_equal(one.ids, two.ids)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_what_was_saved_answers_the_same(metric, algorithm, kind, tmp_path):
    items = filled(metric, algorithm, kind)
    loaded = Collection.load(items.save(tmp_path / "items"))
    assert_same(loaded, items)
    for one in (loaded, items):
        one.remove([1, 2])
        one.add([9_999, 1], [[1, 2, 3, 4, 5]] * 2)
        one.update([3], [[0.5] * 5])
    assert_same(loaded, items)
    loaded.rebuild()
    assert_same(loaded, items)


def test_a_collection_that_holds_nothing_can_be_saved(tmp_path):
    loaded = Collection.load(Collection("cosine").save(tmp_path / "none"))
    assert len(loaded) == 0
    loaded.add(["a"], [[1, 2]])
    loaded.remove(["a"])
    again = Collection.load(loaded.save(tmp_path / "gone"))
    with pytest.raises(ValueError, match="The ids here are text"):
        again.add([1], [[1, 2]])
    with pytest.raises(ValueError, match="must have 2 features"):
        again.add(["b"], [[1, 2, 3]])


def test_ids_of_text_are_saved(tmp_path):
    items = filled(text=True)
    assert_same(Collection.load(items.save(tmp_path / "items")), items)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("text", [False, True])
@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize(
    ("n", "late"), [(0, 0), (1, 0), (10, 0), (1_100, 0), (1_100, 1), (0, 1)]
)
def test_whatever_was_saved_can_be_loaded(n, late, kind, text, metric, tmp_path):
    X = np.random.default_rng(0).integers(0, 30, size=(n + late, 5)).astype(kind)
    X = X / 8 if kind == np.float64 else X
    ids = [f"id {i}" * (i % 3) + str(i) for i in range(n + late)]
    if not text:
        ids = list(range(n + late))
    items = Collection(metric)
    items.add(ids[:n], X[:n])
    if n:
        items.rebuild()
    items.add(ids[n:], X[n:])
    loaded = Collection.load(items.save(tmp_path / "items"))
    assert_same(loaded, items)
    assert loaded.ids.tolist() == ids
    for one in (loaded, items):
        one.upsert(ids[:1], X[:1])
        one.remove(ids[1:3])
    assert_same(loaded, items)
    again = Collection.load(loaded.save(tmp_path / "again"))
    assert_same(again, items)


@pytest.mark.parametrize("late", [False, True])
def test_text_of_fixed_width_is_still_read(late, tmp_path):
    ids = [f"id {i}" for i in range(400)]
    items = Collection()
    items.add(ids, np.random.default_rng(0).integers(0, 30, size=(400, 5)))
    items.rebuild()
    if late:
        items.add(["new"], [[1] * 5])
    arrays, about = items.state()
    for name in ("base_ids", "delta_ids"):
        texts = Texts.of_arrays(name, arrays).tolist()
        del arrays[f"{name}_ends"]
        # What no row had no kind either.
        arrays[name] = np.array(texts) if texts else np.empty(0, np.int64)
    folder = storage.write_folder(tmp_path / "items", arrays, about)
    assert_same(Collection.load(folder), items)


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("base_ids", lambda a: a[:-1]),
        ("base_ids", lambda a: a.astype(np.int64)),
        ("base_ids", lambda a: a | 0x80),
        ("base_ids", lambda a: a.astype(str)),
        ("base_ids_ends", lambda a: a[:-1]),
        ("base_ids_ends", lambda a: a[::-1]),
        ("base_ids_ends", lambda a: a - 1),
        ("base_ids_ends", lambda a: np.where(np.arange(len(a)) == 3, a - 1, a)),
        ("base_ids_ends", lambda a: a.astype(np.int32)),
        ("base_ids_ends", lambda a: a[None]),
        ("delta_ids_ends", lambda a: a[:-1]),
    ],
)
def test_texts_that_do_not_fit_are_refused(key, change, tmp_path):
    ids = [f"{i}é" for i in range(400)]
    items = Collection()
    items.add(ids[:-9], np.random.default_rng(0).random((391, 5)))
    items.rebuild()
    items.add(ids[-9:], np.random.default_rng(0).random((9, 5)))
    arrays, about = items.state()
    arrays[key] = change(arrays[key])
    folder = storage.write_folder(tmp_path / "items", arrays, about)
    with pytest.raises(ValueError, match=r"items holds no collection: "):
        Collection.load(folder)


def test_arrays_are_mapped_from_their_files_and_aligned(tmp_path):
    loaded = Collection.load(filled().save(tmp_path / "items"))
    index = loaded._base.index
    for array in (index.rows, index.norms, index.filter.panels, index.filter.starts):
        owner = array.base._array
        while not isinstance(owner, mmap.mmap):
            owner = owner.base
        assert array.ctypes.data % 64 == 0


def test_changes_do_not_reach_the_files(tmp_path):
    folder = filled().save(tmp_path / "items")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    loaded = Collection.load(folder)
    loaded.remove(loaded.ids[:50])
    loaded.search(Q, 5)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("metric", ["euclidean", "inner_product", "cosine"])
def test_state_travels_as_arrays_that_may_not_be_written(metric):
    items = filled(metric)
    arrays, about = items.state()
    arrays = {key: array.copy() for key, array in arrays.items()}
    for array in arrays.values():
        array.setflags(write=False)
    about = json.loads(json.dumps(about))
    assert_same(Collection.from_state(arrays, about), items)


@pytest.mark.skipif(not simd.HAS_VNNI, reason="the index is portable anyway")
@pytest.mark.parametrize("algorithm", ["rotation", "brute"])
def test_another_processor_builds_the_index_again(algorithm, tmp_path, monkeypatch):
    items = filled(algorithm=algorithm)
    folder = items.save(tmp_path / "items")
    monkeypatch.setattr(simd, "HAS_VNNI", False)
    loaded = Collection.load(folder)
    assert loaded._base.index.rows.dtype == np.uint8
    assert_same(loaded, items)


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def test_every_file_is_checked(tmp_path):
    folder = filled("inner_product").save(tmp_path / "items")
    assert len(files(folder)) >= 13
    rng = np.random.default_rng(0)
    for name in files(folder):
        path = folder / name
        whole = path.read_bytes()
        flipped = bytearray(whole)
        flipped[rng.integers(len(whole))] ^= 1 << int(rng.integers(8))
        for damaged in (bytes(flipped), whole[:-1], whole[: len(whole) // 2], b""):
            path.write_bytes(damaged)
            with pytest.raises(
                ValueError,
                match=rf"is damaged: {name} (is not|cannot be read)|not written",
            ):
                Collection.load(folder)
        path.unlink()
        with pytest.raises(ValueError, match=name):
            Collection.load(folder)
        path.write_bytes(whole)
    assert len(Collection.load(folder)) > 0


def test_an_index_cannot_be_given_the_ids_of_another(tmp_path):
    one, two = (filled(seed=s).save(tmp_path / f"{s}") for s in (0, 1))
    for name in ("base_ids.npy", "base_rows.npy", "delta_ids.npy"):
        other = (two / name).read_bytes()
        if name == "base_rows.npy":
            (one / name).write_bytes(other)
            with pytest.raises(ValueError, match=f"is damaged: {name}"):
                Collection.load(one)
        else:
            assert other == (one / name).read_bytes()


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("base_ids", lambda a: a[:-1]),
        ("base_ids", lambda a: a.astype(str)),
        ("base_live", lambda a: a.astype(np.int64)),
        ("base_positions", lambda a: a[None]),
        ("base_order", lambda a: a + 1),
        ("base_order", lambda a: a - 1),
        ("base_rows", lambda a: a[:-1]),
        ("base_rows", lambda a: a[:, :-1]),
        ("base_rows", lambda a: a.astype(np.int64)),
        ("base_norms", lambda a: a.astype(np.float32)),
        ("base_norms", lambda a: a[:-1]),
        ("base_panels", lambda a: a[:-1]),
        ("base_panels", lambda a: a[:, :-1]),
        ("base_panels", lambda a: a.astype(np.float64)),
        ("base_panels", lambda a: a + a.dtype.type(1)),
        ("base_starts", lambda a: a[:-1]),
        ("base_starts", lambda a: a * 0),
        ("base_mean", lambda a: a[:-1]),
        ("base_axes", lambda a: a[:-1]),
        ("base_axes", lambda a: np.hstack([a] * 3)),
        ("delta_rows", lambda a: a[:-1]),
        ("delta_rows", lambda a: a[:, :-1]),
        ("delta_ids", lambda a: a[:-1]),
        ("delta_positions", lambda a: a[:-1]),
    ],
)
@pytest.mark.parametrize("algorithm", [a for a in ALGORITHMS if a != "brute"])
def test_arrays_that_do_not_fit_are_refused_though_checksums_do(
    key, change, algorithm, tmp_path, monkeypatch
):
    monkeypatch.setattr(RotationFilter, "_costs", lambda self, X: (1.0, 0.0))
    rng = np.random.default_rng(0)
    items = Collection(algorithm=algorithm)
    items.add(range(300), rng.random((300, 12)))
    items.rebuild()
    items.add(range(300, 310), rng.random((10, 12)))
    arrays, about = items.state()
    assert key in arrays
    arrays[key] = change(arrays[key])
    folder = storage.write_folder(tmp_path / "items", arrays, about)
    with pytest.raises(ValueError, match=r"items holds no collection: "):
        Collection.load(folder)


def test_a_document_that_lacks_something_is_refused(tmp_path):
    arrays, about = filled().state()
    del about["next"]
    folder = storage.write_folder(tmp_path / "items", arrays, about)
    with pytest.raises(ValueError, match="holds no collection: 'next'"):
        Collection.load(folder)


def test_an_existing_folder_is_not_overwritten(tmp_path):
    items = filled()
    folder = items.save(tmp_path / "items")
    with pytest.raises(ValueError, match="exists already"):
        items.save(folder)
    assert_same(Collection.load(folder), items)


def test_an_interrupted_save_leaves_nothing(tmp_path):
    arrays = {"good": np.zeros(3), "objects": np.array([object()])}
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        storage.write_folder(tmp_path / "items", arrays, {})
    assert list(tmp_path.iterdir()) == []


def test_another_format_is_refused_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "FORMAT", 1)
    folder = filled().save(tmp_path / "items")
    monkeypatch.undo()
    with pytest.raises(ValueError, match=r"in format 1 .* reads format 2"):
        Collection.load(folder)


def test_a_file_outside_the_folder_is_refused(tmp_path):
    folder = filled().save(tmp_path / "items")
    document = json.loads((folder / "index.json").read_bytes())
    document.pop("checksum")
    document["files"]["../other.npy"] = "0"
    (folder / "index.json").write_bytes(_files.canonical(document))
    with pytest.raises(ValueError, match="was not written by lookalike"):
        Collection.load(folder)


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b"[" * 100_000, b"\xff", b"3"])
def test_a_document_that_is_none_is_refused(text, tmp_path):
    folder = filled().save(tmp_path / "items")
    (folder / "index.json").write_bytes(text)
    with pytest.raises(ValueError, match=r"cannot be read|not written by look"):
        Collection.load(folder)


def test_a_document_of_which_one_number_was_changed_is_refused(tmp_path):
    folder = filled().save(tmp_path / "items")
    path = folder / "index.json"
    written = path.read_bytes()
    assert written.count(b'"rebuild_share": 0.02') == 1
    path.write_bytes(written.replace(b'_share": 0.02', b'_share": 0.03'))
    with pytest.raises(ValueError, match=r"index\.json is not what was written"):
        Collection.load(folder)


def test_where_there_is_no_index_it_says_so(tmp_path):
    with pytest.raises(ValueError, match="holds no index"):
        Collection.load(tmp_path)


@pytest.fixture(scope="module")
def listed():
    """A collection whose items are looked for in lists."""
    rng = np.random.default_rng(2)
    X = (rng.normal(size=(9_000, 24)) * np.exp(-0.1 * np.arange(24)) * 9).round()
    engine = ApproximateNeighbors(n_neighbors=5, recall=0.9)
    items = Collection(engine=engine)
    items.add(np.arange(9_000), X)
    items.rebuild()
    exact = items._base.index
    lists = InvertedFile.build(exact, 60, simd.HAS_VNNI, np.arange(9_000), rng, None)
    # Which of both is faster is not what is tested here.
    plan = Plan(lists, 5, 40, 20.0, 1.3, Interval(0.95, 0.94, 0.96))
    items._base.engine._take(plan, True)
    return items, X[:40] + 0.5


def test_a_loaded_collection_reads_the_lists_that_were_saved(
    listed, tmp_path, monkeypatch
):
    items, Q = listed
    assert items._base.engine.exact_index is items._base.index
    loaded = Collection.load(items.save(tmp_path / "items"))
    found, expected = loaded.search(Q, 5), items.search(Q, 5)
    np.testing.assert_array_equal(found.ids, expected.ids)
    np.testing.assert_array_equal(found.distances, expected.distances)
    engine = loaded._base.engine
    assert engine.exact_index is loaded._base.index
    assert engine.get_params() == items._base.engine.get_params()
    assert loaded.engine.get_params() == engine.get_params()
    for key in ("method_", "recall_", "memory_", "search_radius_", "rerank_ratio_"):
        assert getattr(engine, key) == getattr(items._base.engine, key)
    assert engine.method_ == "lists"
    monkeypatch.setattr(ExactIndex, "nearest", None)  # would answer the same
    np.testing.assert_array_equal(loaded.search(Q, 5).ids, expected.ids)


def test_what_comes_and_goes_is_seen_beside_loaded_lists(listed, tmp_path):
    items, Q = listed
    loaded = Collection.load(items.save(tmp_path / "items"))
    first = loaded.search(Q[:1], 1).ids[0, 0]
    loaded.remove([first])
    loaded.add([-1], Q[1:2])
    assert first not in loaded.search(Q[:1], 5).ids
    assert loaded.search(Q[1:2], 1).ids == -1


@pytest.mark.skipif(not simd.HAS_VNNI, reason="the codes are portable anyway")
def test_another_processor_leaves_the_codes_alone(listed, tmp_path, monkeypatch):
    items, Q = listed
    folder = items.save(tmp_path / "items")
    monkeypatch.setattr(simd, "HAS_VNNI", False)
    loaded = Collection.load(folder)
    assert loaded._base.engine.method_ == "exact"
    exact = Collection()
    exact.add(items.ids, items._base.index.catalogue())
    assert_same_ids(loaded.search(Q, 5), exact.search(Q, 5))
    again = Collection.load(loaded.save(tmp_path / "again"))
    assert again.engine.get_params() == items.engine.get_params()


def assert_same_ids(one, two):
    np.testing.assert_array_equal(one.ids, two.ids)


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("engine_panels", lambda a: a[:-1]),
        ("engine_panels", lambda a: a[:, 1:]),
        ("engine_panels", lambda a: a[:, :, :-1]),
        ("engine_panels", lambda a: a.astype(np.int16)),
        ("engine_panels", lambda a: a[..., 0]),
        ("engine_rows", lambda a: a[:-1]),
        ("engine_rows", lambda a: a + 9_000),
        ("engine_rows", lambda a: a - 1),
        ("engine_rows", lambda a: a.astype(np.int64)),
        ("engine_first", lambda a: a[:-1]),
        ("engine_first", lambda a: a + 1),
        ("engine_first", lambda a: a[::-1]),
        ("engine_first", lambda a: a.astype(np.int32)),
        ("engine_first", lambda a: a[[0, -1]]),
        ("engine_first", lambda a: a[[0, *range(len(a)), *[-1] * 16]]),
        ("engine_centres", lambda a: a[:-1]),
        ("engine_centres", lambda a: a[:, :-1]),
        (
            "engine_centres",
            lambda a: a.view(np.int8 if a.dtype == np.uint8 else np.uint8),
        ),
        ("engine_axes", lambda a: a[:-1]),
        ("engine_axes", lambda a: a.astype(np.float64)),
        ("engine_axes", lambda a: a[:, :-1]),
        ("engine_axes", lambda a: a[:, :0]),
        ("engine_centre", lambda a: a[:-1]),
    ],
)
def test_lists_that_do_not_fit_are_refused(listed, key, change, tmp_path):
    arrays, about = listed[0].state()
    arrays[key] = change(arrays[key])
    folder = storage.write_folder(tmp_path / "items", arrays, about)
    with pytest.raises(ValueError, match=r"items holds no collection: "):
        Collection.load(folder)
