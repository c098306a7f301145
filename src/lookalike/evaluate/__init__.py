"""Answers to numbers and pictures.

Numbers come with their uncertainty: :func:`bootstrap` puts an interval around any
metric and :func:`paired_test` compares two systems on the same queries. The pictures
and the report are modules of their own, ``lookalike.evaluate.pictures`` and
``lookalike.evaluate.report``, because they need matplotlib: this room alone does not
import it.
"""

from lookalike.evaluate.calibration import (
    Reliability,
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
from lookalike.evaluate.interval import Comparison, Estimate, bootstrap, paired_test
from lookalike.evaluate.ranking import (
    average_precision,
    ndcg_at_k,
    precision_at_k,
    recall_at_k,
    reciprocal_rank,
)
from lookalike.evaluate.totals import (
    bootstrap_totals,
    f1_of_totals,
    paired_totals_test,
    precision_of_totals,
    recall_of_totals,
)

__all__ = [
    "Comparison",
    "Estimate",
    "Reliability",
    "accuracy",
    "average_precision",
    "bootstrap",
    "bootstrap_totals",
    "confusion_matrix",
    "expected_calibration_error",
    "f1",
    "f1_of_totals",
    "ndcg_at_k",
    "paired_test",
    "paired_totals_test",
    "precision",
    "precision_at_k",
    "precision_of_totals",
    "recall",
    "recall_at_k",
    "recall_of_totals",
    "reciprocal_rank",
    "reliability",
]
