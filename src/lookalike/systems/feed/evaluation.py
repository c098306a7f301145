"""What heads and order are worth: on later impressions, and in a known world."""

from typing import Any

import numpy as np

from lookalike._typing import Floats, Ints
from lookalike.core.evaluation import (
    EvaluationResult,
    milliseconds_per_answer,
    verdict_of,
)
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.datasets.feed_log import DWELL, FeedLog
from lookalike.evaluate import Estimate, bootstrap, paired_test
from lookalike.evaluate.click_loss import calibration_ratio
from lookalike.evaluate.roc_area import roc_auc, roc_auc_error
from lookalike.systems.feed.heads import losses
from lookalike.systems.feed.known_worlds import known_worth
from lookalike.systems.feed.rows import FeedCounts
from lookalike.systems.feed.system import Feed, answers_of, features_of, looks_of

RATES = "the rates of user and author"
LEAST = 20  # rows with an action, and without it, that its area needs
N_LISTS = 60  # of a simulated world, that are compared with the best ones


def evaluate(
    system: Feed, data: FeedLog, on_progress: ProgressCallback = no_progress
) -> EvaluationResult:
    """Compare what each head expects of the test impressions with what was done.

    Counts are those of the moment of each impression: what was done before it, and
    nothing else. The unit of chance is the user.

    Raises
    ------
    ValueError
        If these are not the data that were learned from.
    """
    if data.checksum != system.manifest_.data["checksum"]:
        raise ValueError(
            "Expected the data that was learned from "
            f"({system.manifest_.data['name']}), got other data ({data.name})."
        )
    on_progress("answering", 0.1)
    test = data.is_test
    counts = FeedCounts(
        data,
        np.ones(len(data), bool),
        looks_of(data, system.examination_),
        system.base_,
    )
    X = features_of(counts, data, test, system.examination_)
    y = answers_of(data, test)
    names = list(system.heads_.names)
    expected = system.heads_.predict(X, counts)
    simple = system.rates_.predict(X, counts)
    constant = np.nanmean(
        losses(np.broadcast_to(np.nanmean(y, axis=0), y.shape), y, names), axis=0
    )
    user = data.user[test]
    ours, theirs = (
        _by_user(user, losses(each, y, names) / np.maximum(constant, 1e-9))
        for each in (expected, simple)
    )
    metrics: dict[str, Estimate] = {"relative_loss": bootstrap(np.mean, ours)}
    for at, name in enumerate(names):
        if name == DWELL:
            continue
        found = _area(y[:, at], expected[:, at])
        if found is not None:
            metrics[f"auc_of_{name}"] = found
    metrics |= {
        f"expected_over_done_{name}": calibration_ratio(expected[:, at], y[:, at])
        for at, name in enumerate(names)
        if name != DWELL
        and np.nansum(y[:, at]) >= LEAST
        and np.isfinite(y[:, at]).all()
    }
    facts: dict[str, Any] = {"n_test": int(test.sum())}
    if data.truth is not None:
        on_progress("building the best lists", 0.6)
        best, mine = known_worth(system, data, N_LISTS)
        metrics["value_over_that_of_the_best_lists"] = bootstrap(
            lambda a, b: float(a.sum() / b.sum()), mine, best
        )
    comparisons = {}
    if system.heads_.kind != "rates":
        comparisons[RATES] = paired_test(-ours, -theirs)
    some = system.known_users[:30].tolist()
    facts["milliseconds_per_answer"] = milliseconds_per_answer(
        lambda name: system.recommend_each([name]), some
    )
    on_progress("ready", 1.0)
    return EvaluationResult(
        f"{int(test.sum()):,} later impressions of {len(ours):,} users",
        metrics,
        comparisons,
        facts,
        quality={"n_test": len(ours), "outcomes": (-ours).tolist()},
        details={
            "expected": dict(zip(names, expected.T, strict=True)),
            "done": dict(zip(names, y.T, strict=True)),
        },
        verdict=verdict_of(comparisons),
    )


def _by_user(user: Ints, rows: Floats) -> Floats:
    """Mean loss over the heads of each user, over known answers, (n_users,)."""
    each = np.nanmean(rows, axis=1)
    users, at = np.unique(user, return_inverse=True)
    found: Floats = np.bincount(at, each, len(users)) / np.bincount(at)
    return found


def _area(y: Floats, expected: Floats) -> Estimate | None:
    """Area under the ROC curve with DeLong's interval; None where too few decide it."""
    known = np.isfinite(y)
    n = int(y[known].sum())
    if min(n, int(known.sum()) - n) < LEAST:
        return None
    area = roc_auc(y[known], expected[known])
    half = 1.96 * roc_auc_error(y[known], expected[known])
    return Estimate(area, max(area - half, 0.0), min(area + half, 1.0))
