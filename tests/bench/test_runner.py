"""The runner of races: which setting of a library is timed."""

import os
from pathlib import Path

import pytest

from lookalike_bench import runner
from lookalike_bench.runner import Contestant, fastest

SETTINGS = tuple({"LIBRARY_KERNEL": value} for value in ("slow", "unknown", "fast"))


def library():
    """Make what is called; as a library does whose kernel needs another processor."""
    kernel = os.environ["LIBRARY_KERNEL"]
    if kernel == "unknown":
        os._exit(1)
    return lambda: sum(range(10_000_000 if kernel == "slow" else 10))


@pytest.fixture
def importable(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    monkeypatch.setattr(runner, "FASTEST", {})


def contestant(settings):
    return Contestant(
        method="library",
        factory="test_runner:library",
        arguments={},
        threads=1,
        settings=settings,
    )


def test_a_setting_that_the_processor_cannot_run_is_left_out(importable):
    worker = fastest(contestant(SETTINGS))
    worker.close()
    assert worker.setting == "LIBRARY_KERNEL=fast"


def test_a_library_that_runs_under_no_setting_is_an_error(importable):
    settings = ({"LIBRARY_KERNEL": "unknown"},)
    with pytest.raises(RuntimeError, match="library ended early"):
        fastest(contestant(settings))
