"""Experiments: which of two ways is better, told with the error rates it states."""

from lookalike.experiment.assignment import (
    assign,
    assignment_sql,
    check_layers,
    is_held_out,
    register_md5,
    unit_hash,
)
from lookalike.experiment.definition import Experiment, Holdout, check_change
from lookalike.experiment.metrics import Metric

__all__ = [
    "Experiment",
    "Holdout",
    "Metric",
    "assign",
    "assignment_sql",
    "check_change",
    "check_layers",
    "is_held_out",
    "register_md5",
    "unit_hash",
]
