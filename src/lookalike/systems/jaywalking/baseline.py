"""Plainer models, learned from the same training clips, for comparison."""

import numpy as np

from lookalike._typing import Array, Floats
from lookalike.learn import LogisticRegression
from lookalike.systems.jaywalking.chances import Trees
from lookalike.systems.jaywalking.labelled import Labelled

N_TREES = 200


def plain_scores(train: Labelled, test: Labelled) -> Floats:
    """Return the chances of a logistic regression on the summaries."""
    X = train.features.summary.astype(np.float64)
    middle, scale = X.mean(axis=0), np.maximum(X.std(axis=0), 1e-6)

    def scaled(summary: Array) -> Floats:
        return np.clip((summary - middle) / scale, -5, 5)

    model = LogisticRegression(C=0.1).fit(scaled(X), train.crosses)
    found: Floats = model.predict_proba(scaled(test.features.summary))[:, 1]
    return found


def retrained(
    train: Labelled, test: Labelled, vehicle: bool = True, target: Array | None = None
) -> Floats:
    """Return the log-odds of one forest learned anew.

    vehicle : whether it may know what the car does: that may be the driver's answer to
        the person
    target : what is learned, None is who crosses
    """
    known, asked = train.features, test.features
    if not vehicle:
        known, asked = known.without_vehicle(), asked.without_vehicle()
    y = train.crosses if target is None else target
    trees = Trees.learned(known.summary, y, N_TREES, 1, 60)
    return trees.scores(asked.summary)
