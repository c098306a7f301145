"""The whole circle over HTTP: asked, told, learned again, activated, rolled back."""

import json
import time
import urllib.error
import urllib.request
from contextlib import closing
from datetime import UTC, datetime

import numpy as np
import pytest
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.core.library import Library
from lookalike.service.database import Database
from lookalike.service.database.events import erase, store_events
from lookalike.service.database.mentions import Mentions
from lookalike.service.database.migrate import migrate
from lookalike.service.live_data import live_data
from lookalike.service.retraining import retrain
from lookalike.service.routes.events import event_row
from lookalike.service.schemas import Event
from lookalike.systems.shop import SPEC


def read(log):
    """The log, with the table of the items beside it."""
    items = str(log.with_name("items.csv"))
    return SPEC.find_data(str(log), options={"items": items})


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a shop that learned from a log; even customers like even items."""
    folder = tmp_path_factory.mktemp("shop")
    rng = np.random.default_rng(0)
    lines = ["customer,sku,ts,stars"]
    for user in range(80):
        for item in rng.choice(np.arange(user % 2, 40, 2), 8, replace=False):
            day = f"2024-0{rng.integers(1, 10)}-1{rng.integers(0, 10)}"
            lines.append(f"c{user},sku{item},{day},{rng.integers(1, 6)}")
    (folder / "log.csv").write_text("\n".join(lines))
    things = [f"sku{item},{'odd' if item % 2 else 'even'},{item}" for item in range(40)]
    (folder / "items.csv").write_text("\n".join(["sku,kind,price", *things]))
    library = Library("shop", folder / "library")
    data = read(folder / "log.csv")
    served, result = SPEC.train(SPEC.new({"ranker": "logistic"}), data)
    library.add(lambda place: served.save(place, result))
    return folder


@pytest.fixture
def library(trained):
    """Its library, with the first generation alone."""
    found = Library("shop", trained / "library")
    yield found
    found.activate("0001")


def event(n, user, action, thing, **fields):
    about = {"object": {"object_id": thing}}
    sent = {"event_id": f"{user} {n}", "action_name": action, "user_id": user}
    moment = datetime.now(UTC).isoformat()
    return {**sent, "timestamp": moment, "event_attributes": about, **fields}


def stored(url, *sent):
    database = Database(url)
    migrate(database)
    with database.writing() as connection:
        rows = [event_row(Event.model_validate(each)) for each in sent]
        store_events(database, connection, rows)
    return database


def test_the_whole_circle(library, servers, tmp_path):
    starting = servers([library.folder], tmp_path)
    server = next(starting)("--state", str(tmp_path / "state"))
    address = f"http://127.0.0.1:{server.port}/v1"

    def call(path, body=None, status=200):
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"}
        sent = urllib.request.Request(f"{address}/{path}", data, headers)
        try:
            with urllib.request.urlopen(sent, timeout=30) as answer:
                found = answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            found = error.code, json.load(error)
        assert found[0] == status, found
        return found[1]

    def listed(user="ann", k=6):
        found = call("shop/recommend", {"user": user, "k": k})
        [answer] = found["answers"]
        return [h["id"] for h in answer["hits"]], answer["known"], found["generation"]

    before, is_known, _ = listed()
    assert not is_known
    seen = [event(n, "ann", "view", f"sku{item}") for n, item in enumerate((1, 3))]
    call("events", {"events": seen})
    live, is_known, number = listed()
    assert is_known
    assert live != before
    assert number == "0001"
    assert sum(int(id[3:]) % 2 for id in live) == 6
    call("events", {"events": [event(9, "ann", "purchase", live[0])]})
    assert live[0] not in listed()[0]
    begun = call("shop/generations/retrain", {}, status=202)
    assert begun["state"] == "running"
    assert "already" in call("shop/generations/retrain", {}, 409)["detail"]
    until = time.monotonic() + 120
    while (found := call("shop/generations/retrain"))["state"] == "running":
        assert time.monotonic() < until
        time.sleep(0.1)
    assert found["state"] == "done", found
    assert (found["events"], found["took_over"]) == (3, True)
    while listed()[2] != found["generation"]:
        assert time.monotonic() < until
        time.sleep(0.05)
    after, is_known, _ = listed()
    assert is_known
    assert not {"sku1", "sku3", live[0]} & set(after)
    assert "ann" in call("shop/users?prefix=ann")["users"]
    told = call("shop/generations/rollback", {})
    assert told["generation"] == listed()[2] == "0001"
    assert "ann" not in call("shop/users?prefix=ann")["users"]
    assert live[0] not in listed()[0]
    call("shop/generations/activate", {"name": found["generation"]})
    assert listed()[0] == after
    next(starting, None)


def test_no_event_counts_twice_and_who_was_erased_is_left_out(library, tmp_path):
    found, _ = library.open()
    log = read(library.folder.parent / "log.csv")
    first = {"c0": log.item[log.user == 0][0], "c2": log.item[log.user == 2][0]}
    known = str(log.items[first["c0"]])
    sent = [
        event(1, "c0", "view", known),  # of the log, too
        event(1, "ann", "view", "sku1"),
        event(2, "ann", "view", "sku1"),
        event(3, "ann", "hide", "sku3"),
        event(4, "ann", "view", "a thing of another system"),
        event(1, "bob", "view", "sku5"),
    ]
    with closing(stored(f"sqlite:///{tmp_path}/live.db", *sent)) as database:
        with database.writing() as connection:
            erase(database, connection, Mentions("bob", False))
            erase(database, connection, Mentions("c2", False))
        manifest = SPEC.system_class.load(found).manifest_
        data = live_data(SPEC, manifest, database, 2**62)
        none_yet = live_data(SPEC, manifest, database, 0)
    assert none_yet.live_events == {"count": 0, "until": 0}
    assert data.live_events["count"] == 2
    assert {"ann"} == set(data.users.tolist()) - set(log.users.tolist())
    assert "c2" not in data.users
    assert len(data.user) == len(log.user) - (log.user == 2).sum() + 1
    pairs = set(zip(data.user.tolist(), data.item.tolist(), strict=True))
    assert len(pairs) == len(data.user)
    ann = data.user == data.users.tolist().index("ann")
    assert data.items[data.item[ann]].tolist() == ["sku1"]
    assert data.value[ann].tolist() == [2.0]
    c0 = (data.user == 0) & (data.item == first["c0"])
    was = log.value[(log.user == 0) & (log.item == first["c0"])]
    assert data.value[c0].tolist() == was.tolist()
    assert data.checksum != log.checksum


def test_what_was_learned_does_not_count_again_as_live(library, tmp_path):
    sent = [event(1, "ann", "view", "sku1"), event(2, "ann", "hide", "sku3")]
    with closing(stored(f"sqlite:///{tmp_path}/live.db", *sent)) as database:
        found = retrain(SPEC, library, database)
        from lookalike.service.live_history import LATE, histories_of

        about, _ = library.open()
        until = about.about["data"]["live_events"]["until"]
        with database.reading() as connection:
            live = [
                histories_of(connection, "shop", ["ann"], each)
                for each in (0, until, until + 2 * LATE)
            ]
    assert found.took_over
    assert live[0] == live[1] == {"ann": {"sku1": 1.0, "sku3": -1.0}}
    assert live[2] == {"ann": {"sku3": -1.0}}


def test_a_worse_generation_does_not_take_over(library, tmp_path):
    """Customers like one kind of item: a list that avoids a kind is worse."""
    events = [event(n, "ann", "view", f"sku{n}") for n in range(9)]
    with closing(stored(f"sqlite:///{tmp_path}/live.db", *events)) as database:
        worse = retrain(SPEC, library, database, {"diversity": 0.99})
        assert not worse.took_over
        assert worse.generation in library.names()
        assert library.current() == "0001"
        assert worse.difference < 0
        assert worse.p_value < 0.05
        assert "does not take over" in worse.sentence
        library.activate(worse.generation)
        better = retrain(SPEC, library, database, {"diversity": 0.0})
    assert better.took_over
    assert better.difference > 0
    assert library.current() == better.generation


def test_what_was_held_out_is_unlearned_before_it_is_compared(library):
    data = read(library.folder.parent / "log.csv")
    system = SPEC.new({"ranker": "logistic"}).fit(data)
    answering = SPEC.system_class.load(library.open()[0])
    test = SPEC.member("comparison")(answering, system, data)
    assert test.difference.value == 0  # the same, once it forgets what it was given


def test_the_command_learns_again_and_says_what_is_missing(library, tmp_path):
    def run(*words, status=0):
        folder = ("--folder", str(library.folder))
        done = CliRunner().invoke(app, ["train", *words, "--data", "service", *folder])
        assert done.exit_code == status, done.output
        return done.output if status == 0 else done.stderr

    assert "holds no service's database" in run("shop", status=2)
    assert "has no retrain" in run("digits", status=2)
    url = f"sqlite:///{tmp_path}/live.db"
    stored(url, event(1, "ann", "view", "sku1")).close()
    told = run("shop", "--database", url)
    assert "1 pairs of users and items in events" in told
    assert "answers: nDCG at 10 against generation 0001" in told
    assert SPEC.system_class.load(library.open()[0]).random_state == 0
    told = run("shop", "--database", url, "--seed", "7", "--set", "diversity=0.1")
    again = SPEC.system_class.load(library.folder / told.split()[-1].split("/")[-1])
    assert (again.random_state, again.diversity) == (7, 0.1)
    told = run("shop", "--database", url, "--user", "u", "--items", "i.csv", status=2)
    assert "as it was read before: leave out --items, --user." in told
    log = library.folder.parent / "log.csv"
    log.rename(log.with_suffix(".gone"))
    try:
        assert "log.csv" in run("shop", "--database", url, status=2)
    finally:
        log.with_suffix(".gone").rename(log)
