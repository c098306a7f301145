"""No finite number crashes an estimator or a search, or gets a wrong answer.

Each room is fuzzed in a process of its own, with every index of a kernel checked; a
crash there is a failure here. ``LOOKALIKE_LONG`` is how many times as many inputs are
tried, from another seed each.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

LONG = int(os.environ.get("LOOKALIKE_LONG", "1"))
ROUNDS = 1 if LONG == 1 else 2  # inputs for each estimator


@pytest.fixture(scope="session")
def kernels_with_checks(request, tmp_path_factory):
    """A folder for compiled kernels that check every index, kept for the next run."""
    kept = getattr(request.config, "cache", None)
    return kept.mkdir("checked") if kept else tmp_path_factory.mktemp("kernels")


@pytest.mark.parametrize("seed", range(LONG))
@pytest.mark.parametrize("room", ["features", "learn", "search"])
def test_extreme_values_get_right_answers_or_sentences(room, seed, kernels_with_checks):
    checked = {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(kernels_with_checks)}
    checked["NUMBA_OPT"] = "0"  # most of the time is compilation
    program = Path(__file__).with_name("extreme_values.py")
    run = subprocess.run(
        [sys.executable, program, room, str(seed), str(ROUNDS)],
        env=os.environ | checked,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    lines = run.stdout.splitlines()
    wrong = [line for line in lines if line.startswith("WRONG")]
    assert run.returncode == 0, "\n".join([*wrong, *lines[-2:], run.stderr[-1000:]])
