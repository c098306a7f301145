"""``lookalike bench service``: the service under load, beside a minimal program.

Servers and the load generator are processes of their own. The same requests go to
``lookalike serve`` and to ``benchmarks/plain_service.py`` (FastAPI, Pillow and faiss),
in turns, each with one worker process. Latency is measured at half of the server's own
peak rate, from the moment at which a request was due.
"""

import contextlib
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from lookalike_bench import runner
from lookalike_bench.bars import Bar, Row, least, most
from lookalike_bench.served_experiment import experiment
from lookalike_bench.under_load import (
    CONNECTIONS,
    SECONDS,
    Bench,
    Server,
    form,
    load_row,
    png,
    serve_command,
)

RECOMMENDERS = ("people", "events", "games", "films")
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
        "throughput with an experiment over without",
        0.97,
        least("ratio", "experiment", "lookalike, an experiment"),
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
        server.load(path, body, kind, seconds=1.0)
    for _ in range(bench.rounds):
        for name, (server, path) in servers.items():
            found = server.load(path, body, kind, connections=connections)
            peaks[name].append(found["per_second"])
            rows[f"{name}, peak"] = load_row(f"{name}, peak", found)
    for name, (server, path) in servers.items():
        rows[f"{name}, peak"]["per_second"] = median(peaks[name])
        half = median(peaks[name]) / 2
        found = server.load(path, body, kind, rate=half, connections=connections)
        rows[f"{name}, half"] = load_row(f"{name}, half of its peak", found)
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
    peak = bench.ours.load("/v1/events", body, kind, connections=8)
    half = peak["per_second"] / 2
    calm = bench.ours.load("/v1/events", body, kind, half, 8)
    for name, found in (("peak", peak), ("half of its peak", calm)):
        rate = found["per_second"] * 100
        yield load_row(f"lookalike, {name}", found, events_per_second=rate)


def disturbed(bench: Bench) -> Iterator[Row]:
    """Search at half of the peak while generations are swapped and items upserted."""
    body, kind = form([png(bench.queries[0])])
    path = "/v1/digits/search?k=10"
    peak = bench.ours.load(path, body, kind)["per_second"]
    for name, trouble in (("nothing", None), ("swaps", _swap), ("upserts", _upsert)):
        with _meanwhile(trouble, bench) as count:
            found = bench.ours.load(path, body, kind, rate=peak / 2)
        yield load_row(f"lookalike, beside {name}", found, beside=count[0])


def overload(bench: Bench) -> Iterator[Row]:
    """Twice the capacity: the rate of answers then, and the latency afterwards."""
    body, kind = form([png(bench.queries[0])])
    path = "/v1/digits/search?k=10"
    peak = bench.ours.load(path, body, kind)
    yield load_row("lookalike, peak", peak)
    rate = 2 * peak["per_second"]
    over = bench.ours.load(path, body, kind, rate, 256, 2 * SECONDS)
    share = over["per_second"] / peak["per_second"]
    yield load_row("lookalike, at twice its peak", over, ratio=share)
    time.sleep(5)
    after = bench.ours.load(path, body, kind, rate=rate / 4)
    yield load_row("lookalike, five seconds later, half of its peak", after)


def recommend(name: str, bench: Bench) -> Iterator[Row]:
    """Ten suggestions for one user, and for ten thousand in batches.

    The server has the generation of the system's library, or else a new one; without
    the data there are no rows. Latency is at half of the peak, of the slowest of three
    users.
    """
    folder = _library_of(name, bench.folder / "recommenders")
    if folder is None:
        return
    state = ["--state", str(bench.folder / f"{name}-state")]
    server = Server([*serve_command(folder), *state], {}, "/readyz")
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
    peak = server.load(path, bodies[0], kind, connections=8)
    yield load_row(f"{name}: one user, peak", peak)
    half = peak["per_second"] / 2
    calm = [server.load(path, body, kind, half, 8) for body in bodies]
    slowest = max(calm, key=lambda found: float(found["p99"]))
    yield load_row(f"{name}: one user, half of its peak", slowest)
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
