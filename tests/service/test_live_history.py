"""What users did counts in their next list, in every worker, and after a restart."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from lookalike.core.library import Library
from lookalike.service.database import Database
from lookalike.service.database.events import (
    exposure_row,
    store_events,
    store_exposures,
)
from lookalike.service.database.migrate import migrate
from lookalike.service.live_history import histories_of
from lookalike.service.routes.events import event_row
from lookalike.service.schemas import Event

START = datetime(2026, 3, 1, tzinfo=UTC)


def event(n, user, action, thing, **fields):
    moment = (START + timedelta(seconds=n)).isoformat()
    about = {"object": {"object_id": thing}} if thing else {}
    sent = {"event_id": f"{user} {n}", "action_name": action, "user_id": user}
    return {**sent, "timestamp": moment, "event_attributes": about, **fields}


def test_events_add_up_to_histories(url):
    database = Database(url)
    migrate(database)
    sent = [
        event(4, "ann", "purchase", "cup", value=99.0),  # a price is no strength
        event(1, "ann", "view", "cup"),
        event(2, "ann", "view", "hat"),
        event(3, "ann", "dislike", "pan"),
        event(5, "ann", "impression", "lid"),
        event(6, "ann", "view", None),
        event(1, "bob", "play", "cup", value=2.5),
        event(2, "bob", "play", "cup", value=-7.0),
        event(3, "bob", "dislike", "hat"),
        event(4, "bob", "Add_To_Cart", "hat"),
        event(1, "eve", "impression", "cup"),
    ]
    with database.writing() as connection:
        rows = [event_row(Event.model_validate(each)) for each in sent]
        store_events(database, connection, rows)
    with database.reading() as connection:
        found = histories_of(connection, "shop", ["ann", "bob", "eve", "nobody", "ann"])
        assert {user: list(done.items()) for user, done in found.items()} == {
            "ann": [("hat", 1.0), ("pan", -1.0), ("cup", 6.0)],
            "bob": [("cup", 2.5), ("hat", 3.0)],
        }
        many = [f"u{n}" for n in range(1_200)]
        assert list(histories_of(connection, "shop", [*many, "bob"])) == ["bob"]
        assert histories_of(connection, "shop", []) == {}
    database.close()


def test_what_another_system_has_shown_does_not_count(url):
    database = Database(url)
    migrate(database)
    no_one = dict.fromkeys(("session_id", "client_id", "user_id"))
    shown = [
        exposure_row(
            query_id=f"of {system}",
            system=system,
            verb="search",
            generation="0001",
            embedding_version="",
            revision=0,
            user=no_one,
            features=np.zeros(1),
            ids=["5"],
            scores=[1.0],
            propensities=None,
        )
        for system in ("digits", "shop")
    ]
    sent = [
        event(n, "ann", "click", thing, query_id=query)
        for n, (thing, query) in enumerate(
            [("5", "of digits"), ("6", "of shop"), ("7", "of nobody"), ("8", None)]
        )
    ]
    with database.writing() as connection:
        store_exposures(database, connection, shown)
        rows = [event_row(Event.model_validate(each)) for each in sent]
        store_events(database, connection, rows)
    with database.reading() as connection:
        found = {
            system: list(histories_of(connection, system, ["ann"])["ann"])
            for system in ("digits", "shop")
        }
    database.close()
    assert found == {"digits": ["5", "7", "8"], "shop": ["6", "7", "8"]}


@pytest.mark.parametrize("name", ["games", "shop"])
def test_what_was_done_counts_in_the_next_list_of_every_worker(
    small, clients, tmp_path, url, name
):
    made = small(name)
    libraries = {name: Library(name, made.folder.parent)}
    making = clients(libraries, tmp_path)
    make = next(making)
    first, second = make(url), make(url)
    known = made.queries[0]

    def listed(client, user, k=6):
        answer = client.post(f"/v1/{name}/recommend", json={"user": user, "k": k})
        assert answer.status_code == 200, answer.text
        [found] = answer.json()["answers"]
        return [hit["id"] for hit in found["hits"]], found["known"]

    def done(*events):
        answer = first.post("/v1/events", json={"events": list(events)})
        assert answer.json()["new"] == len(events)

    before, is_known = listed(first, "a newcomer")
    assert not is_known
    titles = made.system.catalogue_.items
    orcs = [str(title) for title in titles if title.startswith("orc")][:3]
    done(*(event(n, "a newcomer", "play", each) for n, each in enumerate(orcs)))
    after, is_known = listed(first, "a newcomer")
    assert is_known
    assert after != before
    assert not set(orcs) & set(after)
    assert sum(id.startswith("orc") for id in after) >= 3
    whole, _ = listed(first, known)
    done(event(1, known, "purchase", whole[0]), event(2, known, "hide", whole[2]))
    for client in (first, second):
        assert listed(client, "a newcomer") == (after, True)
        now, _ = listed(client, known)
        assert not {whole[0], whole[2]} & set(now)
        ranked = client.post(
            f"/v1/{name}/rank", json={"user": known, "ids": now[::-1]}
        ).json()["answers"][0]
        assert [hit["id"] for hit in ranked["hits"]] == now
    assert first.delete("/v1/users/a%20newcomer").json()["deleted"] > 0
    assert listed(second, "a newcomer") == (before, False)
    next(making, None)
    again = next(clients(libraries, tmp_path))(url)
    assert listed(again, known)[0] == now


def test_lists_go_on_while_the_database_does_not_answer(
    small, clients, tmp_path, monkeypatch
):
    from sqlalchemy.exc import OperationalError

    made = small("games")
    client = next(clients({"games": Library("games", made.folder.parent)}, tmp_path))()

    def fails(connection, system, users, learned):
        raise OperationalError("select", {}, Exception("gone"))

    monkeypatch.setattr("lookalike.service.runtime.histories_of", fails)
    answer = client.post("/v1/games/recommend", json={"user": made.queries[0], "k": 3})
    [slate] = made.system.recommend_each(made.queries[:1], 3)
    hits = answer.json()["answers"][0]["hits"]
    assert [hit["id"] for hit in hits] == slate.ids
    assert "events could not be read" in client.log.getvalue()
