"""Damaged files and extreme numbers, from new seeds until the time is up.

    python benchmarks/soak_inputs.py [SECONDS] [FIRST_SEED]    3600 and 1000 by default

Each run is a process of its own, so that a crash is counted and the rest goes on; the
kernels check every index there. Prints one JSON object: how many inputs each room and
the image files had, and each that went wrong, with what repeats it.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from itertools import count
from pathlib import Path

TESTS = Path(__file__).parents[1] / "tests"
ROOMS = "features", "learn", "search"
N_ROUNDS = "10"  # of each estimator, a seed
N_FILES = 500  # of each format and mode, a seed


def programs(seed: int) -> dict[str, list[str]]:
    """Return what is run with a seed, by name."""
    values, images = TESTS / "extreme_values.py", TESTS / "features/damaged_images.py"
    return {
        **{room: [str(values), room, str(seed), N_ROUNDS] for room in ROOMS},
        "images": [str(images), str(N_FILES), str(seed)],
    }


def n_inputs(name: str, output: str) -> int:
    """Return how many inputs a program says it tried; a crashed one says nothing."""
    numbers = re.findall(r"\d+", output.splitlines()[-1]) if output else []
    if name == "images":
        return sum(map(int, numbers))
    return int(numbers[0]) if output.rstrip().endswith(" wrong") else 0


def main(seconds: float, first_seed: int) -> int:
    """Run until the time is up; returns how many runs went wrong."""
    end = time.monotonic() + seconds
    tried = dict.fromkeys([*ROOMS, "images"], 0)
    wrong: list[dict[str, str]] = []
    with tempfile.TemporaryDirectory() as kernels:
        checks = {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": kernels}
        for seed in count(first_seed):
            for name, words in programs(seed).items():
                if time.monotonic() >= end:
                    seeds = [first_seed, seed]
                    print(json.dumps({"inputs": tried, "seeds": seeds, "wrong": wrong}))
                    return len(wrong)
                run = subprocess.run(
                    [sys.executable, "-W", "ignore", *words],
                    env=os.environ | checks,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                tried[name] += n_inputs(name, run.stdout)
                if run.returncode:
                    lines = run.stdout.splitlines()
                    told = [line for line in lines if line.startswith("WRONG")]
                    said = "\n".join(told or [*lines[-1:], run.stderr[-1000:]])
                    status = f"status {run.returncode}"
                    again = " ".join(words)
                    wrong.append({"run": again, "ended": status, "said": said})
                    print(json.dumps(wrong[-1]), file=sys.stderr, flush=True)
    raise AssertionError("seeds do not end")


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:3]]
    sys.exit(bool(main(*[*given, *(3600, 1000)[len(given) :]])))
