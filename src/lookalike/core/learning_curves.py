"""What more data would bring: learned from parts, measured on a validation part.

The validation part lies within what is known. What was hidden for testing is not looked
at: a decision to gather more data, made by such a curve, does not use the test up.
"""

import numpy as np

from lookalike._typing import Ints
from lookalike.evaluate import Estimate
from lookalike.evaluate.plots import learning_curve
from lookalike.evaluate.report import Report

SHARES = (0.25, 0.5, 1.0)

Curves = dict[str, list[Estimate]]
"""NDCG at 10 for each of SHARES, by what learned; empty where data is too little."""


def add_curves(report: Report, curves: Curves, xlabel: str, caption: str) -> None:
    """Add a section with the figure, or with a sentence where there is none."""
    report.section("What more data would bring")
    if not curves:
        report.text("There is too little data to learn from a part of it.")
        return
    report.figure(
        learning_curve(SHARES, curves, xlabel, "nDCG at 10, validation"),
        alt=f"nDCG at 10 on the validation part against the {xlabel}",
        caption=caption,
    )
    report.table(
        ["learns", *(f"{share:.0%}" for share in SHARES)],
        [[name, *estimates] for name, estimates in curves.items()],
    )


def shares_of(numbers: Ints, random_state: int) -> list[Ints]:
    """Draw each share of them; a larger part holds the smaller ones."""
    drawn = np.random.default_rng(random_state).permutation(numbers)
    return [np.sort(drawn[: round(share * len(drawn))]) for share in SHARES]
