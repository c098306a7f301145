"""Sections of the ads report: the ladder, calibration by slice, and who pays what."""

import numpy as np
from scipy.special import expit

from lookalike.core.evaluation import EvaluationResult
from lookalike.core.report import metrics_of
from lookalike.datasets.click_log import ClickLog
from lookalike.evaluate import Estimate, plots, reliability
from lookalike.evaluate.click_loss import cross_entropy_estimate
from lookalike.evaluate.report import Report
from lookalike.systems.ads.ladder import fit_rung, log_odds
from lookalike.systems.ads.rows import RowBuilder
from lookalike.systems.ads.system import AdClicks

SHARES = (0.25, 0.5, 1.0)
CURVE = "crosses"
"""The model whose learning curve is drawn where it is learned; else the first."""


def add_sections(
    report: Report, system: AdClicks, data: ClickLog, result: EvaluationResult
) -> None:
    """Add what is particular to ads."""
    ladder = metrics_of(result.metrics, "normalised_cross_entropy_of_")
    ladder[system.answering_] = result.metrics["normalised_cross_entropy"]
    report.section("The ladder").figure(
        plots.estimates(ladder, xlabel="normalised cross entropy, lower is better"),
        alt="Normalised cross entropy of every model, with intervals",
    )
    chance, clicked = result.details["chance"], result.details["clicked"]
    report.section("Do probabilities come true").figure(
        plots.reliability_diagram(reliability(chance, clicked)),
        alt="Share of clicks against the stated probability, with the diagonal",
        caption="On the diagonal what is stated comes true. The area of a dot is the "
        "number of impressions.",
    )
    report.table(
        ["slice", "impressions", "mean chance over rate of clicks"],
        [
            [name, f"{n:,}", ratio]
            for name, (n, ratio) in result.details["slices"].items()
        ],
        caption="1 is right on average; slices of 50 clicks or more.",
    )
    if result.details["revenue"]:
        report.section("Auctions held again").table(
            ["ranked by", "revenue of a page"],
            [[name, each] for name, each in result.details["revenue"].items()],
            caption="One place, sold again to the ads that each page showed; a price a "
            "click.",
        )
    report.section("Who pays what").table(
        ["advertiser", "places", "expected payment", "expected value to them"],
        [
            [name, n, f"{paid:.2f}", f"{worth:.2f}"]
            for name, n, paid, worth in result.details["payers"]
        ],
        caption="In auctions of three places, one for each of 200 users.",
    )
    weights = _weights(system)
    if weights:
        report.section("What counts").table(
            ["column", "spread of its weights"],
            [[name, f"{spread:.3f}"] for name, spread in weights],
            caption="Of the weights of logistic regression, over the impressions that "
            "were learned from: how far a column moves the log-odds.",
        )
    curve = _curve(system, data)
    report.section("What more data would bring").table(
        ["learns", *(f"{share:.0%}" for share in SHARES)],
        [[name, *found] for name, found in curve.items()],
        caption="Normalised cross entropy on the last fifth of the training rows, "
        "learned from the last part of the rows before them.",
    )


def _weights(system: AdClicks) -> list[tuple[str, float]]:
    """Columns of logistic regression by how far they move the log-odds."""
    models = system.learned_.models
    name = next((n for n in ("crosses", "logistic") if n in models), None)
    if name is None:
        return []
    features, model = system.learned_.builder.features, models[name]
    found = []
    for column in features.kinds:
        first = features.first[column]
        own = slice(first, first + features.n_values(column) + 1)
        n = features.counts[own]
        if n.sum():
            w = model.weights_[own]
            mean = np.average(w, weights=n)
            found.append(
                (column, float(np.sqrt(np.average((w - mean) ** 2, weights=n))))
            )
    return sorted(found, key=lambda each: -each[1])


def _curve(system: AdClicks, data: ClickLog) -> dict[str, list[Estimate]]:
    models = list(system.learned_.models)
    name = CURVE if CURVE in models else models[0]
    held_out = data.is_validation
    rows = np.flatnonzero(~data.is_test & ~held_out)
    found = []
    for share in SHARES:
        part = np.zeros(len(data), bool)
        part[rows[-max(2, round(share * len(rows))) :]] = True
        builder = RowBuilder(data, part)
        clicked = data.clicked[part]
        X = builder.rows(data.columns(part), data.time[part], clicked)
        model = fit_rung(name, builder, X, clicked, system.random_state, system.n_jobs)
        V = builder.rows(data.columns(held_out), data.time[held_out])
        chance = expit(log_odds({name: model}, name, V))
        found.append(cross_entropy_estimate(chance, data.clicked[held_out]))
    return {name: found}
