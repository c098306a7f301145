"""Events: stored before they are acknowledged, once, and the same rows in any order."""

import asyncio
import itertools
import json
import os
import threading
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from lookalike.service.database import Database
from lookalike.service.database.connection import DatabaseGone
from lookalike.service.database.events import (
    exposure_row,
    store_events,
    store_exposures,
)
from lookalike.service.database.migrate import migrate
from lookalike.service.database.tables import events, exposures, metadata
from lookalike.service.database.writer import Writer
from lookalike.service.errors import ServiceError
from lookalike.service.export import export
from lookalike.service.exposures import ExposureLog
from lookalike.service.metrics import Metrics
from lookalike.service.routes.events import event_row
from lookalike.service.schemas import Event
from lookalike.service.training import training_rows

START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def database(url):
    opened = Database(url)
    migrate(opened)
    yield opened
    opened.close()


def event(n, **more):
    moment = START + timedelta(microseconds=37 * n)
    fields = {"event_id": f"e{n}", "action_name": "click", "timestamp": moment}
    return event_row(Event.model_validate(fields | more))


def clicks(n):
    """n events on what three queries showed, of three kinds."""
    kinds = itertools.cycle(["click", "like", "purchase"])
    return [
        event(
            i,
            action_name=next(kinds),
            query_id=f"q{i % 3}",
            value=float(i) / 3,
            event_attributes={"object": {"object_id": str(i % 5)}},
        )
        for i in range(n)
    ]


def exposed(n=3):
    """What n queries showed."""
    rows = [
        exposure_row(
            query_id=f"q{i}",
            system="digits",
            verb="search",
            generation="0001",
            embedding_version="abc",
            revision=0,
            user={"session_id": None, "client_id": None, "user_id": None},
            features=np.arange(4, dtype=np.float32) + i,
            ids=[str(j) for j in range(5)],
            scores=[-0.5 * j for j in range(5)],
        )
        for i in range(n)
    ]
    for i, row in enumerate(rows):
        row["timestamp"] = int(START.timestamp()) * 10**6 - 50 + i
    return rows


def show(database, n=3):
    with database.writing() as connection:
        store_exposures(database, connection, exposed(n))


def test_migrations_make_what_the_tables_say(database):
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_a_database_of_the_first_form_opens_and_keeps_its_rows(url):
    from alembic import command

    from lookalike.service.database import migrate as module

    database = Database(url)
    with database.writing() as connection:
        command.upgrade(module._config(connection), "0001")
        connection.execute(sa.insert(events), [event(1) | {"received": 5}])
    migrate(database)
    migrate(database)
    with database.writing() as connection:
        assert store_events(database, connection, [event(1), event(2)]) == 1
    database.close()


def test_a_newer_database_is_refused_by_name(url):
    database = Database(url)
    migrate(database)
    with database.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ValueError, match=r"newer lookalike .* 9999"):
        migrate(database)
    database.close()


@pytest.mark.parametrize("wrong", ["mysql://x/y", "nothing", "sqlite://"])
def test_another_kind_of_database_is_refused(wrong):
    with pytest.raises(ValueError, match="sqlite"):
        Database(wrong)


@pytest.mark.parametrize(
    ("error", "raised", "n_stored", "n_dropped"),
    [
        (ValueError("of one request"), ValueError, 3, 0),
        (sa.exc.OperationalError("INSERT", {}, OSError("disk")), ServiceError, 0, 3),
    ],
)
def test_exposures_outlive_a_refused_write_and_are_counted_in_an_outage(
    database, error, raised, n_stored, n_dropped
):
    writer, metrics = Writer(database, 10), Metrics()
    log = ExposureLog(database, writer, metrics)
    for row in exposed(3):
        log.add(lambda row=row: [row])

    def fail(connection):
        raise error

    async def write():
        refused = asyncio.ensure_future(writer.write(fail))
        await asyncio.sleep(0)
        writer.start()  # what waits goes into one commit
        with pytest.raises(raised):
            await refused

    asyncio.run(write())
    writer.stop()
    with database.reading() as connection:
        count = sa.select(sa.func.count()).select_from(exposures)
        assert connection.execute(count).scalar() == n_stored
    assert metrics.dropped._value.get() == n_dropped


def test_events_are_stored_once_however_often_they_come(database):
    rows = clicks(10)
    with database.writing() as connection:
        assert store_events(database, connection, rows) == 10
        assert store_events(database, connection, [*rows, event(99), event(99)]) == 1
    with database.reading() as connection:
        count = sa.select(sa.func.count()).select_from(events)
        assert connection.execute(count).scalar() == 11


def test_the_same_events_in_any_order_give_the_same_training_rows(url, tmp_path):
    rng = np.random.default_rng(0)
    found = []
    for turn in range(3):
        if url.startswith("sqlite"):
            database = Database(f"sqlite:///{tmp_path}/{turn}.db")
        else:
            database = Database(url)
        migrate(database)
        with database.writing() as connection:
            for table in (events, exposures):
                connection.execute(sa.delete(table))
        rows = clicks(60)
        told = rows if turn == 0 else [rows[i] for i in rng.integers(60, size=400)]
        told = told + [rows[i] for i in rng.permutation(60)]
        half = len(told) // 2
        with database.writing() as connection:
            store_events(database, connection, told[:half])
        show(database)
        with database.writing() as connection:
            store_events(database, connection, told[half:])
        found.append(training_rows(database))
        database.close()
    assert found[0] == found[1] == found[2]
    assert sum(len(row["actions"]) for row in found[0]) == 60


def test_the_rows_of_a_past_moment_stay_as_they_were(database):
    rows = clicks(60)
    show(database)
    moment = rows[30]["timestamp"]
    with database.writing() as connection:
        store_events(database, connection, rows[:30])
    before = training_rows(database, until=moment)
    with database.writing() as connection:
        store_events(database, connection, rows)
    assert training_rows(database, until=moment) == before
    assert training_rows(database) != before


@pytest.mark.parametrize("table", ["events", "exposures", "training"])
def test_parquet_holds_every_row_in_the_order_of_time(database, tmp_path, table):
    show(database)
    rows = clicks(20)
    with database.writing() as connection:
        store_events(database, connection, rows[::-1])
    path = tmp_path / "out.parquet"
    count = export(database, table, path)
    found = pq.read_table(path).to_pylist()
    assert len(found) == count == {"events": 20, "exposures": 3, "training": 15}[table]
    times = [row["timestamp"] for row in found]
    assert times == sorted(times)
    if table == "exposures":
        assert found[1]["features"] == [1.0, 2.0, 3.0, 4.0]
        assert found[0]["hits"][2] == {"id": "2", "score": -1.0, "propensity": 1.0}
    if table == "events":
        assert times[3] == START + timedelta(microseconds=111)


def sent(n, **more):
    fields = {"event_id": f"e{n}", "action_name": "click"}
    return fields | {"timestamp": "2026-03-01T10:00:00+01:00"} | more


def test_the_service_acknowledges_what_is_stored(make_client, url):
    client = make_client(url)
    body = {"events": [sent(1), sent(2)]}
    expected = {"acknowledged": 2, "new": 2}
    assert client.post("/v1/events", json=body).json() == expected
    again = {"acknowledged": 2, "new": 0}
    assert client.post("/v1/events", json=body).json() == again
    with client.components.database.reading() as connection:
        found = connection.execute(sa.select(events).order_by(events.c.event_id)).all()
    assert [row.event_id for row in found] == ["e1", "e2"]
    expected = int(datetime(2026, 3, 1, 9, tzinfo=UTC).timestamp()) * 1_000_000
    assert found[0].timestamp == expected


def test_one_bad_event_refuses_its_batch_whole(make_client):
    client = make_client()
    for wrong in (
        {"timestamp": "yesterday"},
        {"timestamp": "2026-03-01T10:00:00"},
        {"action_name": "two words"},
        {"event_id": "nul\0"},
        {"value": "NaN"},
        {"more": 1},
    ):
        answer = client.post("/v1/events", json={"events": [sent(1), sent(2) | wrong]})
        assert answer.status_code == 422
        assert answer.json()["detail"].startswith("events.1.")
    with client.components.database.reading() as connection:
        assert connection.execute(sa.select(events)).all() == []


def test_searches_are_logged_with_all_that_produced_them(make_client, digits_data):
    client = make_client()
    body = {"image": {"pixels": digits_data.x_test[0].tolist()}, "k": 4}
    asked = body | {"query_id": "mine", "client_id": "c7"}
    answer = client.post("/v1/digits/search", json=asked).json()
    client.components.writer.settle()
    with client.components.database.reading() as connection:
        (row,) = connection.execute(sa.select(exposures)).mappings()
    assert row["query_id"] == answer["query_id"] == "mine"
    assert (row["generation"], row["client_id"]) == ("0001", "c7")
    hits = answer["answers"][0]["hits"]
    assert json.loads(row["hits"]) == [[h["id"], h["score"], 1.0] for h in hits]
    active = client.components.served["digits"].active
    expected = active.system.describe(digits_data.x_test[:1])[0]
    np.testing.assert_array_equal(np.frombuffer(row["features"], "<f4"), expected)


def test_a_database_that_is_full_gives_507_and_recovers(make_client):
    client = make_client()
    database = client.components.database

    def limit(pages):
        # Of every connection: SQLite then says that the disk is full.
        database.engine.dispose()
        sa.event.listen(
            database.engine,
            "connect",
            lambda raw, _: raw.execute(f"PRAGMA max_page_count={pages}").close(),
        )

    client.post("/v1/events", json={"events": [sent(0)]})
    limit(1)
    big = [sent(i, message="x" * 5000) for i in range(1, 200)]
    answer = client.post("/v1/events", json={"events": big})
    assert answer.status_code == 507
    assert "full" in answer.json()["detail"]
    limit(1_000_000)
    answer = client.post("/v1/events", json={"events": big})
    assert answer.json() == {"acknowledged": 199, "new": 199}


def test_a_database_that_may_not_be_written_gives_503_and_recovers(make_client, url):
    client = make_client(url, watch=1000.0)  # nobody else asks the database
    engine = client.components.database.engine
    sqlite = url.startswith("sqlite")
    command = (
        "PRAGMA query_only={}" if sqlite else "SET default_transaction_read_only={}"
    )

    def allow(writes):
        text = command.format("off" if writes else "on")

        def say(raw, *_):
            raw.cursor().execute(text)
            if not sqlite:
                raw.commit()

        sa.event.listen(engine, "checkout", say)  # the last one is the one that counts

    allow(writes=False)
    answer = client.post("/v1/events", json={"events": [sent(1)]})
    assert answer.status_code == 503
    assert "may not be written" in answer.json()["detail"]
    allow(writes=True)
    answer = client.post("/v1/events", json={"events": [sent(1)]})
    assert answer.json() == {"acknowledged": 1, "new": 1}


def _removed(file):
    file.unlink()


def _replaced(file):
    copy = file.with_name("copy")
    copy.write_bytes(file.read_bytes())
    copy.replace(file)


def _moved(file):
    file.rename(file.with_name("elsewhere"))


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be removed there")
@pytest.mark.parametrize("happens", [_removed, _replaced, _moved])
def test_a_database_whose_file_is_gone_takes_no_writes(
    make_client, tmp_path, digits_data, happens
):
    client = make_client()
    assert client.post("/v1/events", json={"events": [sent(0)]}).is_success
    assert client.get("/readyz").is_success
    happens(tmp_path / "lookalike.db")
    there = sorted(path.name for path in tmp_path.glob("*.db"))
    pixels = digits_data.x_test[0].tolist()
    item = {"id": "x", "label": 7, "image": {"pixels": pixels}}
    asked = [
        client.post("/v1/events", json={"events": [sent(1)]}),
        client.post("/v1/digits/items", json={"items": [item]}),
        client.delete("/v1/users/ann"),
        client.post("/v1/snapshots", json={"name": "s"}),
        client.get("/readyz"),
    ]
    for answer in asked:
        assert answer.status_code == 503, answer.url
        assert "was removed or replaced" in answer.json()["detail"]
    search = {"image": {"pixels": pixels}, "k": 1}
    assert client.post("/v1/digits/search", json=search).is_success
    assert sorted(path.name for path in tmp_path.glob("*.db")) == there
    assert client.get("/healthz").is_success


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be removed there")
def test_a_log_of_writes_that_is_gone_takes_no_writes(make_client, tmp_path):
    client = make_client(watch=60.0)  # nobody else looks meanwhile
    assert client.post("/v1/events", json={"events": [sent(0)]}).is_success
    (tmp_path / "lookalike.db-wal").unlink()
    answer = client.post("/v1/events", json={"events": [sent(1)]})
    assert answer.status_code == 503
    assert "was removed or replaced" in answer.json()["detail"]


def test_a_file_that_goes_during_a_commit_acknowledges_nothing(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/l.db")
    migrate(database)

    def write():
        with database.writing() as connection:
            store_events(database, connection, clicks(1))
            (tmp_path / "l.db").unlink()

    with pytest.raises(DatabaseGone):
        write()
    database.close()
    migrate(database)  # it is opened anew
    database.close()


def test_a_locked_database_gives_503_and_nothing_is_lost(make_client, monkeypatch):
    monkeypatch.setattr("lookalike.service.database.connection.BUSY_SECONDS", 0.1)
    client = make_client()
    with client.components.database.writing():
        answer = client.post("/v1/events", json={"events": [sent(1)]})
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    answer = client.post("/v1/events", json={"events": [sent(1)]})
    assert answer.json()["new"] == 1


def test_many_writers_share_commits_and_each_gets_its_own_answer(make_client, url):
    client = make_client(url)
    answers = []

    def write(turn):
        body = {"events": [sent(f"{turn}-{i}") for i in range(5)]}
        answers.append(client.post("/v1/events", json=body).json())

    threads = [threading.Thread(target=write, args=(turn,)) for turn in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [{"acknowledged": 5, "new": 5}] * 20


def test_a_database_without_an_encoding_keeps_text(postgres):
    import psycopg

    with psycopg.connect(postgres.format(name="postgres"), autocommit=True) as made:
        made.execute(
            "CREATE DATABASE no_encoding TEMPLATE template0 ENCODING 'SQL_ASCII' "
            "LC_COLLATE 'C' LC_CTYPE 'C'"
        )
    database = Database(postgres.format(name="no_encoding"))
    migrate(database)
    with database.writing() as connection:
        store_events(database, connection, [event(1, client_id="Łódź ☕")])
    with database.engine.connect() as connection:
        assert connection.scalar(sa.select(events.c.client_id)) == "Łódź ☕"
    database.close()
