"""An acknowledged write survives a kill, at any moment, and is there once."""

import contextlib
import http.client
import json
import os
import random
import signal
import sqlite3
import sys
import threading
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
LONG = int(os.environ.get("LOOKALIKE_LONG", "1"))
TRUE = Path(sys.executable).with_name("lookalike")  # it is itself killed
MOMENT = "2026-01-01T00:00:00Z"


def post(port, path, body):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        headers = {"content-type": "application/json"}
        connection.request("POST", path, json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


class Client(threading.Thread):
    """Sends batches of events and items, and counts what was acknowledged."""

    def __init__(self, port, name, image):
        super().__init__()
        self.port, self.label, self.image = port, name, image
        self.sent, self.acknowledged = [], []
        self.running = True

    def run(self):
        turn = 0
        while self.running:
            turn += 1
            batch = [f"{self.label}-{turn}-{i}" for i in range(20)]
            self.sent.append(batch)
            if turn % 3:
                events = [
                    {"event_id": id, "action_name": "click", "timestamp": MOMENT}
                    for id in batch
                ]
                request = ("/v1/events", {"events": events})
            else:
                items = [
                    {"id": id, "label": 1, "image": {"pixels": self.image}}
                    for id in batch[:4]
                ]
                request = ("/v1/digits/items", {"items": items})
            try:
                status, _ = post(self.port, *request)
            except (OSError, http.client.HTTPException):
                return
            if status == 200:
                self.acknowledged.append(batch)


def n_acknowledged(clients):
    return sum(len(client.acknowledged) for client in clients)


def stored(server):
    path = server.log.parent / "digits" / "service" / "lookalike.db"
    connection = sqlite3.connect(path)
    events = [row[0] for row in connection.execute("SELECT event_id FROM events")]
    items = [row[0] for row in connection.execute("SELECT id FROM items")]
    check = connection.execute("PRAGMA integrity_check").fetchone()
    connection.close()
    assert check == ("ok",)
    return events, items


@pytest.mark.parametrize("durability", ["safe", "fast"])
def test_what_was_acknowledged_survives_a_kill(start_server, digits_data, durability):
    chance = random.Random(7)
    image = digits_data.x_test[0].tolist()
    clients = []
    for turn in range(LONG):
        server = start_server("--durability", durability, program=TRUE)
        mine = [Client(server.port, f"{turn}{name}", image) for name in "abc"]
        clients += mine
        for client in mine:
            client.start()
        deadline = time.monotonic() + 20
        while n_acknowledged(mine) < 6 and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(chance.uniform(0.0, 0.5))
        server.send_signal(signal.SIGKILL)
        server.wait()
        for client in mine:
            client.running = False
            client.join()
        events, items = stored(server)
        assert len(set(events)) == len(events)
        here = set(events) | set(items)
        for client in clients:
            for batch in client.acknowledged:
                whole = batch[:4] if batch[0] in items else batch
                assert here.issuperset(whole)
            for batch in client.sent:  # acknowledged or not: all of it or nothing
                found = [id for id in batch if id in here]
                assert found in ([], batch, batch[:4])
    assert n_acknowledged(clients) > 5
    server = start_server("--durability", durability, program=TRUE)
    events, _ = stored(server)
    again = [
        {"event_id": id, "action_name": "click", "timestamp": MOMENT}
        for id in events[:1000]
    ]
    status, answer = post(server.port, "/v1/events", {"events": again})
    assert (status, answer["new"]) == (200, 0)
    body = {"image": {"pixels": image}, "k": 200}
    _, answer = post(server.port, "/v1/digits/search", body)
    found = [hit["id"] for hit in answer["answers"][0]["hits"]]
    _, items = stored(server)
    near = [id for id in found if "-" in id]
    assert len(near) == min(len(items), 200)
