"""Answers to numbers and pictures.

Numbers come with their uncertainty: :func:`bootstrap` puts an interval around any
metric and :func:`paired_test` compares two systems on the same queries. The pictures
and the report are modules of their own, ``lookalike.evaluate.pictures`` and
``lookalike.evaluate.report``, because they need matplotlib: this room alone does not
import it.
"""

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

__all__ = [
    "Comparison",
    "Estimate",
    "accuracy",
    "average_precision",
    "bootstrap",
    "confusion_matrix",
    "f1",
    "ndcg_at_k",
    "paired_test",
    "precision",
    "precision_at_k",
    "recall",
    "recall_at_k",
    "reciprocal_rank",
]
