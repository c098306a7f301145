"""``lookalike bench algorithms``: each algorithm beside the best of its peers.

One job an algorithm (or a few, where its sizes differ in kind): the same data, one
thread, each peer under its fastest setting, and in further columns what each side
reached, so that no time is bought with a worse answer.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from lookalike.bench import (
    _classical,
    _features,
    _linear,
    _networks,
    _run,
    _tokens,
    triplet,
)
from lookalike.bench._run import Job


def run(
    only: str | None = None, rounds: int = 3, report: _run.Report | None = None
) -> dict[str, Any]:
    """Race every job whose name holds ``only``."""
    return _run.run(jobs(rounds), only, report)


def jobs(rounds: int = 3) -> Iterator[Job]:
    """All races."""
    parts = _linear, _classical, _networks, triplet, _features, _tokens
    return chain.from_iterable(part.jobs(rounds) for part in parts)
