"""``lookalike bench algorithms``: each algorithm beside the best of its peers.

One job an algorithm (or a few, where its sizes differ in kind): the same data, one
thread, each peer under its fastest setting, and in further columns what each side
reached, so that no time is bought with a worse answer.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any

from lookalike_bench import runner, triplet
from lookalike_bench.bars import Bar, Row, most, numbers
from lookalike_bench.races import (
    classical,
    features,
    linear,
    networks,
    sampling,
    tokens,
)
from lookalike_bench.runner import Job

RATIOS = {
    "LBP riu2, P=8, R=1, 40 images of 512 by 512": 9,
    "LBP riu2, P=16, R=2, 40 images of 512 by 512": 6,
    "LDA, fit and predict, MNIST": 3.5,
    "SVC, RBF, 10,000 digits, fit": 3.5,
    "SVC, RBF, 10,000 digits, predict": 5,
    "decision tree, depth 10, 8-bit, MNIST": 4,
    "decision tree, full, 8-bit, MNIST": 3.5,
    "linear SVC, squared hinge, MNIST": 2,
    "perceptron, 10 classes, 10 epochs, MNIST": 4,
    "logistic regression, multinomial, MNIST": 1.5,
    "k-means, k=1,000, 15 rounds, MNIST": 3,
    "k-means, k=100, 15 rounds, MNIST": 1.5,
}
"""The best peer's time over ours, at least; 1 for every other job."""
QUALITIES = {
    "accuracy": 1,
    "r2": 1,
    "explained": 1,
    "uniform": 1,
    "objective": -1,
    "inertia": -1,
}
"""Columns that say how good an answer is: 1 where more is better, -1 where less."""
TOLERANCE = 0.01  # of the quality; what is minimised is compared relatively


def run(
    only: str | None = None,
    rounds: int = 3,
    progress: runner.ProgressCallback | None = None,
) -> dict[str, Any]:
    """Race every job whose name contains ``only``."""
    return runner.run(jobs(rounds), only, progress, bars(rounds))


def jobs(rounds: int = 3) -> Iterator[Job]:
    """All races."""
    parts = linear, classical, networks, triplet, features, tokens, sampling
    return chain.from_iterable(part.jobs(rounds) for part in parts)


def bars(rounds: int = 3) -> Iterator[Bar]:
    """The ratio of each job, and its quality beside that of the best peer."""
    own = {job.name for job in triplet.jobs(rounds)}
    for name in (job.name for job in jobs(rounds) if job.name not in own):
        ratio = most("ratio", name, "lookalike*")
        yield Bar(f"{name}: times the best peer", RATIOS.get(name, 1), ratio)
        quality = partial(lead, name)
        yield Bar(f"{name}: quality less the best peer's", -TOLERANCE, quality)
    yield from triplet.BARS


def lead(job: str, rows: Sequence[Row]) -> float | None:
    """Return our best quality less the best of a peer, relative where minimised."""
    for column, sign in QUALITIES.items():
        every = [r for r in rows if r["job"] == job and column in r]
        ours, peers = (
            [sign * x for x in numbers(some, column)]
            for some in (
                [r for r in every if r["method"].startswith("lookalike")],
                [r for r in every if not r["method"].startswith("lookalike")],
            )
        )
        if ours and peers:
            gap = max(ours) - max(peers)
            return gap if sign > 0 else gap / abs(max(peers))
    return None
