"""Two services with folders of their own and one PostgreSQL answer as one."""

import contextlib
import http.client
import json
import shutil
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from lookalike.core.library import Library

MOMENT = "2026-01-01T00:00:00Z"
WHO = "user-of-whom-nothing-stays"


class Service:
    """One of the services, and where its files are."""

    def __init__(self, process, folder, library):
        self.process, self.folder, self.library = process, folder, library

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.process.port, timeout=120
        )
        with contextlib.closing(connection):
            headers = {"content-type": "application/json"}
            connection.request(method, path, body and json.dumps(body), headers)
            answer = connection.getresponse()
            read = answer.read()
            is_json = "json" in answer.headers.get("content-type", "")
            return answer.status, json.loads(read) if is_json else read

    def post(self, path, **body):
        status, answer = self.ask("POST", f"/v1/{path}", body)
        assert status == 200, answer
        return answer

    @property
    def generation(self):
        return self.ask("GET", "/readyz")[1]["generations"]["digits"]

    def comes_to(self, name):
        until = time.monotonic() + 60
        while self.generation != name:
            assert time.monotonic() < until, f"{name} did not come to answer"
            time.sleep(0.02)

    @property
    def registry(self):
        return self.ask("GET", "/v1/digits/generations")[1]["registry"]

    def digest(self, name):
        """The checksum of the files that this service has mapped."""
        place = self.folder / "state" / "generations" / "digits" / name
        return json.loads((place / "system.json").read_bytes())["checksum"]


@pytest.fixture(scope="module")
def database(postgres):
    name = f"many{time.time_ns()}"
    address = postgres.format(name="postgres")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return postgres.format(name=name)


@pytest.fixture(scope="module")
def pair(tmp_path_factory, two_generations, servers, database):
    """Service a, which had the generations, and service b, which had none."""
    store = tmp_path_factory.mktemp("store")
    with contextlib.ExitStack() as stack:
        made = []
        for name in "ab":
            folder = tmp_path_factory.mktemp(name)
            own = folder / "digits"
            if name == "a":
                shutil.copytree(two_generations.folder, own)
            arguments = ["--state", str(folder / "state"), "--store", str(store)]
            env = {"LOOKALIKE_FOLDER": str(folder), "LOOKALIKE_DRAIN_SECONDS": "1"}
            starting = servers(["digits"], folder)
            stack.callback(starting.close)
            process = next(starting)(*arguments, url=database, env=env)
            made.append(Service(process, folder, Library("digits", own)))
        yield *made, store


@pytest.fixture
def both(pair):
    """The two services while 0001 answers."""
    a, b, _ = pair
    if a.generation != "0001":
        a.post("digits/generations/activate", name="0001")
    b.comes_to("0001")
    return a, b


def pixels(digits_data, at=0):
    return digits_data.x_test[at].tolist()


def add_items(service, digits_data, *ids):
    image = {"pixels": pixels(digits_data)}
    items = [{"id": id, "label": 1, "image": image} for id in ids]
    service.post("digits/items", items=items)


def holds(service, id):
    return service.ask("GET", f"/v1/digits/items/{id}")[0] == 200


def test_what_is_activated_or_rolled_back_on_one_answers_on_the_other(both):
    a, b = both
    b.post("digits/generations/activate", name="0002")
    a.comes_to("0002")
    a.post("digits/generations/rollback")
    b.comes_to("0001")
    assert a.digest("0001") == b.digest("0001")
    moves = b.ask("GET", "/v1/digits/generations")[1]["moves"][:2]
    assert [move["reason"] for move in moves] == ["rolled back", "activated"]
    assert {move["author"] for move in moves} == {"a program without a key"}


def test_a_hundred_compactions_at_once_make_one_generation(both, digits_data):
    a, b = both
    add_items(a, digits_data, *(f"c{i}" for i in range(20)))
    before = [each["name"] for each in a.registry]
    with ThreadPoolExecutor(20) as pool:
        ways = [a, b] * 50
        told = pool.map(lambda each: each.post("digits/generations/compact"), ways)
        answered = {each["generation"] for each in told}
    names = [each["name"] for each in b.registry]
    assert len(names) == len(before) + 1
    assert answered == {names[-1]}
    for service in (a, b):
        service.comes_to(names[-1])
        assert holds(service, "c19")
    assert a.digest(names[-1]) == b.digest(names[-1]) == b.registry[-1]["digest"]


def test_an_item_is_found_by_the_other_service(both, digits_data):
    a, b = both
    add_items(a, digits_data, "heard")
    until = time.monotonic() + 30
    while not holds(b, "heard"):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_restore_on_one_is_answered_by_the_other(both, digits_data):
    a, b = both
    add_items(a, digits_data, "kept")
    a.post("snapshots", name="before")
    a.post("digits/items/delete", ids=["kept"])
    a.post("digits/generations/activate", name="0002")
    b.comes_to("0002")
    found = a.post("snapshots/restore", name="before")
    assert found["generations"] == {"digits": "0001"}
    b.comes_to("0001")
    until = time.monotonic() + 30
    while not holds(b, "kept"):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_who_is_deleted_on_one_is_in_no_file_of_either(pair, digits_data):
    a, b, store = pair
    events = [
        {
            "event_id": f"e{i}",
            "action_name": "click",
            "timestamp": MOMENT,
            "user_id": WHO if i % 2 else "another",
            "message": f"from {WHO}" if i == 2 else "",
        }
        for i in range(10)
    ]
    b.post("events", events=events)
    image = {"pixels": pixels(digits_data)}
    b.post("digits/search", image=image, client_id=WHO, session_id="s1")
    for service in (a, b):
        service.post("snapshots", name="with")
        assert service.ask("GET", "/v1/export/events")[0] == 200
    places = (a.folder, b.folder, store)
    assert len(files_with(WHO, *places)) >= 4
    status, answer = a.ask("DELETE", f"/v1/users/{WHO}")
    assert (status, answer) == (200, {"deleted": 7})
    assert files_with(WHO, *places) == []
    assert (b.folder / "state" / "snapshots" / "with" / "snapshot.json").exists()
    assert b.post("snapshots/restore", name="with")["generations"]


def files_with(text, *folders):
    files = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    return [path for path in files if text.encode() in path.read_bytes()]


def test_what_a_program_makes_beside_one_service_answers_everywhere(pair, small):
    a, b, _ = pair
    a.library.add(lambda place: shutil.copytree(small("digits").folder, place))
    until = time.monotonic() + 60
    while b.registry[-1]["author"] != "a program on this machine":
        assert time.monotonic() < until
        time.sleep(0.02)
    name = b.registry[-1]["name"]
    a.comes_to(name)
    b.comes_to(name)
    assert a.digest(name) == b.digest(name)


# --- ending: last, because the services are gone afterwards ---------------------------


class Client(threading.Thread):
    """Searches as fast as it is answered, on one connection as long as that is open.

    comes_back : whether it opens another one when it was told that it is closed
    """

    def __init__(self, port, body, comes_back):
        super().__init__()
        self.port, self.body, self.comes_back = port, json.dumps(body), comes_back
        self.statuses, self.failures = [], []
        self.running = True

    def run(self):
        while self.running:
            connection = http.client.HTTPConnection("127.0.0.1", self.port)
            with contextlib.closing(connection):
                try:
                    while self.running and self.is_kept(connection):
                        pass
                except (OSError, http.client.HTTPException) as error:
                    self.failures.append(repr(error))
            if not self.comes_back:
                return

    def is_kept(self, connection):
        """Whether the connection is open after one more search."""
        headers = {"content-type": "application/json"}
        connection.request("POST", "/v1/digits/search", self.body, headers)
        answer = connection.getresponse()
        answer.read()
        self.statuses.append(answer.status)
        return not answer.will_close


def under_load(port, digits_data, act, comes_back=True):
    """Let eight clients search while something is done."""
    body = {"image": {"pixels": pixels(digits_data)}, "k": 3}
    clients = [Client(port, body, comes_back) for _ in range(8)]
    for client in clients:
        client.start()
    time.sleep(0.3)
    act()
    for client in clients:
        client.running = False
        client.join()
    statuses = {status for client in clients for status in client.statuses}
    return statuses, [each for client in clients for each in client.failures]


HAPROXY = """
defaults
    mode http
    timeout connect 2s
    timeout client 30s
    timeout server 30s
frontend all
    bind 127.0.0.1:{port}
    default_backend services
backend services
    option httpchk
    http-check send meth GET uri /readyz ver HTTP/1.1 hdr host 127.0.0.1
    timeout check 2s
    default-server check inter 150ms fall 2 rise 1
    server a 127.0.0.1:{a}
    server b 127.0.0.1:{b}
"""


@contextlib.contextmanager
def balancer(folder, a, b):
    if shutil.which("haproxy") is None:
        pytest.skip("HAProxy is not installed here (apt-get install haproxy).")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    file = folder / "haproxy.cfg"
    file.write_text(HAPROXY.format(port=port, a=a, b=b))
    with subprocess.Popen(["haproxy", "-db", "-f", file]) as process:
        try:
            until = time.monotonic() + 20
            while time.monotonic() < until:
                with (
                    contextlib.suppress(OSError),
                    socket.create_connection(("127.0.0.1", port), 1),
                ):
                    break
                time.sleep(0.05)
            yield port
        finally:
            process.terminate()


def test_no_request_fails_behind_a_balancer_when_one_service_ends(pair, digits_data):
    a, b, store = pair

    def end():
        b.process.send_signal(signal.SIGTERM)
        b.process.wait(60)

    with balancer(store, a.process.port, b.process.port) as port:
        assert under_load(port, digits_data, end) == ({200}, [])


def test_a_service_that_ends_says_so_and_resets_nothing(pair, digits_data):
    a, _, _ = pair
    seen = []

    def end():
        a.process.send_signal(signal.SIGTERM)
        while a.process.poll() is None:
            with contextlib.suppress(OSError):
                seen.append(a.ask("GET", "/readyz"))
            time.sleep(0.02)

    # Who is told that the connection ends goes elsewhere, as a balancer does.
    assert under_load(a.process.port, digits_data, end, False) == ({200}, [])
    assert (503, {"status": "draining"}) in seen
    assert "cannot" not in a.process.log.read_text()
