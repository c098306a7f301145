"""The verbs of the service: keys, snapshot, restore, fold, reembed, export."""

import gc
import json
import socket

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from lookalike.cli._service import database_file, state_of, unread
from lookalike.cli.app import app
from lookalike.core.library import Library
from lookalike.service.server import bound


@pytest.fixture
def lookalike(library):
    def call(*arguments, status=0):
        where = ["--system", str(library.folder), "--json"]
        done = CliRunner().invoke(app, [*arguments, *where])
        assert done.exit_code == status, done.output
        return json.loads(done.stdout) if status == 0 else done.stderr

    return call


def test_keys_are_made_listed_and_revoked(lookalike):
    made = lookalike("keys", "make", "the shop", "--scope", "write")
    assert made["key"].startswith("lk_")
    (listed,) = lookalike("keys", "list")["keys"]
    assert (listed["name"], listed["scope"]) == ("the shop", "write")
    assert "digest" not in listed
    lookalike("keys", "revoke", listed["id"])
    assert lookalike("keys", "list")["keys"][0]["revoked"]
    assert "no key" in lookalike("keys", "revoke", listed["id"], status=2)
    assert "scope must be" in lookalike(
        "keys", "make", "x", "--scope", "root", status=2
    )


def test_a_database_of_another_system_that_is_not_read_is_told(tmp_path):
    photos, images = (Library(n, tmp_path / n) for n in ("photos", "images"))
    served = state_of(photos)
    assert unread([photos, images], served) == []
    for library in (photos, images):
        state_of(library).mkdir(parents=True)
        database_file(state_of(library)).touch()
    (told,) = unread([photos, images], served)
    assert told.startswith("images has a database of its own")
    assert str(database_file(state_of(images))) in told
    assert unread([images], state_of(images)) == []


def test_a_key_that_was_made_elsewhere_is_taken_from_the_environment(
    lookalike, library, tmp_path, monkeypatch
):
    key = lookalike("keys", "make", "the shop")["key"]
    url = f"sqlite:///{tmp_path}/other.db"
    monkeypatch.setenv("LOOKALIKE_DATABASE", url)
    monkeypatch.setenv("LOOKALIKE_KEY", key)
    words = ["keys", "make", "the shop", "--scope", "write"]
    for _ in range(2):  # as whenever a service is started
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.output
        assert done.stdout.splitlines()[0] == "The key that was given is good now."
        assert key not in done.output
        assert f"database: {url}" in done.stdout
    (listed,) = lookalike("keys", "list")["keys"]
    assert (listed["id"], listed["scope"]) == (key.split("_")[1], "write")
    told = lookalike("keys", "make", "the shop", "--scope", "admin", status=2)
    assert "revoked or made for something else" in told
    lookalike("keys", "revoke", listed["id"])
    assert "revoked" in lookalike(*words, status=2)
    monkeypatch.setenv("LOOKALIKE_KEY", "secret")
    told = lookalike("keys", "make", "x", status=2)
    assert "`lookalike keys make` has printed" in told
    assert "secret" not in told


def test_what_a_service_holds_is_kept_and_brought_back(
    lookalike, make_client, library, tmp_path, digits_data
):
    url = f"sqlite:///{library.folder}/service/lookalike.db"
    (library.folder / "service").mkdir()
    client = make_client(url)
    image = digits_data.x_test[0].tolist()
    item = {"id": "mine", "label": 1, "image": {"pixels": image}}
    client.post("/v1/digits/items", json={"items": [item]})
    client.post("/v1/digits/search", json={"image": {"pixels": image}, "k": 3})
    client.components.writer.settle()
    lookalike("snapshot", "one")
    assert "already" in lookalike("snapshot", "one", status=2)
    assert "must have 1 to 64" in lookalike("snapshot", "../x", status=2)
    database = {"system": "digits", "folder": str(library.folder), "database": url}
    assert lookalike("compact") == {"generation": "0003", **database}
    path = tmp_path / "shown.parquet"
    assert lookalike("export", "exposures", str(path))["rows"] == 1
    assert pq.read_table(path).num_rows == 1
    told = lookalike("reembed", "0002")
    assert told == {"generation": "0002", "described": 1, "lost": [], **database}
    assert library.current() == "0002"
    restored = lookalike("restore", "one")
    assert restored["generations"] == {"digits": "0001"}
    assert library.current() == "0001"
    assert "no snapshot" in lookalike("restore", "two", status=2)


def test_what_is_no_database_is_refused_in_a_sentence(library, tmp_path):
    path = tmp_path / "text.sqlite"
    path.write_text("not a database" * 100)
    words = ["keys", "list", "--system", str(library.folder)]
    done = CliRunner().invoke(app, [*words, "--database", f"sqlite:///{path}"])
    assert done.exit_code == 2
    assert "is no database: file is not a database." in done.stderr


def test_a_port_that_is_taken_is_told_and_nothing_stays_open():
    with bound("localhost", 0) as listener:
        assert listener.family == socket.AF_INET
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(ValueError, match=f"^localhost, port {port}: .* in use"):
            bound("localhost", port)
        gc.collect()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_database_that_is_not_there_is_a_sentence(library, tmp_path, workers):
    absent = "postgresql://nobody@127.0.0.1:9/nothing"
    given = ["serve", str(library.folder), "--port", "0", "--workers", workers]
    given += ["--state", str(tmp_path / "state"), "--database", absent]
    done = CliRunner().invoke(app, given)
    assert done.exit_code == 2
    assert "is no database" in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 5


def test_a_system_that_has_no_generation_cannot_be_served(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    done = CliRunner().invoke(app, ["serve", "people", "--port", "0"])
    assert done.exit_code == 2
    assert "holds no generation; `lookalike train people` makes one" in done.stderr


def test_what_cannot_be_served_is_told(tmp_path):
    done = CliRunner().invoke(app, ["serve", str(tmp_path)])
    assert done.exit_code == 2
    assert "no folder with a generation in it" in done.stderr
    durable = ["serve", "digits", "--durability", "perhaps"]
    done = CliRunner().invoke(app, durable)
    assert "safe or fast" in done.stderr


def test_what_was_never_trained_is_refused_before_an_address_is_named(tmp_path):
    done = CliRunner().invoke(app, ["serve", "digits", "--folder", str(tmp_path)])
    assert done.exit_code != 0
    assert "holds no generation" in str(done.exception) + done.output
    assert "http://" not in done.output
