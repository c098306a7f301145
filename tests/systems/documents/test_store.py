"""Documents that come, change and go: every store answers from its own ones."""

from functools import partial

import numpy as np
import pytest

from lookalike._texts import Texts
from lookalike.core.items import Item
from lookalike.learn.latent_meaning import LatentMeaning
from lookalike.search import TextIndex
from lookalike.search.terms import Analysis
from lookalike.systems.documents import store as stores
from lookalike.systems.documents.store import DocumentStore, whole_of

WORDS = ["red", "wine", "tea", "cup", "road", "car", "song", "rose", "tree", "drum"]


def text(rng):
    return " ".join(rng.choice(WORDS, 5))


def started(n=10, seed=0):
    """A store of n documents, what it holds by id, and what describes texts."""
    rng = np.random.default_rng(seed)
    held = {f"d{at}": (f"title {at}" if at % 2 else "", text(rng)) for at in range(n)}
    whole = [f"{title}\n{body}" if title else body for title, body in held.values()]
    meaning, vectors = LatentMeaning.fit(whole, Analysis(), 4)
    documents = [{"text": each, "kind": "old"} for each in whole]
    index = TextIndex(facets=["kind"]).fit(list(held), documents)
    titles = Texts.of([title for title, _ in held.values()])
    about = partial(meaning.vector, analysis=Analysis())
    return DocumentStore(index, titles, vectors), held, about


def check(store, held, about):
    """A store holds these documents in this order, and no others."""
    assert len(store) == len(held)
    assert store.now.ids.tolist() == list(held)
    rows = [store.row_of(id) for id in held]
    assert rows == sorted(rows)
    assert store.ids_of(np.array(rows, np.int64)) == list(held)
    similar = store.similarities(about("red wine"))
    assert np.flatnonzero(np.isfinite(similar)).tolist() == rows
    for row, (id, (title, body)) in zip(rows, held.items(), strict=True):
        found = store.document(id)
        assert (found["title"] or "", found["text"]) == (title, body)
        assert store.title(row) == title
        item = Item(id, title, {"text": body})
        expected = about(whole_of(item))
        assert store.vector(row) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("block", [3, 4096])
def test_each_store_has_the_documents_of_its_time(monkeypatch, block):
    monkeypatch.setattr(stores, "BLOCK", block)
    store, held, about = started()
    rng, kept = np.random.default_rng(1), []
    for step in range(40):
        kept.append((store, dict(held)))
        items = []
        for at in rng.choice(20, rng.integers(1, 4), replace=False):
            id = f"d{at}"
            if rng.random() < 0.4:
                items.append(Item(id, deleted=True))
                held.pop(id, None)
            else:
                held[id] = (f"at {step}", text(rng))
                title, body = held[id]
                items.append(Item(id, title, {"text": body, "kind": "new"}))
        store = store.with_items(items, about)
        assert [id in store for id in ("d0", "d19", "x", 3)] == [
            id in held for id in ("d0", "d19", "x", 3)
        ]
        mask = store.mask({"kind": {"new"}})
        new = [id for id in held if store.document(id)["attributes"]["kind"] == "new"]
        assert store.ids_of(np.flatnonzero(mask)) == new
        assert store.now.ids[store.mask_of_documents(mask)].tolist() == new
    for each, then in [*kept, (store, held)]:
        check(each, then, about)
    again = DocumentStore.from_state(*store.state())
    check(again, held, about)


def test_dead_rows_are_left_out_once_there_are_many(monkeypatch):
    monkeypatch.setattr(stores, "BLOCK", 4)
    store, held, about = started()
    for step in range(12):
        held.pop("d3", None)
        store = store.with_items([Item("d3", deleted=True)], about)
        held["d3"] = "", f"red wine {WORDS[step % 10]}"
        store = store.with_items([Item("d3", None, {"text": held["d3"][1]})], about)
        assert len(store.similarities(store.vector(0))) < 20
    check(store, held, about)


def test_a_change_that_failed_can_be_made_again():
    store, held, about = started()
    store.index.remove(["d1"])  # what a change had done before it failed
    store = store.with_items([Item("d1", deleted=True)], about)
    del held["d1"]
    check(store, held, about)


def test_only_the_last_store_is_changed_further():
    store, held, about = started()
    other = store.with_items([Item("d1", deleted=True)], about)
    with pytest.raises(ValueError, match="were changed already"):
        store.with_items([Item("d2", deleted=True)], about)
    check(store, held, about)
    assert "d2" not in other.with_items([Item("d2", deleted=True)], about)


def test_of_changes_of_one_document_the_last_counts():
    store, held, about = started()
    items = [Item("d1", deleted=True), Item("d1", "New", {"text": "tea"})]
    store = store.with_items(items, about)
    held["d1"] = "New", "tea"
    check(store, held, about)


def test_parts_that_do_not_fit_are_refused():
    store, _, _ = started()
    arrays, about = store.state()
    titles = Texts.of(["one"]).arrays("titles")
    for wrong in ({"vectors": arrays["vectors"][1:]}, titles):
        with pytest.raises(ValueError, match="do not fit"):
            DocumentStore.from_state({**arrays, **wrong}, about)
    with pytest.raises(LookupError, match="no item 'x'"):
        store.row_of("x")
