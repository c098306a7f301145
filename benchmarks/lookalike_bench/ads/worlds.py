"""Simulated markets: where networks help, labels that are late, negatives left out."""

from collections.abc import Callable

import numpy as np
from scipy.special import expit

from lookalike.datasets.ad_simulator import simulate_ads
from lookalike.datasets.click_log import ClickLog
from lookalike.evaluate import bootstrap, paired_test
from lookalike.evaluate.click_loss import (
    calibration_ratio,
    log_losses,
    normalised_cross_entropy,
)
from lookalike.rank.delayed_clicks import DelayDistribution, fit_delayed
from lookalike.rank.resampling import downsample_negatives, thinned_calibration
from lookalike.systems.ads.ladder import fit_rung, log_odds, rung_names
from lookalike.systems.ads.rows import ClickRows, RowBuilder
from lookalike_bench.arrays import Floats, Ints
from lookalike_bench.bars import Row

TESTED = ("cross", "deepfm")


def worlds() -> list[Row]:
    """Learn logistic regression and the networks in a world of each kind."""
    found = []
    for kind, interactions in (("interactions", True), ("none", False)):
        log = simulate_ads(n_pages=60_000, interactions=interactions, random_state=7)
        builder, X, T = _rows(log)
        train, y = ~log.is_test, log.clicked[log.is_test]
        assert log.chance is not None
        best = log_losses(log.chance[log.is_test], y).mean()
        losses = {}
        for name in ("logistic", "crosses", *TESTED):
            if name not in rung_names("all"):
                continue
            model = fit_rung(name, builder, X, log.clicked[train], 0, 1)
            losses[name] = log_losses(expit(log_odds({name: model}, name, T)), y)
            row: Row = {
                "method": f"{kind}, {name}",
                "log loss": float(losses[name].mean()),
                "loss / truth": float(losses[name].mean() / best),
            }
            if name in TESTED:
                test = paired_test(-losses[name], -losses["logistic"])
                row["better, low"] = test.difference.low
                row["p"] = test.p_value
            found.append(row)
    return found


def delays() -> list[Row]:
    """Learn at the end of training, when late clicks of the last hours are not there.

    The mean probability stands over the mean of the true ones, which chance in the
    labels of the test rows does not move.
    """
    log = simulate_ads(n_pages=60_000, n_days=2, random_state=11)
    train, test = ~log.is_test, log.is_test
    y, now = log.clicked[test], float(log.time[train].max())
    assert log.delay is not None
    age = np.maximum(now - log.time[train], 0.0)
    delay = log.delay[train]
    come = (log.clicked[train] > 0) & (delay <= age)
    builder, X, T = _rows(log)
    share = DelayDistribution().fit(delay[come], age[come])(age)

    def fit(rows: Ints, labels: Floats, weight: Floats) -> Floats:
        model = fit_rung("crosses", builder, X.take(rows), labels, weight=weight)
        kept["crosses"] = model
        return expit(log_odds(kept, "crosses", X))

    kept: dict[str, object] = {}
    every = np.arange(len(come))
    ones = np.ones(len(come))
    ways: dict[str, Callable[[], object]] = {
        "whole labels": lambda: fit(every, log.clicked[train].astype(float), ones),
        "late as no": lambda: fit(every, come.astype(float), ones),
        "lookalike": lambda: fit_delayed(fit, come.astype(np.int64), share),
    }
    found: list[Row] = []
    assert log.chance is not None
    truth = float(log.chance[test].mean())
    for name, learn in ways.items():
        learn()
        chance = expit(log_odds(kept, "crosses", T))
        nce = normalised_cross_entropy(chance, y)
        row: Row = {"method": name, "NCE": nce}
        row["p/y"] = float(chance.mean() / truth)
        row["p/y of labels"] = calibration_ratio(chance, y).value
        row["still to come"] = float(1 - come.sum() / log.clicked[train].sum())
        row["above whole"] = nce - float(found[0]["NCE"]) if found else 0.0
        found.append(row)
    return found


def thinned(n_draws: int = 10) -> list[Row]:
    """Keep one negative of twenty, and correct for it: by the shift, and calibrated.

    The mean probability of later impressions stands over the mean of the true ones,
    which chance in the labels of the test rows does not move. The row of all rows,
    where nothing is left out, says what of the difference is not that of thinning.
    Which negatives are kept is chance: ten draws, and the interval of their mean.
    """
    log = simulate_ads(n_pages=60_000, interactions=False, random_state=3)
    builder, X, T = _rows(log)
    y, later = log.clicked[~log.is_test], log.clicked[log.is_test]
    assert log.chance is not None
    before, truth = (
        float(log.chance[rows].mean()) for rows in (~log.is_test, log.is_test)
    )

    def fitted(rows: Ints) -> dict[str, object]:
        return {"logistic": fit_rung("logistic", builder, X.take(rows), y[rows])}

    def score(learned: Ints, asked: Ints) -> Floats:
        return log_odds(fitted(learned), "logistic", X.take(asked))

    whole = float(expit(log_odds(fitted(np.arange(len(y))), "logistic", T)).mean())
    ratio = (len(y) - y.sum()) / y.sum() / 20
    means: dict[str, list[float]] = {"as it is": [], "shift alone": [], "lookalike": []}
    slopes = []
    for seed in range(n_draws):
        rows, shift = downsample_negatives(y, ratio, seed)
        odds = log_odds(fitted(rows), "logistic", T)
        calibration = thinned_calibration(score, y, rows, shift)
        slopes.append(float(calibration.x[0]))
        means["as it is"].append(float(expit(odds).mean()))
        means["shift alone"].append(float(expit(odds + shift).mean()))
        means["lookalike"].append(float(calibration.chances(odds + shift).mean()))
    found: list[Row] = [
        {
            "method": "all rows",
            "p/y": f"{whole / truth:.4f}",
            "true rate": truth,
            "true rate in training": before,
        }
    ]
    for name, own in means.items():
        over = np.array(own) / truth
        row: Row = {
            "method": name,
            "p/y": str(bootstrap(np.mean, over)),
            "of the draws": f"{over.min():.4f} to {over.max():.4f}",
            "off": abs(float(over.mean()) - 1),
            "p / that of all rows": str(bootstrap(np.mean, np.array(own) / whole)),
            "p/y of labels": float(np.mean(own) / later.mean()),
        }
        if name == "lookalike":
            row["slopes"] = f"{min(slopes):.3f} to {max(slopes):.3f}"
        found.append(row)
    return found


def _rows(log: ClickLog) -> tuple[RowBuilder, ClickRows, ClickRows]:
    train, test = ~log.is_test, log.is_test
    builder = RowBuilder(log, train)
    clicked = log.clicked[train]
    return (
        builder,
        builder.rows(log.columns(train), log.time[train], clicked),
        builder.rows(log.columns(test), log.time[test]),
    )
