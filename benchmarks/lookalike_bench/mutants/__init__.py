"""Would the tests notice? Faults made by a seeded draw, and the share that they find.

Each fault is made in a copy of the package, and the tests that name the module run
against it, in a process of their own, until the first that fails. A fault is killed if
one fails, or if they do not end. What lives is listed: a test is missing, or the fault
changes nothing that anybody can see.

Every result is kept in ``runs/mutants``, so that what was interrupted goes on.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from lookalike_bench.bars import Bar, Row, least
from lookalike_bench.mutants.faults import Fault, sample, with_fault
from lookalike_bench.mutants.tests_of import Checkout
from lookalike_bench.runner import ProgressCallback, reporting

ROOT = Path(__file__).parents[3]
ROOMS = ("evaluate", "learn", "rank", "search", "service", "systems")
N_FAULTS = int(os.environ.get("LOOKALIKE_MUTANTS", "300"))
PATIENCE = 300.0  # seconds, and four times what the tests take without a fault
KILLED, LIVES, UNTESTED = "killed", "lives", "no test names the module"
Words = tuple[str, ...]

BARS = (Bar("faults that the tests find", 0.85, least("killed", "sample", "all")),)


def run(
    only: str | None = None,
    rounds: int | None = None,
    progress: ProgressCallback | None = None,
) -> dict[str, Any]:
    """Make faults and run the tests; ``LOOKALIKE_MUTANTS`` is how many (300)."""
    del rounds  # each fault is tried once
    return reporting(
        lambda report: [("sample", partial(_sample, report))], only, progress, BARS
    )


def _sample(report: ProgressCallback) -> Iterable[Row]:
    sources = {
        str(path.relative_to(ROOT)): path.read_text("utf-8")
        for room in ROOMS
        for path in (ROOT / "src/lookalike" / room).rglob("*.py")
        if "migrations" not in path.parts
    }
    drawn = sample(sources, N_FAULTS)
    kept = _Kept(ROOT / "runs/mutants/results.jsonl")
    checkout = Checkout(ROOT)
    results: list[tuple[str, Fault, str]] = []
    with _copied() as copy:
        quiet = _Quiet(copy)
        for n_done, (name, fault) in enumerate(drawn):
            report(f"fault {n_done + 1} of {len(drawn)}", n_done / len(drawn))
            mutant = with_fault(sources[name], fault.at)
            known = kept.find(mutant)
            if known is None:
                known = _tried(copy, quiet, checkout.of(Path(name)), name, mutant)
                kept.add(mutant, known, name, fault)
            results.append((name, fault, known))
    yield from _rows(results)


def _rows(results: list[tuple[str, Fault, str]]) -> Iterator[Row]:
    from lookalike.evaluate.interval import share_interval

    for room in ("all", *ROOMS):
        ends = [end for name, _, end in results if room in ("all", name.split("/")[2])]
        if not ends:
            continue
        counts = Counter(ends)
        found = share_interval(counts[KILLED] / len(ends), len(ends))
        yield {
            "method": room,
            "faults": len(ends),
            "killed": found.value,
            "low": found.low,
            "high": found.high,
            "untested": counts[UNTESTED],
        }
    for name, fault, end in results:
        if end != KILLED:
            yield {"method": f"{name}:{fault.line}", "fault": fault.kind, "end": end}


def _tried(
    copy: Path, quiet: "_Quiet", tests: list[Words], name: str, mutant: str
) -> str:
    """What becomes of a fault: the first test file that fails ends it."""
    tests = [words for words in tests if quiet.passes(words)]
    if not tests:
        return UNTESTED
    module = copy / name
    before = module.read_text("utf-8")
    module.write_text(mutant, "utf-8")
    try:
        for words in tests:
            limit = max(PATIENCE, 4 * quiet.seconds[words])
            if not _passed(copy, words, limit):
                return KILLED
        return LIVES
    finally:
        module.write_text(before, "utf-8")


class _Quiet:
    """Which tests pass without a fault, and how long they take."""

    def __init__(self, copy: Path) -> None:
        self._copy = copy
        self._passed: dict[Words, bool] = {}
        self.seconds: dict[Words, float] = {}

    def passes(self, words: Words) -> bool:
        if words not in self._passed:
            started = time.monotonic()
            self._passed[words] = _passed(self._copy, words, 10 * PATIENCE)
            self.seconds[words] = time.monotonic() - started
        return self._passed[words]


def _passed(copy: Path, chosen: Words, limit: float) -> bool:
    """Whether the tests of a file pass; without any that is chosen they do."""
    words = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    given = os.environ | {"PYTHONPATH": str(copy / "src"), "OMP_NUM_THREADS": "1"}
    given |= {"PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            [*words, *chosen],
            cwd=copy,
            env=given,
            capture_output=True,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode in (0, 5)


@contextmanager
def _copied() -> Iterator[Path]:
    """A copy of package and tests, for faults."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        without = shutil.ignore_patterns("__pycache__")
        for name in ("src", "tests", "docs", "benchmarks"):
            shutil.copytree(ROOT / name, copy / name, ignore=without)
        for name in ("pyproject.toml", "README.md", "Makefile", "mkdocs.yml"):
            if (ROOT / name).exists():
                shutil.copy(ROOT / name, copy / name)
        yield copy


class _Kept:
    """Results of former runs, by the text of the faulty module."""

    def __init__(self, path: Path) -> None:
        self._path = path
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        self._known = {row["mutant"]: row["end"] for row in map(json.loads, lines)}

    def find(self, mutant: str) -> str | None:
        return self._known.get(_digest(mutant))

    def add(self, mutant: str, end: str, name: str, fault: Fault) -> None:
        row: Row = {"mutant": _digest(mutant), "end": end, "module": name}
        row |= {"line": fault.line, "fault": fault.kind}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(row) + "\n")
        self._known[row["mutant"]] = end


def _digest(text: str) -> str:
    from hashlib import sha256

    return sha256(text.encode()).hexdigest()
