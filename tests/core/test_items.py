"""Items that change keep their texts whole, each of its own length."""

import numpy as np

from lookalike.core.items import Item, ItemCatalogue


def made(labels, changes=()):
    n = len(labels)
    vectors = np.arange(n, dtype=np.float32)[:, None]
    items = ItemCatalogue(np.zeros((n, 2, 2), np.uint8), np.array(labels), vectors)
    items.apply([Item(vector=np.zeros(1, np.float32), **each) for each in changes])
    return items


def test_one_long_text_does_not_widen_those_of_all():
    note = {"note": "é" * 20_000}
    changes = [{"id": "x" * 900, "label": 1, "attributes": note, "revision": 1}]
    items = made(range(400), changes)
    for _ in range(2):
        arrays, document = items.state()
        held = [a.nbytes for key, a in arrays.items() if "ids" in key or "attr" in key]
        assert sum(held) < 200_000
        items = ItemCatalogue.from_state(arrays, document)
        number = items.number("x" * 900)
        assert items.attributes(number) == note
        assert items.attributes(0) == {}
        assert [items.id(0), items.id(number)] == ["0", "x" * 900]
        assert items.matching({"note": [note["note"]]}).tolist() == [number]


def test_a_longer_label_is_not_cut():
    changes = [{"id": "new", "label": "elephant", "revision": 1}]
    items = made(["cat", "dog"], changes)
    for _ in range(2):
        numbers = items.snapshot.numbers
        assert items.labels(numbers).tolist() == ["cat", "dog", "elephant"]
        number = items.number("new")
        assert items.matching({"label": ["elephant", "cats"]}).tolist() == [number]
        items = ItemCatalogue.from_state(*items.state())


def test_ids_and_attributes_of_fixed_width_are_still_read():
    changes = [{"id": "new", "label": 1, "attributes": {"a": 1}, "revision": 1}]
    arrays, document = made(range(3), changes).state()
    old = ItemCatalogue.from_state(arrays, document)
    for name, texts in (("ids", old.base_ids), ("attributes", old.base_attributes)):
        del arrays[f"{name}_ends"]
        arrays[name] = np.array(texts.tolist())
    items = ItemCatalogue.from_state(arrays, document)
    assert [items.id(n) for n in range(4)] == ["0", "1", "2", "new"]
    assert items.attributes(3) == {"a": 1}
