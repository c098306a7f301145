"""Contestants in processes of their own, called in turn: medians, ratios and bars.

Each contestant is a *factory*, ``"module:function"``, which loads its data and returns
the callable that is timed. It runs in its own process, because the settings that make a
library fast (which BLAS kernel, how many threads) are read once, when a process starts.
Of several settings the fastest in a trial is kept and printed, so that no peer is slow
because of a setting. The contestants take turns: load on the machine affects all alike.

A factory may return ``(call, describe)``; ``describe(answer)`` gives further columns,
such as the quality reached, from the answer of the last call.
"""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

from lookalike_bench.bars import Bar, Row, checked

Work = TypeVar("Work")
ProgressCallback = Callable[[str, float], None]
"""Called with what is being done and the share of the whole, 0 to 1, that is done."""
WORKER = Path(__file__).parents[1] / "worker.py"

OURS = "lookalike"
# OPENBLAS_CORETYPE selects the kernels of NumPy's and faiss's matrix products. Its
# default, or a value pinned by an environment, may select ones of half the speed.
BLAS = tuple({"OPENBLAS_CORETYPE": c} for c in ("", "Haswell", "SkylakeX"))
PLAIN: tuple[dict[str, str], ...] = ({},)
TRIAL = 5.0  # seconds; a setting whose first call takes longer is called once
FASTEST: dict[tuple[str, str, int], dict[str, str]] = {}


@dataclass(frozen=True)
class Contestant:
    """One method in a race.

    method : names of ours begin with "lookalike", such as "lookalike float32"
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
        """Whether this is a method of lookalike, whose row shows the ratio."""
        return self.method.split()[0] == OURS


@dataclass(frozen=True)
class Job:
    """What all contestants do, such as "mnist exact k=10"."""

    name: str
    contestants: Sequence[Contestant]
    rounds: int = 3


class Worker:
    """A contestant in its process, ready to be called.

    Raises
    ------
    FileNotFoundError
        If what it works on is not here.
    """

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
            [sys.executable, str(WORKER), contestant.factory],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.ready = self._ask(contestant.arguments)
        if "refused" in self.ready:
            self.close()
            raise FileNotFoundError(self.ready["refused"])

    def call(self) -> dict[str, float]:
        """Run once: wall-clock and processor seconds."""
        return self._ask("call")

    def describe(self) -> Row:
        """Columns that the last answer gives."""
        return self._ask("describe")

    def close(self) -> None:
        """End the process."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with suppress(BrokenPipeError):
                    pipe.close()
        self._process.wait()

    def _ask(self, question: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(question), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            self.close()
            raise RuntimeError(
                f"{self.contestant.method} ended early; its output is above."
            )
        return json.loads(line)


def fastest(contestant: Contestant) -> Worker | None:
    """Start the contestant under each of its settings and keep the fastest.

    Returns None where a package it needs is not installed. The fastest setting is kept
    in ``FASTEST``, so that the jobs of a run try the settings of a library once. A
    setting that ends the process is left out: SkylakeX needs AVX-512, which not every
    processor has. If all do, the error of the last is raised.
    """
    known = (contestant.factory, contestant.method, contestant.threads)
    settings = [FASTEST[known]] if known in FASTEST else contestant.settings
    best, best_seconds, ended = None, float("inf"), None
    for setting in settings:
        try:
            worker = Worker(contestant, setting)
            if worker.ready.get("missing"):
                worker.close()
                return None
            # The first call compiles and touches the memory: not in the medians.
            seconds = worker.call()["seconds"]
            if seconds < TRIAL:
                seconds = min(seconds, worker.call()["seconds"])
        except RuntimeError as error:
            ended = error
            continue
        if seconds < best_seconds:
            FASTEST[known] = setting
            best, worker, best_seconds = worker, best, seconds
        if worker is not None:
            worker.close()
    if best is None and ended is not None:
        raise ended
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
    jobs: Iterable[Job],
    only: str | None = None,
    progress: ProgressCallback | None = None,
    bars: Iterable[Bar] = (),
) -> dict[str, Any]:
    """Run the jobs whose name contains ``only``; see ``measured`` for the result."""
    races = ((job.name, partial(race, job)) for job in jobs)
    return measured(selected(races, only), progress, bars)


def selected(
    jobs: Iterable[tuple[str, Work]], only: str | None
) -> list[tuple[str, Work]]:
    """Return the jobs, with their names, whose name contains ``only``; None is all."""
    named = list(jobs)
    chosen = [(name, job) for name, job in named if only is None or only in name]
    if not chosen:
        names = ", ".join(dict.fromkeys(name for name, _ in named))
        raise ValueError(f"No job's name contains {only!r}; there are {names}.")
    return chosen


def measured(
    jobs: Sequence[tuple[str, Callable[[], Iterable[Row]]]],
    progress: ProgressCallback | None = None,
    bars: Iterable[Bar] = (),
) -> dict[str, Any]:
    """Run one job after the other.

    Returns
    -------
    dict
        ``machine``; ``rows``, one a method and job; ``bars``, one for each bar whose
        value is in the rows: ``bar``, ``value``, ``needed`` and ``holds``.
    """
    rows: list[Row] = []
    for done, (name, job) in enumerate(jobs):
        if progress:
            progress(name, done / len(jobs))
        rows += [{"job": name, **row} for row in job()]
    return {"machine": machine(), "rows": rows, "bars": checked(bars, rows)}


def reporting(
    jobs: Callable[
        [ProgressCallback], Sequence[tuple[str, Callable[[], Iterable[Row]]]]
    ],
    only: str | None,
    progress: ProgressCallback | None,
    bars: Iterable[Bar],
) -> dict[str, Any]:
    """Run jobs that say by themselves how far they are; see ``measured``.

    jobs : given whom they report to, the jobs with their names
    """
    report = progress or (lambda what, share: None)
    return measured(selected(jobs(report), only), progress, bars)


def machine() -> dict[str, Any]:
    """Return processor, system and versions that the numbers were measured with."""
    from importlib.metadata import distributions

    names = {
        "lookalike", "numpy", "scipy", "scikit-learn", "numba", "threadpoolctl",
        "cornac", "faiss-cpu", "fastapi", "hnswlib", "implicit", "lightgbm", "networkx",
        "pandas", "scalable-vs", "scann", "scikit-image", "scikit-learn-intelex",
        "tokenizers", "torch", "usearch", "voyager",
    }  # fmt: skip
    versions = {
        d.metadata["Name"]: d.version
        for d in distributions()
        if d.metadata["Name"] in names
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
    """Print the rows as a table, then the bars, then the machine."""
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console.width = 200
    usual = ["job", "method", "threads", "seconds", "ratio", "cpu_seconds", "setting"]
    rows = result["rows"]
    further = dict.fromkeys(k for row in rows for k in row if k not in usual)
    console.print(_table(rows, [*usual[:5], *further, *usual[5:]]))
    if result["bars"]:
        console.print()
        console.print(_table(result["bars"], ["bar", "value", "needed", "holds"]))
        console.print()
    about = result["machine"]
    console.print(f"{about['processor']}, {about['cores']} cores, {about['system']}")
    versions = {"python": about["python"], **about["versions"]}
    console.print(", ".join(f"{name} {version}" for name, version in versions.items()))


def _table(rows: Sequence[Row], columns: Sequence[str]) -> Any:
    """Return a table with a blank line where the job changes."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in columns:
        number = any(isinstance(row.get(name), int | float) for row in rows)
        table.add_column(name, justify="right" if number else "left")
    last = rows[0].get("job") if rows else None
    for row in rows:
        if row.get("job") != last:
            table.add_section()
        last = row.get("job")
        table.add_row(*(_cell(row.get(name)) for name in columns))
    return table


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)
