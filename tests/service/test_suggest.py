"""Suggestions while one types, over HTTP: like the library's, live, and blocked."""

import time
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


def ask(client, query, users, action="search"):
    events = [
        {
            "event_id": f"{user} {query}",
            "action_name": action,
            "user_id": user,
            "timestamp": (NOON + timedelta(seconds=at)).isoformat(),
            "event_attributes": {"object": {"object_id": query}, "country": "it"},
        }
        for at, user in enumerate(users)
    ]
    assert client.post("/v1/events", json={"events": events}).status_code == 200


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
