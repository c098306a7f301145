"""A log and what happened since, as one data set."""

import numpy as np

from lookalike.datasets.interactions import Interactions, hold_out_latest
from lookalike.datasets.item_columns import ItemColumn
from lookalike.datasets.live_log import with_live


def a_log():
    user = np.array([0, 0, 0, 0, 0, 1])
    time = np.arange(6.0)
    items = np.array([f"sku{n}" for n in range(6)])
    return Interactions(
        name="log.csv",
        checksum="0",
        users=np.array(["ann", "bob"]),
        items=items,
        user=user,
        item=np.array([0, 1, 2, 3, 4, 0]),
        value=np.full(6, 2.0),
        time=time,
        held_out=hold_out_latest(user, time),
        titles=items,
        genres=np.full(6, ""),
        years=np.full(6, np.nan),
        columns={
            "price": ItemColumn.of(["1", "2", "3", "4", "5", "6"]),
            "tags": ItemColumn.of(["a|b"] * 6, "tags"),
        },
        user_columns={"city": ItemColumn("category", np.array(["Rome", "Oslo"]))},
    )


def test_pairs_count_once_and_the_latest_are_held_out():
    done = [
        ("ann", "sku0", 1.0, 99.0),  # less than the log says, and later
        ("ann", "sku5", 5.0, 98.0),
        ("ann", "sku1", -1.0, 97.0),
        ("eve", "sku2", 1.0, 96.0),
        ("eve", "nothing", 1.0, 96.0),
    ]
    found = with_live(a_log(), done, until=7)
    pairs = zip(found.user.tolist(), found.item.tolist(), strict=True)
    values = dict(zip(pairs, found.value.tolist(), strict=True))
    assert len(values) == len(found.user) == 8
    assert (values[0, 0], values[0, 5], values[2, 2]) == (2.0, 5.0, 1.0)
    assert found.users.tolist() == ["ann", "bob", "eve"]
    assert found.user_columns["city"].cells.tolist() == ["Rome", "Oslo", ""]
    held = found.item[found.held_out & (found.user == 0)]
    assert held.tolist() == [0]
    assert found.live_events == {"count": 3, "until": 7}
    assert found.checksum != with_live(a_log(), done[:1]).checksum


def test_who_was_erased_is_in_neither():
    found = with_live(a_log(), [("ann", "sku5", 1.0, 9.0)], without={"ann"})
    assert found.users.tolist() == ["bob"]
    assert found.user.tolist() == [0]
    assert found.user_columns["city"].cells.tolist() == ["Oslo"]


def test_items_that_came_are_known_by_their_columns():
    new = {"price": 12.5, "tags": ["a", "c"], "colour": "red"}
    items = [
        {"id": "sku9", "label": None, "attributes": new},
        {"id": "sku0", "label": "a cup", "attributes": {"price": "7,50"}},
    ]
    found = with_live(a_log(), [("bob", "sku9", 1.0, 9.0)], items)
    assert found.items.tolist()[6:] == ["sku9"]
    assert found.titles.tolist()[::6] == ["a cup", "sku9"]
    assert found.columns["price"].numbers().tolist() == [7.5, 2, 3, 4, 5, 6, 12.5]
    assert found.columns["tags"].words()[6] == ["a", "c"]
    assert (found.user[-1], found.item[-1]) == (1, 6)
