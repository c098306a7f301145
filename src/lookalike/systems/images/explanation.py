"""The page that explains one search."""

from collections.abc import Sequence

import numpy as np

from lookalike._typing import Array
from lookalike.evaluate import plots
from lookalike.evaluate.report import Report
from lookalike.features.preparation import Preparation

_FORM = Preparation(96, 96, "L")


def search_page(
    query: Array | str,
    pictures: Sequence[Array],
    similarity: Sequence[float],
    notes: Sequence[tuple[str, Sequence[str]]],
) -> Report:
    """Return the page on one search: the query, its answers, and what the rules did.

    query : a uint8 image of any size, or a text
    pictures : uint8 images of any size, best first
    similarity : of each picture to the query
    notes : of each item, by its name
    """
    names = [f"{each:.3f}" for each in similarity]
    shown, lead = list(pictures), "The query first, then its answers."
    if isinstance(query, str):
        lead = f"What was found for the text: {query}"
    else:
        shown, names = [query, *shown], ["query", *names]
    report = Report("Image search: why these", lead=lead)
    if shown:
        report.figure(
            plots.strip(
                np.stack([_FORM.tile(np.asarray(each)) for each in shown]), names
            ),
            alt="The query and the pictures that were found, with their similarities",
        )
    if notes:
        report.section("What ranking and rules did").table(
            ["item", "notes"], [[name, "; ".join(each)] for name, each in notes]
        )
    return report
