"""The page that explains the answer to one photograph."""

from collections.abc import Sequence

from lookalike._typing import Array, Floats
from lookalike.evaluate import plots
from lookalike.evaluate.report import Report


def page_of_photograph(
    query: Array, tiles: Array, names: Sequence[str], cosines: Floats
) -> Report:
    """Return the page on one answer: the photograph, and the known ones most like it.

    query : (height, width, 3); tiles : (k, height, width, 3), the most alike first;
    names, cosines : (k,)
    """
    report = Report(
        "Photos: why this answer", lead="The known photographs most like it."
    )
    return report.figure(
        plots.gallery(query[None], tiles[None], distances=1 - cosines[None]),
        alt="The photograph, and the known ones most like it",
        caption=f"What they are: {', '.join(names)}. Below each, one minus the cosine.",
    )
