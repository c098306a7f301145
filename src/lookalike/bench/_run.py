"""A race: contestants in processes of their own, called in turn, medians and ratios.

Each contestant is a *factory*, ``"module:function"``, which loads its data and returns
the callable that is timed. It runs in its own process, because the settings that make a
library fast (which BLAS kernel, how many threads) are read once, when a process starts.
Of several settings the fastest in a trial is kept and printed: a peer must not lose by
a setting. Then the contestants take turns, so that a noisy machine disturbs all alike.

A factory may return ``(call, describe)``; ``describe(answer)`` gives further columns,
such as the quality reached, from the answer of the last call.
"""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Any, TypeVar

Row = dict[str, Any]
Work = TypeVar("Work")
Report = Callable[[str, float], None]
"""Told what is being done and which share of the whole, 0 to 1, is behind."""

OURS = "lookalike"
# OPENBLAS_CORETYPE decides which kernels NumPy's and faiss's products take. Left to
# itself, or pinned by an environment, it may choose ones of half the speed.
BLAS = tuple({"OPENBLAS_CORETYPE": c} for c in ("", "Haswell", "SkylakeX"))
PLAIN: tuple[dict[str, str], ...] = ({},)
ENOUGH = 5.0  # seconds of calls under a setting that tell how fast it is
FASTEST: dict[tuple[str, str, int], dict[str, str]] = {}


@dataclass(frozen=True)
class Contestant:
    """One method in a race.

    method : "lookalike" is ours; names that begin so are ours too ("lookalike float32")
    factory : "module:function", see the module's first lines
    arguments : keyword arguments of the factory, as JSON can carry them
    settings : environments to try
    """

    method: str
    factory: str
    arguments: dict[str, Any] = field(default_factory=dict)
    settings: Sequence[dict[str, str]] = PLAIN
    threads: int = 1

    @property
    def ours(self) -> bool:
        """Whether the ratio is ours to show."""
        return self.method.split()[0] == OURS


@dataclass(frozen=True)
class Job:
    """What all contestants do, such as "mnist exact k=10"."""

    name: str
    contestants: Sequence[Contestant]
    rounds: int = 3


class Worker:
    """A contestant in its process, ready to be called."""

    def __init__(self, contestant: Contestant, setting: dict[str, str]) -> None:
        threads = str(contestant.threads)
        counts = ("OMP", "OPENBLAS", "MKL", "NUMBA")
        environment = dict(os.environ)
        environment |= {f"{name}_NUM_THREADS": threads for name in counts}
        environment |= setting
        for name in [name for name, value in setting.items() if not value]:
            del environment[name]
        self.contestant = contestant
        self.setting = " ".join(f"{k}={v}" for k, v in setting.items() if v)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lookalike.bench._worker", contestant.factory],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.ready = self._ask(contestant.arguments)

    def call(self) -> dict[str, float]:
        """Run once: wall-clock and processor seconds."""
        return self._ask("call")

    def describe(self) -> Row:
        """Columns that the last answer gives."""
        return self._ask("describe")

    def close(self) -> None:
        """End the process."""
        if self._process.stdin:
            self._process.stdin.close()
        if self._process.stdout:
            self._process.stdout.close()
        self._process.wait()

    def _ask(self, question: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(question), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            self._process.kill()
            raise RuntimeError(
                f"{self.contestant.method} ended early; what it said is above."
            )
        return json.loads(line)


def fastest(contestant: Contestant) -> Worker | None:
    """Start the contestant under each of its settings and keep the fastest.

    None where what it needs is not installed. What was fastest is remembered: the jobs
    of a run try the settings of a library once.
    """
    known = (contestant.factory, contestant.method, contestant.threads)
    settings = [FASTEST[known]] if known in FASTEST else contestant.settings
    best, best_seconds = None, float("inf")
    for setting in settings:
        worker = Worker(contestant, setting)
        if worker.ready.get("missing"):
            worker.close()
            return None
        # The first call compiles and touches the memory; it is never in the medians.
        seconds = worker.call()["seconds"]
        if seconds < ENOUGH:
            seconds = min(seconds, worker.call()["seconds"])
        if seconds < best_seconds:
            FASTEST[known] = setting
            best, worker, best_seconds = worker, best, seconds
        if worker is not None:
            worker.close()
    return best


def race(job: Job) -> list[Row]:
    """Run one job: a row per contestant, ours with the ratio to the best peer."""
    workers = [w for w in map(fastest, job.contestants) if w is not None]
    try:
        times: list[list[dict[str, float]]] = [[] for _ in workers]
        for _ in range(job.rounds):
            for worker, timed in zip(workers, times, strict=True):
                timed.append(worker.call())
        rows = [
            {
                "job": job.name,
                "method": worker.contestant.method,
                "threads": worker.contestant.threads,
                "seconds": median(t["seconds"] for t in timed),
                "cpu_seconds": median(t["cpu_seconds"] for t in timed),
                "setting": worker.setting,
                **worker.describe(),
            }
            for worker, timed in zip(workers, times, strict=True)
        ]
    finally:
        for worker in workers:
            worker.close()
    return with_ratios(rows, [w.contestant.ours for w in workers])


def with_ratios(rows: list[Row], ours: Sequence[bool]) -> list[Row]:
    """Add to our rows how many times as long the best peer took."""
    for row, mine in zip(rows, ours, strict=True):
        peers = [
            r["seconds"]
            for r, own in zip(rows, ours, strict=True)
            if not own and r["threads"] == row["threads"]
        ]
        if mine and peers:
            row["ratio"] = min(peers) / row["seconds"]
    return rows


def run(
    jobs: Iterable[Job], only: str | None = None, report: Report | None = None
) -> dict[str, Any]:
    """Run the jobs whose name holds ``only``: ``{"machine": ..., "rows": [...]}``."""
    races = ((job.name, partial(race, job)) for job in jobs)
    return measured(holding(races, only), report)


def holding(
    jobs: Iterable[tuple[str, Work]], only: str | None
) -> list[tuple[str, Work]]:
    """Return the jobs, with their names, whose name holds ``only``; None is all."""
    named = list(jobs)
    chosen = [(name, job) for name, job in named if only is None or only in name]
    if not chosen:
        names = ", ".join(dict.fromkeys(name for name, _ in named))
        raise ValueError(f"No job's name holds {only!r}; there are {names}.")
    return chosen


def measured(
    jobs: Sequence[tuple[str, Callable[[], Iterable[Row]]]], report: Report | None
) -> dict[str, Any]:
    """Do one job after the other: ``{"machine": ..., "rows": [...]}``."""
    rows: list[Row] = []
    for done, (name, job) in enumerate(jobs):
        if report:
            report(name, done / len(jobs))
        rows += [{"job": name, **row} for row in job()]
    return {"machine": machine(), "rows": rows}


def machine() -> dict[str, Any]:
    """What the numbers were measured on."""
    from importlib.metadata import distributions

    wanted = {
        "numpy", "scipy", "scikit-learn", "numba", "faiss-cpu", "torch",
        "scikit-learn-intelex", "scikit-image", "lookalike", "threadpoolctl",
    }  # fmt: skip
    versions = {
        d.metadata["Name"]: d.version
        for d in distributions()
        if d.metadata["Name"] in wanted
    }
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": dict(sorted(versions.items())),
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            names = [x.split(":")[1].strip() for x in lines if "model name" in x]
        return names[0] if names else platform.processor()
    except OSError:
        return platform.processor()


def show(result: dict[str, Any]) -> None:
    """Print the rows as a table."""
    from rich.console import Console
    from rich.table import Table

    usual = ["job", "method", "threads", "seconds", "ratio", "cpu_seconds", "setting"]
    rows = result["rows"]
    further = dict.fromkeys(k for row in rows for k in row if k not in usual)
    table = Table(box=None, pad_edge=False)
    columns = [*usual[:5], *further, *usual[5:]]
    for name in columns:
        number = any(isinstance(row.get(name), int | float) for row in rows)
        table.add_column(name, justify="right" if number else "left")
    last = None
    for row in rows:
        if last is not None and row["job"] != last:
            table.add_section()
        last = row["job"]
        table.add_row(*(_cell(row.get(name)) for name in columns))
    console = Console()
    if not console.is_terminal:
        console.width = 200
    console.print(table)
    about = result["machine"]
    console.print(f"{about['processor']}, {about['cores']} cores, {about['system']}")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)
