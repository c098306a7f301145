"""Readers see exactly one complete generation, whatever happens to the others."""

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy.exc import OperationalError

from lookalike.core.generation import Damaged, load
from lookalike.service.restoring import restore
from lookalike.service.settings import Settings
from lookalike.systems.digits.system import Digits

LONG = int(os.environ.get("LOOKALIKE_LONG", "1"))
TRUE = Path(sys.executable).with_name("lookalike")  # it is itself killed


def wait_for(client, name):
    until = time.monotonic() + 60.0
    while time.monotonic() < until:
        if client.get("/readyz").json()["generations"]["digits"] == name:
            return
        time.sleep(0.01)
    raise AssertionError(f"{name} did not come to answer")


def test_the_pointer_is_looked_at_five_times_a_second_and_followed(
    make_client, library
):
    assert Settings(state=library.folder).watch <= 0.2
    client = make_client(watch=0.2)
    for name in ("0002", "0001"):
        library.activate(name)
        wait_for(client, name)


def test_a_pointer_that_moves_while_a_generation_loads_is_followed(
    make_client, library, monkeypatch
):
    library.activate("0001")
    client = make_client(watch=60.0)
    served = client.components.served["digits"]
    take_up = served._take_up

    def slowly(found):
        monkeypatch.undo()
        take_up(found)
        library.activate("0001")  # as another program might

    monkeypatch.setattr(served, "_take_up", slowly)
    library.activate("0002")
    served.watch()
    assert served.active.generation == "0002"
    served.watch()
    assert served.active.generation == "0001"


def test_who_looks_while_a_generation_loads_waits_for_it(
    make_client, library, monkeypatch
):
    """So that it answers when the request that activated it is answered."""
    served = make_client(watch=60.0).components.served["digits"]
    begun, go_on = threading.Event(), threading.Event()
    take_up = served._take_up

    def slowly(found):
        begun.set()
        assert go_on.wait(30)
        take_up(found)

    monkeypatch.setattr(served, "_take_up", slowly)
    library.activate("0002")
    first, second = (threading.Thread(target=served.watch) for _ in range(2))
    first.start()
    assert begun.wait(30)
    second.start()
    second.join(0.3)
    waits = second.is_alive()
    go_on.set()
    first.join()
    second.join()
    assert waits
    assert served.active.generation == "0002"


def an_outage(*about):
    raise OperationalError("SELECT", {}, sqlite3.OperationalError("database is locked"))


def test_a_swap_that_an_outage_stopped_is_tried_again(
    make_client, library, monkeypatch
):
    served = make_client(watch=60.0).components.served["digits"]
    library.activate("0002")
    with monkeypatch.context() as broken:
        broken.setattr(served.items, "apply_changes", an_outage)
        with pytest.raises(OperationalError):
            served.watch()
    assert served.active.generation == "0001"
    served.watch()
    assert served.active.generation == "0002"


def test_a_restore_that_an_outage_hid_is_taken_up_later(make_client, monkeypatch):
    client = make_client(watch=60.0)
    served = client.components.served["digits"]
    client.post("/v1/snapshots", json={"name": "before"})
    client.post("/v1/digits/items/delete", json={"ids": ["0"]})
    assert client.get("/v1/digits/items/0").status_code == 404
    components = client.components
    restore(
        components.database,
        components.libraries,
        components.settings.snapshots,
        "before",
    )
    components.signal.notify()
    with monkeypatch.context() as broken:
        broken.setattr(served.items, "apply_changes", an_outage)
        with pytest.raises(OperationalError):
            served.watch()
    assert client.get("/v1/digits/items/0").status_code == 200


def test_swaps_under_readers_are_never_mixed(make_client, library, digits_data):
    client = make_client()
    queries = digits_data.x_test[:8]
    expected = {}
    for name in ("0001", "0002"):
        system = Digits.load(library.folder / name)
        expected[name] = system.embedding_version, system.describe(queries)
    vectors = {
        name: np.asarray(load(library.folder / name, "digits").arrays["vectors"])
        for name in expected
    }
    seen, wrong = set(), []
    stop = threading.Event()

    def read(at):
        body = {"image": {"pixels": queries[at].tolist()}, "k": 3}
        while not stop.is_set():
            answer = client.post("/v1/digits/search", json=body)
            if answer.status_code != 200:
                wrong.append(answer.text)
                continue
            told = answer.json()
            name = told["generation"]
            version, described = expected[name]
            hit = told["answers"][0]["hits"][0]
            row = vectors[name][int(hit["id"])]
            away = np.linalg.norm(row.astype(float) - described[at].astype(float))
            good = told["embedding_version"] == version
            if not good or abs(away - hit["distance"]) > 1e-6 * away:
                wrong.append(told)
            seen.add(name)

    readers = [threading.Thread(target=read, args=(at,)) for at in range(8)]
    for reader in readers:
        reader.start()
    for turn in range(40 * LONG):
        library.activate(("0002", "0001")[turn % 2])
        time.sleep(0.02)
    stop.set()
    for reader in readers:
        reader.join()
    assert wrong == []
    assert seen == {"0001", "0002"}


def spoil(path, at, how):
    content = bytearray(path.read_bytes())
    if how == "flip":
        content[at % len(content)] ^= 1 << (at % 8)
    else:
        del content[at % len(content) :]
    path.write_bytes(content)


def test_any_damage_to_any_file_is_found(library, tmp_path):
    folder = library.folder / "0002"
    rng = np.random.default_rng(0)
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        for at in rng.integers(len(whole), size=15 * LONG).tolist():
            for how in ("flip", "cut"):
                spoil(path, at, how)
                with pytest.raises(Damaged):
                    load(folder, "digits")
                path.write_bytes(whole)
    load(folder, "digits")


def test_a_damaged_generation_is_refused_and_the_one_before_answers(
    make_client, library, digits_data
):
    library.activate("0002")
    spoil(library.folder / "0002" / "vectors.npy", 1000, "flip")
    client = make_client()
    body = {"image": {"pixels": digits_data.x_test[0].tolist()}}
    answer = client.post("/v1/digits/search", json=body).json()
    assert answer["generation"] == "0001"
    lines = [json.loads(line) for line in client.log.getvalue().splitlines()]
    assert any("damaged" in line["event"] for line in lines)
    counted = 'lookalike_generations_damaged_total{system="digits"} 1.0'
    assert counted in client.get("/metrics").text
    refused = client.post("/v1/digits/generations/activate", json={"name": "0002"})
    assert refused.status_code == 422
    assert "damaged" in refused.json()["detail"]
    listed = client.get("/v1/digits/generations").json()["generations"]
    assert [each["whole"] for each in listed] == [True, False]


def test_damage_while_it_answers_does_not_move_the_pointer(make_client, library):
    client = make_client()
    spoil(library.folder / "0002" / "labels.npy", 300, "flip")
    (library.folder / "current").write_text("0002\n")  # as another program might
    time.sleep(0.3)
    assert client.get("/readyz").json()["generations"] == {"digits": "0001"}
    (library.folder / "current").write_text("nonsense\n")
    time.sleep(0.2)
    assert client.get("/readyz").json()["generations"] == {"digits": "0001"}


def test_no_generation_or_a_newer_one_is_told_by_name(library, tmp_path):
    from lookalike.service.server import libraries_of

    with pytest.raises(ValueError, match="no folder with a generation in it"):
        libraries_of([str(tmp_path / "nothing")])
    with pytest.raises(ValueError, match="given twice"):
        libraries_of([str(library.folder), str(library.folder)])
    assert (
        libraries_of([str(library.folder / "0002")])["digits"].folder == library.folder
    )


WRITER = """
import os, signal, sys
from pathlib import Path
from lookalike.core.generation import load
from lookalike.core.library import Library
from lookalike.core import generation

calls, last = 0, int(os.environ["FAIL_AT"])


def failing(real):
    def call(*args, **options):
        global calls
        calls += 1
        if calls == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **options)

    return call


for name in ("fsync", "open", "rename", "replace", "mkdir"):
    setattr(os, name, failing(getattr(os, name)))
library = Library("digits", sys.argv[1])
found = load(library.folder / "0001", "digits")
about = {k: v for k, v in found.about.items() if k not in ("files", "format", "name")}
library.add(lambda folder: generation.save(folder, "digits", found.arrays, about))
print("whole")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_writer_killed_in_any_phase_leaves_the_old_or_the_new(library):
    from lookalike.core.library import Library

    outcomes = set()
    for point in (1, 3, 6, 9, 12, 14, 15, 16, 17, 18, 20, 22, 99):
        run = subprocess.run(
            [sys.executable, "-c", WRITER, str(library.folder)],
            env={**os.environ, "FAIL_AT": str(point)},
            capture_output=True,
            text=True,
        )
        assert run.returncode in (0, -signal.SIGKILL), run.stderr
        outcomes.add(run.returncode)
        found, complaint = Library("digits", library.folder).open()
        assert complaint is None
        Digits.load(found)
    assert outcomes == {0, -signal.SIGKILL}


def test_several_workers_take_up_items_and_generations_and_end_with_their_parent(
    start_server, library, digits_data
):
    import http.client

    server = start_server("--workers", "2", program=TRUE)
    image = digits_data.x_test[0].tolist()

    def ask(method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        headers = {"content-type": "application/json"}
        connection.request(method, path, body and json.dumps(body), headers)
        answer = connection.getresponse()
        found = answer.status, json.loads(answer.read())
        connection.close()
        return found

    item = {"id": "mine", "label": 1, "image": {"pixels": image}}
    for turn in range(10):
        # Another connection each, so that both workers are asked.
        changed = {"items": [item | {"id": f"mine{turn}"}]}
        assert ask("POST", "/v1/digits/items", changed)[0] == 200
        for _ in range(6):
            body = {"image": {"pixels": image}, "k": turn + 1}
            _, found = ask("POST", "/v1/digits/search", body)
            ids = {hit["id"] for hit in found["answers"][0]["hits"]}
            assert ids == {f"mine{i}" for i in range(turn + 1)}
    library.activate("0002")
    time.sleep(1.0)
    for _ in range(12):
        _, ready = ask("GET", "/readyz")
        assert ready["generations"] == {"digits": "0002"}
    _, live = ask("GET", "/v1/live")
    assert live["requests"] >= 60

    server.kill()  # and its workers end by themselves
    server.wait()
    until = time.monotonic() + 15
    while time.monotonic() < until:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", server.port), timeout=1),
        ):
            time.sleep(0.2)
            continue
        return
    raise AssertionError("somebody still answers")
