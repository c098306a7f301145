"""Sections of the report of image search: encoders compared, queries, labels."""

import numpy as np

from lookalike.core.evaluation import EvaluationResult
from lookalike.datasets import Images
from lookalike.evaluate import plots
from lookalike.evaluate.report import Report
from lookalike.systems.images.evaluation import BASELINES
from lookalike.systems.images.system import ImageSearch


def add_sections(
    report: Report, system: ImageSearch, data: Images, result: EvaluationResult
) -> None:
    """Add what is particular to image search."""
    precisions = {system.encoder: result.metrics["average_precision"]} | {
        name: result.metrics[f"{name}_average_precision"]
        for name in reversed(BASELINES)
        if name != system.encoder
    }
    report.figure(
        plots.estimates(precisions, xlabel="mean average precision"),
        alt="Mean average precision of each encoder, with intervals",
    )
    details = result.details
    queries, nearest = details["queries"], details["nearest"]
    labels = np.asarray(data.y_train)
    report.section("Queries and their neighbours").figure(
        plots.gallery(
            data.x_test[queries],
            np.asarray(data.x_train)[nearest],
            query_labels=data.y_test[queries],
            labels=labels[nearest],
        ),
        alt="Queries on the left, the ten most similar of the catalogue beside each",
        caption="Drawn at random. A frame marks a neighbour of another label.",
    )
    report.table(
        ["label", "precision@10"],
        [[name, value] for name, value in details["precision_by_label"].items()],
        caption="Of the queries of each label.",
    )
