"""Suggestions while one types, over HTTP: like the library's, live, and blocked."""

import contextlib
import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from lookalike.core.library import Library

NOON = datetime(1970, 5, 1, 12, tzinfo=UTC)  # later than all that is learned from


@pytest.fixture
def typeahead(small, tmp_path, clients):
    """A system, and a function that starts a service of it."""
    made = small("typeahead")
    library = Library("typeahead", tmp_path / "typeahead")
    library.add(made.system.save)
    making = clients({"typeahead": library}, tmp_path)
    yield made.system, next(making)
    next(making, None)


def suggested(client, text, **more):
    sent = {"text": text, **more}
    answered = client.post("/v1/typeahead/suggest", json=sent)
    assert answered.status_code == 200, answered.text
    [found] = answered.json()["answers"]
    return [each["query"] for each in found["suggestions"]]


def events(query, users, action="search"):
    return [
        {
            "event_id": f"{user} {query}",
            "action_name": action,
            "user_id": user,
            "timestamp": (NOON + timedelta(seconds=at)).isoformat(),
            "event_attributes": {"object": {"object_id": query}, "country": "it"},
        }
        for at, user in enumerate(users)
    ]


def ask(client, query, users, action="search"):
    sent = {"events": events(query, users, action)}
    assert client.post("/v1/events", json=sent).status_code == 200


def eventually(client, text, query, there=True):
    until = time.monotonic() + 20
    while (query in suggested(client, text)) != there:
        assert time.monotonic() < until, query
        time.sleep(0.02)


def test_answers_over_http_are_the_librarys(typeahead):
    system, start = typeahead
    client = start()
    sent = {"texts": ["wea", "waether r"], "k": 3, "user_id": "bob", "country": "lv"}
    answered = client.post("/v1/typeahead/suggest", json=sent).json()
    for text, found in zip(sent["texts"], answered["answers"], strict=True):
        [expected] = system.suggest_each([text], 3, "bob", "lv")
        assert found == {"text": text, "suggestions": [e.record() for e in expected]}
    for bad in ("", "?!", "a" * 201):
        refused = client.post("/v1/typeahead/suggest", json={"text": bad})
        assert refused.status_code == 422
        assert refused.json()["detail"].endswith(".")


def test_what_enough_people_ask_is_suggested_in_every_worker_and_after_a_restart(
    typeahead,
):
    _, start = typeahead
    one, other = start(), start()
    ask(one, "Brand  New", ["kim"])
    ask(one, "brand new", ["kim"], action="view")
    ask(one, "weather tokyo", ["kim", "lee"])
    eventually(one, "weather t", "weather tokyo")
    eventually(other, "weather t", "weather tokyo")
    assert "brand new" not in suggested(one, "brand")
    ask(other, "brand new", ["lee"])
    eventually(one, "brand", "brand new")
    assert "brand new" in suggested(start(), "brand")


def test_a_blocked_phrase_is_in_no_answer_from_then_on(typeahead):
    _, start = typeahead
    one, other = start(), start()
    assert "weather rome" in suggested(one, "wea")
    sent = {"phrases": ["weather rome"]}
    blocked = one.post("/v1/typeahead/blocked", json=sent)
    assert blocked.json() == sent
    for client in (one, other, start()):
        assert "weather rome" not in suggested(client, "wea")
        assert client.get("/v1/typeahead/blocked").json() == sent
    assert one.post("/v1/typeahead/blocked", json={"phrases": ["?"]}).status_code == 422


def test_a_deleted_user_is_taken_out_of_what_was_learned_and_of_what_came_since(
    typeahead,
):
    _, start = typeahead
    client = start()
    ask(client, "brand new", ["kim", "lee"])
    eventually(client, "brand", "brand new")
    assert "flights to rome" in suggested(client, "flights")
    for user in ("kim", "ann"):
        assert client.delete(f"/v1/users/{user}").status_code == 200
    assert "brand new" not in suggested(client, "brand")
    assert "flights to rome" not in suggested(client, "flights")


def test_a_snapshot_holds_what_was_asked_and_a_restore_takes_the_rest_back(typeahead):
    _, start = typeahead
    one, other = start(), start()
    ask(one, "brand new", ["kim", "lee"])
    eventually(one, "brand", "brand new")
    assert one.post("/v1/snapshots", json={"name": "one"}).status_code == 200
    ask(one, "weather tokyo", ["kim", "lee"])
    eventually(other, "weather t", "weather tokyo")
    sent = {"phrases": ["weather rome"]}
    assert one.post("/v1/typeahead/blocked", json=sent).status_code == 200
    restored = one.post("/v1/snapshots/restore", json={"name": "one"})
    assert restored.status_code == 200, restored.text
    for client in (one, other):
        eventually(client, "weather t", "weather tokyo", there=False)
        assert "brand new" in suggested(client, "brand")
        # What was blocked since stays so: it was blocked for a reason.
        assert "weather rome" not in suggested(client, "wea")


def test_a_blocked_phrase_is_in_none_of_many_answers_that_are_asked_at_once(typeahead):
    _, start = typeahead
    client, seen = start(), []
    started, stop = time.monotonic, []

    def asking(_):
        while not stop:
            begun = started()
            seen.append((begun, "weather rome" in suggested(client, "wea")))

    with ThreadPoolExecutor(4) as threads:
        asked = threads.map(asking, range(4))
        until = time.monotonic() + 240  # a busy machine
        while len(seen) < 40 and time.monotonic() < until:
            time.sleep(0.01)
        client.post("/v1/typeahead/blocked", json={"phrases": ["weather rome"]})
        acknowledged, n = started(), len(seen)
        while len(seen) < n + 100 and time.monotonic() < until:
            time.sleep(0.01)
        stop.append(True)
        list(asked)
    later = [found for begun, found in seen if begun > acknowledged]
    assert any(found for begun, found in seen if begun < acknowledged)
    assert len(later) > 75
    assert not any(later)


def test_each_process_of_a_service_suggests_what_is_asked_and_blocks(
    small, tmp_path, servers
):
    library = Library("typeahead", tmp_path / "typeahead")
    library.add(small("typeahead").system.save)
    starting = servers([library.folder], tmp_path)
    port = next(starting)("--workers", "2").port

    def post(path, sent):
        """Over a connection of its own, which any of the processes takes."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        with contextlib.closing(connection):
            head = {"content-type": "application/json"}
            connection.request("POST", path, json.dumps(sent), head)
            answer = connection.getresponse()
            assert answer.status == 200
            return json.loads(answer.read())

    def suggests():
        [found] = post("/v1/typeahead/suggest", {"text": "brand"})["answers"]
        return [each["query"] for each in found["suggestions"]] == ["brand new"]

    post("/v1/events", {"events": events("brand new", ["kim", "lee"])})
    until = time.monotonic() + 30
    while not all(suggests() for _ in range(16)):
        assert time.monotonic() < until
    post("/v1/typeahead/blocked", {"phrases": ["brand new"]})
    assert not any(suggests() for _ in range(16))
    next(starting, None)
