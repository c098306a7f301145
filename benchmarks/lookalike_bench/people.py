"""``lookalike bench people``: five held-out parts of the friendships.

Each job holds out a fifth of the Facebook friendships at random, learns from the others
and evaluates as ``lookalike evaluate people`` does. The last job takes all of them
together: they are of the same people, so that its p-values are somewhat too small.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Any

import numpy as np

from lookalike.core.evaluation import EvaluationResult
from lookalike.datasets.friendships import hold_out, load_facebook_ego
from lookalike.evaluate import bootstrap, paired_test
from lookalike.systems.people.evaluation import evaluate
from lookalike.systems.people.system import People
from lookalike_bench.arrays import Array
from lookalike_bench.bars import Bar, Row, least, most
from lookalike_bench.runner import ProgressCallback, measured, selected

SEEDS = range(201, 206)
BARS = (
    Bar("AUC, the least of the hidings", 0.99, least("auc", "hiding *", "ranker")),
    Bar(
        "all hidings: gain in hit rate over the best single score",
        0,
        least("ranker's gain", "all hidings", "*"),
    ),
    Bar(
        "all hidings: p of the gain, the most",
        0.05,
        most("p", "all hidings", "*"),
        at_most=True,
    ),
)


def run(
    only: str | None = None,
    rounds: int = 1,
    progress: ProgressCallback | None = None,
) -> dict[str, Any]:
    """Measure every hiding whose name contains ``only``, once: nothing is timed."""
    jobs: list[tuple[str, Callable[[], list[Row]]]] = [
        *((f"hiding {seed}", partial(one, seed)) for seed in SEEDS),
        ("all hidings", together),
    ]
    chosen = selected(jobs, only)
    return measured(chosen, progress, BARS)


@cache
def answered(seed: int) -> EvaluationResult:
    """Return the evaluation on one hiding."""
    data = load_facebook_ego()
    pairs = np.concatenate([data.known, data.held_out])
    known, held_out = hold_out(pairs, random_state=seed)
    fresh = replace(data, known=known, held_out=held_out)
    return evaluate(People(n_jobs=-1).fit(fresh), fresh)


def one(seed: int) -> list[Row]:
    """Return the hit rates of one hiding, the ranker's first, and its gains."""
    found = answered(seed)
    return compared(found.details["hit"], auc=str(found.metrics["auc"]))


def together() -> list[Row]:
    """Return the same of all hidings taken together."""
    hits = [answered(seed).details["hit"] for seed in SEEDS]
    return compared({way: np.concatenate([h[way] for h in hits]) for way in hits[0]})


def compared(hit: Mapping[str, Array], **further: str) -> list[Row]:
    """Compare by way to rank whether each person got a held-out friend, (n_people,)."""
    rows: list[Row] = []
    for way, values in hit.items():
        row = {
            "method": way.replace("_", " "),
            "hit_rate@10": str(bootstrap(np.mean, values)),
        }
        if way == "ranker":
            rows.append(row | further)
            continue
        test = paired_test(hit["ranker"], values)
        gain = f"{test.difference.value:+.4f}"
        rows.append(row | {"ranker's gain": gain, "p": f"{test.p_value:.2g}"})
    return rows
