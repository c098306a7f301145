"""Items of a recommender: suggested at once, filtered, shown, retired, durable."""

import numpy as np
import pytest

from lookalike.core.library import Library


@pytest.fixture
def shop(small, clients, tmp_path, url):
    """A function that starts services of one shop, which share a database."""
    libraries = {"shop": Library("shop", small("shop").folder.parent)}
    making = clients(libraries, tmp_path)
    make = next(making)
    yield lambda: make(url)
    next(making, None)


def post(client, path, status=200, **body):
    answer = client.post(f"/v1/shop/{path}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def hits(client, verb="recommend", **body):
    return post(client, verb, **body)["answers"][0]["hits"]


def ids(found):
    return [hit["id"] for hit in found]


ORC = {"price": "12,50 €", "tags": ["orc", "new"], "notes / of the maker": "a orc"}


def test_a_new_item_is_suggested_at_once_in_every_worker_and_a_retired_one_never(
    shop, small
):
    first, second = shop(), shop()
    user = "user 0 🎲"  # who likes orcs
    before = {client: hits(client, user=user) for client in (first, second)}
    assert before[first] == before[second]
    new = {"id": "orc 1000", "label": "an orc of tomorrow", "attributes": ORC}
    told = post(first, "items", items=[new])
    assert told == {"upserted": 1, "revision": 1}
    for client in (first, second):
        found = hits(client, user=user, columns=["price", "tags"])
        [hit] = [hit for hit in found if hit["id"] == "orc 1000"]
        assert hit["title"] == "an orc of tomorrow"
        assert hit["columns"] == {"price": 12.5, "tags": ["orc", "new"]}
        assert "orc 1000" not in ids(hits(client, user="user 1 🎲"))
    assert "orc 1000" in ids(hits(second, "similar", id="orc 0", k=100))
    got = second.get("/v1/shop/items/orc%201000").json()
    assert (got["label"], got["revision"]) == ("an orc of tomorrow", 1)
    assert got["attributes"]["price"] == 12.5
    assert second.get("/v1/shop/items").json()["count"] == 61
    gone = ids(before[first])[0]
    assert first.delete("/v1/shop/items/orc%201000").json()["revision"] == 2
    assert first.delete(f"/v1/shop/items/{gone}").json()["revision"] == 3
    whole = small("shop").system
    for client in (second, shop()):  # one that has only just been started, too
        found = ids(hits(client, user=user, k=100))
        assert not {"orc 1000", gone} & set(found)
        assert gone not in ids(hits(client, "similar", id="orc 0", k=100))
        assert client.get(f"/v1/shop/items/{gone}").status_code == 404
        post(client, "similar", 404, id=gone)
        post(client, "rank", 422, user=user, ids=[gone])
        [slate] = whole.recommend_each([user], 100)
        assert [id for id in slate.ids if id != gone] == found
    post(second, "items", items=[{"id": gone, "label": "again"}])
    back = hits(first, user=user, k=100)
    assert "watch failed" not in first.log.getvalue()
    assert "again" in [hit["title"] for hit in back if hit["id"] == gone]


def test_items_are_in_snapshots(shop):
    client = shop()
    post(client, "items", items=[{"id": "orc 1000", "attributes": ORC}])
    assert client.post("/v1/snapshots", json={"name": "one"}).status_code == 200
    client.delete("/v1/shop/items/orc%201000")
    assert client.get("/v1/shop/items/orc%201000").status_code == 404
    back = client.post("/v1/snapshots/restore", json={"name": "one"})
    assert back.status_code == 200, back.text
    assert client.get("/v1/shop/items/orc%201000").status_code == 200
    assert "orc 1000" in ids(hits(client, user="user 0 🎲"))


def test_what_cannot_be_an_item_is_refused_whole(shop):
    client = shop()
    good = {"id": "orc 1000", "attributes": ORC}
    for bad, sentence in [
        ({"colour": "red"}, "The items have the columns price, tags"),
        ({"price": "cheap"}, "price must be a number, got 'cheap'."),
    ]:
        told = post(client, "items", 422, items=[good, {"id": "x", "attributes": bad}])
        assert sentence in told["detail"]
    assert "twice" in post(client, "items", 422, items=[good, good])["detail"]
    assert client.get("/v1/shop/items").json()["changed"] == 0


def test_lists_are_filtered_before_they_are_cut(shop, small):
    client, made = shop(), small("shop")
    catalogue = made.system.catalogue_
    price = catalogue.columns["price"].numbers()
    cheap = set(catalogue.items[price < np.quantile(price, 0.3)].tolist())
    bound = {"price": {"lt": float(np.quantile(price, 0.3))}}
    for user in ("user 0 🎲", "somebody"):
        everything = hits(client, user=user, k=100)
        found = hits(client, user=user, k=100, where=bound)
        expected = [hit for hit in everything if hit["id"] in cheap]
        assert len(found) == len(expected) >= 8
        assert set(ids(found)) == set(ids(expected))
        few = hits(client, user=user, k=5, where=bound)
        assert ids(few) == ids(found)[:5]
        if user == "user 0 🎲":  # scores do not depend on what else is asked for
            scores = {hit["id"]: hit["score"] for hit in everything}
            ranked = [h for h in few if h["reason_code"] != "filled_up"]
            assert ranked
            assert all(hit["score"] == scores[hit["id"]] for hit in ranked)
    some = hits(client, user="user 1 🎲", where={"tags": ["orc", "farm"]}, k=100)
    assert {id.split()[0] for id in ids(some)} <= {"orc", "farm"}
    one = hits(client, history=["orc 0"], where={"tags": "farm", **bound}, k=100)
    assert {id.split()[0] for id in ids(one)} == {"farm"}
    assert set(ids(one)) <= cheap
    like = hits(client, "similar", id="orc 0", where={"tags": "tank"}, k=100)
    assert {id.split()[0] for id in ids(like)} == {"tank"}
    for where, sentence in [
        ({"size": 3}, "The items have the columns"),
        ({"tags": {"lt": 3}}, "Only numbers and dates have bounds"),
        ({"price": "cheap"}, "Expected a number, got 'cheap'."),
    ]:
        told = post(client, "recommend", 422, user="user 1 🎲", where=where)
        assert sentence in told["detail"]
    told = post(client, "recommend", 422, user="user 1 🎲", columns=["size"])
    assert "got 'size'" in told["detail"]
