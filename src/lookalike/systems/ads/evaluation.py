"""What the probabilities are worth: later impressions, and who clicked."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lookalike._typing import Array, Floats, Ints
from lookalike.core.evaluation import (
    EvaluationResult,
    milliseconds_per_answer,
    verdict_of,
)
from lookalike.core.progress import ProgressCallback, no_progress
from lookalike.datasets.click_log import ClickLog
from lookalike.evaluate import (
    Estimate,
    bootstrap,
    debiased_calibration_error,
    paired_test,
)
from lookalike.evaluate.click_loss import (
    calibration_by_slice,
    calibration_ratio,
    cross_entropy_estimate,
    log_losses,
)
from lookalike.systems.ads.replay import replayed_revenue
from lookalike.systems.ads.system import AdClicks

RATE = "the rate of clicks"
FEW_ROWS = 300  # that an ad or a user was seen in training, below which it is new
MOST_SLICES = 24


def evaluate(
    system: AdClicks, data: ClickLog, on_progress: ProgressCallback = no_progress
) -> EvaluationResult:
    """Compare what every model says of the test impressions with what was clicked.

    Losses are compared impression by impression; revenue is that of one place which is
    sold again to the ads that a page showed, a price a click.

    Raises
    ------
    ValueError
        If these are not the data that were learned from.
    """
    if data.checksum != system.manifest_.data["checksum"]:
        raise ValueError(
            "Expected the data that was learned from "
            f"({system.manifest_.data['name']}), got other data ({data.name})."
        )
    on_progress("answering", 0.1)
    test = data.is_test
    columns, clicked = data.columns(test), data.clicked[test]
    rows = system.learned_.builder.rows(columns, data.time[test])
    every = {
        name: system.learned_.chances(name, rows)
        for name in system.learned_.calibrations
    }
    rate = float(data.clicked[~test].mean())
    simple = {RATE: np.full(len(clicked), rate)}
    ours = every[system.answering_]
    metrics = {
        "normalised_cross_entropy": cross_entropy_estimate(ours, clicked),
        "mean_chance_over_rate": calibration_ratio(ours, clicked),
        "calibration_error": debiased_calibration_error(ours, clicked),
    }
    if data.chance is not None and np.isfinite(data.chance[test]).all():
        metrics["loss_over_that_of_the_truth"] = _beside_truth(
            ours, data.chance[test], clicked
        )
    metrics |= {
        f"normalised_cross_entropy_of_{name}": cross_entropy_estimate(each, clicked)
        for name, each in every.items()
        if name != system.answering_
    }
    on_progress("replaying auctions", 0.6)
    revenue = replayed_revenue(data.where(test), {**every, **simple})
    if revenue:
        metrics["revenue_of_a_page"] = bootstrap(np.mean, revenue[system.answering_])
    losses = {n: -log_losses(each, clicked) for n, each in (every | simple).items()}
    comparisons = {
        name: paired_test(losses[system.answering_], each)
        for name, each in losses.items()
        if name != system.answering_
    }
    if revenue:
        comparisons[f"{RATE}, by revenue"] = paired_test(
            revenue[system.answering_], revenue[RATE]
        )
    some = data.users.ids[np.unique(data.user[test])[:30]]
    facts = {
        "n_test": int(test.sum()),
        "test_rate": float(clicked.mean()),
        "milliseconds_per_answer": milliseconds_per_answer(
            lambda user: system.recommend_each([user], 3), some.tolist()
        ),
        "n_replayed": len(revenue[system.answering_]) if revenue else 0,
    }
    return EvaluationResult(
        f"{int(test.sum()):,} later impressions",
        metrics,
        comparisons,
        facts,
        quality=_quality(data.user[test], losses[system.answering_]),
        details={
            "chance": ours,
            "clicked": clicked,
            "slices": calibration_by_slice(ours, clicked, _slices(data, columns)),
            "revenue": {n: bootstrap(np.mean, each) for n, each in revenue.items()},
            "payers": _payers(system),
        },
        verdict=verdict_of({RATE: comparisons[RATE]}),
    )


def _quality(user: Ints, gain: Floats) -> dict[str, Any]:
    """The mean of each user: impressions of one user are no independent draws."""
    users, at = np.unique(user, return_inverse=True)
    means = np.bincount(at, gain) / np.bincount(at)
    return {"n_test": len(users), "outcomes": means.tolist()}


def _beside_truth(chance: Floats, truth: Floats, clicked: Array) -> Estimate:
    ours, best = log_losses(chance, clicked), log_losses(truth, clicked)
    return bootstrap(lambda a, b: float(a.mean() / b.mean()), ours, best)


def _slices(data: ClickLog, columns: Mapping[str, Array]) -> dict[str, Array]:
    """Masks of the test rows, by what they share."""
    test, train = data.is_test, ~data.is_test
    seen = np.bincount(data.ad[train], minlength=len(data.ads.ids))[data.ad[test]]
    found = {
        "ads never seen in training": seen == 0,
        f"ads seen up to {FEW_ROWS} times": (seen > 0) & (seen < FEW_ROWS),
        f"ads seen {FEW_ROWS} times or more": seen >= FEW_ROWS,
    }
    for name, column in columns.items():
        if data.kinds.get(name) != "category" or len(np.unique(column)) > 8:
            continue
        found |= {f"{name} {value}": column == value for value in np.unique(column)}
    hour = data.time[test] % 86_400 // 3600
    for begin in (0, 6, 12, 18):
        found[f"{begin} to {begin + 6} o'clock"] = (hour >= begin) & (hour < begin + 6)
    return dict(list(found.items())[:MOST_SLICES])


def _payers(system: AdClicks) -> list[list[object]]:
    """Who pays what in auctions of 200 users: advertiser, places, payment, bids."""
    ids = system.known_users
    step = max(1, len(ids) // 200)
    places: dict[str, list[float]] = {}
    for user in ids[::step][:200].tolist():
        for sold in system.run_auction(user, 3).places:
            own = places.setdefault(sold["advertiser"], [0.0, 0.0, 0.0])
            own[0] += 1
            own[1] += sold["payment"]
            own[2] += sold["bid"] * sold["chance"]
    order = sorted(places, key=lambda name: -places[name][1])
    return [
        [name, int(places[name][0]), places[name][1], places[name][2]]
        for name in order[:10]
    ]
