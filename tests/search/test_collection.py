"""A collection that changes answers like an index fitted to what is there."""

import copy
import os
import pickle
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lookalike.kernels import simd
from lookalike.search import (
    Collection,
    NearestNeighbors,
    collection,
    filtered,
    index,
    snapshot,
)

METRICS = ["euclidean", "sqeuclidean", "cosine", "inner_product", "manhattan"]
ALGORITHMS = ["brute", "rotation", "portable"] if simd.HAS_VNNI else ["brute"]
N_FEATURES = 3
TEXT = np.dtypes.StringDType()
VECTORS = st.lists(st.integers(0, 2), min_size=N_FEATURES, max_size=N_FEATURES)


def expected(items, Q, k, metric="euclidean"):
    """Ids and distances by a fresh index over the items of a dictionary."""
    k = min(k, len(items))
    if k == 0:
        return np.empty((len(Q), 0)), np.empty((len(Q), 0))
    X = np.array(list(items.values()), np.float64)
    index = NearestNeighbors(k, algorithm="brute", metric=metric).fit(X)
    distances, rows = index.kneighbors(np.asarray(Q, np.float64))
    return np.array(list(items))[rows], distances


def assert_answers(found, expected_answer):
    np.testing.assert_array_equal(found.ids, expected_answer[0])
    np.testing.assert_array_equal(found.distances, expected_answer[1])


def filled(n=300, seed=0, **parameters):
    """A collection of bytes and the dictionary that it must agree with."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 30, size=(n, 5)).astype(np.uint8)
    items = Collection(**parameters)
    items.add(np.arange(n), X)
    return items, dict(enumerate(X)), rng


class Machine(RuleBasedStateMachine):
    """Add, remove, update, search, filter, count, save, load and rebuild."""

    def __init__(self):
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(collection, "SMALL", 6)
        self.patch.setattr(os, "fsync", lambda descriptor: None)  # slow, not tested
        self.items = Collection("sqeuclidean", 3, "portable", rebuild_share=0.1)
        self.model = {}

    def teardown(self):
        self.patch.undo()

    @rule(ids=st.sets(st.integers(0, 30), min_size=1, max_size=6), data=st.data())
    def add(self, ids, data):
        new = [id for id in ids if id not in self.model]
        X = [data.draw(VECTORS) for _ in new]
        if len(new) < len(ids):
            with pytest.raises(ValueError, match="is there already"):
                self.items.add(list(ids), np.zeros((len(ids), N_FEATURES)))
        if new:
            self.items.add(new, X)
            self.model |= dict(zip(new, X, strict=True))

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def remove(self, data):
        ids = data.draw(st.sets(st.sampled_from(list(self.model)), max_size=5))
        self.items.remove(list(ids))
        for id in ids:
            del self.model[id]

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def update(self, data):
        ids = data.draw(st.sets(st.sampled_from(list(self.model)), max_size=5))
        X = [data.draw(VECTORS) for _ in ids]
        self.items.update(list(ids), np.reshape(X, (-1, N_FEATURES)))
        self.model |= dict(zip(ids, X, strict=True))

    @rule(id=st.integers(0, 30))
    def refuse_what_is_not_there(self, id):
        if id not in self.model:
            with pytest.raises(ValueError, match="is not there"):
                self.items.remove([id])

    @rule(q=VECTORS, k=st.integers(0, 40))
    def search(self, q, k):
        expected_answer = expected(self.model, [q], k, "sqeuclidean")
        assert_answers(self.items.search([q], k), expected_answer)

    @rule(q=VECTORS, k=st.integers(0, 10), where=st.sets(st.integers(-3, 33)))
    def search_among_ids(self, q, k, where):
        some = {id: x for id, x in self.model.items() if id in where}
        expected_answer = expected(some, [q], k, "sqeuclidean")
        assert_answers(self.items.search([q], k, where), expected_answer)

    @rule(q=VECTORS, k=st.integers(0, 10), data=st.data())
    def search_by_mask(self, q, k, data):
        n = len(self.model)
        mask = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
        mask = mask.astype(bool)
        some = {i: self.model[i] for i, m in zip(self.model, mask, strict=True) if m}
        expected_answer = expected(some, [q], k, "sqeuclidean")
        assert_answers(self.items.search([q], k, mask), expected_answer)

    @rule()
    def rebuild(self):
        self.items.rebuild()

    @rule()
    def save_and_load(self):
        with tempfile.TemporaryDirectory() as folder:
            self.items = Collection.load(self.items.save(Path(folder) / "items"))

    @invariant()
    def holds_the_same(self):
        assert len(self.items) == len(self.model)
        assert self.items.ids.tolist() == list(self.model)
        assert all(id in self.items for id in self.model)
        assert 31 not in self.items


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    metric=st.sampled_from(METRICS),
    algorithm=st.sampled_from(ALGORITHMS),
    kinds=st.lists(
        st.sampled_from([np.uint8, np.int16, np.float16, np.float32, np.float64]),
        min_size=2,
        max_size=5,
    ),
)
def test_after_any_changes_it_answers_like_a_fresh_index(
    seed, metric, algorithm, kinds
):
    rng = np.random.default_rng(seed)
    items, model = Collection(metric, 3, algorithm), {}

    def vectors(n, kind):
        values = (
            rng.integers(0, 9, (n, 7)) if kind != np.float64 else rng.random((n, 7))
        )
        return values.astype(kind)

    for kind in kinds:
        ids = rng.choice(1000, 80, replace=False)
        known = np.array([id in model for id in ids.tolist()])
        for change, some in ((items.add, ids[~known]), (items.update, ids[known])):
            X = vectors(len(some), kind)
            change(some, X)
            model |= dict(zip(some.tolist(), X.astype(float), strict=True))
        gone = rng.choice(list(model), 20, replace=False)
        items.remove(gone)
        for id in gone.tolist():
            del model[id]
        if rng.random() < 0.5:
            items.rebuild()
        Q = vectors(4, kinds[0])
        assert_answers(items.search(Q, 12), expected(model, Q, 12, metric))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("scanning", [True, False])
@pytest.mark.parametrize("share", [0.5, 0.1, 0.01, 0.001, 0.0001])
def test_a_filtered_search_finds_all_there_are(share, scanning, algorithm, monkeypatch):
    def decided(index, n_chosen, n_queries, k):
        return scanning or not index.can_skip(k)

    monkeypatch.setattr(filtered, "scanning_pays", decided)
    monkeypatch.setattr(snapshot, "scanning_pays", decided)
    items, model, rng = filled(12_000, algorithm=algorithm)
    items.rebuild()
    items.remove(range(0, 12_000, 7))
    model = {id: x for id, x in model.items() if id % 7}
    mask = rng.random(len(items)) < share
    mask[rng.integers(len(items))] = True
    some = {id: x for id, x, m in zip(model, model.values(), mask, strict=True) if m}
    Q = rng.integers(0, 30, size=(3, 5))
    expected_answer = expected(some, Q, 10)
    assert expected_answer[0].shape == (3, min(10, len(some)))
    assert_answers(items.search(Q, 10, where=mask), expected_answer)
    assert_answers(items.search(Q, 10, where=list(some)), expected_answer)
    assert_answers(items.search(Q, 10), expected(model, Q, 10))
    assert_answers(items.search(Q, len(some) + 5, mask), expected(some, Q, 20_000))


def test_the_planner_scans_the_few_and_filters_the_many():
    index = NearestNeighbors().fit(np.random.default_rng(0).random((5_000, 20)))._index
    assert filtered.scanning_pays(index, 10, 1, 10)
    assert not filtered.scanning_pays(index, 4_000, 24, 10)
    assert filtered.scanning_pays(index, 4_000, 24, 2_000)


def test_ties_come_in_the_order_of_a_dictionary():
    items = Collection()
    items.add([7, 5, 9, 3], np.zeros((4, 2)))
    assert items.search([[1, 0]], 4).ids.tolist() == [[7, 5, 9, 3]]
    items.update([7, 9], np.zeros((2, 2)))
    items.remove([5])
    items.add([5], np.zeros((1, 2)))
    for _ in range(3):
        for k in range(5):
            assert items.search([[1, 0]], k).ids.tolist() == [[7, 9, 3, 5][:k]]
        for k in range(4):
            found = items.search([[1, 0]], k, {3, 5, 9})
            assert found.ids.tolist() == [[9, 3, 5][:k]]
        assert items.ids.tolist() == [7, 9, 3, 5]
        items.rebuild()
        items.update([9], np.zeros((1, 2)))


def test_what_is_written_while_the_index_is_built_is_kept(monkeypatch):
    items, model, _ = filled()
    build = Collection._build

    def build_slowly(self, snapshot):
        built = build(self, snapshot)
        items.remove([0, 300])
        items.update([5], [[1] * 5])
        items.add([400, 0], [[2] * 5, [3] * 5])
        items.remove([400])
        return built

    items.add([300], [[9] * 5])
    monkeypatch.setattr(Collection, "_build", build_slowly)
    items.rebuild()
    monkeypatch.undo()
    model |= {5: [1] * 5}
    del model[0]
    model |= {0: [3] * 5}
    Q = [[2] * 5, [0, 9, 20, 3, 4]]
    for _ in range(2):
        assert items.ids.tolist() == list(model)
        assert_answers(items.search(Q, 20), expected(model, Q, 20))
        items.rebuild()


@pytest.mark.parametrize("background", [False, True])
def test_every_reader_sees_exactly_one_state(background, monkeypatch):
    monkeypatch.setattr(collection, "SMALL", 100)
    items = Collection(algorithm="rotation", background=background)
    items.add(np.arange(40), np.zeros((40, 2)))
    items.search([[0, 0]], 40)
    done, states = threading.Event(), []

    def read():
        while not done.is_set():
            found = items.search([[0, 0]], 50, where=range(100))
            states.append((found.ids.shape[1], *np.unique(found.distances)))

    def write():
        for version in range(1, 60):
            items.update(np.arange(40), np.full((40, 2), version) * [1, 0])
            # Two come and go together, at the distance of all.
            items.add([40, 41], [[version, 0]] * 2)
            items.remove([40, 41])
        done.set()

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    write()
    for thread in threads:
        thread.join()
    assert states
    assert {(n, len(distances)) for n, *distances in states} <= {(40, 1), (42, 1)}
    items.rebuild()
    assert np.unique(items.search([[0, 0]], 50).distances) == [59.0]


def test_a_view_does_not_change():
    items, model, _ = filled()
    seen, Q = items.snapshot(), [[3] * 5]
    mask = seen.ids % 2 == 0
    before = seen.search(Q, 300)
    items.update(range(100), np.zeros((100, 5)))
    items.remove(range(100, 290))
    items.add([999], [[3] * 5])
    items.rebuild()
    assert_answers(seen.search(Q, 300), (before.ids, before.distances))
    even = {id: x for id, x in model.items() if id % 2 == 0}
    assert_answers(seen.search(Q, 9, mask), expected(even, Q, 9))
    with pytest.raises(ValueError, match=r"one boolean for each of the 111 items"):
        items.search(Q, 9, mask)


@pytest.mark.parametrize("metric", METRICS)
def test_an_empty_collection_finds_nothing(metric):
    items = Collection(metric)
    assert items.search([[1.0, 2.0]], 3).ids.shape == (1, 0)
    assert items.search([[1.0, 2.0]], 3, where=[1]).distances.shape == (1, 0)
    assert len(items) == 0
    assert "x" not in items
    items.add(["a", "b"], [[1, 2], [3, 4]])
    items.rebuild()
    items.remove(["a", "b"])
    for _ in range(2):
        assert items.search([[1, 2], [3, 4]], 3).ids.shape == (2, 0)
        assert items.search([[1, 2]], 3, where={"a"}).ids.dtype == TEXT
        items.rebuild()
    items.add(["b"], [[3, 4]])
    assert items.search([[1, 2]], 3).ids.tolist() == [["b"]]


def test_k_of_zero_and_beyond_all():
    items, model, _ = filled()
    Q = [[1, 2, 3, 4, 5]]
    for _ in range(2):
        assert items.search(Q, 0).ids.shape == (1, 0)
        assert_answers(items.search(Q, 10_000), expected(model, Q, 10_000))
        assert items.search(np.empty((0, 5)), 4).ids.shape == (0, 4)
        items.rebuild()


def test_zero_vectors_have_cosine_distance_one():
    items = Collection("cosine")
    items.add([1, 2, 3], [[0, 0], [1, 0], [0, -1]])
    assert items.search([[2, 0]], 3).ids.tolist() == [[2, 1, 3]]
    assert items.search([[0, 0]], 3).distances.tolist() == [[1, 1, 1]]


@pytest.mark.parametrize(
    "form",
    [
        lambda X: X.astype(np.float64),
        lambda X: X.astype(np.float16),
        lambda X: X.astype(np.int64),
        lambda X: X.astype(np.float32, order="F"),
        lambda X: np.repeat(X, 2, axis=1)[:, ::2],
        lambda X: X[::-1].copy()[::-1],
        lambda X: (X.setflags(write=False), X)[1],
        lambda X: X.tolist(),
    ],
)
def test_any_form_of_the_numbers_gives_the_same_answer(form):
    items, model, rng = filled()
    other = Collection()
    other.add(list(model), form(np.array(list(model.values()))))
    other.rebuild()
    Q = rng.integers(0, 30, size=(4, 5)).astype(np.uint8)
    assert_answers(other.search(form(Q), 7), expected(model, Q, 7))
    assert_answers(items.search(Q, 7), expected(model, Q, 7))


def test_added_arrays_are_copied():
    X = np.ones((4, 3), np.float64)
    items = Collection()
    items.add(range(4), X)
    X[:] = 7
    assert items.search([[1, 1, 1]], 1).distances == [[0.0]]
    X[:] = 0.5
    items.update(range(4), X)
    items.rebuild()
    X[:] = 7
    assert items.search([[0.5] * 3], 1).distances == [[0.0]]


def test_ids_reach_to_the_end_of_64_bits():
    ids = [2**63 - 1, -(2**63), 2**63 - 2, 0]
    items = Collection()
    items.add(ids, [[0], [1], [2], [3]])
    items.rebuild()
    items.update([2**63 - 1], [[9]])
    assert items.search([[9]], 1).ids.tolist() == [[2**63 - 1]]
    assert items.search([[0]], 4, {2**63 - 2, -(2**63)}).ids.tolist() == [ids[1:3]]
    assert 2**63 - 1 in items
    assert 2**63 not in items


def test_ids_of_text_keep_their_length():
    items = Collection()
    items.add(["a"], [[0]])
    items.add(["a much longer id", ""], [[1], [2]])
    items.rebuild()
    items.add(["a much longer id still"], [[3]])
    found = items.search([[3]], 4).ids.tolist()
    assert found == [["a much longer id still", "", "a much longer id", "a"]]
    where = ["", "a much longer id still, and not here"]
    assert items.search([[3]], 4, where).ids.tolist() == [[""]]


@pytest.mark.parametrize(
    ("ids", "X", "message"),
    [
        ([1, 2, 1], np.zeros((3, 2)), "^1 comes twice in one call"),
        ([1, 2], np.zeros((3, 2)), "^2 ids do not belong to 3 vectors"),
        ([1.5], np.zeros((1, 2)), "^Ids must be integers .* got float64 such as"),
        ([True], np.zeros((1, 2)), "^Ids must be integers .* such as True"),
        ([2**63], np.zeros((1, 2)), "^Ids must be below"),
        ([2**64], np.zeros((1, 2)), "^Ids must be integers .* got object"),
        ([[1]], np.zeros((1, 2)), r"^Ids must come in one dimension, got shape \(1, 1"),
        (["a"], np.zeros((1, 2)), "^The ids here are integers, got text such as 'a'"),
        ([1], np.zeros((1, 3)), "^Vectors must have 2 features like the items, got 3"),
        ([1], [[np.nan, 0]], "NaN"),
        ([1], [[np.inf, 0]], "infinity"),
        ([1], [[1e300, np.float64("inf")]], "infinity"),
        ([1, 77], np.zeros((2, 2)), "^77 is there already"),
    ],
)
def test_a_refused_change_changes_nothing(ids, X, message):
    items = Collection()
    items.add([77], [[1, 2]])
    with pytest.raises(ValueError, match=message):
        items.add(ids, X)
    if 77 not in ids:
        with pytest.raises(ValueError, match=f"{message}|^1 is not there"):
            items.update(ids, X)
    assert items.ids.tolist() == [77]
    assert items.search([[1, 2]], 2).distances.tolist() == [[0.0]]


def test_mixed_ids_and_ids_that_numpy_would_cut_are_refused():
    for ids, message in ((["a", 1], "all text, got 1"), (["a\0"], "not end in NUL")):
        with pytest.raises(ValueError, match=message):
            Collection().add(ids, np.zeros((len(ids), 2)))


def test_bad_searches_are_refused():
    items = Collection()
    items.add([77], [[1, 2]])
    for k in (-1, 1.5, True, None):
        with pytest.raises(ValueError, match="k must be an integer of at least 0"):
            items.search([[1, 2]], k)
    with pytest.raises(ValueError, match="Queries must have 2 features"):
        items.search([[1, 2, 3]], 1)
    with pytest.raises(ValueError, match="NaN"):
        items.search([[np.nan, 2]], 1)
    with pytest.raises(ValueError, match="The ids here are integers, got text"):
        items.search([[1, 2]], 1, where={"a"})
    with pytest.raises(ValueError, match=r"got shape \(2,\)"):
        items.search([[1, 2]], 1, where=[True, False])
    with pytest.raises(ValueError, match="got float64"):
        items.search([[1, 2]], 1, where=[0.5])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"metric": "hamming"}, "metric must be one of .*'hamming'"),
        ({"n_neighbors": 0}, "n_neighbors must be a whole number of at least 1, got 0"),
        ({"algorithm": "tree"}, "algorithm must be one of .*'tree'"),
        ({"rebuild_share": 2}, "rebuild_share must lie between 0 and 1, got 2"),
    ],
)
def test_bad_parameters_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        Collection(**parameters)


def test_the_index_is_built_again_when_enough_has_changed(monkeypatch):
    monkeypatch.setattr(collection, "SMALL", 50)
    items, _, _ = filled(300, rebuild_share=0.5)
    assert len(items._delta) == 0
    items.add(range(300, 450), np.zeros((150, 5)))
    assert len(items.state()[0]["delta_rows"]) == len(items._delta) == 150
    items.add([450], [[1] * 5])
    assert (len(items._delta), len(items._base.ids)) == (0, 451)
    items.remove(range(113))
    assert (len(items), len(items._base.ids)) == (338, 338)


def test_threads_do_not_change_the_answer():
    one, _, rng = filled(2_000)
    two, _, _ = filled(2_000, n_jobs=2)
    for items in (one, two):
        items.remove(range(100, 900))
    Q = rng.integers(0, 30, size=(600, 5))
    found = one.search(Q, 5)
    assert_answers(two.search(Q, 5), (found.ids, found.distances))


@pytest.mark.parametrize("metric", METRICS)
def test_another_index_answers_until_something_is_filtered(metric):
    engine = NearestNeighbors(metric=metric, algorithm="brute")
    items, model, rng = filled(1_500, metric=metric, engine=engine)
    if metric == "manhattan":
        assert items._base.engine is None  # there every row is compared anyway
        return
    Q = rng.integers(0, 30, size=(5, 5))
    gone = [*range(0, 300, 3), *items.search(Q[:1], 40).ids[0].tolist()]
    for ids in ([], set(gone)):
        items.remove(list(ids))
        model = {id: x for id, x in model.items() if id not in ids}
        for k in (0, 1, 12, 2_000):
            assert_answers(items.search(Q, k), expected(model, Q, k, metric))
    some = {id: x for id, x in model.items() if id % 3}
    assert_answers(items.search(Q, 9, list(some)), expected(some, Q, 9, metric))
    assert items._base.engine is not None


def test_an_engine_without_all_neighbours_is_used():
    class Forgetful(NearestNeighbors):
        def kneighbors(self, X, n_neighbors):
            distances, rows = super().kneighbors(X, n_neighbors + 1)
            return distances[:, 1:], rows[:, 1:]

    engine = Forgetful(metric="euclidean")
    items, model, _ = filled(1_500, engine=engine)
    Q = model[7][None]
    ids = expected(model, Q, 6)[0]
    assert items.search(Q, 5).ids.tolist() == ids[:, 1:].tolist()
    assert not hasattr(engine, "n_samples_fit_")


def test_an_engine_of_another_metric_is_refused():
    with pytest.raises(ValueError, match="engine must have the metric 'cosine'"):
        Collection("cosine", engine=NearestNeighbors(metric="euclidean"))


def test_text_ids_take_their_own_length():
    items = Collection()
    items.add([f"item-{i}" for i in range(2_000)], np.zeros((2_000, 2)))
    before = items.ids.nbytes
    items.add(["é" * 4_000], [[1, 1]])
    for _ in range(2):
        assert items.ids.nbytes < before + 10_000
        arrays, _ = items.state()
        assert sum(arrays[key].nbytes for key in arrays if "ids" in key) < 60_000
        assert items.search([[1, 1]], 1).ids.tolist() == [["é" * 4_000]]
        items.rebuild()
    with pytest.raises(ValueError, match=r"at most 10,000 letters, got one of 10,001"):
        items.add(["x" * 10_001], [[1, 1]])


class Column:
    """What a column of a table gives NumPy, and nothing else."""

    def __init__(self, values):
        self.values = np.array(values, object)

    def __array__(self, dtype=None, copy=None):
        return self.values


@pytest.mark.parametrize(
    "form",
    [
        list,
        tuple,
        Column,
        np.array,
        lambda ids: np.array(ids, object),
        lambda ids: np.array(ids, TEXT if isinstance(ids[0], str) else np.uint16),
    ],
)
@pytest.mark.parametrize("ids", [["a", "bé", ""], [3, 1, 2]])
def test_ids_come_in_any_form(form, ids):
    items = Collection()
    items.add(form(ids), [[0.0], [1.0], [2.0]])
    items.update(form(ids[:1]), [[7.0]])
    assert items.search([[7.0]], 3, where=form(ids[:2])).ids.tolist() == [ids[:2]]
    assert items.get(form(ids[::-1])).tolist() == [[2.0], [1.0], [7.0]]
    items.remove(form(ids[:2]))
    assert items.ids.tolist() == ids[2:]


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (np.array(["a", None], object), "all integers or all text, got None"),
        (np.array([1, np.nan], object), "or text; got object such as nan"),
        (np.array([1, True], object), "or text; got object such as True"),
        ([True, 2], "or text; got object such as True"),
        ((2, np.False_), "or text; got object such as np.False_"),
        (np.array([1, 2**63], object), "or text; got object such as 9223372036854"),
        (["a", "\ud83d"], "An id must be text that UTF-8 can hold"),
        (np.array([b"a"]), r"or text; got \|S1"),
        ("ab", r"one dimension, got shape \(\)"),
    ],
)
def test_columns_that_are_no_ids_are_refused(ids, message):
    with pytest.raises(ValueError, match=message):
        Collection().add(ids, np.zeros((2, 2)))


@pytest.mark.parametrize("n", [1, 300, 12_000])
def test_texts_are_found_like_in_a_dictionary(n):
    letters = np.array(["a", "b", "é", "\U0001f600", "\0x"])
    rng = np.random.default_rng(n)
    words = {"".join(rng.choice(letters, rng.integers(6))): i for i in range(n)}
    items = Collection()
    items.add(list(words), np.arange(len(words))[:, None])
    for _ in range(2):
        some = [*words][::3]
        np.testing.assert_array_equal(items.get(some)[:, 0], np.arange(len(words))[::3])
        for other in ("c", "aaaaaaa", "\U0001f600" * 7):
            assert other not in items
        items.rebuild()


def test_upsert_adds_and_updates_at_once():
    items, model, _ = filled()
    ids = [300, 5, 301, 7]
    X = np.arange(20).reshape(4, 5)
    seen = items.snapshot()
    for _ in range(2):
        items.upsert(ids, X)
        model |= dict(zip(ids, X, strict=True))
        assert items.ids.tolist() == list(model)
        Q = [[2] * 5]
        assert_answers(items.search(Q, 400), expected(model, Q, 400))
        items.rebuild()
    assert len(seen) == 300
    items.upsert([], np.empty((0, 5)))
    assert items.ids.tolist() == list(model)
    with pytest.raises(ValueError, match="comes twice"):
        items.upsert([1, 1], X[:2])


def test_the_vectors_that_were_given_come_back():
    items, model, _ = filled()
    items.update([4], [[0.1] * 5])
    model[4] = [0.1] * 5
    for _ in range(2):
        found = items.get([299, 4, 0, 4])
        assert found.dtype == np.float64
        np.testing.assert_array_equal(found, [model[i] for i in (299, 4, 0, 4)])
        items.rebuild()
    items.remove([4])
    for ids in ([1, 4], [1_000]):
        with pytest.raises(ValueError, match=f"^{ids[-1]} is not there"):
            items.get(ids)
    with pytest.raises(ValueError, match="The ids here are integers, got text"):
        items.get(["a"])
    assert items.get([]).shape == (0, 5)
    with pytest.raises(ValueError, match="'a' is not there"):
        Collection().get(["a"])


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("n", [300, 1_500])
def test_a_radius_finds_all_there_are(metric, n):
    items, model, rng = filled(n, metric=metric)
    items.add([n], [[1] * 5])
    gone = list(range(0, n, 7))
    items.remove(gone)
    model = {i: x for i, x in [*model.items(), (n, [1] * 5)] if i not in gone}
    Q = rng.integers(0, 30, size=(3, 5))
    ids, distances = expected(model, Q, n, metric)
    radius = float(distances[1, 20])  # which one row at least lies at
    even = [i for i in model if i % 2 == 0]
    for where in (None, even):
        found = items.search_radius(Q, radius, where)
        assert found.ids.shape == found.distances.shape == (3,)
        for q in range(3):
            near = distances[q] <= radius
            if where is not None:
                near &= np.isin(ids[q], even)
            assert found.ids[q].tolist() == ids[q][near].tolist()
            assert found.distances[q].tolist() == distances[q][near].tolist()


def test_a_radius_that_reaches_nothing_or_is_none():
    empty = Collection().search_radius([[1.0, 2.0]], 1.0)
    assert [len(each) for each in (*empty.ids, *empty.distances)] == [0, 0]
    items, _, _ = filled()
    assert items.search_radius([[999] * 5], 1.0).ids[0].tolist() == []
    for radius in (np.nan, None, "1", True):
        with pytest.raises(ValueError, match="radius must be a number, got"):
            items.search_radius([[1] * 5], radius)


@pytest.mark.parametrize("text", [False, True])
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, "pickle"])
def test_a_copy_answers_alike_and_goes_its_own_way(copied, text):
    rng = np.random.default_rng(0)
    ids = [f"id {i}" for i in range(1_300)] if text else list(range(1_300))
    X = rng.integers(0, 30, size=(1_300, 5)).astype(np.uint8)
    items = Collection("cosine", 7, n_jobs=2, background=True)
    items.add(ids[:1_200], X[:1_200])
    items.rebuild()
    items.add(ids[1_200:], X[1_200:])
    items.remove(ids[:40:2])
    way = (lambda x: pickle.loads(pickle.dumps(x))) if copied == "pickle" else copied
    other = way(items)
    assert (other.n_jobs, other.background, other.n_neighbors) == (2, True, 7)
    before = items.search(X[:4], 9)
    assert_answers(other.search(X[:4], 9), (before.ids, before.distances))
    other.remove(ids[41:60])
    other.upsert(ids[:1], X[:1])
    assert_answers(items.search(X[:4], 9), (before.ids, before.distances))
    assert other.ids.tolist() == [*ids[1:40:2], ids[40], *ids[60:], ids[0]]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_finds_no_lock_held():
    items, _, _ = filled()
    held, let_go = threading.Event(), threading.Event()

    def hold():
        with items._rebuilding, index._learning:
            held.set()
            let_go.wait(60)

    def write():
        while not let_go.is_set():
            items.upsert([5, 6], np.ones((2, 5)))

    threads = [threading.Thread(target=each) for each in (hold, write)]
    for thread in threads:
        thread.start()
    held.wait(60)
    children = []
    for _ in range(5):
        child = os.fork()
        if child == 0:
            free = not items._writing._lock.locked() and items._rebuilding.acquire(
                False
            )
            whole = len(items) == 300 and index._learning.acquire(False)
            os._exit(0 if free and whole else 1)
        children.append(child)
    let_go.set()
    for thread in threads:
        thread.join()
    assert [os.waitstatus_to_exitcode(os.waitpid(c, 0)[1]) for c in children] == [0] * 5
    items.rebuild()
