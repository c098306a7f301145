"""``lookalike bench many``: two services with folders of their own, one PostgreSQL.

Two ``lookalike serve`` processes share a store; the server of the database is started
here and waits for the disk. Small digits are served: what is measured is how one
service follows the other, and what becomes of requests, rows and memory.

``follows``: from the moment at which one service has acknowledged a change until the
other one answers by it. ``compactions``: a hundred at once, half at each. ``ending``:
eight clients search through HAProxy while one of two services ends, by SIGTERM and by
SIGKILL. ``events``: batches of a hundred, eight connections. ``export``: a million
training rows, in a process of its own. ``erasure``: one of ten thousand users, of a
million events in a table that has been vacuumed, while another client stores events.
"""

import contextlib
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from lookalike_bench import runner
from lookalike_bench.bars import Bar, Row, least, most
from lookalike_bench.postgres_server import postgres
from lookalike_bench.service import events as stored_events
from lookalike_bench.under_load import Server, form, n_failed, png

MILLION = 1_000_000
BARS = (
    Bar(
        "the other service answers after at most, s",
        1,
        most("seconds", "follows", "*"),
        at_most=True,
    ),
    Bar(
        "100 compactions at once: generations made",
        1,
        most("made", "compactions", "*"),
        at_most=True,
    ),
    Bar(
        "... names whose content differs",
        0,
        most("differ", "compactions", "*"),
        at_most=True,
    ),
    Bar(
        "SIGTERM behind HAProxy: failed requests",
        0,
        most("failed", "ending", "SIGTERM"),
        at_most=True,
    ),
    Bar(
        "SIGKILL behind HAProxy: failed requests of eight clients",
        8,
        most("failed", "ending", "SIGKILL"),
        at_most=True,
    ),
    Bar(
        "events a second into PostgreSQL",
        5000,
        least("events_per_second", "events", "lookalike, peak"),
    ),
    Bar(
        "export of a million training rows: MB",
        500,
        most("megabytes", "export", "*"),
        at_most=True,
    ),
    Bar(
        "erasure among a million events, s",
        2,
        most("seconds", "erasure", "*"),
        at_most=True,
    ),
)


class Pair:
    """Two services of one database, and what they share."""

    def __init__(self, folder: Path, url: str, rounds: int) -> None:
        self.folder, self.url, self.rounds = folder, url, rounds

    def __enter__(self) -> "Pair":
        from lookalike.core.library import Library
        from lookalike.datasets import load_digits_sample
        from lookalike.systems.digits.system import Digits

        data = load_digits_sample()
        self.queries = data.x_test[:50]
        library = Library("digits", self.folder / "a" / "digits")
        for seed in (0, 1):
            library.add(Digits(n_jobs=-1, random_state=seed).fit(data).save)
        library.activate("0001")
        self.a, self.b = (self.start(name) for name in "ab")
        self.ours = self.a
        return self

    def __exit__(self, *error: object) -> None:
        for server in (self.a, self.b):
            server.stop()

    def start(self, name: str) -> Server:
        """Start the service of this name."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        code = "from lookalike.cli import main; main()"
        command = [sys.executable, "-c", code, "serve", "digits", "--port", "PORT"]
        command += ["--state", str(folder / "state"), "--database", self.url]
        command += ["--store", str(self.folder / "store")]
        env = {"LOOKALIKE_FOLDER": str(folder), "LOOKALIKE_KEEP_GENERATIONS": "0"}
        return Server(command, env, "/readyz")

    def items(self, ids: list[str]) -> dict[str, Any]:
        """Return the body that adds items."""
        image = {"pixels": self.queries[0].tolist()}
        return {"items": [{"id": id, "label": 1, "image": image} for id in ids]}


def run(
    only: str | None = None,
    rounds: int = 3,
    progress: runner.ProgressCallback | None = None,
) -> dict[str, Any]:
    """Measure every job whose name contains ``only``."""
    chosen = runner.selected(JOBS.items(), only)
    with (
        tempfile.TemporaryDirectory() as folder,
        postgres() as url,
        Pair(Path(folder), url, rounds) as pair,
    ):
        jobs = [(name, partial(job, pair)) for name, job in chosen]
        return runner.measured(jobs, progress, BARS)


# --- one follows the other ------------------------------------------------------------


def follows(pair: Pair) -> Iterator[Row]:
    """Changes on one service, until the other answers by them."""
    a, b = pair.a, pair.b

    def generation() -> str:
        return str(b.ask("GET", "/readyz")[1]["generations"]["digits"])

    def until(is_there: Callable[[], bool]) -> float:
        started = time.perf_counter()
        while not is_there():
            time.sleep(0.002)
        return time.perf_counter() - started

    moves = "/v1/digits/generations"
    times: dict[str, list[float]] = {}
    for turn in range(3 * pair.rounds):
        a.change(f"{moves}/activate", {"name": "0002"})
        times.setdefault("activate", []).append(until(lambda: generation() == "0002"))
        a.change(f"{moves}/rollback", {})
        times.setdefault("rollback", []).append(until(lambda: generation() == "0001"))
        id = f"f{turn}"
        a.change("/v1/digits/items", pair.items([id]))
        path = f"/v1/digits/items/{id}"
        found = until(lambda path=path: b.ask("GET", path)[0] == 200)  # type: ignore[misc]
        times.setdefault("upsert", []).append(found)
        made = a.ask("POST", f"{moves}/compact")[1]["generation"]
        seconds = until(lambda made=made: generation() == made)  # type: ignore[misc]
        times.setdefault("compaction", []).append(seconds)
        a.change(f"{moves}/activate", {"name": "0001"})
        until(lambda: generation() == "0001")
        a.change("/v1/snapshots", {"name": f"s{turn}"})
        a.change(f"{moves}/activate", {"name": "0002"})
        until(lambda: generation() == "0002")
        a.change("/v1/snapshots/restore", {"name": f"s{turn}"})
        times.setdefault("restore", []).append(until(lambda: generation() == "0001"))
    for name, measured in times.items():
        middle = sorted(measured)[len(measured) // 2]
        yield {"method": name, "seconds": max(measured), "median": middle}


def compactions(pair: Pair) -> Iterator[Row]:
    """A hundred compactions at once: each generation is made once, equal everywhere."""
    path = "/v1/digits/generations"
    for turn in range(pair.rounds):
        pair.a.change(
            "/v1/digits/items", pair.items([f"c{turn}-{i}" for i in range(50)])
        )
        before = _digests(pair.a)
        started = time.perf_counter()
        with ThreadPoolExecutor(100) as pool:
            asked = [pair.a, pair.b] * 50
            told = list(pool.map(lambda s: s.ask("POST", f"{path}/compact"), asked))
        seconds = time.perf_counter() - started
        first, second = _digests(pair.a), _digests(pair.b)
        mapped = [
            _checksum(pair.folder / name / "state" / "generations" / "digits")
            for name in "ab"
        ]
        differ = sum(mapped[0][n] != mapped[1][n] for n in mapped[0] if n in mapped[1])
        yield {
            "method": f"round {turn + 1}",
            "made": len(set(first) - set(before)),
            "differ": differ + (first != second),
            "failed": sum(status != 200 for status, _ in told),
            "seconds": seconds,
        }


def _digests(server: Server) -> dict[str, str]:
    listed = server.ask("GET", "/v1/digits/generations")[1]["registry"]
    return {each["name"]: each["digest"] for each in listed}


def _checksum(folder: Path) -> dict[str, str]:
    """Checksums of the generations that a service has fetched."""
    files = sorted(folder.glob("[0-9]*/system.json"))
    return {f.parent.name: json.loads(f.read_bytes())["checksum"] for f in files}


# --- ending ---------------------------------------------------------------------------

HAPROXY = """
defaults
    mode http
    timeout connect 2s
    timeout client 30s
    timeout server 30s
    timeout check 2s
    option redispatch
    retries 3
frontend all
    bind 127.0.0.1:FRONT
    default_backend services
backend services
    option httpchk
    http-check send meth GET uri /readyz ver HTTP/1.1 hdr host 127.0.0.1
    default-server check inter 200ms fall 2 rise 1
    server a 127.0.0.1:{a}
    server b 127.0.0.1:{b}
"""


def ending(pair: Pair) -> Iterator[Row]:
    """Eight clients behind HAProxy while one of two services ends."""
    if shutil.which("haproxy") is None:
        yield {"method": "HAProxy is not here: apt-get install haproxy."}
        return
    body, kind = form([png(pair.queries[0])])
    for number in (signal.SIGTERM, signal.SIGKILL):
        failed = answered = 0
        for _ in range(pair.rounds):
            file = pair.folder / "haproxy.cfg"
            file.write_text(HAPROXY.format(a=pair.a.port, b=pair.b.port))
            script = f"sed s/FRONT/PORT/ {file} > {file}.used"
            command = ["sh", "-c", f"{script} && exec haproxy -q -db -f {file}.used"]
            balancer = Server(command, {}, "/readyz")
            victim = pair.b.process
            later = threading.Timer(2.0, victim.send_signal, (number,))
            later.start()
            path = "/v1/digits/search?k=10"
            found = balancer.load(path, body, kind, connections=8, seconds=6.0)
            later.join()
            victim.wait(30)
            balancer.stop()
            pair.b = pair.start("b")
            failed += n_failed(found)
            answered += found["statuses"].get("200", 0)
        row: Row = {"method": signal.Signals(number).name, "answered": answered}
        yield {**row, "failed": failed / (pair.rounds if number == 9 else 1)}


# --- rows -----------------------------------------------------------------------------


def events(pair: Pair) -> Iterator[Row]:
    """Events in batches of a hundred, acknowledged when the disk has them."""
    yield from stored_events(pair)  # type: ignore[arg-type]


_EXPORT = """
import resource, sys
from pathlib import Path
from lookalike.service.database import Database
from lookalike.service.export import export
rows = export(Database(sys.argv[1]), "training", Path(sys.argv[2]))
print(rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
_SHOWN = f"""
INSERT INTO exposures (query_id, system, verb, generation, embedding_version, revision,
    user_id, features, hits, timestamp)
SELECT 'x' || n, 'shop', 'recommend', '0001', '', 0, 'u' || n % 10000,
    decode(repeat('0000803f', 80), 'hex'),
    (SELECT '[' || string_agg('["item-' || n * 10 + h || '", 0.5, 1.0]', ', ') || ']'
     FROM generate_series(1, 10) h), n
FROM generate_series(1, {MILLION // 10}) n
"""
_DONE = f"""
INSERT INTO events (event_id, action_name, query_id, user_id, object_id,
    event_attributes, timestamp, received)
SELECT 'm' || n, 'click', 'x' || n % {MILLION // 10}, 'u' || n % 10000, 'item-' || n,
    '{{"object": {{"object_id": "item-' || n || '"}}, "position": {{"ordinal": 1}}}}',
    n, n
FROM generate_series(1, {MILLION}) n
"""


def _filled(pair: Pair, *statements: str) -> None:
    import psycopg

    with psycopg.connect(pair.url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def export(pair: Pair) -> Iterator[Row]:
    """The memory of a process that exports a million training rows."""
    _filled(pair, "TRUNCATE events, exposures", _SHOWN, _DONE, "VACUUM ANALYZE events")
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _EXPORT, pair.url, str(pair.folder / "rows.parquet")],
        check=True,
        capture_output=True,
        text=True,
    )
    rows, kilobytes = map(int, done.stdout.split())
    seconds = time.perf_counter() - started
    yield {"method": f"{rows:,} rows", "megabytes": kilobytes / 1e3, "seconds": seconds}


def erasure(pair: Pair) -> Iterator[Row]:
    """Deleting one user, and the longest write of somebody else meanwhile."""
    clean = ("VACUUM ANALYZE events", "VACUUM ANALYZE exposures")
    _filled(pair, "TRUNCATE events, exposures", _DONE, *clean)
    for turn in range(pair.rounds):
        writes: list[float] = []
        with _writing(pair, turn, writes):
            time.sleep(0.5)
            before = len(writes)
            started = time.perf_counter()
            status, answer = pair.a.ask("DELETE", f"/v1/users/u{77 + turn}")
            seconds = time.perf_counter() - started
            meanwhile = writes[before:]
        assert status == 200, answer
        yield {
            "method": f"user {turn + 1}",
            "seconds": seconds,
            "deleted": answer["deleted"],
            "writes meanwhile": len(meanwhile),
            "longest write": max(meanwhile, default=0.0),
        }


@contextlib.contextmanager
def _writing(pair: Pair, turn: int, writes: list[float]) -> Iterator[None]:
    """Store an event again and again meanwhile, in a thread; keep how long it took."""
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            id = f"w{turn}-{len(writes)}"
            event = {"event_id": id, "action_name": "click", "user_id": "other"}
            sent = {"events": [{**event, "timestamp": "2026-01-01T00:00:00Z"}]}
            started = time.perf_counter()
            pair.b.change("/v1/events", sent)
            writes.append(time.perf_counter() - started)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


JOBS: dict[str, Callable[[Pair], Iterator[Row]]] = {
    "follows": follows,
    "compactions": compactions,
    "events": events,
    "ending": ending,
    "export": export,
    "erasure": erasure,
}
