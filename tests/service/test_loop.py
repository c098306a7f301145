"""The loop: every step a row; killed in any it goes on; done once more to the byte."""

import json
import signal
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime

import numpy as np
import pytest
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.core.library import Library
from lookalike.service.database.alarms import keep_state
from lookalike.service.database.events import store_events
from lookalike.service.database.experiments import end, running, start
from lookalike.service.database.loop_steps import run_of, runs
from lookalike.service.database.migrate import open_database
from lookalike.service.loop import Way, replay
from lookalike.service.retraining import retrain
from lookalike.service.routes.events import event_row
from lookalike.service.schemas import Event
from lookalike.service.served_experiment import canary
from lookalike.systems.shop import SPEC


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
    things = [f"sku{item},{'odd' if item % 2 else 'even'}" for item in range(40)]
    (folder / "items.csv").write_text("\n".join(["sku,kind", *things]))
    options = {"items": str(folder / "items.csv")}
    data = SPEC.find_data(str(folder / "log.csv"), options=options)
    served, result = SPEC.train(SPEC.new({"ranker": "logistic"}), data)
    found = Library("shop", folder / "library")
    found.add(lambda place: served.save(place, result))
    return folder


@pytest.fixture
def library(trained):
    found = Library("shop", trained / "library")
    yield found
    found.activate("0001")


@pytest.fixture
def database(tmp_path):
    with closing(open_database(f"sqlite:///{tmp_path}/l.db")) as found:
        tell(found, 0)
        yield found


def tell(database, n):
    """One more customer has viewed three even items."""
    moment = datetime.now(UTC).isoformat()
    sent = [
        {
            "event_id": f"{n} {item}",
            "action_name": "view",
            "user_id": f"new {n}",
            "timestamp": moment,
            "event_attributes": {"object": {"object_id": f"sku{item}"}},
        }
        for item in (0, 2, 4)
    ]
    with database.writing() as connection:
        rows = [event_row(Event.model_validate(each)) for each in sent]
        store_events(database, connection, rows)


def steps(database):
    with database.reading() as connection:
        found = runs(connection, "shop", 1)
    return [step.step for step in found[0].steps] if found else []


KILLED = """
import json, os, signal, sys
from lookalike.core.library import Library
from lookalike.service import loop
from lookalike.service.database.migrate import open_database
from lookalike.service.retraining import retrain
from lookalike.systems.shop import SPEC

folder, url, step, share, options = sys.argv[1:]
store = loop.add_step

def killed(connection, before, new):
    if new["step"] == step:
        os.kill(os.getpid(), signal.SIGKILL)
    return store(connection, before, new)

loop.add_step = killed
way = loop.Way(canary_share=float(share))
place = SPEC, Library("shop", folder), open_database(url)
retrain(*place, json.loads(options), way=way)
"""


def killed(library, database, step, share, **options):
    """Let a process go on until it is killed before this step is stored."""
    url = database.url.render_as_string()
    words = [str(library.folder), url, step, str(share), json.dumps(options)]
    done = subprocess.run([sys.executable, "-c", KILLED, *words], check=False)
    assert done.returncode == -signal.SIGKILL, step
    found, complaint = library.open()  # the old or the new, and whole
    assert complaint is None
    SPEC.system_class.load(found)
    return found.folder.name


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_killed_in_any_step_it_goes_on_and_the_old_or_the_new_answers(
    library, database
):
    """Each process goes on from where the one before was killed."""
    done = []
    for step in ("begun", "trained", "judged", "canary"):
        assert killed(library, database, step, 0.2) == "0001"
        assert steps(database) == done
        done.append(step)
    with database.reading() as connection:
        assert running(connection) == []  # it begins with its row, or not at all
    assert len(library.names()) == 2  # what was learned is not learned again
    waits = retrain(SPEC, library, database, way=Way(canary_share=0.2))
    assert not waits.took_over
    assert "answers 20% of the requests" in waits.sentence
    assert retrain(SPEC, library, database).sentence == waits.sentence  # it waits on
    assert steps(database) == done
    with database.reading() as connection:
        key = runs(connection, "shop", 1)[0].last.details["key"]
    new = library.activate(waits.generation)  # what a service does once it passed
    with database.writing() as connection:
        end(connection, key, "passed", "It is not worse.")
    for step in ("watched", "activated"):
        assert killed(library, database, step, 0.2) == new
        assert steps(database) == done
        done.append(step)
    found = retrain(SPEC, library, database)
    assert (found.took_over, found.generation) == (True, new)
    assert steps(database) == done
    assert library.names() == ["0001", new]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_killed_once_the_pointer_has_moved_it_only_says_so(library, database):
    new = killed(library, database, "activated", 0.0)
    assert new > "0001"
    assert steps(database) == ["begun", "trained", "judged", "canary"]
    found = retrain(SPEC, library, database)
    assert (found.took_over, found.generation) == (True, new)
    assert library.names()[-1] == new


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_what_is_refused_or_stopped_does_not_take_over_when_killed_before_it_is_said(
    library, database
):
    assert killed(library, database, "refused", 0.0, diversity=0.99) == "0001"
    found = retrain(SPEC, library, database)
    assert "is worse and does not take over" in found.sentence
    assert steps(database) == ["begun", "trained", "judged", "refused"]
    retrain(SPEC, library, database, way=Way(canary_share=0.2))
    with database.writing() as connection:
        [each] = running(connection)
        end(connection, each.served.key, "stopped", "Somebody did not like it.")
    assert killed(library, database, "fallen back", 0.2) == "0001"
    assert not retrain(SPEC, library, database).took_over
    assert steps(database)[-2:] == ["watched", "fallen back"]
    assert library.current() == "0001"


def test_a_run_can_be_done_once_more_to_the_same_bytes(
    library, database, trained, tmp_path
):
    found = retrain(SPEC, library, database, {"random_state": 3})
    assert found.took_over
    tell(database, 1)  # events that came later are no part of it
    with database.reading() as connection:
        run = run_of(connection, "shop", found.run[:6])
    assert replay(SPEC, library, database, run, tmp_path / "again") == []
    url = ["--database", f"sqlite:///{tmp_path}/l.db", "--folder", str(library.folder)]

    def command(*words, status=0):
        done = CliRunner().invoke(app, ["loop", "shop", *words, *url])
        assert done.exit_code == status, done.output
        return done.stdout if status < 2 else done.stderr

    told = command()
    assert f"Generation {found.generation} answers: nDCG at 10" in told
    assert [s["step"] for s in json.loads(command("--json"))["steps"]][-1] == "begun"
    array = sorted((library.folder / found.generation).glob("*.npy"))[0]
    whole = array.read_bytes()
    run.steps[0].details["options"]["random_state"] = 4
    assert replay(SPEC, library, database, run, tmp_path / "other") != []
    assert array.read_bytes() == whole
    assert "0 runs of shop begin with 'none'." in command("--replay", "none", status=2)


def test_the_gate_asks_of_the_newest_data_and_of_the_first_log(library, database):
    features = {"price": {"psi": 0.3}, "age": {"psi": 0.0}}
    report = {"features": features, "moved": ["price"], "joint": None}
    with database.writing() as connection:
        keep_state(database, connection, "shop", "0001", {"report": report})
    worse = retrain(SPEC, library, database, {"diversity": 0.99})
    assert not worse.took_over
    assert "is worse and does not take over" in worse.sentence
    assert steps(database) == ["begun", "trained", "judged", "refused"]
    with database.reading() as connection:
        [run] = runs(connection, "shop", 1)
    checks = {each["name"]: each for each in run.details_of("judged")["checks"]}
    assert set(checks) == {"newest", "old"}
    assert not checks["newest"]["passed"]
    told = run.details_of("judged")["drift"]
    assert told == {"moved": {"price": 0.3}, "joint": None}
    assert library.current() == "0001"


def test_a_canary_that_is_stopped_or_cannot_begin_leaves_what_answered(
    library, database
):
    other = canary("mine", "shop", "0001", share=0.1)
    with database.writing() as connection:
        start(connection, other)
    way = Way(canary_share=0.2)
    found = retrain(SPEC, library, database, way=way)
    assert "No canary can begin" in found.sentence
    with database.writing() as connection:
        end(connection, "mine", "stopped", "Done.")
    waits = retrain(SPEC, library, database, way=way)
    with pytest.raises(ValueError, match="stop it first"):
        retrain(SPEC, library, database, {"random_state": 5}, way=way)
    with database.writing() as connection:
        [each] = running(connection)
        end(connection, each.served.key, "stopped", "Somebody did not like it.")
    found = retrain(SPEC, library, database, way=way)
    assert "its canary stopped. Somebody did not like it." in found.sentence
    assert steps(database)[-2:] == ["watched", "fallen back"]
    assert library.current() == "0001"
    assert waits.generation == found.generation


def test_what_goes_wrong_ends_the_run_and_is_told(library, database, trained):
    log = trained / "log.csv"
    log.rename(trained / "gone.csv")
    try:
        with pytest.raises((ValueError, OSError), match=r"log\.csv"):
            retrain(SPEC, library, database)
    finally:
        (trained / "gone.csv").rename(log)
    with database.reading() as connection:
        [run] = runs(connection, "shop", 1)
    assert [each.step for each in run.steps] == ["begun", "fallen back"]
    assert "log.csv" in run.last.reason
    assert library.current() == "0001"


def test_a_service_goes_on_with_what_was_interrupted(
    library, database, clients, tmp_path
):
    killed(library, database, "judged", 0.0)
    making = clients({"shop": library}, tmp_path)
    client = next(making)(f"sqlite:///{tmp_path}/l.db")
    until = time.monotonic() + 120
    while steps(database)[-1] != "activated":
        assert time.monotonic() < until
        time.sleep(0.1)
    told = client.get("/v1/shop/loop").json()["steps"]
    assert told[0]["step"] == "activated"
    assert all(each["reason"] for each in told)
    next(making, None)
