"""What an experiment costs a service: requests a second, and one assignment."""

import contextlib
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import numpy as np

from lookalike_bench.bars import Row
from lookalike_bench.under_load import Bench, form, load_row, png


def experiment(bench: Bench) -> Iterator[Row]:
    """Search with and without an experiment whose variants are the same, in turns.

    What it costs is that each request is assigned, and that its row is written.
    """
    from lookalike.evaluate import bootstrap

    body, kind = form([png(bench.queries[0])])
    path = "/v1/digits/search?k=10"
    bench.ours.load(path, body, kind, seconds=1.0)

    peaks = {"without": 0.0, "with": 0.0}
    found: dict[str, dict[str, Any]] = {}
    ratios = []
    for turn in range(2 * bench.rounds):
        for name in ("without", "with")[:: 1 if turn % 2 else -1]:
            with _experiment(bench, f"load {turn}", name == "with"):
                found[name] = bench.ours.load(path, body, kind)
            peaks[name] = found[name]["per_second"]
        ratios.append(peaks["with"] / peaks["without"])
    mean = bootstrap(np.mean, np.array(ratios))
    rate = min(peaks.values()) / 2
    yield load_row("lookalike, no experiment", found["without"])
    more = {"ratio": mean.value, "ratio_low": mean.low, "ratio_high": mean.high}
    yield load_row("lookalike, an experiment", found["with"], **more)
    for name in ("without", "with"):
        with _experiment(bench, f"half {name}", name == "with"):
            calm = bench.ours.load(path, body, kind, rate=rate)
        yield load_row(f"lookalike, {name} one, half of the peak", calm)
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
