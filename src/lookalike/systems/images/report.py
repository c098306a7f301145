"""The report of image search: the table, queries with their neighbours, one search."""

from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike._typing import Array
from lookalike.core.verbs import Measured
from lookalike.datasets import Images
from lookalike.evaluate import plots
from lookalike.evaluate.report import Report
from lookalike.features.preparation import Preparation
from lookalike.rank.slate import Slate

if TYPE_CHECKING:
    from lookalike.systems.images.system import ImageSearch

COLUMNS = {
    "precision_at_10": "precision@10",
    "recall_at_100": "recall@100",
    "recall_at_1000": "recall@1,000",
    "reciprocal_rank": "reciprocal rank",
    "average_precision": "mAP",
    "ndcg_at_10": "nDCG@10",
}


def image_search_report(
    system: "ImageSearch", data: Images, measured: Measured
) -> Report:
    """Return the page on what a system answered to the test images of ``data``."""
    report = Report(
        "Image search: the most alike first",
        lead=f"{measured.tested} of {data.name}; relevant is what has the query's "
        "label.",
    )
    prefixes = {"": system.encoder, "plain_": "plain", "principal_": "principal"}
    prefixes |= {"pixels_": "raw pixels"}
    rows: list[list[Any]] = [
        [called, *(measured.metrics[f"{prefix}{name}"] for name in COLUMNS)]
        for prefix, called in prefixes.items()
        if f"{prefix}precision_at_10" in measured.metrics
    ]
    report.section("How good it is").table(
        ["encoder", *COLUMNS.values()],
        rows,
        caption="Over the full ranking, with 95% bootstrap intervals over queries.",
    )
    report.figure(
        plots.estimates(
            {row[0]: row[5] for row in rows}, xlabel="mean average precision"
        ),
        alt="Mean average precision of each encoder, with intervals",
        caption=" ".join(
            f"Against {name}: {c.difference.value:+.4f}, p = {c.p_value:.2g}."
            for name, c in measured.comparisons.items()
            if name.endswith("average precision")
        ),
    )
    details = measured.details
    near, labels = details["near"], np.asarray(system._trained["labels"])
    report.section("Queries and their neighbours").figure(
        plots.gallery(
            details["queries"],
            np.asarray(system._trained["images"])[near],
            query_labels=details["query_labels"],
            labels=labels[near],
        ),
        alt="Queries on the left, the ten most alike of the catalogue beside each",
        caption="Drawn at random. A frame marks a neighbour of another label.",
    )
    report.table(
        ["label", "precision@10"],
        [[name, value] for name, value in details["precision_by_class"].items()],
        caption="Where it is good and where not.",
    )
    report.section("The card, in nine steps")
    for step, paragraphs in system.card().steps.items():
        report.text(f"{step.upper()}\n\n" + "\n\n".join(paragraphs))
    return report


def one_search(system: "ImageSearch", query: Array, found: Slate) -> Report:
    """Return the page on one search: the query, its answers, and what the rules did."""
    report = Report(
        "Image search: why these", lead="The query first, then its answers."
    )
    form = Preparation(96, 96, "L")
    tiles = [form.tile(np.asarray(query))]
    tiles += [form.tile(system.picture(row)) for row in found.items.tolist()]
    captions = ["query", *(f"{alike:.3f}" for alike in found.columns["similarity"])]
    report.figure(
        plots.strip(np.stack(tiles), captions),
        alt="The query and the pictures that were found, with their similarities",
    )
    notes = [
        [str(system.labels_[row]), "; ".join(each)]
        for row, each in found.item_notes.items()
    ]
    if notes:
        report.section("What ranking and rules did").table(["item", "notes"], notes)
    return report
