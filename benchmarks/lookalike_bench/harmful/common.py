"""What several jobs share: the system learned on all sets, and scores of one head."""

from functools import cache
from typing import Any

import numpy as np

from lookalike.datasets.harmful_texts import load_harmful_texts
from lookalike.datasets.posts import LabelledPosts
from lookalike.evaluate import Estimate, bootstrap
from lookalike.evaluate.precision_recall import pr_auc
from lookalike.systems.harmful import SPEC
from lookalike.systems.harmful.linear_head import learn_head
from lookalike.systems.harmful.terms import TermEncoder
from lookalike.systems.harmful.texts import prepared
from lookalike_bench.arrays import Array, Floats

C = SPEC.new({}).C


@cache
def learned() -> tuple[Any, Any]:
    """The system learned on all sets, and the data."""
    data = load_harmful_texts()
    return SPEC.new({}).fit(data), data


def encoded(train: LabelledPosts, asked: LabelledPosts) -> tuple[Any, Any]:
    """Rows of terms of posts to learn from, and of others, in the terms of the first.

    Both are CSR float32 (n_posts, n_terms).
    """
    encoder = TermEncoder()
    X = encoder.fit_transform([prepared(text) for text in train.texts])
    held = encoder.transform([prepared(text) for text in asked.texts])
    idf = encoder.idf(X)
    return encoder.weighed(X, idf), encoder.weighed(held, idf)


def fitted_scores(
    X: Any, labels: Floats, held: Any, sure: Array | None = None
) -> Floats:
    """Scores of other rows by a head that learned from the labels that are known.

    sure : how much each post counts, None is all alike
    """
    known = np.isfinite(labels)
    own, rows = None if sure is None else sure[known], X[known]
    kept = np.unique(rows.indices)  # all others would have a weight of 0
    y = labels[known].astype(np.int64)
    weights, intercept = learn_head(rows[:, kept], y, C, own)
    found: Floats = held[:, kept] @ weights + intercept
    return found


def ap_gained(labels: Array, one: Floats, other: Floats) -> Estimate:
    """The AP of the first scores less that of the others, on the same resamples."""

    def gained(
        labels: Array, one: Floats, other: Floats, sample_weight: Any = None
    ) -> float:
        return pr_auc(labels, one, sample_weight) - pr_auc(labels, other, sample_weight)

    return bootstrap(gained, labels, one, other, n_resamples=200)
