"""The page that explains one search."""

from collections.abc import Sequence

import numpy as np

from lookalike._typing import Array
from lookalike.evaluate import plots
from lookalike.evaluate.report import Report
from lookalike.features.preparation import Preparation

_FORM = Preparation(96, 96, "L")


def search_page(
    query: Array,
    pictures: Sequence[Array],
    similarity: Sequence[float],
    notes: Sequence[tuple[str, Sequence[str]]],
) -> Report:
    """Return the page on one search: the query, its answers, and what the rules did.

    query, pictures : uint8 images of any size, the pictures best first
    similarity : of each picture to the query
    notes : of each item, by its name
    """
    report = Report(
        "Image search: why these", lead="The query first, then its answers."
    )
    tiles = np.stack([_FORM.tile(np.asarray(each)) for each in (query, *pictures)])
    report.figure(
        plots.strip(tiles, ["query", *(f"{each:.3f}" for each in similarity)]),
        alt="The query and the pictures that were found, with their similarities",
    )
    if notes:
        report.section("What ranking and rules did").table(
            ["item", "notes"], [[name, "; ".join(each)] for name, each in notes]
        )
    return report
