"""A feed over HTTP: pages that never repeat, a cursor, events, and other weights."""

import contextlib
import threading

import pytest
import sqlalchemy as sa

from lookalike.core.library import Library
from lookalike.service.database.tables import exposures, handed_out


@pytest.fixture(scope="module")
def served(small, tmp_path_factory, clients):
    """A feed, and a client of its service."""
    made, folder = small("feed"), tmp_path_factory.mktemp("feed")
    library = Library("feed", folder / "feed")
    library.add(made.system.save)
    making = clients({"feed": library}, folder)
    yield made.system, next(making)(explore=0.5)
    with contextlib.suppress(StopIteration):
        next(making)


def ask(client, **sent):
    answered = client.post("/v1/feed/recommend", json=sent)
    assert answered.status_code == 200, answered.text
    return answered.json()


def ids_of(document):
    return [hit["id"] for each in document["answers"] for hit in each["hits"]]


def test_pages_go_on_with_a_cursor_and_end(served):
    system, client = served
    whole = system.recommend_each(["u1"], 10_000)[0].ids
    found, cursor, pages = [], None, 0
    while True:
        sent = {"user": "u1", "k": 30, **({"cursor": cursor} if cursor else {})}
        document = ask(client, **sent)
        found += ids_of(document)
        cursor, pages = document["answers"][0]["cursor"], pages + 1
        if cursor is None:
            break
    assert pages > 2
    assert len(found) == len(set(found))
    assert set(found) == set(whole[: len(found)]) or set(found) <= set(whole)
    assert len(found) > 0.9 * min(len(whole), 200)


def test_no_post_comes_twice_without_a_cursor_either(served):
    _, client = served
    found = [id for _ in range(5) for id in ids_of(ask(client, user="u2", k=7))]
    assert len(found) == len(set(found)) == 35
    both = ask(client, users=["u2", "u4"], k=5)
    assert not set(ids_of({"answers": both["answers"][:1]})) & set(found)
    assert both["answers"][0]["cursor"]


def test_requests_that_come_together_share_nothing(served):
    _, client = served
    found, wrong = [], []

    def reader():
        for _ in range(4):
            answered = client.post("/v1/feed/recommend", json={"user": "u3", "k": 4})
            if answered.status_code == 200:
                found.extend(ids_of(answered.json()))
            else:
                wrong.append(answered.text)

    threads = [threading.Thread(target=reader) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(found) == len(set(found)) == 96


def test_what_is_logged_has_true_propensities(served):
    _, client = served
    document = ask(client, user="u6", k=5)
    client.components.writer.settle()
    with client.components.database.reading() as connection:
        mine = exposures.c.query_id == document["query_id"]
        row = connection.execute(sa.select(exposures).where(mine)).mappings().one()
    assert row["drawn_share"] == 0.5
    hits = document["answers"][0]["hits"]
    assert [hit["propensity"] for hit in hits[:-1]] == [1.0] * 4
    m = 21
    assert hits[-1]["propensity"] == pytest.approx(0.5 / m) or hits[-1][
        "propensity"
    ] == pytest.approx(0.5 + 0.5 / m)


def test_what_is_hidden_does_not_come_back(served):
    system, client = served
    hidden = system.recommend_each(["u7"], 30)[0].ids[25]
    event = {
        "event_id": "h1",
        "action_name": "hide",
        "user_id": "u7",
        "timestamp": "2026-01-20T00:00:00Z",
        "event_attributes": {"object": {"object_id": hidden}},
    }
    assert client.post("/v1/events", json={"events": [event]}).json()["new"] == 1
    found = [id for _ in range(4) for id in ids_of(ask(client, user="u7", k=15))]
    assert hidden not in found
    told = client.post("/v1/feed/explain", json={"user": "u7", "id": hidden}).json()
    assert told["kept_out"] == ["the user hid it"]


def test_a_post_that_is_written_now_is_in_the_next_page(served):
    _, client = served
    before = client.get("/v1/feed/items").json()["count"]
    post = {"id": "fresh", "attributes": {"author": "u1", "topic": "music"}}
    post["attributes"]["well made"] = 20.0
    told = client.post("/v1/feed/items", json={"items": [post]})
    assert told.json()["upserted"] == 1, told.text
    assert "fresh" in ids_of(ask(client, user="u10", k=100))
    assert client.get("/v1/feed/items").json()["count"] == before + 1
    known = client.get("/v1/feed/items/fresh").json()["attributes"]
    assert (known["author"], known["topic"]) == ("u1", "music")
    bad = {"id": "odd", "attributes": {"mood": 1}}
    refused = client.post("/v1/feed/items", json={"items": [post, bad]})
    assert refused.status_code == 422
    assert "A post has author" in refused.json()["detail"]
    client.delete("/v1/feed/items/fresh")
    assert "fresh" not in ids_of(ask(client, user="u11", k=100))
    assert client.get("/v1/feed/items/fresh").status_code == 404


def test_who_is_deleted_is_forgotten_here_too(served):
    _, client = served
    ask(client, user="gone with the wind", k=3)
    mine = sa.select(handed_out).where(handed_out.c.user_id == "gone with the wind")
    with client.components.database.reading() as connection:
        assert len(connection.execute(mine).all()) == 3
    client.delete("/v1/users/gone%20with%20the%20wind")
    with client.components.database.reading() as connection:
        assert connection.execute(mine).all() == []


def test_weights_are_previewed_as_the_library_does(served):
    system, client = served
    now = client.get("/v1/feed/weights").json()
    assert now["weights"] == system.weights_
    found = client.post("/v1/feed/weights/preview", json={"weights": {"like": 1}})
    expected = system.preview_weights({"like": 1}).record()
    assert found.json() == {"generation": "0001", **expected}


@pytest.mark.parametrize(
    ("path", "sent", "told"),
    [
        ("recommend", {"user": "u1", "cursor": "x"}, "The cursor is damaged"),
        (
            "recommend",
            {"users": ["u1", "u2"], "cursor": "x"},
            "A cursor is of one user",
        ),
        ("weights/preview", {"weights": {}}, "weights"),
        ("weights/preview", {"weights": {"love": 1}}, "There is no head love"),
        ("weights/preview", {"weights": {"like": 0}}, "At least one weight"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(served, path, sent, told):
    _, client = served
    answered = client.post(f"/v1/feed/{path}", json=sent)
    assert answered.status_code == 422
    assert told in answered.json()["detail"]


def test_a_cursor_of_another_user_is_refused(served):
    _, client = served
    cursor = ask(client, user="u8", k=2)["answers"][0]["cursor"]
    sent = {"user": "u9", "k": 2, "cursor": cursor}
    answered = client.post("/v1/feed/recommend", json=sent)
    assert answered.status_code == 422
    assert "The cursor is of another user" in answered.json()["detail"]
