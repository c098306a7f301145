"""``lookalike bench emotions``: the source experiments' recipe over twenty splits.

Happy against fear, learned as ``model=source`` of the emotions system learns its plain
variant, from twenty random splits of 11,267 faces to train and 2,843 to test, side by
side: one pass over the faces serves them all. Means over the splits and their 95%
bootstrap intervals, beside what the source prints; ``distance`` is the largest of the
four distances.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy.special import expit

from lookalike.datasets import Expressions, load_happy_and_fear
from lookalike.evaluate import accuracy, bootstrap, f1, precision, recall
from lookalike.systems.emotions.source import N_EPOCHS, STEP, resized
from lookalike_bench import runner
from lookalike_bench.arrays import Array, Floats
from lookalike_bench.bars import Bar, Row, most

SPLITS = 20
TEST = {1: 1018, 0: 1825}  # fearful and happy faces
MEASURED_EPOCHS = (2000, 2500, 3000, 4000, N_EPOCHS)  # epochs
METRICS: dict[str, Callable[..., Any]] = {
    "accuracy": accuracy,
    "precision": precision,
    "recall": recall,
    "f1": f1,
}
PRINTED = {"accuracy": 0.714, "precision": 0.692, "recall": 0.362, "f1": 0.476}
"""What the source prints after 5,000 epochs."""
BARS = (
    Bar(
        "after 2,500 epochs: largest distance from the source's figures",
        0.008,
        most("distance", "source recipe*", "after 2,500 epochs"),
        at_most=True,
    ),
)


def run(
    only: str | None = None,
    rounds: int = 1,
    progress: runner.ProgressCallback | None = None,
) -> dict[str, Any]:
    """Learn from every split; there is one job, and one round of it."""
    [(job, work)] = runner.selected(JOBS.items(), only)
    faces = pooled(load_happy_and_fear())
    report_progress = progress or (lambda what, share: None)
    return runner.measured([(job, lambda: work(*faces, report_progress))], None, BARS)


def pooled(data: Expressions) -> tuple[Array, Array]:
    """All faces as the recipe sees them, float32 (n, 2501), and which are fearful."""
    fear = np.concatenate([data.y_train, data.y_test]) == data.classes.index("fear")
    return resized(np.concatenate([data.x_train, data.x_test])), fear.astype(int)


def held_out(fear: Array, seed: int) -> Array:
    """A random test part, bool (n,)."""
    rng = np.random.default_rng(seed)
    held = np.zeros(len(fear), bool)
    for kind, n_test in TEST.items():
        held[rng.permutation(np.flatnonzero(fear == kind))[:n_test]] = True
    return held


def learned(
    X: Array, fear: Array, report_progress: runner.ProgressCallback
) -> Iterator[Row]:
    """Train on all splits at once and measure after some epochs."""
    held = np.column_stack([held_out(fear, seed) for seed in range(SPLITS)])
    W = np.zeros((X.shape[1], SPLITS), np.float32)
    y = fear.astype(np.float32)[:, None]
    started = time.perf_counter()
    printed = {name: f"{value}" for name, value in PRINTED.items()}
    yield {"method": "the source prints", "threads": 1, "seconds": 0.0, **printed}
    for epoch in range(1, max(MEASURED_EPOCHS) + 1):
        G = X.T @ np.where(held, np.float32(0), expit(X @ W) - y)
        G[-1] = 0  # the plain variant has no bias
        W -= np.float32(STEP) * G
        if epoch % 50 == 0:
            report_progress(f"epoch {epoch:,}", epoch / max(MEASURED_EPOCHS))
        if epoch in MEASURED_EPOCHS:
            seconds = round(time.perf_counter() - started, 1)
            found = judged(X @ W > 0, fear, held)
            row = {name: str(bootstrap(np.mean, v)) for name, v in found.items()}
            most = max(abs(v.mean() - PRINTED[name]) for name, v in found.items())
            method = f"after {epoch:,} epochs"
            yield {"method": method, "threads": 1, "seconds": seconds, **row} | {
                "distance": round(float(most), 4)
            }


def judged(predicted: Array, fear: Array, held: Array) -> dict[str, Floats]:
    """Each metric of each split, (SPLITS,); fear is the positive class."""
    return {
        name: np.array(
            [
                metric(fear[rows], predicted[rows, split].astype(int))
                for split, rows in enumerate(held.T)
            ]
        )
        for name, metric in METRICS.items()
    }


JOBS = {"source recipe, twenty splits": learned}
