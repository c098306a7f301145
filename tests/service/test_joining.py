"""Systems that are served together share one database, and nothing is lost."""

import contextlib
import http.client
import json
import shutil

import numpy as np
import pytest
import sqlalchemy as sa
from PIL import Image
from typer.testing import CliRunner

from lookalike.cli._service import (
    database_file,
    database_url,
    join_state,
    shared_state,
    state_of,
)
from lookalike.cli.app import app
from lookalike.core.items import Item
from lookalike.core.library import Library
from lookalike.service.database.events import erase, not_erased, store_events
from lookalike.service.database.items import last_revision, store
from lookalike.service.database.mentions import Mentions
from lookalike.service.database.migrate import open_database
from lookalike.service.database.tables import (
    counters,
    events,
    folder_images,
    items,
    keys,
)
from lookalike.service.joining import join


def run(*words, status=0):
    found = CliRunner().invoke(app, [str(word) for word in words])
    assert found.exit_code == status, found.output
    return found


def event(id, **fields):
    plain = dict.fromkeys(c.name for c in events.c if c.name != "received")
    said = {"action_name": "click", "event_attributes": "{}", "timestamp": 1}
    return {**plain, **said, "event_id": id, **fields}


def put_events(database, *rows):
    with database.writing() as connection:
        store_events(database, connection, rows)


def put_item(database, system, id):
    with database.writing() as connection:
        store(database, connection, system, [Item(id, 1)], "version")


def column(database, which):
    with database.reading() as connection:
        return sorted(connection.execute(sa.select(which)).scalars())


@pytest.fixture
def pair(tmp_path):
    """Two empty databases."""
    made = [open_database(f"sqlite:///{tmp_path}/{name}.db") for name in ("new", "old")]
    yield made
    for each in made:
        each.close()


def test_a_database_is_copied_once_however_often(pair):
    new, old = pair
    put_events(new, event("both", object_id="of the new"), event("mine"))
    put_events(old, event("both", object_id="of the old"), event("theirs"))
    put_item(new, "digits", "mine")
    put_item(old, "digits", "not to be mixed")
    for id in ("one", "two"):
        put_item(old, "shop", id)
    for _ in range(2):
        join(new, old)
        assert column(new, events.c.event_id) == ["both", "mine", "theirs"]
        assert "of the new" in [n for n in column_of(new, events.c.object_id) if n]
        assert column(new, items.c.id) == ["mine", "one", "two"]
        with new.reading() as connection:
            assert last_revision(connection, "shop") == 2
            assert last_revision(connection, "digits") == 1
    assert column(old, events.c.event_id) == []  # who is deleted is named nowhere
    assert column(old, items.c.id) == ["not to be mixed", "one", "two"]


def column_of(database, which):
    with database.reading() as connection:
        return list(connection.execute(sa.select(which)).scalars())


def test_who_was_deleted_in_one_is_not_brought_back_by_the_other(pair):
    new, old = pair
    put_events(new, event("a", user_id="ann"))
    put_events(old, event("b", user_id="bob"), event("c", user_id="ann"))
    for database, who in ((new, "ann"), (old, "bob")):
        with database.writing() as connection:
            erase(database, connection, Mentions(who, False))
    join(new, old)
    assert column(new, events.c.event_id) == []
    with new.reading() as connection:
        rows = [event("d", user_id=who) for who in ("ann", "bob", "cy")]
        assert [r["user_id"] for r in not_erased(connection, rows)] == ["cy"]
        salts = sa.select(counters.c.name).where(counters.c.name.like("erasure_salt%"))
        assert len(connection.execute(salts).all()) == 2


def test_the_place_of_a_service_is_found_from_each_of_its_systems(tmp_path):
    photos, images, shop = (
        Library(n, tmp_path / n) for n in ("photos", "images", "shop")
    )
    own = [state_of(each) for each in (photos, images, shop)]
    assert shared_state([photos]) == (own[0], [])
    assert shared_state([photos, images]) == (own[0], [own[1]])
    own[1].mkdir(parents=True)
    open_database(database_url(own[1])).close()
    state, others = shared_state([photos, images])  # where something is already
    assert (state, others) == (own[1], [own[0]])
    assert join_state(state, own[0]) == {}
    assert state_of(photos) == state_of(images) == own[1]
    assert shared_state([photos, images]) == (own[1], [])
    own[2].mkdir(parents=True)
    shops = open_database(database_url(own[2]))
    put_events(shops, event("e"))
    shops.close()
    assert shared_state([shop, photos]) == (own[2], [own[1]])
    join_state(own[2], own[1])
    assert {state_of(each) for each in (photos, images, shop)} == {own[2]}
    (tmp_path / "moved").mkdir()
    for name in ("photos", "images", "shop"):  # a folder that is moved as a whole
        (tmp_path / name).rename(tmp_path / "moved" / name)
    moved = Library("photos", tmp_path / "moved" / "photos")
    assert state_of(moved) == tmp_path / "moved" / "shop" / "service"
    (tmp_path / "moved" / "shop").rename(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match=r"says that photos was served from .*not the"):
        state_of(moved)


@pytest.fixture
def home(tmp_path, two_generations):
    """A folder of systems: digits, and images with an indexed folder."""
    shutil.copytree(two_generations.folder, tmp_path / "home" / "digits")
    rng = np.random.default_rng(0)
    (tmp_path / "pictures").mkdir()
    for at in range(5):
        pixels = rng.integers(0, 256, (30, 40, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "pictures" / f"{at}.png")
    where = ["--folder", tmp_path / "home"]
    run("index", "add", tmp_path / "pictures", *where)
    run("index", "mark", tmp_path / "pictures" / "4.png", "--as", "private", *where)
    return tmp_path / "home"


def asked(port, method, path, body, kind):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        connection.request(method, path, body, {"content-type": kind})
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 200, text
        return json.loads(text)


def test_pictures_that_were_indexed_are_found_when_systems_are_served_together(
    home, tmp_path, servers
):
    """Digits was served alone before, and has a database and a key of its own."""
    where = ["--folder", home]
    words = ["keys", "make", "x", "--system", "digits", *where, "--json"]
    assert str(home / "digits") in json.loads(run(*words).stdout)["database"]
    starting = servers([home / "digits", home / "images"], tmp_path)
    port = next(starting)().port
    picture = (tmp_path / "pictures" / "2.png").read_bytes()
    found = asked(port, "POST", "/v1/images/search?k=5", picture, "image/png")
    hits = found["answers"][0]["hits"]
    assert hits[0]["label"] == "2.png"
    assert len(hits) == 4  # the private one is not shown
    sent = {"event_id": "e", "action_name": "click"}
    sent["timestamp"] = "2026-01-01T00:00:00Z"
    body = json.dumps({"events": [sent]})
    asked(port, "POST", "/v1/events", body, "application/json")
    next(starting, None)
    [log] = tmp_path.glob("server-*.log")
    told = log.read_text()
    assert "is copied into" in told
    assert "5 folder_images" in told
    for name in ("digits", "images"):
        state = state_of(Library(name, home / name))
        assert state == home / "digits" / "service"
    database = open_database(database_url(state))
    assert column(database, events.c.event_id) == ["e"]
    assert len(column(database, folder_images.c.number)) == 5
    assert column(database, keys.c.name) == ["x"]
    database.close()
    # The commands write there, too, and the next service of one of them reads it.
    Image.new("RGB", (30, 30), "red").save(tmp_path / "pictures" / "red.png")
    told = run("index", "add", tmp_path / "pictures", *where).stdout
    assert "1 new" in told
    assert str(database_file(state)) in told
    words = ["keys", "list", "--system", "images", *where, "--json"]
    listed = json.loads(run(*words).stdout)
    assert [each["name"] for each in listed["keys"]] == ["x"]
