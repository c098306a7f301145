"""Deleting a user deletes the user, wherever they are named, and nothing else."""

import errno
import json
import urllib.parse
from pathlib import Path

import numpy as np
import pytest

from lookalike.core.library import Library
from lookalike.service import snapshots
from lookalike.service.database.events import (
    exposure_row,
    not_erased,
    store_exposures,
)
from lookalike.service.database.mentions import Mentions
from lookalike.service.database.tables import events
from lookalike.service.training import training_rows

WHO = "user-of-whom-nothing-stays"
MOMENT = "2026-01-01T00:00:00Z"


def event(id, action="click", thing=None, **fields):
    sent = {"event_id": id, "action_name": action, "timestamp": MOMENT, **fields}
    if thing is not None:
        sent["event_attributes"] = {"object": {"object_id": thing}}
    return sent


def post(client, path, **body):
    answer = client.post(f"/v1/{path}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def delete(client, who):
    answer = client.delete(f"/v1/users/{urllib.parse.quote(who, safe='')}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def files_with(text, folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path.name for path in files if text.encode() in path.read_bytes()]


@pytest.mark.parametrize("who", ["a/b", "a/b/image", "/", "%", "50%2Foff", "é ü", "."])
def test_any_id_can_be_deleted(make_client, digits_data, who):
    client = make_client()
    post(client, "events", events=[event("e", user_id=who)])
    pixels = digits_data.x_test[0].tolist()
    one = {"id": who, "label": 7, "image": {"pixels": pixels}}
    post(client, "digits/items", items=[one])
    path = f"/v1/digits/items/{urllib.parse.quote(who, safe='')}"
    if who != ".":  # which the client itself takes out of an address
        assert client.get(path).json()["id"] == who
        assert client.get(f"{path}/image").headers["content-type"] == "image/png"
        assert client.delete(path).status_code == 200
        assert client.get(path).status_code == 404
        assert delete(client, who) == {"deleted": 1}
    assert client.delete("/v1/users/a/c").json() == {"deleted": 0}


def test_a_user_whom_others_name_is_named_no_more(make_client, url, tmp_path):
    client = make_client(url)
    more = {"to": WHO, "of": [f"with {WHO}, twice"], WHO: 1, "count": 3}
    sent = [
        event("1", "befriend", WHO, user_id="ann"),
        event("2", "follow", WHO, user_id="ann"),
        event("3", message=f"hello {WHO}!", event_attributes=more, user_id="ann"),
        event("4", user_id=WHO),
        event("5", message=f"hello {WHO}s", user_id="ann"),
    ]
    post(client, "events", events=sent)
    post(client, "snapshots", name="one")
    assert delete(client, WHO) == {"deleted": 4}
    again = [{**each, "event_id": f"again {each['event_id']}"} for each in sent[:4]]
    assert post(client, "events", events=again) == {"acknowledged": 4, "new": 1}
    post(client, "snapshots", name="two")
    post(client, "snapshots/restore", name="one")
    post(client, "snapshots", name="three")
    for name, ids in (("one", "35"), ("two", ["3", "5", "again 3"]), ("three", "35")):
        text = (tmp_path / "state" / "snapshots" / name / "events.jsonl").read_text()
        rows = {row["event_id"]: row for row in map(json.loads, text.splitlines())}
        assert list(rows) == list(ids)
        assert rows["3"]["message"] == "hello !"
        left = json.loads(rows["3"]["event_attributes"])
        assert left == {"to": "", "of": ["with , twice"], "": 1, "count": 3}
        assert rows["5"]["message"] == f"hello {WHO}s"
        rows.pop("5")
        assert WHO not in json.dumps(rows)


def test_an_item_of_the_same_id_keeps_what_others_did_with_it(make_client):
    """Users and items of one log often are numbers both."""
    client = make_client()
    sent = [event("1", "click", "5", user_id="ann"), event("2", user_id="5")]
    post(client, "events", events=[*sent, event("3", "befriend", "5", user_id="ann")])
    assert delete(client, "5") == {"deleted": 2}
    new = [event("4", "click", "5", user_id="bob")]
    new += [event("5", "befriend", "5", user_id="bob")]
    assert post(client, "events", events=new) == {"acknowledged": 2, "new": 1}


def shown(system, ids, query_id="q"):
    """The row of a list that somebody else was shown."""
    return exposure_row(
        query_id=query_id,
        system=system,
        verb="recommend",
        generation="0001",
        embedding_version="",
        revision=0,
        user=dict.fromkeys(("session_id", "client_id", "user_id")),
        features=np.zeros(len(ids)),
        ids=ids,
        scores=[0.0] * len(ids),
    )


def show(client, system, ids):
    """Let the log say that a list was shown."""
    database = client.components.database
    with database.writing() as connection:
        store_exposures(database, connection, [shown(system, ids)])


def test_an_item_whose_id_has_other_capitals_is_another_item(make_client):
    """SQLite's LIKE takes both for the same."""
    client = make_client()
    show(client, "games", ["ANN"])
    post(client, "events", events=[event("1", "follow", "ann", user_id="bob")])
    assert delete(client, "ann") == {"deleted": 1}


def test_an_item_that_was_shown_keeps_what_others_did_with_it(make_client):
    client = make_client()
    show(client, "games", ["ann"])
    post(client, "events", events=[event("1", "follow", "ann", user_id="bob")])
    assert delete(client, "ann") == {"deleted": 0}


def test_lists_of_people_lose_the_name_where_people_is_not_served_now(make_client):
    client = make_client()
    show(client, "people", [WHO, "bob"])
    post(client, "events", events=[event("1", "follow", WHO, user_id="ann")])
    assert delete(client, WHO) == {"deleted": 2}
    ids = [row["id"] for row in training_rows(client.components.database)]
    assert ids == ["bob"]


def test_lists_that_come_later_do_not_name_who_was_deleted(make_client):
    client = make_client()
    delete(client, WHO)
    show(client, "people", [WHO, "bob"])
    ids = [row["id"] for row in training_rows(client.components.database)]
    assert ids == ["bob"]


def test_an_image_of_the_same_id_keeps_what_others_did_with_it(
    clients, small, tmp_path
):
    made = small("images").system
    library = Library("images", tmp_path / "images")
    library.add(made.save)
    making = clients({"images": library}, tmp_path)
    client = next(making)()
    post(client, "events", events=[event("1", "click", "5", user_id="ann")])
    assert delete(client, "5") == {"deleted": 0}
    n = str(len(made.catalogue_.ids))
    post(client, "events", events=[event("2", "click", n, user_id="ann")])
    assert delete(client, n) == {"deleted": 1}
    next(making, None)


@pytest.fixture
def meet(clients, small, tmp_path):
    """A client of a service of people, and the system."""
    made = small("people")
    library = Library("people", tmp_path / "people")
    library.add(made.system.save)
    making = clients({"people": library}, tmp_path)
    yield next(making)(refresh=0.02), made.system
    next(making, None)


def test_nobody_is_suggested_somebody_who_was_deleted(meet, tmp_path):
    client, system = meet
    names = system.known_users.tolist()
    who = str(system.recommend(names[:1], k=1).ids[0][0])
    others = [name for name in names if name != who][:100]
    body = {"users": others, "k": 20, "query_id": "q"}

    def suggested():
        answers = post(client, "people/recommend", **body)["answers"]
        return sum(who in [hit["id"] for hit in each["hits"]] for each in answers)

    assert suggested() > 0
    post(client, "events", events=[event("c", "click", who, query_id="q")])
    post(client, "snapshots", name="s")
    told = delete(client, who)
    assert told["deleted"] > 1
    assert told["blocked"] == ["people"]
    assert "until the next training" in told["notes"][0]
    assert suggested() == 0
    served = client.components.served["people"]
    for _ in range(500):
        if served.has_table:
            break
        client.get("/healthz")
        served.watch()
    assert served.has_table
    assert suggested() == 0
    [answer] = post(client, "people/recommend", user=who)["answers"]
    assert answer["known"] is False
    found = client.get("/v1/people/users", params={"prefix": who}).json()["users"]
    assert who not in found
    for user in others[:20]:
        explained = client.post("/v1/people/explain", json={"user": user})
        assert f'"{who}"' not in explained.text
        assert f" {who}," not in explained.text
    assert delete(client, who)["blocked"] == ["people"]
    rows = training_rows(client.components.database)
    assert rows
    assert who not in {row["id"] for row in rows}
    folder = tmp_path / "state" / "snapshots" / "s"
    for table in ("events", "exposures"):
        assert f'"{who}"' not in (folder / f"{table}.jsonl").read_text()
        assert f'\\"{who}\\"' not in (folder / f"{table}.jsonl").read_text()


@pytest.mark.parametrize("name", ["games", "films", "events", "people"])
def test_every_recommender_forgets_a_user(small, name):
    system = small(name).system
    who, other = system.known_users[:2].tolist()
    without = system.without_users([who])
    [stranger] = system.recommend_each(["nobody of this name"])
    [forgotten] = without.recommend_each([who])
    assert not forgotten.known
    if name != "people":  # whose popular people are others now
        assert forgotten.ids == stranger.ids
    assert who not in without.known_users.tolist()
    assert other in without.known_users.tolist()
    assert system.recommend_each([who])[0].known
    assert without.without_users([other]).recommend_each([who, other])[0].known is False


def test_another_worker_blocks_the_user_too(clients, small, tmp_path):
    library = Library("games", tmp_path / "games")
    made = small("games").system
    library.add(made.save)
    making = clients({"games": library}, tmp_path)
    make = next(making)
    one, other = make(), make()
    who = str(made.known_users[0])
    assert delete(one, who)["blocked"] == ["games"]
    other.components.served["games"].watch()
    for client in (one, other):
        [answer] = post(client, "games/recommend", user=who)["answers"]
        assert answer["known"] is False
    next(making, None)


def test_what_is_no_snapshot_stops_nothing_and_is_named(make_client, tmp_path):
    client = make_client()
    folder = tmp_path / "state" / "snapshots"
    post(client, "events", events=[event("e", user_id=WHO)])
    for name in ("a-damaged", "whole"):
        post(client, "snapshots", name=name)
    (folder / "notes.txt").write_text("not a snapshot")
    (folder / "file").write_text("nor this")
    (folder / "empty").mkdir()
    (folder / ".unfinished-left").mkdir()
    (folder / ".unfinished-left" / "events.jsonl").write_text(WHO)
    (folder / "a-damaged" / "events.jsonl").write_text("{}\n")
    told = delete(client, WHO)
    assert told["deleted"] == 1
    assert told["not_reached"] == ["a-damaged", "empty", "file", "notes.txt"]
    assert files_with(WHO, folder) == []
    found = client.get("/v1/snapshots").json()["snapshots"]
    assert found == ["a-damaged", "whole"]


class _Full:
    """Lets the n-th file that is written be the one for which there is no room."""

    def __init__(self, n):
        self.n = n

    def __call__(self, descriptor):
        self.n -= 1
        if self.n < 0:
            raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("n", range(4))
def test_a_full_disk_leaves_the_snapshot_whole(make_client, tmp_path, monkeypatch, n):
    client = make_client()
    post(client, "events", events=[event("e", user_id=WHO), event("o", user_id="ann")])
    post(client, "snapshots", name="keep")
    monkeypatch.setattr(snapshots.os, "fsync", _Full(n))
    full = client.delete(f"/v1/users/{WHO}")
    monkeypatch.undo()
    assert full.status_code == 507, full.text
    assert "not from snapshot keep, which is as it was" in full.json()["detail"]
    snapshots.read_about(tmp_path / "state" / "snapshots" / "keep")
    assert delete(client, WHO)["deleted"] == 0
    assert files_with(WHO, tmp_path / "state") == []
    post(client, "snapshots/restore", name="keep")
    told = post(client, "events", events=[event("o", user_id="ann")])
    assert told == {"acknowledged": 1, "new": 0}


@pytest.mark.parametrize("n", range(3))
def test_a_kill_leaves_the_old_snapshot_or_the_new(
    make_client, tmp_path, monkeypatch, n
):
    client = make_client()
    folder = tmp_path / "state" / "snapshots"
    post(client, "events", events=[event("e", user_id=WHO)])
    post(client, "snapshots", name="keep")
    rename, left = Path.rename, [n]
    kept = {events: Mentions(WHO, False).event}

    def killed(self, target):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", killed)
    with pytest.raises(KeyboardInterrupt):
        snapshots.rewrite(folder, "keep", kept)
    monkeypatch.undo()
    assert snapshots.names(folder) == ["keep"]
    snapshots.rewrite(folder, "keep", kept)
    snapshots.read_about(folder / "keep")
    assert files_with(WHO, folder) == []


def test_nobody_who_was_not_deleted_is_left_out(make_client):
    client = make_client()
    rows = [dict.fromkeys(("session_id", "client_id")) | {"user_id": "ann"}]
    rows[0]["event_attributes"] = "{}"
    with client.components.database.reading() as connection:
        assert not_erased(connection, rows) is rows
    delete(client, WHO)
    with client.components.database.reading() as connection:
        assert not_erased(connection, rows) == rows
