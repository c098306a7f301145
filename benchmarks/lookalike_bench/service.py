"""``lookalike bench service``: the service under load, beside a minimal program.

Servers and the load generator are processes of their own. The same requests go to
``lookalike serve`` and to ``benchmarks/plain_service.py`` (FastAPI, Pillow and faiss),
in turns, each with one worker process. Latency is measured at half of the server's own
peak rate, from the moment at which a request was due.
"""

import base64
import contextlib
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote

import numpy as np

from lookalike_bench import runner
from lookalike_bench.arrays import Array
from lookalike_bench.bars import Bar, Row, least, most

RECOMMENDERS = ("people", "events", "games", "films")
SECONDS = 4.0
CONNECTIONS = 32
SCRIPTS = Path(__file__).parents[1]
BOUNDARY = "lookalike"
HALF = "lookalike, half of its peak"
BARS = (
    Bar("one image: times the plain program", 1, least("ratio", "one image", "*")),
    Bar(
        "one image: p99 at half of the peak, ms",
        20,
        most("p99", "one image", HALF),
        at_most=True,
    ),
    Bar(
        "a hundred images: times the plain program",
        1,
        least("ratio", "a hundred images", "*"),
    ),
    Bar(
        "events a second at the peak",
        2000,
        least("events_per_second", "events", "lookalike, peak"),
    ),
    Bar(
        "failed requests beside swaps and upserts",
        0,
        most("failed", "disturbed", "*"),
        at_most=True,
    ),
    Bar(
        "throughput with an experiment over without, upper end of its interval",
        1,
        least("ratio_high", "experiment", "lookalike, an experiment"),
    ),
    Bar(
        "one assignment: p99, microseconds",
        100,
        most("microseconds_p99", "experiment", "one assignment*"),
        at_most=True,
    ),
    Bar(
        "share of the peak at twice its rate",
        0.8,
        least("ratio", "overload", "lookalike, at twice its peak"),
    ),
    Bar(
        "five seconds after the overload: p99 at half of the peak, ms",
        20,
        most("p99", "overload", "lookalike, five seconds later*"),
        at_most=True,
    ),
    *(
        Bar(
            f"{name}: p99 of one user at half of the peak, ms",
            50,
            most("p99", f"recommend {name}", "*half of its peak"),
            at_most=True,
        )
        for name in RECOMMENDERS
    ),
)


def run(
    only: str | None = None,
    rounds: int = 3,
    progress: runner.ProgressCallback | None = None,
) -> dict[str, Any]:
    """Measure every job whose name contains ``only``."""
    chosen = runner.selected(JOBS.items(), only)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), rounds)
        # The jobs of recommenders start servers of their own.
        digits = any(not name.startswith("recommend") for name, _ in chosen)
        with bench if digits else contextlib.nullcontext():
            jobs = [(name, partial(job, bench)) for name, job in chosen]
            return runner.measured(jobs, progress, BARS)


class Server:
    """A server in a process of its own."""

    def __init__(self, command: list[str], env: dict[str, str], ready: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [word.replace("PORT", str(self.port)) for word in command]
        self.process = subprocess.Popen(
            command, env={**os.environ, **env}, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + 120
        while True:
            with contextlib.suppress(OSError, AssertionError):
                assert self.ask("GET", ready)[0] == 200
                return
            if time.monotonic() > until or self.process.poll() is not None:
                raise RuntimeError(f"{' '.join(command)} did not start.")
            time.sleep(0.1)

    def ask(
        self, method: str, path: str, body: Any = None, kind: str = "application/json"
    ) -> tuple[int, Any]:
        """Send one request; return status and answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            if body is not None and not isinstance(body, bytes):
                body = json.dumps(body).encode()
            connection.request(method, path, body, {"content-type": kind})
            answer = connection.getresponse()
            read = answer.read()
            return answer.status, json.loads(read) if read[:1] == b"{" else read

    def change(self, path: str, body: Any) -> None:
        """Send a change; a refused one ends the benchmark."""
        status, answer = self.ask("POST", path, body)
        if status >= 300:
            raise RuntimeError(f"{path} was refused with status {status}: {answer}")

    @property
    def megabytes(self) -> float:
        """Private memory of the process."""
        with open(f"/proc/{self.process.pid}/smaps_rollup") as lines:
            kinds = dict(line.split(":", 1) for line in lines if ":" in line)
        own = ("Private_Clean", "Private_Dirty")
        return sum(int(kinds[kind].split()[0]) for kind in own) / 1024

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(15)
        self.process.kill()
        self.process.wait()


class Bench:
    """A generation, the two servers, and requests."""

    def __init__(self, folder: Path, rounds: int) -> None:
        self.folder = folder
        self.rounds = rounds

    def __enter__(self) -> "Bench":
        from lookalike.datasets import load_digits_sample, load_mnist

        try:
            data = load_mnist()
        except FileNotFoundError:
            data = load_digits_sample()
        self.queries = data.x_test[::7][:200]
        library = self.folder / "library"
        self._two_generations(library, data)
        code = "from lookalike.cli.app import main; main()"
        ours = [sys.executable, "-c", code, "serve", str(library), "--port", "PORT"]
        self.ours = Server(ours, {}, "/readyz")
        plain = [sys.executable, "-m", "uvicorn", "plain_service:app"]
        plain += [
            "--port",
            "PORT",
            "--app-dir",
            str(SCRIPTS),
            "--log-level",
            "critical",
        ]
        env = {"GENERATION": str(library / "0001"), "FAISS_THREADS": "1"}
        self.plain = Server(plain, env, "/openapi.json")
        return self

    def __exit__(self, *error: object) -> None:
        self.ours.stop()
        self.plain.stop()

    def _two_generations(self, folder: Path, data: Any) -> None:
        from lookalike.core import generation
        from lookalike.core.library import Library
        from lookalike.systems.digits.system import Digits

        library = Library("digits", folder)
        library.add(Digits(n_jobs=-1).fit(data).save)
        found = generation.load(folder / "0001", "digits")
        about = dict(found.about)
        for key in ("files", "format", "name", "version", "created"):
            about.pop(key, None)
        library.add(lambda path: generation.save(path, "digits", found.arrays, about))
        library.activate("0001")

    def load(
        self,
        server: Server,
        path: str,
        body: bytes,
        kind: str,
        rate: float | None = None,
        connections: int = CONNECTIONS,
        seconds: float = SECONDS,
    ) -> dict[str, Any]:
        """Put a server under load from another process."""
        order = {
            "host": "127.0.0.1",
            "port": server.port,
            "path": path,
            "body": base64.b64encode(body).decode(),
            "content_type": kind,
            "connections": connections,
            "seconds": seconds,
            "rate": rate,
            "first": time.time_ns() // 1000 % 10**11,
        }
        done = subprocess.run(
            [sys.executable, str(SCRIPTS / "load_generator.py")],
            input=json.dumps(order),
            capture_output=True,
            text=True,
            check=True,
        )
        return dict(json.loads(done.stdout))


def png(image: Array) -> bytes:
    """Encode an image."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG")
    return stream.getvalue()


def form(images: list[bytes]) -> tuple[bytes, str]:
    """Return the body and the content type of a request with these files."""
    parts = b"".join(
        b'--%s\r\nContent-Disposition: form-data; name="image"; filename="q.png"\r\n'
        b"Content-Type: image/png\r\n\r\n%s\r\n" % (BOUNDARY.encode(), image)
        for image in images
    )
    body = parts + f"--{BOUNDARY}--\r\n".encode()
    return body, f"multipart/form-data; boundary={BOUNDARY}"


def _row(method: str, found: dict[str, Any], **more: Any) -> Row:
    statuses = found["statuses"]
    failed = sum(n for status, n in statuses.items() if status != "200")
    numbers = {key: found[key] for key in ("per_second", "p50", "p95", "p99")}
    return {"method": method, **numbers, "failed": failed, **more}


def _both(
    bench: Bench, images: list[bytes], connections: int, each: int
) -> Iterator[Row]:
    """Measure peak and latency at half of it, of both servers in turns."""
    body, kind = form(images)
    servers = {
        "lookalike": (bench.ours, "/v1/digits/search?k=10"),
        "FastAPI + faiss": (bench.plain, "/search?k=10"),
    }
    peaks: dict[str, list[float]] = {name: [] for name in servers}
    rows: dict[str, Row] = {}
    for server, path in servers.values():
        bench.load(server, path, body, kind, seconds=1.0)
    for _ in range(bench.rounds):
        for name, (server, path) in servers.items():
            found = bench.load(server, path, body, kind, connections=connections)
            peaks[name].append(found["per_second"])
            rows[f"{name}, peak"] = _row(f"{name}, peak", found)
    for name, (server, path) in servers.items():
        rows[f"{name}, peak"]["per_second"] = median(peaks[name])
        half = median(peaks[name]) / 2
        found = bench.load(server, path, body, kind, rate=half, connections=connections)
        rows[f"{name}, half"] = _row(f"{name}, half of its peak", found)
    ours, plain = (median(peaks[name]) for name in servers)
    rows["lookalike, peak"]["ratio"] = ours / plain
    for row in rows.values():
        yield {**row, "images_per_second": row["per_second"] * each}


def one_image(bench: Bench) -> Iterator[Row]:
    """Search of one image a request."""
    yield from _both(bench, [png(bench.queries[0])], CONNECTIONS, 1)


def a_hundred(bench: Bench) -> Iterator[Row]:
    """Search of a hundred images a request."""
    yield from _both(bench, [png(q) for q in bench.queries[:100]], 4, 100)


def events(bench: Bench) -> Iterator[Row]:
    """Events in batches of a hundred, acknowledged when the disk has them."""
    moment = "2026-01-01T00:00:00Z"
    batch = [
        {
            "event_id": f"@@@@@@@@@@@@-{i}",
            "action_name": "click",
            "timestamp": moment,
            "query_id": "q",
            "client_id": f"c{i}",
            "event_attributes": {
                "object": {"object_id": str(i)},
                "position": {"ordinal": i},
            },
        }
        for i in range(100)
    ]
    body = json.dumps({"events": batch}).encode()
    kind = "application/json"
    peak = bench.load(bench.ours, "/v1/events", body, kind, connections=8)
    half = peak["per_second"] / 2
    calm = bench.load(bench.ours, "/v1/events", body, kind, half, 8)
    for name, found in (("peak", peak), ("half of its peak", calm)):
        rate = found["per_second"] * 100
        yield _row(f"lookalike, {name}", found, events_per_second=rate)


def disturbed(bench: Bench) -> Iterator[Row]:
    """Search at half of the peak while generations are swapped and items upserted."""
    body, kind = form([png(bench.queries[0])])
    path = "/v1/digits/search?k=10"
    peak = bench.load(bench.ours, path, body, kind)["per_second"]
    for name, trouble in (("nothing", None), ("swaps", _swap), ("upserts", _upsert)):
        with _meanwhile(trouble, bench) as count:
            found = bench.load(bench.ours, path, body, kind, rate=peak / 2)
        yield _row(f"lookalike, beside {name}", found, beside=count[0])


def experiment(bench: Bench) -> Iterator[Row]:
    """Search with and without an experiment whose variants are the same, in turns.

    What it costs is that each request is assigned, and that its row is written.
    """
    from lookalike.evaluate import bootstrap

    body, kind = form([png(bench.queries[0])])
    path = "/v1/digits/search?k=10"
    bench.load(bench.ours, path, body, kind, seconds=1.0)

    peaks = {"without": 0.0, "with": 0.0}
    found: dict[str, dict[str, Any]] = {}
    ratios = []
    for turn in range(2 * bench.rounds):
        for name in ("without", "with")[:: 1 if turn % 2 else -1]:
            with _experiment(bench, f"load {turn}", name == "with"):
                found[name] = bench.load(bench.ours, path, body, kind)
            peaks[name] = found[name]["per_second"]
        ratios.append(peaks["with"] / peaks["without"])
    mean = bootstrap(np.mean, np.array(ratios))
    rate = min(peaks.values()) / 2
    yield _row("lookalike, no experiment", found["without"])
    more = {"ratio": mean.value, "ratio_low": mean.low, "ratio_high": mean.high}
    yield _row("lookalike, an experiment", found["with"], **more)
    for name in ("without", "with"):
        with _experiment(bench, f"half {name}", name == "with"):
            calm = bench.load(bench.ours, path, body, kind, rate=rate)
        yield _row(f"lookalike, {name} one, half of the peak", calm)
    times = _assigned(bench)
    yield {
        "method": "one assignment, within the service",
        "microseconds": float(np.median(times)),
        "microseconds_p99": float(np.quantile(times, 0.99)),
    }


@contextlib.contextmanager
def _experiment(bench: Bench, key: str, runs: bool) -> Iterator[None]:
    """Let an experiment run meanwhile, whose variants are whatever answers."""
    if runs:
        design = {"variants": ["one", "other"], "metrics": [], "unit": "query"}
        sent = {"key": key, "system": "digits", "design": design}
        bench.ours.change("/v1/experiments", sent)
    yield
    if runs:
        where = f"/v1/experiments/{quote(key)}/stop"
        bench.ours.change(where, {"reason": "measured"})


def _assigned(bench: Bench, n: int = 20_000) -> list[float]:
    """Microseconds to choose a variant for a user and to hand its row over, n times."""
    from lookalike.core.library import Library
    from lookalike.service.answering import Answered
    from lookalike.service.components import assemble
    from lookalike.service.database import Database
    from lookalike.service.experiment_changes import new_experiment, start_experiment
    from lookalike.service.settings import Settings

    folder = bench.folder / "within"
    database = Database(f"sqlite:///{folder}.db")
    libraries = {"digits": Library("digits", bench.folder / "library")}
    components = assemble(libraries, database, Settings(state=folder))
    components.start()
    try:
        fields = {"design": {"variants": ["one", "other"], "metrics": []}}
        new = new_experiment("within", "digits", "ab", 1, fields)
        start_experiment(database, libraries, new)
        components.experiments.announce()
        served, times = components.served["digits"], []
        found = Answered(served.active, [None])
        for at in range(n):
            begun = time.perf_counter()
            user = f"user {at % 5000}"
            choice = components.experiments.choose(served, "search", user, None)
            assert choice is not None
            components.experiments.record(choice, found, [f"q{at}"])
            times.append(1e6 * (time.perf_counter() - begun))
        return times
    finally:
        components.stop()


def overload(bench: Bench) -> Iterator[Row]:
    """Twice the capacity: the rate of answers then, and the latency afterwards."""
    body, kind = form([png(bench.queries[0])])
    path = "/v1/digits/search?k=10"
    peak = bench.load(bench.ours, path, body, kind)
    yield _row("lookalike, peak", peak)
    rate = 2 * peak["per_second"]
    over = bench.load(bench.ours, path, body, kind, rate, 256, 2 * SECONDS)
    share = over["per_second"] / peak["per_second"]
    yield _row("lookalike, at twice its peak", over, ratio=share)
    time.sleep(5)
    after = bench.load(bench.ours, path, body, kind, rate=rate / 4)
    yield _row("lookalike, five seconds later, half of its peak", after)


def recommend(name: str, bench: Bench) -> Iterator[Row]:
    """Ten suggestions for one user, and for ten thousand in batches.

    The server has the generation of the system's library, or else a new one; without
    the data there are no rows. Latency is at half of the peak, of the slowest of three
    users.
    """
    folder = _library_of(name, bench.folder / "recommenders")
    if folder is None:
        return
    code = "from lookalike.cli.app import main; main()"
    state = ["--state", str(bench.folder / f"{name}-state")]
    serve = [sys.executable, "-c", code, "serve", str(folder), *state]
    server = Server([*serve, "--port", "PORT"], {}, "/readyz")
    try:
        yield from _suggestions(bench, name, server, _users(name, folder))
    finally:
        server.stop()


def _library_of(name: str, folder: Path) -> Path | None:
    """A library with a generation of this system; None where there is no data."""
    from lookalike.core.library import Library
    from lookalike.systems import find_spec

    if Library(name).names():
        return Library(name).folder
    library = Library(name, folder / name)
    try:
        data = find_spec(name).find_data()
    except FileNotFoundError:
        return None
    library.add(find_spec(name).new({}).fit(data).save)
    return library.folder


def _users(name: str, folder: Path) -> list[str]:
    from lookalike.core.library import Library
    from lookalike.systems import find_spec

    found, _ = Library(name, folder).open()
    return find_spec(name).system_class.load(found).known_users.tolist()


def _suggestions(
    bench: Bench, name: str, server: Server, users: list[str]
) -> Iterator[Row]:
    from lookalike.systems import find_spec

    path, kind = f"/v1/{name}/recommend", "application/json"
    if find_spec(name).can("precompute"):
        time.sleep(20)  # until the table of suggestions is there
    some = users[:: max(len(users) // 3, 1)][:3]
    bodies = [json.dumps({"user": who, "k": 10}).encode() for who in some]
    peak = bench.load(server, path, bodies[0], kind, connections=8)
    yield _row(f"{name}: one user, peak", peak)
    half = peak["per_second"] / 2
    calm = [bench.load(server, path, body, kind, half, 8) for body in bodies]
    slowest = max(calm, key=lambda found: float(found["p99"]))
    yield _row(f"{name}: one user, half of its peak", slowest)
    users = (users * (10_000 // len(users) + 1))[:10_000]
    began = time.perf_counter()
    done = 0
    while done < len(users):
        sent = {"users": users[done : done + 250], "k": 10}
        status, answer = server.ask("POST", path, sent)
        if status != 200:
            raise RuntimeError(f"{name} did not answer a batch of 250 users.")
        done += len(answer["answers"])  # fewer where time ran out
    seconds = time.perf_counter() - began
    yield {
        "method": f"{name}: 10,000 users in batches of 250",
        "seconds": seconds,
        "per_second": len(users) / seconds,
    }


@contextlib.contextmanager
def _meanwhile(
    trouble: Callable[[Bench, int], None] | None, bench: Bench
) -> Iterator[list[int]]:
    count, stop = [0], threading.Event()

    def work() -> None:
        while trouble and not stop.is_set():
            trouble(bench, count[0])
            count[0] += 1

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(work)
        try:
            yield count
        finally:
            stop.set()
        done.result()  # raises what a change raised


def _swap(bench: Bench, turn: int) -> None:
    name = ("0002", "0001")[turn % 2]
    bench.ours.change("/v1/digits/generations/activate", {"name": name})
    time.sleep(0.5)


def _upsert(bench: Bench, turn: int) -> None:
    images = np.roll(bench.queries, turn, axis=0)[:50]
    items = [
        {"id": f"n{turn}-{i}", "label": 1, "image": {"pixels": image.tolist()}}
        for i, image in enumerate(images)
    ]
    bench.ours.change("/v1/digits/items", {"items": items})
    time.sleep(0.1)


JOBS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "one image": one_image,
    "a hundred images": a_hundred,
    "events": events,
    "disturbed": disturbed,
    "experiment": experiment,
    "overload": overload,
    **{f"recommend {name}": partial(recommend, name) for name in RECOMMENDERS},
}
