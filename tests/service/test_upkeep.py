"""Settings from three places, what is measured, snapshots by themselves, drills."""

import json
import re
import time
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

import lookalike
from lookalike.core.library import Library
from lookalike.service import drill as drilling
from lookalike.service import training
from lookalike.service.copies import kept_without
from lookalike.service.database.migrate import open_database
from lookalike.service.drill import drill
from lookalike.service.settings import chosen_settings, read_file, served_at
from lookalike.service.snapshots import snapshot
from lookalike.service.training import each_training_row, training_rows

MOMENT = "2026-01-01T00:00:00Z"


def waited(condition):
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


# --- settings -------------------------------------------------------------------------


def test_an_option_goes_before_a_variable_before_the_file(monkeypatch, tmp_path):
    monkeypatch.setenv("LOOKALIKE_MAX_K", "7")
    file = tmp_path / "service.toml"
    file.write_text("max_k = 5\nmax_batch = 6\nrate = 8.0\n")
    found = chosen_settings({"state": tmp_path, "rate": 9.0}, read_file(file))
    assert (found.max_k, found.max_batch, found.rate) == (7, 6, 9.0)
    with pytest.raises(ValueError, match=r"There is no setting max_q\.$"):
        chosen_settings({"state": tmp_path}, {"max_q": 1})
    with pytest.raises(ValueError, match=r"^The setting canary_share: Input should"):
        chosen_settings({"state": tmp_path}, {"canary_share": 2})
    file.write_text("max_k = ")
    with pytest.raises(ValueError, match="is no TOML"):
        read_file(file)


@pytest.mark.parametrize(
    ("name", "value"), [("port", 70_000), ("systems", "digits"), ("host", 7)]
)
def test_where_systems_answer_is_checked_in_a_file_too(name, value):
    assert served_at({"port": 80, "rate": 1.0})[1] == {"rate": 1.0}
    with pytest.raises(ValueError, match=rf"^The setting {name}: Input should"):
        served_at({name: value})


def test_serve_takes_everything_from_a_file_or_the_environment(
    monkeypatch, tmp_path, library
):
    from typer.testing import CliRunner

    from lookalike.cli.app import app
    from lookalike.service import server

    seen = []
    monkeypatch.setattr(server, "serve", lambda *about: seen.append(about))
    file = tmp_path / "service.toml"
    file.write_text(
        f'systems = ["{library.folder}"]\nport = 0\nstate = "{tmp_path / "s"}"\n'
        'explore = 0.5\nrate = 3.0\nworkers = 2\nmax_k = 9\nhost = "127.0.0.1"\n'
    )
    monkeypatch.setenv("LOOKALIKE_RATE", "4")
    monkeypatch.setenv("LOOKALIKE_DURABILITY", "fast")
    monkeypatch.setenv("LOOKALIKE_CONFIG", str(file))
    done = CliRunner().invoke(app, ["serve", "--workers", "1"])
    assert done.exit_code == 0, done.output
    [(libraries, url, settings, _)] = seen
    assert list(libraries) == ["digits"]
    assert url.endswith(f"{tmp_path}/s/lookalike.db")
    assert (settings.explore, settings.rate, settings.workers) == (0.5, 4.0, 1)
    assert (settings.max_k, settings.durability) == (9, "fast")
    refused = CliRunner().invoke(app, ["serve", "--store", str(tmp_path)])
    assert refused.exit_code == 2
    assert "need --database postgresql://" in refused.output


# --- what is measured, and readiness --------------------------------------------------


def test_build_process_queues_generation_and_database_are_measured(make_client):
    client = make_client()
    waited(lambda: "lookalike_build{" in client.get("/metrics").text)
    text = client.get("/metrics").text
    assert f'version="{lookalike.__version__}"' in text
    page = Path(__file__).parents[2] / "docs" / "many-machines.md"
    named = set(re.findall(r"`(lookalike_[a-z_]+)`", page.read_text()))
    assert len(named) == 10
    assert {name for name in named if name not in text} == set()
    value = dict(re.findall(r"^(lookalike_[^ ]+) ([\d.e+-]+)$", text, re.MULTILINE))
    value = {name: float(number) for name, number in value.items()}
    assert value["lookalike_process_resident_bytes"] > 10e6
    assert value["lookalike_process_cpu_seconds"] > 0
    assert value['lookalike_waiting_requests{system="digits"}'] == 0
    assert value["lookalike_waiting_writes"] == 0
    assert 0 < value['lookalike_generation_age_seconds{system="digits"}'] < 36_000
    assert value["lookalike_last_snapshot_timestamp_seconds"] == 0
    assert value["lookalike_database_up"] == 1
    assert value["lookalike_database_seconds_count"] >= 1


def test_who_asks_whether_it_is_ready_is_told_of_the_database(make_client, monkeypatch):
    client = make_client()
    assert client.get("/readyz").status_code == 200

    def gone(*about):
        raise OperationalError("SELECT", {}, Exception("connection refused"))

    with monkeypatch.context() as broken:
        broken.setattr(client.components.database, "reading", gone)
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (503, "no database")
        assert "lookalike_database_up 0.0" in client.get("/metrics").text
    assert client.get("/readyz").status_code == 200
    client.components.drain.begun = True
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "draining"})
    assert answer.headers["connection"] == "close"


# --- snapshots by themselves, and drills ----------------------------------------------


def test_snapshots_are_taken_by_themselves_and_the_oldest_go(make_client, tmp_path):
    client = make_client(snapshot_hours=0.5 / 3600, keep_snapshots=1, watch=0.05)
    folder = tmp_path / "state" / "snapshots"
    client.post("/v1/snapshots", json={"name": "mine"})

    def ours():
        return [name for name in listed() if name.startswith("auto-")]

    def listed():
        return client.get("/v1/snapshots").json()["snapshots"]

    waited(ours)
    first = ours()[0]
    waited(lambda: ours() and ours()[0] != first)
    waited(lambda: len(ours()) == 1)
    assert "mine" in listed()
    assert drill(folder, "mine").generations == {"digits": "0001"}


@pytest.fixture
def taken(url, tmp_path, library):
    """A snapshot of a few rows of either database."""
    from lookalike.core.items import Item
    from lookalike.service.database.events import store_events
    from lookalike.service.database.items import store

    database = open_database(url)
    row = {"action_name": "click", "timestamp": 5, "event_attributes": "{}"}
    sent = [{**row, "event_id": id, "value": 0.1} for id in ("B", "a", "é", "Z")]
    with database.writing() as connection:
        store_events(database, connection, sent)
        store(database, connection, "digits", [Item("0", deleted=True)], "")
    snapshot(database, {"digits": library}, tmp_path / "snapshots", "one")
    database.close()
    return tmp_path / "snapshots"


def test_a_drill_proves_a_snapshot_or_says_what_is_wrong(taken, monkeypatch):
    found = drill(taken)
    assert found.snapshot == "one"
    assert found.rows["events"] == 4
    assert found.rows["items"] == 1
    assert found.generations == {"digits": "0001"}
    restore = drilling.restore

    def badly(database, *about):
        generations = restore(database, *about)
        with database.writing() as connection:
            connection.exec_driver_sql(
                "UPDATE events SET value = 0.2 WHERE event_id='a'"
            )
        return generations

    with monkeypatch.context() as broken:
        broken.setattr(drilling, "restore", badly)
        with pytest.raises(ValueError, match="events came back as 4 rows that are not"):
            drill(taken)
    (taken / "one" / "events.jsonl").write_text("")
    with pytest.raises(ValueError, match="damaged"):
        drill(taken)
    with pytest.raises(ValueError, match="holds no snapshot"):
        drill(taken.parent / "nothing")


def test_the_command_drills(taken, library):
    from typer.testing import CliRunner

    from lookalike.cli.app import app

    state = ["--state", str(taken.parent), "--json"]
    done = CliRunner().invoke(app, ["drill", *state])
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["rows"]["events"] == 4


# --- exports --------------------------------------------------------------------------


def test_training_rows_come_in_blocks_as_they_come_at_once(tmp_path, monkeypatch):
    import sqlalchemy as sa

    from lookalike.service.database.events import exposure_row, store_events
    from lookalike.service.database.tables import exposures

    database = open_database(f"sqlite:///{tmp_path}/rows.db")
    user = {"session_id": None, "client_id": None, "user_id": "u"}
    about = {"system": "shop", "verb": "recommend", "generation": "0001"}
    about |= {"embedding_version": "", "revision": 0, "user": user}
    with database.writing() as connection:
        for i in range(7):
            features, hits = [[i], [i + 1]], (["a", "b"], [2.0, 1.0])
            row = exposure_row(query_id=f"q{i}", features=features, ids=hits[0],
                               scores=hits[1], **about)  # fmt: skip
            connection.execute(sa.insert(exposures), {**row, "timestamp": i // 2})
            event = {"event_id": f"e{i}", "query_id": f"q{i}", "object_id": "b"}
            event |= {"action_name": "click", "timestamp": 9, "event_attributes": "{}"}
            store_events(database, connection, [event] if i % 2 else [])
    whole = training_rows(database)
    assert [row["actions"] for row in whole[:4]] == [[], [], [], ["click"]]
    monkeypatch.setattr(training, "_MANY", 2)
    assert list(each_training_row(database)) == whole
    assert list(each_training_row(database, 2)) == [
        {**row, "actions": []} for row in whole if row["timestamp"] < 2
    ]
    database.close()


# --- copies ---------------------------------------------------------------------------


def test_copies_lose_what_names_a_user_whom_only_a_digest_names():
    kept = {table.name: keep for table, keep in kept_without("ann".__eq__).items()}
    shown = {"query_id": "q", "system": "shop", "hits": "[]", "session_id": "s"}
    assert kept["exposures"]({**shown, "user_id": "ann"}) is None
    assert kept["exposures"]({**shown, "user_id": "bob"}) is not None
    base = {"action_name": "click", "event_attributes": "{}", "object_id": None}
    assert kept["events"]({**base, "client_id": "ann"}) is None
    left = kept["events"]({**base, "user_id": "bob", "message": "to ann, annabel"})
    assert left["message"] == "to , annabel"
    unit = {"query_id": "other", "unit": "x"}
    assigned = kept["experiment_exposures"]
    assert assigned({**unit, "unit": "ann"}) is None
    assert assigned({**unit, "unit": "s"}) is None  # the session of her list
    assert assigned({**unit, "query_id": "q"}) is None
    assert assigned(unit) == unit
    assert kept["handed_out"]({"user_id": "ann", "item_id": "1"}) is None


def test_a_library_is_where_its_folder_is(tmp_path):
    """A plain library takes a generation in under its own name, once."""
    from lookalike.core.generation import save

    one, other = Library("toy", tmp_path / "one"), Library("toy", tmp_path / "other")
    one.add(lambda place: save(place, "toy", {}, {"size": 1}))
    other.folder.mkdir()
    assert [other.bring(one.place("0001")) for _ in range(2)] == ["0001"] * 2
    assert other.about("0001")["size"] == other.load("0001").about["size"] == 1
    assert other.about("0002") == {}
    one.add(lambda place: save(place, "toy", {}, {"size": 2}))
    other.add(lambda place: save(place, "toy", {}, {"size": 3}))
    with pytest.raises(ValueError, match="Another generation 0002"):
        other.bring(one.place("0002"))
