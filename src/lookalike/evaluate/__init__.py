"""Metrics, intervals, significance tests, plots and reports.

:func:`bootstrap` computes an interval around any metric, and :func:`paired_test`
compares two systems on the same queries. ``lookalike.evaluate.plots`` and
``lookalike.evaluate.report`` are imported separately, because they need matplotlib.
"""

from lookalike.evaluate.calibration import (
    Reliability,
    debiased_calibration_error,
    expected_calibration_error,
    reliability,
)
from lookalike.evaluate.classification import (
    accuracy,
    confusion_matrix,
    f1,
    precision,
    recall,
)
from lookalike.evaluate.counts import (
    bootstrap_counts,
    f1_of_counts,
    paired_counts_test,
    precision_of_counts,
    recall_of_counts,
)
from lookalike.evaluate.full_ranking import ranking_metrics
from lookalike.evaluate.grouped import QueryGroups
from lookalike.evaluate.interval import Comparison, Estimate, bootstrap, paired_test
from lookalike.evaluate.measures import evaluate_rankings
from lookalike.evaluate.off_policy import (
    LoggedDecisions,
    OffPolicy,
    PolicyValue,
    estimate_policy,
    logged_decisions,
)
from lookalike.evaluate.ranking import (
    average_precision,
    ndcg_at_k,
    precision_at_k,
    recall_at_k,
    reciprocal_rank,
)
from lookalike.evaluate.several import holm
from lookalike.evaluate.slate_off_policy import SlatePolicy, estimate_slate_policy
from lookalike.evaluate.spans import span_counts, spans, word_counts

__all__ = [
    "Comparison",
    "Estimate",
    "LoggedDecisions",
    "OffPolicy",
    "PolicyValue",
    "QueryGroups",
    "Reliability",
    "SlatePolicy",
    "accuracy",
    "average_precision",
    "bootstrap",
    "bootstrap_counts",
    "confusion_matrix",
    "debiased_calibration_error",
    "estimate_policy",
    "estimate_slate_policy",
    "evaluate_rankings",
    "expected_calibration_error",
    "f1",
    "f1_of_counts",
    "holm",
    "logged_decisions",
    "ndcg_at_k",
    "paired_counts_test",
    "paired_test",
    "precision",
    "precision_at_k",
    "precision_of_counts",
    "ranking_metrics",
    "recall",
    "recall_at_k",
    "recall_of_counts",
    "reciprocal_rank",
    "reliability",
    "span_counts",
    "spans",
    "word_counts",
]
