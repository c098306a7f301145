"""Drift and alarms: of a service's lists, in its database, told to a real listener."""

import json
import threading
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import numpy as np
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.service.database.alarms import (
    MOST_ATTEMPTS,
    Alarm,
    listed,
    monitor_state,
    raise_alarms,
)
from lookalike.service.database.connection import now
from lookalike.service.database.events import delete_before, exposure_row
from lookalike.service.database.migrate import open_database
from lookalike.service.database.tables import alarms, events, exposures
from lookalike.service.drift import Budgeted, new_detectors, watch_rate
from lookalike.service.joining import join
from lookalike.service.monitoring import LEAST, look
from lookalike.service.watched_lists import Watched
from lookalike.service.webhook import deliver_waiting
from lookalike.systems.shop import SPEC

DAY = 24 * 3_600_000_000
NAMES = ["price", "age"]
ACTIVE = SimpleNamespace(generation="0001", system=SimpleNamespace(feature_names=NAMES))
BUDGET = Budgeted(1.0, 24.0)
FIRST = 1_700_000_000_000_000
NOBODY = {"session_id": None, "client_id": None}


def shown(rng, day, n=300, price=0.0, rate=0.3, meaning=1.0):
    """Rows of lists of a day and of what was done; scores are chances of an action."""
    rows, done = [], []
    for at in range(n):
        score = float(rng.uniform(0.05, 0.55)) * rate / 0.3
        query = f"{rng.integers(2**60):x}"
        row = exposure_row(
            query_id=query,
            system="shop",
            verb="recommend",
            generation="0001",
            embedding_version="",
            revision=0,
            user={**NOBODY, "user_id": f"u{day} {at}"},
            features=[[rng.normal(price), rng.normal()], [9.0, 9.0]],
            ids=["a", "b"],
            scores=[score, 0.0],
        )
        moment = FIRST + day * DAY + int(DAY * (at + 0.5) / n)
        rows.append({**row, "timestamp": moment})
        if rng.random() < score * meaning:
            plain = dict.fromkeys(column.name for column in events.c)
            done.append(
                {
                    **plain,
                    "event_id": query,
                    "action_name": "click",
                    "query_id": query,
                    "object_id": "a",
                    "event_attributes": "{}",
                    "timestamp": moment,
                    "received": moment,
                }
            )
    return rows, done


def put(database, rows, done):
    with database.writing() as connection:
        connection.execute(sa.insert(exposures), rows)
        if done:
            connection.execute(sa.insert(events), done)


@pytest.fixture
def database(tmp_path):
    """Three days of a shop as it was: a reference and two windows like it."""
    with closing(open_database(f"sqlite:///{tmp_path}/l.db")) as found:
        rng = np.random.default_rng(0)
        for day in range(3):
            put(found, *shown(rng, day))
        yield found


def looks(database, *days, budget=BUDGET):
    """Alarms of looks at the end of these days, and an hour and a half later."""
    found = []
    for day in days:
        for later in (DAY // 240, DAY // 16):
            moment = FIRST + day * DAY + later
            found += look(database, SPEC, ACTIVE, budget, 1.0, moment)
    return found


def state(database):
    with database.reading() as connection:
        return monitor_state(connection, "shop", "0001")


def test_where_nothing_moves_nobody_is_woken(database):
    assert looks(database, 0) == []
    assert state(database) == {}  # the first window is not over
    assert looks(database, 1, 2, 3) == []
    found = state(database)
    assert found["reference"]["lists"] == 300
    assert set(found["report"]["features"]) == {
        *NAMES,
        "score of the first",
        "number shown",
    }
    assert found["unlabelled"] == []
    assert abs(found["outcomes"]["rate"] - found["outcomes"]["rate_reference"]) < 0.15
    quality = found["outcomes"]["quality"]
    assert abs(quality["roc_auc_measured"] - 0.7) < 0.12
    bars = found["report"]["features"]["price"]
    assert sum(bars["now"]) == found["report"]["window"]["lists"]
    assert sum(bars["reference"]) == 300
    assert len(bars["edges"]) == len(bars["now"]) + 1
    json.dumps(found, allow_nan=False)


def test_a_feature_that_moves_is_named_once_until_somebody_has_seen_it(database):
    rng = np.random.default_rng(1)
    for day in (3, 4, 5):
        put(database, *shown(rng, day, price=1.0))
    found = looks(database, 1, 2, 3, 4)
    assert [(each.kind, each.subject) for each in found] == [
        ("feature", "price"),
        ("joint", "all features"),
    ]
    assert found[0].effect > 0.25
    assert found[0].p_value < 1e-6
    assert state(database)["report"]["moved"] == ["price"]
    assert "price moved" in found[0].sentence
    assert looks(database, 5) == []  # it is known
    with database.writing() as connection:
        connection.execute(sa.update(alarms).values(acknowledged=now()))
    assert len(looks(database, 6)) == 2


def test_a_rate_that_falls_and_scores_that_lie_are_found_when_labels_come(database):
    rng = np.random.default_rng(2)
    for day in (3, 4):
        put(database, *shown(rng, day, meaning=0.2))
    assert looks(database, 1, 2, 3) == []
    before = look(database, SPEC, ACTIVE, BUDGET, 1.0, FIRST + 4 * DAY + DAY // 240)
    assert before == []  # features and scores are as they were
    found = looks(database, 4, 5)
    told = {(each.kind, each.subject): each for each in found}
    assert ("rate", "fell") in told
    assert told["meaning of scores", "first items"].effect < -0.1
    assert ("rate", "rose") not in told


def test_quality_is_estimated_before_labels_come(database):
    rng = np.random.default_rng(3)
    rows, _ = shown(rng, 3, n=1500)
    for row in rows:  # all scores alike: they order nothing any more
        hits = json.loads(row["hits"])
        hits[0][1] = 0.3 + 0.01 * rng.random()
        row["hits"] = json.dumps(hits)
    put(database, rows, [])
    assert looks(database, 1, 2, 3) == []
    found = look(database, SPEC, ACTIVE, BUDGET, 1.0, FIRST + 4 * DAY + DAY // 240)
    told = {each.kind: each for each in found}
    assert set(told) >= {"estimated quality", "feature"}
    assert told["estimated quality"].effect < -0.1
    quality = state(database)["report"]["quality"]
    assert quality["roc_auc"]["value"] < quality["roc_auc_reference"]["value"] - 0.1


def test_alarms_for_nothing_are_as_seldom_as_the_budget_says():
    """Two detectors of a rate, a month each time, with a sixth of one alarm each."""
    rng = np.random.default_rng(4)
    month, rate, rang, n = 6_000, 0.2, 0, 60
    acted = (np.arange(4_000) < rate * 4_000).astype(float)
    empty = np.zeros((4_000, 0))
    reference = Watched(empty, acted, acted, acted, acted)
    made = new_detectors(reference, 4_000 / month * 720, Budgeted(1.0, 24.0))
    for _ in range(n):
        fresh = json.loads(json.dumps(made))
        rang += len(watch_rate(fresh, (rng.random(month) < rate).astype(float)))
    # Two sixths a month are allowed: of 60 months at most 20 on average.
    assert rang <= 28
    fallen = json.loads(json.dumps(made))
    [found] = watch_rate(fallen, (rng.random(600) < 0.1).astype(float))
    assert found[:2] == ("rate", "fell")


def test_a_reference_that_was_deleted_is_taken_anew(database):
    looks(database, 1, 2)
    with database.writing() as connection:
        delete_before(connection, FIRST + DAY)
    looks(database, 3)
    assert state(database)["reference"]["since"] >= FIRST + DAY
    assert state(database)["reference"]["lists"] >= LEAST


def test_a_system_that_shows_few_lists_waits_for_enough(tmp_path):
    with closing(open_database(f"sqlite:///{tmp_path}/l.db")) as found:
        rng = np.random.default_rng(5)
        for day in range(6):
            put(found, *shown(rng, day, n=60))
        assert looks(found, 1, 2, 3) == []
        assert state(found) == {}
        looks(found, 5)
        assert state(found)["reference"]["lists"] >= LEAST


# --- who is told -------------------------------------------------------------------


class Listener(HTTPServer):
    """Takes what is posted, with the statuses that it is told to answer."""

    def __init__(self, *statuses):
        super().__init__(("127.0.0.1", 0), Handler)
        self.statuses, self.got = list(statuses), []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/hook?token=secret"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append(json.loads(body))
        status = self.server.statuses.pop(0) if self.server.statuses else 204
        if status == 0:
            time.sleep(1.0)
            status = 200
        self.send_response(status)
        self.send_header("location", "/elsewhere")
        self.end_headers()

    def log_message(self, *about):
        pass


@pytest.fixture
def listener():
    made = []

    def make(*statuses):
        made.append(Listener(*statuses))
        return made[-1]

    yield make
    for each in made:
        each.shutdown()
        each.server_close()


def alarm(subject="price"):
    return Alarm("shop", "0001", "feature", subject, 0.5, 0.001, f"{subject} moved.")


def raised(database, *found):
    with database.writing() as connection:
        raise_alarms(connection, found)
    with database.reading() as connection:
        return listed(connection, 100)


def test_an_alarm_is_posted_until_it_is_taken_and_then_no_more(database, listener):
    hook = listener(500, 302, 204)
    [row] = raised(database, alarm())
    at = [row["raised"] + seconds * 1_000_000 for seconds in (0, 5, 11, 31, 99)]
    taken = [deliver_waiting(database, hook.url, moment) for moment in at]
    assert taken == [0, 0, 0, 1, 0]  # five seconds are too soon to try again
    assert len(hook.got) == 3
    assert hook.got[0] == hook.got[2]
    sent = hook.got[-1]
    assert sent["id"] == row["id"]
    assert sent["sentence"] == "price moved."
    assert "token" not in json.dumps(sent)
    with database.reading() as connection:
        [row] = listed(connection, 1)
    assert row["delivered"] is not None
    assert row["attempts"] == 3


def test_a_listener_that_is_slow_or_gone_holds_nobody_up(database, listener):
    raised(database, alarm("price"), alarm("age"))
    moment = now() + 1
    hook = listener(503)
    assert deliver_waiting(database, hook.url, moment) == 0
    assert len(hook.got) == 1  # the second waits for the first
    moment += 60_000_000
    hook = listener(0)
    assert deliver_waiting(database, hook.url, moment, seconds=0.2) == 0
    gone = f"http://127.0.0.1:{hook.server_port}"
    hook.shutdown()
    hook.server_close()
    for n in range(30):
        deliver_waiting(database, gone, moment + n * 3_600_000_000)
    with database.reading() as connection:
        rows = listed(connection, 9)
    assert max(row["attempts"] for row in rows) == MOST_ATTEMPTS
    assert all(row["delivered"] is None for row in rows)


# --- rows, routes, commands ----------------------------------------------------------


def test_alarms_are_kept_copied_and_deleted_like_other_rows(database, tmp_path):
    raised(database, alarm())
    looks(database, 1)
    with closing(open_database(f"sqlite:///{tmp_path}/new.db")) as new:
        for _ in range(2):
            join(new, database)
        with new.reading() as connection:
            assert len(listed(connection, 9)) == 1
        assert state(new) == state(database) != {}
        with new.writing() as connection:
            delete_before(connection, now() + 1)
        with new.reading() as connection:
            assert listed(connection, 9) == []


def test_the_service_looks_by_itself_and_tells(make_client, listener):
    hook = listener()
    client = make_client(
        drift_hours=1e-3, label_hours=0.0, alarm_webhook=hook.url, alarm_budget=1e6
    )
    drift = client.get("/v1/digits/drift").json()
    assert "The reference is gathered" in drift["sentence"]
    database = client.components.database
    rng = np.random.default_rng(0)

    def store(shift, n=260):
        rows = [
            exposure_row(
                query_id=f"{rng.integers(2**60):x}",
                system="digits",
                verb="search",
                generation="0001",
                embedding_version="",
                revision=0,
                user={**NOBODY, "user_id": None},
                features=rng.normal(shift, 1, 20),
                ids=["a"],
                scores=[rng.random()],
            )
            for _ in range(n)
        ]
        with database.writing() as connection:
            connection.execute(sa.insert(exposures), rows)

    store(0.0)
    until = time.monotonic() + 60
    while client.get("/v1/digits/drift").json()["reference"] is None:
        assert time.monotonic() < until
        time.sleep(0.05)
    store(2.0)
    while client.get("/v1/digits/drift").json()["report"] is None or not hook.got:
        assert time.monotonic() < until
        time.sleep(0.05)
    found = client.get("/v1/alarms", params={"system": "digits"}).json()["alarms"]
    assert {"feature", "joint"} <= {each["kind"] for each in found}
    report = client.get("/v1/digits/drift").json()["report"]
    assert "component 1" in report["features"]
    assert report["joint"]["effect"] > 0.9
    assert "lookalike_alarms_total" in client.get("/metrics").text
    [first, *_] = found
    seen = client.post(f"/v1/alarms/{first['id']}/acknowledge").json()
    assert seen["acknowledged"] is not None
    assert client.post("/v1/alarms/none/acknowledge").status_code == 404
    left = client.get("/v1/alarms", params={"open": True}).json()["alarms"]
    assert first["id"] not in [each["id"] for each in left]
    told = [json.loads(line) for line in client.log.getvalue().splitlines()]
    assert any(line["event"] == "alarm" for line in told)
    assert "token" not in client.log.getvalue()
    assert client.post("/v1/snapshots", json={"name": "one"}).status_code == 200
    assert client.post("/v1/snapshots/restore", json={"name": "one"}).status_code == 200


def test_the_command_lists_alarms_and_acknowledges_one(database, tmp_path):
    url = ["--database", f"sqlite:///{tmp_path}/l.db"]

    def run(*words, status=0):
        done = CliRunner().invoke(app, ["alarms", *words, *url])
        assert done.exit_code == status, done.output
        return done.stdout if status == 0 else done.stderr

    assert "No alarm was raised." in run()
    [row] = raised(database, alarm())
    assert "price moved." in run()
    assert row["id"] in run("--open")
    assert "is acknowledged" in run("--acknowledge", row["id"])
    assert "No alarm" in run("--open")
    assert json.loads(run("--json"))["alarms"][0]["acknowledged"] > 0
    assert "There is no alarm 'none'." in run("--acknowledge", "none", status=2)
