"""How often a service's looks at lists ring where nothing has moved."""

from collections import Counter

import numpy as np

from lookalike.service.drift import (
    Budgeted,
    checked,
    compare_features,
    estimated,
    scores_of,
)
from lookalike.service.watched_lists import Watched
from lookalike_bench.bars import Row, share_with_error
from lookalike_bench.runner import ProgressCallback

SEED = 1954
QUESTIONS = ("feature", "joint", "estimated quality", "meaning of scores")


def looks(report: ProgressCallback, n: int = 400, seed: int = SEED) -> list[Row]:
    """How often each test rings for nothing, by the number of lists of a window."""
    budget = Budgeted(alarms=1.0, hours=24.0)
    rows: list[Row] = []
    for size in (300, 1000):
        rang: Counter[str] = Counter()
        for at in range(n):
            report(f"windows of {size:,} lists", at / n)
            rng = np.random.default_rng([seed, size, at])
            rang.update(set(ringing(lists(rng, size), lists(rng, size), budget)))
        rows += [
            {
                "method": f"{kind}, {size:,} lists",
                "rang": share_with_error(rang[kind] / n, n),
                "allowed": round(budget.level, 4),
            }
            for kind in QUESTIONS
        ]
    return rows


def lists(rng: np.random.Generator, n: int) -> Watched:
    """A window of lists; the score of the first item is the chance of an action."""
    score = rng.uniform(0.05, 0.55, n)
    acted = (rng.random(n) < score).astype(np.float64)
    return Watched(rng.normal(size=(n, 3)), score, np.full(n, 10.0), acted, acted)


def ringing(reference: Watched, now: Watched, budget: Budgeted) -> list[str]:
    """Kinds of the alarms of one look, and of the one when labels have come."""
    _, moved = compare_features(reference, now, ["one", "two", "three"], budget)
    scores = scores_of(reference)
    if scores is not None:
        estimate, more = estimated(scores, now, budget)
        moved += more
        if estimate:
            moved += checked(scores, estimate, reference, now, budget)[1]
    return [each.kind for each in moved]
